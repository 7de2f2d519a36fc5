// Descriptors: reading, writing, closing, duplicating, pipes, memory files, ioctl.
//
// What is written matters here more than elsewhere: the kernel's interfaces for containers are
// files. A line in /proc/PID/uid_map is an id map, a number in cgroup.procs moves a process, a word
// in /proc/self/attr/exec chooses its LSM profile. The descriptor's target is read along with the
// call (kObserveFdArgs), so that the line can say which.
//
// Sources: fs/read_write.c, fs/file.c, fs/fcntl.c, fs/ioctl.c, fs/pipe.c, mm/memfd.c; write(2),
// fcntl(2), memfd_create(2).

#include <algorithm>
#include <limits>

#include "decoders/args.h"
#include "decoders/by_option.h"
#include "decoders/families/families.h"
#include "decoders/families/pointee_args.h"
#include "decoders/structs.h"
#include "decoders/tables/fcntl.h"
#include "decoders/tables/ioctl.h"

namespace boxtrace::decoders {
namespace {

constexpr auto kOut = Direction::Out;
constexpr auto kEither = Direction::InOut;

Value arg_iovecs(const CallContext& context, const ArgSpec&, std::size_t index) {
  const std::uint64_t available =
      context.outcome == nullptr
          ? std::numeric_limits<std::uint64_t>::max()
          : static_cast<std::uint64_t>(std::max<std::int64_t>(context.outcome->value, 0));
  return decode_iovecs(context, address(context, index), word(context, 2), available);
}

/// A file position of 64 bits in two registers of 32.
Value arg_split_offset(const CallContext& context, const ArgSpec&, std::size_t index) {
  const std::uint64_t high = low32(context, index + 1);
  return decode_number(Show::Signed, high << 32 | low32(context, index), 64);
}

constexpr FieldSpec kFlock[] = {
    {"l_type", Width::W16, Show::Constant, &kLeases},
    {"l_whence", Width::W16, Show::Signed},
    {"l_start", Width::Word, Show::Signed},
    {"l_len", Width::Word, Show::Signed},
    {"l_pid", Width::W32, Show::Pid},
};
constexpr FieldSpec kFlock64[] = {
    {"l_type", Width::W16, Show::Constant, &kLeases},
    {"l_whence", Width::W16, Show::Signed},
    {"l_start", Width::W64, Show::Signed},
    {"l_len", Width::W64, Show::Signed},
    {"l_pid", Width::W32, Show::Pid},
};

Value arg_flock(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_struct(context, address(context, index), kFlock);
}

Value arg_flock64(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_struct(context, address(context, index), kFlock64);
}

constexpr OptionArgs kFcntl[] = {
    {0, {{{"minimum", arg_int}}}},
    {1, {}},
    {2, {{{"flags", arg_constant, &kFdFlags}}}},
    {3, {}},
    {4, {{{"flags", arg_constant, &kOpenFlags}}}},
    {5, {{{"lock", arg_flock, nullptr, -1, kEither}}}},
    {6, {{{"lock", arg_flock}}}},
    {7, {{{"lock", arg_flock}}}},
    {8, {{{"owner", arg_pid}}}},
    {9, {}},
    {10, {{{"sig", arg_signal}}}},
    {11, {}},
    {12, {{{"lock", arg_flock64, nullptr, -1, kEither}}}},
    {13, {{{"lock", arg_flock64}}}},
    {14, {{{"lock", arg_flock64}}}},
    {36, {{{"lock", arg_flock64, nullptr, -1, kEither}}}},
    {37, {{{"lock", arg_flock64}}}},
    {38, {{{"lock", arg_flock64}}}},
    {1024, {{{"type", arg_constant, &kLeases}}}},
    {1025, {}},
    {1027, {{{"other", arg_fd}}}},
    {1028, {}},
    {1030, {{{"minimum", arg_int}}}},
    {1031, {{{"size", arg_int}}}},
    {1032, {}},
    {1033, {{{"seals", arg_constant, &kSeals}}}},
    {1034, {}},
};

Value arg_fcntl(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_by_option(kFcntl, context, 1, index);
}

std::size_t used_fcntl(const CallContext& context) {
  return std::min<std::size_t>(count_by_option(kFcntl, context, 1), 3);
}

constexpr FieldSpec kWinsize[] = {
    {"ws_row", Width::W16, Show::Unsigned},
    {"ws_col", Width::W16, Show::Unsigned},
    {"ws_xpixel", Width::W16, Show::Unsigned},
    {"ws_ypixel", Width::W16, Show::Unsigned},
};

Value arg_winsize(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  return if_captured(decode_struct(context, address(context, index), kWinsize),
                     arg_hex(context, arg, index));
}

constexpr OptionArgs kIoctlArgs[] = {
    {0xb701, {}},
    {0xb702, {}},
    {0xb703, {}},
    {0xb704, {{{"uid", arg_unsigned_at, nullptr, -1, kOut}}}},
    {0x8004b706, {{{"pid", arg_pid}}}},
    {0x8004b707, {{{"pid", arg_pid}}}},
    {0x8004b708, {{{"pid", arg_pid}}}},
    {0x8004b709, {{{"pid", arg_pid}}}},
    {0xff01, {}},
    {0xff02, {}},
    {0xff03, {}},
    {0xff04, {}},
    {0xff05, {}},
    {0xff06, {}},
    {0xff07, {}},
    {0xff08, {}},
    {0xff09, {}},
    {0xff0a, {}},
    {0x540e, {{{"force", arg_int}}}},
    {0x540f, {{{"pgrp", arg_int_at, nullptr, -1, kOut}}}},
    {0x5410, {{{"pgrp", arg_int_at}}}},
    {0x5413, {{{"size", arg_winsize, nullptr, -1, kOut}}}},
    {0x5414, {{{"size", arg_winsize}}}},
    {0x541b, {{{"bytes", arg_int_at, nullptr, -1, kOut}}}},
    {0x5421, {{{"on", arg_int_at}}}},
    {0x5422, {}},
    {0x5441, {{{"flags", arg_constant, &kOpenFlags}}}},
    {0x5450, {}},
    {0x5451, {}},
    {0x80045430, {{{"number", arg_unsigned_at, nullptr, -1, kOut}}}},
    {0x40045431, {{{"lock", arg_int_at}}}},
    {0x894c, {}},
};

/// The third argument: a pointer for most requests.
Value arg_ioctl(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_by_option(kIoctlArgs, context, 1, index);
}

std::size_t used_ioctl(const CallContext& context) {
  return std::min<std::size_t>(count_by_option(kIoctlArgs, context, 1), 3);
}

constexpr Explanation kRead{"Reads bytes.", "", "A short read is no error."};
constexpr Explanation kWrite{
    "Writes bytes. To a file of /proc or of a cgroup it is a command to the kernel: an id map, a "
    "limit, a process that moves.",
    "",
    "There the error is the answer: EINVAL, EPERM, EBUSY or ENOSPC of the write say what the "
    "kernel "
    "thinks of the value. Id maps take one single write."};

constexpr SyscallSpec kRows[] = {
    {.name = "read",
     .nr = {0, 3, 63},
     .classes = kDesc,
     .args = {{{"fd", arg_fd}, {"buf", arg_buffer, nullptr, 2, kOut}, {"count", arg_size}}},
     .returns = Returns::Size,
     .man = "read(2)",
     .kernel = "fs/read_write.c: ksys_read",
     .explain = kRead},
    {.name = "write",
     .nr = {1, 4, 64},
     .classes = kDesc,
     .args = {{{"fd", arg_fd}, {"buf", arg_buffer, nullptr, 2}, {"count", arg_size}}},
     .returns = Returns::Size,
     .observe = kObserveFdArgs,
     .man = "write(2)",
     .kernel = "fs/read_write.c: ksys_write",
     .explain = kWrite},
    {.name = "pread64",
     .nr = {17, -1, 67},
     .classes = kDesc,
     .args = {{{"fd", arg_fd},
               {"buf", arg_buffer, nullptr, 2, kOut},
               {"count", arg_size},
               {"offset", arg_long}}},
     .returns = Returns::Size,
     .man = "pread(2)",
     .kernel = "fs/read_write.c: ksys_pread64",
     .explain = kRead},
    {.name = "pread64",
     .nr = {-1, 180, -1},
     .classes = kDesc,
     .args = {{{"fd", arg_fd},
               {"buf", arg_buffer, nullptr, 2, kOut},
               {"count", arg_size},
               {"offset", arg_split_offset}}},
     .returns = Returns::Size,
     .man = "pread(2)",
     .kernel = "fs/read_write.c: ksys_pread64",
     .explain = kRead},
    {.name = "pwrite64",
     .nr = {18, -1, 68},
     .classes = kDesc,
     .args = {{{"fd", arg_fd},
               {"buf", arg_buffer, nullptr, 2},
               {"count", arg_size},
               {"offset", arg_long}}},
     .returns = Returns::Size,
     .observe = kObserveFdArgs,
     .man = "pwrite(2)",
     .kernel = "fs/read_write.c: ksys_pwrite64",
     .explain = kWrite},
    {.name = "pwrite64",
     .nr = {-1, 181, -1},
     .classes = kDesc,
     .args = {{{"fd", arg_fd},
               {"buf", arg_buffer, nullptr, 2},
               {"count", arg_size},
               {"offset", arg_split_offset}}},
     .returns = Returns::Size,
     .observe = kObserveFdArgs,
     .man = "pwrite(2)",
     .kernel = "fs/read_write.c: ksys_pwrite64",
     .explain = kWrite},
    {.name = "readv",
     .nr = {19, 145, 65},
     .classes = kDesc,
     .args = {{{"fd", arg_fd}, {"iov", arg_iovecs, nullptr, 2, kOut}, {"iovcnt", arg_long}}},
     .returns = Returns::Size,
     .man = "readv(2)",
     .kernel = "fs/read_write.c: do_readv",
     .explain = kRead},
    {.name = "writev",
     .nr = {20, 146, 66},
     .classes = kDesc,
     .args = {{{"fd", arg_fd}, {"iov", arg_iovecs, nullptr, 2}, {"iovcnt", arg_long}}},
     .returns = Returns::Size,
     .observe = kObserveFdArgs,
     .man = "readv(2)",
     .kernel = "fs/read_write.c: do_writev",
     .explain = kWrite},
    {.name = "preadv",
     .nr = {295, -1, 69},
     .classes = kDesc,
     .args = {{{"fd", arg_fd},
               {"iov", arg_iovecs, nullptr, 2, kOut},
               {"iovcnt", arg_long},
               {"offset", arg_long}}},
     .returns = Returns::Size,
     .man = "readv(2)",
     .kernel = "fs/read_write.c: do_preadv",
     .explain = kRead},
    {.name = "preadv",
     .nr = {-1, 333, -1},
     .classes = kDesc,
     .args = {{{"fd", arg_fd},
               {"iov", arg_iovecs, nullptr, 2, kOut},
               {"iovcnt", arg_long},
               {"offset", arg_split_offset}}},
     .returns = Returns::Size,
     .man = "readv(2)",
     .kernel = "fs/read_write.c: do_preadv",
     .explain = kRead},
    {.name = "pwritev",
     .nr = {296, -1, 70},
     .classes = kDesc,
     .args = {{{"fd", arg_fd},
               {"iov", arg_iovecs, nullptr, 2},
               {"iovcnt", arg_long},
               {"offset", arg_long}}},
     .returns = Returns::Size,
     .observe = kObserveFdArgs,
     .man = "readv(2)",
     .kernel = "fs/read_write.c: do_pwritev",
     .explain = kWrite},
    {.name = "pwritev",
     .nr = {-1, 334, -1},
     .classes = kDesc,
     .args = {{{"fd", arg_fd},
               {"iov", arg_iovecs, nullptr, 2},
               {"iovcnt", arg_long},
               {"offset", arg_split_offset}}},
     .returns = Returns::Size,
     .observe = kObserveFdArgs,
     .man = "readv(2)",
     .kernel = "fs/read_write.c: do_pwritev",
     .explain = kWrite},
    {.name = "preadv2",
     .nr = {327, 378, 286},
     .classes = kDesc,
     .args = {{{"fd", arg_fd},
               {"iov", arg_iovecs, nullptr, 2, kOut},
               {"iovcnt", arg_long},
               {"pos_l", arg_long},
               {"pos_h", arg_long},
               {"flags", arg_constant, &kReadWriteFlags}}},
     .returns = Returns::Size,
     .man = "readv(2)",
     .kernel = "fs/read_write.c: do_preadv",
     .explain = kRead},
    {.name = "pwritev2",
     .nr = {328, 379, 287},
     .classes = kDesc,
     .args = {{{"fd", arg_fd},
               {"iov", arg_iovecs, nullptr, 2},
               {"iovcnt", arg_long},
               {"pos_l", arg_long},
               {"pos_h", arg_long},
               {"flags", arg_constant, &kReadWriteFlags}}},
     .returns = Returns::Size,
     .observe = kObserveFdArgs,
     .man = "readv(2)",
     .kernel = "fs/read_write.c: do_pwritev",
     .explain = kWrite},
    {.name = "close",
     .nr = {3, 6, 57},
     .classes = kDesc,
     .args = {{{"fd", arg_fd}}},
     .man = "close(2)",
     .kernel = "fs/open.c: close",
     .explain = {"Closes a descriptor.", "The link in /proc/PID/fd goes.",
                 "Who waits for the end of a pipe waits until the last copy of its other end is "
                 "closed, in all processes."}},
    {.name = "close_range",
     .nr = {436, 436, 436},
     .classes = kDesc,
     .args = {{{"first", arg_unsigned},
               {"last", arg_unsigned},
               {"flags", arg_constant, &kCloseRangeFlags}}},
     .man = "close_range(2)",
     .kernel = "fs/file.c: close_range",
     .explain = {"Closes a range of descriptors, or marks it close-on-exec.",
                 "Links in /proc/PID/fd go.",
                 "Runtimes do it right before execve, so that nothing of the host leaks into the "
                 "container."}},
    {.name = "dup",
     .nr = {32, 41, 23},
     .classes = kDesc,
     .args = {{{"oldfd", arg_fd}}},
     .returns = Returns::Fd,
     .man = "dup(2)",
     .kernel = "fs/file.c: dup",
     .explain = {"A second descriptor for the same open file.", "",
                 "Both share position and status flags."}},
    {.name = "dup2",
     .nr = {33, 63, -1},
     .classes = kDesc,
     .args = {{{"oldfd", arg_fd}, {"newfd", arg_fd}}},
     .returns = Returns::Fd,
     .man = "dup(2)",
     .kernel = "fs/file.c: dup2",
     .explain = {"A second descriptor for the same open file, at a given number.", "", ""}},
    {.name = "dup3",
     .nr = {292, 330, 24},
     .classes = kDesc,
     .args = {{{"oldfd", arg_fd}, {"newfd", arg_fd}, {"flags", arg_constant, &kOpenFlags}}},
     .returns = Returns::Fd,
     .man = "dup(2)",
     .kernel = "fs/file.c: ksys_dup3",
     .explain = {"dup2 with O_CLOEXEC.", "", ""}},
    {.name = "fcntl",
     .nr = {72, 55, 25},
     .classes = kDesc,
     .args = {{{"fd", arg_fd},
               {"cmd", arg_constant, &kFcntlCommands},
               {"arg", arg_fcntl, nullptr, -1, kEither}}},
     .returns = Returns::Number,
     .man = "fcntl(2)",
     .kernel = "fs/fcntl.c: do_fcntl",
     .explain = {"Duplicates, marks, locks and seals descriptors.", "/proc/PID/fdinfo/N.", ""},
     .used_args = used_fcntl},
    {.name = "fcntl64",
     .nr = {-1, 221, -1},
     .classes = kDesc,
     .args = {{{"fd", arg_fd},
               {"cmd", arg_constant, &kFcntlCommands},
               {"arg", arg_fcntl, nullptr, -1, kEither}}},
     .returns = Returns::Number,
     .man = "fcntl(2)",
     .kernel = "fs/fcntl.c: do_fcntl",
     .explain = {"The fcntl of 32-bit programs that lock large files.", "/proc/PID/fdinfo/N.", ""},
     .used_args = used_fcntl},
    {.name = "pipe",
     .nr = {22, 42, -1},
     .classes = kDesc,
     .args = {{{"pipefd", arg_fd_pair, nullptr, -1, kOut}}},
     .man = "pipe(2)",
     .kernel = "fs/pipe.c: do_pipe2",
     .explain = {"Makes a pipe: one end to read, one to write.", "", ""}},
    {.name = "pipe2",
     .nr = {293, 331, 59},
     .classes = kDesc,
     .args = {{{"pipefd", arg_fd_pair, nullptr, -1, kOut}, {"flags", arg_constant, &kPipeFlags}}},
     .man = "pipe(2)",
     .kernel = "fs/pipe.c: do_pipe2",
     .explain = {"Makes a pipe: one end to read, one to write.", "", ""}},
    {.name = "memfd_create",
     .nr = {319, 356, 279},
     .classes = kDesc,
     .args = {{{"name", arg_string}, {"flags", arg_constant, &kMemfdFlags}}},
     .returns = Returns::Fd,
     .man = "memfd_create(2)",
     .kernel = "mm/memfd.c: memfd_create",
     .explain = {"A file in memory, without a path.",
                 "/proc/PID/fd/N reads `/memfd:NAME (deleted)`.",
                 "runc and crun copy themselves into one, seal it, and run from there, so that a "
                 "container cannot overwrite the runtime (CVE-2019-5736)."}},
    {.name = "ioctl",
     .nr = {16, 54, 29},
     .classes = kDesc,
     .args = {{{"fd", arg_fd},
               {"request", arg_constant, &kIoctls},
               {"argp", arg_ioctl, nullptr, -1, kEither}}},
     .returns = Returns::Number,
     .man = "ioctl(2)",
     .kernel = "fs/ioctl.c: ioctl",
     .explain =
         {"A request to whatever stands behind the descriptor: a terminal, a namespace, a "
          "pidfd, a seccomp listener.",
          "",
          "ENOTTY means \"this thing does not know that request\", mostly without a terminal "
          "in sight."},
     .used_args = used_ioctl},
};

}  // namespace

const std::span<const SyscallSpec> kDescriptorSyscalls{kRows};

}  // namespace boxtrace::decoders
