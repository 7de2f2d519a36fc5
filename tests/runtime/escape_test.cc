// Attacks by an image, a configuration or a running container on the host. Each was a vulnerability
// of some runtime once; its number is beside the test.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/runtime/container_fixture.h"

namespace boxrun::tests {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class Escape : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    if (!IsSkipped()) {
      victim = folder + "/victim";
      fs::create_directory(victim);
    }
  }
  void drop_mount(const std::string& destination) {
    json kept = json::array();
    for (const json& mount : config["mounts"]) {
      const std::string path = mount["destination"];
      if (path != destination && !path.starts_with(destination + "/")) {
        kept.push_back(mount);
      }
    }
    config["mounts"] = kept;
  }
  std::string victim;  ///< a directory of the host that must stay empty
};

// CVE-2026-41579, CVE-2026-47766
TEST_F(Escape, DevOfTheImageIsALinkToTheHost) {
  fs::remove(rootfs("/dev"));
  fs::create_directory_symlink(victim, rootfs("/dev"));
  drop_mount("/dev");
  config["root"]["readonly"] = false;
  static_cast<void>(run_script("true"));
  EXPECT_TRUE(fs::is_empty(victim));
}

// CVE-2023-27561, CVE-2023-28642
TEST_F(Escape, ProcOfTheImageIsALink) {
  fs::remove(rootfs("/proc"));
  fs::create_directory(rootfs("/evil"));
  fs::create_directory_symlink("evil", rootfs("/proc"));
  const Ended ended = run_script("true");
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("\"<rootfs>/proc\" is not an ordinary directory"));
}

// CVE-2021-30465, CVE-2024-45310
TEST_F(Escape, LinksInMountDestinationsStayInside) {
  fs::create_directory_symlink(victim, rootfs("/absolute"));
  fs::create_directory_symlink("../../../../../../../.." + victim, rootfs("/climbing"));
  config["root"]["readonly"] = false;
  for (const char* destination : {"/absolute/a", "/climbing/b", "/../../../c"}) {
    config["mounts"].push_back(
        {{"destination", destination}, {"type", "tmpfs"}, {"source", "tmpfs"}});
  }
  EXPECT_EQ(run_script("true").status, 0);
  EXPECT_TRUE(fs::is_empty(victim));
  EXPECT_TRUE(fs::is_directory(rootfs(victim + "/a"))) << "made inside, where the link leads";
}

TEST_F(Escape, LinksInDevicePathsStayInside) {
  fs::create_directory_symlink(victim, rootfs("/away"));
  config["root"]["readonly"] = false;
  config["linux"]["devices"] = {
      {{"path", "/away/node"}, {"type", "c"}, {"major", 1}, {"minor", 3}}};
  EXPECT_EQ(run_script("true").status, 0);
  EXPECT_TRUE(fs::is_empty(victim));
}

// CVE-2025-31133
TEST_F(Escape, NullOfTheImageIsNotUsedForMasking) {
  fs::create_directory(rootfs("/mydev"));
  fs::create_symlink("/proc/version", rootfs("/mydev/null"));
  drop_mount("/dev");
  config["mounts"].push_back({{"destination", "/dev"},
                              {"type", "bind"},
                              {"source", rootfs("/mydev")},
                              {"options", {"bind"}}});
  EXPECT_EQ(output_of("wc -c < /proc/timer_list"), "0");
}

// CVE-2024-21626
TEST_F(Escape, AWorkingDirectoryThroughALeakedDescriptorIsRefused) {
  for (int fd = 3; fd <= 24; ++fd) {
    config["process"]["cwd"] = "/proc/self/fd/" + std::to_string(fd);
    config["process"]["args"] = {"sh", "-c", "ls ../../../../etc/debian_version; pwd"};
    write_config();
    const Ended ended = run_command(
        {{BOXRUN_PROGRAM, "--root", folder + "/state", "run", "-b", folder + "/bundle", id},
         0,
         {{7, "/"}, {20, "/usr"}}});
    if (fd == 7 || fd == 20) {
      EXPECT_NE(ended.status, 0) << fd;
    }
    EXPECT_THAT(ended.out, Not(HasSubstr("debian_version"))) << fd;
  }
}

// CVE-2019-16884, CVE-2019-19921
TEST_F(Escape, MountsOverTheKernelsFilesAreRefused) {
  for (const char* destination : {"/proc/self/attr", "/proc/sys/kernel", "/proc/1"}) {
    json saved = config;
    config["mounts"].push_back(
        {{"destination", destination}, {"type", "tmpfs"}, {"source", "tmpfs"}});
    const Ended ended = run_script("true");
    EXPECT_EQ(ended.status, 1);
    EXPECT_THAT(ended.err, HasSubstr("which is on procfs")) << destination;
    config = saved;
  }
}

// CVE-2022-0811 and its class
TEST_F(Escape, SysctlsOfTheHostAreRefused) {
  const std::string before = read_text("/proc/sys/kernel/core_pattern");
  for (const char* key : {"kernel.core_pattern", "net/../kernel/core_pattern",
                          "net.ipv4.../../kernel/core_pattern"}) {
    config["linux"]["sysctl"] = {{key, "|/bin/evil"}};
    EXPECT_EQ(run_script("true").status, 1) << key;
  }
  EXPECT_EQ(read_text("/proc/sys/kernel/core_pattern"), before);
}

// CVE-2025-52881
TEST_F(Escape, AFakeProcSysIsNotWrittenTo) {
  fs::create_directory(folder + "/fake");
  write_text(folder + "/fake/ip_forward", "0");
  config["mounts"].push_back({{"destination", "/proc/sys/net/ipv4"},
                              {"type", "bind"},
                              {"source", folder + "/fake"},
                              {"options", {"bind"}}});
  config["linux"]["sysctl"] = {{"net.ipv4.ip_forward", "1"}};
  static_cast<void>(run_script("true"));
  EXPECT_EQ(read_text(folder + "/fake/ip_forward"), "0");
}

// CVE-2019-5736
TEST_F(Escape, TheRuntimesBinaryCannotBeOpenedForWriting) {
  // The container asks boxrun to execute its own binary, with an interpreter of the image: code of
  // the attacker runs with /proc/self/exe naming the host's file. What it could open, we try.
  const std::string copy = folder + "/boxrun";
  fs::copy_file(BOXRUN_PROGRAM, copy);
  fs::create_directories(rootfs("/lib64"));
  fs::copy_file(rootfs("/bin/busybox"), rootfs("/lib64/ld-linux-x86-64.so.2"));
  config["process"]["args"] = {"/proc/self/exe", "sh", "-c", "true"};
  write_config();
  const std::string before = read_text(copy);
  static_cast<void>(
      run_command({{copy, "--root", folder + "/state", "run", "-b", folder + "/bundle", id}}));
  // And the open file as init holds it while it waits for start.
  config["process"]["args"] = {"sleep", "1000"};
  write_config();
  const Ended created = run_command({{copy, "--root", folder + "/state", "create", "--pid-file",
                                      folder + "/pid", "-b", folder + "/bundle", id}});
  ASSERT_EQ(created.status, 0) << created.err;
  const std::string exe = "/proc/" + read_text(folder + "/pid") + "/exe";
  const int reader = ::open(exe.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  ASSERT_EQ(boxrun({"kill", id, "KILL"}).status, 0);
  ::usleep(300'000);  // no longer busy: ETXTBSY would hide a writable file
  const int writer =
      ::open(("/proc/self/fd/" + std::to_string(reader)).c_str(), O_WRONLY | O_CLOEXEC);
  EXPECT_LT(writer, 0) << "the runtime's binary can be overwritten";
  if (writer >= 0) {
    ::close(writer);
  }
  ::close(reader);
  EXPECT_EQ(read_text(copy), before);
}

// CVE-2016-9962
TEST_F(Escape, InitCannotBeLookedIntoBeforeItIsTheProgram) {
  config["process"]["args"] = {"sleep", "1000"};
  write_config();
  ASSERT_EQ(boxrun({"create", "--pid-file", folder + "/pid", "-b", folder + "/bundle", id}).status,
            0);
  struct stat seen {};
  ASSERT_EQ(::stat(("/proc/" + read_text(folder + "/pid") + "/fd").c_str(), &seen), 0);
  // An undumpable process of any user shows files of root, mode 0500: checked for one that is not.
  EXPECT_EQ(seen.st_uid, 0U);
}

TEST_F(Escape, ContainerIdsCannotClimb) {
  for (const char* bad : {"../x", "a/b", "..", ".", "x\ny", "%2e", " "}) {
    write_config();
    const Ended ended = boxrun({"run", "-b", folder + "/bundle", bad});
    EXPECT_EQ(ended.status, 1) << bad;
    EXPECT_THAT(ended.err, HasSubstr("container id")) << bad;
  }
}

TEST_F(Escape, NoInheritableCapabilitiesByDefault) {
  EXPECT_EQ(output_of("sed -n 's/^CapInh:\t//p' /proc/self/status"), "0000000000000000");
}

}  // namespace
}  // namespace boxrun::tests
