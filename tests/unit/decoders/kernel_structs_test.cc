// Layouts are easy to get wrong and hard to see wrong. Here the running kernel fills in the
// structs, the decoders read them from this process's own memory, and the C library says what they
// hold.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <tuple>

#include "decoders/decode.h"
#include "decoders/render.h"

namespace boxtrace::decoders {
namespace {

using testing::HasSubstr;

/// The memory of this process. Reading goes through the kernel, so that a bad address is an answer.
class OwnMemory final : public raw::Memory {
 public:
  raw::Chunk read(base::Addr addr, std::size_t size) const override {
    base::Bytes bytes(size);
    iovec local{bytes.data(), size};
    iovec remote{reinterpret_cast<void*>(addr.value), size};
    const ssize_t got = size == 0 ? 0 : process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
    bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    const bool whole = bytes.size() == size;
    return {std::move(bytes), whole ? std::nullopt : std::optional{raw::Unreadable::Fault}};
  }

  raw::CString read_cstring(base::Addr addr, std::size_t limit, char stop) const override {
    raw::CString out;
    while (out.bytes.size() < limit) {
      const raw::Chunk chunk = read(base::Addr{addr.value + out.bytes.size()}, 1);
      if (chunk.bytes.empty()) {
        out.failure = chunk.failure;
        return out;
      }
      const char c = std::to_integer<char>(chunk.bytes[0]);
      if (c == '\0' || c == stop) {
        return out;
      }
      out.bytes += c;
    }
    out.truncated = true;
    return out;
  }
};

template <typename T>
std::uint64_t word_of(T value) {
  if constexpr (std::is_null_pointer_v<T>) {
    return 0;
  } else if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<std::uint64_t>(value);
  } else {
    return static_cast<std::uint64_t>(value);
  }
}

/// Makes the call and decodes it, before and after, as the tracer would.
template <typename... Args>
DecodedCall call(long nr, Args... args) {
  const OwnMemory memory;
  const Options options;
  raw::Call made;
  made.nr = static_cast<std::uint64_t>(nr);
  const std::array<std::uint64_t, sizeof...(Args)> words{word_of(args)...};
  std::copy(words.begin(), words.end(), made.args.begin());
  DecodedCall decoded = decode_entry(made, memory, options);
  const long result = std::apply([nr](auto... w) { return syscall(nr, w...); }, words);
  const raw::Outcome outcome = result < 0 ? raw::Outcome{raw::Outcome::Kind::Failed, errno}
                                          : raw::Outcome{raw::Outcome::Kind::Returned, result};
  decode_exit(decoded, made, outcome, memory, options);
  return decoded;
}

std::uint64_t number(const DecodedCall& decoded, std::string_view arg, std::string_view field) {
  const Value* value = decoded.arg(arg);
  const Value* inner = value != nullptr ? value->field(field) : nullptr;
  EXPECT_NE(inner, nullptr) << decoded.name << " has no " << arg << "." << field << ": "
                            << render_call(decoded);
  return inner != nullptr ? inner->raw().value_or(0) : 0;
}

#ifdef __x86_64__
constexpr bool kNative = true;
#else
constexpr bool kNative = false;
#endif

class KernelStructs : public testing::Test {
 protected:
  void SetUp() override {
    if (!kNative) {
      GTEST_SKIP() << "calls are made as x86-64 makes them";
    }
  }
};

TEST_F(KernelStructs, StatHoldsModeSizeAndOwner) {
  struct stat expected {};
  const DecodedCall decoded = call(SYS_newfstatat, AT_FDCWD, "/etc/passwd", &expected, 0);
  EXPECT_EQ(number(decoded, "statbuf", "st_mode"), expected.st_mode);
  EXPECT_EQ(number(decoded, "statbuf", "st_size"), static_cast<std::uint64_t>(expected.st_size));
  EXPECT_EQ(number(decoded, "statbuf", "st_ino"), expected.st_ino);
  EXPECT_EQ(number(decoded, "statbuf", "st_uid"), expected.st_uid);
  struct stat null {};
  EXPECT_EQ(number(call(SYS_stat, "/dev/null", &null), "statbuf", "st_rdev"), 0x103U);
}

TEST_F(KernelStructs, StatxHoldsTheFieldsThatItsMaskNames) {
  struct statx expected {};
  const DecodedCall decoded =
      call(SYS_statx, AT_FDCWD, "/etc/passwd", 0, STATX_BASIC_STATS | STATX_MNT_ID, &expected);
  EXPECT_EQ(number(decoded, "statxbuf", "stx_mode"), expected.stx_mode);
  EXPECT_EQ(number(decoded, "statxbuf", "stx_size"), expected.stx_size);
  EXPECT_EQ(number(decoded, "statxbuf", "stx_ino"), expected.stx_ino);
  EXPECT_EQ(number(decoded, "statxbuf", "stx_dev_minor"), expected.stx_dev_minor);
  EXPECT_EQ(number(decoded, "statxbuf", "stx_mnt_id"), expected.stx_mnt_id);
  EXPECT_NE(expected.stx_mnt_id, 0U);
}

TEST_F(KernelStructs, StatfsNamesTheFilesystem) {
  struct statfs expected {};
  const DecodedCall decoded = call(SYS_statfs, "/proc", &expected);
  EXPECT_THAT(render_call(decoded), HasSubstr("f_type=PROC_SUPER_MAGIC"));
  EXPECT_THAT(render_call(decoded), HasSubstr("ST_VALID"));
  EXPECT_EQ(number(decoded, "buf", "f_namelen"), static_cast<std::uint64_t>(expected.f_namelen));
  EXPECT_EQ(number(decoded, "buf", "f_flags"), static_cast<std::uint64_t>(expected.f_flags));
}

TEST_F(KernelStructs, UnameHoldsSixStrings) {
  utsname expected{};
  const DecodedCall decoded = call(SYS_uname, &expected);
  const Value* value = decoded.arg("buf");
  ASSERT_NE(value, nullptr);
  ASSERT_NE(value->field("release"), nullptr);
  EXPECT_EQ(*value->field("nodename")->text(), expected.nodename);
  EXPECT_EQ(*value->field("release")->text(), expected.release);
  EXPECT_EQ(*value->field("machine")->text(), expected.machine);
}

TEST_F(KernelStructs, SigactionHoldsHandlerFlagsAndMask) {
  struct {
    void (*handler)(int);
    unsigned long flags;
    void* restorer;
    std::uint64_t mask;
  } action{SIG_IGN, SA_RESTART, nullptr, 1U << (SIGCHLD - 1)};
  EXPECT_EQ(render_call(call(SYS_rt_sigaction, SIGUSR2, &action, nullptr, 8)),
            "rt_sigaction(SIGUSR2, {sa_handler=SIG_IGN, sa_flags=SA_RESTART, sa_restorer=NULL, "
            "sa_mask=[SIGCHLD]}, NULL, 8)");
  decltype(action) old{};
  EXPECT_THAT(render_call(call(SYS_rt_sigaction, SIGUSR2, nullptr, &old, 8)),
              HasSubstr("{sa_handler=SIG_IGN, sa_flags=SA_RESTART"));
  signal(SIGUSR2, SIG_DFL);
}

TEST_F(KernelStructs, SignalSetsAreListedByTheShorterSide) {
  std::uint64_t set = ~std::uint64_t{0} & ~(std::uint64_t{1} << (SIGSEGV - 1));
  EXPECT_EQ(render_call(call(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, nullptr, 8)),
            "rt_sigprocmask(SIG_UNBLOCK, {all_but=[SIGSEGV]}, NULL, 8)");
}

TEST_F(KernelStructs, ASocketAddressIsReadByFamilyAndLength) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_GE(fd, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, "\0boxtrace-test", 14);
  const int length = static_cast<int>(offsetof(sockaddr_un, sun_path)) + 14;
  const DecodedCall bound = call(SYS_bind, fd, &name, length);
  EXPECT_THAT(render_call(bound), HasSubstr("{sa_family=AF_UNIX, sun_path=\"\\0boxtrace-test\"}"));
  sockaddr_un back{};
  socklen_t size = sizeof back;
  EXPECT_THAT(render_call(call(SYS_getsockname, fd, &back, &size)),
              HasSubstr("sun_path=\"\\0boxtrace-test\"}, [110] => [16])"));
  close(fd);
}

TEST_F(KernelStructs, DescriptorsInControlMessagesAreListed) {
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  std::array<char, 5> text{'h', 'e', 'l', 'l', 'o'};
  iovec vector{text.data(), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int passed = STDERR_FILENO;
  std::memcpy(CMSG_DATA(header), &passed, sizeof passed);
  EXPECT_THAT(render_call(call(SYS_sendmsg, ends[0], &message, 0)),
              HasSubstr("msg_iov=[{iov_base=\"hello\", iov_len=5}], msg_iovlen=1, "
                        "msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, "
                        "cmsg_data=[2]}], msg_controllen=24"));
  std::array<char, 64> room{};
  vector = {room.data(), room.size()};
  const std::string received = render_call(call(SYS_recvmsg, ends[1], &message, MSG_CMSG_CLOEXEC));
  EXPECT_THAT(received, HasSubstr("iov_base=\"hello\", iov_len=64"));
  EXPECT_THAT(received, HasSubstr("msg_flags=MSG_CMSG_CLOEXEC"));
  int arrived = -1;
  std::memcpy(&arrived, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof arrived);
  EXPECT_THAT(received, HasSubstr("cmsg_data=[" + std::to_string(arrived) + "]"));
  close(arrived);
  close(ends[0]);
  close(ends[1]);
}

TEST_F(KernelStructs, PeerCredentialsAreThreeNumbers) {
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  struct ucred peer {};
  socklen_t size = sizeof peer;
  const DecodedCall decoded = call(SYS_getsockopt, ends[0], SOL_SOCKET, SO_PEERCRED, &peer, &size);
  EXPECT_EQ(number(decoded, "optval", "pid"), static_cast<std::uint64_t>(getpid()));
  EXPECT_EQ(number(decoded, "optval", "uid"), getuid());
  close(ends[0]);
  close(ends[1]);
}

TEST_F(KernelStructs, EpollEventsArePackedOnX86) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLOUT | EPOLLET;
  event.data.u64 = 0x1122334455667788;
  EXPECT_THAT(render_call(call(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, ends[1], &event)),
              HasSubstr("{events=EPOLLOUT|EPOLLET, data=0x1122334455667788}"));
  std::array<epoll_event, 4> events{};
  EXPECT_THAT(render_call(call(SYS_epoll_wait, epoll, events.data(), 4, 0)),
              HasSubstr("[{events=EPOLLOUT, data=0x1122334455667788}], 4, 0)"));
  for (const int fd : {epoll, ends[0], ends[1]}) {
    close(fd);
  }
}

TEST_F(KernelStructs, PollShowsWhatHappened) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  pollfd asked{ends[1], POLLOUT, 0};
  const std::string fd = std::to_string(ends[1]);
  EXPECT_EQ(render_call(call(SYS_poll, &asked, 1, 0)),
            "poll([{fd=" + fd + ", events=POLLOUT}] => [{fd=" + fd +
                ", events=POLLOUT, revents=POLLOUT}], 1, 0)");
  close(ends[0]);
  close(ends[1]);
}

TEST_F(KernelStructs, TimersHaveIntervalAndValue) {
  itimerval timer{};
  timer.it_interval = {7, 8};
  EXPECT_THAT(render_call(call(SYS_setitimer, ITIMER_VIRTUAL, &timer, nullptr)),
              HasSubstr("ITIMER_VIRTUAL, {it_interval={tv_sec=7, tv_usec=8}, "
                        "it_value={tv_sec=0, tv_usec=0}}, NULL)"));
}

TEST_F(KernelStructs, AffinityIsAListOfProcessors) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(sched_getcpu()), &one);
  const std::string cpu = std::to_string(sched_getcpu());
  const DecodedCall decoded = call(SYS_sched_getaffinity, 0, sizeof one, &one);
  EXPECT_THAT(render(*decoded.arg("mask")), HasSubstr(cpu));
}

TEST_F(KernelStructs, ResourceUsageBeginsWithTwoTimes) {
  rusage usage{};
  const DecodedCall decoded = call(SYS_getrusage, RUSAGE_SELF, &usage);
  EXPECT_EQ(number(decoded, "usage", "ru_maxrss"), static_cast<std::uint64_t>(usage.ru_maxrss));
  EXPECT_GT(usage.ru_maxrss, 0);
}

TEST_F(KernelStructs, AFailedCallShowsNoResult) {
  struct stat untouched {};
  const DecodedCall decoded = call(SYS_stat, "/nonexistent", &untouched);
  EXPECT_NE(decoded.arg("statbuf")->as<Pending>(), nullptr);
}

TEST_F(KernelStructs, AnUnmappedAddressIsMissingNotFatal) {
  EXPECT_THAT(render_call(call(SYS_rt_sigprocmask, SIG_BLOCK, 1, nullptr, 8)),
              HasSubstr("0x1 /* unreadable: EFAULT */"));
  EXPECT_THAT(render_call(call(SYS_connect, -1, 1, 16)), HasSubstr("0x1 /* unreadable: EFAULT */"));
  EXPECT_THAT(render_call(call(SYS_sendmsg, -1, 1, 0)), HasSubstr("0x1 /* unreadable: EFAULT */"));
}

}  // namespace
}  // namespace boxtrace::decoders
