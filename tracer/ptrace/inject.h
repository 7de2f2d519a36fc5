#pragma once
// Making calls fail, succeed, wait or draw a signal, to see what a program makes of it.
//
// The kernel lets a tracer write to the registers of a call at both of its stops. A call whose
// number is set to -1 at entry does nothing, its result is what the tracer writes at exit. A signal
// handed over when an entry is resumed is sent as if by the kernel (SI_KERNEL). The trap: a seccomp
// filter runs after the tracer at entry, so it judges the number -1, and a filter that kills what
// it does not know kills the call that was to fail; strace has the same limit.
//
// Sources: ptrace(2), "Syscall-stops"; kernel/entry/common.c: syscall_trace_enter; strace(1),
// -e inject=.

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

#include "decoders/call_selection.h"
#include "tracer/base/ids.h"
#include "tracer/base/result.h"

namespace boxtrace::ptrace {

/// What to do to which calls, and to which of them.
struct Injection {
  decoders::CallSelection calls;
  std::optional<int> error;                        ///< it does not run and fails with this errno
  std::optional<std::int64_t> retval;              ///< it does not run and returns this
  const decoders::SyscallSpec* instead = nullptr;  ///< the call that runs in its place, if any
  int signal = 0;                                  ///< sent at entry; 0: none
  base::Nanos delay_enter;                         ///< the task waits so long before the call
  base::Nanos delay_exit;                          ///< and behind it

  /// Calls are counted from 1, for each task and each system call by itself.
  struct When {
    std::uint32_t first = 1;
    std::uint32_t last = 0xffffffff;
    std::uint32_t step = 1;  ///< 0: only the first
    friend bool operator==(const When&, const When&) = default;
  };
  When when;

  /// The call does not run as it was made.
  [[nodiscard]] bool replaces() const { return error || retval; }
};

/// `SET:error=E|retval=N:signal=S:syscall=NAME:delay_enter=T:delay_exit=T:when=FIRST[..LAST][+STEP]`,
/// as strace(1) has it. `default_error` is what happens if nothing is said (-e fault=); 0: then it
/// is an error.
///
/// @errors  what is wrong, with a hint; poke_enter= and poke_exit=, which we do not have.
[[nodiscard]] base::Result<Injection> parse_injection(std::string_view text, int default_error);

/// Counts calls and says what to do to them. Of several injections for a call the last counts.
class Injector {
 public:
  Injector() = default;
  explicit Injector(std::vector<Injection> injections) : injections_(std::move(injections)) {}

  /// The injection into this call, which begins now; null for none. Good as long as the injector.
  [[nodiscard]] const Injection* at_entry(base::TaskId task, raw::Abi abi, std::uint64_t nr);

 private:
  std::vector<Injection> injections_;
  std::map<std::tuple<base::TaskId, raw::Abi, std::uint64_t>, std::uint32_t> counts_;
};

}  // namespace boxtrace::ptrace
