// Injections, seen by the program and told by the trace.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/live/programs.h"
#include "tests/support/trace_program.h"

namespace boxtrace::test {
namespace {

using ::testing::HasSubstr;

/// What the program prints under boxtrace with `options`.
std::string run(const std::string& options, std::string* trace = nullptr) {
  const std::string base = testing::TempDir() + "inject_" + std::to_string(::getpid());
  const std::string command = std::string(BOXTRACE_BINARY_DIR) + "/tracer/cli/boxtrace " + options +
                              " '" + program("injected_calls") + "' >" + base + ".out 2>" + base +
                              ".err";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  const auto text = [&base](const char* suffix) {
    std::ifstream file(base + suffix);
    std::ostringstream all;
    all << file.rdbuf();
    return all.str();
  };
  if (trace != nullptr) {
    *trace = text(".err");
  }
  std::string out = text(".out");
  std::filesystem::remove(base + ".out");
  std::filesystem::remove(base + ".err");
  return out;
}

TEST(Inject, ChoosesTheErrorAndTheCall) {
  std::string trace;
  const std::string out =
      run("--style=strace -e trace=mkdir -e inject=mkdir:error=EBUSY:when=2", &trace);
  EXPECT_THAT(out, HasSubstr("mkdir -1 2\nmkdir -1 16\nmkdir -1 2\n"));
  EXPECT_THAT(trace, HasSubstr("= -1 EBUSY (Device or resource busy) (INJECTED)"));
}

TEST(Inject, ReturnsWhatWasAskedForWithoutTheCall) {
  const std::string out =
      run("--style=strace -e inject=getppid:retval=77 "
          "-e inject=umask:retval=5:syscall=getuid");
  EXPECT_THAT(out, HasSubstr("getppid 77 0\n"));
  EXPECT_THAT(out, HasSubstr("umask 5 0\n"));
}

TEST(Inject, SendsSignalsAtEntry) {
  EXPECT_THAT(run("--style=strace -e inject=umask:signal=USR1"), HasSubstr("signals 1 0\n"));
}

TEST(Inject, DelaysOnlyTheTask) {
  EXPECT_THAT(run("--style=strace -e inject=getpgid@64:delay_enter=30ms:delay_exit=30ms"),
              HasSubstr("delayed 1 0\n"));
  EXPECT_THAT(run("--style=strace"), HasSubstr("delayed 0 0\n"));
}

TEST(Inject, ReachesCallsOf32BitEntries) {
  EXPECT_THAT(run("--style=strace -e inject=getpgid@32:error=EPERM"), HasSubstr("int80 1 0\n"));
  EXPECT_THAT(run("--style=strace"), HasSubstr("int80 0 0\n"));
}

TEST(Inject, WorksInTheStoryWhichTellsOfIt) {
  std::string story;
  const std::string out = run("-e inject=mkdir:error=EROFS:when=1", &story);
  EXPECT_THAT(out, HasSubstr("mkdir -1 30\nmkdir -1 2\n"));
  EXPECT_THAT(story, HasSubstr("injected"));
}

TEST(Inject, IsMarkedInTheTraceAndNotBelieved) {
  ptrace::LaunchOptions options;
  options.command = {program("injected_calls")};
  options.injections.push_back(ptrace::parse_injection("umask:retval=0", 0).value());
  const Trace trace = trace_program(options);
  ASSERT_TRUE(trace.end.ok());
  const auto calls = calls_of(trace, "umask");
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_TRUE(calls.front().body->injected);
  EXPECT_EQ(calls.front().body->outcome.kind, raw::Outcome::Kind::Returned);
  EXPECT_EQ(broken_rule(trace), "");
  for (const auto& other : calls_of(trace, "mkdir")) {
    EXPECT_FALSE(other.body->injected);
  }
}

}  // namespace
}  // namespace boxtrace::test
