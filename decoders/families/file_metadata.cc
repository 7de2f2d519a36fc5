// stat(2) and its many generations, statfs(2), timestamps, file attributes and file handles.

#include <algorithm>
#include <iterator>

#include "decoders/args.h"
#include "decoders/families/families.h"
#include "decoders/families/pointee_args.h"
#include "decoders/families/time_args.h"
#include "decoders/structs.h"
#include "decoders/tables/fcntl.h"
#include "decoders/tables/files.h"
#include "decoders/tables/magic.h"

namespace boxtrace::decoders {
namespace {

constexpr FieldSpec kStatX8664[] = {
    {"st_dev", Width::W64, Show::Hex},        {"st_ino", Width::W64, Show::Unsigned},
    {"st_nlink", Width::W64, Show::Unsigned}, {"st_mode", Width::W32, Show::Octal},
    {"st_uid", Width::W32, Show::Unsigned},   {"st_gid", Width::W32, Show::Unsigned},
    {"pad", Width::W32, Show::Hidden},        {"st_rdev", Width::W64, Show::Hex},
    {"st_size", Width::W64, Show::Signed},
};
constexpr FieldSpec kStatGeneric[] = {
    {"st_dev", Width::W64, Show::Hex},      {"st_ino", Width::W64, Show::Unsigned},
    {"st_mode", Width::W32, Show::Octal},   {"st_nlink", Width::W32, Show::Unsigned},
    {"st_uid", Width::W32, Show::Unsigned}, {"st_gid", Width::W32, Show::Unsigned},
    {"st_rdev", Width::W64, Show::Hex},     {"pad", Width::W64, Show::Hidden},
    {"st_size", Width::W64, Show::Signed},
};
constexpr FieldSpec kStatI386[] = {
    {"st_dev", Width::W32, Show::Hex},      {"st_ino", Width::W32, Show::Unsigned},
    {"st_mode", Width::W16, Show::Octal},   {"st_nlink", Width::W16, Show::Unsigned},
    {"st_uid", Width::W16, Show::Unsigned}, {"st_gid", Width::W16, Show::Unsigned},
    {"st_rdev", Width::W32, Show::Hex},     {"st_size", Width::W32, Show::Unsigned},
};
constexpr FieldSpec kStat64I386[] = {
    {"st_dev", Width::W64, Show::Hex},        {"pad", Width::W32, Show::Hidden},
    {"ino_low", Width::W32, Show::Hidden},    {"st_mode", Width::W32, Show::Octal},
    {"st_nlink", Width::W32, Show::Unsigned}, {"st_uid", Width::W32, Show::Unsigned},
    {"st_gid", Width::W32, Show::Unsigned},   {"st_rdev", Width::W64, Show::Hex},
    {"pad", Width::W32, Show::Hidden},        {"st_size", Width::W64, Show::Signed},
};

// The rest of x86-64's struct stat.
constexpr FieldSpec kStatX8664Rest[] = {
    {"st_blksize", Width::W64, Show::Signed}, {"st_blocks", Width::W64, Show::Signed},
    {"st_atime", Width::W64, Show::Signed},   {"st_atime_nsec", Width::W64, Show::Unsigned},
    {"st_mtime", Width::W64, Show::Signed},   {"st_mtime_nsec", Width::W64, Show::Unsigned},
    {"st_ctime", Width::W64, Show::Signed},   {"st_ctime_nsec", Width::W64, Show::Unsigned},
};

/// struct stat; without its times for the ABIs of others. Source: arch/x86/include/uapi/asm/stat.h,
/// asm-generic/stat.h.
Value arg_stat(const CallContext& context, const ArgSpec&, std::size_t index) {
  const base::Addr addr = address(context, index);
  switch (context.call.abi) {
    case raw::Abi::Aarch64:
      return decode_struct(context, addr, kStatGeneric);
    case raw::Abi::I386:
      return decode_struct(context, addr, kStatI386);
    default:
      break;
  }
  Value value = decode_struct(context, addr, kStatX8664);
  const std::size_t head = layout_size(kStatX8664, context.call.abi);
  append_fields(context, value, base::Addr{addr.value + head}, kStatX8664Rest);
  return value;
}

/// i386's struct stat64, which has its inode number twice and the good one at the end.
Value arg_stat64(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_struct(context, address(context, index), kStat64I386);
}

constexpr FieldSpec kStatfs[] = {
    {"f_type", Width::Word, Show::Constant, &kFilesystemMagics},
    {"f_bsize", Width::Word, Show::Unsigned},
    {"f_blocks", Width::Word, Show::Unsigned},
    {"f_bfree", Width::Word, Show::Unsigned},
    {"f_bavail", Width::Word, Show::Unsigned},
    {"f_files", Width::Word, Show::Unsigned},
    {"f_ffree", Width::Word, Show::Unsigned},
    {"f_fsid", Width::W64, Show::Hex},
    {"f_namelen", Width::Word, Show::Unsigned},
    {"f_frsize", Width::Word, Show::Unsigned},
    {"f_flags", Width::Word, Show::Constant, &kStatfsFlags},
};
constexpr FieldSpec kStatfs64[] = {
    {"f_type", Width::W32, Show::Constant, &kFilesystemMagics},
    {"f_bsize", Width::W32, Show::Unsigned},
    {"f_blocks", Width::W64, Show::Unsigned},
    {"f_bfree", Width::W64, Show::Unsigned},
    {"f_bavail", Width::W64, Show::Unsigned},
    {"f_files", Width::W64, Show::Unsigned},
    {"f_ffree", Width::W64, Show::Unsigned},
    {"f_fsid", Width::W64, Show::Hex},
    {"f_namelen", Width::W32, Show::Unsigned},
    {"f_frsize", Width::W32, Show::Unsigned},
    {"f_flags", Width::W32, Show::Constant, &kStatfsFlags},
};

Value arg_statfs(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_kernel_longs(context, address(context, index), kStatfs);
}

Value arg_statfs64(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_struct(context, address(context, index), kStatfs64);
}

constexpr FieldSpec kStatx[] = {
    {"stx_mask", Width::W32, Show::Constant, &kStatxMask},
    {"stx_blksize", Width::W32, Show::Unsigned},
    {"stx_attributes", Width::Aligned64, Show::Constant, &kStatxAttributes},
    {"stx_nlink", Width::W32, Show::Unsigned},
    {"stx_uid", Width::W32, Show::Unsigned},
    {"stx_gid", Width::W32, Show::Unsigned},
    {"stx_mode", Width::W16, Show::Octal},
    {"spare", Width::W16, Show::Hidden},
    {"stx_ino", Width::Aligned64, Show::Unsigned},
    {"stx_size", Width::Aligned64, Show::Unsigned},
    {"stx_blocks", Width::Aligned64, Show::Unsigned},
};

constexpr std::size_t kStatxTimes = 64;  // four timestamps of 16 bytes follow, then devices

constexpr FieldSpec kStatxTail[] = {
    {"stx_rdev_major", Width::W32, Show::Unsigned},
    {"stx_rdev_minor", Width::W32, Show::Unsigned},
    {"stx_dev_major", Width::W32, Show::Unsigned},
    {"stx_dev_minor", Width::W32, Show::Unsigned},
    {"stx_mnt_id", Width::Aligned64, Show::Unsigned},
};

/// struct statx without its times.
Value arg_statx(const CallContext& context, const ArgSpec&, std::size_t index) {
  const base::Addr addr = address(context, index);
  Value value = decode_struct(context, addr, kStatx);
  auto* fields = value.as<Struct>();
  if (fields == nullptr) {
    return value;
  }
  // After stx_blocks: stx_attributes_mask, four times, then the devices and the mount.
  const std::size_t offset = layout_size(kStatx, context.call.abi) + 8 + kStatxTimes;
  Value tail = decode_struct(context, base::Addr{addr.value + offset}, kStatxTail);
  if (auto* more = tail.as<Struct>()) {
    std::move(more->fields.begin(), more->fields.end(), std::back_inserter(fields->fields));
    fields->failure = fields->failure ? fields->failure : more->failure;
  } else if (const auto* missing = tail.as<Missing>()) {
    fields->failure = fields->failure ? fields->failure : missing->why;
  }
  return value;
}

constexpr FieldSpec kFileAttr[] = {
    {"fa_xflags", Width::Aligned64, Show::Constant, &kInodeFlags},
    {"fa_extsize", Width::W32, Show::Unsigned},
    {"fa_nextents", Width::W32, Show::Unsigned},
    {"fa_projid", Width::W32, Show::Unsigned},
    {"fa_cowextsize", Width::W32, Show::Unsigned},
};

/// struct file_attr, whose size is the next argument.
Value arg_file_attr(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  const std::uint64_t size = word(context, static_cast<std::size_t>(arg.size_arg));
  return size == 0 ? Value{Pointer{address(context, index)}}
                   : decode_struct(context, address(context, index), kFileAttr, size);
}

constexpr SyscallSpec kRows[] = {
    {.name = "stat",
     .nr = {4, 106, -1},
     .classes = kFile | kInfo,
     .args = {{{"pathname", arg_path},
               {.name = "statbuf", .decode = arg_stat, .direction = Direction::Out}}},
     .man = "stat(2)",
     .kernel = "fs/stat.c: newstat",
     .explain = {"Fills a struct with the type, mode, owner, size and times of a file, following a "
                 "final symbolic link."}},
    {.name = "fstat",
     .nr = {5, 108, 80},
     .classes = kDesc | kInfo,
     .args = {{{"fd", arg_fd},
               {.name = "statbuf", .decode = arg_stat, .direction = Direction::Out}}},
     .man = "stat(2)",
     .kernel = "fs/stat.c: newfstat",
     .explain = {"Fills a struct with the type, mode, owner, size and times of an open file."}},
    {.name = "lstat",
     .nr = {6, 107, -1},
     .classes = kFile | kInfo,
     .args = {{{"pathname", arg_path},
               {.name = "statbuf", .decode = arg_stat, .direction = Direction::Out}}},
     .man = "stat(2)",
     .kernel = "fs/stat.c: newlstat",
     .explain = {"Describes a file like stat, but describes a final symbolic link itself instead "
                 "of its target."}},
    {.name = "newfstatat",
     .nr = {262, -1, 79},
     .classes = kFile | kDesc | kInfo,
     .args = {{{"dirfd", arg_dirfd},
               {"pathname", arg_path},
               {.name = "statbuf", .decode = arg_stat, .direction = Direction::Out},
               {"flags", arg_constant, &kStatFlags}}},
     .man = "stat(2)",
     .kernel = "fs/stat.c: newfstatat",
     .explain = {"Describes a file whose path starts at a directory descriptor; with AT_EMPTY_PATH "
                 "and an empty path it describes the descriptor itself."}},
    {.name = "stat64",
     .nr = {-1, 195, -1},
     .classes = kFile | kInfo,
     .args = {{{"pathname", arg_path},
               {.name = "statbuf", .decode = arg_stat64, .direction = Direction::Out}}},
     .man = "stat(2)",
     .kernel = "arch/x86/kernel/sys_ia32.c: ia32_stat64",
     .explain = {"The 32-bit stat with 64-bit file sizes and inode numbers."}},
    {.name = "lstat64",
     .nr = {-1, 196, -1},
     .classes = kFile | kInfo,
     .args = {{{"pathname", arg_path},
               {.name = "statbuf", .decode = arg_stat64, .direction = Direction::Out}}},
     .man = "stat(2)",
     .kernel = "arch/x86/kernel/sys_ia32.c: ia32_lstat64",
     .explain = {"The 32-bit lstat with 64-bit file sizes and inode numbers."}},
    {.name = "fstat64",
     .nr = {-1, 197, -1},
     .classes = kDesc | kInfo,
     .args = {{{"fd", arg_fd},
               {.name = "statbuf", .decode = arg_stat64, .direction = Direction::Out}}},
     .man = "stat(2)",
     .kernel = "arch/x86/kernel/sys_ia32.c: ia32_fstat64",
     .explain = {"The 32-bit fstat with 64-bit file sizes and inode numbers."}},
    {.name = "fstatat64",
     .nr = {-1, 300, -1},
     .classes = kFile | kDesc | kInfo,
     .args = {{{"dirfd", arg_dirfd},
               {"pathname", arg_path},
               {.name = "statbuf", .decode = arg_stat64, .direction = Direction::Out},
               {"flags", arg_constant, &kStatFlags}}},
     .man = "stat(2)",
     .kernel = "arch/x86/kernel/sys_ia32.c: ia32_fstatat64",
     .explain = {"The 32-bit newfstatat with 64-bit file sizes and inode numbers."}},
    {.name = "oldstat",
     .nr = {-1, 18, -1},
     .classes = kFile | kInfo,
     .args = {{{"pathname", arg_path},
               {.name = "statbuf", .decode = arg_pointer, .direction = Direction::Out}}},
     .man = "stat(2)",
     .kernel = "fs/stat.c: stat",
     .explain = {"The first Linux stat: 16-bit ids and inode numbers, and an error for files that "
                 "do not fit."}},
    {.name = "oldfstat",
     .nr = {-1, 28, -1},
     .classes = kDesc | kInfo,
     .args = {{{"fd", arg_fd},
               {.name = "statbuf", .decode = arg_pointer, .direction = Direction::Out}}},
     .man = "stat(2)",
     .kernel = "fs/stat.c: fstat",
     .explain = {"The first Linux fstat, with 16-bit ids and inode numbers."}},
    {.name = "oldlstat",
     .nr = {-1, 84, -1},
     .classes = kFile | kInfo,
     .args = {{{"pathname", arg_path},
               {.name = "statbuf", .decode = arg_pointer, .direction = Direction::Out}}},
     .man = "stat(2)",
     .kernel = "fs/stat.c: lstat",
     .explain = {"The first Linux lstat, with 16-bit ids and inode numbers."}},
    {.name = "statx",
     .nr = {332, 383, 291},
     .classes = kFile | kDesc | kInfo,
     .args = {{{"dirfd", arg_dirfd},
               {"pathname", arg_path},
               {"flags", arg_constant, &kStatFlags},
               {"mask", arg_constant, &kStatxMask},
               {.name = "statxbuf", .decode = arg_statx, .direction = Direction::Out}}},
     .man = "statx(2)",
     .kernel = "fs/stat.c: statx",
     .explain = {"Describes a file with the same struct on every architecture, birth time, mount "
                 "id and attributes included, and says which fields are valid."}},
    {.name = "statfs",
     .nr = {137, 99, 43},
     .classes = kFile | kInfo,
     .args = {{{"path", arg_path},
               {.name = "buf", .decode = arg_statfs, .direction = Direction::Out}}},
     .man = "statfs(2)",
     .kernel = "fs/statfs.c: statfs",
     .explain = {"Tells the type of the filesystem that holds a path, its free space and the flags "
                 "of the mount."}},
    {.name = "fstatfs",
     .nr = {138, 100, 44},
     .classes = kDesc | kInfo,
     .args = {{{"fd", arg_fd}, {.name = "buf", .decode = arg_statfs, .direction = Direction::Out}}},
     .man = "statfs(2)",
     .kernel = "fs/statfs.c: fstatfs",
     .explain = {"Tells type, free space and mount flags of the filesystem that holds an open "
                 "file; runtimes use it to check that a descriptor is really procfs."}},
    {.name = "statfs64",
     .nr = {-1, 268, -1},
     .classes = kFile | kInfo,
     .args = {{{"path", arg_path},
               {"size", arg_size},
               {.name = "buf", .decode = arg_statfs64, .direction = Direction::Out}}},
     .man = "statfs(2)",
     .kernel = "fs/statfs.c: statfs64",
     .explain =
         {"The 32-bit statfs with 64-bit counts; the caller passes the size of its struct."}},
    {.name = "fstatfs64",
     .nr = {-1, 269, -1},
     .classes = kDesc | kInfo,
     .args = {{{"fd", arg_fd},
               {"size", arg_size},
               {.name = "buf", .decode = arg_statfs64, .direction = Direction::Out}}},
     .man = "statfs(2)",
     .kernel = "fs/statfs.c: fstatfs64",
     .explain =
         {"The 32-bit fstatfs with 64-bit counts; the caller passes the size of its struct."}},
    {.name = "ustat",
     .nr = {136, 62, -1},
     .classes = kInfo,
     .args = {{{"dev", arg_device},
               {.name = "ubuf", .decode = arg_pointer, .direction = Direction::Out}}},
     .man = "ustat(2)",
     .kernel = "fs/statfs.c: ustat",
     .explain = {"Tells the free blocks and inodes of a mounted filesystem, named by its device "
                 "number; statfs replaced it."}},
    {.name = "sysfs",
     .nr = {139, 135, -1},
     .classes = kInfo,
     .args = {{{"option", arg_int}, {"arg1", arg_hex}, {"arg2", arg_hex}}},
     .returns = Returns::Number,
     .man = "sysfs(2)",
     .kernel = "fs/filesystems.c: sysfs",
     .explain = {"Translates between names and index numbers of the kernel's filesystem types; it "
                 "has nothing to do with the filesystem mounted at /sys."}},
    {.name = "utime",
     .nr = {132, 30, -1},
     .classes = kFile,
     .args = {{{"filename", arg_path}, {"times", arg_pointer}}},
     .man = "utime(2)",
     .kernel = "fs/utimes.c: utime",
     .explain = {"Sets the access and modification time of a file in whole seconds."}},
    {.name = "utimes",
     .nr = {235, 271, -1},
     .classes = kFile,
     .args = {{{"filename", arg_path}, {"times", arg_timeval_pair}}},
     .man = "utime(2)",
     .kernel = "fs/utimes.c: utimes",
     .explain = {"Sets the access and modification time of a file in microseconds."}},
    {.name = "futimesat",
     .nr = {261, 299, -1},
     .classes = kFile | kDesc,
     .args = {{{"dirfd", arg_dirfd}, {"pathname", arg_path}, {"times", arg_timeval_pair}}},
     .man = "futimesat(2)",
     .kernel = "fs/utimes.c: futimesat",
     .explain = {"Sets file times relative to a directory descriptor; utimensat replaced it."}},
    {.name = "utimensat",
     .nr = {280, 320, 88},
     .classes = kFile | kDesc,
     .args = {{{"dirfd", arg_dirfd},
               {"pathname", arg_path},
               {"times", arg_timespec_pair},
               {"flags", arg_constant, &kAtFlags}}},
     .man = "utimensat(2)",
     .kernel = "fs/utimes.c: utimensat",
     .explain = {"Sets the access and modification time of a file in nanoseconds, to now "
                 "(UTIME_NOW) or not at all (UTIME_OMIT)."}},
    {.name = "utimensat_time64",
     .nr = {-1, 412, -1},
     .classes = kFile | kDesc,
     .args = {{{"dirfd", arg_dirfd},
               {"pathname", arg_path},
               {"times", arg_timespec64_pair},
               {"flags", arg_constant, &kAtFlags}}},
     .man = "utimensat(2)",
     .kernel = "fs/utimes.c: utimensat",
     .explain = {"The 32-bit utimensat with 64-bit seconds, which outlive the year 2038."}},
    {.name = "file_getattr",
     .nr = {468, 468, 468},
     .classes = kFile | kDesc | kInfo,
     .args =
         {{{"dirfd", arg_dirfd},
           {"pathname", arg_path},
           {.name = "attr", .decode = arg_file_attr, .size_arg = 3, .direction = Direction::Out},
           {"size", arg_size},
           {"at_flags", arg_constant, &kAtFlags}}},
     .man = "none",
     .kernel = "fs/file_attr.c: file_getattr",
     .explain = {"Reads the inode attributes that chattr shows (immutable, append only, project "
                 "id) by path, so that special files and symbolic links have them too."}},
    {.name = "file_setattr",
     .nr = {469, 469, 469},
     .classes = kFile | kDesc,
     .args = {{{"dirfd", arg_dirfd},
               {"pathname", arg_path},
               {.name = "attr", .decode = arg_file_attr, .size_arg = 3},
               {"size", arg_size},
               {"at_flags", arg_constant, &kAtFlags}}},
     .man = "none",
     .kernel = "fs/file_attr.c: file_setattr",
     .explain = {"Sets the inode attributes that chattr sets, by path instead of by ioctl on an "
                 "open file."}},
    {.name = "name_to_handle_at",
     .nr = {303, 341, 264},
     .classes = kFile | kDesc | kInfo,
     .args = {{{"dirfd", arg_dirfd},
               {"pathname", arg_path},
               {.name = "handle", .decode = arg_pointer, .direction = Direction::InOut},
               {.name = "mount_id", .decode = arg_int_at, .direction = Direction::Out},
               {"flags", arg_constant, &kHandleFlags}}},
     .man = "open_by_handle_at(2)",
     .kernel = "fs/fhandle.c: name_to_handle_at",
     .explain = {"Turns a path into an opaque handle that stays valid when the file is renamed."}},
    {.name = "open_by_handle_at",
     .nr = {304, 342, 265},
     .classes = kDesc,
     .args = {{{"mount_fd", arg_dirfd},
               {"handle", arg_pointer},
               {"flags", arg_constant, &kOpenFlags}}},
     .returns = Returns::Fd,
     .man = "open_by_handle_at(2)",
     .kernel = "fs/fhandle.c: open_by_handle_at",
     .explain = {"Opens a file by handle, past every directory permission; with "
                 "CAP_DAC_READ_SEARCH it was a way out of early containers."}},
    {.name = "quotactl",
     .nr = {179, 131, 60},
     .classes = kFile,
     .args = {{{"cmd", arg_hex}, {"special", arg_path}, {"id", arg_int}, {"addr", arg_pointer}}},
     .man = "quotactl(2)",
     .kernel = "fs/quota/quota.c: quotactl",
     .explain = {"Reads or changes disk quotas of the filesystem on a block device."}},
    {.name = "quotactl_fd",
     .nr = {443, 443, 443},
     .classes = kDesc,
     .args = {{{"fd", arg_fd}, {"cmd", arg_hex}, {"id", arg_int}, {"addr", arg_pointer}}},
     .man = "quotactl(2)",
     .kernel = "fs/quota/quota.c: quotactl_fd",
     .explain = {"Reads or changes disk quotas of the filesystem that a descriptor is on."}},
};

}  // namespace

const std::span<const SyscallSpec> kFileMetadataSyscalls{kRows};

}  // namespace boxtrace::decoders
