// Calls that fail, each with a cause that is known: a seccomp filter, or the kernel. The name of
// the process says which comes next; many have the errno that the other cause would have.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define DENY(nr, err)                              \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), \
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (err))
// With one value of an argument; the number is loaded again for what follows.
#define DENY_IF(number, index, value, err)                                \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 4), LOAD(args[index]), \
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, 1),                 \
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (err)), LOAD(nr)

static int install(void) {
  struct sock_filter first[] = {
      LOAD(nr),
      DENY(SYS_chmod, EPERM),
      DENY(SYS_fchmod, EPERM),
      DENY(SYS_fchmodat, EPERM),
      DENY(SYS_mkdir, EACCES),
      DENY(SYS_symlink, EROFS),
      DENY(SYS_link, EXDEV),
      DENY(SYS_rename, EBUSY),
      DENY(SYS_truncate, EINVAL),
      DENY(SYS_rmdir, ENOENT),
      DENY(SYS_setuid, EPERM),
      DENY(SYS_ptrace, EPERM),
      DENY(SYS_bpf, EPERM),
      DENY(435, ENOSYS),  // clone3
      DENY_IF(SYS_socket, 0, AF_PACKET, EPERM),
      DENY_IF(SYS_personality, 0, 0x20000, EPERM),
      DENY_IF(SYS_kill, 1, 9, ESRCH),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  // The second filter's ERRNO outranks the first one's ALLOW, and is the newer one where both deny.
  struct sock_filter second[] = {
      LOAD(nr),
      DENY(SYS_mount, EPERM),
      DENY(SYS_chmod, EACCES),
      DENY(SYS_lookup_dcookie, ENOENT),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof first / sizeof *first, first};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    return 1;
  }
  program = (struct sock_fprog){sizeof second / sizeof *second, second};
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

static void by(const char* cause) { prctl(PR_SET_NAME, cause); }

static void refused_by_seccomp(void) {
  by("seccomp");
  syscall(SYS_chmod, "/", 0755);
  syscall(SYS_fchmod, 0, 0755);
  syscall(SYS_fchmodat, AT_FDCWD, "/", 0755);
  syscall(SYS_mkdir, "/tmp", 0755);
  syscall(SYS_symlink, "a", "b");
  syscall(SYS_link, "a", "b");
  syscall(SYS_rename, "a", "b");
  syscall(SYS_truncate, "/no/such", 0);
  syscall(SYS_rmdir, "/no/such");
  syscall(SYS_setuid, 1);
  syscall(SYS_ptrace, 0, 0, 0, 0);
  syscall(SYS_bpf, 0, 0, 0);
  syscall(435, 0, 0);
  syscall(SYS_socket, AF_PACKET, SOCK_RAW, 0);
  syscall(SYS_personality, 0x20000);
  syscall(SYS_kill, 0x7ffffff, 9);
  syscall(SYS_mount, "a", "/", "tmpfs", 0, 0);
  syscall(SYS_lookup_dcookie, 0L, 0, 0);
}

static void refused_by_the_kernel(void) {
  by("kernel");
  // Nothing there, or nothing that can do it.
  syscall(SYS_openat, AT_FDCWD, "/no/such", O_RDONLY);
  syscall(SYS_unlink, "/no/such");
  syscall(SYS_chdir, "/proc/self/status");
  syscall(SYS_read, 99, 0, 0);
  syscall(SYS_write, 99, 0, 0);
  syscall(SYS_close, 99);
  syscall(SYS_dup, 99);
  syscall(SYS_fchdir, 99);
  syscall(SYS_execve, "/no/such", 0, 0);
  syscall(SYS_execve, "/proc", 0, 0);
  syscall(SYS_setns, 99, 0);
  syscall(SYS_kill, 0x7ffffff, 0);
  syscall(SYS_wait4, -1, 0, 0, 0);
  syscall(SYS_mmap, 0, 0, 0, 0, 0, 0);
  syscall(SYS_munmap, 1, 1);
  syscall(SYS_socket, 200, SOCK_STREAM, 0);
  syscall(SYS_fcntl, 0, 9999, 0);
  syscall(452, AT_FDCWD, "/no/such", 0755, 0);  // fchmodat2, the sibling that nobody filters
  syscall(SYS_readlink, "/", 0, 0);
  syscall(SYS_ioctl, 99, 0, 0);
  syscall(SYS_mkdirat, AT_FDCWD, "/proc/x", 0755);
  // No capability: all were dropped.
  syscall(SYS_sethostname, "x", 1);
  syscall(SYS_setdomainname, "x", 1);
  syscall(SYS_chroot, "/");
  syscall(SYS_unshare, CLONE_NEWNS);
  syscall(SYS_umount2, "/", 0);
  syscall(SYS_pivot_root, "/", "/");
  syscall(SYS_setgroups, 0, 0);
  syscall(SYS_socket, AF_INET, SOCK_RAW, 1);
  syscall(SYS_init_module, 0, 0, "");
  syscall(SYS_swapon, "/", 0);
  syscall(SYS_mknod, "/dev/x", 020666, 0x101);
  syscall(SYS_setresuid, 1, 2, 3);
  syscall(SYS_capset, &(struct __user_cap_header_struct){_LINUX_CAPABILITY_VERSION_3, 0},
          (struct __user_cap_data_struct[2]){{1, 1, 0}, {0, 0, 0}});
}

int main(void) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || install() != 0) {
    return 1;
  }
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
  if (syscall(SYS_capset, &header, none) != 0) {
    return 2;
  }
  refused_by_seccomp();
  refused_by_the_kernel();
  by("done");
  return 0;
}
