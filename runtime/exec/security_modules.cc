#include "runtime/exec/security_modules.h"

#include <fmt/format.h>
#include <unistd.h>

#include "tracer/os/file.h"

namespace boxrun::exec {

void read_security_modules(const config::Config& config, const Log& log,
                           plan::Circumstances& circumstances) {
  const config::Process& process = config.process;
  const bool wants_apparmor = !process.apparmor_profile.empty();
  const bool wants_selinux = !process.selinux_label.empty() || !config.mount_label.empty();
  if (wants_apparmor) {
    const auto enabled = os::read_file("/sys/module/apparmor/parameters/enabled");
    circumstances.has_apparmor = enabled.ok() && enabled.value().starts_with('Y');
  }
  if (wants_selinux) {
    // The filesystem is mounted where a policy may be loaded; without one there is no such file.
    circumstances.has_selinux = ::access("/sys/fs/selinux/enforce", F_OK) == 0;
  }
  const auto warn = [&log](const char* setting, const char* module) {
    log.warn(fmt::format("{}: not applied: {} is not enabled here", setting, module));
  };
  if (wants_apparmor && !circumstances.has_apparmor) {
    warn("/process/apparmorProfile", "AppArmor");
  }
  if (!process.selinux_label.empty() && !circumstances.has_selinux) {
    warn("/process/selinuxLabel", "SELinux");
  }
  if (!config.mount_label.empty() && !circumstances.has_selinux) {
    warn("/linux/mountLabel", "SELinux");
  }
}

}  // namespace boxrun::exec
