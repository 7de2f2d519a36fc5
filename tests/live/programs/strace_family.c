// Makes the calls that container runtimes make, one after another, most with arguments that the
// kernel accepts and some that it refuses. What it does is of no use: tests compare how two tracers
// print it. It therefore switches address randomisation off for itself and works in a directory of
// its own, the first argument, so that two runs differ in process ids only. It checks nothing: who
// runs it without privilege sees more refusals, under either tracer.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <linux/random.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <unistd.h>

// MOUNT_ATTR_* and struct mount_attr, which linux/mount.h defines in conflict with sys/mount.h.
#define kAttrReadOnly 0x1
#define kAttrNoSuid 0x2
struct attributes {
  uint64_t set, clear, propagation, userns;
};

#define CALL(name, ...) (void)syscall(SYS_##name, ##__VA_ARGS__)

static void files(void) {
  CALL(mkdir, "dir", 0755);
  CALL(mkdirat, AT_FDCWD, "dir/sub", 0700);
  CALL(mkdirat, -1, "dir/sub", ~0777UL);  // of modes, 16 bits count
  CALL(chmod, "missing", 04);
  CALL(mknodat, -1, "missing", S_IFCHR | S_ISUID | 07, makedev(1, 3));
  CALL(mkdir, "dir", 0755);
  const long file =
      syscall(SYS_openat, AT_FDCWD, "file", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  const long dir =
      syscall(SYS_openat, AT_FDCWD, "dir", O_RDONLY | O_DIRECTORY | O_PATH | O_NOFOLLOW);
  CALL(open, "missing\n\"name\"\001\0017", O_RDONLY);
  CALL(openat, -100, 0, O_WRONLY | O_APPEND);
  CALL(openat, AT_FDCWD, 8, O_RDONLY);
  struct open_how how = {.flags = O_RDONLY | O_CLOEXEC,
                         .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS};
  CALL(openat2, AT_FDCWD, "dir", &how, sizeof how);
  how.flags = O_CREAT | O_WRONLY;
  how.mode = 0600;
  how.resolve = RESOLVE_BENEATH;
  CALL(openat2, dir, "made", &how, sizeof how);
  CALL(write, file,
       "a line\n\ttab \\ \"quoted\" \x01\x7f\xff"
       "7\0end",
       33);
  CALL(write, file, "a string that is much longer than the thirty-two bytes of strace", 64);
  CALL(pwrite64, file, "at an offset", 12, 100);
  CALL(lseek, file, 0, SEEK_SET);
  char buffer[256];
  CALL(read, file, buffer, 7);
  CALL(read, file, buffer, sizeof buffer);
  CALL(read, file, buffer, sizeof buffer);
  CALL(read, 99, buffer, 10);
  CALL(pread64, file, buffer, 12, 100);
  struct iovec parts[2] = {{(void*)"one", 3}, {(void*)"second", 6}};
  CALL(writev, file, parts, 2);
  CALL(ftruncate, file, 10);
  CALL(fsync, file);
  CALL(fchmod, file, 0600);
  CALL(fchmodat, AT_FDCWD, "file", 04755);
  CALL(chmod, "missing", 0777);
  CALL(chown, "file", 0, -1);
  CALL(fchown, file, 1, 2);
  CALL(lchown, "file", 0, 0);
  CALL(fchownat, dir, "", 0, 0, AT_EMPTY_PATH);
  CALL(symlink, "target of link", "link");
  CALL(symlinkat, "../file", dir, "link");
  CALL(link, "file", "file2");
  CALL(linkat, AT_FDCWD, "file", dir, "hard", AT_SYMLINK_FOLLOW);
  CALL(rename, "file2", "file3");
  CALL(renameat, AT_FDCWD, "file3", AT_FDCWD, "file4");
  CALL(renameat2, AT_FDCWD, "file4", AT_FDCWD, "file", RENAME_NOREPLACE);
  CALL(unlink, "file4");
  CALL(unlinkat, dir, "hard", 0);
  CALL(unlinkat, AT_FDCWD, "dir/sub", AT_REMOVEDIR);
  CALL(rmdir, "dir");
  CALL(readlink, "link", buffer, sizeof buffer);
  CALL(readlinkat, dir, "link", buffer, 4);
  CALL(readlink, "missing", buffer, sizeof buffer);
  CALL(access, "file", R_OK | W_OK);
  CALL(access, "missing", F_OK);
  CALL(faccessat, AT_FDCWD, "file", X_OK);
  CALL(faccessat2, AT_FDCWD, "file", R_OK, AT_EACCESS | AT_SYMLINK_NOFOLLOW);
  CALL(mknod, "fifo", S_IFIFO | 0644, 0);
  CALL(mknodat, AT_FDCWD, "null", S_IFCHR | 0666, makedev(1, 3));
  CALL(mknod, "plain", S_IFREG | 0600, 0);
  CALL(umask, 022);
  CALL(umask, 077);
  CALL(utimensat, AT_FDCWD, "file", ((struct timespec[2]){{1, 500}, {2, 0}}), 0);
  CALL(utimensat, AT_FDCWD, "file", ((struct timespec[2]){{0, UTIME_NOW}, {0, UTIME_OMIT}}),
       AT_SYMLINK_NOFOLLOW);
  CALL(setxattr, "file", "user.test", "value", 5, XATTR_CREATE);
  CALL(getxattr, "file", "user.test", buffer, sizeof buffer);
  CALL(lgetxattr, "file", "user.none", 0, 0);
  CALL(listxattr, "file", buffer, 0);
  CALL(getcwd, buffer, sizeof buffer);
  CALL(chdir, "dir");
  CALL(fchdir, dir);
  CALL(chdir, "..");
  CALL(flock, file, LOCK_EX | LOCK_NB);
  CALL(fallocate, file, FALLOC_FL_KEEP_SIZE, 0, 4096);
  CALL(close, file);
  CALL(close, 99);
}

static void attributes_of_files(void) {
  struct stat status;
  CALL(stat, "/dev/null", &status);
  CALL(lstat, "link", &status);
  CALL(stat, "missing", &status);
  CALL(fstat, 1, 0);
  CALL(newfstatat, AT_FDCWD, "dir", &status, AT_SYMLINK_NOFOLLOW);
  CALL(newfstatat, 0, "", &status, AT_EMPTY_PATH);
  CALL(newfstatat, AT_FDCWD, "fifo", &status, 0);
  struct statx more;
  CALL(statx, AT_FDCWD, "/dev/null", AT_STATX_DONT_SYNC | AT_SYMLINK_NOFOLLOW,
       STATX_TYPE | STATX_MODE, &more);
  CALL(statx, AT_FDCWD, "missing", 0, STATX_ALL, &more);
  struct statfs fs;
  CALL(statfs, "/proc", &fs);
  CALL(statfs, "missing", &fs);
}

static void descriptors(void) {
  int pair[2];
  CALL(pipe, pair);
  CALL(pipe2, pair, O_CLOEXEC | O_NONBLOCK);
  CALL(pipe2, pair, 0x123456);
  CALL(dup, 0);
  CALL(dup2, 0, 40);
  CALL(dup3, 0, 41, O_CLOEXEC);
  CALL(dup3, 0, 41, 0x7);
  CALL(dup3, 0, 0, 0xdefaced00000000UL);  // flags are an int
  CALL(fcntl, 0, F_GETFD);
  CALL(fcntl, 40, F_SETFD, FD_CLOEXEC);
  CALL(fcntl, 0, F_GETFL);
  CALL(fcntl, pair[0], F_SETFL, O_RDONLY | O_NONBLOCK);
  CALL(fcntl, 0, F_DUPFD_CLOEXEC, 50);
  CALL(fcntl, 0, F_DUPFD, 60);
  const long memory = syscall(SYS_memfd_create, "sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  CALL(fcntl, memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  CALL(fcntl, memory, F_GET_SEALS);
  CALL(close_range, 60, ~0U, CLOSE_RANGE_CLOEXEC);
  CALL(close_range, 60, 70, 0);
  CALL(sendfile, pair[1], memory, 0, 10);
  CALL(copy_file_range, memory, 0, 1, 0, 10, 0);
  CALL(splice, pair[0], 0, pair[1], 0, 10, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  const long event = syscall(SYS_eventfd2, 3, EFD_CLOEXEC | EFD_SEMAPHORE);
  uint64_t number = 0;
  CALL(read, event, &number, 8);
  const long poller = syscall(SYS_epoll_create1, EPOLL_CLOEXEC);
  struct epoll_event wanted = {.events = EPOLLIN | EPOLLET, .data.u32 = 7};
  CALL(epoll_ctl, poller, EPOLL_CTL_ADD, event, &wanted);
  CALL(epoll_ctl, poller, EPOLL_CTL_DEL, event, 0);
  CALL(epoll_ctl, poller, EPOLL_CTL_ADD, event, &wanted);
  struct epoll_event got[4];
  CALL(epoll_wait, poller, got, 4, 0);
  CALL(epoll_pwait, poller, got, 4, 0, 0, 8);
  struct pollfd poll_set[2] = {{(int)event, POLLIN | POLLPRI, 0}, {-1, POLLOUT, 0}};
  CALL(poll, poll_set, 2, 0);
  poll_set[0].events = POLLPRI;
  CALL(poll, poll_set, 1, 0);
  struct timespec zero = {0, 0};
  CALL(ppoll, poll_set, 1, &zero, 0, 8);
  fd_set reads;
  FD_ZERO(&reads);
  FD_SET(event, &reads);
  FD_SET(3, &reads);
  struct timeval none = {0, 0};
  fd_set two = reads;
  FD_SET(0, &two);
  CALL(pselect6, 10, &two, &two, 0, &zero, 0);
  CALL(select, 10, &reads, 0, 0, &none);
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGCHLD);
  sigaddset(&mask, SIGTERM);
  CALL(signalfd4, -1, &mask, 8, SFD_CLOEXEC | SFD_NONBLOCK);
  const long timer = syscall(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_CLOEXEC);
  struct itimerspec spec = {{0, 0}, {100, 5}};
  CALL(timerfd_settime, timer, TFD_TIMER_ABSTIME, &spec, 0);
  CALL(inotify_init1, IN_CLOEXEC);
  CALL(ioctl, 1, TCGETS, 0);
  int pending = 0;
  CALL(ioctl, pair[0], FIONREAD, &pending);
  CALL(ioctl, 0, 0xb703, 0);
  struct winsize size = {24, 80, 0, 0};
  CALL(ioctl, 0, TIOCSWINSZ, &size);
  CALL(ioctl, 0, TIOCSCTTY, 1);
  char name[16];
  CALL(ioctl, 0, 0x80045430, name);
}

static void identity(void) {
  uint32_t ids[3];
  CALL(getuid);
  CALL(geteuid);
  CALL(getgid);
  CALL(getegid);
  CALL(getresuid, &ids[0], &ids[1], &ids[2]);
  CALL(getresgid, &ids[0], &ids[1], &ids[2]);
  CALL(setuid, 0);
  CALL(setgid, 0);
  CALL(setreuid, -1, 0);
  CALL(setregid, 0, -1);
  CALL(setresuid, 0, 0, -1);
  CALL(setresgid, -1, -1, -1);
  CALL(setfsuid, 0);
  CALL(setfsgid, 0);
  const uint32_t groups[3] = {10, 20, 30};
  CALL(setgroups, 3, groups);
  CALL(setgroups, 0, 0);
  uint32_t read_groups[8];
  CALL(getgroups, 8, read_groups);
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct caps[2];
  CALL(capget, &header, 0);
  CALL(capget, &header, caps);
  caps[0].effective &= ~(1U << CAP_SYS_TIME);
  CALL(capset, &header, caps);
  caps[0].effective = caps[0].permitted = 1U << CAP_KILL | 1U << CAP_SETUID;
  caps[1].effective = caps[1].permitted = 0;
  caps[0].inheritable = caps[1].inheritable = 0;
  header.version = 0x12345;
  CALL(capset, &header, caps);
  CALL(capget, &header, 0);
  CALL(prctl, PR_SET_NAME, "a name");
  char name[16];
  CALL(prctl, PR_GET_NAME, name);
  CALL(prctl, PR_SET_PDEATHSIG, SIGKILL);
  CALL(prctl, PR_SET_PDEATHSIG, 0);
  CALL(prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);
  CALL(prctl, PR_GET_KEEPCAPS);
  CALL(prctl, PR_CAPBSET_READ, CAP_SYS_ADMIN);
  CALL(prctl, PR_CAPBSET_DROP, CAP_SYS_TIME, 0, 0, 0);
  CALL(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  CALL(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0);
  CALL(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0);
  CALL(prctl, PR_GET_SECUREBITS);
  CALL(prctl, PR_SET_SECUREBITS, 0x30);
  CALL(prctl, PR_SET_DUMPABLE, 1);
  CALL(prctl, PR_GET_DUMPABLE);
  CALL(prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  CALL(prctl, PR_GET_SECCOMP);
  CALL(prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
  CALL(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  CALL(prctl, 12345, 1, 2, 3, 4);
  CALL(keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0);
  CALL(keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
  CALL(keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_REQUESTOR_KEYRING, 0);
  CALL(personality, 0xffffffff);
}

static void limits(void) {
  struct rlimit64 limit = {1024, RLIM64_INFINITY};
  CALL(prlimit64, 0, RLIMIT_CORE, 0, &limit);
  limit.rlim_cur = 64 * 1024;
  limit.rlim_max = 1024 * 1024 * 1024;
  CALL(prlimit64, 0, RLIMIT_CORE, &limit, 0);
  CALL(getrlimit, RLIMIT_STACK, &limit);
  limit.rlim_cur = RLIM64_INFINITY;
  limit.rlim_max = 3;
  CALL(setrlimit, RLIMIT_NOFILE, &limit);
  CALL(getpriority, PRIO_PROCESS, 0);
  CALL(setpriority, PRIO_PROCESS, 0, 5);
  unsigned long cpus[2] = {1, 0};
  CALL(sched_setaffinity, 0, 8, cpus);
  CALL(sched_getaffinity, 0, sizeof cpus, cpus);
  CALL(sched_getscheduler, 0);
  CALL(ioprio_set, 1, 0, 2 << 13 | 4);
  CALL(sched_yield);
  struct utsname system;
  CALL(uname, &system);
  struct timespec nap = {0, 1000};
  CALL(nanosleep, &nap, 0);
  CALL(clock_nanosleep, CLOCK_MONOTONIC, 0, &nap, 0);
  CALL(clock_getres, CLOCK_REALTIME, &nap);
  CALL(getrandom, 0, 0, GRND_NONBLOCK);
}

static void memory(void) {
  char* const map =
      (char*)syscall(SYS_mmap, 0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CALL(mprotect, map, 4096, PROT_READ);
  CALL(mprotect, map, 4096, PROT_NONE);
  CALL(madvise, map, 4096, MADV_DONTNEED);
  CALL(mremap, map, 8192, 4096, 0);
  CALL(munmap, map, 8192);
  CALL(brk, 0);
  CALL(mlockall, 0x1000);
  int word = 1;
  CALL(futex, &word, FUTEX_WAIT_PRIVATE, 2, 0);
  CALL(futex, &word, FUTEX_WAKE, 1);
  CALL(futex, &word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 2, 0, 0, -1);
}

static void sockets(void) {
  int pair[2];
  CALL(socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
  struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "socket"};
  const long listener = syscall(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  CALL(bind, listener, &local, sizeof local.sun_family + 7);
  CALL(listen, listener, 128);
  CALL(connect, pair[0], &local, sizeof local);
  struct sockaddr_un hidden = {.sun_family = AF_UNIX, .sun_path = "\0abstract"};
  CALL(connect, listener, &hidden, offsetof(struct sockaddr_un, sun_path) + 9);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const long udp = syscall(SYS_socket, AF_INET, SOCK_DGRAM, IPPROTO_UDP);
  CALL(bind, udp, &address, sizeof address);
  CALL(connect, udp, &address, sizeof address);
  struct sockaddr_in6 wide = {.sin6_family = AF_INET6,
                              .sin6_port = htons(443),
                              .sin6_addr = IN6ADDR_LOOPBACK_INIT,
                              .sin6_scope_id = 2};
  CALL(connect, udp, &wide, sizeof wide);
  struct sockaddr_storage name;
  uint32_t length = sizeof name;
  CALL(getsockname, udp, &name, &length);
  CALL(getpeername, listener, &name, &length);
  const int one = 1;
  CALL(setsockopt, udp, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  int value = 0;
  length = sizeof value;
  CALL(getsockopt, udp, SOL_SOCKET, SO_TYPE, &value, &length);
  CALL(setsockopt, pair[0], SOL_SOCKET, SO_PASSCRED, &one, sizeof one);
  CALL(sendto, pair[0], "hello", 5, MSG_NOSIGNAL, 0, 0);
  char buffer[64];
  CALL(recvfrom, pair[1], buffer, sizeof buffer, MSG_DONTWAIT, 0, 0);
  CALL(recvfrom, pair[1], buffer, sizeof buffer, MSG_DONTWAIT | MSG_PEEK, 0, 0);
  struct {
    struct cmsghdr header;
    int fds[2];
  } rights = {{sizeof(struct cmsghdr) + 8, SOL_SOCKET, SCM_RIGHTS}, {0, 1}};
  struct iovec part = {(void*)"x", 1};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &rights, .msg_controllen = sizeof rights};
  CALL(sendmsg, pair[0], &message, 0);
  part.iov_base = buffer;
  part.iov_len = sizeof buffer;
  message.msg_controllen = sizeof rights;
  CALL(recvmsg, pair[1], &message, MSG_CMSG_CLOEXEC);
  CALL(shutdown, pair[0], SHUT_WR);
  const long netlink = syscall(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  CALL(bind, netlink, &kernel, sizeof kernel);
  CALL(accept4, listener, 0, 0, SOCK_CLOEXEC);
}

static void on_signal(int signo) { (void)signo; }

static void signals(void) {
  struct {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
  } action = {0};
  CALL(rt_sigaction, SIGPIPE, 0, &action, 8);
  action.handler = SIG_IGN;
  CALL(rt_sigaction, SIGPIPE, &action, 0, 8);
  CALL(rt_sigaction, SIGKILL, &action, 0, 8);
  action.handler = SIG_DFL;
  action.mask = 1UL << (SIGINT - 1) | 1UL << (SIGCHLD - 1);
  CALL(rt_sigaction, SIGPIPE, &action, 0, 8);
  uint64_t mask = 1UL << (SIGUSR1 - 1) | 1UL << (SIGUSR2 - 1);
  uint64_t old = 0;
  CALL(rt_sigprocmask, SIG_BLOCK, &mask, &old, 8);
  mask = ~0UL;
  CALL(rt_sigprocmask, SIG_SETMASK, &mask, 0, 8);
  CALL(rt_sigprocmask, SIG_SETMASK, 0, &old, 8);
  mask = 0;
  CALL(rt_sigprocmask, SIG_SETMASK, &mask, 0, 8);
  CALL(rt_sigpending, &mask, 8);
  stack_t stack = {.ss_flags = SS_DISABLE};
  CALL(sigaltstack, 0, &stack);
  struct sigaction handled = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigaction(SIGUSR1, &handled, 0);
  handled.sa_handler = on_signal;
  sigaction(SIGALRM, &handled, 0);
  CALL(kill, getpid(), SIGUSR1);
  CALL(tgkill, getpid(), gettid(), SIGUSR1);
  CALL(kill, 0, 0);
  CALL(kill, getpid(), 200);
  sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 42});
  CALL(kill, getpid(), SIGWINCH);
  CALL(alarm, 1);
  CALL(pause);
}

static void namespaces(void) {
  CALL(unshare, CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP);
  CALL(unshare, 0x1);
  const long own = syscall(SYS_openat, AT_FDCWD, "/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
  CALL(setns, own, CLONE_NEWUTS);
  CALL(setns, 0, 0);
  CALL(sethostname, "contained", 9);
  CALL(sethostname, "contained", 65);
  CALL(setdomainname, "example", 7);
  CALL(mount, "none", "/", 0, MS_REC | MS_PRIVATE, 0);
  CALL(mount, "tmpfs", "dir", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=1m,mode=755");
  CALL(mount, "dir", "dir", 0, MS_BIND | MS_REC, 0);
  CALL(mount, 0, "dir", 0, MS_REMOUNT | MS_BIND | MS_RDONLY, 0);
  CALL(mount, "missing", "missing", "nofs", 0, "");
  CALL(mount, "overlay", "dir", "overlay", 0, "lowerdir=/nowhere");
  CALL(mount, "dir", "dir", "ignored", MS_BIND, "ignored");
  CALL(mount, "none", "dir", "ignored", MS_SLAVE, "ignored");
  CALL(mount, "none", "dir", "ignored", MS_REMOUNT | MS_NOSUID, "size=2m");
  CALL(umount2, "dir", MNT_DETACH);
  CALL(umount2, "dir", UMOUNT_NOFOLLOW | MNT_FORCE);
  CALL(umount2, "missing", 0);
  const long fs = syscall(SYS_fsopen, "tmpfs", 1);
  CALL(fsconfig, fs, 1, "size", "1m", 0);
  CALL(fsconfig, fs, 0, "nothing", 0, 0);
  CALL(fsconfig, fs, 6, 0, 0, 0);
  const long mounted = syscall(SYS_fsmount, fs, 1, kAttrNoSuid);
  CALL(move_mount, mounted, "", AT_FDCWD, "dir", 4);
  const long tree = syscall(SYS_open_tree, AT_FDCWD, "dir", 1 | O_CLOEXEC | AT_RECURSIVE);
  struct attributes change = {.set = kAttrReadOnly | kAttrNoSuid, .propagation = MS_PRIVATE};
  CALL(mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &change, sizeof change);
  CALL(fspick, AT_FDCWD, "dir", 1);
  CALL(pivot_root, "dir", "dir/old");
  CALL(pivot_root, ".", ".");
  CALL(chroot, "missing");
  CALL(chroot, ".");
}

static int in_child(void* ignored) {
  (void)ignored;
  CALL(getppid);
  CALL(exit_group, 7);
  return 0;
}

/// Waits for `child` and leaves no SIGCHLD behind, whose moment would differ from run to run.
static void reap(long child, int options) {
  int status = 0;
  CALL(wait4, child, &status, options, 0);
}

static void processes(void) {
  static char stack[16384] __attribute__((aligned(16)));
  int status = 0;
  struct rusage usage;
  uint64_t mask = 1UL << (SIGCHLD - 1);
  CALL(rt_sigprocmask, SIG_BLOCK, &mask, 0, 8);
  long child = syscall(SYS_fork);
  if (child == 0) {
    CALL(exit, 3);
  }
  CALL(wait4, -1, &status, 0, 0);
  if (syscall(SYS_clone, CLONE_NEWUTS | SIGCHLD, 0, 0, 0, 0) == 0) {
    CALL(kill, getpid(), SIGKILL);
  }
  CALL(wait4, -1, &status, __WALL, 0);
  if ((child = syscall(SYS_fork)) == 0) {
    *(volatile int*)16 = 1;
  }
  reap(child, 0);
  if ((child = syscall(SYS_fork)) == 0) {
    CALL(kill, getpid(), SIGSTOP);
    CALL(exit_group, 1);
  }
  reap(child, WUNTRACED);
  CALL(kill, child, SIGCONT);
  reap(child, 0);
  if ((child = vfork()) == 0) {  // not syscall(3): the child would return into its caller
    CALL(execve, "missing", 0, 0);
    CALL(exit_group, 2);
  }
  reap(child, __WCLONE);
  reap(child, 0);
  clone(in_child, stack + sizeof stack, CLONE_VFORK | CLONE_VM | SIGCHLD, 0);
  CALL(waitid, P_ALL, 0, 0, WEXITED | WNOWAIT, 0);  // vfork returns before the child is a zombie
  CALL(wait4, -1, &status, WNOHANG | WUNTRACED, &usage);
  struct clone_args args = {
      .flags = CLONE_NEWIPC | CLONE_PIDFD, .pidfd = (uintptr_t)&status, .exit_signal = SIGCHLD};
  if (syscall(SYS_clone3, &args, 64) == 0) {
    CALL(setsid);
    CALL(setpgid, 0, 0);
    CALL(exit_group, 0);
  }
  siginfo_t details;
  CALL(waitid, P_ALL, 0, &details, WEXITED | WNOWAIT, 0);
  CALL(waitid, P_PID, 1, &details, WEXITED, 0);
  CALL(wait4, -1, 0, 0, 0);
  CALL(wait4, -1, 0, 0, 0);
  const long self = syscall(SYS_pidfd_open, getpid(), 0);
  CALL(pidfd_send_signal, self, 0, 0, 0);
  CALL(pidfd_getfd, self, 0, 0);
  CALL(pidfd_open, -1, 0);
  CALL(getpgid, 1);
  CALL(kcmp, getpid(), getpid(), 0, 0, 0);
  CALL(set_tid_address, 0);
  mask = 0;
  CALL(rt_sigprocmask, SIG_SETMASK, &mask, 0, 8);
}

static void filters(void) {
  struct sock_filter code[] = {
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, 0},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_getpriority},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | 38},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  };
  struct sock_fprog program = {4, code};
  CALL(seccomp, SECCOMP_SET_MODE_FILTER, 0x100, 0);
  uint32_t action = SECCOMP_RET_LOG;
  CALL(seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);
  CALL(seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG,
       &program);
  CALL(prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
  CALL(getpriority, PRIO_PROCESS, 0);
  CALL(landlock_create_ruleset, 0, 0, 1);
  CALL(bpf, 99, 0, 0);
}

int main(int argc, char** argv) {
  if (argc < 2) {
    return 2;
  }
  if ((personality(0xffffffff) & ADDR_NO_RANDOMIZE) == 0) {
    personality(ADDR_NO_RANDOMIZE);
    CALL(execve, "/proc/self/exe", argv, environ);
  }
  CALL(close_range, 3, ~0U, 0);  // what the starter left open shows in numbers and in select(2)
  if (chdir(argv[1]) != 0) {
    return 2;
  }
  files();
  attributes_of_files();
  descriptors();
  identity();
  limits();
  memory();
  sockets();
  signals();
  namespaces();
  processes();
  filters();
  CALL(execve, "missing", ((char*[]){"missing", "with \"argument\"", 0}), ((char*[]){"A=b", 0}));
  CALL(execve, "/bin/true", ((char*[]){"true", 0}), 0);
  CALL(exit_group, 0);
}
