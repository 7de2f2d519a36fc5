#pragma once
// linux.seccomp to instructions of the kernel, through libseccomp.

#include <linux/filter.h>

#include <string>
#include <vector>

#include "runtime/aliases.h"
#include "runtime/config/config.h"

namespace boxrun::exec {

struct SeccompProgram {
  std::vector<sock_filter> instructions;
  unsigned flags = 0;                      ///< SECCOMP_FILTER_FLAG_*
  std::vector<std::string> unknown_names;  ///< left out: no system call of these architectures
};

/// Compiles in boxrun, before clone(2): the child has only to load the result.
///
/// Rules whose action is the default one are left out, and so are names that libseccomp does not
/// know, because profiles name system calls of many kernels; with a default action that refuses,
/// that errs on the safe side.
[[nodiscard]] Result<SeccompProgram> compile_seccomp(const config::Seccomp& seccomp);

}  // namespace boxrun::exec
