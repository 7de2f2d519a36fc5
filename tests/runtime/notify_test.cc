// NOTIFY_SOCKET: the program in the container says that it is ready, and who waits outside hears
// it.

#include <gmock/gmock.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <thread>

#include "runtime/aliases.h"
#include "tests/runtime/container_fixture.h"
#include "tracer/os/fd.h"

namespace boxrun::tests {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Notify : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    if (run_command({{"python3", "-c", ""}}).status != 0) {
      GTEST_SKIP() << "python3 speaks for the program; it is not installed";
    }
    manager = os::UniqueFd{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    const std::string path = folder + "/manager";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(manager.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    config["process"]["env"].push_back("NOTIFY_SOCKET=/not/this");
    script = "echo $NOTIFY_SOCKET; while ! [ -e /ready ]; do sleep 0.05; done; sleep 0.2";
    config["root"]["readonly"] = false;
  }
  void TearDown() override {
    ::unsetenv("NOTIFY_SOCKET");
    ContainerTest::TearDown();
  }
  /// The messages that the manager has got within a moment; a pipe that comes along is closed.
  std::vector<std::string> messages() const {
    std::vector<std::string> all;
    std::array<char, 512> buffer{};
    for (pollfd wait{manager.get(), POLLIN, 0}; ::poll(&wait, 1, 300) == 1;) {
      const ssize_t got = ::recv(manager.get(), buffer.data(), buffer.size(), 0);
      all.emplace_back(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    }
    return all;
  }
  /// In the container's place, through the file of the host that it sees: its image has no program
  /// that sends.
  void speak(const std::vector<std::string>& lines) const {
    const std::string socket = folder + "/state/" + id + "/notify/notify.sock";
    for (int turn = 0; turn < 200 && !fs::exists(socket); ++turn) {
      ::usleep(20'000);
    }
    for (const std::string& line : lines) {
      const Ended sent =
          run_command({{"python3", "-c",
                        "import socket, sys\ns = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
                        "s.connect(sys.argv[1])\ns.send(sys.argv[2].encode())",
                        socket, line}});
      EXPECT_EQ(sent.status, 0) << sent.err;
    }
    write_text(rootfs("/ready"), "");
  }

  os::UniqueFd manager;
  std::string script;
};

TEST_F(Notify, InTheForegroundBoxrunStaysTheMainProcess) {
  std::thread program([this] {
    speak({"STATUS=working\nMAINPID=1", "WATCHDOG=1", "X=1\nREADY=1"});
  });
  const Ended ended = run_script(script + "; ls -l /run/notify | grep -o ^s.........");
  program.join();
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(ended.out, "/run/notify/notify.sock\nsrwxrwxrwx\n");
  const auto told = messages();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0], "READY=1\n");
  EXPECT_THAT(told[1], ::testing::MatchesRegex("MAINPID=[0-9]+\n"));
}

TEST_F(Notify, DetachedItReturnsWhenTheProgramIsReady) {
  config["process"]["args"] = {"sh", "-c", script + "; sleep 100"};
  write_config();
  std::vector<std::string> told;
  bool was_early = false;
  std::thread program([&] {
    speak({"STATUS=working", "READY=1"});
    told = messages();
  });
  const Ended ended =
      boxrun({"run", "-d", "-b", folder + "/bundle", "--pid-file", folder + "/pid", id});
  was_early = !fs::exists(rootfs("/ready"));
  program.join();
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_FALSE(was_early);
  EXPECT_THAT(
      told, ElementsAre("READY=1\n", "MAINPID=" + read_text(folder + "/pid") + "\n", "BARRIER=1"));
  EXPECT_EQ(boxrun({"delete", "--force", id}).status, 0);
  EXPECT_FALSE(fs::exists(folder + "/state/" + id));
}

TEST_F(Notify, StartWaitsToo) {
  config["process"]["args"] = {"sh", "-c", script + "; sleep 100"};
  write_config();
  ASSERT_EQ(boxrun({"create", "-b", folder + "/bundle", id}).status, 0);
  std::vector<std::string> told;
  std::thread program([&] {
    speak({"READY=1"});
    told = messages();
  });
  const Ended ended = boxrun({"start", id});
  program.join();
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(told.size(), 3U);
}

TEST_F(Notify, AProgramThatEndsWithoutAWordEndsTheWait) {
  config["process"]["args"] = {"true"};
  write_config();
  EXPECT_EQ(boxrun({"run", "-d", "-b", folder + "/bundle", id}).status, 0);
  EXPECT_EQ(boxrun({"delete", "--force", id}).status, 0);
}

TEST_F(Notify, AManagerThatIsNotThereIsAnError) {
  ::setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1);
  const Ended ended = run_script("true");
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("NOTIFY_SOCKET: connect(\"/nonexistent/socket\")"));
  EXPECT_THAT(ended.err, HasSubstr("hint: unset NOTIFY_SOCKET if no service manager waits"));
  ::setenv("NOTIFY_SOCKET", "vsock:1", 1);
  EXPECT_THAT(run_script("true").err, HasSubstr("is no address of a Unix socket"));
}

}  // namespace
}  // namespace boxrun::tests
