// Capabilities.
//
// Five sets, two moments: the bounding set is cut while CAP_SETPCAP is still there, the other four
// are set at the very end, after the change of user. A capability that we do not have ourselves
// cannot be granted; the specification wants a warning then, not a failure (since 1.1), so what is
// asked for is cut down to what is possible.
//
// The ambient set must stay within permitted and inheritable, bit by bit, or the kernel refuses it.
//
// Sources: capabilities(7); capset(2); prctl(2), PR_CAPBSET_DROP, PR_CAP_AMBIENT; runtime-spec
// config.md, "Linux Process", capabilities.

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "runtime/config/names.h"
#include "runtime/steps/steps.h"

namespace boxrun::steps {
namespace {

constexpr int kMaxCapability = 63;

std::uint64_t bit(int number) { return std::uint64_t{1} << number; }

using CapabilityWords = std::array<__user_cap_data_struct, 2>;

/// The permitted set; of `wanted` sets nothing beyond it can be had.
int read_permitted(std::uint64_t& permitted) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  CapabilityWords words{};
  if (::syscall(SYS_capget, &header, words.data()) != 0) {
    return -1;
  }
  permitted = words[0].permitted | std::uint64_t{words[1].permitted} << 32;
  return 0;
}

std::uint64_t read_bounding() {
  std::uint64_t set = 0;
  for (int number = 0; number <= kMaxCapability; ++number) {
    if (::prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1) {
      set |= bit(number);
    }
  }
  return set;
}

void warn_of(std::uint64_t missing, const char* set, const Inside& inside) {
  for (int number = 0; number <= kMaxCapability; ++number) {
    if ((missing & bit(number)) != 0) {
      inside.warn("/process/capabilities/%s: %s cannot be granted: boxrun does not have it", set,
                  config::capability_name(number).c_str());
    }
  }
}

Outcome raise_ambient(std::uint64_t wanted, std::uint64_t possible, const Inside& inside) {
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL) {
    return Outcome::refused(errno, "prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)");
  }
  for (int number = 0; number <= kMaxCapability; ++number) {
    if ((wanted & bit(number)) == 0) {
      continue;
    }
    if ((possible & bit(number)) == 0) {
      inside.warn(
          "/process/capabilities/ambient: %s is not raised: it is not in permitted and "
          "inheritable",
          config::capability_name(number).c_str());
    } else if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) != 0) {
      return Outcome::refused(errno, "prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, %d)", number);
    }
  }
  return Outcome::done();
}

}  // namespace

Outcome run(const plan::LimitBounding& step, Inside& inside) {
  const std::uint64_t present = read_bounding();
  warn_of(step.keep & ~present, "bounding", inside);
  for (int number = 0; number <= kMaxCapability; ++number) {
    if ((present & ~step.keep & bit(number)) != 0 &&
        ::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0) {
      return Outcome::refused(errno, "prctl(PR_CAPBSET_DROP, %d)", number)
          .hint("needs CAP_SETPCAP");
    }
  }
  return Outcome::done();
}

Outcome run(const plan::SetCapabilities& step, Inside& inside) {
  std::uint64_t have = 0;
  if (read_permitted(have) != 0) {
    return Outcome::refused(errno, "capget()");
  }
  const config::Capabilities& wanted = step.sets;
  warn_of(wanted.permitted & ~have, "permitted", inside);
  const std::uint64_t permitted = wanted.permitted & have;
  const std::uint64_t effective = wanted.effective & permitted;
  // capset(2): inheritable may grow only within permitted and within the bounding set.
  const std::uint64_t inheritable = wanted.inheritable & have & read_bounding();
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  CapabilityWords words{};
  for (std::size_t i = 0; i < words.size(); ++i) {
    words[i].effective = static_cast<std::uint32_t>(effective >> (32 * i));
    words[i].permitted = static_cast<std::uint32_t>(permitted >> (32 * i));
    words[i].inheritable = static_cast<std::uint32_t>(inheritable >> (32 * i));
  }
  if (::syscall(SYS_capset, &header, words.data()) != 0) {
    return Outcome::refused(errno, "capset(effective 0x%llx, permitted 0x%llx, inheritable 0x%llx)",
                            static_cast<unsigned long long>(effective),
                            static_cast<unsigned long long>(permitted),
                            static_cast<unsigned long long>(inheritable));
  }
  return raise_ambient(wanted.ambient, permitted & inheritable, inside);
}

}  // namespace boxrun::steps
