// Opening and naming files. The numbers of four O_* flags differ between x86 and aarch64.
//
// Sources: include/uapi/linux/fcntl.h, openat2.h, memfd.h, close_range.h, fs.h;
// arch/arm64/include/uapi/asm/fcntl.h; open(2), openat2(2), fcntl(2).

#include "decoders/tables/fcntl.h"

#include <array>

namespace boxtrace::decoders {
namespace {

constexpr auto kEnum = ConstantTable::Kind::Enum;
constexpr auto kFlags = ConstantTable::Kind::Flags;
constexpr std::string_view kSource = "linux/fcntl.h";

constexpr Constant kNoFollow{
    0x100, "AT_SYMLINK_NOFOLLOW", {"Act on a symbolic link itself, not on what it names.", "", ""}};
constexpr Constant kEmptyPath{0x1000,
                              "AT_EMPTY_PATH",
                              {"The path may be empty: then the descriptor itself is meant.", "",
                               "It works with descriptors of any kind, O_PATH ones, too: no name "
                               "has to be looked up again, so "
                               "nobody can change what it means in between."}};

constexpr std::array kAt = {kNoFollow, Constant{0x800, "AT_NO_AUTOMOUNT"}, kEmptyPath};
constexpr std::array kExecveat = {
    kNoFollow, kEmptyPath,
    Constant{0x10000,
             "AT_EXECVE_CHECK",
             {"Only ask whether it would be permitted. Since Linux 6.14.", "", ""}}};
constexpr std::array kUnlinkat = {
    Constant{0x200, "AT_REMOVEDIR", {"Remove a directory, as rmdir does.", "", ""}}};
constexpr std::array kLinkat = {
    Constant{0x400, "AT_SYMLINK_FOLLOW", {"Link what a symbolic link names.", "", ""}}, kEmptyPath};
constexpr std::array kFaccessat = {
    kNoFollow,
    Constant{0x200, "AT_EACCESS", {"Ask for the effective ids, not the real ones.", "", ""}},
    kEmptyPath};

constexpr Constant kReadOnly{0, "O_RDONLY", {}, 3};
constexpr Constant kWriteOnly{1, "O_WRONLY", {}, 3};
constexpr Constant kReadWrite{2, "O_RDWR", {}, 3};
constexpr Constant kNoAccess{3, "O_ACCMODE", {"Neither read nor write: only ioctls.", "", ""}, 3};
constexpr Constant kCreat{0100, "O_CREAT", {"Make the file if there is none.", "", ""}};
constexpr Constant kExcl{0200, "O_EXCL", {"Fail if there is one already.", "", ""}};
constexpr Constant kNoctty{
    0400, "O_NOCTTY", {"A terminal does not become the controlling one.", "", ""}};
constexpr Constant kTrunc{01000, "O_TRUNC", {"Cut the file to length 0.", "", ""}};
constexpr Constant kAppend{02000, "O_APPEND", {"Each write goes to the end.", "", ""}};
constexpr Constant kNonblock{04000, "O_NONBLOCK", {"Do not wait.", "", ""}};
constexpr Constant kSync{04010000, "O_SYNC", {"Writes reach the disk before they return.", "", ""}};
constexpr Constant kDsync{
    010000, "O_DSYNC", {"Written data reaches the disk before the call returns.", "", ""}};
constexpr Constant kAsync{020000, "O_ASYNC", {"SIGIO when I/O is possible.", "", ""}};
constexpr Constant kNoatime{
    01000000, "O_NOATIME", {"Reading does not change the access time.", "", ""}};
constexpr Constant kCloexec{
    02000000,
    "O_CLOEXEC",
    {"The descriptor is closed by execve.", "flags: in /proc/PID/fdinfo/N.",
     "A descriptor of the host without it passes into the container's program: the leak behind "
     "CVE-2024-21626."}};
constexpr Constant kPath{
    010000000,
    "O_PATH",
    {"Only a handle for the place: it cannot be read, but it can be the start of *at calls and "
     "opened again through /proc/self/fd.",
     "flags: in /proc/PID/fdinfo/N.",
     "Runtimes open a mount's target so, check where it really is, and mount on /proc/self/fd/N: "
     "the container cannot swap it for a link in between."}};
constexpr std::string_view kTmpfileName = "O_TMPFILE";
constexpr Explanation kTmpfileText{"A file without a name, in the directory that the path names.",
                                   "", ""};
constexpr std::string_view kDirect = "O_DIRECT", kLarge = "O_LARGEFILE", kDir = "O_DIRECTORY",
                           kNofollow = "O_NOFOLLOW";
constexpr Explanation kDirText{"Fail unless it is a directory.", "", ""};
constexpr Explanation kNofollowText{
    "Fail with ELOOP if the last part of the path is a symbolic link.", "",
    "Links in the middle of the path are followed all the same; openat2 with RESOLVE_NO_SYMLINKS "
    "refuses those, too."};

constexpr std::array kOpen = {kReadOnly,
                              kWriteOnly,
                              kReadWrite,
                              kNoAccess,
                              kCreat,
                              kExcl,
                              kNoctty,
                              kTrunc,
                              kAppend,
                              kNonblock,
                              kSync,
                              kDsync,
                              kAsync,
                              Constant{040000, kDirect, {}},
                              Constant{0100000, kLarge, {}},
                              Constant{020200000, kTmpfileName, kTmpfileText},
                              Constant{0200000, kDir, kDirText},
                              Constant{0400000, kNofollow, kNofollowText},
                              kNoatime,
                              kCloexec,
                              kPath};
constexpr std::array kOpenArm = {kReadOnly,
                                 kWriteOnly,
                                 kReadWrite,
                                 kNoAccess,
                                 kCreat,
                                 kExcl,
                                 kNoctty,
                                 kTrunc,
                                 kAppend,
                                 kNonblock,
                                 kSync,
                                 kDsync,
                                 kAsync,
                                 Constant{0200000, kDirect, {}},
                                 Constant{0400000, kLarge, {}},
                                 Constant{020040000, kTmpfileName, kTmpfileText},
                                 Constant{040000, kDir, kDirText},
                                 Constant{0100000, kNofollow, kNofollowText},
                                 kNoatime,
                                 kCloexec,
                                 kPath};

constexpr Constant kResolve[] = {
    {0x1, "RESOLVE_NO_XDEV", {"Do not cross into another mount.", "", "EXDEV when it would."}},
    {0x2,
     "RESOLVE_NO_MAGICLINKS",
     {"Do not follow links such as /proc/PID/fd/N or /proc/PID/root, which lead past all paths.",
      "", "ELOOP when it would."}},
    {0x4, "RESOLVE_NO_SYMLINKS", {"Do not follow any symbolic link.", "", "ELOOP when it would."}},
    {0x8,
     "RESOLVE_BENEATH",
     {"Fail if the path leads out of the directory it starts from, by `..`, an absolute path or a "
      "link.",
      "",
      "EXDEV means that an escape was stopped. EAGAIN means that something was renamed meanwhile: "
      "try again."}},
    {0x10,
     "RESOLVE_IN_ROOT",
     {"Treat the start as /: absolute links and `..` stay inside, as under chroot.", "",
      "How a runtime opens a path of the container's own making without being led out of its "
      "rootfs."}},
    {0x20, "RESOLVE_CACHED", {"Only if no disk access is needed; else EAGAIN.", "", ""}},
};

constexpr Constant kAccess[] = {{0, "F_OK"}, {1, "X_OK"}, {2, "W_OK"}, {4, "R_OK"}};
constexpr Constant kRename[] = {
    {0x1, "RENAME_NOREPLACE", {"Fail if the target exists.", "", ""}},
    {0x2, "RENAME_EXCHANGE", {"Exchange the two.", "", ""}},
    {0x4,
     "RENAME_WHITEOUT",
     {"Leave a whiteout where the source was: what overlay does.", "", ""}}};

constexpr Constant kCommands[] = {
    {0, "F_DUPFD"},
    {1, "F_GETFD"},
    {2, "F_SETFD", {"Sets the descriptor's only flag, close-on-exec.", "", ""}},
    {3, "F_GETFL"},
    {4, "F_SETFL"},
    {5, "F_GETLK"},
    {6, "F_SETLK"},
    {7, "F_SETLKW"},
    {8, "F_SETOWN"},
    {9, "F_GETOWN"},
    {10, "F_SETSIG"},
    {11, "F_GETSIG"},
    {12, "F_GETLK64"},
    {13, "F_SETLK64"},
    {14, "F_SETLKW64"},
    {15, "F_SETOWN_EX"},
    {16, "F_GETOWN_EX"},
    {17, "F_GETOWNER_UIDS"},
    {36, "F_OFD_GETLK"},
    {37, "F_OFD_SETLK"},
    {38, "F_OFD_SETLKW"},
    {1024, "F_SETLEASE"},
    {1025, "F_GETLEASE"},
    {1026, "F_NOTIFY"},
    {1027, "F_DUPFD_QUERY"},
    {1028, "F_CREATED_QUERY"},
    {1029, "F_CANCELLK"},
    {1030, "F_DUPFD_CLOEXEC"},
    {1031, "F_SETPIPE_SZ"},
    {1032, "F_GETPIPE_SZ"},
    {1033,
     "F_ADD_SEALS",
     {"Forbids kinds of change of a memory file, for ever.", "",
      "runc seals the copy of itself that it runs from, so that a container which gets hold of "
      "/proc/PID/exe cannot write to it."}},
    {1034, "F_GET_SEALS"},
    {1035, "F_GET_RW_HINT"},
    {1036, "F_SET_RW_HINT"},
    {1037, "F_GET_FILE_RW_HINT"},
    {1038, "F_SET_FILE_RW_HINT"},
    {1039, "F_GETDELEG"},
    {1040, "F_SETDELEG"},
};
constexpr Constant kFd[] = {{1, "FD_CLOEXEC"}};
constexpr Constant kSealRows[] = {
    {0x1, "F_SEAL_SEAL", {"No more seals.", "", ""}},
    {0x2, "F_SEAL_SHRINK", {"It cannot get shorter.", "", ""}},
    {0x4, "F_SEAL_GROW", {"It cannot get longer.", "", ""}},
    {0x8, "F_SEAL_WRITE", {"It cannot be written.", "", ""}},
    {0x10, "F_SEAL_FUTURE_WRITE", {"No new ways to write; mappings that exist may go on.", "", ""}},
    {0x20, "F_SEAL_EXEC", {"Its execute bits cannot be changed. Since Linux 6.3.", "", ""}}};
constexpr Constant kLease[] = {{0, "F_RDLCK"}, {1, "F_WRLCK"}, {2, "F_UNLCK"}};
constexpr Constant kMemfd[] = {
    {0x1, "MFD_CLOEXEC"},
    {0x2, "MFD_ALLOW_SEALING"},
    {0x4, "MFD_HUGETLB"},
    {0x8, "MFD_NOEXEC_SEAL", {"Not executable, and sealed so. Since Linux 6.3.", "", ""}},
    {0x10, "MFD_EXEC", {"Executable. Since Linux 6.3; older kernels answer EINVAL.", "", ""}}};
constexpr Constant kCloseRange[] = {
    {0x2, "CLOSE_RANGE_UNSHARE", {"Get a table of descriptors of one's own first.", "", ""}},
    {0x4, "CLOSE_RANGE_CLOEXEC", {"Do not close now, but at the next execve.", "", ""}}};
constexpr Constant kPipe[] = {{0200, "O_NOTIFICATION_PIPE"},
                              {04000, "O_NONBLOCK"},
                              {040000, "O_DIRECT"},
                              {02000000, "O_CLOEXEC"}};
constexpr Constant kRwf[] = {
    {0x1, "RWF_HIPRI"},   {0x2, "RWF_DSYNC"},      {0x4, "RWF_SYNC"},
    {0x8, "RWF_NOWAIT"},  {0x10, "RWF_APPEND"},    {0x20, "RWF_NOAPPEND"},
    {0x40, "RWF_ATOMIC"}, {0x80, "RWF_DONTCACHE"}, {0x100, "RWF_NOSIGNAL"}};

}  // namespace

const ConstantTable kAtFlags{"at flags", kFlags, "AT_???", kSource, "openat(2)", kAt};
const ConstantTable kExecveatFlags{"execveat flags", kFlags,        "AT_???",
                                   kSource,          "execveat(2)", kExecveat};
const ConstantTable kUnlinkatFlags{"unlinkat flags", kFlags,      "AT_???",
                                   kSource,          "unlink(2)", kUnlinkat};
const ConstantTable kLinkatFlags{"linkat flags", kFlags, "AT_???", kSource, "link(2)", kLinkat};
const ConstantTable kFaccessatFlags{"faccessat flags", kFlags,      "AT_???",
                                    kSource,           "access(2)", kFaccessat};
const ConstantTable kOpenFlags{"open flags",          kFlags,    "O_???",
                               "asm-generic/fcntl.h", "open(2)", kOpen};
const ConstantTable kOpenFlagsArm{"open flags (aarch64)", kFlags,    "O_???",
                                  "asm/fcntl.h",          "open(2)", kOpenArm};
const ConstantTable kResolveFlags{"resolve flags",   kFlags,       "RESOLVE_???",
                                  "linux/openat2.h", "openat2(2)", kResolve};
const ConstantTable kAccessModes{"access modes", kFlags, "?_OK", "unistd.h", "access(2)", kAccess};
const ConstantTable kRenameFlags{"rename flags", kFlags,      "RENAME_???",
                                 "linux/fs.h",   "rename(2)", kRename};
const ConstantTable kFcntlCommands{"fcntl commands", kEnum,      "F_???",
                                   kSource,          "fcntl(2)", kCommands};
const ConstantTable kFdFlags{"descriptor flags", kFlags, "FD_???", kSource, "fcntl(2)", kFd};
const ConstantTable kSeals{"seals", kFlags, "F_SEAL_???", kSource, "fcntl(2)", kSealRows};
const ConstantTable kLeases{"leases", kEnum, "F_???", kSource, "fcntl(2)", kLease};
const ConstantTable kMemfdFlags{"memfd flags",     kFlags, "MFD_???", "linux/memfd.h",
                                "memfd_create(2)", kMemfd};
const ConstantTable kCloseRangeFlags{"close_range flags",   kFlags,           "CLOSE_RANGE_???",
                                     "linux/close_range.h", "close_range(2)", kCloseRange};
const ConstantTable kPipeFlags{"pipe flags",          kFlags,    "O_???",
                               "asm-generic/fcntl.h", "pipe(2)", kPipe};
const ConstantTable kReadWriteFlags{"read and write flags", kFlags,     "RWF_???",
                                    "linux/fs.h",           "readv(2)", kRwf};

}  // namespace boxtrace::decoders
