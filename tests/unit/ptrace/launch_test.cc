#include "tracer/ptrace/launch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "tracer/os/file.h"

namespace boxtrace::ptrace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class FindProgram : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "boxtrace-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    std::filesystem::create_directories(root_ + "/a");
    std::filesystem::create_directories(root_ + "/b/directory");
    ASSERT_TRUE(os::write_file(root_ + "/b/tool", "", 0755).ok());
    ASSERT_TRUE(os::write_file(root_ + "/a/plain", "", 0644).ok());
    path_ = {"HOME=/", "PATH=" + root_ + "/a:" + root_ + "/missing:" + root_ + "/b"};
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::string root_;
  std::vector<std::string> path_;
};

TEST_F(FindProgram, TakesTheFirstExecutableOfPath) {
  EXPECT_EQ(find_program("tool", path_).value(), root_ + "/b/tool");
  ASSERT_TRUE(os::write_file(root_ + "/a/tool", "", 0755).ok());
  EXPECT_EQ(find_program("tool", path_).value(), root_ + "/a/tool");
}

TEST_F(FindProgram, PassesOverWhatCannotBeExecuted) {
  ASSERT_TRUE(os::write_file(root_ + "/a/tool", "", 0644).ok());
  EXPECT_EQ(find_program("tool", path_).value(), root_ + "/b/tool");
}

TEST_F(FindProgram, SaysWhyThereIsNone) {
  EXPECT_EQ(find_program("absent", path_).error().err, ENOENT);
  EXPECT_EQ(find_program("", path_).error().err, ENOENT);
  EXPECT_EQ(find_program("plain", path_).error().err, EACCES);
  EXPECT_EQ(find_program("directory", path_).error().err, EACCES);
  EXPECT_EQ(find_program(root_ + "/a/plain", path_).error().err, EACCES);
  EXPECT_EQ(find_program(root_ + "/b/tool/below", path_).error().err, ENOENT);
}

TEST_F(FindProgram, NameWithASlashIsAPath) {
  EXPECT_EQ(find_program(root_ + "/b/tool", {}).value(), root_ + "/b/tool");
}

TEST_F(FindProgram, WithoutPathLooksWhereTheCLibraryDoes) {
  const auto found = find_program("sh", {"HOME=/"});
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found.value(), "/bin/sh");
}

TEST(Environment, ChangesReplaceAddAndRemove) {
  EXPECT_THAT(
      changed_environment({"A=1", "AB=2", "C=3"}, {{"A", "x"}, {"C", std::nullopt}, {"D", ""}}),
      ElementsAre("AB=2", "A=x", "D="));
  EXPECT_THAT(changed_environment({}, {{"A", std::nullopt}}), IsEmpty());
}

}  // namespace
}  // namespace boxtrace::ptrace
