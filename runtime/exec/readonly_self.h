#pragma once
// Executing boxrun again from a read-only clone of its own mount, in terms of system calls alone:
// entry.cc does it before there is a C library, self_protect.cc when there is one.
//
// Nothing in here may need a relocation, thread-local storage, a stack guard or a library function:
// so no errno, no tables of pointers, and no call that the compiler would not inline.
//
// Sources: syscall(2), "Architecture calling conventions"; open_tree(2); mount_setattr(2);
// execveat(2).

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace boxrun::exec::raw {

/// @returns what the kernel does: a negative errno on failure
inline long call(long number, long a, long b = 0, long c = 0, long d = 0, long e = 0) {
#ifdef __x86_64__
  long result = number;
  register long fourth asm("r10") = d;
  register long fifth asm("r8") = e;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
               : "rcx", "r11", "memory");
  return result;
#else
  const long result = ::syscall(number, a, b, c, d, e);
  return result < 0 ? -errno : result;
#endif
}

inline long address(const volatile void* pointer) {
  return static_cast<long>(reinterpret_cast<std::uintptr_t>(pointer));
}

/// Whether nobody can write to the file that we run from: it is on a read-only mount, or sealed.
inline bool is_protected() {
  const long self = call(SYS_openat, AT_FDCWD, address("/proc/self/exe"), O_RDONLY | O_CLOEXEC);
  if (self < 0) {
    return false;
  }
  struct statfs seen;  // NOLINT(*-member-init): at once would take memset(3)
  seen.f_flags = 0;
  const long seals = call(SYS_fcntl, self, F_GET_SEALS);
  const bool is_sealed = seals >= 0 && (seals & F_SEAL_WRITE) != 0;
  const bool is_readonly =
      call(SYS_fstatfs, self, address(&seen)) == 0 && (seen.f_flags & ST_RDONLY) != 0;
  call(SYS_close, self);
  return is_sealed || is_readonly;
}

/// Executes a clone of the mount that boxrun is on, of this one file, read-only and in no
/// namespace: the container can neither remount it nor reach the original through it. Returns only
/// when that is not possible.
inline void execute_readonly_clone(char* const* argv, char* const* environment) {
  const long tree = call(SYS_open_tree, AT_FDCWD, address("/proc/self/exe"),
                         OPEN_TREE_CLONE | static_cast<long>(OPEN_TREE_CLOEXEC));
  if (tree < 0) {
    return;
  }
  mount_attr attributes;  // NOLINT(*-member-init): as above
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  attributes.attr_clr = 0;
  attributes.propagation = 0;
  attributes.userns_fd = 0;
  if (call(SYS_mount_setattr, tree, address(""), AT_EMPTY_PATH, address(&attributes),
           sizeof attributes) == 0) {
    call(SYS_execveat, tree, address(""), address(argv), address(environment), AT_EMPTY_PATH);
  }
  call(SYS_close, tree);
}

}  // namespace boxrun::exec::raw
