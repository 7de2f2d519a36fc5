// The numbers by which filesystems are told apart, and the flags of the mount that statfs reports.
//
// A path can be made to lead anywhere, so a runtime that is about to write to /proc/self/attr/exec
// or to a cgroup file first asks fstatfs whether the descriptor really is on procfs or cgroupfs.
//
// Sources: linux/magic.h, linux/statfs.h; statfs(2).

#include "decoders/tables/magic.h"

namespace boxtrace::decoders {
namespace {

constexpr Constant kMagics[] = {
    {0x9fa0, "PROC_SUPER_MAGIC"},
    {0x62656572, "SYSFS_MAGIC"},
    {0x27e0eb, "CGROUP_SUPER_MAGIC", {"The first version of cgroups: a hierarchy per controller."}},
    {0x63677270, "CGROUP2_SUPER_MAGIC", {"The second version of cgroups: one hierarchy."}},
    {0x01021994, "TMPFS_MAGIC"},
    {0x858458f6, "RAMFS_MAGIC"},
    {0x1cd1, "DEVPTS_SUPER_MAGIC"},
    {0x794c7630, "OVERLAYFS_SUPER_MAGIC"},
    {0x6e736673, "NSFS_MAGIC", {"Namespaces: what /proc/PID/ns/* lead to."}},
    {0x50494446, "PID_FS_MAGIC"},
    {0x19800202, "MQUEUE_MAGIC"},
    {0x73636673, "SECURITYFS_MAGIC"},
    {0xf97cff8c, "SELINUX_MAGIC"},
    {0x43415d53, "SMACK_MAGIC"},
    {0x64626720, "DEBUGFS_MAGIC"},
    {0x74726163, "TRACEFS_MAGIC"},
    {0xcafe4a11, "BPF_FS_MAGIC"},
    {0x62656570, "CONFIGFS_MAGIC"},
    {0x958458f6, "HUGETLBFS_MAGIC"},
    {0x42494e4d, "BINFMTFS_MAGIC"},
    {0x50495045, "PIPEFS_MAGIC"},
    {0x534f434b, "SOCKFS_MAGIC"},
    {0x09041934, "ANON_INODE_FS_MAGIC"},
    {0xef53, "EXT4_SUPER_MAGIC"},
    {0x9123683e, "BTRFS_SUPER_MAGIC"},
    {0x58465342, "XFS_SUPER_MAGIC"},
    {0x2fc12fc1, "ZFS_SUPER_MAGIC"},
    {0xf2f52010, "F2FS_SUPER_MAGIC"},
    {0x73717368, "SQUASHFS_MAGIC"},
    {0xe0f5e1e2, "EROFS_SUPER_MAGIC_V1"},
    {0x9660, "ISOFS_SUPER_MAGIC"},
    {0x4d44, "MSDOS_SUPER_MAGIC"},
    {0x2011bab0, "EXFAT_SUPER_MAGIC"},
    {0x6969, "NFS_SUPER_MAGIC"},
    {0xff534d42, "CIFS_SUPER_MAGIC"},
    {0x00c36400, "CEPH_SUPER_MAGIC"},
    {0x65735546, "FUSE_SUPER_MAGIC"},
    {0x01021997, "V9FS_MAGIC"},
    {0x61756673, "AUFS_SUPER_MAGIC"},
};

constexpr Constant kFlags[] = {
    {0x1, "ST_RDONLY"},         {0x2, "ST_NOSUID"},
    {0x4, "ST_NODEV"},          {0x8, "ST_NOEXEC"},
    {0x10, "ST_SYNCHRONOUS"},   {0x20, "ST_VALID", {"The kernel has filled in the flags."}},
    {0x40, "ST_MANDLOCK"},      {0x400, "ST_NOATIME"},
    {0x800, "ST_NODIRATIME"},   {0x1000, "ST_RELATIME"},
    {0x2000, "ST_NOSYMFOLLOW"},
};

}  // namespace

const ConstantTable kFilesystemMagics{"filesystem types", ConstantTable::Kind::Enum,
                                      "?_MAGIC",          "linux/magic.h",
                                      "statfs(2)",        kMagics};
const ConstantTable kStatfsFlags{
    "statfs flags", ConstantTable::Kind::Flags, "ST_???", "linux/statfs.h", "statfs(2)", kFlags};

}  // namespace boxtrace::decoders
