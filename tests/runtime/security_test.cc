// Attacks that need more than one hostile file: races, leaked descriptors, an image that hunts the
// runtime's binary. Each is run against boxrun, where it must fail, and against something where it
// must succeed (a runtime known to be open to it, a weaker tool, a laxer configuration), so that a
// test that no longer attacks anything is noticed.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "tests/runtime/container_fixture.h"
#include "tests/runtime/other_runtimes.h"

namespace boxrun::tests {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class Security : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    if (!IsSkipped()) {
      victim = folder + "/victim";
      fs::create_directory(victim);
      config["root"]["readonly"] = false;
    }
  }

  [[nodiscard]] Ended run_with(Runtime runtime,
                               std::vector<std::pair<int, std::string>> leaked = {}) {
    write_config();
    return run_command({command_of(runtime, folder + "/" + name_of(runtime),
                                   {"run", "-b", folder + "/bundle", id + name_of(runtime)}),
                        0, std::move(leaked)});
  }

  /// A weak "runtime": new namespaces and a chroot, nothing else.
  [[nodiscard]] Ended run_weakly(const std::vector<std::string>& args,
                                 std::vector<std::pair<int, std::string>> leaked = {}) const {
    std::vector<std::string> words = {"unshare", "-m", "-p", "-f", "-R", rootfs(), "--mount-proc"};
    words.insert(words.end(), args.begin(), args.end());
    return run_command({words, 0, std::move(leaked)});
  }

  void set_script(const std::string& script) { config["process"]["args"] = {"sh", "-c", script}; }

  void drop_mounts_below(const std::string& destination) {
    json kept = json::array();
    for (const json& mount : config["mounts"]) {
      const std::string path = mount["destination"];
      if (path != destination && !path.starts_with(destination + "/")) {
        kept.push_back(mount);
      }
    }
    config["mounts"] = kept;
  }

  std::string victim;
};

// ---- known to work elsewhere ----

// CVE-2026-41579 (runc), CVE-2026-47766 (crun)
TEST_F(Security, ALinkedDevIsAnAttackThatWorksOnOthers) {
  fs::remove(rootfs("/dev"));
  fs::create_directory_symlink(victim, rootfs("/dev"));
  drop_mounts_below("/dev");
  set_script("true");
  static_cast<void>(run_with(Runtime::Boxrun));
  EXPECT_TRUE(fs::is_empty(victim));
  for (const Runtime other : {Runtime::Runc, Runtime::Crun}) {
    if (!reason_against(other).empty()) {
      GTEST_SKIP() << reason_against(other);
    }
    static_cast<void>(run_with(other));
    EXPECT_FALSE(fs::is_empty(victim)) << name_of(other) << " was known to be open to this";
    fs::remove_all(victim);
    fs::create_directory(victim);
  }
}

// CVE-2025-31133
TEST_F(Security, AMaskThroughANullLinkIsAnAttackThatWorksOnOthers) {
  fs::create_directory(rootfs("/mydev"));
  fs::create_symlink("/proc/version", rootfs("/mydev/null"));
  drop_mounts_below("/dev");
  config["mounts"].push_back({{"destination", "/dev"},
                              {"type", "bind"},
                              {"source", rootfs("/mydev")},
                              {"options", {"bind"}}});
  set_script("cat /proc/timer_list");
  EXPECT_EQ(run_with(Runtime::Boxrun).out, "");
  if (!reason_against(Runtime::Runc).empty()) {
    GTEST_SKIP() << reason_against(Runtime::Runc);
  }
  EXPECT_THAT(run_with(Runtime::Runc).out, HasSubstr("Linux version"));
}

// CVE-2024-21626
TEST_F(Security, AWorkingDirectoryThroughALeakIsAnAttackThatWorksOnOthers) {
  const auto climb = [this](Runtime runtime) {
    for (int fd = 3; fd <= 10; ++fd) {
      config["process"]["cwd"] = "/proc/self/fd/" + std::to_string(fd);
      set_script("ls ../../../../etc/debian_version");
      if (run_with(runtime, {{3, "/"}, {7, "/usr"}}).out.find("debian_version") !=
          std::string::npos) {
        return true;
      }
    }
    return false;
  };
  EXPECT_FALSE(climb(Runtime::Boxrun));
  if (!reason_against(Runtime::Crun).empty()) {
    GTEST_SKIP() << reason_against(Runtime::Crun);
  }
  EXPECT_TRUE(climb(Runtime::Crun));
}

// ---- with a weaker tool ----

TEST_F(Security, NoDescriptorButTheThreeReachesTheProgram) {
  const std::string list = "ls /proc/self/fd | tr '\\n' ' '";  // 3 is the directory ls reads
  set_script(list);
  EXPECT_EQ(run_with(Runtime::Boxrun, {{5, "/"}, {9, "/usr"}, {200, "/etc"}}).out, "0 1 2 3 ");
  EXPECT_THAT(run_weakly({"/bin/sh", "-c", list}, {{5, "/"}, {9, "/usr"}, {200, "/etc"}}).out,
              HasSubstr(" 200 "));
}

// CVE-2019-5736
TEST_F(Security, AnImageThatHuntsTheRuntimesBinaryGetsAReadOnlyFile) {
  fs::create_directories(rootfs("/lib64"));
  fs::copy_file(ATTACKER_PROGRAM, rootfs("/attacker"));
  for (const char* interpreter : {"ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}) {
    fs::copy_file(HIJACKER_PROGRAM, rootfs("/lib64/") + interpreter);
  }
  fs::create_directory_symlink("lib64", rootfs("/lib"));
  const auto verdict = [this] {
    for (int i = 0; i < 400 && !fs::exists(rootfs("/verdict")); ++i) {
      ::usleep(10'000);
    }
    const std::string text = read_text(rootfs("/verdict"));
    fs::remove(rootfs("/verdict"));
    return text;
  };
  const std::string copy = folder + "/boxrun";
  fs::copy_file(BOXRUN_PROGRAM, copy);
  const std::string before = read_text(copy);
  config["process"]["args"] = {"/proc/self/exe"};
  write_config();
  static_cast<void>(run_command(
      {{copy, "--root", folder + "/state", "run", "-d", "-b", folder + "/bundle", id}}));
  EXPECT_THAT(verdict(), HasSubstr("Read-only file system"));
  EXPECT_TRUE(read_text(copy) == before) << "the runtime's binary was changed";

  const std::string weak = folder + "/unshare";
  fs::copy_file("/usr/bin/unshare", weak);
  // Without -f: a parent that stays would keep the file busy.
  static_cast<void>(run_command({{weak, "-m", "-R", rootfs(), "--mount-proc", "/proc/self/exe"}}));
  EXPECT_EQ(verdict(), "overwritten");
}

// ---- with a laxer configuration ----

TEST_F(Security, MaskedAndReadOnlyPathsHoldAndAreWhatHolds) {
  const std::string script =
      "wc -c < /proc/keys; wc -c < /proc/timer_list; ls /sys/firmware | wc -l; "
      "for f in /proc/sys/kernel/domainname /proc/irq/default_smp_affinity; do "
      "  (cat $f > $f) 2>&1 | grep -o 'Read-only file system'; done; true";
  config["process"]["capabilities"]["effective"].push_back("CAP_SYS_ADMIN");
  config["process"]["capabilities"]["permitted"].push_back("CAP_SYS_ADMIN");
  config["process"]["capabilities"]["bounding"].push_back("CAP_SYS_ADMIN");
  EXPECT_EQ(output_of(script), "0\n0\n0\nRead-only file system\nRead-only file system");
  config["linux"].erase("maskedPaths");
  config["linux"].erase("readonlyPaths");
  EXPECT_NE(output_of("wc -c < /proc/timer_list"), "0");
  EXPECT_THAT(output_of(script), Not(HasSubstr("Read-only")));
}

// CVE-2022-0492, CVE-2023-25809
TEST_F(Security, CgroupsCannotBeMadeThroughAMountOfThem) {
  const std::string script =
      "grep ' - cgroup' /proc/self/mountinfo | cut -d' ' -f5 | while read d; do "
      "mkdir $d/evil 2>/dev/null && echo made; done; true";
  EXPECT_EQ(
      output_of("grep -c ' - cgroup' /proc/self/mountinfo | grep -v '^0$' >/dev/null; " + script),
      "");
  for (json& mount : config["mounts"]) {
    if (mount["type"] == "cgroup") {
      mount["options"] = {"nosuid", "noexec", "nodev", "rw"};
    }
  }
  EXPECT_THAT(output_of(script), HasSubstr("made"));
}

// ---- races ----

/// Swaps a directory of a shared volume with a link that climbs out, as fast as it can.
class Swapper {
 public:
  Swapper(std::string directory, std::string link)
      : directory_(std::move(directory)), link_(std::move(link)), thread_([this] {
          while (!stop_.load()) {
            ::renameat2(AT_FDCWD, directory_.c_str(), AT_FDCWD, link_.c_str(), RENAME_EXCHANGE);
          }
        }) {}
  ~Swapper() {
    stop_.store(true);
    thread_.join();
  }
  Swapper(const Swapper&) = delete;
  Swapper& operator=(const Swapper&) = delete;

 private:
  std::string directory_;
  std::string link_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// CVE-2021-30465, CVE-2024-45310
TEST_F(Security, SwappedDirectoriesOfASharedVolumeLeadNowhere) {
  const std::string volume = folder + "/volume";
  fs::create_directories(volume + "/a");
  fs::create_directory_symlink("../../../../../../../../../.." + victim, volume + "/b");
  config["mounts"].push_back(
      {{"destination", "/vol"}, {"type", "bind"}, {"source", volume}, {"options", {"rbind"}}});
  for (int i = 0; i < 6; ++i) {
    config["mounts"].push_back(
        {{"destination", "/vol/a/m" + std::to_string(i)}, {"type", "tmpfs"}, {"source", "tmpfs"}});
  }
  set_script("true");
  const Swapper swapper{volume + "/a", volume + "/b"};
  for (int i = 0; i < 30; ++i) {
    static_cast<void>(run_with(Runtime::Boxrun));
    ASSERT_TRUE(fs::is_empty(victim)) << "run " << i;
  }
  EXPECT_THAT(read_text("/proc/self/mountinfo"), Not(HasSubstr(victim)));
  // What trusts a path it has just looked at is caught soon.
  bool caught = false;
  for (int i = 0; i < 20000 && !caught; ++i) {
    struct stat seen {};
    const std::string path = volume + "/a";
    if (::lstat(path.c_str(), &seen) == 0 && S_ISDIR(seen.st_mode)) {
      ::mkdir((path + "/x").c_str(), 0755);
      caught = fs::exists(victim + "/x");
      fs::remove(volume + "/a/x");
      fs::remove(volume + "/b/x");
    }
  }
  EXPECT_TRUE(caught) << "the race was never won";
}

}  // namespace
}  // namespace boxrun::tests
