#pragma once
// Compiled filters, kept by content. libseccomp takes some 20 ms for docker's profile, more than
// everything else that boxrun does; the result is 8 KB.
//
// A file holds what it was compiled from, in full, and what came of it. Its name is a hash, but
// only the whole source decides whether it fits, so that neither a collision nor a changed library
// can give a container another filter. It is believed only when it is a regular file of our own
// that nobody else may write, in a directory of the same kind; anything else is compiled anew, in
// silence: the cache is never the reason of a failure.

#include <string>
#include <vector>

#include "runtime/config/config.h"
#include "runtime/exec/seccomp_program.h"

namespace boxrun::exec {

/// From `directory` if it is there, else compiled and put there. An empty directory stands for no
/// cache. The directory holds at most some 100 filters, the oldest go.
[[nodiscard]] Result<SeccompProgram> cached_seccomp(const config::Seccomp& seccomp,
                                                    const std::string& directory);

}  // namespace boxrun::exec
