#include "tracer/cli/output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>

#include "tracer/os/file.h"

namespace boxtrace::cli {
namespace {

namespace fs = std::filesystem;

class OutputTest : public ::testing::Test {
 protected:
  OutputTest() {
    std::string name = (fs::temp_directory_path() / "boxtrace-output-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~OutputTest() override { fs::remove_all(folder_); }
  OutputTest(const OutputTest&) = delete;
  OutputTest& operator=(const OutputTest&) = delete;

  [[nodiscard]] std::string path() const { return (folder_ / "trace.jsonl").string(); }

 private:
  fs::path folder_;
};

TEST_F(OutputTest, HoldsWhatWasWritten) {
  auto output = Output::create(path());
  ASSERT_TRUE(output.ok());
  output.value().write("one\n");
  output.value().write("two\n");
  ASSERT_TRUE(output.value().finish().ok());
  EXPECT_EQ(os::read_file(path()).value(), "one\ntwo\n");
}

TEST_F(OutputTest, ReplacesALongerFileOnlyWhenSomethingIsWritten) {
  ASSERT_TRUE(os::write_file(path(), "a long old trace\n").ok());
  {
    auto output = Output::create(path());
    ASSERT_TRUE(output.ok());
    output.value().discard();
    EXPECT_EQ(os::read_file(path()).value(), "a long old trace\n");
  }
  auto output = Output::create(path());
  output.value().write("new\n");
  ASSERT_TRUE(output.value().finish().ok());
  EXPECT_EQ(os::read_file(path()).value(), "new\n");
}

TEST_F(OutputTest, DiscardRemovesAFileThatItMade) {
  auto output = Output::create(path());
  ASSERT_TRUE(output.ok());
  EXPECT_TRUE(fs::exists(path()));
  output.value().discard();
  EXPECT_FALSE(fs::exists(path()));
}

TEST_F(OutputTest, NamesWhatCannotBeOpened) {
  const auto output = Output::create(path() + "/no/such/folder");
  ASSERT_FALSE(output.ok());
  EXPECT_NE(output.error().err, 0);
  EXPECT_THAT(output.error().what, ::testing::HasSubstr("no/such/folder"));
}

TEST_F(OutputTest, MayBeACommand) {
  auto output = Output::open("|tr a-z A-Z >" + path());
  ASSERT_TRUE(output.ok());
  output.value().write("text");
  ASSERT_TRUE(output.value().finish().ok());
  EXPECT_EQ(os::read_file(path()).value(), "TEXT");
}

TEST_F(OutputTest, StandardOutputIsNoPlaceForATrace) {
  const auto output = Output::create("-");
  ASSERT_FALSE(output.ok());
  EXPECT_FALSE(output.error().hint.empty());
}

TEST_F(OutputTest, AFullDiskIsReportedOnce) {
  if (::access("/dev/full", W_OK) != 0) {
    GTEST_SKIP() << "/dev/full is not there";
  }
  auto output = Output::create("/dev/full");
  ASSERT_TRUE(output.ok());
  output.value().write("x\n");
  const auto finished = output.value().finish();
  ASSERT_FALSE(finished.ok());
  EXPECT_EQ(finished.error().err, ENOSPC);
}

TEST_F(OutputTest, AClosedPipeEndsTheWritingQuietly) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  ::close(ends[0]);
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  Output output = Output::stream(ends[1], Output::Flush::Lines);
  output.write("x\n");
  output.write("y\n");
  EXPECT_TRUE(output.finish().ok());
  std::signal(SIGPIPE, before);
  ::close(ends[1]);
}

}  // namespace
}  // namespace boxtrace::cli
