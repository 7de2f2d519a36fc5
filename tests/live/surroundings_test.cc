// What surrounds a tracee and could tell it from an untraced one, or hold us both: its terminal,
// its cgroup's freezer.

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <tuple>
#include <utility>

#include "tests/live/processes.h"
#include "tests/live/programs.h"
#include "tracer/os/fd.h"
#include "tracer/os/file.h"

namespace boxtrace::test {
namespace {

namespace fs = std::filesystem;

const std::string kBoxtrace = BOXTRACE_BINARY_DIR "/tracer/cli/boxtrace";

/// A command on a terminal of its own, which it controls.
class OnTerminal {
 public:
  explicit OnTerminal(const std::string& command) {
    int terminal = -1;
    child_ = ::forkpty(&terminal, nullptr, nullptr, nullptr);
    if (child_ == 0) {
      ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
      ::_exit(127);
    }
    terminal_ = os::UniqueFd{terminal};
  }
  ~OnTerminal() {
    if (child_ > 0) {
      ::kill(-child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
  }
  OnTerminal(const OnTerminal&) = delete;
  OnTerminal& operator=(const OnTerminal&) = delete;
  OnTerminal(OnTerminal&&) = delete;
  OnTerminal& operator=(OnTerminal&&) = delete;

  /// Reads until `text` was written, or the terminal is closed.
  bool shows(std::string_view text) {
    std::array<char, 4096> bytes{};
    while (seen_.find(text) == std::string::npos) {
      const ssize_t got = ::read(terminal_.get(), bytes.data(), bytes.size());
      if (got <= 0) {
        return false;
      }
      seen_.append(bytes.data(), static_cast<std::size_t>(got));
    }
    return true;
  }
  void type(std::string_view keys) {
    EXPECT_EQ(::write(terminal_.get(), keys.data(), keys.size()),
              static_cast<ssize_t>(keys.size()));
  }
  int end() {
    while (shows("\1never")) {
    }
    return exit_status_of(std::exchange(child_, -1));
  }
  [[nodiscard]] const std::string& seen() const { return seen_; }

 private:
  pid_t child_ = -1;
  os::UniqueFd terminal_;
  std::string seen_;
};

class Terminal : public ::testing::TestWithParam<const char*> {
 protected:
  /// `sh -c script` traced, the story elsewhere; nothing but the script writes to the terminal.
  static std::string traced(const std::string& script) {
    return fmt::format("exec {} --story /dev/null {} sh -c '{}'", kBoxtrace, GetParam(), script);
  }
};

TEST_P(Terminal, IsTheCommandsAsItIsWithoutUs) {
  OnTerminal terminal{
      traced("test -t 0 && test $(ps -o tpgid= -p $$) = $(ps -o pgid= -p $$) && echo in-front; "
             "stty size")};
  EXPECT_EQ(terminal.end(), 0);
  EXPECT_NE(terminal.seen().find("in-front"), std::string::npos) << terminal.seen();
}

TEST_P(Terminal, InterruptReachesTheCommandOnceAndNotUs) {
  OnTerminal terminal{
      traced("trap \"echo caught\" INT; echo ready; sleep 3 & wait; wait; echo status $?; exit 9")};
  ASSERT_TRUE(terminal.shows("ready"));
  terminal.type("\x03");
  ASSERT_TRUE(terminal.shows("caught")) << terminal.seen();
  EXPECT_EQ(terminal.end(), 9);
  EXPECT_EQ(terminal.seen().find("caught"), terminal.seen().rfind("caught")) << terminal.seen();
}

// A shell with job control hands its terminal to one group after the other.
TEST_P(Terminal, JobControlWorks) {
  OnTerminal terminal{traced("set -m; cat & fg %1 >/dev/null; echo cat ended with $?; exit 4")};
  terminal.type("typed\n");
  ASSERT_TRUE(terminal.shows("typed\r\ntyped")) << terminal.seen();
  terminal.type("\x04");
  ASSERT_TRUE(terminal.shows("cat ended with 0")) << terminal.seen();
  EXPECT_EQ(terminal.end(), 4);
}

INSTANTIATE_TEST_SUITE_P(Modes, Terminal, ::testing::Values("", "-vv"));

/// A cgroup with a freezer, of version 1 or 2.
class Freezer {
 public:
  Freezer() {
    const std::string name = fmt::format("boxtrace_frozen_{}", ::getpid());
    for (const fs::path root :
         {"/sys/fs/cgroup/freezer", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"}) {
      std::error_code failure;
      if (fs::create_directory(root / name, failure)) {
        path_ = root / name;
        is_old_ = fs::exists(path_ / "freezer.state");
        if (is_old_ || fs::exists(path_ / "cgroup.freeze")) {
          return;
        }
        fs::remove(path_, failure);
        path_.clear();
      }
    }
  }
  ~Freezer() {
    if (!path_.empty()) {
      set(false);
      std::ignore = becomes_true([this] {
        std::error_code failure;
        return fs::remove(path_, failure);
      });
    }
  }
  Freezer(const Freezer&) = delete;
  Freezer& operator=(const Freezer&) = delete;
  Freezer(Freezer&&) = delete;
  Freezer& operator=(Freezer&&) = delete;

  [[nodiscard]] bool exists() const { return !path_.empty(); }
  void take(pid_t pid) const {
    EXPECT_TRUE(os::write_file(path_ / "cgroup.procs", std::to_string(pid)).ok());
  }
  void set(bool frozen) const {
    std::ignore = is_old_ ? os::write_file(path_ / "freezer.state", frozen ? "FROZEN" : "THAWED")
                          : os::write_file(path_ / "cgroup.freeze", frozen ? "1" : "0");
  }
  [[nodiscard]] bool is_frozen() const {
    const auto text = os::read_file(is_old_ ? path_ / "freezer.state" : path_ / "cgroup.events");
    return text.ok() && text.value().find(is_old_ ? "FROZEN" : "frozen 1") != std::string::npos;
  }

 private:
  fs::path path_;
  bool is_old_ = false;
};

// Runtimes freeze what we trace (pause, and runc's update); it must freeze, and go on.
TEST(FreezerOfTracees, FreezesAndThawsWhatIsTraced) {
  const Freezer freezer;
  if (!freezer.exists()) {
    GTEST_SKIP() << "no cgroup with a freezer can be made here";
  }
  const fs::path enough = fs::temp_directory_path() / fmt::format("enough_{}", ::getpid());
  ptrace::LaunchOptions options;
  options.command = {
      "sh", "-c", fmt::format("until test -e {}; do sleep 0.005; done; exit 6", enough.string())};
  const pid_t tracer = start_tracer(options);
  std::optional<pid_t> tracee;
  ASSERT_TRUE(becomes_true([&] { return (tracee = tracee_running("sh", tracer)).has_value(); }));
  freezer.take(*tracee);
  freezer.set(true);
  EXPECT_TRUE(becomes_true([&] { return freezer.is_frozen(); }));
  EXPECT_TRUE(status_of(*tracee, "State").has_value());
  freezer.set(false);
  EXPECT_TRUE(os::write_file(enough, "").ok());
  EXPECT_EQ(exit_status_of(tracer), 6);
  std::error_code ignored;
  fs::remove(enough, ignored);
}

// In a pid namespace without a /proc of its own, every number in /proc is someone else's.
TEST(ProcOfAnotherPidNamespace, IsNotReadAndTheTraceSaysSo) {
  const fs::path trace = fs::temp_directory_path() / fmt::format("foreign_proc_{}", ::getpid());
  const int status = std::system(
      fmt::format("unshare -pf {} -q -o {} sh -c 'cd /; exit 5'", kBoxtrace, trace.string())
          .c_str());
  const auto text = os::read_file(trace);
  std::error_code ignored;
  fs::remove(trace, ignored);
  if (WEXITSTATUS(status) == 1) {
    GTEST_SKIP() << "a new pid namespace needs CAP_SYS_ADMIN";
  }
  ASSERT_EQ(WEXITSTATUS(status), 5);
  ASSERT_TRUE(text.ok());
  EXPECT_NE(text.value().find("\"reason\":\"/proc is not that of the tracer's pid namespace"),
            std::string::npos)
      << text.value();
  EXPECT_EQ(text.value().find("\"cwd\""), std::string::npos) << "an observation of someone else";
  EXPECT_NE(text.value().find("\"chdir\""), std::string::npos);
}

TEST(Width, IsNoNegativeNumber) {
  const auto status = [](std::string_view width) {
    return WEXITSTATUS(std::system(
        fmt::format("{} --width {} --story /dev/null true 2>/dev/null", kBoxtrace, width).c_str()));
  };
  EXPECT_EQ(status("-1"), 125);
  EXPECT_EQ(status("0"), 0);
}

TEST(LettingGoAtExec, IsNoFailureOfOurs) {
  const auto status = [](std::string_view script) {
    return WEXITSTATUS(std::system(
        fmt::format("{} -b execve --story /dev/null sh -c '{}'", kBoxtrace, script).c_str()));
  };
  EXPECT_EQ(status("exec true"), 0);
  EXPECT_EQ(status("exit 4"), 4) << "it was traced to its end";
}

// A tracer that follows forks has what we start before we do.
// A pid namespace whose init ends waits until all in it are reaped. One of them has come to us.
TEST(PidOne, ReapsOrphansWhileTheTracerWaits) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "makes pid namespaces, as root";
  }
  for (const char* mode : {"--story /dev/null", "--style=strace -f -o /dev/null"}) {
    const std::string command = fmt::format(
        "timeout {} unshare --pid --fork --kill-child --mount-proc {} {} "
        "unshare --pid sh -c 'sleep 0.2 & sleep 0.1 & exit 6'",
        20 * slowness(), kBoxtrace, mode);
    EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 6) << mode;
  }
}

TEST(StreamsOfTheCommand, EndWhenItClosesThem) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  ASSERT_EQ(::pipe2(in.data(), O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(out.data(), O_CLOEXEC), 0);
  const pid_t tracer = ::fork();
  if (tracer == 0) {
    ::setpgid(0, 0);
    ::dup2(in[0], STDIN_FILENO);
    ::dup2(out[1], STDOUT_FILENO);
    ::execl(kBoxtrace.c_str(), "boxtrace", "-q", "-o", "/dev/null", "sh", "-c",
            "exec <&- >&-; exec sleep 1000", nullptr);
    ::_exit(127);
  }
  ::setpgid(tracer, tracer);
  ::close(in[0]);
  ::close(out[1]);
  const os::UniqueFd input{in[1]};
  const os::UniqueFd output{out[0]};
  const int milliseconds = static_cast<int>(patience().count());
  pollfd closed{output.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&closed, 1, milliseconds), 1);
  EXPECT_EQ(closed.revents, POLLHUP);
  pollfd unread{input.get(), POLLOUT, 0};
  EXPECT_TRUE(becomes_true([&] { return ::poll(&unread, 1, 0) == 1 && unread.revents & POLLERR; }));
  EXPECT_EQ(::waitpid(tracer, nullptr, WNOHANG), 0);  // it goes on
  ::kill(tracer, SIGTERM);
  EXPECT_EQ(exit_status_of(tracer), 1000 + SIGTERM);
}

TEST(TracerAroundUs, IsNamedAsTheReason) {
  const fs::path said = fs::temp_directory_path() / fmt::format("around_{}", ::getpid());
  const int status = std::system(
      fmt::format("{0} -q -o /dev/null {0} true 2>{1}", kBoxtrace, said.string()).c_str());
  const int filtered = std::system(
      fmt::format("{0} --story /dev/null {0} true 2>{1}", kBoxtrace, said.string()).c_str());
  const auto text = os::read_file(said);
  std::error_code ignored;
  fs::remove(said, ignored);
  EXPECT_EQ(WEXITSTATUS(status), 0) << "without a filter it gives way";
  if (WEXITSTATUS(filtered) == 0) {
    GTEST_SKIP() << "no filter is used here: it takes CAP_SYS_ADMIN";
  }
  EXPECT_EQ(WEXITSTATUS(filtered), 125);
  ASSERT_TRUE(text.ok());
  EXPECT_NE(text.value().find("traces all that we start"), std::string::npos) << text.value();
  EXPECT_NE(text.value().find("--calls=every"), std::string::npos) << text.value();
}

}  // namespace
}  // namespace boxtrace::test
