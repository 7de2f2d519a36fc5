#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "decoders/bpf/argument_names.h"
#include "decoders/bpf/emulator.h"
#include "decoders/bpf/outcome.h"
#include "decoders/bpf/rules_text.h"
#include "tracer/base/text.h"
#include "tracer/cli/kernel_oracle.h"
#include "tracer/cli/seccomp/source.h"
#include "tracer/cli/seccomp/verbs.h"

namespace boxtrace::cli::seccomp {
namespace {

constexpr const char* kDescription =
    R"(Says what happens to one call under a filter: on each architecture that has a call of this
name, the answer, and the filter, the instruction and the rule that give it.

Examples:
  boxtrace seccomp test filter.bpf chmod /etc/hosts 0777
  boxtrace seccomp test -p 1234 clone 'CLONE_NEWUSER|SIGCHLD'

An argument is a number (0777 is octal), names joined by |, or, where an address belongs, any
text: filters see no more of it. NAME= may stand before it (flags=CLONE_NEWUSER). Missing ones are 0. A call may also be given by its number.

Exit status: 0 the call is made, 1 it is not, on the first architecture printed; 125 trouble.)";

struct Value {
  std::uint64_t number = 0;
  bool address = false;
};

std::optional<std::uint64_t> parse_number(std::string_view word) {
  if (word.size() > 1 && word.front() == '0' && word.find_first_not_of("01234567") == word.npos) {
    std::uint64_t value = 0;
    for (const char c : word) {
      value = value * 8 + static_cast<std::uint64_t>(c - '0');
    }
    return value;
  }
  if (const auto negative = base::parse_i64(word)) {
    return static_cast<std::uint64_t>(*negative);
  }
  return base::parse_u64(word);
}

/// Nothing for a word that is neither where no address is expected.
std::optional<Value> parse_value(std::string_view word, const decoders::ConstantTable* constants) {
  constexpr std::uint64_t kSomewhere = 0x7ffc00001000;
  if (const auto number = parse_number(word)) {
    return Value{*number, false};
  }
  std::uint64_t sum = 0;
  for (const std::string_view part : base::split(word, '|')) {
    const auto value = bpf::parse_value_word(part, constants);
    if (!value) {
      return constants == nullptr ? std::optional(Value{kSomewhere, true}) : std::nullopt;
    }
    sum |= *value;
  }
  return Value{sum, false};
}

/// One line: the answer on one architecture.
struct Answer {
  std::string line;
  bool made = false;
};

std::string rule_text(const bpf::Verdict& verdict) {
  return verdict.rule ? "rule " + bpf::render_rule(*verdict.section, *verdict.rule, 4)
                      : "the default of " + verdict.section->name;
}

Answer ask(const Stack& stack, const std::vector<std::optional<bpf::Policy>>& policies,
           const std::string& name, const bpf::Input& input) {
  if (is_never_filtered(input)) {
    return {fmt::format("  {:7} not filtered: this kernel makes the call whatever a filter says\n",
                        name),
            true};
  }
  std::uint32_t result = 0;
  std::size_t decides = 0;
  bpf::Ending ending;
  for (std::size_t i = 0; i < stack.filters.size(); ++i) {
    const bpf::Ending own = bpf::evaluate(stack.filters[i].program, input);
    if (i == 0 || bpf::overrides(result, bpf::ranked(own.result))) {
      result = bpf::ranked(own.result);
      decides = i;
      ending = own;
    }
  }
  result = bpf::effective(result);
  const auto& policy = policies[decides];
  return {fmt::format("  {:7} {}: filter {} of {}, instruction {}{}\n", name,
                      bpf::render_outcome(result), decides + 1, stack.filters.size(), ending.pc,
                      policy ? ", " + rule_text(bpf::find_rule(*policy, input)) : ""),
          result == bpf::kAllow || result == bpf::kLog};
}

}  // namespace

int run_test(const Arguments& words) {
  CLI::App app{kDescription, "boxtrace seccomp test"};
  set_usage(app, "boxtrace seccomp test FILE | -p PID  CALL [ARGUMENT...]");
  std::vector<std::string> rest;
  SourceOptions source;
  app.add_option("-p,--pid", source.pid, "The filters of a running process")->type_name("PID");
  add_task_option(app, source);
  app.add_option("WORD", rest, "The file, the call and its arguments");
  app.positionals_at_end();
  if (const auto status = parse(app, words, kToolFailure)) {
    return *status;
  }
  if (!source.pid && !rest.empty()) {
    source.files.push_back(rest.front());
    rest.erase(rest.begin());
  }
  if (rest.empty() || rest.size() > 1 + bpf::kArguments) {
    print_error({0, rest.empty() ? "which call?" : "a call has at most six arguments",
                 "boxtrace seccomp test --help has examples"});
    return kToolFailure;
  }
  const auto stack = read_stack(source);
  if (!stack) {
    print_error(stack.error());
    return kToolFailure;
  }
  std::vector<std::optional<bpf::Policy>> policies;
  for (const LoadedFilter& filter : stack.value().filters) {
    policies.push_back(bpf::explain(std::span(&filter.program, 1)).policy);
  }
  std::string text;
  std::optional<bool> made;
  std::vector<std::string> shown;
  for (const std::string_view name : {"x86_64", "x32", "i386", "aarch64"}) {
    const bpf::Section section = *bpf::make_section(name);
    const auto number = base::parse_u64(rest.front());
    const auto nr = number ? std::optional(static_cast<std::uint32_t>(*number))
                           : bpf::number_in(section, rest.front());
    if (!nr) {
      continue;
    }
    const bpf::Rule call{0, {{*nr, *nr}}, {{}}};
    bpf::Input input{};
    input[bpf::kNumberWord] = *nr;
    input[bpf::kArchWord] = static_cast<std::uint32_t>(section.archs.front().first);
    shown.clear();
    for (std::size_t i = 1; i < rest.size(); ++i) {
      const auto [field, constants] = bpf::field_names(section, call, i - 1);
      std::string_view word = rest[i];
      if (word.starts_with(field + "=")) {
        word.remove_prefix(field.size() + 1);
      }
      const auto parsed = parse_value(word, constants);
      if (!parsed) {
        print_error(
            {0, fmt::format("{}: {} is no value for {}", rest.front(), base::quote(word), field),
             "boxtrace explain " + rest.front()});
        return kToolFailure;
      }
      const Value value = *parsed;
      bpf::set_argument(input, i - 1, section.wide ? value.number : value.number & 0xffffffff,
                        section.big_endian);
      shown.push_back(value.address ? base::quote(word)
                      : bpf::is_mode(section, call, i - 1)
                          ? fmt::format("0{:o}", value.number)
                          : bpf::render_value(value.number, constants));
    }
    const Answer answer = ask(stack.value(), policies, std::string(name), input);
    made = made.value_or(answer.made);
    text += answer.line;
  }
  if (!made) {
    print_error({0, "no architecture has a call " + base::quote(rest.front()), {}});
    return kToolFailure;
  }
  return print(
      fmt::format("{}({})\n", base::printable(rest.front()), base::join(shown, ", ")) + text,
      *made ? kFine : kNot);
}

}  // namespace boxtrace::cli::seccomp
