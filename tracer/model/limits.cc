// Resource limits and keyrings. Sources: getrlimit(2), keyctl(2).

#include "tracer/model/state.h"

namespace boxtrace::model {
namespace {

constexpr std::array<std::string_view, 16> kLimits = {
    // linux/resource.h (asm-generic), in the order of their numbers
    "RLIMIT_CPU",      "RLIMIT_FSIZE", "RLIMIT_DATA",   "RLIMIT_STACK",
    "RLIMIT_CORE",     "RLIMIT_RSS",   "RLIMIT_NPROC",  "RLIMIT_NOFILE",
    "RLIMIT_MEMLOCK",  "RLIMIT_AS",    "RLIMIT_LOCKS",  "RLIMIT_SIGPENDING",
    "RLIMIT_MSGQUEUE", "RLIMIT_NICE",  "RLIMIT_RTPRIO", "RLIMIT_RTTIME",
};

void say_limit(Change& change, std::uint64_t resource, const decoders::Value* value,
               std::optional<base::TaskId> who) {
  const decoders::Value* soft = value == nullptr ? nullptr : value->field("rlim_cur");
  const decoders::Value* hard = value == nullptr ? nullptr : value->field("rlim_max");
  if (soft == nullptr || hard == nullptr || resource >= kLimits.size()) {
    return;
  }
  change.say(RlimitSet{std::string(kLimits[resource]), soft->raw().value_or(0),
                       hard->raw().value_or(0), who});
}

void apply_setrlimit(Change& change) {
  say_limit(change, change.arg(0), change.value(1), change.process.id);
}

void apply_prlimit(Change& change) {
  say_limit(change, change.arg(1), change.value(2),
            change.state.find_pid(change.process, static_cast<std::int32_t>(change.arg(0))));
}

void apply_keyctl(Change& change) {
  constexpr std::uint64_t kJoinSessionKeyring = 1;  // linux/keyctl.h
  if (change.arg(0) == kJoinSessionKeyring) {
    change.say(KeyringJoined{change.text(1)});
  }
}

constexpr CallEffect kEffects[] = {
    {"setrlimit", apply_setrlimit},
    {"prlimit64", apply_prlimit, false, {decoders::ArgTest::Kind::NonZero, 2}},
    {"keyctl", apply_keyctl},
};

}  // namespace

std::span<const CallEffect> limit_effects() { return kEffects; }

}  // namespace boxtrace::model
