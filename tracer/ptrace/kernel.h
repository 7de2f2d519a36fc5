#pragma once
// The seam between the engine and the kernel: every wait, ptrace request and read of a tracee's
// memory goes through here, so that the engine's bookkeeping can be tested with scripted stops, in
// orders that a live kernel produces once in a million runs.
//
// No request can fail with anything but "the task is gone": a tracee can be killed at any moment,
// ptrace-stopped or not, and every request from then on says ESRCH until its end is waited for.
// That is not an error but news which has not arrived yet, so requests return nullopt or false.
// What else a request could say (EIO, EINVAL, EFAULT) would be a mistake of ours, and aborts.
//
// Source: ptrace(2) "Death under ptrace".

#include <array>
#include <csignal>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>

#include "tracer/base/ids.h"
#include "tracer/ptrace/same_cpu.h"
#include "tracer/ptrace/wait_status.h"
#include "tracer/raw/arch.h"
#include "tracer/raw/stack.h"

namespace boxtrace::ptrace {

/// What PTRACE_GET_SYSCALL_INFO says.
struct SyscallInfo {
  enum class Op : std::uint8_t { None, Entry, Exit, Seccomp };
  Op op = Op::None;
  std::uint32_t arch = 0;  ///< AUDIT_ARCH_*, of this call
  std::uint64_t instruction_pointer = 0;
  std::uint64_t stack_pointer = 0;
  std::uint64_t nr = 0;                   ///< Entry, Seccomp
  std::array<std::uint64_t, 6> args{};    ///< Entry, Seccomp
  std::int64_t result = 0;                ///< Exit
  bool is_error = false;                  ///< Exit: `result` is a negated errno
  std::uint32_t seccomp_return_data = 0;  ///< Seccomp
};

struct StatusChange {
  base::HostTid tid;
  WaitStatus status{0};
};
struct NothingLeft {};  ///< ECHILD: neither children nor tracees
struct Interrupted {};  ///< EINTR: a signal handler of ours ran
struct NotYet {};       ///< nothing to report now; only when not blocking
using WaitResult = std::variant<StatusChange, NothingLeft, Interrupted, NotYet>;

/// Where a resumed task stops next, if no signal or event of its own stops it before.
enum class Until : std::uint8_t {
  NextCall,   ///< PTRACE_SYSCALL: at the next entry or exit of a call
  NextEvent,  ///< PTRACE_CONT: at the next call that our filter has chosen, if it has one
};

/// How much of a read succeeded, and why it ended early.
struct MemoryRead {
  std::size_t size = 0;
  int err = 0;  ///< 0, EFAULT, EPERM, ESRCH
};

class Kernel {
 public:
  Kernel() = default;
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;
  Kernel(Kernel&&) = delete;
  Kernel& operator=(Kernel&&) = delete;
  virtual ~Kernel() = default;

  /// wait4(-1, __WALL). Every tracee, thread or process, and our own children.
  virtual WaitResult wait(bool block) = 0;

  [[nodiscard]] virtual std::optional<SyscallInfo> syscall_info(base::HostTid tid) = 0;
  /// The message of the stop with PTRACE_EVENT_* `event`. Nothing when the task is not in that stop
  /// any more: SIGKILL ends every stop, and the message of the next one, the exit's, is a status.
  [[nodiscard]] virtual std::optional<std::uint64_t> event_message(base::HostTid tid,
                                                                   int event) = 0;
  /// PTRACE_GETSIGINFO.
  [[nodiscard]] virtual std::optional<siginfo_t> signal_details(base::HostTid tid) = 0;

  /// PTRACE_GETSIGMASK: the signals that a stopped task blocks, SIGHUP in bit 0.
  [[nodiscard]] virtual std::optional<std::uint64_t> signal_mask(base::HostTid tid) = 0;

  /// PTRACE_SEIZE: the task is ours from now on, and runs on. 0, or the errno: ESRCH when there is
  /// no such task, EPERM when it may not be traced.
  [[nodiscard]] virtual int seize(base::HostTid tid) = 0;

  /// Lets it run, delivering `signal` if it is not 0.
  virtual bool resume(base::HostTid tid, int signal, Until until) = 0;
  /// In a Seccomp stop: makes the call fail with ENOSYS, once resumed.
  virtual bool refuse_call(base::HostTid tid) = 0;
  /// At the entry of a call: another call runs in its place, none if there is none of that number.
  virtual bool set_call_number(base::HostTid tid, std::uint64_t number) = 0;
  /// At the entry or the exit of a call: the register of its first argument.
  virtual bool set_first_argument(base::HostTid tid, raw::Abi abi, std::uint64_t value) = 0;
  /// Eight bytes of its memory, even where it may not write itself.
  virtual bool write_word(base::HostTid tid, base::Addr addr, std::uint64_t value) = 0;
  /// At the exit of a call: its result, a negated errno if it failed.
  virtual bool set_result(base::HostTid tid, std::int64_t result) = 0;
  /// Interrupts wait() that often, in nanoseconds; 0: no more.
  virtual void wake_every(std::int64_t period) = 0;
  /// PTRACE_GETREGSET, NT_PRSTATUS. Within a call, rax is its number, as the program set it.
  [[nodiscard]] virtual std::optional<raw::Registers> registers(base::HostTid tid) = 0;
  /// PTRACE_LISTEN: leaves a group-stopped task stopped, yet sensitive to SIGCONT.
  virtual bool listen(base::HostTid tid) = 0;
  /// PTRACE_DETACH, delivering `signal` if it is not 0.
  virtual bool detach(base::HostTid tid, int signal) = 0;
  /// PTRACE_INTERRUPT: a stop of it will be reported soon.
  virtual bool interrupt(base::HostTid tid) = 0;

  /// kill(2).
  virtual void send_signal(base::HostPid pid, int signal) = 0;

  /// Bytes of a tracee's memory, from `addr` up to the first page that cannot be read.
  [[nodiscard]] virtual MemoryRead read_memory(base::HostTid tid, std::uint64_t addr,
                                               std::span<std::byte> into) = 0;

  /// CLOCK_MONOTONIC in nanoseconds, with an origin of its own.
  [[nodiscard]] virtual std::int64_t now() = 0;
};

/// The kernel we run on. All requests must come from the thread that seized the tracees.
class LiveKernel final : public Kernel {
 public:
  /// `narrowed`: see SameCpu.
  explicit LiveKernel(NarrowedTask* narrowed = nullptr) : same_cpu_(narrowed) {}
  WaitResult wait(bool block) override;
  [[nodiscard]] std::optional<SyscallInfo> syscall_info(base::HostTid tid) override;
  [[nodiscard]] std::optional<std::uint64_t> event_message(base::HostTid tid, int event) override;
  [[nodiscard]] std::optional<siginfo_t> signal_details(base::HostTid tid) override;
  [[nodiscard]] std::optional<std::uint64_t> signal_mask(base::HostTid tid) override;
  [[nodiscard]] int seize(base::HostTid tid) override;
  bool resume(base::HostTid tid, int signal, Until until) override;
  bool refuse_call(base::HostTid tid) override;
  bool set_call_number(base::HostTid tid, std::uint64_t number) override;
  bool set_first_argument(base::HostTid tid, raw::Abi abi, std::uint64_t value) override;
  bool write_word(base::HostTid tid, base::Addr addr, std::uint64_t value) override;
  bool set_result(base::HostTid tid, std::int64_t result) override;
  void wake_every(std::int64_t period) override;
  [[nodiscard]] std::optional<raw::Registers> registers(base::HostTid tid) override;
  bool listen(base::HostTid tid) override;
  bool detach(base::HostTid tid, int signal) override;
  bool interrupt(base::HostTid tid) override;
  void send_signal(base::HostPid pid, int signal) override;
  [[nodiscard]] MemoryRead read_memory(base::HostTid tid, std::uint64_t addr,
                                       std::span<std::byte> into) override;
  [[nodiscard]] std::int64_t now() override;

 private:
  SameCpu same_cpu_;
};

}  // namespace boxtrace::ptrace
