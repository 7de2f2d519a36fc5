// Attacks by an image, a configuration or a running container on the runtime that makes or enters
// it: on its binary, its memory, its descriptors, on what it takes for an id. Attacks by way of
// paths and mounts are in escape_test.cc. Each was a vulnerability of some runtime once; its number
// is beside the test. Each is run against boxrun, where it must fail, and against something where
// it must succeed (a runtime known to be open to it, a weaker tool, a laxer configuration), so that
// a test that no longer attacks anything is noticed. docs/conformance.md has the list.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "tests/runtime/attack_fixture.h"

namespace boxrun::tests {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Security : public Attack {
 protected:
  Ended exec(const std::vector<std::string>& words) {
    std::vector<std::string> args = {"exec"};
    args.insert(args.end(), words.begin(), words.end());
    return boxrun(args);
  }
  /// Does something to a container of `runtime` that sleeps, whose state is in `state`.
  void with_sleeper(Runtime runtime, const std::function<void(const std::string& state)>& attack) {
    const std::string state = folder + "/" + name_of(runtime);
    set_script("sleep 1000");
    write_config();
    const Ended started =
        run_command({command_of(runtime, state, {"run", "-d", "-b", folder + "/bundle", id})});
    EXPECT_EQ(started.status, 0) << started.err;
    attack(state);
    EXPECT_EQ(run_command({command_of(runtime, state, {"delete", "--force", id})}).status, 0);
  }
};

// ---- the runtime's binary: CVE-2019-5736 ----

/// An image whose dynamic linker is the attacker's: who executes /proc/self/exe in it runs that,
/// and it holds the runtime's binary open until it is no longer busy.
class Hunted : public Security {
 protected:
  void SetUp() override {
    Security::SetUp();
    if (IsSkipped()) {
      return;
    }
    fs::create_directories(rootfs("/lib64"));
    fs::copy_file(ATTACKER_PROGRAM, rootfs("/attacker"));
    for (const char* interpreter : {"ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}) {
      fs::copy_file(HIJACKER_PROGRAM, rootfs("/lib64/") + interpreter);
    }
    fs::create_directory_symlink("lib64", rootfs("/lib"));
    copy = folder + "/boxrun";
    fs::copy_file(BOXRUN_PROGRAM, copy);
    before = read_text(copy);
  }
  [[nodiscard]] Ended with_copy(std::vector<std::string> words) const {
    words.insert(words.begin(), {copy, "--root", folder + "/state"});
    return run_command({words});
  }
  [[nodiscard]] std::string verdict() const {
    for (int i = 0; i < 400 && !fs::exists(rootfs("/verdict")); ++i) {
      ::usleep(10'000);
    }
    const std::string text = read_text(rootfs("/verdict"));
    fs::remove(rootfs("/verdict"));
    return text;
  }

  std::string copy;  ///< of boxrun: should the attack succeed, the real one is safe
  std::string before;
};

TEST_F(Hunted, AnImageThatHuntsTheRuntimesBinaryGetsAReadOnlyFile) {
  config["process"]["args"] = {"/proc/self/exe"};
  write_config();
  static_cast<void>(with_copy({"run", "-d", "-b", folder + "/bundle", id}));
  EXPECT_THAT(verdict(), HasSubstr("Read-only file system"));
  EXPECT_TRUE(read_text(copy) == before) << "the runtime's binary was changed";

  const std::string weak = folder + "/unshare";
  fs::copy_file("/usr/bin/unshare", weak);
  // Without -f: a parent that stays would keep the file busy.
  static_cast<void>(run_command({{weak, "-m", "-R", rootfs(), "--mount-proc", "/proc/self/exe"}}));
  EXPECT_EQ(verdict(), "overwritten");
}

TEST_F(Hunted, AContainerThatHuntsTheBinaryOfExecGetsAReadOnlyFile) {
  const int init = start_background(id);
  static_cast<void>(with_copy({"exec", "-d", id, "/proc/self/exe"}));
  EXPECT_THAT(verdict(), HasSubstr("Read-only file system"));
  EXPECT_TRUE(read_text(copy) == before) << "the runtime's binary was changed";

  const std::string weak = folder + "/nsenter";
  fs::copy_file("/usr/bin/nsenter", weak);
  // The parent stays and would keep the file busy; after a second it is killed.
  static_cast<void>(run_command({{weak, "-t", std::to_string(init), "-m", "-p", "/proc/self/exe"},
                                 0,
                                 {},
                                 std::chrono::seconds{1}}));
  EXPECT_EQ(verdict(), "overwritten");
}

TEST_F(Hunted, TheBinaryThatWaitsForStartCannotBeOpenedForWriting) {
  config["process"]["args"] = {"sleep", "1000"};
  write_config();
  const Ended created =
      with_copy({"create", "--pid-file", folder + "/pid", "-b", folder + "/bundle", id});
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
  EXPECT_TRUE(read_text(copy) == before);
}

// ---- its memory and its descriptors ----

// CVE-2016-9962
TEST_F(Security, NobodyInsideCanLookIntoARuntimeThatEnters) {
  fs::copy_file(WATCHER_PROGRAM, rootfs("/watcher"));
  fs::create_directory(rootfs("/seen"));
  add_mount("/seen", "tmpfs", "tmpfs", {"mode=777"});
  map_users(100000, 65536);
  grant_all_capabilities();
  config["process"]["args"] = {"/watcher"};
  write_config();
  const Ended started =
      boxrun({"run", "-d", "--pid-file", folder + "/pid", "-b", folder + "/bundle", id});
  ASSERT_EQ(started.status, 0) << started.err;
  const std::string init = read_text(folder + "/pid");
  const auto seen = [&init] { return read_text("/proc/" + init + "/root/seen/verdict"); };
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(exec({id, "true"}).status, 0);
  }
  EXPECT_EQ(seen(), "");
  EXPECT_EQ(run_command({{CARELESS_PROGRAM, init}}).status, 0);
  EXPECT_THAT(seen(), HasSubstr("directory of "));
}

TEST_F(Security, InitCannotBeLookedIntoBeforeItIsTheProgram) {
  config["process"]["args"] = {"sleep", "1000"};
  config["process"]["user"] = {{"uid", 1000}, {"gid", 1000}};
  write_config();
  const auto owner_of = [](const std::string& pid) {
    struct stat seen {};
    return ::stat(("/proc/" + pid + "/fd").c_str(), &seen) == 0 ? seen.st_uid : ~0U;
  };
  ASSERT_EQ(boxrun({"create", "--pid-file", folder + "/pid", "-b", folder + "/bundle", id}).status,
            0);
  // Files about a process that may not be looked into belong to root, whoever it runs as.
  EXPECT_EQ(owner_of(read_text(folder + "/pid")), 0U);
  ASSERT_EQ(boxrun({"start", id}).status, 0);
  for (int i = 0; i < 200 && owner_of(read_text(folder + "/pid")) == 0; ++i) {
    ::usleep(10'000);
  }
  EXPECT_EQ(owner_of(read_text(folder + "/pid")), 1000U) << "and to the program's user afterwards";
}

// CVE-2024-21626
TEST_F(Security, AWorkingDirectoryThroughALeakedDescriptorLeadsNowhere) {
  const auto climb = [this](Runtime runtime) {
    for (int fd = 3; fd <= 24; ++fd) {
      config["process"]["cwd"] = "/proc/self/fd/" + std::to_string(fd);
      set_script("ls ../../../../etc/debian_version ../../../../etc/os-release");
      const Ended ended = run_with(runtime, {{3, "/"}, {7, "/usr"}, {20, "/etc"}});
      if (ended.out.find("/etc/") != std::string::npos) {
        return true;
      }
    }
    return false;
  };
  EXPECT_FALSE(climb(Runtime::Boxrun));
  if (!reason_against(Runtime::Crun).empty()) {
    GTEST_SKIP() << reason_against(Runtime::Crun);
  }
  EXPECT_TRUE(climb(Runtime::Crun)) << "crun 1.8.1 was known to be open to this";
}

// CVE-2024-21626
TEST_F(Security, AWorkingDirectoryOfExecThroughALeakedDescriptorLeadsNowhere) {
  const auto climb = [this](Runtime runtime) {
    bool out = false;
    with_sleeper(runtime, [&](const std::string& state) {
      for (int fd = 3; fd <= 24 && !out; ++fd) {
        const Ended ended = run_command(
            {command_of(runtime, state,
                        {"exec", "--cwd", "/proc/self/fd/" + std::to_string(fd), id, "sh", "-c",
                         "ls ../../../../etc/debian_version ../../../../etc/os-release"}),
             0,
             {{3, "/"}, {7, "/usr"}, {20, "/etc"}}});
        out = ended.out.find("/etc/") != std::string::npos;
      }
    });
    return out;
  };
  EXPECT_FALSE(climb(Runtime::Boxrun));
  if (!reason_against(Runtime::Crun).empty()) {
    GTEST_SKIP() << reason_against(Runtime::Crun);
  }
  EXPECT_TRUE(climb(Runtime::Crun)) << "crun 1.8.1 was known to be open to this";
}

TEST_F(Security, NoDescriptorButTheThreeReachesTheProgram) {
  const std::string list = "ls /proc/self/fd | tr '\\n' ' '";  // 3 is the directory ls reads
  set_script(list);
  const Leaks leaked = {{5, "/"}, {9, "/usr"}, {200, "/etc"}};
  EXPECT_EQ(run_with(Runtime::Boxrun, leaked).out, "0 1 2 3 ");
  EXPECT_THAT(run_weakly({"/bin/sh", "-c", list}, leaked).out, HasSubstr(" 200 "));
}

// ---- what it takes for an id or a capability ----

// CVE-2022-29162, CVE-2022-27650, CVE-2022-24769
TEST_F(Security, ACapabilityGivenToExecIsNotInheritable) {
  const std::string look = "sed -n 's/^CapInh:\t//p' /proc/self/status";
  EXPECT_EQ(output_of(look), "0000000000000000");
  ASSERT_GT(start_background(id), 0);
  EXPECT_EQ(exec({"--cap", "CAP_NET_RAW", "--cap", "CAP_KILL", id, "sh", "-c", look}).out,
            "0000000000000000\n");
  // An OCI process that asks for it gets it: what is looked at can be otherwise.
  config["process"]["args"] = {"sh", "-c", look};
  config["process"]["capabilities"]["inheritable"] = {"CAP_KILL"};
  write_text(folder + "/process.json", config["process"].dump());
  EXPECT_EQ(exec({"--process", folder + "/process.json", id}).out, "0000000000000020\n");
}

// CVE-2026-30892
TEST_F(Security, ExecRunsAsExactlyTheUserThatIsAskedFor) {
  ASSERT_GT(start_background(id), 0);
  const auto ids = [this](std::vector<std::string> options) {
    options.insert(options.end(), {id, "sh", "-c", "echo $(id -u):$(id -g)"});
    return exec(options).out;
  };
  EXPECT_EQ(ids({"-u", "1"}), "1:0\n");
  EXPECT_EQ(ids({"-u", "1:2"}), "1:2\n");
  EXPECT_EQ(ids({"--user=33:33"}), "33:33\n");
  EXPECT_EQ(ids({}), "0:0\n") << "what a runtime answers that has lost the option";
}

TEST_F(Security, AUserThatIsNoIdIsRefusedAndNotRoot) {
  const auto root_by = [this](Runtime runtime, const std::string& state, const char* user) {
    return run_command({command_of(runtime, state, {"exec", "-u", user, id, "id", "-u"})}).out ==
           "0\n";
  };
  with_sleeper(Runtime::Boxrun, [&](const std::string& state) {
    for (const char* user : {"4294967296", "4294967295", "8589934592", "-1", "1:4294967296",
                             "18446744073709551616", "", " 1", "1x", "0x1", "+1", "root"}) {
      EXPECT_FALSE(root_by(Runtime::Boxrun, state, user) && *user != '\0') << user;
    }
    EXPECT_THAT(
        run_command({command_of(Runtime::Boxrun, state, {"exec", "-u", "4294967296", id, "id"})})
            .err,
        HasSubstr("--user: \"4294967296\" is not an id"));
  });
  for (const Runtime other : {Runtime::Runc, Runtime::Crun}) {
    if (!reason_against(other).empty()) {
      GTEST_SKIP() << reason_against(other);
    }
    with_sleeper(other, [&](const std::string& state) {
      EXPECT_TRUE(root_by(other, state, "4294967296"))
          << name_of(other) << " was known to be open to this";
    });
  }
}

TEST_F(Security, ContainerIdsCannotClimb) {
  set_script("true");
  write_config();
  for (const char* bad : {"../x", "a/b", "..", ".", "x\ny", "%2e", " "}) {
    const Ended ended = boxrun({"run", "-b", folder + "/bundle", bad});
    EXPECT_EQ(ended.status, 1) << bad;
    EXPECT_THAT(ended.err, HasSubstr("container id")) << bad;
    EXPECT_THAT(boxrun({"delete", "--force", bad}).err, HasSubstr("container id")) << bad;
  }
  EXPECT_FALSE(fs::exists(folder + "/x"));
  // What takes an id for the name of a directory as it is leaves the state directory.
  fs::create_directory(folder + "/weak");
  fs::create_directory(folder + "/weak/../x");
  EXPECT_TRUE(fs::exists(folder + "/x"));
}

}  // namespace
}  // namespace boxrun::tests
