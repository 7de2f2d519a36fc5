#pragma once
// What a filter answers to system calls that are younger than its profile.
//
// A C library tries the newest call first, such as clone3(2), and takes an older one when the
// kernel says ENOSYS, "there is no such call". A profile that lists what is allowed knows nothing
// of it and says EPERM instead, which the library reports as the program's failure: images break on
// old profiles. So calls that the profile's author cannot have known get ENOSYS, as with runc:
// those numbered above every call that the profile names. All calls below 424 are older than any
// profile in use (since Linux 5.1 new calls have the same number on every architecture), so that a
// short list refuses them as it says.
//
// Sources: seccomp(2); Linux commit 7948450d4556, "add system call numbers 424 and up";
// kernel/seccomp.c.

#include <linux/filter.h>

#include <vector>

#include "runtime/config/config.h"

namespace boxrun::exec {

/// Instructions to go before the filter; none for a profile whose default is no errno.
[[nodiscard]] std::vector<sock_filter> refuse_future_calls(const config::Seccomp& seccomp);

}  // namespace boxrun::exec
