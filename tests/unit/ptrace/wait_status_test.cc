#include "tracer/ptrace/wait_status.h"

#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <array>
#include <csignal>

namespace boxtrace::ptrace {
namespace {

TEST(WaitStatus, AgreesWithTheMacrosOfTheCLibrary) {
  // Codes and signals in every position, events, and the continued status.
  for (int event : {0, 1, 2, 3, 4, 6, 7, 128}) {
    for (int high = 0; high < 256; ++high) {
      for (int low = 0; low < 256; ++low) {
        const int raw = (event << 16) | (high << 8) | low;
        const WaitStatus status{raw};
        EXPECT_EQ(status.has_exited(), WIFEXITED(raw)) << raw;
        EXPECT_EQ(status.was_killed(), WIFSIGNALED(raw)) << raw;
        EXPECT_EQ(status.is_stopped(), WIFSTOPPED(raw)) << raw;
        if (WIFEXITED(raw)) {
          EXPECT_EQ(status.exit_code(), WEXITSTATUS(raw)) << raw;
        }
        if (WIFSIGNALED(raw)) {
          EXPECT_EQ(status.kill_signal(), WTERMSIG(raw)) << raw;
          EXPECT_EQ(status.core_dumped(), WCOREDUMP(raw) != 0) << raw;
        }
      }
    }
  }
}

int kinds_of(WaitStatus status) {
  return (status.has_ended() ? 1 : 0) + (status.is_syscall_stop() ? 1 : 0) +
         (status.is_group_stop() ? 1 : 0) + (status.is_trap_stop() ? 1 : 0) +
         (status.is_signal_delivery_stop() ? 1 : 0) +
         (status.is_stopped() && status.event() != 0 && status.event() != PTRACE_EVENT_STOP ? 1
                                                                                            : 0);
}

TEST(WaitStatus, EveryStatusIsOfExactlyOneKind) {
  for (int signal = 1; signal < 256; ++signal) {
    for (const int event :
         std::array<int, 4>{0, PTRACE_EVENT_FORK, PTRACE_EVENT_EXIT, PTRACE_EVENT_STOP}) {
      EXPECT_EQ(kinds_of(stopped_status(signal, event)), 1) << signal << " " << event;
    }
  }
  EXPECT_EQ(kinds_of(exited_status(127)), 1);
  EXPECT_EQ(kinds_of(killed_status(SIGKILL)), 1);
}

TEST(WaitStatus, SyscallStopIsNotATrap) {
  EXPECT_TRUE(syscall_stop_status().is_syscall_stop());
  EXPECT_FALSE(syscall_stop_status().is_signal_delivery_stop());
  EXPECT_TRUE(stopped_status(SIGTRAP).is_signal_delivery_stop());
  EXPECT_FALSE(stopped_status(SIGTRAP).is_syscall_stop());
}

TEST(WaitStatus, OnlyStopSignalsMakeAGroupStop) {
  for (int signal : {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU}) {
    EXPECT_TRUE(stopped_status(signal, PTRACE_EVENT_STOP).is_group_stop());
    EXPECT_TRUE(stopped_status(signal).is_signal_delivery_stop());
  }
  EXPECT_TRUE(stopped_status(SIGTRAP, PTRACE_EVENT_STOP).is_trap_stop());
}

TEST(WaitStatus, RendersForDiagnostics) {
  EXPECT_EQ(render(exited_status(3)), "exited(3)");
  EXPECT_EQ(render(killed_status(11, true)), "killed(signal 11, core dumped)");
  EXPECT_EQ(render(stopped_status(5, 1)), "stopped(signal 5, event 1)");
}

}  // namespace
}  // namespace boxtrace::ptrace
