#include "tracer/cli/strace_options.h"

#include <fmt/format.h>
#include <getopt.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "tracer/base/text.h"
#include "tracer/cli/output.h"
#include "tracer/cli/strace_expressions.h"
#include "tracer/os/argv.h"

namespace boxtrace::cli {
namespace {

using sinks::StraceOptions;
using Result = base::Result<void>;

// ----- what the options do -----

Result set_number(std::size_t& into, std::string_view option, std::string_view value) {
  const auto number = base::parse_u64(value);
  if (!number || *number > (std::uint64_t{1} << 20)) {
    return base::Error{
        0,
        fmt::format("{}: \"{}\" is no number up to 1048576", option, base::printable(value)),
        {}};
  }
  into = static_cast<std::size_t>(*number);
  return {};
}

/// A style of clock from `[[format:]FORMAT][,[precision:]PRECISION]`. What is not said stays.
Result set_clock(StraceOptions& look, std::string_view value) {
  if (look.clock == StraceOptions::Clock::None) {
    look.clock = StraceOptions::Clock::TimeOfDay;
  }
  for (std::string_view part : base::split(value, ',')) {
    part.remove_prefix(part.rfind(':') == std::string_view::npos ? 0 : part.rfind(':') + 1);
    if (part == "none") {
      look.clock = StraceOptions::Clock::None;
    } else if (part == "time") {
      look.clock = StraceOptions::Clock::TimeOfDay;
    } else if (part == "unix") {
      look.clock = StraceOptions::Clock::Unix;
    } else {
      TRY(look.clock_precision, parse_precision(part));
    }
  }
  return {};
}

Result set_hex(StraceOptions& look, std::string_view value) {
  constexpr std::array<std::pair<std::string_view, StraceOptions::Hex>, 4> kModes = {
      {{"none", StraceOptions::Hex::None},
       {"non-ascii-chars", StraceOptions::Hex::NonAsciiChars},
       {"non-ascii", StraceOptions::Hex::NonAscii},
       {"all", StraceOptions::Hex::All}}};
  for (const auto& [name, mode] : kModes) {
    if (name == value) {
      look.hex = mode;
      return {};
    }
  }
  return base::Error{0, fmt::format("--strings-in-hex={}: no such form", base::printable(value)),
                     "one of none, non-ascii-chars, non-ascii, all"};
}

Result set_constants(StraceOptions& look, std::string_view value) {
  if (value == "raw" || value == "abbrev" || value == "verbose") {
    look.constants = value == "raw"      ? StraceOptions::Constants::Raw
                     : value == "abbrev" ? StraceOptions::Constants::Abbreviated
                                         : StraceOptions::Constants::Verbose;
    return {};
  }
  return base::Error{0, fmt::format("-X {}: no such form", base::printable(value)),
                     "one of raw, abbrev, verbose"};
}

Result set_summary(StraceRequest& request, StraceOptions::Summary summary) {
  if (request.look.summary != StraceOptions::Summary::None && request.look.summary != summary) {
    return base::Error{0, "-c and -C exclude each other", "-c: the table only; -C: calls too"};
  }
  request.look.summary = summary;
  return {};
}

// ----- the table -----

enum class Takes { Nothing, Value, MaybeValue };

struct Option {
  char letter = 0;             ///< 0: it has a long name only
  std::string_view name = {};  ///< empty: it has a letter only
  Takes takes = Takes::Nothing;
  /// Null: boxtrace does not have it. `value` is empty when none was given.
  Result (*apply)(StraceRequest& request, std::string_view value) = nullptr;
  std::string_view meaning;       ///< what it asks for in strace
  std::string_view instead = {};  ///< what comes nearest, where it is refused
};

constexpr auto kValue = Takes::Value;
constexpr auto kMaybe = Takes::MaybeValue;
constexpr auto kNothing = Takes::Nothing;

/// All options that can be given, a line each.
std::string help_text();

/// An option whose value is that of a qualifier: --trace=open for -e trace=open.
template <const char* kQualifier>
Result qualifier(StraceRequest& request, std::string_view value) {
  return apply_qualifier(request, kQualifier, value);
}
constexpr char kTrace[] = "trace", kAbbrev[] = "abbrev", kVerbose[] = "verbose", kRaw[] = "raw",
               kSignal[] = "signal", kRead[] = "read", kWrite[] = "write", kStatus[] = "status",
               kInject[] = "inject", kFault[] = "fault", kQuiet[] = "quiet", kKvm[] = "kvm",
               kPids[] = "decode-pids";

// Source: strace(1), OPTIONS, in its order; option tables of strace 6.1 and 7.
constexpr std::array kOptions = std::to_array<Option>({
    {.name = "style", .takes = kValue,
     .apply = [](StraceRequest&, std::string_view value) -> Result {
       return value == "strace" ? Result{}
                                : base::Error{0, "--style: one style only", "strace or story"};
     },
     .meaning = "the language of options and output"},
    {'e', "", kValue, apply_expression, "what to trace, and how to print it"},
    {'E', "env", kValue,
     [](StraceRequest& request, std::string_view value) -> Result {
       request.environment.emplace_back(value);
       return {};
     },
     "a variable of the command's environment"},
    {'p', "attach", kValue,
     [](StraceRequest& request, std::string_view value) -> Result {
       request.follow.attach.emplace_back(value);
       return {};
     },
     "attach to a running process"},
    {'u', "user", kValue, nullptr, "run the command as another user",
     "boxtrace setpriv --reuid=USER --init-groups CMD"},
    {.name = "argv0", .takes = kValue, .meaning = "another argv[0]",
     .instead = "bash -c 'exec -a NAME CMD' under boxtrace"},
    {'b', "detach-on", kValue,
     [](StraceRequest& request, std::string_view value) -> Result {
       request.follow.detach_on = value;
       return {};
     },
     "let go at execve"},
    {'D', "daemonize", kMaybe, nullptr, "run as a grandchild of the command",
     "run it in the background (boxtrace ... &): it is the parent of the command"},
    {'f', "follow-forks", kNothing,
     [](StraceRequest& request, std::string_view) -> Result {
       request.look.follow = true;
       request.look.separate = ++request.counts.follow > 1;
       return {};
     },
     "follow children"},
    {'F', "", kNothing,
     [](StraceRequest& request, std::string_view) -> Result {
       request.look.follow = true;
       return {};
     },
     "follow children (the old letter)"},
    {.name = "output-separately",
     .apply = [](StraceRequest& request, std::string_view) -> Result {
       request.look.separate = true;
       return {};
     },
     .meaning = "a file per process"},
    {'I', "interruptible", kValue, nullptr, "which signals interrupt the tracer",
     "leave it out: signals sent to boxtrace go to the command"},
    {.name = "trace", .takes = kValue, .apply = qualifier<kTrace>, .meaning = "which calls to trace"},
    {.name = "signal", .takes = kValue, .apply = qualifier<kSignal>, .meaning = "which signals"},
    {.name = "signals", .takes = kValue, .apply = qualifier<kSignal>, .meaning = "which signals"},
    {.name = "status", .takes = kValue, .apply = qualifier<kStatus>,
     .meaning = "calls by the way they end"},
    {'P', "trace-path", kValue,
     [](StraceRequest& request, std::string_view value) -> Result {
       request.filter.paths.emplace_back(value);
       return {};
     },
     "only calls on a path"},
    {'z', "successful-only", kNothing,
     [](StraceRequest& request, std::string_view) -> Result {
       request.filter.statuses = sinks::kSuccessful;
       return {};
     },
     "only calls that succeed"},
    {'Z', "failed-only", kNothing,
     [](StraceRequest& request, std::string_view) -> Result {
       request.filter.statuses = sinks::kFailed;
       return {};
     },
     "only calls that fail"},
    {'a', "columns", kValue,
     [](StraceRequest& request, std::string_view value) {
       return set_number(request.look.column, "-a", value);
     },
     "the column of results"},
    {.name = "abbrev", .takes = kValue, .apply = qualifier<kAbbrev>,
     .meaning = "calls whose structs are cut"},
    {.name = "verbose", .takes = kValue, .apply = qualifier<kVerbose>,
     .meaning = "calls whose structs are taken apart"},
    {.name = "raw", .takes = kValue, .apply = qualifier<kRaw>,
     .meaning = "calls with arguments as numbers"},
    {.name = "read", .takes = kValue, .apply = qualifier<kRead>,
     .meaning = "descriptors of which all that is read is dumped"},
    {.name = "write", .takes = kValue, .apply = qualifier<kWrite>,
     .meaning = "descriptors of which all that is written is dumped"},
    {.name = "kvm", .takes = kValue, .apply = qualifier<kKvm>,
     .meaning = "exit reasons of virtual CPUs", .instead = "strace -e kvm=vcpu"},
    {.name = "decode-pids", .takes = kValue, .apply = qualifier<kPids>,
     .meaning = "ids and names of processes"},
    {.name = "pidns-translation",
     .apply = [](StraceRequest& request, std::string_view) -> Result {
       request.look.pid_namespaces = true;
       return {};
     },
     .meaning = "ids in the tracer's pid namespace"},
    {'Y', "", kNothing,
     [](StraceRequest& request, std::string_view) -> Result {
       request.look.pid_comm = true;
       return {};
     },
     "command names behind pids"},
    {'i', "instruction-pointer", kNothing,
     [](StraceRequest& request, std::string_view) -> Result {
       request.look.instruction_pointer = true;
       return {};
     },
     "instruction pointers"},
    {'k', "stack-traces", kNothing,
     [](StraceRequest& request, std::string_view) -> Result {
       request.look.stacks = true;
       return {};
     },
     "stack traces"},
    {'n', "syscall-number", kNothing,
     [](StraceRequest& request, std::string_view) -> Result {
       request.look.call_number = true;
       return {};
     },
     "numbers of calls"},
    {'o', "output", kValue,
     [](StraceRequest& request, std::string_view value) -> Result {
       request.output = value;
       return {};
     },
     "the file for the text"},
    {'A', "output-append-mode", kNothing,
     [](StraceRequest& request, std::string_view) -> Result {
       request.append = true;
       return {};
     },
     "append to that file"},
    {'q', "quiet", kMaybe,
     [](StraceRequest& request, std::string_view value) -> Result {
       constexpr std::array<std::string_view, 3> kSets = {"attach,personality",
                                                          "attach,exit,personality", "all"};
       const auto times = static_cast<std::size_t>(std::min(++request.counts.quiet, 3));
       return apply_qualifier(request, "quiet", value.empty() ? kSets.at(times - 1) : value);
     },
     "no messages about attaching, twice: nor about exits"},
    {.name = "silent", .takes = kValue, .apply = qualifier<kQuiet>, .meaning = "no messages"},
    {.name = "silence", .takes = kValue, .apply = qualifier<kQuiet>, .meaning = "no messages"},
    {'r', "relative-timestamps", kMaybe,
     [](StraceRequest& request, std::string_view value) -> Result {
       TRY(request.look.relative, parse_precision(value.empty() ? "us" : value));
       return {};
     },
     "time since the call before"},
    {'s', "string-limit", kValue,
     [](StraceRequest& request, std::string_view value) {
       return set_number(request.look.string_limit, "-s", value);
     },
     "bytes shown of a string"},
    {'t', "", kNothing,
     [](StraceRequest& request, std::string_view) -> Result {
       constexpr std::array<std::string_view, 3> kClocks = {"time", "time,us", "unix,us"};
       const auto times = static_cast<std::size_t>(std::min(++request.counts.clock, 3));
      request.look.clock_precision = 0;
       return set_clock(request.look, kClocks.at(times - 1));
     },
     "time of day"},
    {.name = "absolute-timestamps", .takes = kMaybe,
     .apply = [](StraceRequest& request, std::string_view value) {
       return set_clock(request.look, value.empty() ? "time" : value);
     },
     .meaning = "time of day"},
    {.name = "timestamps", .takes = kMaybe,
     .apply = [](StraceRequest& request, std::string_view value) {
       return set_clock(request.look, value.empty() ? "time" : value);
     },
     .meaning = "time of day"},
    {'T', "syscall-times", kMaybe,
     [](StraceRequest& request, std::string_view value) -> Result {
       TRY(request.look.duration, parse_precision(value.empty() ? "us" : value));
       return {};
     },
     "time spent in calls"},
    {'v', "no-abbrev", kNothing,
     [](StraceRequest& request, std::string_view) -> Result {
       request.filter.abbreviated = decoders::CallSelection::nothing();
       return {};
     },
     "structs and environments in full"},
    {'x', "", kNothing,
     [](StraceRequest& request, std::string_view) -> Result {
       return set_hex(request.look, ++request.counts.hex > 1 ? "all" : "non-ascii");
     },
     "strings in hexadecimal"},
    {.name = "strings-in-hex", .takes = kMaybe,
     .apply = [](StraceRequest& request, std::string_view value) {
       return set_hex(request.look, value.empty() ? "all" : value);
     },
     .meaning = "strings in hexadecimal"},
    {'X', "const-print-style", kValue,
     [](StraceRequest& request, std::string_view value) {
       return set_constants(request.look, value);
     },
     "names or numbers of constants"},
    {'y', "", kNothing,
     [](StraceRequest& request, std::string_view) {
       return apply_qualifier(request, "decode-fds", ++request.counts.fds > 1 ? "all" : "path");
     },
     "paths of descriptors, twice: all that is known"},
    {.name = "decode-fds", .takes = kMaybe,
     .apply = [](StraceRequest& request, std::string_view value) {
       return apply_qualifier(request, "decode-fds", value.empty() ? "path" : value);
     },
     .meaning = "what descriptors refer to"},
    {.name = "inject",
     .takes = kValue,
     .apply = qualifier<kInject>,
     .meaning = "make calls fail, succeed, wait"},
    {.name = "fault",
     .takes = kValue,
     .apply = qualifier<kFault>,
     .meaning = "make calls fail"},
    {'d', "debug", kNothing, nullptr, "talk of the tracer about itself",
     "record with -o: gap records tell what was not seen"},
    {.name = "kill-on-exit",
     .apply = [](StraceRequest& request, std::string_view) -> Result {
       request.kill_on_exit = true;
       return {};
     },
     .meaning = "kill all that is traced when the tracer ends"},
    {.name = "seccomp-bpf",
     .apply = [](StraceRequest& request, std::string_view) -> Result {
       request.seccomp_filter = true;
       return {};
     },
     .meaning = "stop only for traced calls"},
    {'c', "summary-only", kNothing,
     [](StraceRequest& request, std::string_view) {
       return set_summary(request, StraceOptions::Summary::Only);
     },
     "count calls"},
    {'C', "summary", kNothing,
     [](StraceRequest& request, std::string_view) {
       return set_summary(request, StraceOptions::Summary::Also);
     },
     "count calls and print them"},
    {'w', "summary-wall-clock", kNothing,
     [](StraceRequest& request, std::string_view) -> Result {
       ++request.counts.wall;
       return {};
     },
     "wall clock in the summary"},
    {'S', "summary-sort-by", kValue,
     [](StraceRequest& request, std::string_view value) { return request.summary.sort_by(value); },
     "order of the summary"},
    {'U', "summary-columns", kValue,
     [](StraceRequest& request, std::string_view value) -> Result {
       TRY(auto columns, sinks::StraceSummary::parse_columns(value));
       request.summary.set_columns(std::move(columns));
       return {};
     },
     "columns of the summary"},
    {'O', "summary-syscall-overhead", kValue, nullptr, "overhead of tracing",
     "leave it out: times are measured, not corrected"},
    {'h', "help", kNothing,
     [](StraceRequest& request, std::string_view) -> Result {
       request.answer = help_text();
       return {};
     },
     "this list"},
    {'V', "version", kNothing,
     [](StraceRequest& request, std::string_view) -> Result {
       request.answer = "boxtrace -- version " BOXTRACE_VERSION ", in the language of strace 6.1\n";
       return {};
     },
     "the version"},
    {.name = "tips", .takes = kMaybe, .meaning = "a tip of the day",
     .instead = "boxtrace explain WORD"},
});

std::string help_text() {
  std::string text =
      "Usage: boxtrace --style=strace [OPTIONS] { -p PID | COMMAND [ARGUMENTS] }\n"
      "Traces as strace does, and prints its text. boxtrace-strace(1) tells more; boxtrace --help\n"
      "is about boxtrace's own style.\n\n";
  for (const Option& option : kOptions) {
    if (option.apply == nullptr) {
      continue;
    }
    const std::string_view value = option.takes == kValue   ? "VALUE"
                                   : option.takes == kMaybe ? "[=VALUE]"
                                                            : "";
    std::string words;
    if (option.letter != 0) {
      words = fmt::format("-{}{}{}", option.letter, option.takes == kValue ? " " : "",
                          option.takes == kValue ? value : "");
    }
    if (!option.name.empty()) {
      words += fmt::format("{}--{}{}{}", words.empty() ? "    " : ", ", option.name,
                           option.takes == kValue ? "=" : "", value);
    }
    text += fmt::format("  {:<42}  {}\n", words, option.meaning);
  }
  return text;
}

std::string spelled(const Option& option) {
  return option.letter != 0 ? fmt::format("-{}", option.letter) : fmt::format("--{}", option.name);
}

base::Error refusal(const Option& option) {
  return {0,
          fmt::format("{} (in strace: {}) is not an option of boxtrace", spelled(option),
                      option.meaning),
          std::string(option.instead)};
}

const Option* find_letter(char letter) {
  const auto* const found = std::find_if(
      kOptions.begin(), kOptions.end(),
      [letter](const Option& option) { return letter != 0 && option.letter == letter; });
  return found == kOptions.end() ? nullptr : found;
}

const Option* find_name(std::string_view name) {
  const auto* const found =
      std::find_if(kOptions.begin(), kOptions.end(),
                   [name](const Option& option) { return option.name == name; });
  return found == kOptions.end() || name.empty() ? nullptr : found;
}

/// All long options of both languages, for suggestions.
std::vector<std::string> long_options() {
  std::vector<std::string> names = {"--env",   "--color", "--ascii", "--stable",
                                    "--width", "--story", "--help",  "--version"};
  for (const Option& option : kOptions) {
    if (!option.name.empty()) {
      names.push_back("--" + std::string(option.name));
    }
  }
  return names;
}

base::Error unknown(std::string_view word) {
  const auto near = base::nearest(word.substr(0, word.find('=')), long_options(), 1);
  return {
      0, "unknown option " + base::printable(word),
      near.empty() ? "boxtrace --help lists the options" : "did you mean " + near.front() + "?"};
}

/// What getopt_long(3) wants to know.
struct Getopt {
  std::string letters = "+:";  // stop at the command; tell a missing value from an unknown option
  std::vector<option> names;

  Getopt() {
    for (std::size_t i = 0; i < kOptions.size(); ++i) {
      const Option& row = kOptions.at(i);
      // A letter never takes the next word for a value that it may lack.
      if (row.letter != 0) {
        letters += row.letter;
        letters += row.takes == kValue ? ":" : "";
      }
      if (!row.name.empty()) {
        const int argument = row.takes == kValue   ? required_argument
                             : row.takes == kMaybe ? optional_argument
                                                   : no_argument;
        names.push_back({row.name.data(), argument, nullptr, static_cast<int>(kFirst + i)});
      }
    }
    names.push_back({nullptr, 0, nullptr, 0});
  }
  static constexpr std::size_t kFirst = 1000;  // beyond all letters
};

/// What the options together mean, once all are known.
base::Result<StraceRequest> settle(StraceRequest request) {
  const bool piped = names_command(request.output);
  if (request.look.separate && request.output.empty()) {
    request.look.separate = false;  // as in strace: without a file, -ff is -f
  }
  if (request.look.separate && piped) {
    return base::Error{0, "-ff writes a file per process, which cannot go to a command",
                       "-f -o '|COMMAND', or -ff -o FILE"};
  }
  if (request.look.summary != StraceOptions::Summary::None) {
    if (request.look.separate) {
      return base::Error{0, "-ff writes a file per process, -c and -C one table of all",
                         "-f with -c or -C"};
    }
    if (request.counts.wall == 0) {
      request.notes.emplace_back("times in the summary are those of the wall clock, as with -w");
    }
  }
  if (request.append && (request.output.empty() || piped)) {
    return base::Error{0, "-A needs a file to append to", "-A -o FILE"};
  }
  if (request.seccomp_filter && (!request.look.follow || !request.follow.attach.empty())) {
    request.seccomp_filter = false;
    request.notes.emplace_back(
        request.follow.attach.empty()
            ? "--seccomp-bpf cannot be used without -f/--follow-forks, disabling"
            : "--seccomp-bpf is not enabled for processes attached with -p");
  }
  request.look.tells_pids = request.look.follow || request.follow.attach.size() > 1;
  request.look.to_file = !request.output.empty();
  if (request.look.to_file && !request.quiet_was_chosen) {
    TRY_OK(apply_qualifier(request, "quiet", "attach,personality"));
  }
  return request;
}

}  // namespace

bool has_strace_style(const Arguments& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--" || word.size() < 2 || word.front() != '-') {
      return false;
    }
    if (word == "--style=strace" ||
        (word == "--style" && i + 1 < words.size() && words[i + 1] == "strace")) {
      return true;
    }
    if (word.substr(0, 2) == "--") {
      const Option* const option = find_name(word.substr(2));
      const bool own = word == "--story" || word == "--color" || word == "--width";
      i += own || (option != nullptr && option->takes == kValue) ? 1U : 0U;
      continue;
    }
    for (std::size_t at = 1; at < word.size(); ++at) {
      const Option* const option = find_letter(word[at]);
      if (option != nullptr && option->takes == kValue) {
        i += at + 1 == word.size() ? 1U : 0U;
        break;
      }
    }
  }
  return false;
}

base::Result<StraceRequest> parse_strace(const Arguments& words) {
  static const Getopt kGetopt;
  std::vector<std::string> copies = {"boxtrace"};
  copies.insert(copies.end(), words.begin(), words.end());
  std::vector<char*> argv = os::make_argv(copies);
  const int argc = static_cast<int>(copies.size());
  StraceRequest request;
  ::opterr = 0;
  ::optind = 0;  // starts afresh; an extension of glibc
  while (true) {
    const int word_index = ::optind == 0 ? 1 : ::optind;
    const int found =
        ::getopt_long(argc, argv.data(), kGetopt.letters.c_str(), kGetopt.names.data(), nullptr);
    if (found == -1) {
      break;
    }
    const std::string_view word = copies.at(static_cast<std::size_t>(word_index));
    if (found == '?') {
      return ::optopt != 0 && ::optopt < 256 && word.substr(0, 2) != "--"
                 ? unknown(fmt::format("-{}", static_cast<char>(::optopt)))
                 : unknown(word);
    }
    if (found == ':') {
      return base::Error{0, fmt::format("{} lacks its value", base::printable(word)), {}};
    }
    const Option& option = static_cast<std::size_t>(found) >= Getopt::kFirst
                               ? kOptions.at(static_cast<std::size_t>(found) - Getopt::kFirst)
                               : *find_letter(static_cast<char>(found));
    if (option.apply == nullptr) {
      return refusal(option);
    }
    TRY_OK(option.apply(request, ::optarg != nullptr ? ::optarg : ""));
  }
  request.command.assign(copies.begin() + ::optind, copies.end());
  return settle(std::move(request));
}

base::Error refuse_option(std::string_view word) {
  const bool is_long = word.substr(0, 2) == "--";
  const Option* const option = is_long ? find_name(word.substr(2, word.find('=') - 2))
                                       : find_letter(word.size() > 1 ? word[1] : '\0');
  if (option == nullptr) {
    return unknown(word);
  }
  if (option->apply == nullptr || !option->instead.empty()) {
    return refusal(*option);
  }
  return {0,
          fmt::format("{} ({}) belongs to strace's language and needs --style=strace",
                      spelled(*option), option->meaning),
          fmt::format("boxtrace --style=strace {} CMD", word)};
}

}  // namespace boxtrace::cli
