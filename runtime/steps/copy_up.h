#pragma once
// The option `tmpcopyup`.

#include "runtime/aliases.h"
#include "runtime/steps/outcome.h"
#include "tracer/os/fd.h"

namespace boxrun::steps {

/// Copies what `covered` (O_PATH of the directory that a tmpfs now hides) holds into `fresh` (the
/// root of the tmpfs): directories, files, links, with mode and owner. `path` is for messages.
Outcome copy_up(os::BorrowedFd covered, os::BorrowedFd fresh, const char* path);

}  // namespace boxrun::steps
