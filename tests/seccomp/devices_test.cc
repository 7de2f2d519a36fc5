// On cgroup v2 a container's devices are an eBPF program. Those that runtimes made, loaded and
// attached anew, are told as the rules that they were made of.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "tracer/os/file.h"

namespace boxtrace::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

TEST(SeccompDevices, ProgramsThatAreAttachedAreToldAsRules) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root, to mount cgroup2 and to load programs";
  }
  const fs::path folder = fs::temp_directory_path() / fmt::format("devices_{}", ::getpid());
  fs::create_directory(folder);
  const auto story_of = [&folder](const std::string& program) -> std::optional<std::string> {
    const std::string story = folder / "story";
    // A mount of our own, which works beside cgroup v1 too, in a namespace that takes it away.
    const int status = std::system(  // NOLINT(cert-env33-c): our own words
        fmt::format("timeout 60 unshare -m --propagation private sh -c 'mount -t cgroup2 none {0} "
                    "&& exec {1} --width 0 --story {0}.story {2} {3}/{4}.ebpf {0}/boxtrace-{5}' "
                    ">{0}.out 2>&1",
                    folder.string(), BOXTRACE_PROGRAM, BOXTRACE_DEVICES,
                    std::string(BOXTRACE_SOURCE_DIR) + "/tests/filters/devices", program,
                    ::getpid())
            .c_str());
    const auto said = os::read_file(folder.string() + ".story");
    const auto printed = os::read_file(folder.string() + ".out");
    fs::remove(folder.string() + ".story");
    fs::remove(folder.string() + ".out");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
      return std::nullopt;
    }
    EXPECT_EQ(status, 0) << (printed.ok() ? printed.value() : "");
    return said.ok() ? said.value() : std::string{};
  };
  const auto usual = story_of("runc-default");
  const auto custom = usual ? story_of("crun-custom") : std::nullopt;
  fs::remove(folder);
  if (!usual || !custom) {
    GTEST_SKIP() << "this kernel does not let us load programs for devices";
  }
  EXPECT_THAT(*usual, HasSubstr("devices, by an eBPF program: b *:* m, c *:* m, c 1:3 rwm, "
                                "c 1:5 rwm, c 1:7-9 rwm, c 5:0 rwm, c 5:2 rwm, c 10:200 rwm, "
                                "c 136:* rwm\n"));
  EXPECT_THAT(*custom, HasSubstr("b *:* m, b 8:* rm, c *:* m, c 1:3 rwm, c 1:5 rwm, c 1:7-9 rwm, "
                                 "c 1:11 wm, c 5:0-2 rwm, c 10:229 rwm, c 136:* rwm\n"));
}

}  // namespace
}  // namespace boxtrace::cli
