#include "tracer/timeline/privilege_text.h"

#include <vector>

#include "tracer/base/text.h"
#include "tracer/timeline/rule.h"

namespace boxtrace::timeline {

std::string render_privilege(const model::PrivilegeWithheld& withheld) {
  std::vector<std::string> parts;
  if (withheld.uid) {
    parts.push_back("user id " + std::to_string(*withheld.uid));
  }
  if (withheld.gid) {
    parts.push_back("group id " + std::to_string(*withheld.gid));
  }
  for (const std::string& name : cap_names(withheld.caps)) {
    parts.push_back("CAP_" + name);
  }
  return base::join(parts, ", ");
}

std::string_view render_reason(model::PrivilegeWithheld::Why why) {
  using Why = model::PrivilegeWithheld::Why;
  switch (why) {
    case Why::NoNewPrivs:
      return "no_new_privs is set";
    case Why::NosuidMount:
      return "its filesystem is mounted nosuid";
    case Why::UnmappedId:
      return "its owner is not mapped into this user namespace";
    case Why::Tracer:
      return "it is traced, and the tracer has no CAP_SYS_PTRACE";
    case Why::Unknown:
      break;
  }
  return "the kernel gives no reason";
}

}  // namespace boxtrace::timeline
