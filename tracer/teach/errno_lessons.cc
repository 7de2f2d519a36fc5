// What an error means when a container is being made, which is seldom what its text says.
//
// Sources: errno(3) and the ERRORS section of the page of each call; kernel/fork.c, kernel/pid.c:
// alloc_pid, fs/namespace.c: path_pivot_root, kernel/user_namespace.c: map_write,
// kernel/ucount.c: inc_ucount, fs/namei.c.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "tracer/base/error_text.h"
#include "tracer/teach/lessons.h"
#include "tracer/teach/topic.h"

namespace boxtrace::teach {
namespace {

constexpr auto kLessons = std::to_array<ErrnoLesson>({
    {"EPERM",
     {"The caller may not do this: a capability is missing, or the object forbids it to everyone.",
      "CapEff in /proc/PID/status says which capabilities are in effect, Seccomp whether a filter "
      "may "
      "have answered in the kernel's place.",
      "Docker's seccomp profile answers EPERM where the kernel would not have. And root in a user "
      "namespace is refused whatever belongs to the host: capabilities count against the user "
      "namespace that owns the object."}},
    {"EACCES",
     {"Permission bits, an access list or a security module say no; for execve also a file system "
      "mounted noexec.",
      "The x bits of every directory on the way count, those of the runtime's state directory too.",
      "Unlike EPERM it is about a path. A rootless container that cannot enter its rootfs mostly "
      "has "
      "a home directory of mode 0700 above it."}},
    {"EINVAL",
     {"The arguments contradict each other or the state of things.", "",
      "pivot_root answers it for six different reasons: new_root is no mount point, its parent "
      "mount or the present root is shared, put_old is not below new_root, the root is the initial "
      "ramfs, and others. Writing uid_map answers it for overlapping lines."}},
    {"ENOMEM",
     {"The kernel could not get memory, or says so in place of a better error.",
      "pid_for_children in /proc/PID/ns is the namespace to look at.",
      "fork answers it when the pid namespace that children go to has lost its pid 1: nothing can "
      "be born there any more. That is what `unshare --pid` without --fork runs into."}},
    {"EBUSY",
     {"In use: a mount point, or a directory that is a task's root or working directory.",
      "/proc/*/cwd, /proc/*/root and mountinfo show who uses it.",
      "pivot_root answers it when new_root or put_old are on the present root mount, that is, when "
      "the rootfs was not bind-mounted onto itself first."}},
    {"ENOSYS",
     {"This kernel has no such call.",
      "Seccomp: 2 in /proc/PID/status: a filter may have answered.",
      "Seccomp profiles answer it for calls that they do not know, so that the C library falls "
      "back: "
      "clone3 to clone, faccessat2 to faccessat. An EPERM there breaks programs."}},
    {"ENOENT",
     {"A part of the path does not exist.", "",
      "For execve it is often the interpreter that is missing, not the program: the dynamic loader "
      "of another C library, or what stands behind #!."}},
    {"EUSERS",
     {"Too many levels of user namespaces (32), or a limit on their number.",
      "/proc/sys/user/max_user_namespaces.",
      "Since Linux 4.9 the limit answers ENOSPC; only older kernels say EUSERS."}},
    {"ENOSPC",
     {"No space, or a limit on the number of namespaces is reached.",
      "/proc/sys/user/max_*_namespaces.",
      "unshare and clone answer it where an administrator has set max_user_namespaces to 0: the "
      "disk "
      "has nothing to do with it. In cgroups v1, adding a task to a cpuset without cpus or mems "
      "answers it too."}},
    {"EXDEV",
     {"The operation would cross a mount or file system.", "",
      "openat2 with RESOLVE_BENEATH answers it when a path tries to leave its directory: an escape "
      "that was prevented."}},
    {"ELOOP",
     {"Too many symbolic links, or one where none is allowed.", "",
      "openat2 with RESOLVE_NO_SYMLINKS or RESOLVE_NO_MAGICLINKS and open with O_NOFOLLOW answer "
      "it "
      "at the first link: runtimes ask for that when the path belongs to an image."}},
    {"EFAULT",
     {"A pointer leads to memory that is not there.", "",
      "Libraries cause it on purpose: seccomp(SECCOMP_SET_MODE_FILTER, flags, NULL) answers EFAULT "
      "if the kernel knows the flags and EINVAL if not, which is how libseccomp asks."}},
    {"ESRCH",
     {"No such process, at least not in the pid namespace of the caller.",
      "NSpid in /proc/PID/status has the number in every namespace.",
      "A pid from inside a container means nothing outside, or worse, somebody else."}},
    {"ECHILD",
     {"There is no child to wait for.", "PPid in /proc/PID/status.",
      "A child made with CLONE_PARENT is a sibling: its maker cannot wait for it."}},
    {"EAGAIN",
     {"Try again, or a limit on processes is reached.",
      "RLIMIT_NPROC in /proc/PID/limits; pids.max and pids.current of the cgroup.",
      "fork answers it when the pids controller of a container is full. RLIMIT_NPROC counts the "
      "processes of a user id in all containers that share the user namespace."}},
    {"EROFS",
     {"The file system or the mount is read-only.",
      "`ro` in /proc/PID/mountinfo: the first options are the mount's, the last the superblock's.",
      "A bind mount becomes read-only by a second mount call with MS_REMOUNT|MS_BIND|MS_RDONLY: "
      "the "
      "first call ignores MS_RDONLY."}},
    {"ENOTSUP",
     {"The object does not support this.", "",
      "Idmapped mounts and overlay upper directories ask more of a file system than some give."}},
    {"EDQUOT",
     {"A quota is exhausted; for keyctl and add_key, that of keys.",
      "/proc/keys, /proc/key-users, /proc/sys/kernel/keys/maxkeys.",
      "runc makes a session keyring per container, and they are charged to the user: many "
      "containers "
      "of one user run out of keys."}},
});

}  // namespace

std::span<const ErrnoLesson> errno_lessons() { return kLessons; }

std::vector<Topic> errno_topics(std::string_view name) {
  const int err = base::parse_errno(name);
  if (err == 0) {
    return {};
  }
  Topic topic;
  topic.kind = Topic::Kind::Errno;
  topic.name = std::string(base::errno_name(err));
  topic.category = fmt::format("error: {}", base::errno_text(err));
  topic.numbers = {std::to_string(err)};
  topic.man = "errno(3)";
  topic.kernel = "include/uapi/asm-generic/errno.h";
  topic.traces_as = {topic.name};
  const auto lesson = std::find_if(kLessons.begin(), kLessons.end(), [&](const ErrnoLesson& row) {
    return base::parse_errno(row.name) == err;
  });
  if (lesson != kLessons.end()) {
    topic.explain = lesson->explain;
  }
  return {topic};
}

}  // namespace boxtrace::teach
