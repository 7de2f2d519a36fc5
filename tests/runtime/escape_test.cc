// Attacks by way of paths and mounts: links in the image, files that are not what they seem, names
// that change under way. Each was a vulnerability of some runtime once; its number is beside the
// test. Beside boxrun, where it must fail, stands something where it succeeds: a runtime known to
// be open to it, what trusts a path, or a laxer configuration. docs/conformance.md has the list;
// security_test.cc the other half.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <thread>

#include "tests/runtime/attack_fixture.h"

namespace boxrun::tests {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class Escape : public Attack {};

// ---- /proc ----

// CVE-2019-16884, CVE-2019-19921
TEST_F(Escape, AMountOverProcIsRefused) {
  add_mount("/proc", "tmpfs", "tmpfs");
  set_script("ls /proc | wc -l");
  const Ended ended = run_with(Runtime::Boxrun);
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("which is on procfs"));
  if (!reason_against(Runtime::Crun).empty()) {
    GTEST_SKIP() << reason_against(Runtime::Crun);
  }
  EXPECT_EQ(run_with(Runtime::Crun).out, "0\n") << "crun lets it happen";
}

// CVE-2019-16884, CVE-2019-18837
TEST_F(Escape, AMountOverTheKernelsFilesIsRefused) {
  fs::create_directory(folder + "/fake");
  write_text(folder + "/fake/current", "fake");
  const json clean = config;
  for (const char* destination : {"/proc/self/attr", "/proc/1/attr", "/proc/sys/kernel", "/proc/1",
                                  "/proc/../proc/self/attr", "//proc/self/attr/"}) {
    config = clean;
    add_mount(destination, "bind", folder + "/fake", {"bind"});
    set_script("true");
    const Ended ended = run_with(Runtime::Boxrun);
    EXPECT_EQ(ended.status, 1) << destination;
    EXPECT_THAT(ended.err, HasSubstr("which is on procfs")) << destination;
  }
  if (!reason_against(Runtime::Crun).empty()) {
    GTEST_SKIP() << reason_against(Runtime::Crun);
  }
  config = clean;
  add_mount("/proc/1/attr", "bind", folder + "/fake", {"bind"});
  set_script("cat /proc/1/attr/current");
  EXPECT_EQ(run_with(Runtime::Crun).out, "fake") << "crun lets it happen";
}

// CVE-2023-27561, CVE-2023-28642
TEST_F(Escape, ProcOfTheImageIsALink) {
  fs::remove(rootfs("/proc"));
  fs::create_directory(rootfs("/evil"));
  fs::create_directory_symlink("evil", rootfs("/proc"));
  set_script("true");
  const Ended ended = run_with(Runtime::Boxrun);
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("\"<rootfs>/proc\" is not an ordinary directory"));
  EXPECT_EQ(run_weakly({"/bin/sh", "-c", "test -e /evil/version && echo landed"}).out, "landed\n");
}

// CVE-2025-52881
TEST_F(Escape, AFakeProcSysIsNotWrittenTo) {
  fs::create_directory(folder + "/fake");
  write_text(folder + "/fake/ip_forward", "0");
  add_mount("/proc/sys/net/ipv4", "bind", folder + "/fake", {"bind"});
  config["linux"]["sysctl"] = {{"net.ipv4.ip_forward", "1"}};
  set_script("true");
  static_cast<void>(run_with(Runtime::Boxrun));
  EXPECT_EQ(read_text(folder + "/fake/ip_forward"), "0");
  const Ended trusting = run_trustingly(
      "mount -t proc proc " + rootfs("/proc") + " && mount --bind " + folder + "/fake " +
      rootfs("/proc/sys/net/ipv4") + " && printf 1 > " + rootfs("/proc/sys/net/ipv4/ip_forward"));
  EXPECT_EQ(trusting.status, 0) << trusting.err;
  EXPECT_EQ(read_text(folder + "/fake/ip_forward"), "1");
}

// CVE-2022-0811 and its class
TEST_F(Escape, SysctlsOfTheHostAreRefused) {
  const std::string before = read_text("/proc/sys/kernel/core_pattern");
  set_script("true");
  for (const char* key : {"kernel.core_pattern", "net/../kernel/core_pattern",
                          "net.ipv4.../../kernel/core_pattern"}) {
    config["linux"]["sysctl"] = {{key, "|/bin/evil"}};
    EXPECT_EQ(run_with(Runtime::Boxrun).status, 1) << key;
  }
  EXPECT_EQ(read_text("/proc/sys/kernel/core_pattern"), before);
  // What takes the key for a path reaches the host's file.
  EXPECT_EQ(read_text("/proc/sys/net/../kernel/core_pattern"), before);
  EXPECT_NE(before, "");
}

TEST_F(Escape, MaskedAndReadOnlyPathsHoldAndAreWhatHolds) {
  const std::string script =
      "wc -c < /proc/keys; wc -c < /proc/timer_list; ls /sys/firmware | wc -l; "
      "for f in /proc/sys/kernel/domainname /proc/irq/default_smp_affinity; do "
      "  (cat $f > $f) 2>&1 | grep -o 'Read-only file system'; done; true";
  for (const char* set : {"effective", "permitted", "bounding"}) {
    config["process"]["capabilities"][set].push_back("CAP_SYS_ADMIN");
  }
  EXPECT_EQ(output_of(script), "0\n0\n0\nRead-only file system\nRead-only file system");
  config["linux"].erase("maskedPaths");
  config["linux"].erase("readonlyPaths");
  EXPECT_NE(output_of("wc -c < /proc/timer_list"), "0");
  EXPECT_THAT(output_of(script), Not(HasSubstr("Read-only")));
}

// ---- /dev ----

// CVE-2026-41579, CVE-2026-47766
TEST_F(Escape, DevOfTheImageIsALinkToTheHost) {
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

TEST_F(Escape, LinksInDevicePathsStayInside) {
  fs::create_directory_symlink(victim, rootfs("/away"));
  config["linux"]["devices"] = {
      {{"path", "/away/node"}, {"type", "c"}, {"major", 1}, {"minor", 3}}};
  set_script("true");
  EXPECT_EQ(run_with(Runtime::Boxrun).status, 0);
  EXPECT_TRUE(fs::is_empty(victim));
}

// CVE-2025-31133
TEST_F(Escape, NullOfTheImageIsNotUsedForMasking) {
  fs::create_directory(rootfs("/mydev"));
  fs::create_symlink("/proc/version", rootfs("/mydev/null"));
  drop_mounts_below("/dev");
  add_mount("/dev", "bind", rootfs("/mydev"), {"bind"});
  set_script("cat /proc/timer_list");
  const Ended ended = run_with(Runtime::Boxrun);
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(ended.out, "");
  if (!reason_against(Runtime::Runc).empty()) {
    GTEST_SKIP() << reason_against(Runtime::Runc);
  }
  EXPECT_THAT(run_with(Runtime::Runc).out, HasSubstr("Linux version"));
}

// CVE-2025-52565
TEST_F(Escape, LinksForTerminalsAreNotBoundOverTheConsole) {
  // The container's real devpts is hidden behind a directory of links, as a container that shares
  // a volume could make them while the next one starts.
  const std::string fake = rootfs("/fakepts");
  fs::create_directory(fake);
  fs::create_symlink("/dev/realpts/ptmx", fake + "/ptmx");
  for (int i = 0; i < 5; ++i) {
    fs::create_symlink("/proc/version", fake + "/" + std::to_string(i));
  }
  json& mounts = config["mounts"];
  for (json& mount : mounts) {
    if (mount["type"] == "devpts") {
      mount["destination"] = "/dev/realpts";
    }
  }
  add_mount("/dev/pts", "bind", fake, {"bind"});
  config["process"]["terminal"] = true;
  set_script(
      "test -c /dev/console && echo a device; head -c 13 /dev/console < /dev/null & sleep 1");
  const Ended ended = run_with(Runtime::Boxrun);
  EXPECT_THAT(ended.out, HasSubstr("a device")) << ended.err;
  EXPECT_THAT(ended.out, Not(HasSubstr("Linux version")));
  // What finds the terminal by its name binds the file that the link names.
  write_text(rootfs("/console"), "");
  EXPECT_THAT(run_trustingly("mount --bind " + fake + "/0 " + rootfs("/console") + " && cat " +
                             rootfs("/console"))
                  .out,
              HasSubstr("Linux version"));
}

// ---- /sys/fs/cgroup ----

// CVE-2022-0492, CVE-2023-25809
TEST_F(Escape, CgroupsCannotBeMadeThroughAMountOfThem) {
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

// ---- destinations of mounts: CVE-2021-30465, CVE-2024-45310 ----

TEST_F(Escape, LinksInMountDestinationsStayInside) {
  fs::create_directory_symlink(victim, rootfs("/absolute"));
  fs::create_directory_symlink("../../../../../../../.." + victim, rootfs("/climbing"));
  for (const char* destination : {"/absolute/a", "/climbing/b", "/../../../c"}) {
    add_mount(destination, "tmpfs", "tmpfs");
  }
  set_script("true");
  EXPECT_EQ(run_with(Runtime::Boxrun).status, 0);
  EXPECT_TRUE(fs::is_empty(victim));
  EXPECT_TRUE(fs::is_directory(rootfs(victim + "/a"))) << "made inside, where the link leads";
  EXPECT_EQ(run_trustingly("mkdir " + rootfs("/absolute/a")).status, 0);
  EXPECT_FALSE(fs::is_empty(victim)) << "what trusts the path";
}

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

class Race : public Escape {
 protected:
  static constexpr int kMounts = 6;
  static constexpr int kRuns = 30;

  void SetUp() override {
    Escape::SetUp();
    if (IsSkipped()) {
      return;
    }
    volume = folder + "/volume";
    fs::create_directories(volume + "/a");
    fs::create_directory_symlink("../../../../../../../../../.." + victim, volume + "/b");
    add_mount("/vol", "bind", volume, {"rbind"});
    for (int i = 0; i < kMounts; ++i) {
      add_mount("/vol/a/m" + std::to_string(i), "tmpfs", "tmpfs");
    }
  }

  /// What trusts a path that it has just looked at loses the race some time.
  static bool is_caught_soon(const std::function<bool()>& attempt) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    bool caught = false;
    while (!caught && std::chrono::steady_clock::now() < deadline) {
      caught = attempt();
    }
    return caught;
  }

  std::string volume;
};

TEST_F(Race, NoMountLeavesTheRootThroughASwappedDirectory) {
  // A mount outside of the root would be lost to the container.
  set_script("grep -c '/m[0-5] .* - tmpfs' /proc/self/mountinfo");
  const std::string all = std::to_string(kMounts) + "\n";
  {
    const Swapper swapper{volume + "/a", volume + "/b"};
    for (int i = 0; i < kRuns; ++i) {
      const Ended ended = run_with(Runtime::Boxrun);
      if (ended.status == 0) {
        EXPECT_EQ(ended.out, all) << "run " << i;
      } else {
        EXPECT_THAT(ended.err, HasSubstr("error: /mounts/")) << "run " << i;
      }
    }
    EXPECT_THAT(read_text("/proc/self/mountinfo"), Not(HasSubstr(mark)));
    const bool caught = is_caught_soon([this] {
      return run_trustingly("cd " + volume + "; for i in $(seq 60); do mkdir -p a/m && " +
                            "/bin/busybox mount -t tmpfs t a/m; done 2>/dev/null; grep -c ' " +
                            victim + "/m ' /proc/self/mountinfo")
                 .out != "0\n";
    });
    EXPECT_TRUE(caught) << "the race was never won";
  }
  const bool is_swapped = fs::is_symlink(volume + "/a");
  fs::rename(volume + (is_swapped ? "/b" : "/a"), volume + "/directory");
  fs::remove(volume + (is_swapped ? "/a" : "/b"));
  fs::rename(volume + "/directory", volume + "/a");
  EXPECT_EQ(run_with(Runtime::Boxrun).out, all) << "where nobody interferes";
}

TEST_F(Race, NoDirectoryIsMadeOutsideThroughASwappedDirectory) {
  set_script("true");
  const Swapper swapper{volume + "/a", volume + "/b"};
  for (int i = 0; i < kRuns; ++i) {
    static_cast<void>(run_with(Runtime::Boxrun));
    ASSERT_TRUE(fs::is_empty(victim)) << "run " << i;
  }
  const bool caught = is_caught_soon([this] {
    struct stat seen {};
    const std::string path = volume + "/a";
    if (::lstat(path.c_str(), &seen) != 0 || !S_ISDIR(seen.st_mode)) {
      return false;
    }
    ::usleep(50);  // whatever else it does in between
    ::mkdir((path + "/x").c_str(), 0755);
    const bool is_outside = fs::exists(victim + "/x");
    fs::remove(volume + "/a/x");
    fs::remove(volume + "/b/x");
    return is_outside;
  });
  EXPECT_TRUE(caught) << "the race was never won";
}

}  // namespace
}  // namespace boxrun::tests
