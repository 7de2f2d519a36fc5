#include "tracer/ptrace/light_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "decoders/call_set.h"
#include "tracer/base/error_text.h"
#include "tracer/base/text.h"
#include "tracer/ptrace/fd_references.h"
#include "tracer/ptrace/tracee_memory.h"

namespace boxtrace::ptrace {
namespace {

constexpr std::string_view kPidfd = "anon_inode:[pidfd]";

// What an engine does with its own threads that becomes part of a container.
const std::vector<std::string_view>& watched_names() {
  static const std::vector<std::string_view> kNames = {
      "setns",      "unshare",   "mount",         "umount2",     "pivot_root",
      "move_mount", "open_tree", "fsopen",        "fsconfig",    "fsmount",
      "fspick",     "chroot",    "mount_setattr", "sethostname", "setdomainname"};
  return kNames;
}

}  // namespace

decoders::CallSet light_calls() {
  decoders::CallSet calls;
  for (const std::string_view name : watched_names()) {
    calls.add(decoders::CallChoice{name});
  }
  return calls;
}

void LightCalls::begin(const Tracee& tracee) {
  if (!watch_ && failure_.empty()) {
    auto watch = CallWatch::open(watched_names());
    if (watch.ok()) {
      watch_ = std::move(watch).value();
    } else {
      failure_ = base::render_error(watch.error());
    }
  }
  if (watch_) {
    const auto added = watch_->add(tracee.tid);
    if (!added.ok() && added.error().err != ESRCH) {
      failure_ = base::render_error(added.error());
      watch_.reset();
    }
  }
}

void LightCalls::explain(const Tracee& leader, base::Nanos now, bool are_seen) {
  // The same words for each process: the story says them once.
  emitter_->emit(leader.id, now,
                 raw::Gap{are_seen || watch_
                              ? "the calls of its own threads, except those that make or join "
                                "namespaces or change mounts: it is followed lightly"
                              : "the calls of its own threads, those that change namespaces and "
                                "mounts too: it is followed lightly, and " +
                                    failure_});
}

void LightCalls::end(base::HostTid tid) {
  if (watch_) {
    watch_->remove(tid);
  }
}

void LightCalls::take(Tracees& tracees) {
  if (!watch_) {
    return;
  }
  for (const WatchedCall& seen : watch_->take()) {
    Tracee* tracee = tracees.find(seen.tid);
    if (tracee == nullptr) {
      continue;
    }
    switch (seen.kind) {
      case WatchedCall::Kind::Entry:
        on_entry(*tracee, seen);
        break;
      case WatchedCall::Kind::Exit:
        on_exit(*tracee, seen);
        break;
      case WatchedCall::Kind::Lost:
        tracee->call.reset();
        emitter_->emit(tracee->id, emitter_->now(),
                       raw::Gap{fmt::format("{} records of this thread's calls were lost, as they "
                                            "came too fast",
                                            seen.nr)});
        break;
    }
  }
}

void LightCalls::on_entry(Tracee& tracee, const WatchedCall& seen) {
  CallInFlight call;
  call.call.abi = kWatchedAbi;
  call.call.nr = seen.nr;
  call.call.args = seen.args;
  call.entered = emitter_->since_start(seen.time);
  const TraceeMemory live{*kernel_, tracee.tid};
  call.decoded = decoders::decode_entry(call.call, raw::RecordingMemory{live, call.in}, options_);
  call.fds = read_fd_targets(*observer_, tracee, call);
  if (call.decoded.name == "setns") {
    // It may have been closed by now, and its number be another's.
    call.fds.erase(std::remove_if(call.fds.begin(), call.fds.end(),
                                  [&](const raw::FdTarget& fd) {
                                    return fd.target != kPidfd &&
                                           !observer_->is_namespace(tracee.tid, fd.fd);
                                  }),
                   call.fds.end());
  }
  tracee.call = std::move(call);
}

void LightCalls::on_exit(Tracee& tracee, const WatchedCall& seen) {
  if (!tracee.call) {
    return;  // it was in the call already when we came
  }
  CallInFlight call = std::move(*tracee.call);
  tracee.call.reset();
  SyscallInfo info;
  info.result = seen.result;
  info.is_error = seen.result < 0 && seen.result >= -kLargestErrno;
  const raw::Outcome outcome = outcome_of(info);
  raw::Snapshot out;
  const TraceeMemory live{*kernel_, tracee.tid};
  decoders::decode_exit(call.decoded, call.call, outcome, raw::RecordingMemory{live, out},
                        options_);
  const std::uint32_t mask =
      call.decoded.spec != nullptr ? decoders::observe_after(*call.decoded.spec, call.call) : 0;
  std::optional<raw::Observation> state;
  if (outcome.kind == raw::Outcome::Kind::Returned && mask != 0) {
    state = observer_->observe(tracee.tid, mask, raw::Observation::At::Call);
    if (watch_->has_news_of(tracee.tid)) {
      state.reset();  // it may be the state after a later call
    }
  }
  const bool has_missing_fd = call.fds.size() < fd_references(call.decoded, tracee.own_pids).size();
  const std::string name = call.decoded.name;
  emitter_->emit(tracee.id, emitter_->now(),
                 syscall_event(std::move(call), outcome, std::move(out)));
  if (has_missing_fd && !state) {
    emitter_->emit(tracee.id, emitter_->now(),
                   raw::Gap{fmt::format("what the {} of this thread was about could not be seen: "
                                        "it ran on before we looked",
                                        name)});
  }
  if (state) {
    emitter_->emit(tracee.id, emitter_->now(), std::move(*state));
  }
}

}  // namespace boxtrace::ptrace
