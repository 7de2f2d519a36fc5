#pragma once
// Debian's runc and crun, for tests that compare with them or show that an attack works on one.

#include <string>
#include <vector>

namespace boxrun::tests {

enum class Runtime { Boxrun, Runc, Crun };

[[nodiscard]] const char* name_of(Runtime runtime);

/// Empty when it can be used, else the reason why not.
[[nodiscard]] std::string reason_against(Runtime runtime);

/// `RUNTIME --root STATE WORDS...`. crun refuses a hybrid host: it gets a mount namespace without
/// the cgroup2 mount.
[[nodiscard]] std::vector<std::string> command_of(Runtime runtime, const std::string& state,
                                                  const std::vector<std::string>& words);

}  // namespace boxrun::tests
