// Truth: what the trace says of namespaces is what an independent witness read in /proc.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include "tests/live/programs.h"
#include "tests/support/bundle.h"
#include "tests/support/trace_program.h"
#include "tracer/base/procfs_text.h"
#include "tracer/base/text.h"

namespace boxtrace::test {
namespace {

/// The ten links, own ones first, as namespace_steps.c prints them.
constexpr std::array<std::string_view, 10> kLinks{"mnt",
                                                  "uts",
                                                  "ipc",
                                                  "pid",
                                                  "net",
                                                  "cgroup",
                                                  "user",
                                                  "time",
                                                  "pid_for_children",
                                                  "time_for_children"};
using Links = std::map<std::string, std::uint64_t>;

Links as_map(const raw::NsLinks& links) {
  Links map;
  for (std::size_t i = 0; i < raw::kNsKinds; ++i) {
    map[std::string{kLinks.at(i)}] = links.own.at(i).value;
  }
  map["pid_for_children"] = links.pid_for_children.value;
  map["time_for_children"] = links.time_for_children.value;
  return map;
}

struct Step {
  std::string name;
  Links links;
};

/// Lines of `NAME kind=inode kind=inode ...`.
std::vector<Step> parse_steps(const std::string& text) {
  std::vector<Step> steps;
  for (const std::string_view line : base::split(text, '\n')) {
    const auto words = base::split_blanks(line);
    if (words.empty()) {
      continue;
    }
    Step step{std::string{words[0]}, {}};
    for (const std::string_view word : words) {
      const std::size_t equals = word.find('=');
      if (equals != std::string_view::npos) {
        step.links[std::string{word.substr(0, equals)}] =
            base::parse_u64(word.substr(equals + 1)).value_or(0);
      }
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

/// What a task wrote to its standard output, from the trace itself.
void append_written(std::string& text, const raw::Syscall& call) {
  if (name_of(call) == "write" && call.call.args[0] == 1) {
    const raw::RecordedMemory memory{call.in};
    const raw::Chunk chunk =
        memory.read(base::Addr{call.call.args[1]}, static_cast<std::size_t>(call.call.args[2]));
    text += base::as_chars(chunk.bytes);
  }
}

std::string written_text(const Trace& trace) {
  std::string text;
  for (const auto& call : all_of<raw::Syscall>(trace)) {
    append_written(text, *call.body);
  }
  return text;
}

std::string written_text(const Trace& trace, base::TaskId task) {
  std::string text;
  for (const auto& call : all_of<raw::Syscall>(trace, task)) {
    append_written(text, *call.body);
  }
  return text;
}

ptrace::LaunchOptions with_long_strings(std::vector<std::string> command) {
  ptrace::LaunchOptions options;
  options.command = std::move(command);
  options.decode.string_limit = 4096;
  return options;
}

TEST(Truth, NamespacesAreThoseThatTheProgramItselfReads) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "needs root, to make namespaces";
  }
  const Trace trace = trace_program(with_long_strings({program("namespace_steps")}));
  ASSERT_TRUE(trace.end.ok());
  if (trace.end.value().code == 77) {
    GTEST_SKIP() << "a kind of namespace is refused here";
  }
  ASSERT_EQ(trace.end.value().code, 0);
  const std::vector<Step> steps = parse_steps(written_text(trace));
  ASSERT_EQ(steps.size(), 11U) << written_text(trace);

  // Each step's line is written after the call that the step is about, by the same task. So the
  // last observation of that task before the write must say the same.
  std::size_t checked = 0;
  std::map<base::TaskId, Links> latest;
  for (const raw::Event& event : trace.events) {
    if (const auto* seen = std::get_if<raw::Observation>(&event.body); seen && seen->ns) {
      latest[event.task] = as_map(*seen->ns);
    }
    const auto* call = std::get_if<raw::Syscall>(&event.body);
    if (call != nullptr && name_of(*call) == "write" && checked < steps.size()) {
      EXPECT_EQ(latest[event.task], steps[checked].links) << steps[checked].name;
      ++checked;
    }
  }
  EXPECT_EQ(checked, steps.size());
}

TEST(Truth, EveryNamespaceCallThatSucceedsIsObserved) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "needs root, to make namespaces";
  }
  const Trace trace = trace_program({program("namespace_steps")});
  ASSERT_TRUE(trace.end.ok());
  std::size_t calls = 0;
  for (std::size_t i = 0; i < trace.events.size(); ++i) {
    const auto* call = std::get_if<raw::Syscall>(&trace.events[i].body);
    if (call == nullptr || (name_of(*call) != "unshare" && name_of(*call) != "setns") ||
        call->outcome.kind != raw::Outcome::Kind::Returned) {
      continue;
    }
    ++calls;
    ASSERT_LT(i + 1, trace.events.size());
    const auto* seen = std::get_if<raw::Observation>(&trace.events[i + 1].body);
    ASSERT_NE(seen, nullptr);
    EXPECT_TRUE(seen->ns.has_value());
    EXPECT_EQ(trace.events[i + 1].task, trace.events[i].task);
  }
  EXPECT_GE(calls, 9U);
}

TEST(Truth, IdMapsAreReadBackAfterTheyAreWritten) {
  const Trace trace = trace_program({"unshare", "-Ur", "true"});
  ASSERT_TRUE(trace.end.ok()) << trace.end.error().what;
  if (trace.end.value().code != 0) {
    GTEST_SKIP() << "user namespaces are refused here";
  }
  std::vector<base::IdMapLine> last_uid_map;
  for (const auto& seen : all_of<raw::Observation>(trace)) {
    if (seen.body->at == raw::Observation::At::Call && seen.body->uid_map) {
      last_uid_map = *seen.body->uid_map;
    }
  }
  const std::vector<base::IdMapLine> expected{{0, geteuid(), 1}};
  EXPECT_EQ(last_uid_map, expected);
}

TEST(Truth, ContainerOfRuncIsInTheNamespacesThatItSeesItself) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  const auto bundle = Bundle::make({"/bin/busybox", "ls", "-l", "/proc/self/ns"});
  if (!bundle.ok()) {
    GTEST_SKIP() << "no bundle: " << bundle.error().what;
  }
  const Trace trace = trace_program(with_long_strings(
      {"runc", "--root", bundle.value()->state(), "run", "-b", bundle.value()->path(), "truth-1"}));
  ASSERT_TRUE(trace.end.ok()) << trace.end.error().what;
  ASSERT_EQ(trace.end.value().code, 0);

  // The container's program is the last that was execed.
  const auto execs = all_of<raw::TaskExeced>(trace);
  ASSERT_FALSE(execs.empty());
  const base::TaskId container = execs.back().event->task;
  std::optional<raw::Observation> at_exec;
  for (const auto& seen : all_of<raw::Observation>(trace, container)) {
    if (seen.body->at == raw::Observation::At::Exec) {
      at_exec = *seen.body;
    }
  }
  ASSERT_TRUE(at_exec && at_exec->ns && at_exec->status);
  EXPECT_EQ(at_exec->status->ns_tgid.size(), 2U) << "outside and inside";
  EXPECT_EQ(at_exec->status->ns_tgid.back().value, 1);

  const std::string text = written_text(trace, container);
  // ls prints `mnt -> mnt:[4026532250]`.
  const Links traced = as_map(*at_exec->ns);
  std::size_t compared = 0;
  for (const std::string_view line : base::split(text, '\n')) {
    const auto words = base::split_blanks(line);
    if (words.size() < 3 || words[words.size() - 2] != "->") {
      continue;
    }
    const auto inode = base::parse_ns_link(words.back());
    const std::string name{words[words.size() - 3]};
    ASSERT_TRUE(inode) << line;
    EXPECT_EQ(traced.at(name), inode->value) << name;
    ++compared;
  }
  EXPECT_EQ(compared, kLinks.size()) << text;
}

}  // namespace
}  // namespace boxtrace::test
