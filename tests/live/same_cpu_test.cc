// A tracee that is woken on its tracer's CPU keeps its affinity, even if the tracer is killed in
// between. That it never sees another one: transparent_commands.txt, affinity.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <thread>

#include "tests/live/processes.h"
#include "tests/live/programs.h"
#include "tracer/base/text.h"
#include "tracer/os/file.h"

namespace boxtrace::test {
namespace {

const std::string kBoxtrace = BOXTRACE_BINARY_DIR "/tracer/cli/boxtrace";

int cpus_of(pid_t tid) {
  cpu_set_t set{};
  return ::sched_getaffinity(tid, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : -1;
}

/// The tracer behind a front, once there is one.
std::optional<pid_t> tracer_behind(pid_t front) {
  const auto children = os::read_file("/proc/" + std::to_string(front) + "/task/" +
                                      std::to_string(front) + "/children");
  const auto child = children.ok() ? base::parse_u64(base::trim(children.value())) : std::nullopt;
  return child ? std::optional{static_cast<pid_t>(*child)} : std::nullopt;
}

TEST(SameCpu, AffinityIsGivenBackAfterTheDeathOfTheTracer) {
  const int all = cpus_of(0);
  constexpr int kRounds = 40;
  for (int round = 0; round < kRounds; ++round) {
    const pid_t front = ::fork();
    if (front == 0) {
      const int quiet = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
      ::dup2(quiet, STDERR_FILENO);
      ::execl(kBoxtrace.c_str(), "boxtrace", "-vv", "--story", "/dev/null",
              program("affinity").c_str(), "storm", nullptr);
      ::_exit(127);
    }
    std::optional<pid_t> tracer;
    std::optional<pid_t> command;
    ASSERT_TRUE(becomes_true([&] {
      tracer = tracer_behind(front);
      command = tracer ? tracee_running("affinity", *tracer) : std::nullopt;
      return command.has_value();
    }));
    std::this_thread::sleep_for(std::chrono::microseconds{5000 + round * 37});
    ::kill(*tracer, SIGKILL);
    EXPECT_EQ(exit_status_of(front), 125);
    EXPECT_EQ(cpus_of(*command), all) << "round " << round;
    ::kill(*command, SIGKILL);
  }
}

}  // namespace
}  // namespace boxtrace::test
