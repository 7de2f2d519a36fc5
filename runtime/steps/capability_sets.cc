#include "runtime/steps/capability_sets.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace boxrun::steps {
namespace {

using CapabilityWords = std::array<__user_cap_data_struct, 2>;

}  // namespace

Outcome read_capability_sets(CapabilitySets& sets) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  CapabilityWords words{};
  if (::syscall(SYS_capget, &header, words.data()) != 0) {
    return Outcome::refused(errno, "capget()");
  }
  sets = {words[0].effective | std::uint64_t{words[1].effective} << 32,
          words[0].permitted | std::uint64_t{words[1].permitted} << 32,
          words[0].inheritable | std::uint64_t{words[1].inheritable} << 32};
  return Outcome::done();
}

Outcome write_capability_sets(const CapabilitySets& sets) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  CapabilityWords words{};
  for (std::size_t i = 0; i < words.size(); ++i) {
    words[i].effective = static_cast<std::uint32_t>(sets.effective >> (32 * i));
    words[i].permitted = static_cast<std::uint32_t>(sets.permitted >> (32 * i));
    words[i].inheritable = static_cast<std::uint32_t>(sets.inheritable >> (32 * i));
  }
  if (::syscall(SYS_capset, &header, words.data()) != 0) {
    return Outcome::refused(errno, "capset(effective 0x%llx, permitted 0x%llx, inheritable 0x%llx)",
                            static_cast<unsigned long long>(sets.effective),
                            static_cast<unsigned long long>(sets.permitted),
                            static_cast<unsigned long long>(sets.inheritable))
        .hint("%s", errno == EPERM ? "a seccomp filter or security module that boxrun was started "
                                     "under may forbid it: grep Seccomp /proc/self/status"
                                   : "");
  }
  return Outcome::done();
}

}  // namespace boxrun::steps
