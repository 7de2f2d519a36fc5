#include "tracer/model/filter_answer.h"

#include "decoders/bpf/emulator.h"
#include "decoders/bpf/outcome.h"

namespace boxtrace::model {

std::optional<FilterAnswer> ask_filters(const Task& task, const raw::Call& call) {
  const auto& filters = task.creds.filters;
  const auto input = bpf::make_input(call);
  if (filters.empty() || !input) {
    return std::nullopt;
  }
  std::optional<FilterAnswer> answer;
  bool certain = static_cast<std::size_t>(task.creds.seccomp_filters) == filters.size();
  for (std::size_t i = 0; i < filters.size(); ++i) {
    if (filters[i]->program.empty()) {
      certain = false;
      continue;
    }
    const bpf::Ending ending = bpf::evaluate(filters[i]->program, *input);
    const std::uint32_t result = bpf::ranked(ending.result);
    if (!answer || bpf::overrides(answer->result, result)) {
      answer = {result, i, ending.pc, true};
    }
  }
  if (answer) {
    answer->result = bpf::effective(answer->result);
    answer->certain = certain;
  }
  return answer;
}

std::optional<FilterAnswer> find_refusal(const Task& task, const raw::Syscall& syscall) {
  if (syscall.outcome.kind != raw::Outcome::Kind::Failed) {
    return std::nullopt;
  }
  const auto answer = ask_filters(task, syscall.call);
  const bool refused =
      answer && (answer->result & bpf::kActionMask) == bpf::kErrno &&
      (answer->result & bpf::kDataMask) == static_cast<std::uint64_t>(syscall.outcome.value);
  return refused ? answer : std::nullopt;
}

std::optional<FilterAnswer> find_stop(const Task& task, const raw::Syscall& syscall) {
  using Kind = raw::Outcome::Kind;
  const raw::Call& call = syscall.call;
  const std::uint64_t number = call.nr | (call.abi == raw::Abi::X32 ? bpf::kX32Bit : 0);
  const bool rolled_back = syscall.outcome.kind == Kind::Returned &&
                           static_cast<std::uint64_t>(syscall.outcome.value) == number;
  if (!rolled_back && syscall.outcome.kind != Kind::NoReturn) {
    return std::nullopt;
  }
  const auto answer = ask_filters(task, call);
  const std::uint32_t action = answer ? answer->result & bpf::kActionMask : bpf::kAllow;
  const bool stops =
      action == bpf::kKillProcess || action == bpf::kKillThread || action == bpf::kTrap;
  return stops ? answer : std::nullopt;
}

std::optional<FilterAnswer> find_denial(const Task& task, const raw::Syscall& syscall) {
  const auto refusal = find_refusal(task, syscall);
  return refusal ? refusal : find_stop(task, syscall);
}

}  // namespace boxtrace::model
