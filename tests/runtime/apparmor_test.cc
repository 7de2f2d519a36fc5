// Profiles of AppArmor, where the kernel has it on and apparmor_parser is there to load one: in the
// guest of tests/vm, and on most machines with Debian.

#include <gmock/gmock.h>

#include "tests/runtime/container_fixture.h"

namespace boxrun::tests {
namespace {

using ::testing::HasSubstr;

class AppArmor : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    if (IsSkipped()) {
      return;
    }
    if (!read_text("/sys/module/apparmor/parameters/enabled").starts_with("Y") ||
        read_text("/proc/self/attr/current").empty()) {
      GTEST_SKIP() << "AppArmor is off in this kernel";
    }
    profile = mark;
    write_text(folder + "/profile", "profile " + profile +
                                        " flags=(attach_disconnected,mediate_deleted) {\n"
                                        "  file,\n  capability,\n  network,\n  mount,\n  umount,\n"
                                        "  ptrace,\n  signal,\n  deny /etc/secret r,\n}\n");
    const Ended loaded = parser("--replace");
    if (loaded.status != 0) {
      profile.clear();
      GTEST_SKIP() << "apparmor_parser: " << loaded.err;
    }
    write_text(rootfs("/etc/secret"), "secret\n");
    config["process"]["apparmorProfile"] = profile;
  }
  void TearDown() override {
    ContainerTest::TearDown();
    if (!profile.empty()) {
      write_text("/sys/kernel/security/apparmor/.remove", profile);
    }
  }
  Ended parser(const char* verb) {
    return run_command({{"apparmor_parser", verb, "--skip-cache", folder + "/profile"}});
  }
  std::string profile;
};

TEST_F(AppArmor, TheProfileHoldsTheProgramAndWhatIsExecuted) {
  const std::string script =
      "cat /proc/self/attr/current; cat /etc/passwd >/dev/null && "
      "cat /etc/secret 2>&1";
  const Ended ended = run_script(script);
  EXPECT_EQ(ended.status, 1) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr(profile + " (enforce)\n"));
  EXPECT_THAT(ended.out, HasSubstr("Permission denied"));
  ASSERT_GT(start_background(id), 0);
  EXPECT_EQ(boxrun({"exec", id, "cat", "/proc/self/attr/current"}).out, profile + " (enforce)\n");
}

TEST_F(AppArmor, TheProfileHoldsHooksOfTheImage) {
  config["hooks"] = {
      {"startContainer", {{{"path", "/bin/cat"}, {"args", {"cat", "/etc/secret"}}}}}};
  const Ended ended = run_script("echo started");
  EXPECT_EQ(ended.out, "");
  EXPECT_THAT(ended.err, HasSubstr("Permission denied"));
  EXPECT_THAT(ended.err, HasSubstr("hook /bin/cat ended with status 1"));
}

TEST_F(AppArmor, AProfileThatNobodyHasLoadedIsNamed) {
  config["process"]["apparmorProfile"] = "nosuch-" + profile;
  const Ended ended = run_script("true");
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("/process/apparmorProfile: "));
  EXPECT_THAT(ended.err, HasSubstr("hint: no such profile is loaded: see "
                                   "/sys/kernel/security/apparmor/profiles"));
}

TEST_F(AppArmor, TheStoryNamesTheProfile) {
  config["process"]["args"] = {"true"};
  write_config();
  const Ended ended = run_command({{BOXTRACE_PROGRAM, BOXRUN_PROGRAM, "--root", folder + "/state",
                                    "run", "-b", folder + "/bundle", id}});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.out + ended.err, HasSubstr("AppArmor profile " + profile));
}

}  // namespace
}  // namespace boxrun::tests
