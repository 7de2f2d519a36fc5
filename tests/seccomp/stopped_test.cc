// A call that a filter answers with SIGSYS has no result: what the kernel leaves in the register is
// the number of the call. Nobody may read it as one, and the model may not take it for a success.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "tracer/os/file.h"

namespace boxtrace::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// What `words` print.
std::string output_of(const std::string& words) {
  const auto file = std::filesystem::temp_directory_path() / "boxtrace-stopped-test";
  // The program is killed, and its status is passed on.
  static_cast<void>(std::system(  // NOLINT(cert-env33-c): our own words
      fmt::format("timeout 60 {} >{} 2>&1", words, file.string()).c_str()));
  auto text = os::read_file(file.string());
  std::filesystem::remove(file);
  return text.ok() ? text.value() : std::string{};
}

TEST(SeccompStops, AreNotResults) {
  const auto trace = std::filesystem::temp_directory_path() / "boxtrace-stopped-test.jsonl";
  const std::string boxtrace = BOXTRACE_PROGRAM;
  for (const char* const name : {"process", "thread", "trap", "handled"}) {
    const std::string how = name;
    const std::string program = fmt::format("{} {}", BOXTRACE_STOPPED, how);
    const bool killed = how == "process" || how == "thread";
    const std::string words =
        killed ? "= ? (killed by seccomp: SIGSYS)" : "= ? (trapped by seccomp: SIGSYS)";
    const auto is_told = [&](const std::string& text) {
      EXPECT_THAT(text, HasSubstr(words)) << how;
      EXPECT_THAT(text, Not(HasSubstr("= 272"))) << how;
    };
    const std::string live =
        output_of(fmt::format("{} -vv --width 0 -o {} {}", boxtrace, trace.string(), program));
    is_told(live);
    EXPECT_THAT(live, HasSubstr("unshare(CLONE_NEWNS) " + words));
    is_told(output_of(fmt::format("{} show -vv --width 0 {}", boxtrace, trace.string())));
    is_told(output_of(fmt::format("{} --style strace {}", boxtrace, program)));
    is_told(output_of(fmt::format("{} show --style strace {}", boxtrace, trace.string())));
    const std::string story = output_of(fmt::format("{} --width 0 {}", boxtrace, program));
    EXPECT_THAT(story, HasSubstr("unshare stopped by seccomp: " +
                                 std::string(how == "process"  ? "KILL_PROCESS"
                                             : how == "thread" ? "KILL_THREAD"
                                                               : "TRAP(5)")));
    EXPECT_THAT(story, Not(HasSubstr("new mount namespace"))) << "it was not made";
    std::filesystem::remove(trace);
  }
}

}  // namespace
}  // namespace boxtrace::cli
