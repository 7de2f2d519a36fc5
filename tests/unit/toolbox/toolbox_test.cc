// The toolbox is a program, so it is tested as one: run an applet, look at what it printed and how
// it ended. BOXRUN_TOOLBOX is the path of the freshly built binary.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>

namespace boxrun::toolbox {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Outcome {
  int status = 0;
  std::string output;  ///< standard output and standard error together
};

Outcome run_shell(const std::string& command) {
  Outcome outcome;
  std::FILE* pipe = popen((command + " 2>&1").c_str(), "re");
  std::array<char, 4096> piece{};
  for (std::size_t got = 0; (got = std::fread(piece.data(), 1, piece.size(), pipe)) > 0;) {
    outcome.output.append(piece.data(), got);
  }
  const int status = pclose(pipe);
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

/// Runs `boxrun-toolbox ARGUMENTS`, the arguments as a shell reads them.
Outcome toolbox(const std::string& arguments) {
  return run_shell(std::string(BOXRUN_TOOLBOX) + " " + arguments);
}

class ToolboxFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "toolbox-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] std::string path(const std::string& name) const { return directory_ + "/" + name; }

 private:
  std::string directory_;
};

TEST(Toolbox, NeedsNoSharedLibrary) {
  std::ifstream file(BOXRUN_TOOLBOX, std::ios::binary);
  const std::string image{std::istreambuf_iterator<char>(file), {}};
  ASSERT_GT(image.size(), 1000U);
  EXPECT_EQ(image.find("/ld-linux"), std::string::npos);
}

TEST(Toolbox, ListsItsAppletsOneALineInOrder) {
  const Outcome list = toolbox("--list");
  EXPECT_EQ(list.status, 0);
  EXPECT_EQ(run_shell(std::string(BOXRUN_TOOLBOX) + " --list | LC_ALL=C sort -c").status, 0);
  for (const char* name : {"chmod", "echo", "hog", "id", "mount", "ns", "pause", "ps", "sleep"}) {
    EXPECT_THAT("\n" + list.output, HasSubstr("\n" + std::string(name) + "\n"));
  }
}

TEST(Toolbox, TakesTheAppletFromItsOwnName) {
  const std::string link = ::testing::TempDir() + "echo";
  std::filesystem::remove(link);
  std::filesystem::create_symlink(BOXRUN_TOOLBOX, link);
  EXPECT_EQ(run_shell(link + " a  b").output, "a b\n");
  std::filesystem::remove(link);
}

TEST(Toolbox, AnUnknownAppletIsNotFound) {
  const Outcome outcome = toolbox("frobnicate");
  EXPECT_EQ(outcome.status, 127);
  EXPECT_EQ(outcome.output, "boxrun-toolbox: no applet 'frobnicate'; --list names them all\n");
}

TEST(Toolbox, WrongArgumentsPrintTheUsage) {
  for (const char* call : {"sleep", "sleep x", "hog", "hog 1X", "chmod 999 f", "kill", "ln a",
                           "chmod --via=open 600 f", "uname -x", "write f"}) {
    const Outcome outcome = toolbox(call);
    EXPECT_EQ(outcome.status, 2) << call;
    EXPECT_THAT(outcome.output, StartsWith("usage: ")) << call;
  }
}

TEST(Toolbox, AFullDiskIsAFailure) {
  const Outcome outcome = run_shell("(" + std::string(BOXRUN_TOOLBOX) + " echo hi >/dev/full)");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.output, HasSubstr("ENOSPC"));
}

TEST(Words, TrueAndFalseDiffer) {
  EXPECT_EQ(toolbox("true").status, 0);
  EXPECT_EQ(toolbox("false").status, 1);
}

TEST(Words, EnvPrintsWhatItWasGivenAndNothingElse) {
  EXPECT_EQ(run_shell("env -i B=2 A=1 " + std::string(BOXRUN_TOOLBOX) + " env").output,
            "B=2\nA=1\n");
}

TEST(Words, HostnameAndUnameAgree) {
  EXPECT_EQ(toolbox("hostname").output, toolbox("uname -n").output);
}

TEST_F(ToolboxFiles, WriteThenAppendThenCat) {
  EXPECT_EQ(toolbox("write " + path("f") + " 'one two'").status, 0);
  EXPECT_EQ(toolbox("write -a " + path("f") + " three").status, 0);
  EXPECT_EQ(toolbox("cat " + path("f")).output, "one two\nthree\n");
}

TEST_F(ToolboxFiles, ChmodReachesTheFileThroughEachSystemCall) {
  ASSERT_EQ(toolbox("touch " + path("f")).status, 0);
  unsigned mode = 0600;
  for (const char* via : {"", "--via=chmod ", "--via=fchmodat ", "--via=fchmodat2 "}) {
    ++mode;
    std::array<char, 8> octal{};
    std::snprintf(octal.data(), octal.size(), "%o ", mode);
    const Outcome outcome = toolbox(std::string("chmod ") + via + octal.data() + path("f"));
    if (outcome.output.find("ENOSYS") != std::string::npos) {
      continue;  // fchmodat2 is younger than the kernel of Debian 12
    }
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    struct stat entry {};
    ASSERT_EQ(stat(path("f").c_str(), &entry), 0);
    EXPECT_EQ(entry.st_mode & 07777U, mode) << via;
  }
}

TEST_F(ToolboxFiles, ChmodNamesTheCallThatWasRefused) {
  const Outcome outcome = toolbox("chmod --via=fchmodat 644 " + path("missing"));
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("fchmodat(" + path("missing") + ", 644)"),
                                    HasSubstr("No such file or directory (ENOENT)")));
}

TEST_F(ToolboxFiles, LsSortsAndShowsLinks) {
  ASSERT_EQ(toolbox("mkdir " + path("b")).status, 0);
  ASSERT_EQ(toolbox("touch " + path("a")).status, 0);
  ASSERT_EQ(toolbox("touch " + path(".hidden")).status, 0);
  ASSERT_EQ(toolbox("ln -s a " + path("c")).status, 0);
  EXPECT_EQ(toolbox("ls " + path("")).output, "a\nb\nc\n");
  EXPECT_EQ(toolbox("ls -a " + path("")).output, ".\n..\n.hidden\na\nb\nc\n");
  const std::string details = toolbox("ls -l " + path("")).output;
  EXPECT_THAT(details, AllOf(HasSubstr("c -> a\n"), HasSubstr("\ndrwx")));
}

TEST_F(ToolboxFiles, StatShowsDeviceNumbers) {
  const std::string null = toolbox("stat /dev/null").output;
  EXPECT_THAT(null, AllOf(StartsWith("/dev/null: crw"), HasSubstr(" node=1:3\n")));
}

TEST(Processes, HogCountsWhatItTouches) {
  EXPECT_EQ(toolbox("hog 25M").output, "touched 10 MiB\ntouched 20 MiB\ntouched 25 MiB\n");
}

TEST(Processes, PsShowsItsCallerUnderBothNumbers) {
  const std::string self = std::to_string(getpid());
  EXPECT_THAT(toolbox("ps").output, HasSubstr(" " + self + " "));
}

TEST(Processes, KillProbesWithSignalZero) {
  EXPECT_EQ(toolbox("kill -0 " + std::to_string(getpid())).status, 0);
  EXPECT_THAT(toolbox("kill -SIGTERM 2147483647").output, HasSubstr("(ESRCH)"));
}

TEST(Processes, PauseEndsCleanlyWhenAskedTo) {
  const std::string program = BOXRUN_TOOLBOX;
  const Outcome outcome = run_shell(program + " pause & " + program + " sleep 0.2; " + program +
                                    " kill -TERM $!; wait $!");
  EXPECT_EQ(outcome.status, 0) << outcome.output;
}

TEST(Processes, SleepTakesFractions) { EXPECT_EQ(toolbox("sleep 0.01").status, 0); }

TEST(Identity, IdPrintsTheNumbers) {
  EXPECT_EQ(toolbox("id -u").output, std::to_string(geteuid()) + "\n");
  EXPECT_EQ(toolbox("id -g").output, std::to_string(getegid()) + "\n");
  EXPECT_THAT(toolbox("id").output, StartsWith("uid=" + std::to_string(getuid())));
}

TEST(Identity, CapsAgreesWithProcStatus) {
  std::ifstream status("/proc/self/status");
  const std::string text{std::istreambuf_iterator<char>(status), {}};
  std::smatch mask;
  ASSERT_TRUE(std::regex_search(text, mask, std::regex("CapBnd:\t([0-9a-f]{16})")));
  const std::string caps = toolbox("caps").output;
  EXPECT_THAT(caps, HasSubstr("\nbounding     " + mask[1].str() + " "));
  EXPECT_THAT(caps, AllOf(HasSubstr("\nno_new_privs "), HasSubstr("\nseccomp ")));
}

TEST(KernelView, NamespacesAreThoseOfTheCaller) {
  const std::string mine = std::filesystem::read_symlink("/proc/self/ns/mnt").string();
  EXPECT_THAT(toolbox("ns").output, HasSubstr("\nmnt                " + mine + "\n"));
}

TEST(KernelView, DescriptorsAreTheInheritedOnesOnly) {
  const std::string listed = run_shell(std::string(BOXRUN_TOOLBOX) + " fds 9</dev/zero").output;
  EXPECT_THAT(listed, HasSubstr("  9 -> /dev/zero\n"));
  EXPECT_EQ(listed.find("/proc/"), std::string::npos) << listed;
}

TEST(KernelView, MountShowsEveryLineOfMountinfo) {
  const Outcome outcome = toolbox("mount | wc -l");
  std::ifstream table("/proc/self/mountinfo");
  const auto lines = std::count(std::istreambuf_iterator<char>(table), {}, '\n');
  EXPECT_EQ(std::stol(outcome.output), lines);
}

}  // namespace
}  // namespace boxrun::toolbox
