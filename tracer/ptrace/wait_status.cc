#include "tracer/ptrace/wait_status.h"

#include <fmt/format.h>
#include <sys/ptrace.h>

#include <csignal>

namespace boxtrace::ptrace {
namespace {

constexpr int kSyscallStop = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD

// What sig_kernel_stop() in include/linux/signal.h takes for a stop signal.
constexpr bool stops_processes(int signal) {
  return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

}  // namespace

bool WaitStatus::is_syscall_stop() const {
  return is_stopped() && event() == 0 && stop_signal() == kSyscallStop;
}

bool WaitStatus::is_group_stop() const {
  return is_stopped() && event() == PTRACE_EVENT_STOP && stops_processes(stop_signal());
}

bool WaitStatus::is_trap_stop() const {
  return is_stopped() && event() == PTRACE_EVENT_STOP && !stops_processes(stop_signal());
}

bool WaitStatus::is_signal_delivery_stop() const {
  return is_stopped() && event() == 0 && stop_signal() != kSyscallStop;
}

WaitStatus syscall_stop_status() { return stopped_status(kSyscallStop); }

std::string render(WaitStatus status) {
  if (status.has_exited()) {
    return fmt::format("exited({})", status.exit_code());
  }
  if (status.was_killed()) {
    return fmt::format("killed(signal {}{})", status.kill_signal(),
                       status.core_dumped() ? ", core dumped" : "");
  }
  return fmt::format("stopped(signal {}, event {})", status.stop_signal(), status.event());
}

}  // namespace boxtrace::ptrace
