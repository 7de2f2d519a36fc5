// The part of the engine that is about processes which have a life of their own: taking them over
// while they run, following them lightly, and letting go of them.

#include <algorithm>
#include <string>
#include <vector>

#include "tracer/ptrace/tracer.h"

namespace boxtrace::ptrace {
namespace {

// A task that does not come to a stop for so long, after we asked for one, will not soon: it sleeps
// uninterruptibly, as the parent of a vfork does until its child execs. It is left to the end of
// our thread, which needs no stop.
constexpr base::Nanos kLetGoPatience{1'000'000'000};

}  // namespace

// ----- taking over -----

void Tracer::adopt_process(const SeizedProcess& process) {
  now_ = emitter_->now();
  std::vector<base::HostTid> threads = process.threads;
  const auto is_leader = [&](base::HostTid tid) { return tid.value == process.pid.value; };
  std::sort(threads.begin(), threads.end());
  std::stable_partition(threads.begin(), threads.end(), is_leader);
  const bool is_light = following_.light == Following::Light::Always ||
                        (following_.light == Following::Light::Engines &&
                         is_engine(base::HostTid{process.pid.value}));
  std::optional<base::TaskId> leader;
  for (const base::HostTid tid : threads) {
    Tracee& tracee = tracees_.add(tid, process.pid, leader);
    leader = tracee.leader;
    tracee.may_turn_light = is_light;
    tracee.records_all = !chosen_;
    tracee.shows_calls = false;
    tracee.observe_at_start = false;
    raw::TaskStarted started;
    started.cause = raw::TaskStarted::Cause::Attached;
    started.tid = tid;
    started.pid = process.pid;
    started.leader = tracee.leader;
    emitter_->emit(tracee.id, now_, started);
    raw::Observation seen =
        tracee.leader == tracee.id ? observer_->observe_attached(tid) : first_observation(tracee);
    remember_pids(tracee, seen);
    emitter_->emit(tracee.id, now_, std::move(seen));
    if (is_light) {
      set_depth(tracee, Depth::Light);
    } else {
      kernel_->interrupt(tid);  // PTRACE_SYSCALL, which makes calls visible, takes a stop
    }
  }
  if (Tracee* const first = is_light ? tracees_.find(threads.front()) : nullptr) {
    light_calls_.explain(*first, now_, first->stops_at_returns);
  }
}

bool Tracer::is_engine(base::HostTid tid) const {
  return following_.is_engine &&
         following_.is_engine(observer_->exe(tid).value_or(""),
                              observer_->argv(tid).value_or(std::vector<std::string>{}));
}

void Tracer::stop_watching(Tracee& tracee) {
  light_calls_.end(tracee.tid);
  if (std::exchange(tracee.stops_at_returns, false)) {
    return_stops_->end(tracee.tid);
  }
}

void Tracer::set_depth(Tracee& tracee, Depth depth, bool may_be_in_call) {
  if (tracee.depth == depth) {
    return;
  }
  stop_watching(tracee);
  const bool is_light = depth == Depth::Light;
  const bool is_thread_of_go = !tracee.is_leader() && tracee.creator_stops_at_returns;
  tracee.stops_at_returns =
      (depth == Depth::Returns || (is_light && (is_thread_of_go || can_stop_at_returns(tracee)))) &&
      return_stops_->begin(tracee.tid,
                           is_light ? ReturnStops::Calls::Light : ReturnStops::Calls::Chosen,
                           {blocks_return_signal(tracee), may_be_in_call});
  tracee.births = 0;
  const bool is_full = depth == Depth::Returns && !tracee.stops_at_returns;
  tracee.depth = is_full ? Depth::Full : depth;
  if (tracee.has_own_filter && tracee.depth == Depth::Full) {
    note_own_filter(tracee);
  }
  tracee.shows_calls = tracee.depth == Depth::Full;
  if (is_light && !tracee.stops_at_returns) {
    light_calls_.begin(tracee);
  }
}

void Tracer::choose_depth(Tracee& tracee) {
  if (tracee.may_turn_light && is_engine(tracee.tid)) {
    set_depth(tracee, Depth::Light);
  } else {
    const bool can = can_stop_at_returns(tracee) && !blocks_return_signal(tracee);
    set_depth(tracee, can ? Depth::Returns : Depth::Full);
  }
}

bool Tracer::leaves_at_exec(const Tracee& tracee) {
  const bool is_commands_own = tracee.tid == command_ && !command_has_execed_;
  if (is_commands_own) {
    command_has_execed_ = true;
  }
  return following_.let_go_at_exec && !is_commands_own;
}

// ----- signals to us, and letting go -----

void Tracer::on_signals(const std::vector<RelayedSignal>& signals) {
  const bool has_command = command_.value != 0;
  for (const RelayedSignal& signal : signals) {
    const bool from_tracee = tracees_.find_if([&signal](const Tracee& tracee) {
      return tracee.pid.value == signal.sender;
    }) != nullptr;
    if (has_command && from_tracee) {
      continue;  // meant for its process group, and we would not be in it
    }
    if (is_letting_go()) {
      gives_up_ = true;  // asked twice: leave it to the kernel, which frees them when we exit
    } else if (!has_command || command_end_.seen || signal.front_is_gone) {
      let_go();
    } else if (!signal.from_kernel) {
      kernel_->send_signal(base::HostPid{command_.value}, signal.signal);
    }
  }
}

void Tracer::let_go() {
  if (is_filtered_) {
    release_filtered();
    return;
  }
  if (is_letting_go()) {
    return;
  }
  let_go_since_ = emitter_->now();
  release_delayed();
  tracees_.for_each([this](const Tracee& tracee) {
    if (tracee.depth != Depth::Light) {
      kernel_->interrupt(tracee.tid);
    }
  });
}

void Tracer::release_filtered() {
  keeps_ = !tracees_.empty();
  release_delayed();
  leave_the_rest();
  for (auto& [tid, held] : held_) {
    if (held.stop) {
      std::move(held.stop->stopped).resume(Until::NextEvent);  // the first stop of a new task
    }
  }
  held_.clear();
}

bool Tracer::detach(Tracee& tracee, Stopped stopped, int signal) {
  stop_watching(tracee);  // from now on nobody takes its signals away
  return std::move(stopped).detach(signal);
}

void Tracer::let_go_of(Tracee& tracee, Stopped stopped, int signal) {
  if (tracee.awaits_return_signal) {
    std::move(stopped).resume(Until::NextEvent, signal);  // it is the next stop
    return;
  }
  if (detach(tracee, std::move(stopped), signal)) {
    end_task(tracee, raw::TaskExited::Cause::Detached, 0, false);
  }
}

void Tracer::leave_the_rest() {
  std::vector<Tracee*> rest;
  tracees_.for_each([&rest](Tracee& tracee) { rest.push_back(&tracee); });
  std::sort(rest.begin(), rest.end(),
            [](const Tracee* a, const Tracee* b) { return a->id < b->id; });
  for (Tracee* tracee : rest) {
    end_task(*tracee, raw::TaskExited::Cause::Detached, 0, false);
  }
}

bool Tracer::is_done() {
  if (!is_letting_go()) {
    return tracees_.empty() && held_.empty() && !may_have_orphans_;
  }
  const bool is_waiting = !held_.empty() || tracees_.find_if([](const Tracee& tracee) {
    return tracee.depth != Depth::Light && !tracee.is_ending;
  }) != nullptr;
  return gives_up_ || !is_waiting || emitter_->now() - *let_go_since_ > kLetGoPatience;
}

}  // namespace boxtrace::ptrace
