#pragma once
// The int that wait4(2) fills in, for a ptraced task.
//
//   bits 31..24   23..16            15..8                  7        6..0
//   (0)           PTRACE_EVENT_*    exit code or signal    core     0x7f stopped, 0 exited,
//                                                          dumped   else the signal that killed
//
// The trap: a stop is always "stopped by signal", so a syscall stop, an exec event, a group-stop
// and a real SIGTRAP all look like SIGTRAP or SIGSTOP until the other bits are taken into account.
// With PTRACE_SEIZE and PTRACE_O_TRACESYSGOOD the encodings are disjoint:
//
//   event != 0, != STOP                  an event the options asked for
//   event == STOP, sig stops a process   group-stop
//   event == STOP, sig == SIGTRAP        PTRACE_INTERRUPT, birth, or the end of a group-stop
//   event == 0, sig == SIGTRAP | 0x80    syscall-enter-stop or syscall-exit-stop
//   event == 0, anything else            signal-delivery-stop
//
// Source: ptrace(2) "Stopped states"; include/uapi/linux/wait.h; kernel/ptrace.c:
// ptrace_event(); kernel/signal.c: do_jobctl_trap().

#include <string>

namespace boxtrace::ptrace {

/// A wait status as a value.
class WaitStatus {
 public:
  constexpr explicit WaitStatus(int raw) : raw_(raw) {}

  [[nodiscard]] constexpr int raw() const { return raw_; }

  [[nodiscard]] constexpr bool has_exited() const { return (raw_ & 0x7f) == 0; }
  [[nodiscard]] constexpr bool is_stopped() const { return (raw_ & 0xff) == 0x7f; }
  [[nodiscard]] constexpr bool was_killed() const { return !has_exited() && (raw_ & 0x7f) != 0x7f; }
  [[nodiscard]] constexpr bool has_ended() const { return has_exited() || was_killed(); }

  [[nodiscard]] constexpr int exit_code() const { return (raw_ >> 8) & 0xff; }
  [[nodiscard]] constexpr int kill_signal() const { return raw_ & 0x7f; }
  [[nodiscard]] constexpr bool core_dumped() const { return (raw_ & 0x80) != 0; }

  /// The signal of a stop, bit 0x80 of syscall stops included.
  [[nodiscard]] constexpr int stop_signal() const { return (raw_ >> 8) & 0xff; }
  /// PTRACE_EVENT_*, or 0.
  [[nodiscard]] constexpr int event() const { return raw_ >> 16; }

  [[nodiscard]] bool is_syscall_stop() const;
  [[nodiscard]] bool is_group_stop() const;
  [[nodiscard]] bool is_trap_stop() const;
  [[nodiscard]] bool is_signal_delivery_stop() const;

  friend constexpr bool operator==(WaitStatus, WaitStatus) = default;

 private:
  int raw_;
};

/// Constructors, for tests and for synthesising what a lost status would have said.
[[nodiscard]] constexpr WaitStatus exited_status(int code) { return WaitStatus{code << 8}; }
[[nodiscard]] constexpr WaitStatus killed_status(int signal, bool core = false) {
  return WaitStatus{signal | (core ? 0x80 : 0)};
}
[[nodiscard]] constexpr WaitStatus stopped_status(int signal, int event = 0) {
  return WaitStatus{(event << 16) | (signal << 8) | 0x7f};
}
[[nodiscard]] WaitStatus syscall_stop_status();

/// `exited(3)`, `killed(SIG9, core)`, `stopped(sig 5, event 1)`: for diagnostics.
[[nodiscard]] std::string render(WaitStatus status);

}  // namespace boxtrace::ptrace
