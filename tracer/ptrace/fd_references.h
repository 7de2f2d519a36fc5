#pragma once
// Which descriptors of its own a call refers to, by number or by a path through /proc. Container
// runtimes mount onto /proc/self/fd/N to be safe from symlink races, and only the target of that
// descriptor tells the reader what was meant.

#include <optional>
#include <string_view>
#include <vector>

#include "decoders/decode.h"
#include "tracer/base/ids.h"
#include "tracer/ptrace/observe.h"
#include "tracer/ptrace/tracees.h"

namespace boxtrace::ptrace {

/// The descriptors that the arguments of `decoded` name, each once, in order of appearance: every
/// descriptor >= 0, inside of structs and lists too, and the N of paths that begin with one of
/// `/proc/self/fd/N`, `/proc/thread-self/fd/N`, `/proc/self/task/T/fd/N`, `/dev/fd/N` and
/// `/proc/P/fd/N` where P is one of `own_pids`. Relative paths are taken for ones below /proc if
/// they look like it, as runtimes that hold a descriptor of /proc use them.
[[nodiscard]] std::vector<base::FdNum> fd_references(const decoders::DecodedCall& decoded,
                                                     const std::vector<base::NsPid>& own_pids);

/// What they refer to now, those that are open; unless only what is Needed is asked for, the
/// working directory too, where AT_FDCWD is passed.
[[nodiscard]] std::vector<raw::FdTarget> read_fd_targets(const Observer& observer,
                                                         const Tracee& tracee,
                                                         const CallInFlight& call,
                                                         FdDetail detail = FdDetail::Needed);

/// Adds what `fd` refers to, if it is open and not there yet.
void add_fd_target(const Observer& observer, const Tracee& tracee, base::FdNum fd, FdDetail detail,
                   std::vector<raw::FdTarget>& targets);

/// The N of such a path, or nothing.
[[nodiscard]] std::optional<base::FdNum> fd_in_path(std::string_view path,
                                                    const std::vector<base::NsPid>& own_pids);

}  // namespace boxtrace::ptrace
