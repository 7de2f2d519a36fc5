// Calls that make, open, rename and remove files, and change their owners and modes.
//
// The ones ending in `at` start at a directory descriptor in place of the working directory; an
// absolute path ignores it. A mode counts only when the call may make a file, and the umask takes
// bits off it. Containers are full of them: the rootfs is prepared with mkdirat and mknodat, limits
// are set by opening files of a cgroup and writing to them.
//
// Sources: fs/open.c, fs/namei.c; open(2), openat2(2), mknod(2), path_resolution(7).

#include "decoders/args.h"
#include "decoders/families/families.h"
#include "decoders/structs.h"
#include "decoders/tables/fcntl.h"

namespace boxtrace::decoders {
namespace {

constexpr std::uint64_t kCreat = 0100, kTmpfileBit = 020000000;
constexpr std::uint32_t kTypeMask = 0170000, kCharacter = 0020000, kBlock = 0060000;

const ConstantTable& open_flags(const CallContext& context) {
  return context.call.abi == raw::Abi::Aarch64 ? kOpenFlagsArm : kOpenFlags;
}

Value arg_open_flags(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_number(Show::Constant, low32(context, index), 32, &open_flags(context));
}

std::size_t used_by_open(const CallContext& context, std::size_t flags) {
  return (low32(context, flags) & (kCreat | kTmpfileBit)) != 0 ? flags + 2 : flags + 1;
}
std::size_t used_open(const CallContext& context) { return used_by_open(context, 1); }
std::size_t used_openat(const CallContext& context) { return used_by_open(context, 2); }

/// struct open_how: three words of 64 bits, with a size that may grow.
Value arg_open_how(const CallContext& context, const ArgSpec&, std::size_t index) {
  const FieldSpec layout[] = {
      {"flags", Width::W64, Show::Constant, &open_flags(context)},
      {"mode", Width::W64, Show::Octal},
      {"resolve", Width::W64, Show::Constant, &kResolveFlags},
  };
  const std::uint64_t size = word(context, 3);
  const base::Addr addr = address(context, index);
  return size == 0 ? Value{Pointer{addr}} : decode_struct(context, addr, layout, size);
}

bool is_device(std::uint32_t mode) {
  return (mode & kTypeMask) == kCharacter || (mode & kTypeMask) == kBlock;
}
std::size_t used_mknod(const CallContext& context) { return is_device(low32(context, 1)) ? 3 : 2; }
std::size_t used_mknodat(const CallContext& context) {
  return is_device(low32(context, 2)) ? 4 : 3;
}

Value arg_short_id(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_number(Show::Id, low32(context, index) & 0xffffU, 16);
}

/// The path that getcwd wrote; its result counts the NUL.
Value arg_written_path(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_string(context, address(context, index), kPathLimit, Text::Kind::Path);
}

constexpr Explanation kChown{
    "Sets owner and group; -1 leaves one as it is.", "",
    "Inside a user namespace the ids are that namespace's, and one that its "
    "map lacks is EINVAL. Set-user-id bits are lost."};

constexpr SyscallSpec kRows[] = {
    {.name = "open",
     .nr = {2, 5, -1},
     .classes = kFile | kDesc,
     .args = {{{"pathname", arg_path}, {"flags", arg_open_flags, &kOpenFlags}, {"mode", arg_mode}}},
     .returns = Returns::Fd,
     .observe = kObserveFdArgs,
     .man = "open(2)",
     .kernel = "fs/open.c: do_sys_open",
     .explain = {"Opens a file, or makes one.", "A new link in /proc/PID/fd.", ""},
     .used_args = used_open},
    {.name = "openat",
     .nr = {257, 295, 56},
     .classes = kFile | kDesc,
     .args = {{{"dirfd", arg_dirfd},
               {"pathname", arg_path},
               {"flags", arg_open_flags, &kOpenFlags},
               {"mode", arg_mode}}},
     .returns = Returns::Fd,
     .observe = kObserveFdArgs,
     .man = "openat(2)",
     .kernel = "fs/open.c: do_sys_open",
     .explain =
         {"Opens a file relative to a directory that is open.", "A new link in /proc/PID/fd.",
          "An absolute path ignores the directory, and symbolic links may lead anywhere: where "
          "the path is the container's making, openat2 is needed."},
     .used_args = used_openat},
    {.name = "openat2",
     .nr = {437, 437, 437},
     .classes = kFile | kDesc,
     .args = {{{"dirfd", arg_dirfd},
               {"pathname", arg_path},
               {"how", arg_open_how},
               {"size", arg_size}}},
     .returns = Returns::Fd,
     .observe = kObserveFdArgs,
     .man = "openat2(2)",
     .kernel = "fs/open.c: openat2",
     .explain =
         {"openat with rules for the walk: stay beneath the start, follow no links, cross no "
          "mounts.",
          "A new link in /proc/PID/fd.",
          "EXDEV or ELOOP here is often an attack stopped, not a mistake. Calls with descriptor -1 "
          "and "
          "EBADF are a probe whether the kernel has the call. Unlike open, unknown flags are "
          "EINVAL."}},
    {.name = "creat",
     .nr = {85, 8, -1},
     .classes = kFile | kDesc,
     .args = {{{"pathname", arg_path}, {"mode", arg_mode}}},
     .returns = Returns::Fd,
     .observe = kObserveFdArgs,
     .man = "creat(2)",
     .kernel = "fs/open.c: creat",
     .explain = {"open for writing with O_CREAT and O_TRUNC.", "", ""}},
    {.name = "unlink",
     .nr = {87, 10, -1},
     .classes = kFile,
     .args = {{{"pathname", arg_path}}},
     .observe = kObserveFdArgs,
     .man = "unlink(2)",
     .kernel = "fs/namei.c: do_unlinkat",
     .explain = {"Removes a name; the file goes when nobody has it open any more.", "", ""}},
    {.name = "unlinkat",
     .nr = {263, 301, 35},
     .classes = kFile,
     .args = {{{"dirfd", arg_dirfd},
               {"pathname", arg_path},
               {"flags", arg_constant, &kUnlinkatFlags}}},
     .observe = kObserveFdArgs,
     .man = "unlink(2)",
     .kernel = "fs/namei.c: do_unlinkat",
     .explain =
         {"Removes a name, or with AT_REMOVEDIR an empty directory.", "",
          "A cgroup is removed so, too: its files vanish with it, and EBUSY means that a process "
          "or a child cgroup is still inside."}},
    {.name = "rmdir",
     .nr = {84, 40, -1},
     .classes = kFile,
     .args = {{{"pathname", arg_path}}},
     .observe = kObserveFdArgs,
     .man = "rmdir(2)",
     .kernel = "fs/namei.c: do_rmdir",
     .explain =
         {"Removes an empty directory.", "",
          "On a cgroup it works although the directory is full of control files; `rm -r` does "
          "not."}},
    {.name = "mkdir",
     .nr = {83, 39, -1},
     .classes = kFile,
     .args = {{{"pathname", arg_path}, {"mode", arg_mode}}},
     .observe = kObserveFdArgs,
     .man = "mkdir(2)",
     .kernel = "fs/namei.c: do_mkdirat",
     .explain =
         {"Makes a directory.", "",
          "In a cgroup filesystem it makes a cgroup: the control files appear by themselves."}},
    {.name = "mkdirat",
     .nr = {258, 296, 34},
     .classes = kFile,
     .args = {{{"dirfd", arg_dirfd}, {"pathname", arg_path}, {"mode", arg_mode}}},
     .observe = kObserveFdArgs,
     .man = "mkdir(2)",
     .kernel = "fs/namei.c: do_mkdirat",
     .explain =
         {"Makes a directory.", "",
          "In a cgroup filesystem it makes a cgroup: the control files appear by themselves."}},
    {.name = "mknod",
     .nr = {133, 14, -1},
     .classes = kFile,
     .args = {{{"pathname", arg_path}, {"mode", arg_mode}, {"dev", arg_device}}},
     .observe = kObserveFdArgs,
     .man = "mknod(2)",
     .kernel = "fs/namei.c: do_mknodat",
     .explain =
         {"Makes a device node, a fifo, a socket or a plain file.", "",
          "In a user namespace devices are EPERM, whatever the capabilities: rootless runtimes "
          "bind-mount the host's. A whiteout of overlay, character device 0/0, is permitted."},
     .used_args = used_mknod},
    {.name = "mknodat",
     .nr = {259, 297, 33},
     .classes = kFile,
     .args =
         {{{"dirfd", arg_dirfd}, {"pathname", arg_path}, {"mode", arg_mode}, {"dev", arg_device}}},
     .observe = kObserveFdArgs,
     .man = "mknod(2)",
     .kernel = "fs/namei.c: do_mknodat",
     .explain =
         {"Makes a device node, a fifo, a socket or a plain file.", "",
          "In a user namespace devices are EPERM, whatever the capabilities: rootless runtimes "
          "bind-mount the host's."},
     .used_args = used_mknodat},
    {.name = "symlink",
     .nr = {88, 83, -1},
     .classes = kFile,
     .args = {{{"target", arg_path}, {"linkpath", arg_path}}},
     .observe = kObserveFdArgs,
     .man = "symlink(2)",
     .kernel = "fs/namei.c: do_symlinkat",
     .explain = {"Makes a symbolic link.", "",
                 "The target is not looked at: it means what it means to whoever follows it."}},
    {.name = "symlinkat",
     .nr = {266, 304, 36},
     .classes = kFile,
     .args = {{{"target", arg_path}, {"newdirfd", arg_dirfd}, {"linkpath", arg_path}}},
     .observe = kObserveFdArgs,
     .man = "symlink(2)",
     .kernel = "fs/namei.c: do_symlinkat",
     .explain = {"Makes a symbolic link.", "",
                 "The target is not looked at: it means what it means to whoever follows it."}},
    {.name = "link",
     .nr = {86, 9, -1},
     .classes = kFile,
     .args = {{{"oldpath", arg_path}, {"newpath", arg_path}}},
     .observe = kObserveFdArgs,
     .man = "link(2)",
     .kernel = "fs/namei.c: do_linkat",
     .explain = {"Gives a file a second name.", "", ""}},
    {.name = "linkat",
     .nr = {265, 303, 37},
     .classes = kFile,
     .args = {{{"olddirfd", arg_dirfd},
               {"oldpath", arg_path},
               {"newdirfd", arg_dirfd},
               {"newpath", arg_path},
               {"flags", arg_constant, &kLinkatFlags}}},
     .observe = kObserveFdArgs,
     .man = "link(2)",
     .kernel = "fs/namei.c: do_linkat",
     .explain = {"Gives a file a second name.", "", ""}},
    {.name = "rename",
     .nr = {82, 38, -1},
     .classes = kFile,
     .args = {{{"oldpath", arg_path}, {"newpath", arg_path}}},
     .observe = kObserveFdArgs,
     .man = "rename(2)",
     .kernel = "fs/namei.c: do_renameat2",
     .explain = {"Renames a file; what was at the new name is replaced at one stroke.", "",
                 "EXDEV between two mounts, even of the same filesystem."}},
    {.name = "renameat",
     .nr = {264, 302, 38},
     .classes = kFile,
     .args = {{{"olddirfd", arg_dirfd},
               {"oldpath", arg_path},
               {"newdirfd", arg_dirfd},
               {"newpath", arg_path}}},
     .observe = kObserveFdArgs,
     .man = "rename(2)",
     .kernel = "fs/namei.c: do_renameat2",
     .explain = {"Renames a file; what was at the new name is replaced at one stroke.", "", ""}},
    {.name = "renameat2",
     .nr = {316, 353, 276},
     .classes = kFile,
     .args = {{{"olddirfd", arg_dirfd},
               {"oldpath", arg_path},
               {"newdirfd", arg_dirfd},
               {"newpath", arg_path},
               {"flags", arg_constant, &kRenameFlags}}},
     .observe = kObserveFdArgs,
     .man = "rename(2)",
     .kernel = "fs/namei.c: do_renameat2",
     .explain = {"Renames a file, or exchanges two.", "", ""}},
    {.name = "readlink",
     .nr = {89, 85, -1},
     .classes = kFile | kInfo,
     .args = {{{"pathname", arg_path},
               {"buf", arg_buffer, nullptr, 2, Direction::Out},
               {"bufsiz", arg_size}}},
     .returns = Returns::Size,
     .man = "readlink(2)",
     .kernel = "fs/stat.c: do_readlinkat",
     .explain =
         {"Reads where a symbolic link points.", "",
          "Links in /proc/PID/fd and ns are not paths: `mnt:[4026531841]` names an inode that "
          "no path has."}},
    {.name = "readlinkat",
     .nr = {267, 305, 78},
     .classes = kFile | kInfo,
     .args = {{{"dirfd", arg_dirfd},
               {"pathname", arg_path},
               {"buf", arg_buffer, nullptr, 3, Direction::Out},
               {"bufsiz", arg_size}}},
     .returns = Returns::Size,
     .man = "readlink(2)",
     .kernel = "fs/stat.c: do_readlinkat",
     .explain =
         {"Reads where a symbolic link points.", "",
          "Links in /proc/PID/fd and ns are not paths: `mnt:[4026531841]` names an inode that "
          "no path has."}},
    {.name = "access",
     .nr = {21, 33, -1},
     .classes = kFile | kInfo,
     .args = {{{"pathname", arg_path}, {"mode", arg_constant, &kAccessModes}}},
     .man = "access(2)",
     .kernel = "fs/open.c: do_faccessat",
     .explain = {"Would the real user be permitted?", "", ""}},
    {.name = "faccessat",
     .nr = {269, 307, 48},
     .classes = kFile | kInfo,
     .args = {{{"dirfd", arg_dirfd},
               {"pathname", arg_path},
               {"mode", arg_constant, &kAccessModes}}},
     .man = "access(2)",
     .kernel = "fs/open.c: do_faccessat",
     .explain = {"Would the real user be permitted?", "",
                 "The system call has no flags; those of the C library's function are made up for, "
                 "or passed to faccessat2."}},
    {.name = "faccessat2",
     .nr = {439, 439, 439},
     .classes = kFile | kInfo,
     .args = {{{"dirfd", arg_dirfd},
               {"pathname", arg_path},
               {"mode", arg_constant, &kAccessModes},
               {"flags", arg_constant, &kFaccessatFlags}}},
     .man = "access(2)",
     .kernel = "fs/open.c: do_faccessat",
     .explain =
         {"Would the real or effective user be permitted? Since Linux 5.8.", "",
          "Seccomp profiles older than the call answered EPERM, which the C library takes for "
          "the answer: `test -r` failed inside containers on files that were readable."}},
    {.name = "chmod",
     .nr = {90, 15, -1},
     .classes = kFile,
     .args = {{{"pathname", arg_path}, {"mode", arg_mode}}},
     .observe = kObserveFdArgs,
     .man = "chmod(2)",
     .kernel = "fs/open.c: do_fchmodat",
     .explain =
         {"Changes permission bits.", "",
          "A seccomp profile that forbids fchmodat but not chmod, fchmod and fchmodat2 forbids "
          "nothing."}},
    {.name = "fchmod",
     .nr = {91, 94, 52},
     .classes = kDesc,
     .args = {{{"fd", arg_fd}, {"mode", arg_mode}}},
     .observe = kObserveFdArgs,
     .man = "chmod(2)",
     .kernel = "fs/open.c: vfs_fchmod",
     .explain = {"Changes the permission bits of an open file.", "", ""}},
    {.name = "fchmodat",
     .nr = {268, 306, 53},
     .classes = kFile,
     .args = {{{"dirfd", arg_dirfd}, {"pathname", arg_path}, {"mode", arg_mode}}},
     .observe = kObserveFdArgs,
     .man = "chmod(2)",
     .kernel = "fs/open.c: do_fchmodat",
     .explain = {"Changes permission bits.", "",
                 "The system call has no flags; with flags the C library calls fchmodat2."}},
    {.name = "fchmodat2",
     .nr = {452, 452, 452},
     .classes = kFile,
     .args = {{{"dirfd", arg_dirfd},
               {"pathname", arg_path},
               {"mode", arg_mode},
               {"flags", arg_constant, &kAtFlags}}},
     .observe = kObserveFdArgs,
     .man = "chmod(2)",
     .kernel = "fs/open.c: do_fchmodat",
     .explain =
         {"fchmodat with flags. Since Linux 6.6.", "",
          "Seccomp profiles that do not know it answer EPERM instead of ENOSYS, and the C library "
          "does not fall back."}},
    {.name = "chown",
     .nr = {92, -1, -1},
     .classes = kFile,
     .args = {{{"pathname", arg_path}, {"owner", arg_id}, {"group", arg_id}}},
     .observe = kObserveFdArgs,
     .man = "chown(2)",
     .kernel = "fs/open.c: do_fchownat",
     .explain = kChown},
    {.name = "chown32",
     .nr = {-1, 212, -1},
     .classes = kFile,
     .args = {{{"pathname", arg_path}, {"owner", arg_id}, {"group", arg_id}}},
     .observe = kObserveFdArgs,
     .man = "chown(2)",
     .kernel = "fs/open.c: do_fchownat",
     .explain = kChown},
    {.name = "chown",
     .nr = {-1, 182, -1},
     .classes = kFile,
     .args = {{{"pathname", arg_path}, {"owner", arg_short_id}, {"group", arg_short_id}}},
     .observe = kObserveFdArgs,
     .man = "chown(2)",
     .kernel = "kernel/uid16.c: chown16",
     .explain = kChown},
    {.name = "fchown",
     .nr = {93, -1, 55},
     .classes = kDesc,
     .args = {{{"fd", arg_fd}, {"owner", arg_id}, {"group", arg_id}}},
     .observe = kObserveFdArgs,
     .man = "chown(2)",
     .kernel = "fs/open.c: ksys_fchown",
     .explain = kChown},
    {.name = "fchown32",
     .nr = {-1, 207, -1},
     .classes = kDesc,
     .args = {{{"fd", arg_fd}, {"owner", arg_id}, {"group", arg_id}}},
     .observe = kObserveFdArgs,
     .man = "chown(2)",
     .kernel = "fs/open.c: ksys_fchown",
     .explain = kChown},
    {.name = "fchown",
     .nr = {-1, 95, -1},
     .classes = kDesc,
     .args = {{{"fd", arg_fd}, {"owner", arg_short_id}, {"group", arg_short_id}}},
     .observe = kObserveFdArgs,
     .man = "chown(2)",
     .kernel = "kernel/uid16.c: fchown16",
     .explain = kChown},
    {.name = "lchown",
     .nr = {94, -1, -1},
     .classes = kFile,
     .args = {{{"pathname", arg_path}, {"owner", arg_id}, {"group", arg_id}}},
     .observe = kObserveFdArgs,
     .man = "chown(2)",
     .kernel = "fs/open.c: do_fchownat",
     .explain = kChown},
    {.name = "lchown32",
     .nr = {-1, 198, -1},
     .classes = kFile,
     .args = {{{"pathname", arg_path}, {"owner", arg_id}, {"group", arg_id}}},
     .observe = kObserveFdArgs,
     .man = "chown(2)",
     .kernel = "fs/open.c: do_fchownat",
     .explain = kChown},
    {.name = "lchown",
     .nr = {-1, 16, -1},
     .classes = kFile,
     .args = {{{"pathname", arg_path}, {"owner", arg_short_id}, {"group", arg_short_id}}},
     .observe = kObserveFdArgs,
     .man = "chown(2)",
     .kernel = "kernel/uid16.c: lchown16",
     .explain = kChown},
    {.name = "fchownat",
     .nr = {260, 298, 54},
     .classes = kFile,
     .args = {{{"dirfd", arg_dirfd},
               {"pathname", arg_path},
               {"owner", arg_id},
               {"group", arg_id},
               {"flags", arg_constant, &kAtFlags}}},
     .observe = kObserveFdArgs,
     .man = "chown(2)",
     .kernel = "fs/open.c: do_fchownat",
     .explain = kChown},
    {.name = "umask",
     .nr = {95, 60, 166},
     .classes = kFile,
     .args = {{{"mask", arg_mode}}},
     .returns = Returns::Number,
     .man = "umask(2)",
     .kernel = "kernel/sys.c: umask",
     .explain =
         {"Sets the permission bits that new files do not get; returns the ones from before.",
          "Umask: in /proc/PID/status.",
          "Runtimes set 0 while they make device nodes, or the modes they ask for are cut."}},
    {.name = "getcwd",
     .nr = {79, 183, 17},
     .classes = kFile | kInfo,
     .args = {{{"buf", arg_written_path, nullptr, 1, Direction::Out}, {"size", arg_size}}},
     .returns = Returns::Size,
     .man = "getcwd(2)",
     .kernel = "fs/d_path.c: getcwd",
     .explain =
         {"The path of the working directory.", "/proc/PID/cwd.",
          "It begins with `(unreachable)` when the directory is outside the caller's root: after "
          "a chroot or a setns without chdir."}},
};

}  // namespace

const std::span<const SyscallSpec> kPathSyscalls{kRows};

}  // namespace boxtrace::decoders
