#pragma once
// The tasks we trace. A tid names a task only while it lives: the kernel reuses it afterwards, and
// gives the leader's tid to whichever thread calls execve. A TaskId names it for ever.

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "decoders/decode.h"
#include "tracer/base/ids.h"
#include "tracer/ptrace/kernel.h"
#include "tracer/raw/event.h"

namespace boxtrace::ptrace {

struct Injection;

/// A call between its entry and its exit.
struct CallInFlight {
  raw::Call call;
  base::Nanos entered;
  raw::Snapshot in;
  std::vector<raw::FdTarget> fds;
  decoders::DecodedCall decoded;
  std::optional<base::TaskId> child;  ///< once the kernel has told us of it
  std::optional<raw::Stack> stack;    ///< who made it, where that was asked for
  std::optional<raw::CallSite> site;
  const Injection* injection = nullptr;  ///< what we do to it
  bool is_unmasked = false;              ///< CLONE_UNTRACED was taken out while it runs

  /// fork, vfork, clone or clone3.
  [[nodiscard]] bool is_birth() const;
  [[nodiscard]] bool is_exec() const;
  /// exit or exit_group.
  [[nodiscard]] bool is_exit() const;
  /// unshare or setns.
  [[nodiscard]] bool is_move() const;
  /// Asks for a seccomp filter, or for strict mode.
  [[nodiscard]] bool is_filter_install() const;
  /// ... for all threads of the process at once.
  [[nodiscard]] bool is_filter_install_for_all() const;
};

/// The CLONE_* flags and the exit signal of a birth, from the call in flight in the creator.
struct BirthFlags {
  std::uint64_t flags = 0;
  std::uint32_t exit_signal = 0;
};
/// `call` must be a birth. `memory` is asked for the arguments of clone3.
[[nodiscard]] BirthFlags birth_flags(const CallInFlight& call, const raw::Memory& memory);

/// The largest number that an error can have. Source: include/linux/err.h: MAX_ERRNO.
inline constexpr std::int64_t kLargestErrno = 4095;

/// `info` is of an exit.
[[nodiscard]] raw::Outcome outcome_of(const SyscallInfo& info);

/// The event of a call that has ended; its time is when that was.
[[nodiscard]] raw::Syscall syscall_event(CallInFlight&& call, raw::Outcome outcome,
                                         raw::Snapshot out);

/// How closely a task is followed.
enum class Depth : std::uint8_t {
  Full,  ///< it stops at the entry and the exit of each call
  /// It stops where it makes a task, becomes another program, gets a signal, and where one of the
  /// chosen calls returns. See return_stops.h.
  Returns,
  Light,  ///< it stops only where it makes a task, becomes another program, or gets a signal
};

struct Tracee {
  base::TaskId id;
  base::HostTid tid;
  base::HostPid pid;
  base::TaskId leader;
  bool has_started = false;      ///< its first stop was seen
  bool observe_at_start = true;  ///< false for threads, which start as their creator is
  bool is_ending = false;        ///< its ExitStop was seen; only its end can follow
  bool ends_by_call = false;     ///< ... because it called exit or exit_group
  /// It stops at every call. Else only at those of our filter, as long as it has none of its own.
  bool every_call = true;
  /// All calls that it stops at become events. Else only the chosen ones, as long as it has no
  /// filter of its own.
  bool records_all = true;
  /// It may have a filter of its own, and stops at returns: at those of denied calls as well.
  bool has_own_filter = false;
  Depth depth = Depth::Full;
  bool may_turn_light = false;  ///< it does when it becomes an engine; children inherit this
  bool creator_stops_at_returns = false;  ///< it did when it made this one
  std::uint64_t births = 0;               ///< that were seen since it has Depth::Returns
  bool stops_at_returns = false;          ///< it is known to return_stops.h
  bool awaits_return_signal = false;  ///< one of return_stops.h, whose call was reported already
  bool was_sent_sigsys = false;       ///< its last signal was one
  bool is_given_up = false;           ///< to another tracer, at its next stop
  bool shows_calls = true;            ///< false: a call may be in flight that we have not seen
  std::optional<CallInFlight> call;
  /// What its last call may have changed and is still to be observed, of decoders::Observe:
  /// runtimes drop forty capabilities in forty calls, and the last state tells it all.
  std::uint32_t unobserved = 0;
  std::uint64_t last_call = 0;  ///< the number of that call
  /// It, or an ancestor, has changed namespaces by unshare or setns: they are not simply inherited.
  bool has_moved = false;
  base::NsInode pid_ns;               ///< the pid namespace it is a member of, 0 if not known
  std::vector<base::NsPid> own_pids;  ///< its process's pids, from our pid namespace inwards

  [[nodiscard]] bool is_leader() const { return tid.value == pid.value; }
  /// It is in a call that makes a task, which the kernel has not reported.
  [[nodiscard]] bool has_unreported_birth() const {
    return call && call->is_birth() && !call->child;
  }
  /// Where it has to stop next for nothing to be missed.
  [[nodiscard]] Until stops_next() const {
    if (depth != Depth::Full) {
      return Until::NextEvent;
    }
    const bool awaits_return = call && !call->is_exit();
    return every_call || awaits_return ? Until::NextCall : Until::NextEvent;
  }
};

class Tracees {
 public:
  /// A new task with the next TaskId. `leader` is empty for a task that leads its own group.
  /// The tid must not be in the table.
  Tracee& add(base::HostTid tid, base::HostPid pid, std::optional<base::TaskId> leader);

  /// The task that has this tid now, or null.
  [[nodiscard]] Tracee* find(base::HostTid tid);

  void remove(base::HostTid tid);

  /// The task of `from` takes over the tid of its leader, whose task must have been removed.
  void rename(base::HostTid from, base::HostTid to);

  /// All threads of a group.
  [[nodiscard]] std::vector<Tracee*> threads_of(base::HostPid pid);

  template <typename Predicate>
  [[nodiscard]] Tracee* find_if(Predicate predicate) {
    for (auto& [tid, tracee] : by_tid_) {
      if (predicate(*tracee)) {
        return tracee.get();
      }
    }
    return nullptr;
  }

  template <typename Visit>
  void for_each(Visit visit) {
    for (auto& [tid, tracee] : by_tid_) {
      visit(*tracee);
    }
  }

  [[nodiscard]] bool empty() const { return by_tid_.empty(); }
  [[nodiscard]] std::size_t size() const { return by_tid_.size(); }
  /// How many there ever were.
  [[nodiscard]] std::uint32_t total() const { return last_id_; }

 private:
  // Pointers to tasks stay good while others come and go.
  std::unordered_map<base::HostTid, std::unique_ptr<Tracee>> by_tid_;
  std::uint32_t last_id_ = 0;
};

}  // namespace boxtrace::ptrace
