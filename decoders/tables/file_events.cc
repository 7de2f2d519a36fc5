// inotify and fanotify: what to watch for, and how.
// Sources: linux/inotify.h, linux/fanotify.h; inotify(7), fanotify(7).

#include "decoders/tables/file_events.h"

namespace boxtrace::decoders {
namespace {

constexpr Constant kInotifyInitFlagsRows[] = {
    {0x800, "IN_NONBLOCK"},
    {0x80000, "IN_CLOEXEC"},
};

constexpr Constant kInotifyMaskRows[] = {
    {0xfff, "IN_ALL_EVENTS"},
    {1, "IN_ACCESS"},
    {2, "IN_MODIFY"},
    {4, "IN_ATTRIB"},
    {8, "IN_CLOSE_WRITE"},
    {0x10, "IN_CLOSE_NOWRITE"},
    {0x20, "IN_OPEN"},
    {0x40, "IN_MOVED_FROM"},
    {0x80, "IN_MOVED_TO"},
    {0x100, "IN_CREATE"},
    {0x200, "IN_DELETE"},
    {0x400, "IN_DELETE_SELF"},
    {0x800, "IN_MOVE_SELF"},
    {0x2000, "IN_UNMOUNT"},
    {0x4000, "IN_Q_OVERFLOW"},
    {0x8000, "IN_IGNORED"},
    {0x01000000, "IN_ONLYDIR"},
    {0x02000000, "IN_DONT_FOLLOW"},
    {0x04000000, "IN_EXCL_UNLINK"},
    {0x10000000, "IN_MASK_CREATE"},
    {0x20000000, "IN_MASK_ADD"},
    {0x40000000, "IN_ISDIR"},
    {0x80000000, "IN_ONESHOT"},
};

constexpr Constant kFanotifyInitFlagsRows[] = {
    {.value = 0, .name = "FAN_CLASS_NOTIF", .mask = 0xc},
    {.value = 4, .name = "FAN_CLASS_CONTENT", .mask = 0xc},
    {.value = 8, .name = "FAN_CLASS_PRE_CONTENT", .mask = 0xc},
    {1, "FAN_CLOEXEC"},
    {2, "FAN_NONBLOCK"},
    {0x10, "FAN_UNLIMITED_QUEUE"},
    {0x20, "FAN_UNLIMITED_MARKS"},
    {0x40, "FAN_ENABLE_AUDIT"},
    {0x80, "FAN_REPORT_PIDFD"},
    {0x100, "FAN_REPORT_TID"},
    {0x200, "FAN_REPORT_FID"},
    {0x400, "FAN_REPORT_DIR_FID"},
    {0x800, "FAN_REPORT_NAME"},
    {0x1000, "FAN_REPORT_TARGET_FID"},
    {0x2000, "FAN_REPORT_FD_ERROR"},
    {0x4000, "FAN_REPORT_MNT", {"Report mounts and unmounts of a mount namespace."}},
};

constexpr Constant kFanotifyMarkFlagsRows[] = {
    {.value = 0, .name = "FAN_MARK_INODE", .mask = 0x110},
    {.value = 0x10, .name = "FAN_MARK_MOUNT", .mask = 0x110},
    {.value = 0x100, .name = "FAN_MARK_FILESYSTEM", .mask = 0x110},
    {.value = 0x110,
     .name = "FAN_MARK_MNTNS",
     .explain = {"Mark a mount namespace, given by a descriptor of it."},
     .mask = 0x110},
    {1, "FAN_MARK_ADD"},
    {2, "FAN_MARK_REMOVE"},
    {4, "FAN_MARK_DONT_FOLLOW"},
    {8, "FAN_MARK_ONLYDIR"},
    {0x20, "FAN_MARK_IGNORED_MASK"},
    {0x40, "FAN_MARK_IGNORED_SURV_MODIFY"},
    {0x80, "FAN_MARK_FLUSH"},
    {0x200, "FAN_MARK_EVICTABLE"},
    {0x400, "FAN_MARK_IGNORE"},
};

constexpr Constant kFanotifyMaskRows[] = {
    {1, "FAN_ACCESS"},
    {2, "FAN_MODIFY"},
    {4, "FAN_ATTRIB"},
    {8, "FAN_CLOSE_WRITE"},
    {0x10, "FAN_CLOSE_NOWRITE"},
    {0x20, "FAN_OPEN"},
    {0x40, "FAN_MOVED_FROM"},
    {0x80, "FAN_MOVED_TO"},
    {0x100, "FAN_CREATE"},
    {0x200, "FAN_DELETE"},
    {0x400, "FAN_DELETE_SELF"},
    {0x800, "FAN_MOVE_SELF"},
    {0x1000, "FAN_OPEN_EXEC"},
    {0x4000, "FAN_Q_OVERFLOW"},
    {0x8000, "FAN_FS_ERROR"},
    {0x10000, "FAN_OPEN_PERM"},
    {0x20000, "FAN_ACCESS_PERM"},
    {0x40000, "FAN_OPEN_EXEC_PERM"},
    {0x100000, "FAN_PRE_ACCESS"},
    {0x1000000, "FAN_MNT_ATTACH"},
    {0x2000000, "FAN_MNT_DETACH"},
    {0x08000000, "FAN_EVENT_ON_CHILD"},
    {0x10000000, "FAN_RENAME"},
    {0x40000000, "FAN_ONDIR"},
};

}  // namespace

const ConstantTable kInotifyInitFlags{
    "inotify_init1 flags", ConstantTable::Kind::Flags, "IN_???",
    "linux/inotify.h",     "inotify_init(2)",          kInotifyInitFlagsRows};
const ConstantTable kInotifyMask{"inotify events", ConstantTable::Kind::Flags,
                                 "IN_???",         "linux/inotify.h",
                                 "inotify(7)",     kInotifyMaskRows};
const ConstantTable kFanotifyInitFlags{
    "fanotify_init flags", ConstantTable::Kind::Flags, "FAN_???",
    "linux/fanotify.h",    "fanotify_init(2)",         kFanotifyInitFlagsRows};
const ConstantTable kFanotifyMarkFlags{"fanotify_mark flags", ConstantTable::Kind::Flags,
                                       "FAN_MARK_???",        "linux/fanotify.h",
                                       "fanotify_mark(2)",    kFanotifyMarkFlagsRows};
const ConstantTable kFanotifyMask{"fanotify events", ConstantTable::Kind::Flags,
                                  "FAN_???",         "linux/fanotify.h",
                                  "fanotify(7)",     kFanotifyMaskRows};

}  // namespace boxtrace::decoders
