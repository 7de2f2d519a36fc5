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

#include "runtime/config/names.h"
#include "runtime/steps/capability_sets.h"
#include "runtime/steps/steps.h"

namespace boxrun::steps {
namespace {

constexpr int kMaxCapability = 63;

std::uint64_t read_bounding() {
  std::uint64_t set = 0;
  for (int number = 0; number <= kMaxCapability; ++number) {
    const int answer = ::prctl(PR_CAPBSET_READ, number, 0, 0, 0);
    if (answer < 0) {
      break;  // the kernel has no more
    }
    set |= answer == 1 ? capability_bit(number) : 0;
  }
  return set;
}

void warn_of(std::uint64_t missing, const char* set, const Inside& inside) {
  for (int number = 0; number <= kMaxCapability; ++number) {
    if ((missing & capability_bit(number)) != 0) {
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
    if ((wanted & capability_bit(number)) == 0) {
      continue;
    }
    if ((possible & capability_bit(number)) == 0) {
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
    if ((present & ~step.keep & capability_bit(number)) != 0 &&
        ::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0) {
      return Outcome::refused(errno, "prctl(PR_CAPBSET_DROP, %d)", number)
          .hint("needs CAP_SETPCAP");
    }
  }
  inside.bounding = present & step.keep;
  return Outcome::done();
}

Outcome run(const plan::SetCapabilities& step, Inside& inside) {
  CapabilitySets have;
  STEP_OK(read_capability_sets(have));
  const config::Capabilities& wanted = step.sets;
  warn_of(wanted.permitted & ~have.permitted, "permitted", inside);
  CapabilitySets sets;
  sets.permitted = wanted.permitted & have.permitted;
  sets.effective = wanted.effective & sets.permitted;
  // capset(2): inheritable may grow only within permitted and within the bounding set.
  sets.inheritable = wanted.inheritable & have.permitted & inside.bounding;
  const std::uint64_t ambient = sets.permitted & sets.inheritable;
  if (step.keep_admin) {
    sets.permitted |= have.permitted & capability_bit(CAP_SYS_ADMIN);
  }
  STEP_OK(write_capability_sets(sets));
  return raise_ambient(wanted.ambient, ambient, inside);
}

}  // namespace boxrun::steps
