// Terminals: over a console socket, and between a person's terminal and the container's.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "runtime/exec/fd_passing.h"
#include "tests/runtime/container_fixture.h"
#include "tracer/os/argv.h"

namespace boxrun::tests {
namespace {

using ::testing::HasSubstr;

/// Reads until `wanted` has come, the other end is closed, or five seconds are over.
std::string read_until(int fd, const std::string& wanted) {
  std::string text;
  std::array<char, 1024> buffer{};
  for (int turn = 0; turn < 100 && text.find(wanted) == std::string::npos; ++turn) {
    pollfd wait{fd, POLLIN, 0};
    if (::poll(&wait, 1, 50) <= 0) {
      continue;
    }
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got <= 0) {
      break;
    }
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

class Terminal : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    config["process"]["terminal"] = true;
  }
  void TearDown() override {
    if (person > 0) {
      ::kill(person, SIGKILL);
      ::waitpid(person, nullptr, 0);
    }
    ContainerTest::TearDown();
  }
  /// A socket as an engine makes it, with a path of `length` bytes or its natural one.
  void listen_on(const std::string& path) {
    socket_path = path;
    const std::string name = path.substr(path.rfind('/') + 1);
    listener = os::UniqueFd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const os::UniqueFd directory{
        ::open(path.substr(0, path.rfind('/')).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    const std::string short_path = "/proc/self/fd/" + std::to_string(directory.get()) + "/" + name;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    short_path.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listener.get(), 4), 0);
  }
  os::UniqueFd accept_descriptor() {
    pollfd wait{listener.get(), POLLIN, 0};
    if (::poll(&wait, 1, 5000) != 1) {
      ADD_FAILURE() << "nobody connected";
      return {};
    }
    const os::UniqueFd peer{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    auto received = exec::receive_descriptor(peer);
    if (!received.ok()) {
      ADD_FAILURE() << received.error().what;
      return {};
    }
    return std::move(received).value();
  }
  void set_script(const std::string& script) {
    config["process"]["args"] = {"sh", "-c", script};
    write_config();
  }
  /// boxrun on a terminal of 77 columns and 33 rows. `seat` is where the person sits.
  void sit_down(std::vector<std::string> args) {
    seat = os::UniqueFd{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
    ASSERT_EQ(::grantpt(seat.get()), 0);
    ASSERT_EQ(::unlockpt(seat.get()), 0);
    const winsize size{33, 77, 0, 0};
    ASSERT_EQ(::ioctl(seat.get(), TIOCSWINSZ, &size), 0);
    const std::string name = ::ptsname(seat.get());
    person = ::fork();
    if (person == 0) {
      ::setsid();
      const int terminal = ::open(name.c_str(), O_RDWR);  // becomes the controlling terminal
      for (const int fd : {0, 1, 2}) {
        ::dup2(terminal, fd);
      }
      ::close_range(3, ~0U, 0);
      std::vector<std::string> words = {BOXRUN_PROGRAM, "--root", folder + "/state"};
      words.insert(words.end(), args.begin(), args.end());
      const std::vector<char*> argv = os::make_argv(words);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    ASSERT_GT(person, 0);
  }
  int stand_up() {
    int status = -1;
    for (int turn = 0; turn < 200; ++turn) {
      if (::waitpid(person, &status, WNOHANG) == person) {
        person = 0;
        return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
      }
      ::usleep(50'000);
    }
    return -1;
  }
  void type(const std::string& text) const {
    ASSERT_EQ(::write(seat.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  std::string socket_path;
  os::UniqueFd listener;
  os::UniqueFd seat;
  pid_t person = 0;
};

TEST_F(Terminal, AnEngineGetsTheMasterOverItsSocket) {
  config["process"]["consoleSize"] = {{"height", 11}, {"width", 22}};
  set_script("tty; stty size; test -c /dev/console && echo console; echo over; sleep 1000");
  listen_on(folder + "/socket");
  ASSERT_EQ(
      boxrun({"create", "--console-socket", socket_path, "-b", folder + "/bundle", id}).status, 0);
  const os::UniqueFd master = accept_descriptor();
  ASSERT_TRUE(master);
  ASSERT_EQ(boxrun({"start", id}).status, 0);
  EXPECT_EQ(read_until(master.get(), "over\r\n"), "/dev/pts/0\r\n11 22\r\nconsole\r\nover\r\n");
}

TEST_F(Terminal, TheConsoleIsTheSameTerminalAndTheControllingOne) {
  set_script("read x < /dev/console; echo got $x; echo to-tty > /dev/tty; echo over");
  listen_on(folder + "/socket");
  ASSERT_EQ(
      boxrun({"run", "-d", "--console-socket", socket_path, "-b", folder + "/bundle", id}).status,
      0);
  const os::UniqueFd master = accept_descriptor();
  ASSERT_TRUE(master);
  ASSERT_EQ(::write(master.get(), "word\n", 5), 5);
  const std::string seen = read_until(master.get(), "over");
  EXPECT_THAT(seen, HasSubstr("got word"));
  EXPECT_THAT(seen, HasSubstr("to-tty"));
}

TEST_F(Terminal, ItBelongsToTheUser) {
  config["process"]["user"] = {{"uid", 1234}, {"gid", 5}};
  set_script("stat -c %u $(tty); echo x > /dev/tty && echo over");
  listen_on(folder + "/socket");
  ASSERT_EQ(
      boxrun({"run", "-d", "--console-socket", socket_path, "-b", folder + "/bundle", id}).status,
      0);
  const os::UniqueFd master = accept_descriptor();
  EXPECT_EQ(read_until(master.get(), "over\r\n"), "1234\r\nx\r\nover\r\n");
}

TEST_F(Terminal, APathLongerThanASocketAddressIsReached) {
  const std::string deep = folder + "/" + std::string(100, 'a') + "/" + std::string(60, 'b');
  std::filesystem::create_directories(deep);
  set_script("echo over; sleep 1000");
  listen_on(deep + "/socket");
  ASSERT_EQ(
      boxrun({"run", "-d", "--console-socket", socket_path, "-b", folder + "/bundle", id}).status,
      0);
  EXPECT_EQ(read_until(accept_descriptor().get(), "over\r\n"), "over\r\n");
}

TEST_F(Terminal, ThePidfdGoesOverItsSocketToo) {
  config["process"]["terminal"] = false;
  set_script("sleep 1000");
  listen_on(folder + "/socket");
  ASSERT_EQ(
      boxrun({"run", "-d", "--pidfd-socket", socket_path, "-b", folder + "/bundle", id}).status, 0);
  const os::UniqueFd pidfd = accept_descriptor();
  const std::string details = read_text("/proc/self/fdinfo/" + std::to_string(pidfd.get()));
  const auto state = nlohmann::json::parse(boxrun({"state", id}).out);
  EXPECT_THAT(details, HasSubstr("Pid:\t" + std::to_string(state["pid"].get<int>()) + "\n"));
}

TEST_F(Terminal, RequestsThatMakeNoSenseAreRefusedBeforeAnythingIsMade) {
  set_script("true");
  const std::string bundle = folder + "/bundle";
  EXPECT_THAT(boxrun({"create", "-b", bundle, id}).err,
              HasSubstr("nobody to talk to the terminal"));
  EXPECT_THAT(boxrun({"run", "-d", "-b", bundle, id}).err, HasSubstr("nobody to talk to"));
  EXPECT_THAT(boxrun({"run", "--console-socket", "/x", "-b", bundle, id}).err,
              HasSubstr("--console-socket: there is no terminal to send there"));
  EXPECT_THAT(boxrun({"create", "--console-socket", "/nosuch", "-b", bundle, id}).err,
              HasSubstr("--console-socket: connect(\"/nosuch\"): No such file"));
  EXPECT_EQ(boxrun({"list", "-q"}).out, "");
}

TEST_F(Terminal, ALinkInThePlaceOfTheMultiplexerIsNotFollowedOut) {
  // CVE-2025-52565: an image that brings its own /dev/pts would have its file handed out.
  auto& mounts = config["mounts"];
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    if (mounts[i]["destination"] == "/dev/pts") {
      mounts.erase(i--);
    }
  }
  mounts.push_back({{"destination", "/dev/pts"},
                    {"type", "bind"},
                    {"source", folder + "/evil"},
                    {"options", {"bind"}}});
  std::filesystem::create_directory(folder + "/evil");
  write_text(folder + "/secret", "secret");
  std::filesystem::create_symlink(folder + "/secret", folder + "/evil/ptmx");
  set_script("cat /dev/console");
  listen_on(folder + "/socket");
  const Ended ended =
      boxrun({"run", "-d", "--console-socket", socket_path, "-b", folder + "/bundle", id});
  EXPECT_NE(ended.status, 0);
  EXPECT_THAT(ended.err, HasSubstr("/process/terminal: open a pseudoterminal"));
  EXPECT_EQ(read_text(folder + "/secret"), "secret");
}

TEST_F(Terminal, InTheForegroundItHasTheSizeOfThePersonsAndLinesEndOnce) {
  set_script("stty size; echo over; exit 6");
  sit_down({"run", "-b", folder + "/bundle", id});
  EXPECT_EQ(read_until(seat.get(), "over\r\n"), "33 77\r\nover\r\n");
  EXPECT_EQ(stand_up(), 6);
}

TEST_F(Terminal, ThePersonsTerminalIsRawMeanwhileAndAsBeforeAfterwards) {
  set_script("read x; echo got $x");
  termios before{};
  sit_down({"run", "-b", folder + "/bundle", id});
  ASSERT_EQ(::tcgetattr(seat.get(), &before), 0);
  termios during{};
  for (int turn = 0; turn < 100; ++turn) {
    ASSERT_EQ(::tcgetattr(seat.get(), &during), 0);
    if ((during.c_lflag & ICANON) == 0) {
      break;
    }
    ::usleep(20'000);
  }
  EXPECT_EQ(during.c_lflag & (ICANON | ECHO | ISIG), 0U);
  EXPECT_NE(during.c_oflag & OPOST, 0U);
  type("word\r");
  EXPECT_THAT(read_until(seat.get(), "got word"), HasSubstr("got word"));
  EXPECT_EQ(stand_up(), 0);
  termios after{};
  ASSERT_EQ(::tcgetattr(seat.get(), &after), 0);
  EXPECT_NE(after.c_lflag & ICANON, 0U);
  EXPECT_NE(after.c_lflag & ECHO, 0U);
}

TEST_F(Terminal, CtrlCGoesToTheProgramInside) {
  set_script("trap 'echo interrupted; exit 3' INT; echo up; while :; do sleep 0.1; done");
  sit_down({"run", "-b", folder + "/bundle", id});
  EXPECT_THAT(read_until(seat.get(), "up"), HasSubstr("up"));
  type("\3");
  EXPECT_THAT(read_until(seat.get(), "interrupted"), HasSubstr("interrupted"));
  EXPECT_EQ(stand_up(), 3);
}

TEST_F(Terminal, ANewSizeGoesInside) {
  set_script("trap 'stty size; echo over; exit' WINCH; echo up; while :; do sleep 0.1; done");
  sit_down({"run", "-b", folder + "/bundle", id});
  EXPECT_THAT(read_until(seat.get(), "up"), HasSubstr("up"));
  const winsize size{44, 155, 0, 0};
  ASSERT_EQ(::ioctl(seat.get(), TIOCSWINSZ, &size), 0);
  EXPECT_THAT(read_until(seat.get(), "over"), HasSubstr("44 155"));
  EXPECT_EQ(stand_up(), 0);
}

TEST_F(Terminal, ExecGivesItsProgramOneOfItsOwn) {
  config["process"]["terminal"] = false;
  ASSERT_GT(start_background(id), 0);
  sit_down({"exec", "-t", id, "sh", "-c", "tty; stty size; read x; echo got $x; exit 8"});
  EXPECT_EQ(read_until(seat.get(), "33 77\r\n"), "/dev/pts/0\r\n33 77\r\n");
  type("word\r");
  EXPECT_THAT(read_until(seat.get(), "got word"), HasSubstr("got word"));
  EXPECT_EQ(stand_up(), 8);
}

TEST_F(Terminal, MuchOutputArrivesWholeAlsoInAPipe) {
  set_script("seq 1 20000");
  const Ended ended = boxrun({"run", "-b", folder + "/bundle", id});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_TRUE(ended.out.ends_with("\n20000\n"));
  EXPECT_EQ(ended.out.size(), 108'894U);
}

TEST_F(Terminal, TheEndOfAPipeIsTheEndOfItsInput) {
  set_script("cat; echo over");
  const Ended ended = boxrun({"run", "-b", folder + "/bundle", id});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("over\n"));
}

TEST_F(Terminal, PipesOfAnotherUserBecomeTheProgramsOwn) {
  config["process"]["terminal"] = false;
  config["process"]["user"] = {{"uid", 1234}, {"gid", 1234}};
  EXPECT_EQ(output_of("echo text > /dev/stdout"), "text");
}

}  // namespace
}  // namespace boxrun::tests
