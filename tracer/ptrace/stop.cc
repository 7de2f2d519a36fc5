#include "tracer/ptrace/stop.h"

#include <sys/ptrace.h>

#include <utility>

#include "tracer/base/check.h"

namespace boxtrace::ptrace {

Stopped::Stopped(Stopped&& other) noexcept
    : kernel_(std::exchange(other.kernel_, nullptr)), tid_(other.tid_) {}

Stopped::~Stopped() {
  BT_CHECK(kernel_ == nullptr, "a stopped task was dropped, it would stay stopped for ever");
}

bool Stopped::resume(Until until, int signal) && {
  BT_CHECK(kernel_ != nullptr, "a stopped task was resumed twice");
  return std::exchange(kernel_, nullptr)->resume(tid_, signal, until);
}

bool Stopped::listen() && {
  BT_CHECK(kernel_ != nullptr, "a stopped task was resumed twice");
  return std::exchange(kernel_, nullptr)->listen(tid_);
}

bool Stopped::detach(int signal) && {
  BT_CHECK(kernel_ != nullptr, "a stopped task was resumed twice");
  return std::exchange(kernel_, nullptr)->detach(tid_, signal);
}

void Stopped::forget() && { kernel_ = nullptr; }

namespace {

base::HostTid as_tid(std::uint64_t message) {
  return base::HostTid{static_cast<std::int32_t>(message)};
}

// SIGKILL ends any stop: what is asked of a task may find it gone, or in the stop of its exit, and
// an answer is good only if it can be of the stop that was reported.

StopKind classify_call(Kernel& kernel, base::HostTid tid) {
  const auto info = kernel.syscall_info(tid);
  const bool is_of_call = info && info->op != SyscallInfo::Op::None;
  return is_of_call ? StopKind{SyscallStop{*info}} : StopKind{Vanished{}};
}

StopKind classify_signal(Kernel& kernel, base::HostTid tid, int signal) {
  const auto details = kernel.signal_details(tid);
  const bool is_of_signal = details && details->si_signo == signal;
  return is_of_signal ? StopKind{SignalStop{signal, *details}} : StopKind{Vanished{}};
}

StopKind classify_event(Kernel& kernel, base::HostTid tid, int event) {
  if (event == PTRACE_EVENT_SECCOMP) {
    return classify_call(kernel, tid);
  }
  if (event != PTRACE_EVENT_FORK && event != PTRACE_EVENT_VFORK && event != PTRACE_EVENT_CLONE &&
      event != PTRACE_EVENT_EXEC && event != PTRACE_EVENT_EXIT) {
    return OtherStop{event};
  }
  const auto message = kernel.event_message(tid, event);
  if (!message) {
    return Vanished{};
  }
  if (event == PTRACE_EVENT_EXEC) {
    return ExecStop{as_tid(*message)};
  }
  if (event == PTRACE_EVENT_EXIT) {
    return ExitStop{WaitStatus{static_cast<int>(*message)}};
  }
  return BirthStop{as_tid(*message)};
}

StopKind classify(Kernel& kernel, base::HostTid tid, WaitStatus status) {
  if (status.is_syscall_stop()) {
    return classify_call(kernel, tid);
  }
  if (status.is_group_stop()) {
    return GroupStop{status.stop_signal()};
  }
  if (status.is_trap_stop()) {
    return TrapStop{};
  }
  if (status.is_signal_delivery_stop()) {
    return classify_signal(kernel, tid, status.stop_signal());
  }
  return classify_event(kernel, tid, status.event());
}

}  // namespace

Report report_of(Kernel& kernel, const StatusChange& change) {
  if (change.status.has_ended()) {
    return Ended{change.tid, change.status};
  }
  return Stop{Stopped{kernel, change.tid}, classify(kernel, change.tid, change.status)};
}

Report next_report(Kernel& kernel, bool block) {
  const WaitResult waited = kernel.wait(block);
  if (std::holds_alternative<NothingLeft>(waited)) {
    return NothingLeft{};
  }
  if (std::holds_alternative<Interrupted>(waited)) {
    return Interrupted{};
  }
  if (std::holds_alternative<NotYet>(waited)) {
    return NotYet{};
  }
  return report_of(kernel, *std::get_if<StatusChange>(&waited));
}

}  // namespace boxtrace::ptrace
