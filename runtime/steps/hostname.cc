// The two names of a UTS namespace. Source: uts_namespaces(7).

#include <errno.h>
#include <unistd.h>

#include "runtime/steps/steps.h"

namespace boxrun::steps {

Outcome run(const plan::SetHostname& step, Inside&) {
  if (::sethostname(step.name.data(), step.name.size()) != 0) {
    return Outcome::refused(errno, "sethostname(\"%s\")", step.name.c_str())
        .hint("%s", errno == EINVAL ? "a name has at most 64 bytes" : "");
  }
  return Outcome::done();
}

Outcome run(const plan::SetDomainname& step, Inside&) {
  if (::setdomainname(step.name.data(), step.name.size()) != 0) {
    return Outcome::refused(errno, "setdomainname(\"%s\")", step.name.c_str())
        .hint("%s", errno == EINVAL ? "a name has at most 64 bytes" : "");
  }
  return Outcome::done();
}

}  // namespace boxrun::steps
