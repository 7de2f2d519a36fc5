// Flags and modes of calls on files: positions, allocation, write-back, advice, locks, copies,
// descriptions, attributes. Sources: linux/fs.h, linux/falloc.h, linux/fadvise.h,
// asm-generic/fcntl.h, linux/stat.h, linux/xattr.h, linux/splice.h.

#include "decoders/tables/files.h"

namespace boxtrace::decoders {
namespace {

constexpr Constant kSeekWhenceRows[] = {
    {0, "SEEK_SET"},
    {1, "SEEK_CUR"},
    {2, "SEEK_END"},
    {3, "SEEK_DATA", {"The next place that holds data."}},
    {4, "SEEK_HOLE", {"The next hole."}},
};

constexpr Constant kFallocateModeRows[] = {
    {0, "FALLOC_FL_ALLOCATE_RANGE"},  {1, "FALLOC_FL_KEEP_SIZE"},
    {2, "FALLOC_FL_PUNCH_HOLE"},      {4, "FALLOC_FL_NO_HIDE_STALE"},
    {8, "FALLOC_FL_COLLAPSE_RANGE"},  {0x10, "FALLOC_FL_ZERO_RANGE"},
    {0x20, "FALLOC_FL_INSERT_RANGE"}, {0x40, "FALLOC_FL_UNSHARE_RANGE"},
    {0x80, "FALLOC_FL_WRITE_ZEROES"},
};

constexpr Constant kSpliceFlagsRows[] = {
    {1, "SPLICE_F_MOVE"},
    {2, "SPLICE_F_NONBLOCK"},
    {4, "SPLICE_F_MORE"},
    {8, "SPLICE_F_GIFT"},
};

constexpr Constant kSyncFileRangeFlagsRows[] = {
    {1, "SYNC_FILE_RANGE_WAIT_BEFORE"},
    {2, "SYNC_FILE_RANGE_WRITE"},
    {4, "SYNC_FILE_RANGE_WAIT_AFTER"},
};

constexpr Constant kFadviceRows[] = {
    {0, "POSIX_FADV_NORMAL"},   {1, "POSIX_FADV_RANDOM"},   {2, "POSIX_FADV_SEQUENTIAL"},
    {3, "POSIX_FADV_WILLNEED"}, {4, "POSIX_FADV_DONTNEED"}, {5, "POSIX_FADV_NOREUSE"},
};

constexpr Constant kFlockOpsRows[] = {
    {1, "LOCK_SH", {"A lock that many can hold."}},
    {2, "LOCK_EX", {"A lock that one can hold."}},
    {4, "LOCK_NB", {"Fail with EWOULDBLOCK instead of waiting."}},
    {8, "LOCK_UN"},
    {32, "LOCK_MAND"},
    {64, "LOCK_READ"},
    {128, "LOCK_WRITE"},
};

constexpr Constant kStatxMaskRows[] = {
    {0x7ff, "STATX_BASIC_STATS", {"All that stat tells."}},
    {1, "STATX_TYPE"},
    {2, "STATX_MODE"},
    {4, "STATX_NLINK"},
    {8, "STATX_UID"},
    {0x10, "STATX_GID"},
    {0x20, "STATX_ATIME"},
    {0x40, "STATX_MTIME"},
    {0x80, "STATX_CTIME"},
    {0x100, "STATX_INO"},
    {0x200, "STATX_SIZE"},
    {0x400, "STATX_BLOCKS"},
    {0x800, "STATX_BTIME", {"When the file was made."}},
    {0x1000,
     "STATX_MNT_ID",
     {"The mount that the path led to, as in the first column of mountinfo."}},
    {0x2000, "STATX_DIOALIGN"},
    {0x4000,
     "STATX_MNT_ID_UNIQUE",
     {"The mount's number that is never used again, for statmount."}},
    {0x8000, "STATX_SUBVOL"},
    {0x10000, "STATX_WRITE_ATOMIC"},
    {0x20000, "STATX_DIO_READ_ALIGN"},
    {0x80000000, "STATX__RESERVED"},
};

constexpr Constant kStatxAttributesRows[] = {
    {4, "STATX_ATTR_COMPRESSED"},
    {0x10, "STATX_ATTR_IMMUTABLE"},
    {0x20, "STATX_ATTR_APPEND"},
    {0x40, "STATX_ATTR_NODUMP"},
    {0x800, "STATX_ATTR_ENCRYPTED"},
    {0x1000, "STATX_ATTR_AUTOMOUNT"},
    {0x2000, "STATX_ATTR_MOUNT_ROOT", {"The path is the root of a mount."}},
    {0x100000, "STATX_ATTR_VERITY"},
    {0x200000, "STATX_ATTR_DAX"},
    {0x400000, "STATX_ATTR_WRITE_ATOMIC"},
};

constexpr Constant kStatFlagsRows[] = {
    {0x100, "AT_SYMLINK_NOFOLLOW", {"Describe a final symbolic link itself."}},
    {0x800, "AT_NO_AUTOMOUNT"},
    {0x1000, "AT_EMPTY_PATH", {"With an empty path, mean the descriptor itself."}},
    {.value = 0x2000, .name = "AT_STATX_FORCE_SYNC", .mask = 0x6000},
    {.value = 0x4000, .name = "AT_STATX_DONT_SYNC", .mask = 0x6000},
};

constexpr Constant kHandleFlagsRows[] = {
    {1, "AT_HANDLE_MNT_ID_UNIQUE", {"Tell the mount's 64-bit number that is never used again."}},
    {2, "AT_HANDLE_CONNECTABLE"},
    {0x200, "AT_HANDLE_FID", {"A handle that need not be openable."}},
    {0x400, "AT_SYMLINK_FOLLOW"},
    {0x1000, "AT_EMPTY_PATH", {"With an empty path, mean the descriptor itself."}},
};

constexpr Constant kXattrFlagsRows[] = {
    {1, "XATTR_CREATE", {"Fail if the attribute exists."}},
    {2, "XATTR_REPLACE", {"Fail if the attribute does not exist."}},
};

constexpr Constant kInodeFlagsRows[] = {
    {1, "FS_XFLAG_REALTIME"},         {2, "FS_XFLAG_PREALLOC"},
    {8, "FS_XFLAG_IMMUTABLE"},        {0x10, "FS_XFLAG_APPEND"},
    {0x20, "FS_XFLAG_SYNC"},          {0x40, "FS_XFLAG_NOATIME"},
    {0x80, "FS_XFLAG_NODUMP"},        {0x100, "FS_XFLAG_RTINHERIT"},
    {0x200, "FS_XFLAG_PROJINHERIT"},  {0x400, "FS_XFLAG_NOSYMLINKS"},
    {0x800, "FS_XFLAG_EXTSIZE"},      {0x1000, "FS_XFLAG_EXTSZINHERIT"},
    {0x2000, "FS_XFLAG_NODEFRAG"},    {0x4000, "FS_XFLAG_FILESTREAM"},
    {0x8000, "FS_XFLAG_DAX"},         {0x10000, "FS_XFLAG_COWEXTSIZE"},
    {0x80000000, "FS_XFLAG_HASATTR"},
};

}  // namespace

const ConstantTable kSeekWhence{"seek origins", ConstantTable::Kind::Enum,
                                "SEEK_???",     "linux/fs.h",
                                "lseek(2)",     kSeekWhenceRows};
const ConstantTable kFallocateMode{"fallocate modes", ConstantTable::Kind::Flags,
                                   "FALLOC_FL_???",   "linux/falloc.h",
                                   "fallocate(2)",    kFallocateModeRows};
const ConstantTable kSpliceFlags{"splice flags", ConstantTable::Kind::Flags,
                                 "SPLICE_F_???", "linux/splice.h",
                                 "splice(2)",    kSpliceFlagsRows};
const ConstantTable kSyncFileRangeFlags{"sync_file_range flags", ConstantTable::Kind::Flags,
                                        "SYNC_FILE_RANGE_???",   "linux/fs.h",
                                        "sync_file_range(2)",    kSyncFileRangeFlagsRows};
const ConstantTable kFadvice{"file advice",     ConstantTable::Kind::Enum, "POSIX_FADV_???",
                             "linux/fadvise.h", "posix_fadvise(2)",        kFadviceRows};
const ConstantTable kFlockOps{"flock operations", ConstantTable::Kind::Flags,
                              "LOCK_???",         "asm-generic/fcntl.h",
                              "flock(2)",         kFlockOpsRows};
const ConstantTable kStatxMask{"statx fields", ConstantTable::Kind::Flags,
                               "STATX_???",    "linux/stat.h",
                               "statx(2)",     kStatxMaskRows};
const ConstantTable kStatxAttributes{"statx attributes", ConstantTable::Kind::Flags,
                                     "STATX_ATTR_???",   "linux/stat.h",
                                     "statx(2)",         kStatxAttributesRows};
const ConstantTable kStatFlags{
    "stat flags", ConstantTable::Kind::Flags, "AT_???", "linux/fcntl.h", "stat(2)", kStatFlagsRows};
const ConstantTable kHandleFlags{"name_to_handle_at flags", ConstantTable::Kind::Flags,
                                 "AT_HANDLE_???",           "linux/fcntl.h",
                                 "open_by_handle_at(2)",    kHandleFlagsRows};
const ConstantTable kXattrFlags{"xattr flags", ConstantTable::Kind::Flags,
                                "XATTR_???",   "linux/xattr.h",
                                "setxattr(2)", kXattrFlagsRows};
const ConstantTable kInodeFlags{
    "inode attributes", ConstantTable::Kind::Flags, "FS_XFLAG_???", "linux/fs.h", "none",
    kInodeFlagsRows};

}  // namespace boxtrace::decoders
