#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "decoders/bpf/compare.h"
#include "decoders/bpf/emulator.h"
#include "decoders/bpf/outcome.h"
#include "decoders/bpf/points.h"
#include "decoders/bpf/rules_text.h"
#include "tracer/cli/kernel_oracle.h"
#include "tracer/cli/seccomp/source.h"
#include "tracer/cli/seccomp/verbs.h"

namespace boxtrace::cli::seccomp {
namespace {

constexpr const char* kDescription =
    R"(Checks what `explain` prints against the kernel that runs here. The rules are printed and read
back; then, at many calls, what they say must be what the program says, and the program must end
where the kernel ends: as a socket filter, for seven architectures, and as a real seccomp filter in
a child process, for the calls of x86-64, x32 and i386. No call is executed.

Examples:
  boxtrace seccomp verify filter.bpf
  boxtrace seccomp verify -p 1234

Exit status: 0 all agree, 1 they do not, 2 trouble.)";

struct Checked {
  std::size_t points = 0;
  std::size_t by_socket = 0;
  std::size_t by_seccomp = 0;
  std::size_t unfiltered = 0;  ///< inputs that this kernel shows to no filter
  std::size_t wrong = 0;
  std::string first_wrong;
};

void note(Checked& checked, const std::string& who, const bpf::Input& input) {
  if (checked.wrong++ == 0) {
    checked.first_wrong = fmt::format("{} at number 0x{:x}, architecture 0x{:x}, arguments", who,
                                      input[bpf::kNumberWord], input[bpf::kArchWord]);
    for (std::size_t i = 0; i < bpf::kArguments; ++i) {
      checked.first_wrong += fmt::format(" 0x{:x}", bpf::argument(input, i, false));
    }
  }
}

/// The function of the rules, printed and read back.
base::Result<bpf::Node> rules_of(bpf::Explanation& explained) {
  if (!explained.policy) {
    return base::Error{0, explained.doubt, {}};
  }
  TRY(const bpf::Policy again, bpf::parse_rules(bpf::render_rules(*explained.policy)));
  return bpf::build(*explained.solution.diagram, explained.solution.order, again);
}

base::Result<Checked> check(const bpf::Program& program) {
  bpf::Explanation explained = bpf::explain(std::span(&program, 1));
  TRY(const bpf::Node rules, rules_of(explained));
  TRY(SocketOracle oracle, SocketOracle::create(program));
  const std::vector<bpf::Input> points = bpf::make_points(program, bpf::usual_points());
  Checked checked;
  const auto division = [&](std::size_t pc) {
    return bpf::decode_opcode(program[pc].code)->op == bpf::Op::Divide;
  };
  for (const bpf::Input& point : points) {
    ++checked.points;
    checked.unfiltered += is_never_filtered(point) ? 1U : 0U;
    const bpf::Ending ours = bpf::evaluate(program, point);
    const std::uint64_t said =
        bpf::answer_for(*explained.solution.diagram, explained.solution.order, rules, point);
    if (said != bpf::effective(ours.result) && said != bpf::kUndecided) {
      note(checked, "the rules are wrong", point);
    }
    TRY(const EndedAt ended, oracle.run(point));
    ++checked.by_socket;
    if (ended != (division(ours.pc) ? EndedAt{} : EndedAt{ours.pc})) {
      note(checked, "a socket filter ends elsewhere", point);
    }
  }
  TRY(const auto answers, run_under_seccomp(program, points));
  for (const auto& answer : answers) {
    if (answer) {
      ++checked.by_seccomp;
      if (answer->ended != EndedAt{bpf::evaluate(program, answer->input).pc}) {
        note(checked, "seccomp ends elsewhere", answer->input);
      }
    }
  }
  return checked;
}

}  // namespace

int run_verify(const Arguments& words) {
  CLI::App app{kDescription, "boxtrace seccomp verify"};
  set_usage(app, "boxtrace seccomp verify FILE... | -p PID");
  SourceOptions source;
  add_source_options(app, source);
  if (const auto status = parse(app, words, kTrouble)) {
    return *status;
  }
  const auto stacks = read_stacks(source);
  if (!stacks) {
    print_error(stacks.error());
    return kTrouble;
  }
  std::string text;
  bool fine = true;
  for (const Stack& stack : stacks.value()) {
    for (std::size_t i = 0; i < stack.filters.size(); ++i) {
      const auto checked = check(stack.filters[i].program);
      if (!checked) {
        print_error(checked.error());
        return kTrouble;
      }
      const Checked& c = checked.value();
      fine = fine && c.wrong == 0;
      text += fmt::format(
          "{}, filter {}: rules and program agree at {} points; {} of them run by this kernel as a "
          "socket filter, {} under seccomp: {}\n",
          stack.title, i + 1, c.points, c.by_socket, c.by_seccomp,
          c.wrong == 0 ? "no mismatch"
                       : fmt::format("{} MISMATCHES, first: {}", c.wrong, c.first_wrong));
      if (c.unfiltered > 0) {
        text +=
            "  uretprobe (335) and uprobe (336) of x86_64 are shown to no filter by newer "
            "kernels\n";
      }
    }
  }
  return print(text, fine ? kFine : kNot);
}

}  // namespace boxtrace::cli::seccomp
