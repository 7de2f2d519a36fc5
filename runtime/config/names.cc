#include "runtime/config/names.h"

#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <span>

#include "decoders/tables/capability.h"
#include "decoders/tables/mempolicy.h"
#include "decoders/tables/resource.h"
#include "decoders/tables/scheduling.h"
#include "decoders/tables/signals.h"
#include "runtime/aliases.h"

namespace boxrun::config {
namespace {

// sched.h of Debian 12 knows it; older C libraries do not.
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

// In the order of the enumerators.
constexpr std::array kNamespaces = {
    NamespaceName{NamespaceKind::User, "user", "user", CLONE_NEWUSER},
    NamespaceName{NamespaceKind::Mount, "mount", "mnt", CLONE_NEWNS},
    NamespaceName{NamespaceKind::Pid, "pid", "pid", CLONE_NEWPID},
    NamespaceName{NamespaceKind::Network, "network", "net", CLONE_NEWNET},
    NamespaceName{NamespaceKind::Ipc, "ipc", "ipc", CLONE_NEWIPC},
    NamespaceName{NamespaceKind::Uts, "uts", "uts", CLONE_NEWUTS},
    NamespaceName{NamespaceKind::Cgroup, "cgroup", "cgroup", CLONE_NEWCGROUP},
    NamespaceName{NamespaceKind::Time, "time", "time", CLONE_NEWTIME},
};

template <typename T>
struct Word {
  std::string_view word;
  T value;
};

constexpr std::array kActions = {
    Word<std::uint32_t>{"SCMP_ACT_KILL", SCMP_ACT_KILL},
    Word<std::uint32_t>{"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
    Word<std::uint32_t>{"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
    Word<std::uint32_t>{"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
    Word<std::uint32_t>{"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0)},
    Word<std::uint32_t>{"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0)},
    Word<std::uint32_t>{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
    Word<std::uint32_t>{"SCMP_ACT_LOG", SCMP_ACT_LOG},
    Word<std::uint32_t>{"SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY},
};

constexpr std::array kArchitectures = {
    Word<std::uint32_t>{"SCMP_ARCH_X86", SCMP_ARCH_X86},
    Word<std::uint32_t>{"SCMP_ARCH_X86_64", SCMP_ARCH_X86_64},
    Word<std::uint32_t>{"SCMP_ARCH_X32", SCMP_ARCH_X32},
    Word<std::uint32_t>{"SCMP_ARCH_ARM", SCMP_ARCH_ARM},
    Word<std::uint32_t>{"SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64},
    Word<std::uint32_t>{"SCMP_ARCH_MIPS", SCMP_ARCH_MIPS},
    Word<std::uint32_t>{"SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64},
    Word<std::uint32_t>{"SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32},
    Word<std::uint32_t>{"SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL},
    Word<std::uint32_t>{"SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64},
    Word<std::uint32_t>{"SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32},
    Word<std::uint32_t>{"SCMP_ARCH_PPC", SCMP_ARCH_PPC},
    Word<std::uint32_t>{"SCMP_ARCH_PPC64", SCMP_ARCH_PPC64},
    Word<std::uint32_t>{"SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE},
    Word<std::uint32_t>{"SCMP_ARCH_S390", SCMP_ARCH_S390},
    Word<std::uint32_t>{"SCMP_ARCH_S390X", SCMP_ARCH_S390X},
    Word<std::uint32_t>{"SCMP_ARCH_PARISC", SCMP_ARCH_PARISC},
    Word<std::uint32_t>{"SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64},
    Word<std::uint32_t>{"SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64},
};

constexpr std::array kOperators = {
    Word<int>{"SCMP_CMP_NE", SCMP_CMP_NE},
    Word<int>{"SCMP_CMP_LT", SCMP_CMP_LT},
    Word<int>{"SCMP_CMP_LE", SCMP_CMP_LE},
    Word<int>{"SCMP_CMP_EQ", SCMP_CMP_EQ},
    Word<int>{"SCMP_CMP_GE", SCMP_CMP_GE},
    Word<int>{"SCMP_CMP_GT", SCMP_CMP_GT},
    Word<int>{"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
};

template <typename T>
std::optional<T> find_word(std::span<const Word<T>> words, std::string_view word) {
  const auto found = std::ranges::find(words, word, &Word<T>::word);
  return found == words.end() ? std::nullopt : std::optional<T>{found->value};
}

template <typename T>
std::vector<std::string> all_words(std::span<const Word<T>> words) {
  std::vector<std::string> all;
  for (const Word<T>& entry : words) {
    all.emplace_back(entry.word);
  }
  return all;
}

std::optional<int> find_constant(const decoders::ConstantTable& table, std::string_view name) {
  const decoders::Constant* found = table.find(name);
  return found == nullptr ? std::nullopt : std::optional{static_cast<int>(found->value)};
}

/// SCHED_EXT; what follows in the table are flags of sched_setscheduler(2).
constexpr int kLastSchedulerPolicy = 7;

std::vector<std::string> all_constants(const decoders::ConstantTable& table) {
  std::vector<std::string> all;
  for (const decoders::Constant& constant : table.constants) {
    all.emplace_back(constant.name);
  }
  return all;
}

}  // namespace

const NamespaceName& name_of(NamespaceKind kind) {
  return kNamespaces.at(static_cast<std::size_t>(kind));
}

std::optional<NamespaceKind> parse_namespace(std::string_view word) {
  const auto* found = std::ranges::find(kNamespaces, word, &NamespaceName::word);
  return found == kNamespaces.end() ? std::nullopt : std::optional{found->kind};
}

std::vector<std::string> namespace_words() {
  std::vector<std::string> words;
  words.reserve(kNamespaces.size());
  for (const NamespaceName& name : kNamespaces) {
    words.emplace_back(name.word);
  }
  return words;
}

std::optional<int> parse_capability(std::string_view word) {
  return find_constant(decoders::kCapabilities, word);
}

std::vector<std::string> capability_words() { return all_constants(decoders::kCapabilities); }

std::string capability_name(int number) {
  const auto* found = decoders::kCapabilities.find(static_cast<std::uint64_t>(number));
  return found == nullptr ? "capability " + std::to_string(number) : std::string{found->name};
}

std::vector<std::string> capability_names(std::uint64_t set) {
  std::vector<std::string> names;
  for (int number = 0; number < 64; ++number) {
    if ((set >> number & 1) != 0) {
      names.push_back(capability_name(number));
    }
  }
  return names;
}

std::optional<int> parse_rlimit(std::string_view word) {
  return find_constant(decoders::kResourceLimits, word);
}

std::vector<std::string> rlimit_words() { return all_constants(decoders::kResourceLimits); }

std::optional<std::uint32_t> parse_scheduler_policy(std::string_view word) {
  const auto number = find_constant(decoders::kSchedPolicies, word);
  return number && *number <= kLastSchedulerPolicy
             ? std::optional{static_cast<std::uint32_t>(*number)}
             : std::nullopt;
}

std::vector<std::string> scheduler_policy_words() {
  return all_constants(decoders::kSchedPolicies);
}

std::optional<std::uint32_t> parse_scheduler_flag(std::string_view word) {
  const auto number = find_constant(decoders::kSchedAttrFlags, word);
  return number ? std::optional{static_cast<std::uint32_t>(*number)} : std::nullopt;
}

std::vector<std::string> scheduler_flag_words() { return all_constants(decoders::kSchedAttrFlags); }

std::optional<int> parse_io_class(std::string_view word) {
  return find_constant(decoders::kIoprioClasses, word);
}

std::vector<std::string> io_class_words() { return all_constants(decoders::kIoprioClasses); }

std::optional<int> parse_memory_policy(std::string_view word) {
  return find_constant(decoders::kMempolicyModes, word);
}

std::vector<std::string> memory_policy_words() { return all_constants(decoders::kMempolicyModes); }

std::optional<int> parse_signal(std::string_view word) {
  if (const auto number = base::parse_u64(word)) {
    return *number <= 64 ? std::optional{static_cast<int>(*number)} : std::nullopt;
  }
  std::string name{word};
  std::ranges::transform(name, name.begin(), [](char c) {
    return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  if (name.starts_with("SIG")) {
    name.erase(0, 3);
  }
  if (name == "RTMIN") {
    return SIGRTMIN;
  }
  if (name.starts_with("RTMIN+")) {
    const auto offset = base::parse_u64(std::string_view{name}.substr(6));
    return offset && *offset <= static_cast<std::uint64_t>(SIGRTMAX - SIGRTMIN)
               ? std::optional{SIGRTMIN + static_cast<int>(*offset)}
               : std::nullopt;
  }
  const auto number = find_constant(decoders::kSignals, "SIG" + name);
  return number && *number > 0 ? number : std::nullopt;
}

std::optional<std::uint64_t> parse_rootfs_propagation(std::string_view word) {
  constexpr std::array kWords = {
      Word<std::uint64_t>{"shared", MS_SHARED},
      Word<std::uint64_t>{"slave", MS_SLAVE},
      Word<std::uint64_t>{"private", MS_PRIVATE},
      Word<std::uint64_t>{"unbindable", MS_UNBINDABLE},
      Word<std::uint64_t>{"rshared", MS_SHARED | MS_REC},
      Word<std::uint64_t>{"rslave", MS_SLAVE | MS_REC},
      Word<std::uint64_t>{"rprivate", MS_PRIVATE | MS_REC},
      Word<std::uint64_t>{"runbindable", MS_UNBINDABLE | MS_REC},
  };
  return find_word<std::uint64_t>(kWords, word);
}

std::optional<std::uint32_t> parse_seccomp_action(std::string_view word,
                                                  std::uint32_t errno_value) {
  auto action = find_word<std::uint32_t>(kActions, word);
  if (action && (*action == SCMP_ACT_ERRNO(0) || *action == SCMP_ACT_TRACE(0))) {
    *action |= errno_value;
  }
  return action;
}

std::vector<std::string> seccomp_action_words() { return all_words<std::uint32_t>(kActions); }

std::optional<std::uint32_t> parse_seccomp_architecture(std::string_view word) {
  return find_word<std::uint32_t>(kArchitectures, word);
}

std::vector<std::string> seccomp_architecture_words() {
  return all_words<std::uint32_t>(kArchitectures);
}

std::optional<int> parse_seccomp_operator(std::string_view word) {
  return find_word<int>(kOperators, word);
}

std::vector<std::string> seccomp_operator_words() { return all_words<int>(kOperators); }

std::vector<std::string> seccomp_flag_words() {
  return {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
          "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};
}

}  // namespace boxrun::config
