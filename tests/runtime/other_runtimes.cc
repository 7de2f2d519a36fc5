#include "tests/runtime/other_runtimes.h"

#include <unistd.h>

#include <array>

namespace boxrun::tests {
namespace {

std::string find_program(const char* name) {
  for (const char* folder : {"/usr/sbin/", "/usr/bin/", "/usr/local/sbin/", "/usr/local/bin/"}) {
    const std::string path = std::string{folder} + name;
    if (::access(path.c_str(), X_OK) == 0) {
      return path;
    }
  }
  return {};
}

constexpr const char* kWithoutCgroup2 =
    "umount /sys/fs/cgroup/unified 2>/dev/null || "
    "{ [ -d /sys/fs/cgroup/unified ] && mount -t tmpfs none /sys/fs/cgroup/unified; }; exec \"$@\"";

}  // namespace

const char* name_of(Runtime runtime) {
  constexpr std::array kNames = {"boxrun", "runc", "crun"};
  return kNames.at(static_cast<std::size_t>(runtime));
}

std::string reason_against(Runtime runtime) {
  if (runtime == Runtime::Boxrun || !find_program(name_of(runtime)).empty()) {
    return {};
  }
  return std::string{name_of(runtime)} + " is not installed";
}

std::vector<std::string> command_of(Runtime runtime, const std::string& state,
                                    const std::vector<std::string>& words) {
  std::vector<std::string> command;
  if (runtime == Runtime::Crun) {
    command = {"unshare", "-m", "--propagation", "private", "sh", "-c", kWithoutCgroup2, "sh"};
  }
  command.push_back(runtime == Runtime::Boxrun ? BOXRUN_PROGRAM : find_program(name_of(runtime)));
  command.insert(command.end(), {"--root", state});
  command.insert(command.end(), words.begin(), words.end());
  return command;
}

}  // namespace boxrun::tests
