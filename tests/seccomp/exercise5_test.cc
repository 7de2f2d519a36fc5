// Exercise 5 of a container lab: a profile refuses chmod; does it? Told by boxtrace, under two
// runtimes. What the exercise does not say: a program may use another call that changes modes, and
// a profile without `architectures` kills 32-bit programs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tracer/os/file.h"

namespace boxtrace::cli {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

/// A shell command's exit status, and what it printed.
struct Ended {
  int status = -1;
  std::string text;
};

Ended run_shell(const std::string& command) {
  Ended ended;
  FILE* pipe =
      popen(("{ " + command + "; } 2>&1").c_str(), "r");  // NOLINT(cert-env33-c): our words
  if (pipe == nullptr) {
    return ended;
  }
  std::array<char, 4096> buffer{};
  while (const std::size_t count = fread(buffer.data(), 1, buffer.size(), pipe)) {
    ended.text.append(buffer.data(), count);
  }
  const int status = pclose(pipe);
  ended.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ended;
}

class Exercise5 : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "needs root: the runtimes make cgroups and device nodes";
    }
    const bool bundled = std::string_view(GetParam()) == "boxrun";
    runtime_ = bundled ? BOXTRACE_BOXRUN : GetParam();
    if (run_shell("command -v " + runtime_).status != 0) {
      GTEST_SKIP() << "needs " << GetParam();
    }
    std::string pattern = (fs::temp_directory_path() / "boxtrace-exercise5-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    ASSERT_EQ(run_shell(BOXTRACE_BOXRUN " bundle " + bundle()).status, 0);
    fs::copy_file(BOXTRACE_THIRTY_TWO, bundle() + "/rootfs/bin/thirty_two");
    has_busybox_ = fs::exists("/bin/busybox");
    if (has_busybox_) {
      fs::copy_file("/bin/busybox", bundle() + "/rootfs/bin/busybox");
    }
    ASSERT_TRUE(os::write_file(file(), "hosts\n").ok());
  }
  void TearDown() override {
    if (!folder_.empty()) {
      fs::remove_all(folder_);
    }
  }

  [[nodiscard]] std::string bundle() const { return folder_ + "/bundle"; }
  [[nodiscard]] std::string file() const { return bundle() + "/rootfs/hosts"; }
  [[nodiscard]] unsigned mode() const {
    struct stat status {};
    return stat(file().c_str(), &status) == 0 ? status.st_mode & 07777U : ~0U;
  }

  /// Runs a container with a profile under boxtrace. @returns the container's exit status and the
  /// story, with what the container printed in between.
  Ended tell(const json& profile, const std::vector<std::string>& args) {
    EXPECT_EQ(chmod(file().c_str(), 0644), 0);
    json config = json::parse(os::read_file(bundle() + "/config.json").value());
    config["process"]["terminal"] = false;
    config["process"]["args"] = args;
    config["root"]["readonly"] = false;
    config["linux"]["seccomp"] = profile;
    EXPECT_TRUE(os::write_file(bundle() + "/config.json", config.dump()).ok());
    static int count = 0;
    return run_shell("timeout 100 " BOXTRACE_PROGRAM " --color=never --width=400 -- " + runtime_ +
                     " --root " + folder_ + "/state run -b " + bundle() + " exercise5-" +
                     std::to_string(getpid()) + "-" + std::to_string(++count));
  }

  static json profile(const std::string& name) {
    return json::parse(
        os::read_file(BOXTRACE_SOURCE_DIR "/tests/filters/" + name + ".profile.json").value());
  }

  std::string runtime_;
  std::string folder_;
  bool has_busybox_ = false;
};

TEST_P(Exercise5, TheProfileRefusesWhatItLists) {
  for (const char* via : {"chmod", "fchmodat"}) {
    const Ended ended =
        tell(profile("docker-chmod"), {"/bin/chmod", std::string("--via=") + via, "777", "/hosts"});
    EXPECT_NE(ended.status, 0) << ended.text;
    EXPECT_EQ(mode(), 0644U);
    EXPECT_THAT(ended.text, HasSubstr(std::string(via) + " refused by seccomp: ERRNO(EPERM)"));
    EXPECT_THAT(ended.text, HasSubstr("rule chmod, fchmod, fchmodat"));
    EXPECT_THAT(ended.text, HasSubstr("default ALLOW, refuses 3 calls"));
  }
}

TEST_P(Exercise5, AnotherCallStaysOpen) {
  const Ended ended =
      tell(profile("docker-chmod"), {"/bin/chmod", "--via=fchmodat2", "777", "/hosts"});
  if (ended.text.find("ENOSYS") != std::string::npos) {
    GTEST_SKIP() << "this kernel has no fchmodat2";
  }
  EXPECT_EQ(ended.status, 0) << ended.text;
  EXPECT_EQ(mode(), 0777U);
  EXPECT_THAT(ended.text, HasSubstr("chmod, fchmod, fchmodat are refused, but fchmodat2 is not"));
  EXPECT_THAT(ended.text, Not(HasSubstr("refused by seccomp")));
}

// The lab's own profile lists fchmodat, which busybox does not use.
TEST_P(Exercise5, AProgramMayUseAnotherCallThanTheProfileLists) {
  if (!has_busybox_) {
    GTEST_SKIP() << "needs a static busybox";
  }
  const json lab = {{"defaultAction", "SCMP_ACT_ALLOW"},
                    {"syscalls", {{{"names", {"fchmodat"}}, {"action", "SCMP_ACT_ERRNO"}}}}};
  const Ended open = tell(lab, {"/bin/busybox", "chmod", "777", "/hosts"});
  EXPECT_EQ(open.status, 0) << open.text;
  EXPECT_EQ(mode(), 0777U);
  EXPECT_THAT(open.text, HasSubstr("fchmodat is refused, but chmod, fchmod, fchmodat2 are not"));
  const Ended refused = tell(profile("docker-chmod"), {"/bin/busybox", "chmod", "777", "/hosts"});
  EXPECT_EQ(refused.status, 1) << refused.text;
  EXPECT_EQ(mode(), 0644U);
  EXPECT_THAT(refused.text, HasSubstr("chmod refused by seccomp: ERRNO(EPERM)"));
}

TEST_P(Exercise5, WithoutArchitectures32BitProgramsAreKilled) {
  constexpr int kSigsys = 31;
  const Ended killed = tell(profile("docker-chmod"), {"/bin/thirty_two"});
  EXPECT_EQ(killed.status, 128 + kSigsys) << killed.text;
  EXPECT_THAT(killed.text, HasSubstr("every call of a 32-bit program is killed"));
  EXPECT_THAT(killed.text,
              HasSubstr("killed by SIGSYS · by its seccomp filter, which kills 32-bit programs"));
  const Ended fine = tell(profile("chmod"), {"/bin/thirty_two"});
  EXPECT_EQ(fine.status, 7) << fine.text;
  EXPECT_THAT(fine.text, HasSubstr("32 bits"));
  EXPECT_THAT(fine.text, Not(HasSubstr("every call of a 32-bit program")));
}

INSTANTIATE_TEST_SUITE_P(Under, Exercise5, ::testing::Values("boxrun", "runc"),
                         [](const auto& which) { return std::string(which.param); });

}  // namespace
}  // namespace boxtrace::cli
