// The classic way to build a container's view of files: mount(2), umount2(2), pivot_root(2),
// chroot(2), chdir(2).
//
// What mount(2) means depends on its flags (decoders/tables/mount.cc). Its `data` is a string of
// options for almost every filesystem, at most a page of it, and is decoded as one; where the flags
// make the kernel ignore it (bind, move, propagation) callers pass NULL or nothing of interest.
//
// Sources: fs/namespace.c, fs/open.c; mount(2), pivot_root(2), chroot(2).

#include "decoders/args.h"
#include "decoders/families/families.h"
#include "decoders/structs.h"
#include "decoders/tables/mount.h"

namespace boxtrace::decoders {
namespace {

/// The kernel copies a page and ends it with a NUL: options beyond are cut off in silence.
/// Source: fs/namespace.c: copy_mount_options.
Value arg_mount_options(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_string(context, address(context, index), kPageSize - 1);
}

constexpr SyscallSpec kRows[] = {
    {.name = "mount",
     .nr = {165, 21, 40},
     .classes = kMount | kFile,
     .args = {{{"source", arg_path},
               {"target", arg_path},
               {"filesystemtype", arg_string},
               {"mountflags", arg_constant_long, &kMountFlags},
               {"data", arg_mount_options}}},
     .observe = kObserveFdArgs,
     .man = "mount(2)",
     .kernel = "fs/namespace.c: path_mount",
     .explain =
         {"Attaches a filesystem, binds or moves what is there to a second place, or changes "
          "options and propagation, as its flags say.",
          "Lines appear or change in /proc/PID/mountinfo of everyone in the mount namespace, "
          "and of its peers where the parent mount is shared.",
          "It covers what was at the target, for new look-ups only: who had a file open "
          "there keeps it. The target of a runtime is often /proc/self/fd/N, a directory it "
          "has opened before so that the container cannot swap it for a symbolic link."}},
    {.name = "umount",
     .nr = {-1, 22, -1},
     .classes = kMount | kFile,
     .args = {{{"target", arg_path}}},
     .observe = kObserveFdArgs,
     .man = "umount(2)",
     .kernel = "fs/namespace.c: ksys_umount",
     .explain = {"The umount2 of 32-bit programs, without flags.",
                 "The line leaves /proc/PID/mountinfo.", "EBUSY while anybody uses a file below."}},
    {.name = "umount2",
     .nr = {166, 52, 39},
     .classes = kMount | kFile,
     .args = {{{"target", arg_path}, {"flags", arg_constant, &kUmountFlags}}},
     .observe = kObserveFdArgs,
     .man = "umount(2)",
     .kernel = "fs/namespace.c: ksys_umount",
     .explain = {"Removes the topmost mount at the target.",
                 "Its line leaves /proc/PID/mountinfo; what it covered is visible again.",
                 "EINVAL on a mount that exists means that it is locked: it came from a more "
                 "privileged mount namespace together with others, and taking away one of them "
                 "would uncover what it hides."}},
    {.name = "pivot_root",
     .nr = {155, 217, 41},
     .classes = kMount | kFile,
     .args = {{{"new_root", arg_path}, {"put_old", arg_path}}},
     .observe = kObserveRoot | kObserveFdArgs,
     .man = "pivot_root(2)",
     .kernel = "fs/namespace.c: path_pivot_root",
     .explain =
         {"Exchanges the root mount of the mount namespace: new_root becomes /, the old root "
          "hangs below put_old. Processes whose root was the old one are moved along.",
          "/proc/PID/root of each of them, and the order of /proc/PID/mountinfo.",
          "EINVAL has several causes: new_root is no mount point, put_old is not below it, "
          "one of the parent mounts is shared, or the current root is the initramfs. "
          "EBUSY: new_root is on the root mount itself. pivot_root(\".\", \".\") stacks the old "
          "root on "
          "the new one, and a umount2 with MNT_DETACH takes it away: no directory for the old root "
          "is needed."}},
    {.name = "chroot",
     .nr = {161, 61, 51},
     .classes = kMount | kFile,
     .args = {{{"path", arg_path}}},
     .observe = kObserveRoot | kObserveFdArgs,
     .man = "chroot(2)",
     .kernel = "fs/open.c: ksys_chroot",
     .explain =
         {"Absolute paths of the caller and its children start at this directory.",
          "/proc/PID/root.",
          "It changes where paths start, not what is mounted: the host's files stay reachable "
          "through open descriptors, through the working directory if no chdir follows, and "
          "by a second chroot. After it the caller cannot make a user namespace (EPERM)."}},
    {.name = "chdir",
     .nr = {80, 12, 49},
     .classes = kFile,
     .args = {{{"path", arg_path}}},
     .observe = kObserveRoot | kObserveFdArgs,
     .man = "chdir(2)",
     .kernel = "fs/open.c: chdir",
     .explain = {"Sets the working directory.", "/proc/PID/cwd.",
                 "A working directory outside the new root survives chroot: `..` then walks on "
                 "above it. Hence the chdir(\"/\") that follows every chroot and pivot_root."}},
    {.name = "fchdir",
     .nr = {81, 133, 50},
     .classes = kDesc,
     .args = {{{"fd", arg_fd}}},
     .observe = kObserveRoot | kObserveFdArgs,
     .man = "chdir(2)",
     .kernel = "fs/open.c: fchdir",
     .explain =
         {"Sets the working directory to an open one.", "/proc/PID/cwd.",
          "Runtimes keep the old root open over pivot_root and fchdir into it, to unmount it "
          "from there. A descriptor of a host directory that leaks into the container "
          "is an open door: one fchdir and it is outside (CVE-2024-21626)."}},
};

}  // namespace

const std::span<const SyscallSpec> kMountSyscalls{kRows};

}  // namespace boxtrace::decoders
