#include "tracer/os/tracefs.h"

#include <sys/mount.h>

#include "tracer/os/file.h"

namespace boxtrace::os {
namespace {

base::Result<UniqueFd> mount_nowhere() {
  const UniqueFd context{::fsopen("tracefs", FSOPEN_CLOEXEC)};
  if (!context) {
    return errno_error("fsopen(\"tracefs\")");
  }
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return errno_error("fsconfig(FSCONFIG_CMD_CREATE)");
  }
  UniqueFd root{::fsmount(context.get(), FSMOUNT_CLOEXEC, 0)};
  if (!root) {
    return errno_error("fsmount()");
  }
  return root;
}

}  // namespace

base::Result<UniqueFd> open_tracefs() {
  auto root = mount_nowhere();
  if (!root.ok()) {
    auto mounted = open_file("/sys/kernel/tracing", O_RDONLY | O_DIRECTORY);
    if (mounted.ok() && open_file_at(mounted.value(), "events", O_PATH).ok()) {
      return mounted;
    }
  }
  return root;
}

}  // namespace boxtrace::os
