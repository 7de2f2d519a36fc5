#pragma once
// The engine proper: turns reports of stops into events, and resumes what stopped.
//
// Births. A new task's first stop and the event in its creator may be reported in either order, and
// the creator may be killed in between. A stop of an unknown tid is therefore kept until its
// creator has reported; it is Found, without a creator, once no call that could have made it is in
// flight any more.
//
//   creator:  clone enter ... BirthStop(child) ... clone exit
//   child:                 TrapStop ...                       <- may come first
//
// A task that is followed lightly shows no calls, so it may always be about to report a child: an
// unclaimed stop then waits for half a second.
//
// Ends. A task is gone when its end was waited for, not when a request says ESRCH. The end of a
// leader that exits before its threads is reported when the last of them has ended. In an execve
// by another thread than the leader, the leader is never reported: its tid passes to the caller.
//
// Calls. Entry and exit are told apart by PTRACE_GET_SYSCALL_INFO, never by counting. A call in
// flight when its task ends did not return.

#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <variant>

#include "decoders/call_set.h"
#include "decoders/spec.h"
#include "tracer/ptrace/attach.h"
#include "tracer/ptrace/emitter.h"
#include "tracer/ptrace/engine.h"
#include "tracer/ptrace/inject.h"
#include "tracer/ptrace/light_calls.h"
#include "tracer/ptrace/observe.h"
#include "tracer/ptrace/return_stops.h"
#include "tracer/ptrace/signal_relay.h"
#include "tracer/ptrace/stack_capture.h"
#include "tracer/ptrace/stop.h"
#include "tracer/ptrace/tracees.h"

namespace boxtrace::ptrace {

class Tracer {
 public:
  /// Keeps references.
  Tracer(Kernel& kernel, const Observer& observer, Emitter& emitter,
         const decoders::Options& options, Following following = {})
      : kernel_(&kernel),
        observer_(&observer),
        emitter_(&emitter),
        options_(options),
        following_(std::move(following)),
        light_calls_(kernel, observer, emitter, options) {}

  /// Meddles with calls from now on. Reports nothing itself: an event says that it was meddled
  /// with.
  void inject(Injector injector) { injector_ = std::move(injector); }

  /// What is read of descriptors; see LaunchOptions::fds.
  void describe_fds(FdDetail detail) { fd_detail_ = detail; }

  /// Tasks that are followed in full stop at the returns of chosen calls from their execve on,
  /// where they can. `stops` must have been opened with the calls of choose_calls(). Keeps a
  /// reference.
  void stop_at_returns(ReturnStops& stops) { return_stops_ = &stops; }

  /// Call stacks are captured from now on. Keeps a reference.
  void set_stacks(StackCapture& stacks) { stacks_ = &stacks; }

  /// Takes over a seized child that waits to become the command. What it does up to its first
  /// execve is not recorded, and all events are held back until that has succeeded.
  /// `filtered`: it will install our filter of calls before that.
  void adopt_command(base::HostTid tid, bool filtered = false);

  /// Only these calls become events, of tasks that are taken over from now on, though tasks stop at
  /// all: for tasks that cannot have a filter.
  void choose_calls(decoders::CallSet calls) { chosen_ = std::move(calls); }

  /// Takes over a process that was seized and runs.
  void adopt_process(const SeizedProcess& process);

  /// Treats one report. `false` when there is nothing left to trace.
  bool step(Report report);

  /// Acts on signals sent to the tracer itself.
  void on_signals(const std::vector<RelayedSignal>& signals);

  /// Begins to let go of everything: step() says when it is done. It takes a stop of each task that
  /// is followed in full; those followed lightly are left alone, and freed when our thread ends.
  void let_go();
  [[nodiscard]] bool is_letting_go() const { return let_go_since_.has_value(); }
  /// Says of all that are left that they are not traced any more; they are about to be.
  void leave_the_rest();

  /// How the command ended; `seen` is false as long as it has not.
  [[nodiscard]] const CommandEnd& command_end() const { return command_end_; }
  /// The errno with which the command's execve failed, 0 if it did not.
  [[nodiscard]] int exec_failure() const { return exec_failure_; }
  /// It has let go of tasks that have our filter of calls: no more steps, and they need a keeper.
  [[nodiscard]] bool keeps() const { return keeps_; }
  [[nodiscard]] std::uint32_t tasks() const { return tracees_.total(); }

 private:
  /// Reports of a tid that we cannot place yet.
  struct Held {
    std::optional<Stop> stop;
    std::optional<WaitStatus> end;
    std::optional<base::HostPid> group;  ///< once it was asked for
    base::Nanos since;
  };

  void on_stop(Stop stop);
  void on_end(const Ended& ended);
  void dispatch(Tracee& tracee, Stop stop);

  void on_kind(Tracee& tracee, Stopped stopped, const SyscallStop& stop);
  void on_kind(Tracee& tracee, Stopped stopped, const SignalStop& stop);
  void on_kind(Tracee& tracee, Stopped stopped, const GroupStop& stop);
  void on_kind(Tracee& tracee, Stopped stopped, const TrapStop& stop);
  void on_kind(Tracee& tracee, Stopped stopped, const BirthStop& stop);
  void on_kind(Tracee& tracee, Stopped stopped, const ExecStop& stop);
  void on_kind(Tracee& tracee, Stopped stopped, const ExitStop& stop);
  void on_kind(Tracee& tracee, Stopped stopped, const OtherStop& stop);
  void on_kind(Tracee& tracee, Stopped stopped, const Vanished& stop);

  void on_filter(Tracee& tracee, Stopped stopped, const SyscallInfo& info);
  void on_entry(Tracee& tracee, Stopped stopped, const SyscallInfo& info);
  /// Reads what its arguments point to, and what its descriptors are.
  void look_at_arguments(const Tracee& tracee, CallInFlight& call, const raw::Memory& memory) const;
  /// True if the task runs on untraced.
  bool detach_or_resume(Tracee& tracee, Stopped stopped, bool leaves);
  void on_exit(Tracee& tracee, Stopped stopped, const SyscallInfo& info);
  void follow_filter_to_all_threads(const Tracee& caller);
  /// From now on what it denies is seen too. False if that takes a stop.
  bool note_own_filter(Tracee& tracee);
  /// An observation of another task than the caller.
  struct Elsewhere {
    base::TaskId task;
    raw::Observation seen;
  };
  /// A call that ended, and what was seen of it while its task is stopped.
  struct EndedCall {
    CallInFlight call;
    raw::Outcome outcome;
    std::optional<raw::Outcome> injected;
    raw::Snapshot out;
    std::optional<raw::Observation> seen;
    std::optional<Elsewhere> elsewhere;
    [[nodiscard]] bool has_succeeded() const {
      return !injected && outcome.kind == raw::Outcome::Kind::Returned;
    }
  };
  [[nodiscard]] EndedCall end_call(Tracee& tracee, const SyscallInfo& info,
                                   const raw::Memory& memory);
  void report(const Tracee& tracee, EndedCall ended);
  /// Reports the call whose return has stopped the task, or is about to. False if there is none.
  bool on_return(Tracee& tracee, const StopKind& stop);
  /// Reports the calls that needed no stop.
  void take_passed_calls();
  [[nodiscard]] CallInFlight returned_call(const Tracee& tracee, const ReturnedCall& returned,
                                           const raw::Memory& memory) const;
  void report_returned(Tracee& tracee, const ReturnedCall& returned, const raw::Memory& memory);
  [[nodiscard]] bool can_stop_at_returns(const Tracee& tracee) const;
  [[nodiscard]] bool blocks_return_signal(const Tracee& tracee) const;
  /// Takes CLONE_UNTRACED out of a call that is about to run, where its child must stay ours.
  void keep_child_traced(const Tracee& tracee, CallInFlight& call);
  void restore_birth_flags(const Tracee& tracee, const CallInFlight& call);
  bool set_birth_flags(const Tracee& tracee, const CallInFlight& call, std::uint64_t flags);
  void begin_injection(const Tracee& tracee);
  /// Writes the result that the call is to have, and says which.
  [[nodiscard]] std::optional<raw::Outcome> end_injection(const Tracee& tracee,
                                                          const CallInFlight& call);
  /// Resumes after `delay`, at once if it is 0.
  void proceed(const Tracee& tracee, Stopped stopped, base::Nanos delay, int signal);
  void proceed_due();
  void release_delayed();
  void forget_delayed(base::HostTid tid);
  [[nodiscard]] bool is_left_out(const Tracee& tracee, const raw::Call& call) const;
  [[nodiscard]] bool is_before_command(const Tracee& tracee, const CallInFlight& call) const;
  [[nodiscard]] std::optional<Elsewhere> observe_control_write(const Tracee& writer,
                                                               const CallInFlight& call);
  void report_untraced_child(const Tracee& tracee, const CallInFlight& call,
                             const raw::Outcome& outcome);

  [[nodiscard]] raw::Observation first_observation(Tracee& tracee);
  void observe_what_is_due(Tracee& tracee, const StopKind& stop);
  void observe_unobserved(Tracee& tracee);
  void remember_pids(Tracee& tracee, const raw::Observation& seen);
  [[nodiscard]] std::optional<base::HostPid> sender_of(const Tracee& receiver,
                                                       const siginfo_t& details);

  Tracee& add_child(const Tracee& creator, base::HostTid tid, const BirthFlags& flags);
  void hold(Stop stop);
  void release_held(Tracee& tracee);
  void settle_births();
  [[nodiscard]] bool may_be_claimed(base::HostTid tid, Held& held);
  void add_found(base::HostTid tid);

  void drop_call(Tracee& tracee, raw::Outcome::Kind kind);
  void end_task(Tracee& tracee, raw::TaskExited::Cause cause, int value, bool core_dumped);
  void take_over_group(Tracee& caller, base::HostTid leader_tid);
  [[nodiscard]] bool is_superseded(const Tracee& tracee, WaitStatus status);

  void release_filtered();
  [[nodiscard]] bool is_engine(base::HostTid tid) const;
  void set_depth(Tracee& tracee, Depth depth, bool may_be_in_call = true);
  void choose_depth(Tracee& tracee);
  /// At the first stop of a child.
  void choose_first_depth(Tracee& tracee);
  [[nodiscard]] bool leaves_at_exec(const Tracee& tracee);
  /// What is known of the call that makes a task, while its creator is stopped in it.
  struct Birth {
    BirthFlags flags;
    std::optional<raw::CallNumber> by;
  };
  [[nodiscard]] Birth birth_of(Tracee& creator);

  /// Ends what tells of calls of the task that it is not stopped at the entry of.
  void stop_watching(Tracee& tracee);
  bool detach(Tracee& tracee, Stopped stopped, int signal);
  void let_go_of(Tracee& tracee, Stopped stopped, int signal);
  [[nodiscard]] bool is_leaving(const Tracee& tracee) const {
    return is_letting_go() || tracee.is_given_up;
  }

  /// The task that `viewer` knows by this pid.
  [[nodiscard]] const Tracee* find_known_as(const Tracee& viewer, std::int64_t pid);
  /// The task that a ptrace call asks for.
  [[nodiscard]] const Tracee* find_wanted(const Tracee& caller);
  /// At the entry of a call: true if it takes a tracee of ours, and `stopped` was used.
  bool give_up_for_another_tracer(Tracee& caller, Stopped& stopped);
  void let_the_other_tracer_go_on(base::HostTid given_up);
  [[nodiscard]] bool is_done();

  Kernel* kernel_;
  const Observer* observer_;
  Emitter* emitter_;
  decoders::Options options_;
  StackCapture* stacks_ = nullptr;
  Following following_;
  std::optional<decoders::CallSet> chosen_;
  LightCalls light_calls_;
  ReturnStops* return_stops_ = nullptr;

  Tracees tracees_;
  std::unordered_map<base::HostTid, Held> held_;
  base::Nanos now_{};
  /// A task ended in the middle of a birth: its child may exist and not have reported yet.
  bool may_have_orphans_ = false;

  base::HostTid command_{};
  bool is_filtered_ = false;
  bool is_launching_ = false;
  int exec_failure_ = 0;
  CommandEnd command_end_;

  bool command_has_execed_ = false;

  FdDetail fd_detail_ = FdDetail::Needed;
  Injector injector_;
  struct Delayed {
    Stopped stopped;
    int signal;
    base::Nanos due;
  };
  std::map<base::HostTid, Delayed> delayed_;

  /// Tasks that are given up, and who waits for that.
  std::map<base::HostTid, base::HostTid> awaited_;

  std::optional<base::Nanos> let_go_since_;
  bool gives_up_ = false;
  bool keeps_ = false;
};

}  // namespace boxtrace::ptrace
