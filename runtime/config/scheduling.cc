// How the program is scheduled: /process/scheduler, ioPriority and execCPUAffinity, and the two
// settings of /linux that a process carries through execve(2): personality and memoryPolicy.
//
// Sources: runtime-spec config.md, "Linux Process"; config-linux.md, "Personality", "Memory
// policy"; sched(7); ioprio_set(2); personality(2); set_mempolicy(2).

#include <fmt/format.h>
#include <sched.h>
#include <sys/personality.h>

#include "runtime/config/names.h"
#include "runtime/config/sections.h"

namespace boxrun::config {
namespace {

constexpr std::uint32_t kMaxRealtimePriority = 99;
constexpr int kMaxIoPriority = 7;
constexpr std::uint32_t kDeadlinePolicy = 6;
/// Wide enough for every kernel: MAX_NUMNODES is at most 1024.
constexpr std::uint32_t kMaxNode = 1023;

/// A number or a range of a list such as `0-2,4`.
std::optional<std::pair<std::uint64_t, std::uint64_t>> parse_range(std::string_view part) {
  const auto dash = part.find('-');
  const auto first = base::parse_u64(part.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : base::parse_u64(part.substr(dash + 1));
  if (!first || !last || *last < *first) {
    return std::nullopt;
  }
  return std::pair{*first, *last};
}

std::optional<std::vector<std::uint32_t>> parse_number_list(std::string_view list,
                                                            std::uint64_t most) {
  std::vector<std::uint32_t> numbers;
  if (base::trim(list).empty()) {
    return numbers;
  }
  for (const std::string_view part : base::split(list, ',')) {
    const auto range = parse_range(base::trim(part));
    if (!range || range->second > most) {
      return std::nullopt;
    }
    for (std::uint64_t number = range->first; number <= range->second; ++number) {
      numbers.push_back(static_cast<std::uint32_t>(number));
    }
  }
  return numbers;
}

/// The number of a word, or a mistake that names the nearest one.
template <typename Parse, typename Words>
auto parse_word(const Node& node, std::string_view key, const char* noun, const std::string& word,
                Parse parse, Words words) -> typename decltype(parse(word))::value_type {
  const auto number = parse(word);
  if (!number) {
    node.fail_at(key, fmt::format("unknown {} \"{}\"", noun, base::printable(word)),
                 suggest(word, words()));
  }
  return number.value_or(0);
}

Scheduler parse_scheduler(const Node& node) {
  Scheduler scheduler;
  scheduler.name = node.required_text("policy");
  scheduler.policy = parse_word(node, "policy", "scheduling policy", scheduler.name,
                                parse_scheduler_policy, scheduler_policy_words);
  scheduler.nice = node.number<std::int32_t>("nice").value_or(0);
  if (scheduler.nice < -20 || scheduler.nice > 19) {
    node.fail_at("nice", fmt::format("{} is not in the range from -20 to 19", scheduler.nice));
  }
  const bool is_realtime = scheduler.policy == SCHED_FIFO || scheduler.policy == SCHED_RR;
  scheduler.priority = node.number<std::uint32_t>("priority").value_or(0);
  if (is_realtime && (scheduler.priority < 1 || scheduler.priority > kMaxRealtimePriority)) {
    node.fail_at("priority", fmt::format("{} is not in the range from 1 to 99 that {} has",
                                         scheduler.priority, base::printable(scheduler.name)));
  } else if (!is_realtime && scheduler.priority != 0) {
    node.fail_at("priority", fmt::format("{} has no priority", base::printable(scheduler.name)),
                 "only SCHED_FIFO and SCHED_RR have; use \"nice\"");
  }
  for (const Node& flag : node.elements("flags")) {
    const std::string word = flag.as_text();
    const auto bit = parse_scheduler_flag(word);
    if (!bit) {
      flag.fail(fmt::format("unknown scheduler flag \"{}\"", base::printable(word)),
                suggest(word, scheduler_flag_words()));
    }
    scheduler.flags |= bit.value_or(0);
  }
  scheduler.runtime_ns = node.number<std::uint64_t>("runtime").value_or(0);
  scheduler.deadline_ns = node.number<std::uint64_t>("deadline").value_or(0);
  scheduler.period_ns = node.number<std::uint64_t>("period").value_or(0);
  if (scheduler.policy != kDeadlinePolicy &&
      (scheduler.runtime_ns | scheduler.deadline_ns | scheduler.period_ns) != 0) {
    node.fail("runtime, deadline and period belong to SCHED_DEADLINE");
  }
  return scheduler;
}

IoPriority parse_io_priority(const Node& node) {
  IoPriority io;
  io.name = node.required_text("class");
  io.io_class = parse_word(node, "class", "I/O class", io.name, parse_io_class, io_class_words);
  io.priority = node.number<int>("priority").value_or(0);
  if (io.priority < 0 || io.priority > kMaxIoPriority) {
    node.fail_at("priority", fmt::format("{} is not in the range from 0 to 7", io.priority));
  }
  return io;
}

ExecCpuAffinity parse_affinity(const Node& node) {
  ExecCpuAffinity affinity{node.text("initial"), node.text("final")};
  for (const auto& [key, list] :
       {std::pair{"initial", &affinity.initial}, {"final", &affinity.final}}) {
    if (!is_number_list(*list)) {
      node.fail_at(key, fmt::format("\"{}\" is not a list such as 0-2,4", base::printable(*list)));
    }
  }
  return affinity;
}

void parse_personality(const Node& linux_node, Config& config) {
  const auto node = linux_node.object("personality");
  if (!node) {
    return;
  }
  const std::string domain = node->required_text("domain");
  if (domain != "LINUX" && domain != "LINUX32") {
    node->fail_at("domain", fmt::format("unknown domain \"{}\"", base::printable(domain)),
                  "known are LINUX and LINUX32");
  }
  for (const Node& flag : node->elements("flags")) {
    flag.fail(fmt::format("unknown flag \"{}\"", base::printable(flag.as_text())),
              "the specification defines no flags of a personality yet");
  }
  config.personality = domain == "LINUX32" ? PER_LINUX32 : PER_LINUX;
}

void parse_memory_policy_section(const Node& linux_node, Config& config) {
  const auto node = linux_node.object("memoryPolicy");
  if (!node) {
    return;
  }
  MemoryPolicy policy;
  policy.name = node->required_text("mode");
  policy.mode = parse_word(*node, "mode", "memory policy", policy.name, parse_memory_policy,
                           memory_policy_words);
  for (const Node& flag : node->elements("flags")) {
    const std::string word = flag.as_text();
    const auto bit = word.starts_with("MPOL_F_") ? parse_memory_policy(word) : std::nullopt;
    if (!bit) {
      flag.fail(fmt::format("unknown flag \"{}\"", base::printable(word)),
                suggest(word, memory_policy_words()));
    }
    policy.mode |= bit.value_or(0);
  }
  const std::string nodes = node->text("nodes");
  const auto list = parse_number_list(nodes, kMaxNode);
  if (!list) {
    node->fail_at("nodes",
                  fmt::format("\"{}\" is not a list such as 0-2,4", base::printable(nodes)));
  }
  policy.nodes = list.value_or(std::vector<std::uint32_t>{});
  config.memory_policy = std::move(policy);
}

}  // namespace

bool is_number_list(std::string_view list) {
  return parse_number_list(list, std::numeric_limits<std::uint16_t>::max()).has_value();
}

void parse_scheduling(const Node& process_node, Process& process) {
  if (const auto node = process_node.object("scheduler")) {
    process.scheduler = parse_scheduler(*node);
  }
  if (const auto node = process_node.object("ioPriority")) {
    process.io_priority = parse_io_priority(*node);
  }
  if (const auto node = process_node.object("execCPUAffinity")) {
    process.exec_cpu_affinity = parse_affinity(*node);
  }
}

void parse_execution_domain(const Node& linux_node, Config& config) {
  parse_personality(linux_node, config);
  parse_memory_policy_section(linux_node, config);
}

}  // namespace boxrun::config
