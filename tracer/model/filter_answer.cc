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
  const auto answer = ask_filters(task, syscall.call);
  const bool refused =
      answer && (answer->result & bpf::kActionMask) == bpf::kErrno &&
      syscall.outcome.kind == raw::Outcome::Kind::Failed &&
      (answer->result & bpf::kDataMask) == static_cast<std::uint64_t>(syscall.outcome.value);
  return refused ? answer : std::nullopt;
}

}  // namespace boxtrace::model
