// The flags of mount(2) carry three different things in one word. Some are properties of this mount
// (nosuid, nodev, noexec, ro, noatime), some of the filesystem behind it, which all its mounts
// share (ro again, sync, mand), and some are verbs (bind, move, remount, private, slave, shared),
// of which the first in that order of precedence wins and the rest is ignored in silence:
// remount+bind, remount, bind, propagation, move, and else a new mount. The mount API of Linux 5.2
// and later (fsopen and following) takes the verbs apart into calls of their own and has its own
// names, MOUNT_ATTR_*, for the per-mount properties.
//
// Sources: include/uapi/linux/mount.h; fs/namespace.c: path_mount, do_mount_setattr; mount(2),
// umount2(2), mount_setattr(2), Documentation/filesystems/sharedsubtree.rst.

#include "decoders/tables/mount.h"

namespace boxtrace::decoders {
namespace {

constexpr Constant kMount[] = {
    {0xC0ED0000,
     "MS_MGC_VAL",
     {"A magic number that every mount call had to carry before Linux 2.4; the kernel drops it.",
      "", "A program that sets it today has copied old code; busybox is one."},
     0xffff0000},
    {0x1,
     "MS_RDONLY",
     {"Read-only. On a new mount the filesystem itself, with MS_REMOUNT|MS_BIND this one mount.",
      "`ro` in /proc/PID/mountinfo: field 6 is the mount's, the last field the filesystem's.",
      "Together with MS_BIND on a new bind mount it is ignored, in silence. Read-only binds take "
      "two calls: "
      "bind, then MS_REMOUNT|MS_BIND|MS_RDONLY. That is why runtimes mount every read-only path "
      "twice."}},
    {0x2,
     "MS_NOSUID",
     {"Set-user-id bits and file capabilities have no effect on this mount.",
      "`nosuid` in field 6 of /proc/PID/mountinfo.", ""}},
    {0x4,
     "MS_NODEV",
     {"Device nodes on this mount cannot be opened.", "`nodev` in field 6 of /proc/PID/mountinfo.",
      "The /dev of a container must not have it, or /dev/null itself is refused with EACCES."}},
    {0x8,
     "MS_NOEXEC",
     {"Programs on this mount cannot be executed.", "`noexec` in field 6 of /proc/PID/mountinfo.",
      "`sh script` still works: the script is only read."}},
    {0x10, "MS_SYNCHRONOUS", {"Writes reach the disk before the call returns.", "", ""}},
    {0x20,
     "MS_REMOUNT",
     {"Change the options of what is mounted there. With MS_BIND only those of this mount; "
      "without, "
      "those of the filesystem, for all who have it mounted.",
      "The options in /proc/PID/mountinfo change, the mount id stays.",
      "The flags given replace those that are there, so a remount that forgets nosuid asks to drop "
      "it. In a "
      "user namespace flags inherited from the outside are locked and dropping one is EPERM."}},
    {0x40, "MS_MANDLOCK", {"Mandatory locks; gone since Linux 5.15.", "", ""}},
    {0x80,
     "MS_DIRSYNC",
     {"Changes of directories reach the disk before the call returns.", "", ""}},
    {0x100,
     "MS_NOSYMFOLLOW",
     {"Symbolic links on this mount are not followed. Since Linux 5.10.",
      "`nosymfollow` in /proc/PID/mountinfo.", ""}},
    {0x400, "MS_NOATIME", {"Reading does not update access times.", "", ""}},
    {0x800, "MS_NODIRATIME", {"Listing directories does not update access times.", "", ""}},
    {0x1000,
     "MS_BIND",
     {"Makes a file or directory visible at a second place; `source` is the first.",
      "A new line in /proc/PID/mountinfo whose field 4 is the path within the filesystem.",
      "Other flags, except MS_REC, are ignored when a bind is made; it takes a remount to set "
      "them. Without MS_REC "
      "what is mounted below the source is not bound along."}},
    {0x2000,
     "MS_MOVE",
     {"Moves a mount to another place, atomically.",
      "The same mount id with another mount point and perhaps another parent.",
      "A mount whose parent is shared cannot be moved: EINVAL."}},
    {0x4000,
     "MS_REC",
     {"Applies a bind or a change of propagation to everything mounted below, too.", "",
      "A remount does not recurse, MS_REC or not: rbind with ro leaves the submounts writable. "
      "mount_setattr with AT_RECURSIVE can."}},
    {0x8000,
     "MS_SILENT",
     {"The filesystem is to keep its complaints out of the kernel log.", "", ""}},
    {0x10000, "MS_POSIXACL"},
    {0x20000,
     "MS_UNBINDABLE",
     {"Private, and cannot be the source of a bind.", "`unbindable` in /proc/PID/mountinfo.",
      "It keeps a recursive bind of / from containing itself."}},
    {0x40000,
     "MS_PRIVATE",
     {"Mounts and unmounts below are not passed on to other copies of this mount, nor taken from "
      "them.",
      "No `shared:` and no `master:` in /proc/PID/mountinfo.",
      "With MS_REC, it is how a container stops seeing the host's new mounts altogether. The "
      "fields "
      "source and fstype are ignored, so traces show any string there."}},
    {0x80000,
     "MS_SLAVE",
     {"Takes mounts and unmounts from its former peers but passes none back.",
      "`master:N` in place of `shared:N` in /proc/PID/mountinfo.",
      "Runtimes do this to / with MS_REC right after the new mount namespace: without it the "
      "mounts "
      "of the container would appear on the host. On a mount that was not shared it "
      "changes nothing."}},
    {0x100000,
     "MS_SHARED",
     {"Mounts and unmounts below are passed on to all peers: copies in other namespaces and bind "
      "mounts.",
      "`shared:N` in /proc/PID/mountinfo; equal N are peers.",
      "systemd makes everything shared at boot. pivot_root refuses (EINVAL) if the parent of the "
      "new "
      "root or of the current one is shared."}},
    {0x200000,
     "MS_RELATIME",
     {"Access times are updated only when they are old; the default.", "", ""}},
    {0x400000, "MS_KERNMOUNT"},
    {0x800000, "MS_I_VERSION", {"Count the changes of each inode.", "", ""}},
    {0x1000000, "MS_STRICTATIME", {"Access times are updated at each access.", "", ""}},
    {0x2000000, "MS_LAZYTIME", {"Times are kept in memory and written later.", "", ""}},
    {0x4000000, "MS_SUBMOUNT"},
    {0x8000000, "MS_NOREMOTELOCK"},
    {0x10000000, "MS_NOSEC"},
    {0x20000000, "MS_BORN"},
    {0x40000000, "MS_ACTIVE"},
    {0x80000000, "MS_NOUSER"},
};

constexpr Constant kUmount[] = {
    {0x1,
     "MNT_FORCE",
     {"Give up on requests that are under way; for network filesystems that hang.", "",
      "It does not make a busy mount go away: that is MNT_DETACH."}},
    {0x2,
     "MNT_DETACH",
     {"The mount disappears from the tree at once and is taken down when its last user has left.",
      "Its lines, and those of everything below it, leave /proc/PID/mountinfo.",
      "A process that holds a descriptor or its working directory in it still sees it. After "
      "pivot_root(\".\", \".\") runtimes detach the old root so: the stacked old root goes, the "
      "new "
      "one appears."}},
    {0x4,
     "MNT_EXPIRE",
     {"First call marks, second one unmounts if nobody has used it in between: EAGAIN then "
      "success.",
      "", ""}},
    {0x8,
     "UMOUNT_NOFOLLOW",
     {"Do not follow a symbolic link at the end of the path.", "",
      "Without it a link planted by the container could make the runtime unmount another place."}},
};

constexpr Constant kAttributes[] = {
    {0x1,
     "MOUNT_ATTR_RDONLY",
     {"This mount is read-only.", "`ro` in field 6 of /proc/PID/mountinfo.",
      "With AT_RECURSIVE it reaches submounts, which MS_REMOUNT|MS_RDONLY cannot."}},
    {0x2,
     "MOUNT_ATTR_NOSUID",
     {"Set-user-id bits have no effect on this mount.", "`nosuid` in /proc/PID/mountinfo.", ""}},
    {0x4,
     "MOUNT_ATTR_NODEV",
     {"Device nodes on this mount cannot be opened.", "`nodev` in /proc/PID/mountinfo.", ""}},
    {0x8,
     "MOUNT_ATTR_NOEXEC",
     {"Programs on this mount cannot be executed.", "`noexec` in /proc/PID/mountinfo.", ""}},
    {0x70,
     "MOUNT_ATTR__ATIME",
     {"Not an attribute but the three bits that choose how access times are kept.", "",
      "To choose another way all three must stand in attr_clr, and the new one in attr_set; "
      "relatime "
      "is 0, so it is chosen by clearing alone."},
     0x70},
    {0x10, "MOUNT_ATTR_NOATIME", {"Reading does not update access times.", "", ""}, 0x70},
    {0x20, "MOUNT_ATTR_STRICTATIME", {"Access times are updated at each access.", "", ""}, 0x70},
    {0x80, "MOUNT_ATTR_NODIRATIME", {"Listing directories does not update access times.", "", ""}},
    {0x100000,
     "MOUNT_ATTR_IDMAP",
     {"Owners of files appear on this mount as the id map of a user namespace (userns_fd) turns "
      "them. The files themselves are not changed.",
      "`idmapped` in /proc/PID/mountinfo.",
      "It works on mounts that are not attached yet (open_tree with OPEN_TREE_CLONE) and on "
      "filesystems that support it; else EINVAL. The user namespace only serves as a carrier "
      "of the map: nobody needs to live in it."}},
    {0x200000,
     "MOUNT_ATTR_NOSYMFOLLOW",
     {"Symbolic links on this mount are not followed.", "`nosymfollow` in /proc/PID/mountinfo.",
      ""}},
};

constexpr Constant kPropagationRows[] = {
    {0x20000, "MS_UNBINDABLE"},
    {0x40000, "MS_PRIVATE"},
    {0x80000, "MS_SLAVE"},
    {0x100000, "MS_SHARED"},
};

constexpr Constant kMove[] = {
    {0x1, "MOVE_MOUNT_F_SYMLINKS", {"Follow symbolic links at the end of the source.", "", ""}},
    {0x2, "MOVE_MOUNT_F_AUTOMOUNTS", {"Trigger automounts at the source.", "", ""}},
    {0x4,
     "MOVE_MOUNT_F_EMPTY_PATH",
     {"The source path may be empty: the descriptor itself is the mount, as fsmount and open_tree "
      "give it.",
      "", ""}},
    {0x10, "MOVE_MOUNT_T_SYMLINKS", {"Follow symbolic links at the end of the target.", "", ""}},
    {0x20, "MOVE_MOUNT_T_AUTOMOUNTS", {"Trigger automounts at the target.", "", ""}},
    {0x40,
     "MOVE_MOUNT_T_EMPTY_PATH",
     {"The target path may be empty: the descriptor is the place.", "", ""}},
    {0x100,
     "MOVE_MOUNT_SET_GROUP",
     {"Moves nothing: the target joins the peer group of the source. Since Linux 5.15.", "", ""}},
    {0x200,
     "MOVE_MOUNT_BENEATH",
     {"Puts the mount below the one that is on top at the target, so that unmounting the upper one "
      "uncovers it. Since Linux 6.5.",
      "", ""}},
};

constexpr Constant kOpenTree[] = {
    {0x1,
     "OPEN_TREE_CLONE",
     {"The descriptor is a copy of the mount that hangs nowhere yet, the first half of a bind "
      "mount; "
      "move_mount is the second.",
      "The copy is in nobody's mountinfo until it is attached.",
      "If the last descriptor is closed before move_mount the copy is gone."}},
    {0x2,
     "OPEN_TREE_NAMESPACE",
     {"The copy becomes the root of a new mount namespace. Newer than Linux 6.18.", "", ""}},
    {0x100,
     "AT_SYMLINK_NOFOLLOW",
     {"Do not follow a symbolic link at the end of the path.", "", ""}},
    {0x800, "AT_NO_AUTOMOUNT", {"Do not trigger an automount at the end of the path.", "", ""}},
    {0x1000, "AT_EMPTY_PATH", {"The path may be empty: the descriptor itself is meant.", "", ""}},
    {0x8000, "AT_RECURSIVE", {"Copy the mounts below, too; only with OPEN_TREE_CLONE.", "", ""}},
    {0x80000, "OPEN_TREE_CLOEXEC", {"Close the descriptor on execve.", "", ""}},
};

constexpr Constant kSetattrFlags[] = {
    {0x100, "AT_SYMLINK_NOFOLLOW"},
    {0x800, "AT_NO_AUTOMOUNT"},
    {0x1000, "AT_EMPTY_PATH"},
    {0x8000,
     "AT_RECURSIVE",
     {"Change the mounts below, too: all of them, or none if one refuses.", "", ""}},
};

constexpr Constant kFsopen[] = {{0x1, "FSOPEN_CLOEXEC"}};
constexpr Constant kFspick[] = {{0x1, "FSPICK_CLOEXEC"},
                                {0x2, "FSPICK_SYMLINK_NOFOLLOW"},
                                {0x4, "FSPICK_NO_AUTOMOUNT"},
                                {0x8, "FSPICK_EMPTY_PATH"}};
constexpr Constant kFsmount[] = {
    {0x1, "FSMOUNT_CLOEXEC"},
    {0x2,
     "FSMOUNT_NAMESPACE",
     {"The mount becomes the root of a new mount namespace. Newer than Linux 6.18.", "", ""}}};

constexpr Constant kFsconfig[] = {
    {0, "FSCONFIG_SET_FLAG", {"Sets an option that has no value, such as `ro`.", "", ""}},
    {1,
     "FSCONFIG_SET_STRING",
     {"Sets an option to a string, such as `source` or `lowerdir+`.", "", ""}},
    {2, "FSCONFIG_SET_BINARY", {"Sets an option to bytes; `aux` is their number.", "", ""}},
    {3,
     "FSCONFIG_SET_PATH",
     {"Sets an option to the file that a path names; `aux` is the directory.", "", ""}},
    {4,
     "FSCONFIG_SET_PATH_EMPTY",
     {"The same, where an empty path means the descriptor itself.", "", ""}},
    {5, "FSCONFIG_SET_FD", {"Sets an option to an open file; `aux` is its descriptor.", "", ""}},
    {6,
     "FSCONFIG_CMD_CREATE",
     {"All options are set: make the filesystem, or use one that is there already.", "",
      "Errors of options often surface only here. Reading from the descriptor gives the kernel's "
      "own "
      "words about what is wrong."}},
    {7,
     "FSCONFIG_CMD_RECONFIGURE",
     {"Apply the options to a filesystem that exists (fspick).", "", ""}},
    {8,
     "FSCONFIG_CMD_CREATE_EXCL",
     {"Make the filesystem, and fail with EBUSY rather than use one that is there. Since Linux "
      "6.6.",
      "", ""}},
};

constexpr Constant kStatmount[] = {
    {0x1, "STATMOUNT_SB_BASIC"},          {0x2, "STATMOUNT_MNT_BASIC"},
    {0x4, "STATMOUNT_PROPAGATE_FROM"},    {0x8, "STATMOUNT_MNT_ROOT"},
    {0x10, "STATMOUNT_MNT_POINT"},        {0x20, "STATMOUNT_FS_TYPE"},
    {0x40, "STATMOUNT_MNT_NS_ID"},        {0x80, "STATMOUNT_MNT_OPTS"},
    {0x100, "STATMOUNT_FS_SUBTYPE"},      {0x200, "STATMOUNT_SB_SOURCE"},
    {0x400, "STATMOUNT_OPT_ARRAY"},       {0x800, "STATMOUNT_OPT_SEC_ARRAY"},
    {0x1000, "STATMOUNT_SUPPORTED_MASK"}, {0x2000, "STATMOUNT_MNT_UIDMAP"},
    {0x4000, "STATMOUNT_MNT_GIDMAP"},
};
constexpr Constant kStatmountFlagRows[] = {
    {0x1,
     "STATMOUNT_BY_FD",
     {"The request names a descriptor, not a mount id. Newer than Linux 6.18.", "", ""}}};
constexpr Constant kListmount[] = {{0x1, "LISTMOUNT_REVERSE", {"Later mounts first.", "", ""}}};

constexpr auto kFlags = ConstantTable::Kind::Flags;
constexpr auto kEnum = ConstantTable::Kind::Enum;
constexpr std::string_view kSource = "linux/mount.h";

}  // namespace

const ConstantTable kMountFlags{"mount flags", kFlags, "MS_???", kSource, "mount(2)", kMount};
const ConstantTable kUmountFlags{"umount flags", kFlags,      "MNT_???",
                                 "linux/fs.h",   "umount(2)", kUmount};
const ConstantTable kMountAttributes{"mount attributes", kFlags,     "MOUNT_ATTR_???", kSource,
                                     "mount_setattr(2)", kAttributes};
const ConstantTable kPropagation{"mount propagation", kFlags,          "MS_???", kSource,
                                 "mount_setattr(2)",  kPropagationRows};
const ConstantTable kMoveMountFlags{"move_mount flags", kFlags, "MOVE_MOUNT_???", kSource,
                                    "move_mount(2)",    kMove};
const ConstantTable kOpenTreeFlags{"open_tree flags", kFlags,         "OPEN_TREE_???",
                                   kSource,           "open_tree(2)", kOpenTree};
const ConstantTable kMountSetattrFlags{
    "mount_setattr flags", kFlags, "AT_???", "linux/fcntl.h", "mount_setattr(2)", kSetattrFlags};
const ConstantTable kFsopenFlags{"fsopen flags", kFlags,      "FSOPEN_???",
                                 kSource,        "fsopen(2)", kFsopen};
const ConstantTable kFspickFlags{"fspick flags", kFlags,      "FSPICK_???",
                                 kSource,        "fspick(2)", kFspick};
const ConstantTable kFsmountFlags{"fsmount flags", kFlags,       "FSMOUNT_???",
                                  kSource,         "fsmount(2)", kFsmount};
const ConstantTable kFsconfigCommands{"fsconfig commands", kEnum,    "FSCONFIG_???", kSource,
                                      "fsconfig(2)",       kFsconfig};
const ConstantTable kStatmountMask{"statmount mask", kFlags,         "STATMOUNT_???",
                                   kSource,          "statmount(2)", kStatmount};
const ConstantTable kStatmountFlags{"statmount flags", kFlags,         "STATMOUNT_BY_???",
                                    kSource,           "statmount(2)", kStatmountFlagRows};
const ConstantTable kListmountFlags{"listmount flags", kFlags,         "LISTMOUNT_???",
                                    kSource,           "listmount(2)", kListmount};

}  // namespace boxtrace::decoders
