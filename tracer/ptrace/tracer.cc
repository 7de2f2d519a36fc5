#include "tracer/ptrace/tracer.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "decoders/call_set.h"
#include "decoders/registry.h"
#include "tracer/base/check.h"
#include "tracer/ptrace/call_filter.h"
#include "tracer/ptrace/control_writes.h"
#include "tracer/ptrace/fd_references.h"
#include "tracer/ptrace/return_programs.h"
#include "tracer/ptrace/tracee_memory.h"

namespace boxtrace::ptrace {
namespace {

raw::Call call_of(const SyscallInfo& info) {
  raw::Call call;
  call.abi = raw::abi_of(info.arch, info.nr);
  call.nr = call.abi == raw::Abi::X32 ? info.nr & ~raw::kX32SyscallBit : info.nr;
  call.args = info.args;
  call.instruction_pointer = info.instruction_pointer;
  call.stack_pointer = info.stack_pointer;
  return call;
}

base::Bytes bytes_of(const siginfo_t& details) {
  const auto bytes = std::as_bytes(std::span{&details, 1});
  const auto last = std::find_if(bytes.rbegin(), bytes.rend(),
                                 [](std::byte byte) { return byte != std::byte{0}; });
  return {bytes.begin(), last.base()};
}

bool has_sender(const siginfo_t& details) {
  switch (details.si_code) {
    case SI_USER:
    case SI_QUEUE:
    case SI_TKILL:
    case SI_MESGQ:
      return true;
    default:
      return details.si_signo == SIGCHLD && details.si_code > 0;  // CLD_EXITED and kin
  }
}

base::NsInode pid_ns_of(const raw::NsLinks& links) {
  return links.own.at(static_cast<std::size_t>(raw::NsKind::Pid));
}

}  // namespace

void Tracer::adopt_command(base::HostTid tid, bool filtered) {
  command_ = tid;
  is_launching_ = true;
  is_filtered_ = filtered;
  emitter_->hold();
  Tracee& tracee = tracees_.add(tid, base::HostPid{tid.value}, std::nullopt);
  tracee.every_call = !filtered;
  tracee.records_all = !chosen_;
  tracee.may_turn_light = following_.light == Following::Light::Always;
  raw::TaskStarted started;
  started.cause = raw::TaskStarted::Cause::Launched;
  started.tid = tracee.tid;
  started.pid = tracee.pid;
  started.leader = tracee.leader;
  started.exit_signal = SIGCHLD;
  emitter_->emit(tracee.id, emitter_->now(), started);
}

bool Tracer::step(Report report) {
  light_calls_.take(tracees_);
  take_passed_calls();
  now_ = emitter_->now();
  if (auto* stop = std::get_if<Stop>(&report)) {
    on_stop(std::move(*stop));
  } else if (const auto* ended = std::get_if<Ended>(&report)) {
    on_end(*ended);
  } else if (std::holds_alternative<NothingLeft>(report)) {
    tracees_.for_each([this](const Tracee& tracee) {
      emitter_->emit(tracee.id, now_, raw::Gap{"the end of this task was never reported"});
    });
    return false;
  }
  settle_births();
  proceed_due();
  return !is_done();
}

// ----- stops -----

void Tracer::on_stop(Stop stop) {
  const base::HostTid tid = stop.stopped.tid();
  forget_delayed(tid);
  if (const auto* exec = std::get_if<ExecStop>(&stop.kind)) {
    Tracee* caller = exec->former == tid ? nullptr : tracees_.find(exec->former);
    if (caller != nullptr) {
      take_over_group(*caller, tid);
    }
  }
  Tracee* tracee = tracees_.find(tid);
  if (tracee == nullptr) {
    hold(std::move(stop));
    return;
  }
  dispatch(*tracee, std::move(stop));
}

void Tracer::dispatch(Tracee& tracee, Stop stop) {
  tracee.shows_calls = tracee.depth == Depth::Full;
  const bool is_trap = std::holds_alternative<TrapStop>(stop.kind);
  if (!tracee.has_started && !is_trap && !std::holds_alternative<Vanished>(stop.kind)) {
    if (tracee.observe_at_start) {
      emitter_->emit(tracee.id, now_, first_observation(tracee));
    }
    tracee.has_started = true;
  }
  if (!on_return(tracee, stop.kind)) {
    observe_what_is_due(tracee, stop.kind);
  }
  if (tracee.stops_at_returns) {
    return_stops_->set_unobserved(
        tracee.tid, tracee.unobserved != 0 ? std::optional{tracee.last_call} : std::nullopt);
  }
  std::visit([&](const auto& kind) { on_kind(tracee, std::move(stop.stopped), kind); }, stop.kind);
}

void Tracer::on_kind(Tracee& tracee, Stopped stopped, const TrapStop& /*stop*/) {
  std::optional<raw::Observation> first;
  if (!std::exchange(tracee.has_started, true)) {
    if (tracee.observe_at_start) {
      first = first_observation(tracee);
    }
    choose_first_depth(tracee);
  }
  if (first) {
    emitter_->emit(tracee.id, now_, std::move(*first));
  }
  if (is_leaving(tracee)) {
    let_go_of(tracee, std::move(stopped), 0);
    return;
  }
  std::move(stopped).resume(tracee.stops_next());
}

void Tracer::on_kind(Tracee& tracee, Stopped stopped, const SignalStop& stop) {
  if (stop.signal == kReturnSignal && std::exchange(tracee.awaits_return_signal, false) &&
      stop.details.si_code == SI_KERNEL) {
    if (is_leaving(tracee)) {
      let_go_of(tracee, std::move(stopped), 0);
    } else {
      std::move(stopped).resume(tracee.stops_next());
    }
    return;
  }
  tracee.was_sent_sigsys = stop.signal == SIGSYS;
  raw::Signal event;
  event.signo = stop.signal;
  event.code = stop.details.si_code;
  event.siginfo = bytes_of(stop.details);
  if (is_leaving(tracee)) {
    event.sender = sender_of(tracee, stop.details);
    emitter_->emit(tracee.id, now_, event);
    let_go_of(tracee, std::move(stopped), stop.signal);
    return;
  }
  std::move(stopped).resume(tracee.stops_next(), stop.signal);
  if (tracee.depth == Depth::Light && stop.signal == SIGURG) {
    return;  // with which Go's runtime preempts its own threads, thousands of times
  }
  event.sender = sender_of(tracee, stop.details);
  emitter_->emit(tracee.id, now_, event);
}

void Tracer::on_kind(Tracee& tracee, Stopped stopped, const GroupStop& stop) {
  if (is_leaving(tracee)) {
    let_go_of(tracee, std::move(stopped), 0);  // it stays stopped: ptrace(2), PTRACE_SEIZE
    return;
  }
  std::move(stopped).listen();
  raw::Signal event;
  event.signo = stop.signal;
  event.stopped = true;
  emitter_->emit(tracee.id, now_, event);
}

void Tracer::on_kind(Tracee& tracee, Stopped stopped, const OtherStop& /*stop*/) {
  if (is_leaving(tracee)) {
    let_go_of(tracee, std::move(stopped), 0);
    return;
  }
  std::move(stopped).resume(tracee.stops_next());
}

void Tracer::on_kind(Tracee& /*tracee*/, Stopped stopped, const Vanished& /*stop*/) {
  std::move(stopped).forget();
}

// ----- calls -----

void Tracer::on_kind(Tracee& tracee, Stopped stopped, const SyscallStop& stop) {
  switch (stop.info.op) {
    case SyscallInfo::Op::Entry:
      on_entry(tracee, std::move(stopped), stop.info);
      return;
    case SyscallInfo::Op::Exit:
      on_exit(tracee, std::move(stopped), stop.info);
      return;
    case SyscallInfo::Op::Seccomp:
      on_filter(tracee, std::move(stopped), stop.info);
      return;
    case SyscallInfo::Op::None:
      break;
  }
  BT_CHECK(false, "the stop of a call without a call");
}

void Tracer::on_filter(Tracee& tracee, Stopped stopped, const SyscallInfo& info) {
  if (is_foreign_filter(info)) {
    // The tracee's own RET_TRACE. Nobody but us is there to stop for, and without us it would fail.
    kernel_->refuse_call(tracee.tid);
  } else if (!tracee.every_call || !tracee.call) {
    on_entry(tracee, std::move(stopped), info);
    return;
  }
  std::move(stopped).resume(tracee.stops_next());
}

void Tracer::follow_filter_to_all_threads(const Tracee& caller) {
  // Before the call begins: else a call that the new filter denies could go unseen in a thread that
  // is running. Whatever they are doing, they reach a stop before their next call.
  for (Tracee* other : tracees_.threads_of(caller.pid)) {
    const bool runs_past_calls = !note_own_filter(*other);
    if (other != &caller && runs_past_calls) {
      kernel_->interrupt(other->tid);
    }
  }
}

bool Tracer::note_own_filter(Tracee& tracee) {
  if (tracee.stops_at_returns) {
    tracee.has_own_filter = true;
    return true;
  }
  tracee.records_all = true;
  return std::exchange(tracee.every_call, true);  // what its filter denies never reaches ours
}

bool Tracer::is_left_out(const Tracee& tracee, const raw::Call& call) const {
  const decoders::SyscallSpec* spec =
      tracee.records_all ? nullptr : decoders::find_syscall(call.abi, call.nr);
  return spec != nullptr && !chosen_->contains(*spec, call);
}

bool Tracer::is_before_command(const Tracee& tracee, const CallInFlight& call) const {
  return is_launching_ && tracee.tid == command_ && !call.is_exec();
}

void Tracer::look_at_arguments(const Tracee& tracee, CallInFlight& call,
                               const raw::Memory& memory) const {
  call.decoded = decoders::decode_entry(call.call, raw::RecordingMemory{memory, call.in}, options_);
  if (call.decoded.spec != nullptr &&
      (fd_detail_ != FdDetail::Needed ||
       (call.decoded.spec->observe & decoders::kObserveFdArgs) != 0)) {
    call.fds = read_fd_targets(*observer_, tracee, call, fd_detail_);
  }
}

void Tracer::on_entry(Tracee& tracee, Stopped stopped, const SyscallInfo& info) {
  if (is_leaving(tracee)) {
    let_go_of(tracee, std::move(stopped), 0);
    return;
  }
  if (tracee.depth != Depth::Full) {
    std::move(stopped).resume(tracee.stops_next());
    return;
  }
  drop_call(tracee, raw::Outcome::Kind::Unknown);  // an exit that was not reported
  CallInFlight call;
  call.call = call_of(info);
  if (is_left_out(tracee, call.call)) {
    std::move(stopped).resume(tracee.stops_next());
    return;
  }
  call.entered = now_;
  look_at_arguments(tracee, call, TraceeMemory{*kernel_, tracee.tid});
  if (call.is_filter_install_for_all()) {
    follow_filter_to_all_threads(tracee);
  }
  if (stacks_ != nullptr && !is_launching_) {  // until then it is our own code that calls
    stacks_->capture(tracee, call);
  }
  keep_child_traced(tracee, call);
  if (!is_before_command(tracee, call)) {
    tracee.call.emplace(std::move(call));
  }
  if (tracee.call && !(is_launching_ && tracee.tid == command_)) {
    tracee.call->injection =
        injector_.at_entry(tracee.id, tracee.call->call.abi, tracee.call->call.nr);
  }
  if (give_up_for_another_tracer(tracee, stopped)) {
    return;
  }
  const Injection* const injection = tracee.call ? tracee.call->injection : nullptr;
  if (injection != nullptr) {
    begin_injection(tracee);
    proceed(tracee, std::move(stopped), injection->delay_enter, injection->signal);
  } else {
    std::move(stopped).resume(tracee.stops_next());
  }
  if (tracee.call) {
    emitter_->enter(tracee.id, now_, *tracee.call);
  }
}

bool Tracer::detach_or_resume(Tracee& tracee, Stopped stopped, bool leaves) {
  if (leaves) {
    return detach(tracee, std::move(stopped), 0);
  }
  std::move(stopped).resume(tracee.stops_next());
  return false;
}

Tracer::EndedCall Tracer::end_call(Tracee& tracee, const SyscallInfo& info,
                                   const raw::Memory& memory) {
  EndedCall ended{*std::exchange(tracee.call, std::nullopt), {}, {}, {}, {}, {}};
  const CallInFlight& call = ended.call;
  restore_birth_flags(tracee, call);
  ended.injected = end_injection(tracee, call);
  ended.outcome = ended.injected ? *ended.injected : outcome_of(info);
  if (!ended.injected) {
    decoders::decode_exit(ended.call.decoded, call.call, ended.outcome,
                          raw::RecordingMemory{memory, ended.out}, options_);
  }
  if (!ended.has_succeeded()) {
    return ended;
  }
  const std::uint32_t mask =
      call.decoded.spec != nullptr ? decoders::observe_after(*call.decoded.spec, call.call) : 0;
  if (mask == decoders::kObserveStatus) {
    tracee.unobserved = mask;
    tracee.last_call = call.call.nr;
  } else if (mask != 0 && !call.is_exec()) {  // an exec was observed at its own stop
    ended.seen = observer_->observe(tracee.tid, mask, raw::Observation::At::Call);
  }
  if (fd_detail_ != FdDetail::Needed && call.decoded.spec != nullptr &&
      call.decoded.spec->returns == decoders::Returns::Fd) {
    add_fd_target(*observer_, tracee, base::FdNum{static_cast<std::int32_t>(ended.outcome.value)},
                  fd_detail_, ended.call.fds);
  }
  tracee.has_moved = tracee.has_moved || call.is_move();
  ended.elsewhere = observe_control_write(tracee, call);
  if (call.is_filter_install()) {
    note_own_filter(tracee);
  }
  return ended;
}

void Tracer::report(const Tracee& tracee, EndedCall ended) {
  if (ended.call.is_birth() && ended.has_succeeded() && !ended.call.child) {
    report_untraced_child(tracee, ended.call, ended.outcome);
  }
  raw::Syscall event = syscall_event(std::move(ended.call), ended.outcome, std::move(ended.out));
  event.injected = ended.injected.has_value();
  emitter_->emit(tracee.id, now_, std::move(event));
  if (ended.seen) {
    emitter_->emit(tracee.id, now_, *std::move(ended.seen));
  }
  if (ended.elsewhere) {
    emitter_->emit(ended.elsewhere->task, now_, std::move(ended.elsewhere->seen));
  }
}

void Tracer::on_exit(Tracee& tracee, Stopped stopped, const SyscallInfo& info) {
  if (!tracee.call) {
    std::move(stopped).resume(tracee.stops_next());
    return;
  }
  EndedCall ended = end_call(tracee, info, TraceeMemory{*kernel_, tracee.tid});
  const bool has_execed = ended.has_succeeded() && ended.call.is_exec();
  const bool leaves = has_execed && leaves_at_exec(tracee);
  if (has_execed) {
    choose_depth(tracee);
  }
  const base::Nanos delay =
      ended.call.injection != nullptr ? ended.call.injection->delay_exit : base::Nanos{};
  bool has_left = false;
  if (delay.value != 0 && !leaves) {
    proceed(tracee, std::move(stopped), delay, 0);
  } else {
    has_left = detach_or_resume(tracee, std::move(stopped), leaves);
  }

  if (is_launching_ && tracee.tid == command_ && ended.call.is_exec() &&
      ended.outcome.kind == raw::Outcome::Kind::Failed) {
    exec_failure_ = static_cast<int>(ended.outcome.value);
    return;
  }
  report(tracee, std::move(ended));
  if (tracee.depth == Depth::Light) {
    light_calls_.explain(tracee, now_, tracee.stops_at_returns);  // it has just become an engine
  }
  if (has_left) {
    end_task(tracee, raw::TaskExited::Cause::Detached, 0, false);
  }
}

std::optional<Tracer::Elsewhere> Tracer::observe_control_write(const Tracee& writer,
                                                               const CallInFlight& call) {
  const auto write = control_write(writer, call, pid_ns_of(observer_->host()));
  const Tracee* about = write ? tracees_.find(base::HostTid{write->about.value}) : nullptr;
  if (about == nullptr) {
    return std::nullopt;
  }
  return Elsewhere{about->id,
                   observer_->observe(about->tid, write->mask, raw::Observation::At::Call)};
}

void Tracer::drop_call(Tracee& tracee, raw::Outcome::Kind kind) {
  if (!tracee.call) {
    return;
  }
  if (tracee.has_unreported_birth() && kind == raw::Outcome::Kind::NoReturn) {
    may_have_orphans_ = true;
  }
  CallInFlight call = std::move(*tracee.call);
  tracee.call.reset();
  emitter_->emit(tracee.id, now_, syscall_event(std::move(call), {kind, 0}, {}));
}

// ----- what /proc says -----

void Tracer::observe_what_is_due(Tracee& tracee, const StopKind& stop) {
  const auto* call = std::get_if<SyscallStop>(&stop);
  const bool goes_on = call != nullptr && call->info.nr == tracee.last_call;
  if (!tracee.call && !goes_on && !std::holds_alternative<Vanished>(stop)) {
    observe_unobserved(tracee);
  }
}

void Tracer::observe_unobserved(Tracee& tracee) {
  if (const std::uint32_t mask = std::exchange(tracee.unobserved, 0); mask != 0) {
    emitter_->emit(tracee.id, now_,
                   observer_->observe(tracee.tid, mask, raw::Observation::At::Call));
  }
}

raw::Observation Tracer::first_observation(Tracee& tracee) {
  // The namespaces of a plain fork are those of its creator.
  const std::uint32_t mask =
      decoders::kObserveStatus |
      (tracee.has_moved || tracee.pid_ns.value == 0 ? decoders::kObserveNs : std::uint32_t{0});
  raw::Observation seen = observer_->observe(tracee.tid, mask, raw::Observation::At::Start);
  remember_pids(tracee, seen);
  return seen;
}

void Tracer::remember_pids(Tracee& tracee, const raw::Observation& seen) {
  if (seen.ns) {
    tracee.pid_ns = pid_ns_of(*seen.ns);
  }
  if (seen.status) {
    tracee.own_pids = seen.status->ns_tgid;
  }
}

const Tracee* Tracer::find_known_as(const Tracee& viewer, std::int64_t pid) {
  if (viewer.pid_ns == pid_ns_of(observer_->host())) {
    return tracees_.find(base::HostTid{static_cast<std::int32_t>(pid)});
  }
  return tracees_.find_if([&](const Tracee& candidate) {
    return candidate.pid_ns == viewer.pid_ns && !candidate.own_pids.empty() &&
           candidate.own_pids.back().value == pid;
  });
}

std::optional<base::HostPid> Tracer::sender_of(const Tracee& receiver, const siginfo_t& details) {
  // The kernel writes the number that the receiver may know the sender by; 0 if there is none.
  if (!has_sender(details) || details.si_pid <= 0) {
    return std::nullopt;
  }
  if (receiver.pid_ns == pid_ns_of(observer_->host())) {
    return base::HostPid{details.si_pid};
  }
  const Tracee* const sender = find_known_as(receiver, details.si_pid);
  return sender != nullptr ? std::optional{sender->pid} : std::nullopt;
}

// ----- exec -----

void Tracer::take_over_group(Tracee& caller, base::HostTid leader_tid) {
  for (Tracee* other : tracees_.threads_of(caller.pid)) {
    if (other != &caller) {
      end_task(*other, raw::TaskExited::Cause::Superseded, 0, false);
    }
  }
  set_depth(caller, Depth::Full);  // the tid is another's from now on
  tracees_.rename(caller.tid, leader_tid);
}

void Tracer::on_kind(Tracee& tracee, Stopped stopped, const ExecStop& stop) {
  raw::TaskExeced event;
  event.former_tid = stop.former;
  event.exe = observer_->exe(tracee.tid).value_or("");
  raw::Observation seen = observer_->observe_exec(tracee.tid);
  remember_pids(tracee, seen);
  // Where no call was seen to begin, this is all that is seen of it.
  const bool is_unseen = !tracee.call;
  const bool leaves = is_unseen && leaves_at_exec(tracee);
  if (is_unseen) {
    choose_depth(tracee);
    seen.argv = observer_->argv(tracee.tid);
  }
  const bool has_left = detach_or_resume(tracee, std::move(stopped), leaves);
  emitter_->emit(tracee.id, now_, std::move(event));
  emitter_->emit(tracee.id, now_, std::move(seen));
  if (has_left) {
    end_task(tracee, raw::TaskExited::Cause::Detached, 0, false);
  }
  if (is_launching_ && tracee.tid == command_) {
    is_launching_ = false;
    emitter_->release();
  }
}

// ----- ends -----

void Tracer::on_kind(Tracee& tracee, Stopped stopped, const ExitStop& /*stop*/) {
  std::move(stopped).resume(tracee.stops_next());
  stop_watching(tracee);  // before its tid can be another's
  tracee.is_ending = true;
  tracee.ends_by_call = tracee.call && tracee.call->is_exit();
  drop_call(tracee, raw::Outcome::Kind::NoReturn);
}

bool Tracer::is_superseded(const Tracee& tracee, WaitStatus status) {
  // A thread that an execve of another one swept away ends with status 0, as if of its own accord.
  if (tracee.is_leader() || tracee.ends_by_call || status != exited_status(0)) {
    return false;
  }
  return tracees_.find_if([&tracee](const Tracee& other) {
    return other.pid == tracee.pid && other.call && other.call->is_exec();
  }) != nullptr;
}

void Tracer::on_end(const Ended& ended) {
  forget_delayed(ended.tid);
  Tracee* tracee = tracees_.find(ended.tid);
  if (tracee == nullptr) {
    const auto [place, is_new] = held_.try_emplace(ended.tid);
    Held& held = place->second;
    if (is_new) {
      held.since = now_;
    }
    if (held.stop) {
      std::move(held.stop->stopped).forget();
      held.stop.reset();
    }
    held.end = ended.status;
    return;
  }
  if (ended.tid == command_) {
    command_end_.seen = true;
    command_end_.code = ended.status.has_exited() ? ended.status.exit_code() : 0;
    command_end_.signal = ended.status.was_killed() ? ended.status.kill_signal() : 0;
    command_end_.core_dumped = ended.status.was_killed() && ended.status.core_dumped();
    if (is_launching_ && ended.status.has_exited() && exec_failure_ == 0) {
      exec_failure_ = ended.status.exit_code();  // see launch.cc, become_command
    } else if (is_launching_ && exec_failure_ == 0) {
      emitter_->release();  // killed before it could become the command: that is the whole story
    }
  }
  if (ended.status.was_killed()) {
    end_task(*tracee, raw::TaskExited::Cause::Signal, ended.status.kill_signal(),
             ended.status.core_dumped());
  } else if (is_superseded(*tracee, ended.status)) {
    end_task(*tracee, raw::TaskExited::Cause::Superseded, 0, false);
  } else {
    end_task(*tracee, raw::TaskExited::Cause::Code, ended.status.exit_code(), false);
  }
}

void Tracer::end_task(Tracee& tracee, raw::TaskExited::Cause cause, int value, bool core_dumped) {
  drop_call(tracee, cause == raw::TaskExited::Cause::Detached ? raw::Outcome::Kind::Unknown
                                                              : raw::Outcome::Kind::NoReturn);
  raw::TaskExited event;
  event.cause = cause;
  event.value = value;
  event.core_dumped = core_dumped;
  emitter_->emit(tracee.id, now_, event);
  stop_watching(tracee);
  let_the_other_tracer_go_on(tracee.tid);
  tracees_.remove(tracee.tid);
}

}  // namespace boxtrace::ptrace
