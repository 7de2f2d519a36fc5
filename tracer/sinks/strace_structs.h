#pragma once
// Structs in strace's notation: which members it shows, in which order, under which form. Told
// apart by their members' names, which the kernel made unique by prefixes (st_, si_, sin_).

#include <string>

#include "decoders/value.h"
#include "tracer/sinks/strace_values.h"

namespace boxtrace::sinks {

/// `{st_mode=S_IFREG|0644, st_size=12, ...}`.
[[nodiscard]] std::string render_strace_struct(const decoders::Struct& fields,
                                               const StraceValues& values,
                                               const raw::Syscall* syscall);

/// `{si_signo=SIGCHLD, si_code=CLD_EXITED, ...}` from what a Signal event holds.
[[nodiscard]] std::string render_strace_siginfo(const raw::Signal& signal,
                                                const StraceValues& values);

}  // namespace boxtrace::sinks
