#include "tracer/timeline/relevance.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include "decoders/call_set.h"

namespace boxtrace::timeline {
namespace {

constexpr std::uint32_t kContainerClasses = decoders::kNamespace | decoders::kMount |
                                            decoders::kCaps | decoders::kSeccomp |
                                            decoders::kCgroup | decoders::kCreds;

// Of those classes, what only asks and is asked all the time.
constexpr std::array<std::string_view, 18> kAsking = {
    "getuid",    "geteuid", "getgid", "getegid", "getresuid", "getresgid",
    "getgroups", "capget",  "getpid", "getppid", "gettid",    "getpgrp",
    "getpgid",   "getsid",  "statfs", "fstatfs", "wait4",     "waitid"};

// prctl asks as often as it sets; the sets that matter are facts.
constexpr std::array<std::string_view, 2> kOnlyFacts = {"prctl", "arch_prctl"};

bool is_news(const model::Fact& fact) {
  if (const auto* born = std::get_if<model::TaskBorn>(&fact)) {
    return !born->thread;
  }
  if (const auto* signal = std::get_if<model::SignalDelivered>(&fact)) {
    constexpr int kSigchld = 17, kSigurg = 23;  // Go uses SIGURG to pre-empt its own threads
    return signal->signal.signo != kSigchld && signal->signal.signo != kSigurg;
  }
  return true;
}

}  // namespace

bool concerns_containers(const decoders::SyscallSpec& spec) {
  const auto named = [&spec](std::string_view name) { return name == spec.name; };
  if (std::any_of(kAsking.begin(), kAsking.end(), named) ||
      std::any_of(kOnlyFacts.begin(), kOnlyFacts.end(), named)) {
    return false;
  }
  return named("execve") || named("execveat") || (spec.classes & kContainerClasses) != 0;
}

bool is_relevant(const raw::Event& event, const decoders::DecodedCall* call,
                 const std::vector<model::Fact>& facts) {
  if (std::any_of(facts.begin(), facts.end(), is_news)) {
    return true;
  }
  if (std::holds_alternative<raw::Gap>(event.body)) {
    return true;
  }
  const auto* syscall = std::get_if<raw::Syscall>(&event.body);
  return syscall != nullptr && call != nullptr && call->spec != nullptr &&
         concerns_containers(*call->spec) &&
         decoders::changes_something(*call->spec).passes(syscall->call);
}

}  // namespace boxtrace::timeline
