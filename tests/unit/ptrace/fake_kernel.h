#pragma once
// A kernel that reports what a test scripted, in orders that a live one produces rarely, and writes
// down what was asked of it.

#include <fmt/format.h>
#include <sys/ptrace.h>

#include <cerrno>
#include <csignal>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tracer/ptrace/call_filter.h"
#include "tracer/ptrace/kernel.h"

namespace boxtrace::ptrace::test {

inline constexpr std::uint32_t kX86 = 0xC000003E;

class FakeKernel final : public Kernel {
 public:
  /// Reports to come. The answers belong to the stop that they are scripted with.
  struct Scripted {
    StatusChange change;
    std::optional<SyscallInfo> info;
    std::optional<std::uint64_t> message;
    std::optional<siginfo_t> details;
  };

  FakeKernel& enters(int tid, std::uint64_t nr, std::array<std::uint64_t, 6> args = {}) {
    SyscallInfo info;
    info.op = SyscallInfo::Op::Entry;
    info.arch = kX86;
    info.nr = nr;
    info.args = args;
    return add({{base::HostTid{tid}, syscall_stop_status()}, info, {}, {}});
  }
  /// A filter answers RET_TRACE, by default ours.
  FakeKernel& filter_stops(int tid, std::uint64_t nr, std::array<std::uint64_t, 6> args = {},
                           std::uint32_t data = kFilterCookie) {
    SyscallInfo info;
    info.op = SyscallInfo::Op::Seccomp;
    info.arch = kX86;
    info.nr = nr;
    info.args = args;
    info.seccomp_return_data = data;
    return add({{base::HostTid{tid}, stopped_status(SIGTRAP, PTRACE_EVENT_SECCOMP)}, info, {}, {}});
  }
  FakeKernel& returns(int tid, std::int64_t result) {
    SyscallInfo info;
    info.op = SyscallInfo::Op::Exit;
    info.arch = kX86;
    info.result = result;
    info.is_error = result < 0 && result >= -4095;
    return add({{base::HostTid{tid}, syscall_stop_status()}, info, {}, {}});
  }
  FakeKernel& traps(int tid) { return event(tid, PTRACE_EVENT_STOP, std::nullopt); }
  FakeKernel& reports_child(int tid, int child) {
    return event(tid, PTRACE_EVENT_CLONE, static_cast<std::uint64_t>(child));
  }
  /// ... from the middle of a call whose entry was not seen.
  FakeKernel& reports_child_in(int tid, int child, const SyscallInfo& call) {
    return add({{base::HostTid{tid}, stopped_status(SIGTRAP, PTRACE_EVENT_CLONE)},
                call,
                static_cast<std::uint64_t>(child),
                {}});
  }
  FakeKernel& execs(int tid, int former) {
    return event(tid, PTRACE_EVENT_EXEC, static_cast<std::uint64_t>(former));
  }
  FakeKernel& is_about_to_end(int tid, WaitStatus status) {
    return event(tid, PTRACE_EVENT_EXIT, static_cast<std::uint64_t>(status.raw()));
  }
  FakeKernel& gets_signal(int tid, int signal, int code = SI_USER, int sender = 0) {
    siginfo_t details{};
    details.si_signo = signal;
    details.si_code = code;
    details.si_pid = sender;
    return add({{base::HostTid{tid}, stopped_status(signal)}, {}, {}, details});
  }
  FakeKernel& group_stops(int tid, int signal) {
    return add({{base::HostTid{tid}, stopped_status(signal, PTRACE_EVENT_STOP)}, {}, {}, {}});
  }
  FakeKernel& ends(int tid, WaitStatus status) {
    return add({{base::HostTid{tid}, status}, {}, {}, {}});
  }
  /// From its next report on, every request for it says ESRCH.
  FakeKernel& kill_silently(int tid) {
    vanished_.insert(tid);
    return *this;
  }

  WaitResult wait(bool block) override {
    if (script_.empty()) {
      return block ? WaitResult{NothingLeft{}} : WaitResult{NotYet{}};
    }
    current_ = script_.front();
    script_.pop_front();
    return current_.change;
  }

  std::optional<SyscallInfo> syscall_info(base::HostTid tid) override {
    return is_gone(tid) ? std::nullopt : current_.info;
  }
  std::optional<std::uint64_t> event_message(base::HostTid tid, int /*event*/) override {
    return is_gone(tid) ? std::nullopt : current_.message;
  }
  std::optional<siginfo_t> signal_details(base::HostTid tid) override {
    return is_gone(tid) ? std::nullopt : current_.details;
  }
  std::optional<std::uint64_t> signal_mask(base::HostTid tid) override {
    return is_gone(tid) ? std::nullopt : std::optional{blocked_signals};
  }
  int seize(base::HostTid tid) override {
    note(tid, "seize");
    const auto refusals = seize_errors.find(tid.value);
    if (refusals == seize_errors.end() || refusals->second.empty()) {
      return 0;
    }
    const int err = refusals->second.front();
    refusals->second.pop_front();
    return err;
  }
  bool resume(base::HostTid tid, int signal, Until until) override {
    const std::string how = until == Until::NextCall ? "resume" : "continue";
    return note(tid, signal == 0 ? how : fmt::format("{} with {}", how, signal));
  }
  std::optional<raw::Registers> registers(base::HostTid tid) override {
    return is_gone(tid) ? std::nullopt : std::optional{user_registers};
  }
  bool refuse_call(base::HostTid tid) override { return note(tid, "refuse call"); }
  bool set_call_number(base::HostTid tid, std::uint64_t number) override {
    return note(tid, fmt::format("call {}", static_cast<std::int64_t>(number)));
  }
  bool set_first_argument(base::HostTid tid, raw::Abi /*abi*/, std::uint64_t value) override {
    return note(tid, fmt::format("argument {:#x}", value));
  }
  bool write_word(base::HostTid tid, base::Addr addr, std::uint64_t value) override {
    return note(tid, fmt::format("write {:#x} {:#x}", addr.value, value));
  }
  bool set_result(base::HostTid tid, std::int64_t result) override {
    return note(tid, fmt::format("result {}", result));
  }
  void wake_every(std::int64_t period) override {
    asked.push_back(fmt::format("wake every {}", period));
  }
  bool listen(base::HostTid tid) override { return note(tid, "listen"); }
  bool detach(base::HostTid tid, int signal) override {
    return note(tid, signal == 0 ? "detach" : fmt::format("detach with {}", signal));
  }
  bool interrupt(base::HostTid tid) override { return note(tid, "interrupt"); }
  void send_signal(base::HostPid pid, int signal) override {
    asked.push_back(fmt::format("{}: kill {}", pid.value, signal));
  }
  MemoryRead read_memory(base::HostTid /*tid*/, std::uint64_t addr,
                         std::span<std::byte> into) override {
    MemoryRead done;
    for (; done.size < into.size(); ++done.size) {
      const auto byte = memory.find(addr + done.size);
      if (byte == memory.end()) {
        done.err = EFAULT;
        break;
      }
      into[done.size] = byte->second;
    }
    return done;
  }
  std::int64_t now() override { return clock_ += 10; }
  /// Lets time go by.
  void pass(std::int64_t nanoseconds) { clock_ += nanoseconds; }

  /// `7: resume with 15`, in order.
  std::vector<std::string> asked;
  std::map<std::uint64_t, std::byte> memory;
  raw::Registers user_registers;
  std::uint64_t blocked_signals = 0;  ///< of every task
  /// What seize() answers for a tid, in order; 0 when there is nothing left.
  std::map<int, std::deque<int>> seize_errors;

 private:
  FakeKernel& add(Scripted scripted) {
    script_.push_back(std::move(scripted));
    return *this;
  }
  FakeKernel& event(int tid, int event, std::optional<std::uint64_t> message) {
    return add({{base::HostTid{tid}, stopped_status(SIGTRAP, event)}, {}, message, {}});
  }
  [[nodiscard]] bool is_gone(base::HostTid tid) const { return vanished_.count(tid.value) != 0; }
  bool note(base::HostTid tid, const std::string& what) {
    asked.push_back(fmt::format("{}: {}", tid.value, what));
    return !is_gone(tid);
  }

  std::deque<Scripted> script_;
  Scripted current_{{base::HostTid{}, WaitStatus{0}}, {}, {}, {}};
  std::set<int> vanished_;
  std::int64_t clock_ = 0;
};

}  // namespace boxtrace::ptrace::test
