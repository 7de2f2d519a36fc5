// checkpoint and restore. The first tests need no criu; those of Checkpoint need one that works on
// this kernel: $BOXRUN_CRIU names another than the one in $PATH.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>

#include "runtime/criu/service.h"
#include "runtime/exec/fd_passing.h"
#include "tests/runtime/container_fixture.h"

namespace boxrun::tests {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string criu_program() {
  const char* named = ::getenv("BOXRUN_CRIU");
  return named != nullptr ? named : "criu";
}

class CheckpointRefusal : public ContainerTest {
 protected:
  /// A program that stands for criu.
  std::string fake_criu(const std::string& script) {
    const std::string path = folder + "/criu";
    write_text(path, "#!/bin/sh\n" + script + "\n");
    fs::permissions(path, fs::perms::owner_all);
    return path;
  }
  void start(const std::string& container, const std::string& script = "sleep 1000") {
    ASSERT_GT(start_background(container, script), 0);
  }
  Ended checkpoint(const std::string& program, std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"--criu", program, "checkpoint", "--image-path",
                                      folder + "/images"};
    words.insert(words.end(), more.begin(), more.end());
    words.push_back(id);
    return boxrun(std::move(words));
  }
};

TEST_F(CheckpointRefusal, WithoutCriuItIsNamed) {
  start(id);
  const Ended ended = checkpoint("/nonexistent/criu");
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("execve(\"/nonexistent/criu\"): No such file or directory"));
  EXPECT_THAT(ended.err,
              HasSubstr("hint: install criu (Debian: apt-get install criu), or name it"));
  EXPECT_THAT(boxrun({"state", id}).out, HasSubstr("running"));
}

TEST_F(CheckpointRefusal, ACriuThatIsOlderThanTheKernelIsToldOf) {
  start(id);
  const Ended ended = checkpoint(
      fake_criu("echo 'Error (criu/vdso.c:381): vdso: Unexpected rt vDSO area bounds' >&2\n"
                "echo 'Error (criu/crtools.c:260): Could not initialize kernel features "
                "detection.' >&2; exit 1"));
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("criu: vdso: Unexpected rt vDSO area bounds"));
  EXPECT_THAT(ended.err, HasSubstr("hint: this criu is older than the kernel"));
}

TEST_F(CheckpointRefusal, ACriuThatSaysNothingIsAnErrorToo) {
  start(id);
  EXPECT_THAT(checkpoint(fake_criu("exit 0")).err, HasSubstr("criu has ended without an answer"));
}

TEST_F(CheckpointRefusal, OptionsThatMakeNoSenseAreRefused) {
  start(id);
  EXPECT_THAT(checkpoint("criu", {"--status-fd", "77"}).err, HasSubstr("--status-fd: tells of"));
  EXPECT_THAT(checkpoint("criu", {"--lazy-pages"}).err,
              HasSubstr("--lazy-pages: is not supported"));
  EXPECT_THAT(checkpoint("criu", {"--page-server", "somewhere"}).err, HasSubstr("ADDRESS:PORT"));
  EXPECT_THAT(checkpoint("criu", {"--manage-cgroups-mode", "hard"}).err,
              HasSubstr("--manage-cgroups-mode"));
  EXPECT_THAT(checkpoint("criu", {"--empty-ns", "ipc"}).err, HasSubstr("--empty-ns"));
  EXPECT_THAT(boxrun({"restore", "--no-pivot", "x"}).err, HasSubstr("--no-pivot"));
}

TEST_F(CheckpointRefusal, WhatDoesNotRunCannotBeCheckpointed) {
  EXPECT_THAT(checkpoint("criu").err, HasSubstr("does not exist"));
  config["process"]["args"] = {"sleep", "1000"};
  write_config();
  ASSERT_EQ(boxrun({"create", "-b", folder + "/bundle", id}).status, 0);
  const Ended ended = checkpoint("criu");
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("cannot be checkpointed: it is created"));
}

/// What criu says where it cannot even save a `sleep` in a network namespace, without any boxrun.
const std::string& why_criu_saves_nothing() {
  static const std::string reason = [] {
    const Ended ended = run_command(
        {{"sh", "-c",
          "images=$(mktemp -d); setsid unshare --net sleep 100 </dev/null >/dev/null 2>&1 &\n"
          "sleeper=$!; sleep 0.3; " +
              criu_program() +
              " dump --tree $sleeper --images-dir $images --log-file log; saved=$?\n"
              "[ $saved = 0 ] || grep Error $images/log\n"
              "kill -KILL $sleeper; rm -rf $images; exit $saved"}});
    return ended.status == 0 ? std::string{} : "criu saves nothing here: " + ended.out + ended.err;
  }();
  return reason;
}

/// Containers that hold a value which exists nowhere else.
class Checkpoint : public CheckpointRefusal {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    if (::geteuid() != 0) {
      GTEST_SKIP() << "criu needs root";
    }
    // Even a criu that does not know this kernel tells its version, but not what it can do.
    auto service = criu::Service::start({criu_program(), {}, {}});
    if (!service.ok()) {
      GTEST_SKIP() << base::render_error(service.error());
    }
    const auto features = service.value().ask(criu::render_feature_request());
    if (!features.ok()) {
      GTEST_SKIP() << base::render_error(features.error());
    }
    if (!why_criu_saves_nothing().empty()) {
      GTEST_SKIP() << why_criu_saves_nothing();
    }
    fs::create_directory(folder + "/data");
    fs::create_directory(rootfs("/data"));
    // Mapped ids are to reach it, too.
    fs::permissions(folder + "/data", fs::perms::all);
    fs::permissions(folder, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
    config["mounts"].push_back({{"destination", "/data"},
                                {"type", "bind"},
                                {"source", folder + "/data"},
                                {"options", {"bind", "rw"}}});
  }

  /// Once /data/stop is there, says what it knows and ends with status 7.
  std::string remembering(const std::string& finally = "true") {
    return "read x </proc/sys/kernel/random/uuid; echo $x >/data/x; "
           "while ! [ -e /data/stop ]; do sleep 0.05; done; echo still $x; " +
           finally + "; exit 7";
  }
  std::string secret() {
    std::string text;
    for (int turn = 0; turn < 200 && !text.ends_with('\n'); ++turn) {
      ::usleep(20'000);
      text = read_text(folder + "/data/x");
    }
    return text;
  }
  Ended save(std::vector<std::string> more = {}) {
    return checkpoint(criu_program(), std::move(more));
  }
  Ended bring_back(std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"--criu",           criu_program(),
                                      "restore",          "--image-path",
                                      folder + "/images", "--bundle=" + folder + "/bundle"};
    words.insert(words.end(), more.begin(), more.end());
    words.push_back(id);
    return boxrun(std::move(words));
  }
  void expect_round_trip(const std::string& finally, const std::string& wanted) {
    start(id, remembering(finally));
    const std::string value = secret();
    const Ended saved = save();
    ASSERT_EQ(saved.status, 0) << saved.err;
    EXPECT_THAT(boxrun({"state", id}).err, HasSubstr("does not exist"));
    write_text(folder + "/data/stop", "");
    const Ended ended = bring_back();
    EXPECT_EQ(ended.status, 7) << ended.err;
    EXPECT_EQ(ended.out, "still " + value + wanted);
  }
};

TEST_F(Checkpoint, AProgramGoesOnWhereItWas) { expect_round_trip("true", ""); }

TEST_F(Checkpoint, MountsAreWhatTheyWere) {
  write_text(folder + "/one", "a file\n");
  config["mounts"].push_back({{"destination", "/etc/one"},
                              {"type", "bind"},
                              {"source", folder + "/one"},
                              {"options", {"bind", "ro"}}});
  config["mounts"].push_back({{"destination", "/scratch"},
                              {"type", "tmpfs"},
                              {"source", "tmpfs"},
                              {"options", {"size=1m"}}});
  config["mounts"].push_back({{"destination", "/sys/fs/cgroup"},
                              {"type", "cgroup"},
                              {"source", "cgroup"},
                              {"options", {"ro"}}});
  config["linux"]["maskedPaths"] = {"/proc/keys", "/proc/acpi"};
  config["linux"]["readonlyPaths"] = {"/proc/sys"};
  const std::string before = "awk '{print $5, $6}' /proc/self/mountinfo | sort";
  config["root"]["readonly"] = false;
  start(id,
        before + " >/data/before; echo kept >/scratch/f; " +
            remembering("cat /scratch/f /etc/one; wc -c </proc/keys; " + before + " >/data/after"));
  const std::string value = secret();
  const Ended saved = save();
  ASSERT_EQ(saved.status, 0) << saved.err;
  write_text(folder + "/data/stop", "");
  const Ended ended = bring_back();
  EXPECT_EQ(ended.status, 7) << ended.err;
  EXPECT_EQ(ended.out, "still " + value + "kept\na file\n0\n");
  EXPECT_EQ(read_text(folder + "/data/after"), read_text(folder + "/data/before"));
}

TEST_F(Checkpoint, AUserNamespaceIsMadeAgain) {
  map_users(100000, 65536);
  expect_round_trip("cat /proc/self/uid_map | tr -s ' '", " 0 100000 65536\n");
}

TEST_F(Checkpoint, LimitsAndStateAreThoseOfTheNewContainer) {
  config["linux"]["resources"]["pids"]["limit"] = 77;
  config["annotations"] = {{"org.example.key", "value"}};
  start(id, remembering());
  const std::string value = secret();
  ASSERT_EQ(save().status, 0);
  const Ended ended = bring_back({"--detach", "--pid-file", folder + "/pid"});
  ASSERT_EQ(ended.status, 0) << ended.err;
  const json state = json::parse(boxrun({"state", id}).out, nullptr, false);
  EXPECT_EQ(state["status"], "running");
  EXPECT_EQ(state["annotations"]["org.example.key"], "value");
  EXPECT_EQ(std::to_string(state["pid"].get<int>()), read_text(folder + "/pid"));
  const json stats = json::parse(boxrun({"events", "--stats", id}).out, nullptr, false);
  EXPECT_EQ(stats["data"]["pids"]["limit"], 77);
  EXPECT_GE(stats["data"]["pids"]["current"], 1);
  EXPECT_THAT(boxrun({"exec", id, "cat", "/data/x"}).out, value);
  EXPECT_EQ(boxrun({"kill", id, "KILL"}).status, 0);
  EXPECT_EQ(boxrun({"delete", "--force", id}).status, 0);
}

TEST_F(Checkpoint, TheOriginalMayRunOn) {
  start(id, remembering());
  static_cast<void>(secret());
  ASSERT_EQ(save({"--leave-running"}).status, 0);
  EXPECT_THAT(boxrun({"state", id}).out, HasSubstr("\"running\""));
  EXPECT_THAT(bring_back({"-d"}).err, HasSubstr("exists already"));
  ASSERT_EQ(boxrun({"pause", id}).status, 0);
  const Ended frozen = save({"--leave-running"});
  EXPECT_EQ(frozen.status, 0) << frozen.err;
  EXPECT_THAT(boxrun({"state", id}).out, HasSubstr("\"paused\""));
}

TEST_F(Checkpoint, HooksOfTheRuntimeRunAndThoseInsideDoNot) {
  const auto hook = [this](const std::string& name) {
    return json::array({{{"path", "/bin/sh"},
                         {"args", {"sh", "-c", "echo " + name + " >>" + folder + "/hooks"}}}});
  };
  for (const char* name : {"prestart", "createRuntime", "createContainer", "poststop"}) {
    config["hooks"][name] = hook(name);
  }
  start(id, remembering());
  static_cast<void>(secret());
  ASSERT_EQ(save().status, 0);
  EXPECT_EQ(read_text(folder + "/hooks"), "prestart\ncreateRuntime\ncreateContainer\npoststop\n");
  write_text(folder + "/hooks", "");
  write_text(folder + "/data/stop", "");
  EXPECT_EQ(bring_back().status, 7);
  EXPECT_EQ(read_text(folder + "/hooks"), "prestart\ncreateRuntime\npoststop\n");
}

TEST_F(Checkpoint, AHookThatFailsLeavesNothing) {
  start(id, remembering());
  static_cast<void>(secret());
  ASSERT_EQ(save().status, 0);
  config["hooks"]["createRuntime"] = json::array({{{"path", "/bin/false"}}});
  write_config();
  const Ended ended = bring_back();
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("/hooks/createRuntime/0: hook /bin/false ended with status 1"));
  EXPECT_THAT(boxrun({"list", "-q"}).out, Not(HasSubstr(id)));
}

TEST_F(Checkpoint, ANetworkNamespaceFromOutsideIsJoinedAgain) {
  write_text(folder + "/net", "");
  ASSERT_EQ(run_command(
                {{"unshare", "--net=" + folder + "/net", "ip", "link", "set", "lo", "mtu", "4321"}})
                .status,
            0);
  join_namespace("network", folder + "/net");
  expect_round_trip("cat /sys/class/net/lo/mtu", "4321\n");
  EXPECT_EQ(run_command({{"umount", folder + "/net"}}).status, 0);
}

TEST_F(Checkpoint, ATerminalIsHandedOut) {
  const auto listen = [this](const std::string& path) {
    os::UniqueFd listener{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener.get(), 4), 0);
    return listener;
  };
  const auto receive = [](const os::UniqueFd& listener) {
    const os::UniqueFd peer{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    auto received = exec::receive_descriptor(peer);
    return received.ok() ? std::move(received).value() : os::UniqueFd{};
  };
  config["process"]["terminal"] = true;
  config["process"]["args"] = {"sh", "-c", remembering("tty")};
  write_config();
  const os::UniqueFd first = listen(folder + "/a.sock");
  ASSERT_EQ(
      boxrun({"run", "-d", "-b", folder + "/bundle", "--console-socket", folder + "/a.sock", id})
          .status,
      0);
  os::UniqueFd master = receive(first);
  const std::string value = secret();
  const Ended saved = save();
  ASSERT_EQ(saved.status, 0) << saved.err;
  master.reset();
  const os::UniqueFd second = listen(folder + "/b.sock");
  write_text(folder + "/data/stop", "");
  const Ended ended = bring_back({"-d", "--console-socket", folder + "/b.sock"});
  ASSERT_EQ(ended.status, 0) << ended.err;
  master = receive(second);
  std::string text;
  std::array<char, 256> buffer{};
  for (ssize_t got = 0; (got = ::read(master.get(), buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  EXPECT_EQ(text, "still " + value.substr(0, value.size() - 1) + "\r\n/dev/pts/0\r\n");
  EXPECT_EQ(boxrun({"delete", "--force", id}).status, 0);
}

TEST_F(Checkpoint, WhatCriuCannotSaveIsToldAndTheContainerRunsOn) {
  config["process"]["args"] = {"sh", "-c", remembering()};
  write_config();
  const Ended started = run_command({{BOXRUN_PROGRAM, "--root", folder + "/state", "run", "-d",
                                      "--preserve-fds=1", "-b", folder + "/bundle", id},
                                     0,
                                     {{3, folder}}});
  ASSERT_EQ(started.status, 0) << started.err;
  static_cast<void>(secret());
  const Ended ended = save();
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("error: criu: Can't lookup mount="));
  EXPECT_THAT(ended.err, HasSubstr("hint: a file of the host is open in the container"));
  EXPECT_THAT(ended.err, HasSubstr("the whole log is " + folder + "/images/dump.log"));
  EXPECT_THAT(boxrun({"state", id}).out, HasSubstr("\"running\""));
}

TEST_F(Checkpoint, ImagesThatAreNotThereAreNamed) {
  config["process"]["args"] = {"true"};
  write_config();
  EXPECT_THAT(bring_back().err, HasSubstr("--image-path: open(\"" + folder + "/images\")"));
  fs::create_directory(folder + "/images");
  EXPECT_THAT(bring_back().err, HasSubstr("descriptors.json"));
  EXPECT_EQ(boxrun({"list", "-q"}).out, "");
}

}  // namespace
}  // namespace boxrun::tests
