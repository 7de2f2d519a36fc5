// The container's terminal.
//
// A pseudoterminal has two ends. The container gets the slave, as its standard streams and its
// controlling terminal; the master goes to whoever talks to the container: an engine, over its
// console socket, or boxrun itself. It has to be one of the container's own devpts, or programs
// inside could not find it by its name (ttyname(3)), and the terminals of the host stay unseen.
//
// The trap is the way from master to slave. By its name, /dev/pts/N, somebody who controls the
// container's /dev could put a link in the way, and boxrun would bind a file of his choice over
// /dev/console, or hand it out as a terminal (CVE-2025-52565). TIOCGPTPEER opens the slave of this
// very master, without a path. And whatever lies at /dev/pts/ptmx has to be the device 5:2.
//
// Standard streams that are pipes belong to whoever made them. A program that runs as another user
// can write to them, but not open /dev/stdout, which opens the pipe anew by its mode. So they are
// given to the container's user. Files and terminals of the caller are left alone.
//
// A stream that is /dev/null is opened anew, as the container's. The caller's is of another mount,
// and an engine that wants no output may have opened it for reading only (containerd's NullIO
// does): then `echo` would fail.
//
// Sources: pty(7); ioctl_tty(2), TIOCGPTPEER, TIOCSCTTY; devpts, kernel/fs/devpts/inode.c:
// devpts_mntget(); runtime-spec config.md, "terminal", "consoleSize".

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "runtime/exec/fd_passing.h"
#include "runtime/steps/mount_calls.h"
#include "runtime/steps/root_path.h"
#include "runtime/steps/steps.h"

namespace boxrun::steps {
namespace {

bool is_multiplexer(os::BorrowedFd fd) {
  struct stat seen {};
  return ::fstat(fd.get(), &seen) == 0 && S_ISCHR(seen.st_mode) && seen.st_rdev == makedev(5, 2);
}

/// /dev/ptmx where /dev is the host's and has no pts/ptmx of its own.
Outcome open_master(os::BorrowedFd root, os::UniqueFd& master) {
  int err = ENOENT;
  for (const char* path : {"/dev/pts/ptmx", "/dev/ptmx"}) {
    // O_NONBLOCK: whatever lies there instead must not make us wait.
    master = os::UniqueFd{open_in_root(root, path, O_RDWR | O_NOCTTY | O_NONBLOCK)};
    if (master && is_multiplexer(master) && ::fcntl(master.get(), F_SETFL, O_RDWR) == 0) {
      return Outcome::done();
    }
    err = !master && errno != ENOENT ? errno : err;
  }
  return Outcome::refused(err, "open(\"<rootfs>/dev/pts/ptmx\", O_RDWR)")
      .hint("%s", err == EACCES
                      ? "the mount of devpts needs the option ptmxmode=0666"
                      : "a terminal needs a mount of devpts on /dev/pts, with ptmxmode=0666");
}

Outcome open_slave(os::BorrowedFd master, os::UniqueFd& slave) {
  const int unlocked = 0;
  if (::ioctl(master.get(), TIOCSPTLCK, &unlocked) != 0) {
    return Outcome::refused(errno, "ioctl(/dev/pts/ptmx, TIOCSPTLCK)");
  }
  slave = os::UniqueFd{::ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC)};
  if (!slave) {
    return Outcome::refused(errno, "ioctl(/dev/pts/ptmx, TIOCGPTPEER)");
  }
  return Outcome::done();
}

/// Before the program runs: its first lines would come out differently.
Outcome set_up(const plan::MakeConsole& step, const exec::ConsoleRoute& route, int slave) {
  winsize size{};
  if (step.size) {
    size.ws_row = step.size->height;
    size.ws_col = step.size->width;
  }
  size = route.size.value_or(size);
  if (size.ws_col != 0 && ::ioctl(slave, TIOCSWINSZ, &size) != 0) {
    return Outcome::refused(errno, "ioctl(TIOCSWINSZ, %ux%u)", size.ws_col, size.ws_row);
  }
  termios mode{};
  if (route.plain_newlines && ::tcgetattr(slave, &mode) == 0) {
    mode.c_oflag &= ~static_cast<tcflag_t>(ONLCR);
    ::tcsetattr(slave, TCSANOW, &mode);
  }
  return Outcome::done();
}

Outcome give_to(int fd, std::uint32_t owner) {
  if (::fchown(fd, owner, static_cast<gid_t>(-1)) == 0) {
    return Outcome::done();
  }
  // Not ours to give: the id is not mapped, or we are not root. Then it stays whose it is.
  const bool is_fine = errno == EPERM || errno == EINVAL || errno == EROFS || errno == EOVERFLOW;
  return is_fine ? Outcome::done() : Outcome::refused(errno, "fchown(%d, %u)", fd, owner);
}

bool is_null(const struct stat& seen) {
  return S_ISCHR(seen.st_mode) && seen.st_rdev == makedev(1, 3);
}

/// Leaves the stream alone where the container has no such device, or may not open it.
Outcome reopen_null(int stream) {
  struct stat seen {};
  // An image's own /dev may hold anything, the opening of which might wait.
  if (::stat("/dev/null", &seen) != 0 || !is_null(seen)) {
    return Outcome::done();
  }
  const os::UniqueFd opened{::open("/dev/null", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)};
  if (!opened || ::fstat(opened.get(), &seen) != 0 || !is_null(seen)) {
    return Outcome::done();
  }
  if (::fcntl(opened.get(), F_SETFL, 0) != 0 || ::dup2(opened.get(), stream) < 0) {
    return Outcome::refused(errno, "dup2(/dev/null, %d)", stream);
  }
  return Outcome::done();
}

}  // namespace

Outcome run(const plan::MakeConsole& step, Inside& inside) {
  if (!step.covers_console) {
    // In a mount namespace that is not ours alone, where we have entered the root already.
    inside.root = os::UniqueFd{::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)};
  }
  os::UniqueFd master;
  os::UniqueFd slave;
  STEP_OK(open_master(inside.root, master));
  STEP_OK(open_slave(master, slave));
  STEP_OK(give_to(slave.get(), step.owner));
  STEP_OK(set_up(step, inside.prepared.console, slave.get()));
  if (!exec::send_descriptor(inside.prepared.console.socket, master, "/dev/ptmx")) {
    return Outcome::refused(errno, "sendmsg(console socket, SCM_RIGHTS)")
        .hint("whoever listens on the console socket has gone");
  }
  if (step.covers_console) {
    os::UniqueFd target;
    STEP_OK(make_in_root(inside.root, "/dev/console", Leaf::File, target));
    STEP_OK(bind_over(slave, target, "/dev/console", /*recursive=*/false, 0));
  }
  if (::ioctl(slave.get(), TIOCSCTTY, 0) != 0) {
    return Outcome::refused(errno, "ioctl(TIOCSCTTY)");
  }
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::dup2(slave.get(), stream) < 0) {
      return Outcome::refused(errno, "dup2(terminal, %d)", stream);
    }
  }
  return Outcome::done();
}

Outcome run(const plan::OwnStreams& step, Inside&) {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    struct stat seen {};
    if (::fstat(stream, &seen) != 0) {
      continue;
    }
    if (S_ISFIFO(seen.st_mode) && seen.st_uid != step.owner) {
      STEP_OK(give_to(stream, step.owner));
    } else if (is_null(seen)) {
      STEP_OK(reopen_null(stream));
    }
  }
  return Outcome::done();
}

}  // namespace boxrun::steps
