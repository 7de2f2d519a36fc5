#include "tracer/ptrace/kernel.h"

#include <elf.h>
#include <fmt/format.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <ctime>
#include <string>

#include "tracer/base/check.h"
#include "tracer/os/file.h"
#include "tracer/ptrace/launch.h"

namespace boxtrace::ptrace {
namespace {

constexpr std::uint64_t kPageSize = 4096;
// More pieces than this in one process_vm_readv(2) is EINVAL. Source: uio.h, UIO_MAXIOV.
constexpr std::size_t kMostPieces = 1024;

void* as_pointer(std::uint64_t value) {
  return reinterpret_cast<void*>(static_cast<std::uintptr_t>(value));
}

// True when the request was carried out, false when the task is gone.
bool succeeded(long result) {
  if (result >= 0) {
    return true;
  }
  BT_CHECK(errno == ESRCH, "a ptrace request failed otherwise than by the death of the task: " +
                               std::string(std::strerror(errno)));
  return false;
}

// Pieces of at most a page, because a transfer is all or nothing for each piece: with one large
// piece, a fault in its second page would hide the bytes of the first.
std::size_t split_at_pages(std::uint64_t addr, std::size_t size,
                           std::array<iovec, kMostPieces>& pieces) {
  std::size_t count = 0;
  while (size > 0 && count < pieces.size()) {
    const std::size_t to_page_end = static_cast<std::size_t>(kPageSize - addr % kPageSize);
    const std::size_t take = std::min(size, to_page_end);
    pieces[count++] = {as_pointer(addr), take};
    size -= take;
    addr += take;  // may wrap at the end of the address space: such a page is never readable
  }
  return count;
}

// For kernels and sandboxes that refuse process_vm_readv(2) to us, not the access as such.
MemoryRead read_by_file(base::HostTid tid, std::uint64_t addr, std::span<std::byte> into) {
  const auto file = os::open_file(fmt::format("/proc/{}/mem", tid.value));
  if (!file.ok()) {
    const int err = file.error().err;
    return {0, err == EACCES ? EPERM : err == ENOENT ? ESRCH : err};
  }
  MemoryRead done;
  while (done.size < into.size()) {
    const ssize_t got = ::pread(file.value().get(), into.data() + done.size,
                                into.size() - done.size, static_cast<off_t>(addr + done.size));
    if (got <= 0) {
      done.err = got == 0 ? ESRCH : errno == EIO ? EFAULT : errno;  // 0: the address space is gone
      break;
    }
    done.size += static_cast<std::size_t>(got);
  }
  return done;
}

// The kernel answers with the registers of the mode that the task is in: 32-bit code has its own
// set. Source: arch/x86/kernel/ptrace.c: task_user_regset_view(), struct user_regs_struct32.
constexpr std::size_t kNarrowRegisters = 17;

raw::Registers wide_registers(const user_regs_struct& from) {
  raw::Registers to;
  const bool in_call = static_cast<std::int64_t>(from.orig_rax) >= 0;
  to.values = {in_call ? from.orig_rax : from.rax,
               from.rdx,
               from.rcx,
               from.rbx,
               from.rsi,
               from.rdi,
               from.rbp,
               from.rsp,
               from.r8,
               from.r9,
               from.r10,
               from.r11,
               from.r12,
               from.r13,
               from.r14,
               from.r15,
               from.rip};
  return to;
}

raw::Registers narrow_registers(const std::array<std::uint32_t, kNarrowRegisters>& from) {
  enum : std::size_t { kEbx, kEcx, kEdx, kEsi, kEdi, kEbp, kEax, kOrigEax = 11, kEip, kEsp = 15 };
  raw::Registers to;
  const bool in_call = static_cast<std::int32_t>(from[kOrigEax]) >= 0;
  to.is_32bit = true;
  to.values = {from[in_call ? kOrigEax : kEax],
               from[kEdx],
               from[kEcx],
               from[kEbx],
               from[kEsi],
               from[kEdi],
               from[kEbp],
               from[kEsp],
               0,
               0,
               0,
               0,
               0,
               0,
               0,
               0,
               from[kEip]};
  return to;
}

}  // namespace

WaitResult LiveKernel::wait(bool block) {
  int status = 0;
  const pid_t tid = ::wait4(-1, &status, __WALL | (block ? 0 : WNOHANG), nullptr);
  if (tid > 0) {
    same_cpu_.on_stop(base::HostTid{tid});
    return StatusChange{base::HostTid{tid}, WaitStatus{status}};
  }
  if (tid == 0) {
    return NotYet{};
  }
  if (errno == EINTR) {
    return Interrupted{};
  }
  BT_CHECK(errno == ECHILD, "wait4 failed");
  return NothingLeft{};
}

std::optional<SyscallInfo> LiveKernel::syscall_info(base::HostTid tid) {
  __ptrace_syscall_info raw{};
  if (!succeeded(::ptrace(PTRACE_GET_SYSCALL_INFO, tid.value, sizeof(raw), &raw))) {
    return std::nullopt;
  }
  SyscallInfo info;
  info.arch = raw.arch;
  info.instruction_pointer = raw.instruction_pointer;
  info.stack_pointer = raw.stack_pointer;
  switch (raw.op) {
    case PTRACE_SYSCALL_INFO_ENTRY:
      info.op = SyscallInfo::Op::Entry;
      info.nr = raw.entry.nr;
      std::copy(std::begin(raw.entry.args), std::end(raw.entry.args), info.args.begin());
      same_cpu_.on_entry(raw::abi_of(raw.arch, raw.entry.nr), raw.entry.nr);
      break;
    case PTRACE_SYSCALL_INFO_EXIT:
      info.op = SyscallInfo::Op::Exit;
      info.result = raw.exit.rval;
      info.is_error = raw.exit.is_error != 0;
      break;
    case PTRACE_SYSCALL_INFO_SECCOMP:
      info.op = SyscallInfo::Op::Seccomp;
      info.nr = raw.seccomp.nr;
      std::copy(std::begin(raw.seccomp.args), std::end(raw.seccomp.args), info.args.begin());
      same_cpu_.on_entry(raw::abi_of(raw.arch, raw.seccomp.nr), raw.seccomp.nr);
      info.seccomp_return_data = raw.seccomp.ret_data;
      break;
    default:
      break;
  }
  return info;
}

std::optional<std::uint64_t> LiveKernel::event_message(base::HostTid tid, int event) {
  unsigned long message = 0;
  if (!succeeded(::ptrace(PTRACE_GETEVENTMSG, tid.value, nullptr, &message))) {
    return std::nullopt;
  }
  // Asked afterwards, as stops only go forward. Its code: kernel/signal.c, ptrace_do_notify().
  const auto details = signal_details(tid);
  const bool is_of_event = details && details->si_code == ((event << 8) | SIGTRAP);
  return is_of_event ? std::optional<std::uint64_t>{message} : std::nullopt;
}

std::optional<siginfo_t> LiveKernel::signal_details(base::HostTid tid) {
  siginfo_t details{};
  if (!succeeded(::ptrace(PTRACE_GETSIGINFO, tid.value, nullptr, &details))) {
    return std::nullopt;
  }
  return details;
}

std::optional<std::uint64_t> LiveKernel::signal_mask(base::HostTid tid) {
  std::uint64_t mask = 0;
  if (!succeeded(::ptrace(static_cast<__ptrace_request>(PTRACE_GETSIGMASK), tid.value, sizeof(mask),
                          &mask))) {
    return std::nullopt;
  }
  return mask;
}

int LiveKernel::seize(base::HostTid tid) {
  return ::ptrace(PTRACE_SEIZE, tid.value, nullptr, trace_options(false)) == 0 ? 0 : errno;
}

bool LiveKernel::resume(base::HostTid tid, int signal, Until until) {
  const bool is_narrowed = same_cpu_.narrow(tid);
  const bool done =
      succeeded(::ptrace(until == Until::NextCall ? PTRACE_SYSCALL : PTRACE_CONT, tid.value,
                         nullptr, as_pointer(static_cast<std::uint64_t>(signal))));
  if (is_narrowed) {
    same_cpu_.widen(tid);
  }
  return done;
}

bool LiveKernel::refuse_call(base::HostTid tid) {
  // A number below zero is no call: the kernel skips it, and the result stays what the entry has
  // set it to, -ENOSYS. Source: kernel/seccomp.c, __seccomp_filter; seccomp(2) "SECCOMP_RET_TRACE".
  return set_call_number(tid, ~0ULL);
}

bool LiveKernel::set_call_number(base::HostTid tid, std::uint64_t number) {
  // The offsets are those of the tracer, whatever the tracee is. PTRACE_SET_SYSCALL_INFO could do
  // the same since Linux 6.16, no better. Source: arch/x86/kernel/ptrace.c: arch_ptrace.
  const std::uint64_t at = offsetof(struct user, regs.orig_rax);
  return succeeded(::ptrace(PTRACE_POKEUSER, tid.value, as_pointer(at), as_pointer(number)));
}

bool LiveKernel::set_first_argument(base::HostTid tid, raw::Abi abi, std::uint64_t value) {
  const std::uint64_t at =
      abi == raw::Abi::I386 ? offsetof(struct user, regs.rbx) : offsetof(struct user, regs.rdi);
  return succeeded(::ptrace(PTRACE_POKEUSER, tid.value, as_pointer(at), as_pointer(value)));
}

bool LiveKernel::write_word(base::HostTid tid, base::Addr addr, std::uint64_t value) {
  return succeeded(::ptrace(PTRACE_POKEDATA, tid.value, as_pointer(addr.value), as_pointer(value)));
}

bool LiveKernel::set_result(base::HostTid tid, std::int64_t result) {
  const std::uint64_t at = offsetof(struct user, regs.rax);
  return succeeded(::ptrace(PTRACE_POKEUSER, tid.value, as_pointer(at),
                            as_pointer(static_cast<std::uint64_t>(result))));
}

void LiveKernel::wake_every(std::int64_t period) {
  // Repeated, since one that comes between the decision to wait and the waiting would be lost.
  struct sigaction action {};
  action.sa_handler = [](int) {};
  ::sigaction(SIGALRM, &action, nullptr);  // without SA_RESTART: wait4 ends with EINTR
  itimerval timer{};
  timer.it_interval.tv_sec = period / 1'000'000'000;
  timer.it_interval.tv_usec = period / 1000 % 1'000'000;
  timer.it_value = timer.it_interval;
  ::setitimer(ITIMER_REAL, &timer, nullptr);
}

std::optional<raw::Registers> LiveKernel::registers(base::HostTid tid) {
  union {
    user_regs_struct wide;
    std::array<std::uint32_t, kNarrowRegisters> narrow;
  } state{};
  iovec place{&state, sizeof(state.wide)};
  if (!succeeded(::ptrace(PTRACE_GETREGSET, tid.value, NT_PRSTATUS, &place))) {
    return std::nullopt;
  }
  return place.iov_len == sizeof(state.narrow) ? narrow_registers(state.narrow)
                                               : wide_registers(state.wide);
}

bool LiveKernel::listen(base::HostTid tid) {
  // EIO: the stop has become another kind since it was reported (SIGCONT came first). The new one
  // will be reported too, so there is nothing left to do for this one.
  return ::ptrace(PTRACE_LISTEN, tid.value, nullptr, nullptr) == 0 || errno == EIO || succeeded(-1);
}

bool LiveKernel::detach(base::HostTid tid, int signal) {
  return succeeded(
      ::ptrace(PTRACE_DETACH, tid.value, nullptr, as_pointer(static_cast<std::uint64_t>(signal))));
}

bool LiveKernel::interrupt(base::HostTid tid) {
  return succeeded(::ptrace(PTRACE_INTERRUPT, tid.value, nullptr, nullptr));
}

void LiveKernel::send_signal(base::HostPid pid, int signal) {
  // A process that is gone, or that we may not signal, is as good as one that ignores it.
  static_cast<void>(::kill(pid.value, signal));
}

MemoryRead LiveKernel::read_memory(base::HostTid tid, std::uint64_t addr,
                                   std::span<std::byte> into) {
  MemoryRead done;
  std::array<iovec, kMostPieces> remote{};
  while (done.size < into.size()) {
    const std::size_t pieces = split_at_pages(addr + done.size, into.size() - done.size, remote);
    const iovec local{into.data() + done.size, into.size() - done.size};
    const ssize_t got = ::process_vm_readv(tid.value, &local, 1, remote.data(), pieces, 0);
    if (got < 0 && (errno == EPERM || errno == ENOSYS)) {
      return read_by_file(tid, addr, into);
    }
    if (got <= 0) {
      done.err = got == 0 ? EFAULT : errno;
      return done;
    }
    done.size += static_cast<std::size_t>(got);
  }
  return done;
}

std::int64_t LiveKernel::now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace boxtrace::ptrace
