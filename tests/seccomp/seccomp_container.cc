#include "tests/seccomp/seccomp_container.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "tracer/os/file.h"

namespace boxtrace::cli {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

}  // namespace

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

void SeccompContainer::SetUp() {
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

void SeccompContainer::TearDown() {
  if (!folder_.empty()) {
    fs::remove_all(folder_);
  }
}

unsigned SeccompContainer::mode() const {
  struct stat status {};
  return stat(file().c_str(), &status) == 0 ? status.st_mode & 07777U : ~0U;
}

Ended SeccompContainer::run(const std::string& before, const json& profile,
                            const std::vector<std::string>& args) {
  EXPECT_EQ(chmod(file().c_str(), 0644), 0);
  json config = json::parse(os::read_file(bundle() + "/config.json").value());
  config["process"]["terminal"] = false;
  config["process"]["args"] = args;
  config["root"]["readonly"] = false;
  config["linux"]["seccomp"] = profile;
  EXPECT_TRUE(os::write_file(bundle() + "/config.json", config.dump()).ok());
  static int count = 0;
  return run_shell("timeout 100 " + before + " " + runtime_ + " --root " + folder_ +
                   "/state run -b " + bundle() + " seccomp-" + std::to_string(getpid()) + "-" +
                   std::to_string(++count));
}

Ended SeccompContainer::tell(const json& profile, const std::vector<std::string>& args) {
  return run(BOXTRACE_PROGRAM " --color=never --width=400 --", profile, args);
}

json SeccompContainer::read_profile(const std::string& name) {
  return json::parse(
      os::read_file(BOXTRACE_SOURCE_DIR "/tests/filters/" + name + ".profile.json").value());
}

}  // namespace boxtrace::cli
