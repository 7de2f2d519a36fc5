// Programs that grant privilege, traced by somebody who has none and by somebody who has all.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "tests/live/programs.h"
#include "tracer/os/file.h"

namespace boxtrace::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kAsNobody = "setpriv --reuid 65534 --regid 65534 --clear-groups ";

/// A folder that everybody may enter, with boxtrace and copies of the program in it.
class Privileges : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root, to give privilege to files and to give its own up";
    }
    folder_ = fs::temp_directory_path() / fmt::format("privileges_{}", ::getpid());
    fs::create_directory(folder_);
    fs::permissions(folder_, fs::perms(0755));
    struct statvfs mount {};
    ASSERT_EQ(::statvfs(folder_.c_str(), &mount), 0);
    if ((mount.f_flag & ST_NOSUID) != 0) {
      GTEST_SKIP() << folder_ << " is mounted nosuid";
    }
    fs::copy_file(BOXTRACE_BINARY_DIR "/tracer/cli/boxtrace", folder_ / "boxtrace");
    make("plain", 0755);
    make("set_user_id", 04755);
    make("set_group_id", 02755);
    make("capable", 0755);
    std::array<std::uint32_t, 5> caps{VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
                                      1U << CAP_NET_RAW, 0, 0, 0};
    has_caps_ = ::setxattr((folder_ / "capable").c_str(), "security.capability", caps.data(),
                           sizeof(caps), 0) == 0;
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  void make(const std::string& name, mode_t mode) {
    fs::copy_file(program("user_ids"), folder_ / name);
    ASSERT_EQ(::chmod((folder_ / name).c_str(), mode), 0);
  }

  struct Run {
    std::string output, story, calls, shown;
  };
  /// Traces `command` in the folder: `tracer` goes before boxtrace, `by` between it and the
  /// command.
  Run trace(const std::string& tracer, const std::string& command) {
    const fs::path work = folder_ / "work";
    fs::create_directory(work);
    fs::permissions(work, fs::perms(0777));
    const auto run = [&](const std::string& words) {
      EXPECT_EQ(std::system(fmt::format("cd {} && timeout 60 {}", folder_.string(), words).c_str()),
                0)
          << words;
    };
    const auto text = [&](const char* name) {
      auto read = os::read_file((work / name).string());
      return read.ok() ? read.value() : std::string{};
    };
    run(fmt::format("{} ./boxtrace --width 0 -o work/t --story work/story {} >work/out 2>&1",
                    tracer, command));
    run("./boxtrace show --width 0 work/t >work/shown 2>&1");
    run("./boxtrace show -v --width 0 work/t >work/calls 2>&1");
    Run out{text("out"), text("story"), text("calls"), text("shown")};
    fs::remove_all(work);
    return out;
  }

  fs::path folder_;
  bool has_caps_ = false;
};

constexpr const char* kBecauseOfUs = "it is traced, and the tracer has no CAP_SYS_PTRACE";

TEST_F(Privileges, LostToAnUnprivilegedTracerAreTold) {
  const Run user = trace(kAsNobody, "./set_user_id");
  EXPECT_THAT(user.output, HasSubstr("uid 65534"));  // so it is: the kernel has not granted it
  EXPECT_THAT(user.story, HasSubstr("/set_user_id starts without its privilege: user id 0"));
  EXPECT_THAT(user.story, HasSubstr(kBecauseOfUs));
  EXPECT_THAT(user.story, HasSubstr("boxtrace setpriv --reuid=USER"));
  EXPECT_EQ(user.story, user.shown);
  EXPECT_THAT(user.calls, HasSubstr("without user id 0, which the file grants: it is traced"));

  const Run group = trace(kAsNobody, "./set_group_id");
  EXPECT_THAT(group.story, HasSubstr("starts without its privilege: group id 0"));

  const Run twice = trace(kAsNobody, "sh -c './set_user_id; ./set_user_id'");
  const std::size_t first = twice.story.find("--init-groups");
  EXPECT_NE(first, std::string::npos) << twice.story;
  EXPECT_EQ(twice.story.find("--init-groups", first + 1), std::string::npos) << "explained once";
}

TEST_F(Privileges, OfFileCapabilitiesToo) {
  if (!has_caps_) {
    GTEST_SKIP() << "no file capabilities on " << folder_;
  }
  const Run capable = trace(kAsNobody, "./capable");
  EXPECT_THAT(capable.output, HasSubstr("raw 0"));
  EXPECT_THAT(capable.story, HasSubstr("starts without its privilege: CAP_NET_RAW"));
  EXPECT_THAT(trace({}, kAsNobody + "./capable").output, HasSubstr("raw 1"));
}

TEST_F(Privileges, GrantedUnderAPrivilegedTracerAreNotSpokenOf) {
  const Run user = trace({}, kAsNobody + "./set_user_id");
  EXPECT_THAT(user.output, HasSubstr("uid 0"));
  EXPECT_THAT(user.story, Not(HasSubstr("without its privilege")));
  EXPECT_THAT(user.story, Not(HasSubstr("the model disagrees")));
  EXPECT_THAT(user.calls, Not(HasSubstr("which the file grants")));
  EXPECT_THAT(trace(kAsNobody, "./plain").story, Not(HasSubstr("without its privilege")));
}

TEST_F(Privileges, LostForAnotherReasonAreNotOurFault) {
  for (const std::string& tracer : {std::string{}, kAsNobody}) {
    const std::string as_nobody = tracer.empty() ? kAsNobody : "";
    const Run bound = trace(tracer, as_nobody + "setpriv --no-new-privs ./set_user_id");
    EXPECT_THAT(bound.story, HasSubstr("starts without its privilege: user id 0"));
    EXPECT_THAT(bound.story, HasSubstr("no_new_privs is set"));
    EXPECT_THAT(bound.story, Not(HasSubstr(kBecauseOfUs)));
  }
  const Run mounted = trace({},
                            "unshare -m sh -c 'mount -t tmpfs -o nosuid none /mnt && "
                            "cp -p set_user_id /mnt && " +
                                kAsNobody + "/mnt/set_user_id'");
  EXPECT_THAT(mounted.output, HasSubstr("uid 65534"));
  EXPECT_THAT(mounted.story, HasSubstr("its filesystem is mounted nosuid"));
}

}  // namespace
}  // namespace boxtrace::test
