// A recorded trace, shown, is byte for byte what the live run printed, at every zoom: the programs
// as they are installed, nothing of the test within them.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "tests/support/bundle.h"
#include "tracer/os/file.h"

namespace boxtrace::test {
namespace {

const std::string kBoxtrace = BOXTRACE_BINARY_DIR "/tracer/cli/boxtrace";
const std::string kBoxrun = BOXTRACE_BINARY_DIR "/runtime/boxrun";

class Show : public ::testing::TestWithParam<const char*> {
 protected:
  /// Runs `command` in a shell under boxtrace and compares the two texts.
  static void expect_same(const std::string& command) {
    const std::filesystem::path folder =
        std::filesystem::path(::testing::TempDir()) / fmt::format("show_{}", ::getpid());
    std::filesystem::create_directory(folder);
    const std::string trace = folder / "trace.jsonl", live = folder / "live",
                      shown = folder / "shown";
    const std::string zoom = GetParam();
    // The command's own status does not matter, only what is told of it.
    (void)std::system(fmt::format("{} {} -o {} --story {} {} </dev/null >/dev/null 2>&1", kBoxtrace,
                                  zoom, trace, live, command)
                          .c_str());
    const int status =
        std::system(fmt::format("{} show {} {} >{} 2>&1", kBoxtrace, zoom, trace, shown).c_str());
    EXPECT_EQ(status, 0);
    const auto told = os::read_file(live), again = os::read_file(shown);
    ASSERT_TRUE(told.ok() && again.ok()) << command;
    EXPECT_NE(told.value(), "") << command;
    EXPECT_EQ(told.value(), again.value()) << command;
    std::filesystem::remove_all(folder);
  }
};

TEST_P(Show, EqualsTheLiveTextOfPlainTools) {
  expect_same("unshare -Urpf --mount-proc true");
  expect_same("bwrap --unshare-all --ro-bind / / true");
  expect_same("sh -c 'unshare -m /no/such/program'");
}

TEST_P(Show, EqualsTheLiveTextOfRuntimes) {
  const auto bundle = Bundle::make({"/bin/busybox", "true"});
  ASSERT_TRUE(bundle.ok()) << bundle.error().what;
  const std::string where = fmt::format("--root {} run --bundle {} show", bundle.value()->state(),
                                        bundle.value()->path());
  expect_same("runc " + where);
  expect_same(kBoxrun + " " + where);
}

// A story is not made of getcwd(2): whoever asks for it gets it at filter speed all the same.
TEST(ChosenCalls, AreSeenWithAndWithoutAFilter) {
  const std::filesystem::path folder = ::testing::TempDir();
  const auto listed = [&folder](const std::string& mode) {
    const std::string file = folder / fmt::format("chosen_{}", ::getpid());
    const int status = std::system(
        fmt::format("{} --stable -e trace=getcwd,%mount -e status=successful {} --story {} "
                    "sh -c 'pwd -P; unshare -m true' </dev/null >/dev/null",
                    kBoxtrace, mode, file)
            .c_str());
    EXPECT_EQ(status, 0);
    const auto text = os::read_file(file);
    std::filesystem::remove(file);
    return text.ok() ? text.value() : std::string{};
  };
  const std::string text = listed("--calls=every");
  EXPECT_NE(text.find("getcwd("), std::string::npos) << text;
  EXPECT_NE(text.find("mount("), std::string::npos) << text;
  EXPECT_EQ(text.find("openat("), std::string::npos) << text;
  EXPECT_EQ(listed("--calls=story"), text) << "the filter picks the same";
}

INSTANTIATE_TEST_SUITE_P(Zoom, Show, ::testing::Values("", "-v", "-vv", "-e trace=%mount,execve"));

}  // namespace
}  // namespace boxtrace::test
