#include "tracer/ptrace/control_writes.h"

#include <gtest/gtest.h>

#include <string>

namespace boxtrace::ptrace {
namespace {

constexpr base::NsInode kHost{1};
constexpr base::NsInode kContainer{2};

std::optional<ControlWrite> written(const std::string& path, const std::string& text,
                                    base::NsInode pid_ns = kHost) {
  Tracee writer;
  writer.pid = base::HostPid{50};
  writer.pid_ns = pid_ns;
  CallInFlight call;
  call.decoded.name = "write";
  call.decoded.args.push_back({"fd", decoders::Fd{3}});
  call.decoded.args.push_back(
      {"buf", decoders::Text{decoders::Text::Kind::Buffer, text, false, {}}});
  call.fds.push_back({base::FdNum{3}, path});
  return control_write(writer, call, kHost);
}

TEST(ControlWrites, IdMapsAreAboutTheProcessInThePath) {
  const auto write = written("/proc/123/uid_map", "0 1000 1\n");
  ASSERT_TRUE(write);
  EXPECT_EQ(write->about.value, 123);
  EXPECT_NE(write->mask & decoders::kObserveIdMaps, 0U);
}

TEST(ControlWrites, CgroupFilesAreAboutThePidThatIsWritten) {
  for (const char* path : {"/sys/fs/cgroup/a/cgroup.procs", "/sys/fs/cgroup/cpu/a/tasks",
                           "/sys/fs/cgroup/a/cgroup.threads"}) {
    const auto write = written(path, "77\n");
    ASSERT_TRUE(write) << path;
    EXPECT_EQ(write->about.value, 77);
    EXPECT_EQ(write->mask, std::uint32_t{decoders::kObserveCgroup});
  }
  EXPECT_EQ(written("/sys/fs/cgroup/a/cgroup.procs", "0")->about.value, 50) << "the writer";
}

TEST(ControlWrites, PidsOfAnotherNamespaceAreNotTakenForOurs) {
  EXPECT_FALSE(written("/proc/123/uid_map", "0 0 1", kContainer));
  EXPECT_FALSE(written("/sys/fs/cgroup/cgroup.procs", "77", kContainer));
  EXPECT_TRUE(written("/sys/fs/cgroup/cgroup.procs", "0", kContainer));
}

TEST(ControlWrites, OtherWritesAreAboutNothing) {
  EXPECT_FALSE(written("/tmp/uid_map.txt", "0 0 1"));
  EXPECT_FALSE(written("/tmp/uid_map", "0 0 1"));
  EXPECT_FALSE(written("pipe:[12]", "77"));
  EXPECT_FALSE(written("/sys/fs/cgroup/cgroup.procs", "not a pid"));
  EXPECT_FALSE(written("", ""));
}

}  // namespace
}  // namespace boxtrace::ptrace
