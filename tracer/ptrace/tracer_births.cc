// The part of the engine that is about births: the kernel reports a child and its creator's call in
// either order, and either of them may be killed before it reports.

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "tracer/base/check.h"
#include "tracer/ptrace/call_in_progress.h"
#include "tracer/ptrace/tracee_memory.h"
#include "tracer/ptrace/tracer.h"

namespace boxtrace::ptrace {
namespace {

// How long a stop waits for its creator's report when the creator may be a task whose calls we do
// not see. The report comes at once, unless the creator was killed.
constexpr base::Nanos kClaimPatience{500'000'000};
// How long it waits before we ask who could have been its creator. Nearly all are claimed before.
constexpr base::Nanos kClaimHaste{5'000'000};

// Its calls are not known to us, so one of them may be making a task.
bool may_be_in_a_birth(const Tracee& tracee) { return !tracee.shows_calls && !tracee.is_ending; }

}  // namespace

void Tracer::hold(Stop stop) {
  const base::HostTid tid = stop.stopped.tid();
  Held& held = held_[tid];
  if (held.stop) {
    // Only SIGKILL ends a stop that we have not ended: this is the stop of the exit, or gone as
    // well.
    BT_CHECK(
        std::holds_alternative<ExitStop>(stop.kind) || std::holds_alternative<Vanished>(stop.kind),
        "a task stopped twice without being resumed");
    std::move(held.stop->stopped).forget();
  }
  if (std::holds_alternative<ExitStop>(stop.kind)) {
    held.group = observer_->group_of(tid);  // the last chance to ask
  }
  held.since = now_;
  held.stop.emplace(std::move(stop));
}

Tracer::Birth Tracer::birth_of(Tracee& creator) {
  const TraceeMemory live{*kernel_, creator.tid};
  if (creator.call && creator.call->is_birth()) {
    CallInFlight& call = *creator.call;
    return {birth_flags(call, raw::RecordingMemory{live, call.in}),
            raw::CallNumber{call.call.abi, call.call.nr}};
  }
  const auto call = call_in_progress(*kernel_, *observer_, creator.tid, options_);
  if (!call || !call->is_birth()) {
    return {};
  }
  return {birth_flags(*call, live), raw::CallNumber{call->call.abi, call->call.nr}};
}

Tracee& Tracer::add_child(const Tracee& creator, base::HostTid tid, const BirthFlags& flags) {
  const bool is_thread = (flags.flags & CLONE_THREAD) != 0;
  constexpr std::uint64_t kNewNamespaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC |
                                           CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUSER |
                                           CLONE_NEWCGROUP;
  Tracee& child = is_thread ? tracees_.add(tid, creator.pid, creator.leader)
                            : tracees_.add(tid, base::HostPid{tid.value}, std::nullopt);
  child.every_call = creator.every_call;
  child.records_all = creator.records_all;
  child.has_own_filter = creator.has_own_filter;
  child.observe_at_start = !is_thread || (flags.flags & kNewNamespaces) != 0;
  child.has_moved = creator.has_moved || (flags.flags & kNewNamespaces) != 0;
  child.pid_ns = creator.pid_ns;
  child.may_turn_light = creator.may_turn_light;
  child.creator_stops_at_returns = creator.stops_at_returns;
  if (is_thread) {
    child.own_pids = creator.own_pids;
  }
  return child;
}

void Tracer::on_kind(Tracee& creator, Stopped stopped, const BirthStop& stop) {
  const Birth birth = birth_of(creator);
  ++creator.births;
  std::move(stopped).resume(creator.stops_next());
  if (tracees_.find(stop.child) != nullptr) {
    return;  // Found before its creator reported, which settle_births() should have excluded
  }
  Tracee& child = add_child(creator, stop.child, birth.flags);
  if (creator.call) {
    creator.call->child = child.id;
  }
  raw::TaskStarted started;
  started.cause = raw::TaskStarted::Cause::Forked;
  started.tid = child.tid;
  started.pid = child.pid;
  started.leader = child.leader;
  started.creator = creator.id;
  started.by = birth.by;
  started.flags = birth.flags.flags;
  started.exit_signal = birth.flags.exit_signal;
  if (creator.call) {
    started.stack = creator.call->stack;
  }
  emitter_->emit(child.id, now_, started);
  if (child.pid == creator.pid && creator.depth == Depth::Light) {
    set_depth(child, creator.depth);
  }
  release_held(child);
}

void Tracer::release_held(Tracee& tracee) {
  auto node = held_.extract(tracee.tid);
  if (node.empty()) {
    return;
  }
  Held held = std::move(node.mapped());
  if (held.stop) {
    dispatch(tracee, std::move(*held.stop));
  }
  if (held.end) {
    on_end(Ended{node.key(), *held.end});
  }
}

bool Tracer::may_be_claimed(base::HostTid tid, Held& held) {
  const base::Nanos age = now_ - held.since;
  if (age >= kClaimPatience) {
    return false;
  }
  if (age >= kClaimHaste && !held.group) {
    held.group = observer_->group_of(tid);
  }
  // A thread can only have been made by another one of its process, all of which may be gone: the
  // end of that process must not wait for us.
  const bool is_thread = age >= kClaimHaste && held.group && held.group->value != tid.value;
  return tracees_.find_if([&](const Tracee& tracee) {
    return may_be_in_a_birth(tracee) && (!is_thread || tracee.pid == *held.group);
  }) != nullptr;
}

void Tracer::settle_births() {
  if (held_.empty() || tracees_.find_if([](const Tracee& tracee) {
        return tracee.has_unreported_birth();
      }) != nullptr) {
    return;
  }
  std::vector<base::HostTid> unclaimed;
  for (auto place = held_.begin(); place != held_.end();) {
    Held& held = place->second;
    if (may_be_claimed(place->first, held)) {
      ++place;
    } else if (held.stop || may_have_orphans_) {
      unclaimed.push_back(place->first);
      ++place;
    } else {
      // An end without a stop is that of a child of ours which we do not trace, such as one that
      // the program had which started us; unless some task was killed while it made another.
      place = held_.erase(place);
    }
  }
  std::sort(unclaimed.begin(), unclaimed.end());
  for (const base::HostTid tid : unclaimed) {
    add_found(tid);
  }
}

void Tracer::add_found(base::HostTid tid) {
  const auto group = held_[tid].group;
  const base::HostPid pid =
      group ? *group : observer_->group_of(tid).value_or(base::HostPid{tid.value});
  const Tracee* leader = pid.value == tid.value ? nullptr : tracees_.find(base::HostTid{pid.value});
  Tracee& tracee =
      tracees_.add(tid, pid, leader != nullptr ? std::optional{leader->id} : std::nullopt);
  raw::TaskStarted started;
  started.cause = raw::TaskStarted::Cause::Found;
  started.tid = tid;
  started.pid = pid;
  started.leader = tracee.leader;
  emitter_->emit(tracee.id, now_, started);
  if (leader != nullptr && leader->depth == Depth::Light) {
    set_depth(tracee, leader->depth);
  }
  release_held(tracee);
}

void Tracer::report_untraced_child(const Tracee& tracee, const CallInFlight& call,
                                   const raw::Outcome& outcome) {
  emitter_->emit(
      tracee.id, now_,
      raw::Gap{fmt::format("{} returned {}, a task made with CLONE_UNTRACED: it and all that it "
                           "makes are missing from this trace",
                           call.decoded.name, outcome.value)});
}

}  // namespace boxtrace::ptrace
