// The two names of a UTS namespace. Source: uts_namespaces(7).

#include <errno.h>
#include <unistd.h>

#include "runtime/steps/steps.h"

namespace boxrun::steps {

namespace {

Outcome refuse(int err, const char* call, const std::string& name) {
  return Outcome::refused(err, "%s(\"%s\")", call, name.c_str())
      .hint("%s", err == EINVAL  ? "a name has at most 64 bytes"
                  : err == EPERM ? "needs CAP_SYS_ADMIN in the user namespace that the UTS "
                                   "namespace belongs to, also of one that is joined"
                                 : "");
}

}  // namespace

Outcome run(const plan::SetHostname& step, Inside&) {
  if (::sethostname(step.name.data(), step.name.size()) != 0) {
    return refuse(errno, "sethostname", step.name);
  }
  return Outcome::done();
}

Outcome run(const plan::SetDomainname& step, Inside&) {
  if (::setdomainname(step.name.data(), step.name.size()) != 0) {
    return refuse(errno, "setdomainname", step.name);
  }
  return Outcome::done();
}

}  // namespace boxrun::steps
