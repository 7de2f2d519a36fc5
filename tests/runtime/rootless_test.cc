// Containers of an ordinary user.

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/runtime/container_fixture.h"

namespace boxrun::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr unsigned kUser = 64321;

class Rootless : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    if (IsSkipped()) {
      return;
    }
    if (read_text("/proc/sys/user/max_user_namespaces") == "0\n") {
      GTEST_SKIP() << "user namespaces are off";
    }
    // The user needs a boxrun that he may reach, wherever the build tree is, and folders of his
    // own.
    std::filesystem::copy_file(BOXRUN_PROGRAM, folder + "/boxrun");
    ::chmod((folder + "/boxrun").c_str(), 0755);
    std::filesystem::create_directory(folder + "/home");
    ASSERT_EQ(::chown((folder + "/home").c_str(), kUser, kUser), 0);
  }
  Ended as_user(std::vector<std::string> args) {
    std::vector<std::string> words = {folder + "/boxrun", "--root", folder + "/home/state"};
    words.insert(words.end(), args.begin(), args.end());
    return run_command({words, kUser});
  }
  void make_bundle() {
    const Ended made = as_user({"bundle", "--busybox", "--rootless", folder + "/home/b"});
    ASSERT_EQ(made.status, 0) << made.err;
    bundle_config = json::parse(read_text(folder + "/home/b/config.json"));
  }
  Ended run_as_user(const std::string& script) {
    bundle_config["process"]["args"] = {"sh", "-c", script};
    write_text(folder + "/home/b/config.json", bundle_config.dump());
    return as_user({"run", "-b", folder + "/home/b", id});
  }
  json bundle_config;
};

TEST_F(Rootless, TheSpecOfAnOrdinaryUserRuns) {
  make_bundle();
  const Ended ended = run_as_user(
      "id -u; cat /proc/self/uid_map | tr -s ' '; hostname; echo $$; ls -di /proc/1 > /dev/null; "
      "touch /dev/shm/x && echo shm");
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(ended.out, "0\n 0 " + std::to_string(kUser) + " 1\nboxrun\n1\nshm\n");
}

TEST_F(Rootless, SpecWritesTheUsersOwnIds) {
  std::filesystem::create_directory(folder + "/home/s");
  ASSERT_EQ(::chown((folder + "/home/s").c_str(), kUser, kUser), 0);
  ASSERT_EQ(as_user({"spec", "--rootless", "-b", folder + "/home/s"}).status, 0);
  const json spec = json::parse(read_text(folder + "/home/s/config.json"));
  EXPECT_EQ(spec["linux"]["uidMappings"][0]["hostID"], kUser);
  EXPECT_FALSE(spec["linux"].contains("resources"));
}

TEST_F(Rootless, CreateStartKillDelete) {
  make_bundle();
  bundle_config["process"]["args"] = {"sleep", "1000"};
  write_text(folder + "/home/b/config.json", bundle_config.dump());
  Ended ended = as_user({"create", "-b", folder + "/home/b", id});
  ASSERT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(as_user({"start", id}).status, 0);
  EXPECT_EQ(json::parse(as_user({"state", id}).out)["status"], "running");
  EXPECT_EQ(as_user({"kill", id, "KILL"}).status, 0);
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (json::parse(as_user({"state", id}).out)["status"] == "stopped") {
      break;
    }
    ::usleep(10'000);
  }
  ended = as_user({"delete", id});
  EXPECT_EQ(ended.status, 0) << ended.err;
}

TEST_F(Rootless, ALimitWithoutCgroupRightsIsRefusedByName) {
  make_bundle();
  bundle_config["linux"]["resources"]["memory"]["limit"] = 64 << 20;
  const Ended ended = run_as_user("true");
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("/linux/resources/memory/limit: no right to make a cgroup"));
}

TEST_F(Rootless, AControllerWithoutRightsIsNotSaidToBeMissing) {
  const std::string mine = "/sys/fs/cgroup/freezer/" + mark;
  if (!std::filesystem::exists("/sys/fs/cgroup/freezer/tasks") ||
      !std::filesystem::exists("/sys/fs/cgroup/pids/tasks")) {
    GTEST_SKIP() << "needs the hierarchies freezer and pids of cgroup v1";
  }
  make_bundle();
  ASSERT_TRUE(std::filesystem::create_directory(mine));
  ASSERT_EQ(::chown(mine.c_str(), kUser, kUser), 0);
  bundle_config["linux"]["cgroupsPath"] = "/" + mark + "/c";
  bundle_config["linux"]["resources"]["pids"]["limit"] = 7;
  const Ended ended = run_as_user("true");
  EXPECT_EQ(::rmdir(mine.c_str()), 0);
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("/linux/resources/pids/limit: no right to make a cgroup where "
                                   "the pids controller is: Permission denied"));
  EXPECT_THAT(ended.err, HasSubstr("hint: without root's rights limits need a cgroup that is "
                                   "delegated to the user"));
}

TEST_F(Rootless, WithoutAUserNamespaceTheHintSaysWhatToDo) {
  make_bundle();
  bundle_config["linux"]["namespaces"].erase(0);
  bundle_config["linux"].erase("uidMappings");
  bundle_config["linux"].erase("gidMappings");
  const Ended ended = run_as_user("true");
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("hint: `boxrun spec --rootless` writes such a config"));
}

TEST_F(Rootless, ExecEntersTheContainerOfTheSameUser) {
  make_bundle();
  bundle_config["process"]["args"] = {"sleep", "1000"};
  write_text(folder + "/home/b/config.json", bundle_config.dump());
  const Ended started = as_user({"run", "-d", "-b", folder + "/home/b", id});
  ASSERT_EQ(started.status, 0) << started.err;
  const Ended ended = as_user({"exec", "-e", "A=b", id, "sh", "-c", "echo $(id -u) $A; exit 3"});
  EXPECT_EQ(ended.status, 3);
  EXPECT_EQ(ended.out, "0 b\n") << ended.err;
  EXPECT_EQ(as_user({"ps", "-f", "json", id}).status, 0);
  EXPECT_EQ(as_user({"kill", id, "KILL"}).status, 0);
  EXPECT_EQ(as_user({"delete", "--force", id}).status, 0);
}

/// Root of a user namespace may make the cgroup, whose directories belong to it, but only the first
/// user namespace may say which devices there are.
TEST_F(Rootless, DeviceRulesAreLeftOutInAUserNamespace) {
  config["process"]["args"] = {"echo", "ran"};
  config["mounts"] = {{{"destination", "/proc"}, {"type", "proc"}, {"source", "proc"}}};
  write_config();
  const Ended ended =
      run_command({{"unshare", "--user", "--map-root-user", BOXRUN_PROGRAM, "--root",
                    folder + "/state", "run", "-b", folder + "/bundle", id}});
  EXPECT_EQ(ended.out, "ran\n") << ended.err;
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.err, HasSubstr("not applied: /linux/resources/devices"));
}

}  // namespace
}  // namespace boxrun::tests
