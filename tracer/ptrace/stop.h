#pragma once
// One stop of one task, typed. Every stopped task must be resumed exactly once and in the way that
// its kind of stop asks for; getting that wrong freezes the program that is traced or feeds it
// signals nobody sent. So the right to resume is an object that cannot be copied and is used up by
// resuming, and each kind of stop is a type of its own.
//
//   kind           resumed by
//   SyscallStop    resume()
//   SignalStop     resume(signal): else the signal is lost; from any other stop it would be forged
//   GroupStop      listen(): resume() would end a stop that the program or its shell asked for
//   TrapStop       resume()
//   BirthStop      resume()
//   ExecStop       resume()
//   ExitStop       resume(), and the end of the task follows
//   OtherStop      resume()
//   Vanished       nothing: killed between the report and our questions; its end will be reported
//
// Source: ptrace(2) "Stopped states", "Group-stop".

#include <csignal>
#include <cstdint>
#include <variant>

#include "tracer/ptrace/kernel.h"
#include "tracer/ptrace/wait_status.h"

namespace boxtrace::ptrace {

/// The right and the duty to resume a stopped task. Each of the rvalue functions uses it up; they
/// return false when the task is gone, which its end, still to be reported, will explain.
class Stopped {
 public:
  Stopped(Kernel& kernel, base::HostTid tid) : kernel_(&kernel), tid_(tid) {}
  Stopped(const Stopped&) = delete;
  Stopped& operator=(const Stopped&) = delete;
  Stopped(Stopped&& other) noexcept;
  Stopped& operator=(Stopped&&) = delete;
  /// Aborts when nothing was done with it: the task would stay stopped for ever.
  ~Stopped();

  [[nodiscard]] base::HostTid tid() const { return tid_; }

  bool resume(Until until, int signal = 0) &&;
  bool listen() &&;
  bool detach(int signal = 0) &&;
  /// Gives up the right without a request, because the task is known to be gone.
  void forget() &&;

 private:
  Kernel* kernel_;
  base::HostTid tid_;
};

/// The entry or exit of a call, or PTRACE_EVENT_SECCOMP: a filter has answered RET_TRACE.
struct SyscallStop {
  SyscallInfo info;
};
/// A signal is about to be delivered.
struct SignalStop {
  int signal = 0;
  siginfo_t details{};
};
/// All threads of the process stop, by a stop signal.
struct GroupStop {
  int signal = 0;
};
/// PTRACE_EVENT_STOP that is no group-stop: the first stop of a new task, an interrupt, or the end
/// of a group-stop.
struct TrapStop {};
/// PTRACE_EVENT_FORK, VFORK or CLONE, which of them says nothing about the child: clone3 with
/// SIGCHLD is a FORK, a process with another exit signal a CLONE. kernel/fork.c: kernel_clone().
struct BirthStop {
  base::HostTid child;
};
/// The new program is loaded. `former`: the tid of the thread that called execve; reported under
/// the leader's tid, which is now its own.
struct ExecStop {
  base::HostTid former;
};
/// The task is about to end; its memory and descriptors are still there.
struct ExitStop {
  WaitStatus status;
};
/// An event without meaning for us, such as PTRACE_EVENT_VFORK_DONE.
struct OtherStop {
  int event = 0;
};
struct Vanished {};

using StopKind = std::variant<SyscallStop, SignalStop, GroupStop, TrapStop, BirthStop, ExecStop,
                              ExitStop, OtherStop, Vanished>;

struct Stop {
  Stopped stopped;
  StopKind kind;
};

/// The end of a task: its wait status, already reaped by the wait that reported it.
struct Ended {
  base::HostTid tid;
  WaitStatus status{0};
};

using Report = std::variant<Stop, Ended, NothingLeft, Interrupted, NotYet>;

/// Asks the kernel what kind of stop a change is.
[[nodiscard]] Report report_of(Kernel& kernel, const StatusChange& change);

/// Waits for the next report of any task and asks the kernel what kind of stop it is.
[[nodiscard]] Report next_report(Kernel& kernel, bool block);

}  // namespace boxtrace::ptrace
