#pragma once
// Calls of threads that we do not stop.
//
// A thread that is followed lightly (see Depth) does not stop at its calls, yet some of them
// matter: dockerd itself steps into the network namespace of a container and back. The kernel's
// raw_syscalls tracepoints, opened as perf events of that one thread and filtered in the kernel by
// the number of the call, tell of these calls and of no other, at the cost of some hundred
// nanoseconds for each call of the thread and nothing for anybody else.
//
// What they tell are registers. The memory behind them, and what a descriptor refers to, has to be
// read while the thread runs on, soon after; whoever reads has to bear in mind that it may be too
// late. has_news_of() tells whether the thread has begun another watched call since.
//
// The ring of a thread is read by us only, so the kernel never waits for us: it drops records when
// the ring is full, and says so. SIGIO, whose handler does nothing, interrupts wait4(2) when there
// is something to read.
//
// Source: perf_event_open(2); include/trace/events/syscalls.h: sys_enter, sys_exit.

#include <array>
#include <csignal>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tracer/base/ids.h"
#include "tracer/base/result.h"
#include "tracer/os/fd.h"
#include "tracer/raw/arch.h"

namespace boxtrace::ptrace {

/// One record of a tracepoint.
struct WatchedCall {
  enum class Kind : std::uint8_t {
    Entry,  ///< `nr`, `args`
    Exit,   ///< `nr`, `result`
    Lost,   ///< `nr` records were dropped here
  };
  Kind kind = Kind::Entry;
  base::HostTid tid;
  std::int64_t time = 0;  ///< CLOCK_MONOTONIC, ns
  std::uint64_t nr = 0;
  std::array<std::uint64_t, 6> args{};
  std::int64_t result = 0;  ///< a negated errno when it failed
};

/// The ABI whose numbers the tracepoints use: that of the machine.
inline constexpr raw::Abi kWatchedAbi =
#if defined(__x86_64__)
    raw::Abi::X86_64;
#elif defined(__aarch64__)
    raw::Abi::Aarch64;
#else
    raw::Abi::Unknown;
#endif

class CallWatch {
 public:
  /// Watches the calls of these names. For the calling thread, whose waits it interrupts.
  /// @errors  when tracepoints or perf events are not to be had, with the reason.
  [[nodiscard]] static base::Result<std::unique_ptr<CallWatch>> open(
      const std::vector<std::string_view>& names);
  CallWatch(const CallWatch&) = delete;
  CallWatch& operator=(const CallWatch&) = delete;
  CallWatch(CallWatch&&) = delete;
  CallWatch& operator=(CallWatch&&) = delete;
  ~CallWatch();

  /// From now on this thread's calls too.
  /// @errors  EPERM, EMFILE, ...; ESRCH when it is gone.
  [[nodiscard]] base::Result<void> add(base::HostTid tid);
  void remove(base::HostTid tid);
  [[nodiscard]] bool watches(base::HostTid tid) const { return rings_.count(tid) != 0; }

  /// All that was recorded since the last time, in the order of time.
  [[nodiscard]] std::vector<WatchedCall> take();
  /// It has recorded something that was not taken.
  [[nodiscard]] bool has_news_of(base::HostTid tid) const;

 private:
  class Ring;
  CallWatch(std::uint64_t entry_id, std::uint64_t exit_id, std::string filter);

  std::uint64_t entry_id_;
  std::uint64_t exit_id_;
  std::string filter_;
  std::map<base::HostTid, std::unique_ptr<Ring>> rings_;
  struct sigaction old_action_ {};
};

}  // namespace boxtrace::ptrace
