#include "tracer/os/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include "tracer/os/fd.h"

namespace boxtrace::os {
namespace {

using testing::ElementsAre;

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(UniqueFd, ClosesWhatItOwnsOnce) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  UniqueFd reader{ends[0]};
  {
    const UniqueFd writer{ends[1]};
    UniqueFd moved{std::move(reader)};
    EXPECT_FALSE(reader.is_open());  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(moved.get(), ends[0]);
    reader = std::move(moved);
  }
  EXPECT_FALSE(is_open(ends[1]));
  EXPECT_TRUE(is_open(ends[0]));
  const int released = reader.release();
  reader.reset();
  EXPECT_TRUE(is_open(released));
  ::close(released);
}

TEST(UniqueFd, ClosingKeepsErrno) {
  UniqueFd fd{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  errno = EXDEV;
  fd.reset();
  EXPECT_EQ(errno, EXDEV);
}

class FileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "boxtrace-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  std::string root_;
};

TEST_F(FileTest, WhatIsWrittenIsRead) {
  const std::string text(100'000, 'q');
  ASSERT_TRUE(write_file(root_ + "/f", text).ok());
  EXPECT_EQ(read_file(root_ + "/f").value(), text);
  EXPECT_EQ(read_file(root_ + "/f", 10).value(), text.substr(0, 10));
  ASSERT_TRUE(write_file(root_ + "/f", "short").ok());
  EXPECT_EQ(read_file(root_ + "/f").value(), "short");
}

TEST_F(FileTest, FailureNamesTheCallAndThePath) {
  const auto missing = read_file(root_ + "/missing");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().err, ENOENT);
  EXPECT_EQ(missing.error().what, "open(\"" + root_ + "/missing\")");
}

TEST_F(FileTest, DescriptorsAreNotInherited) {
  ASSERT_TRUE(write_file(root_ + "/f", "").ok());
  const auto fd = open_file(root_ + "/f");
  ASSERT_TRUE(fd.ok());
  EXPECT_EQ(::fcntl(fd.value().get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST_F(FileTest, LongLinksAreReadWhole) {
  const std::string target(3000, 'x');
  std::filesystem::create_symlink(target, root_ + "/link");
  EXPECT_EQ(read_link(root_ + "/link").value(), target);
  EXPECT_EQ(read_link(root_ + "/none").error().err, ENOENT);
}

TEST_F(FileTest, ControlFilesAreNeitherCreatedNorTruncated) {
  EXPECT_EQ(write_control_file(root_ + "/none", "1").error().err, ENOENT);
  ASSERT_TRUE(write_file(root_ + "/f", "abcdef").ok());
  ASSERT_TRUE(write_control_file(root_ + "/f", "X").ok());
  EXPECT_EQ(read_file(root_ + "/f").value(), "Xbcdef");
}

TEST_F(FileTest, DirectoriesAreListedSortedAndWithoutDots) {
  for (const char* name : {"b", "a", "10", "9"}) {
    ASSERT_TRUE(write_file(root_ + "/" + name, "").ok());
  }
  EXPECT_THAT(list_directory(root_).value(), ElementsAre("10", "9", "a", "b"));
  EXPECT_EQ(list_directory(root_ + "/a").error().err, ENOTDIR);
}

}  // namespace
}  // namespace boxtrace::os
