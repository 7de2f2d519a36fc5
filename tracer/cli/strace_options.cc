#include "tracer/cli/strace_options.h"

#include <algorithm>
#include <array>
#include <vector>

#include "tracer/base/text.h"

namespace boxtrace::cli {
namespace {

struct StraceOption {
  std::string_view name;     ///< as strace(1) has it
  std::string_view meaning;  ///< what it asks for there
  std::string_view instead;  ///< what comes nearest here
};

// Source: strace(1), "OPTIONS".
constexpr std::array kStraceOptions = std::to_array<StraceOption>({
    {"-f", "follow children", "leave it out: boxtrace always follows all children and threads"},
    {"-ff", "a file per process",
     "record one file with -o; `jq 'select(.proc == \"p3\")'` takes a "
     "process out of it"},
    {"--follow-forks", "follow children", "leave it out: boxtrace always follows all children"},
    {"--output-separately", "a file per process", "record one file with -o"},
    {"-e", "choose what to trace",
     "use the story, -v for what concerns containers, or -vv for "
     "every call; `boxtrace show -vv FILE | grep` to search"},
    {"--trace", "choose what to trace", "use the story, -v or -vv"},
    {"--signal", "choose signals", "use -vv, which shows every signal"},
    {"--status", "choose calls by result", "use -vv, or a trace and jq on its member `outcome`"},
    {"-z", "only calls that succeed", "record with -o, then jq 'select(.outcome == \"returned\")'"},
    {"-Z", "only calls that fail", "record with -o, then jq 'select(.outcome == \"failed\")'"},
    {"--successful-only", "only calls that succeed", "record with -o and select with jq"},
    {"--failed-only", "only calls that fail", "record with -o and select with jq"},
    {"--inject", "make calls fail", "use strace --inject"},
    {"--fault", "make calls fail", "use strace --fault"},
    {"-y", "paths of descriptors",
     "leave it out: the story and -v say what a descriptor refers to"},
    {"-yy", "details of descriptors", "leave it out: the story says what a descriptor refers to"},
    {"--decode-fds", "paths of descriptors", "leave it out: they are always said"},
    {"-Y", "command names with pids", "leave it out: every line says which process it is about"},
    {"--decode-pids", "pids as the tracee sees them", "leave it out: both numbers are always said"},
    {"-t", "time of day", "leave it out: lines begin with the time since the start"},
    {"-tt", "time of day", "leave it out: lines begin with the time since the start"},
    {"-ttt", "seconds since 1970", "record with -o: `wall` of the first record plus `ts`"},
    {"--absolute-timestamps", "time of day",
     "record with -o: `wall` of the first record plus `ts`"},
    {"-r", "time since the call before", "record with -o: the member `ts`, in nanoseconds"},
    {"--relative-timestamps", "time since the call before", "record with -o: the member `ts`"},
    {"-T", "time spent in calls", "record with -o: the member `dur`, in nanoseconds"},
    {"--syscall-times", "time spent in calls", "record with -o: the member `dur`"},
    {"-c", "count calls", "record with -o and count the member `name` with jq or DuckDB"},
    {"-C", "count calls and print them", "record with -o and count the member `name`"},
    {"--summary", "count calls", "record with -o and count the member `name`"},
    {"--summary-only", "count calls", "record with -o and count the member `name`"},
    {"-w", "wall clock in the summary", "record with -o and sum the member `dur`"},
    {"-S", "order of the summary", "record with -o and sort with jq or DuckDB"},
    {"-U", "columns of the summary", "record with -o and choose with jq or DuckDB"},
    {"-n", "numbers of calls", "record with -o: the member `raw.nr`; or boxtrace explain CALL"},
    {"--syscall-number", "numbers of calls", "record with -o: the member `raw.nr`"},
    {"-i", "instruction pointers", "record with -o: the member `raw.ip`"},
    {"--instruction-pointer", "instruction pointers", "record with -o: the member `raw.ip`"},
    {"-x", "strings in hexadecimal", "record with -o: bytes that are not text are base64"},
    {"-xx", "strings in hexadecimal", "record with -o: bytes that are not text are base64"},
    {"-X", "names or numbers of flags", "record with -o: flags have names and raw bits"},
    {"-a", "the column of results", "leave it out"},
    {"-A", "append to the file", "write to a file of its own: a trace has one beginning"},
    {"--output-append-mode", "append to the file", "write to a file of its own"},
    {"-P", "only calls on a path", "use -vv and grep, or jq on the recorded arguments"},
    {"--trace-path", "only calls on a path", "use -vv and grep"},
    {"-u", "run as another user", "boxtrace setpriv --reuid=USER --init-groups CMD"},
    {"--user", "run as another user", "boxtrace setpriv --reuid=USER --init-groups CMD"},
    {"-D", "run as a detached grandchild", "leave it out: boxtrace is the parent of the command"},
    {"--daemonize", "run as a detached grandchild", "leave it out"},
    {"-I", "which signals interrupt", "leave it out: signals go to the command"},
    {"--interruptible", "which signals interrupt", "leave it out: signals go to the command"},
    {"-O", "overhead of tracing", "leave it out"},
    {"--seccomp-bpf", "stop only for traced calls", "leave it out: every call is traced"},
    {"--kill-on-exit", "kill tracees with the tracer",
     "run it in a pid namespace: boxtrace unshare "
     "-Upf --kill-child CMD"},
    {"--tips", "a tip of the day", "boxtrace explain WORD"},
    {"--style", "the look of the output", "use -vv, which is near to strace's look"},
});

/// All long options, for suggestions.
std::vector<std::string> long_options() {
  std::vector<std::string> names = {"--output", "--verbose", "--string-limit", "--env",
                                    "--color",  "--ascii",   "--stable",       "--width",
                                    "--quiet",  "--story",   "--help",         "--version"};
  for (const StraceOption& option : kStraceOptions) {
    if (option.name.substr(0, 2) == "--") {
      names.emplace_back(option.name);
    }
  }
  return names;
}

/// The row of `word`: exactly its name, or its name and an attached value.
const StraceOption* find_option(std::string_view word) {
  const bool is_long = word.substr(0, 2) == "--";
  const std::string_view name = is_long ? word.substr(0, word.find('=')) : word;
  const auto exact = std::find_if(kStraceOptions.begin(), kStraceOptions.end(),
                                  [&](const StraceOption& option) { return option.name == name; });
  if (exact != kStraceOptions.end() || is_long) {
    return exact == kStraceOptions.end() ? nullptr : &*exact;
  }
  // `-fyy`, `-etrace=...`: the first letter decides.
  const auto letter =
      std::find_if(kStraceOptions.begin(), kStraceOptions.end(),
                   [&](const StraceOption& option) { return option.name == word.substr(0, 2); });
  return letter == kStraceOptions.end() ? nullptr : &*letter;
}

}  // namespace

base::Error refuse_option(std::string_view word) {
  if (const StraceOption* const option = find_option(word)) {
    return {0,
            std::string(option->name) + " (in strace: " + std::string(option->meaning) +
                ") is not an option of boxtrace",
            std::string(option->instead)};
  }
  const auto near = base::nearest(word.substr(0, word.find('=')), long_options(), 1);
  return {
      0, "unknown option " + base::printable(word),
      near.empty() ? "boxtrace --help lists the options" : "did you mean " + near.front() + "?"};
}

}  // namespace boxtrace::cli
