// The verbs around a running container, and the command line in all the spellings that engines use.

#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "tests/runtime/container_fixture.h"

namespace boxrun::tests {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

class Commands : public ContainerTest {
 protected:
  std::string status() {
    const json state = json::parse(boxrun({"state", id}).out, nullptr, false);
    return state.is_object() ? state.value("status", "none") : "none";
  }
  /// A control file of the container's cgroup of version 1, or where a part of it is mounted.
  std::string control_file(const std::string& controller, const std::string& file) {
    std::error_code ignored;
    for (const auto& entry :
         fs::recursive_directory_iterator{"/sys/fs/cgroup/" + controller, ignored}) {
      if (entry.path().filename() == "boxrun-" + id && fs::exists(entry.path() / file)) {
        std::string text = read_text(entry.path() / file);
        text.erase(text.find_last_not_of('\n') + 1);
        return text;
      }
    }
    return {};
  }
};

TEST_F(Commands, PauseStopsEverythingUntilResume) {
  config["root"]["readonly"] = false;
  ASSERT_GT(start_background(id, "while :; do echo x >> /beat; sleep 0.02; done"), 0);
  ::usleep(200'000);
  ASSERT_EQ(boxrun({"pause", id}).status, 0);
  EXPECT_EQ(status(), "paused");
  const auto size = fs::file_size(rootfs("/beat"));
  ::usleep(300'000);
  EXPECT_EQ(fs::file_size(rootfs("/beat")), size);
  EXPECT_THAT(boxrun({"pause", id}).err, HasSubstr("cannot be paused: it is paused"));
  EXPECT_THAT(boxrun({"delete", id}).err, HasSubstr("cannot be deleted: it is paused"));
  ASSERT_EQ(boxrun({"resume", id}).status, 0);
  EXPECT_EQ(status(), "running");
  ::usleep(300'000);
  EXPECT_GT(fs::file_size(rootfs("/beat")), size);
  EXPECT_THAT(boxrun({"resume", id}).err, HasSubstr("cannot be resumed: it is running"));
}

TEST_F(Commands, APausedContainerCanBeKilledAndDeleted) {
  ASSERT_GT(start_background(id), 0);
  ASSERT_EQ(boxrun({"pause", id}).status, 0);
  EXPECT_EQ(boxrun({"delete", "--force", id}).status, 0);
  EXPECT_EQ(boxrun({"list", "-q"}).out, "");
}

TEST_F(Commands, PsShowsTheProcessesByTheirPidsOutside) {
  const int init = start_background(id, "sleep 1001 & sleep 1002 & wait");
  ::usleep(200'000);
  const json pids = json::parse(boxrun({"ps", "--format", "json", id}).out);
  EXPECT_EQ(pids.size(), 3U);
  EXPECT_NE(std::find(pids.begin(), pids.end(), json(init)), pids.end());
  const std::string table = boxrun({"ps", id}).out;
  EXPECT_THAT(table, StartsWith("UID"));
  EXPECT_THAT(table, HasSubstr("sleep 1001"));
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 4);
  const std::string own = boxrun({"ps", id, "-o", "pid,args"}).out;
  EXPECT_THAT(own, HasSubstr("sleep 1002"));
  EXPECT_EQ(std::count(own.begin(), own.end(), '\n'), 4);
  EXPECT_THAT(boxrun({"ps", id, "-o", "args"}).err, HasSubstr("no column PID"));
}

TEST_F(Commands, UpdateChangesWhatIsMentionedAndNothingElse) {
  config["linux"]["resources"]["pids"] = {{"limit", 50}};
  config["linux"]["resources"]["memory"] = {{"limit", 64 << 20}, {"swap", 64 << 20}};
  ASSERT_GT(start_background(id), 0);
  if (control_file("pids", "pids.max").empty()) {
    GTEST_SKIP() << "no pids controller of cgroup version 1";
  }
  EXPECT_EQ(boxrun({"update", "--pids-limit", "33", "--cpu-quota=50000", id}).status, 0);
  EXPECT_EQ(control_file("pids", "pids.max"), "33");
  EXPECT_EQ(control_file("cpu", "cpu.cfs_quota_us"), "50000");
  EXPECT_EQ(control_file("memory", "memory.limit_in_bytes"), std::to_string(64 << 20));
  // Up takes the one order, down the other.
  for (const char* size : {"256m", "32M", "0.5g"}) {
    const Ended ended = boxrun({"update", "--memory", size, "--memory-swap", size, id});
    EXPECT_EQ(ended.status, 0) << ended.err;
  }
  EXPECT_EQ(control_file("memory", "memory.limit_in_bytes"), std::to_string(512 << 20));
  EXPECT_EQ(control_file("memory", "memory.memsw.limit_in_bytes"), std::to_string(512 << 20));
  EXPECT_EQ(boxrun({"update", "--cpu-quota", "-1", id}).status, 0);
  EXPECT_EQ(control_file("cpu", "cpu.cfs_quota_us"), "-1");
  const Ended lifted = boxrun({"update", "--memory", "-1", id});
  EXPECT_EQ(lifted.status, 0) << lifted.err;
  for (const char* file : {"memory.limit_in_bytes", "memory.memsw.limit_in_bytes"}) {
    EXPECT_GT(control_file("memory", file).size(), 18U) << "no limit is a number of 19 digits";
  }
  // Here 0 is a value, and does not stand for: leave it.
  for (const char* value : {"1", "0"}) {
    EXPECT_EQ(boxrun({"update", "--cpu-idle", value, id}).status, 0);
    EXPECT_EQ(control_file("cpu", "cpu.idle"), value);
  }
}

TEST_F(Commands, UpdateReadsResourcesAsEnginesSendThem) {
  ASSERT_GT(start_background(id), 0);
  if (control_file("cpu", "cpu.shares").empty()) {
    GTEST_SKIP() << "no cpu controller of cgroup version 1";
  }
  const std::string before = control_file("pids", "pids.max");
  write_text(folder + "/r.json",
             R"({"memory": {"limit": 0, "swap": 0}, "cpu": {"shares": 512, "quota": 0, "cpus": ""},
                 "pids": {"limit": 0}, "blockIO": {"weight": 0}, "devices": null})");
  const Ended ended = boxrun({"update", "-r", folder + "/r.json", id});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(control_file("cpu", "cpu.shares"), "512");
  EXPECT_EQ(control_file("pids", "pids.max"), before) << "0 stands for: leave it";
}

TEST_F(Commands, MistakesOfUpdateAreNamed) {
  ASSERT_GT(start_background(id), 0);
  EXPECT_THAT(boxrun({"update", "--memory", "lots", id}).err,
              HasSubstr("--memory: \"lots\" is not a number"));
  EXPECT_THAT(boxrun({"update", "--memory", "5x", id}).err, HasSubstr("is not a number"));
  EXPECT_THAT(boxrun({"update", "--memory", "64m", "--memory-swap", "32m", id}).err,
              HasSubstr("/linux/resources/memory/swap: 33554432 is below the memory limit"));
  write_text(folder + "/r.json", "[]");
  EXPECT_THAT(boxrun({"update", "-r", folder + "/r.json", id}).err, HasSubstr("not a JSON object"));
}

TEST_F(Commands, AnUpdateThatIsRefusedHalfWayChangesNothing) {
  config["linux"]["resources"] = {{"memory", {{"limit", 64 << 20}}},
                                  {"cpu", {{"shares", 300}, {"quota", 50000}, {"period", 100000}}},
                                  {"pids", {{"limit", 40}}}};
  ASSERT_GT(start_background(id), 0);
  const auto values = [this] {
    return control_file("memory", "memory.limit_in_bytes") + " " +
           control_file("cpu", "cpu.shares") + " " + control_file("cpu", "cpu.cfs_quota_us") + " " +
           control_file("pids", "pids.max");
  };
  if (control_file("cpu", "cpu.shares").empty()) {
    GTEST_SKIP() << "no cpu controller of cgroup version 1";
  }
  const std::string before = values();
  EXPECT_EQ(before, "67108864 300 50000 40");
  const std::string config_before = read_text(folder + "/state/" + id + "/config.json");
  // The last line in the order of writing is the one that no machine can grant.
  const Ended ended = boxrun({"update", "--memory", "96m", "--cpu-share", "700", "--cpu-quota",
                              "70000", "--cpuset-cpus", "9999", id});
  EXPECT_NE(ended.status, 0);
  EXPECT_THAT(ended.err, HasSubstr("/linux/resources/cpu/cpus: write("));
  EXPECT_EQ(values(), before);
  EXPECT_EQ(read_text(folder + "/state/" + id + "/config.json"), config_before);
}

TEST_F(Commands, AMemoryLimitBelowWhatIsUsedIsRefusedWhereTheConfigWantsIt) {
  config["linux"]["resources"]["memory"] = {
      {"limit", 128 << 20}, {"swappiness", 0}, {"checkBeforeUpdate", true}};
  ASSERT_GT(start_background(id,
                             "head -c 40000000 /dev/zero > /dev/shm/x; echo > /dev/shm/done; "
                             "sleep 1000"),
            0);
  const auto inside = [this](const char* script) {
    return boxrun({"exec", id, "sh", "-c", script}).status;
  };
  for (int i = 0; i < 200 && inside("test -e /dev/shm/done") != 0; ++i) {
    ::usleep(10'000);
  }
  const Ended ended = boxrun({"update", "--memory", "16m", id});
  EXPECT_NE(ended.status, 0);
  EXPECT_THAT(ended.err, HasSubstr("/linux/resources/memory/limit: "));
  EXPECT_THAT(ended.err, HasSubstr("(EBUSY)"));
  EXPECT_EQ(inside("true"), 0) << "nobody was killed";
  EXPECT_EQ(boxrun({"update", "--memory", "120m", id}).status, 0);
}

TEST_F(Commands, EventsPrintsALineInTheShapeThatShimsRead) {
  ASSERT_GT(start_background(id), 0);
  const json event = json::parse(boxrun({"events", "--stats", id}).out);
  EXPECT_EQ(event["type"], "stats");
  EXPECT_EQ(event["id"], id);
  const json& data = event["data"];
  EXPECT_EQ(data["pids"]["current"], 1);
  EXPECT_GT(data["cpu"]["usage"]["total"].get<std::uint64_t>(), 0U);
  EXPECT_GT(data["memory"]["usage"]["usage"].get<std::uint64_t>(), 0U);
  EXPECT_TRUE(data["memory"]["raw"].is_object());
  EXPECT_TRUE(data.contains("blkio"));
  EXPECT_FALSE(data["cpuset"]["cpus"].empty());
  EXPECT_EQ(data["cpuset"]["cpus"][0], 0);
  EXPECT_TRUE(data["cpuset"]["sched_load_balance"].is_number());
  EXPECT_TRUE(data["cpuset"]["sched_relax_domain_level"].is_number());
}

TEST_F(Commands, EventsGoesOnUntilTheContainerEndsAndTellsOfMemoryKills) {
  config["linux"]["resources"]["memory"] = {{"limit", 16 << 20}, {"swap", 16 << 20}};
  ASSERT_GT(start_background(id, "sleep 1; (x=1234567890; while :; do x=$x$x; done); sleep 1"), 0);
  if (control_file("memory", "memory.limit_in_bytes").empty()) {
    GTEST_SKIP() << "no memory controller of cgroup version 1";
  }
  const Ended ended = boxrun({"events", "--interval", "100ms", id});
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.out, HasSubstr(R"({"type":"stats")"));
  EXPECT_THAT(ended.out, HasSubstr(R"({"type":"oom","id":")" + id + R"("})"));
  EXPECT_THAT(boxrun({"events", "--interval", "soon", id}).err, HasSubstr("is not a duration"));
}

TEST_F(Commands, FeaturesPromisesOnlyWhatTheParserTakes) {
  const json features = json::parse(boxrun({"features"}).out);
  EXPECT_EQ(features["ociVersionMin"], "1.0.0");
  EXPECT_EQ(features["hooks"].size(), 6U);
  EXPECT_EQ(features["linux"]["namespaces"].size(), 8U);
  EXPECT_TRUE(features["linux"]["cgroup"]["v1"].get<bool>());
  EXPECT_EQ(features["linux"]["intelRdt"],
            json({{"enabled", true}, {"schemata", true}, {"monitoring", true}}));
  for (const json& action : features["linux"]["seccomp"]["actions"]) {
    if (action == "SCMP_ACT_NOTIFY") {
      continue;  // needs a listener
    }
    config["linux"]["seccomp"] = {{"defaultAction", "SCMP_ACT_ALLOW"},
                                  {"syscalls", {{{"names", {"acct"}}, {"action", action}}}}};
    EXPECT_EQ(run_script("true").status, 0) << action;
  }
}

TEST_F(Commands, TheVersionIsPrintedAsEnginesParseIt) {
  const Ended ended = run_command({{BOXRUN_PROGRAM, "--version"}});
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.out,
              MatchesRegex("boxrun version [0-9.]+\ncommit: [0-9.]+\nspec: 1\\.[0-9.]+\n"));
  EXPECT_EQ(run_command({{BOXRUN_PROGRAM, "-v"}}).out, ended.out);
}

TEST_F(Commands, TheBundleIsNamedInEverySpelling) {
  config["process"]["args"] = {"true"};
  write_config();
  const std::string bundle = folder + "/bundle";
  for (const auto& words : {std::vector<std::string>{"-b", bundle},
                            {"-b=" + bundle},
                            {"--bundle", bundle},
                            {"--bundle=" + bundle},
                            {"-bundle", bundle},
                            {"-bundle=" + bundle}}) {
    std::vector<std::string> args = {"run"};
    args.insert(args.end(), words.begin(), words.end());
    args.push_back(id);
    EXPECT_EQ(boxrun(args).status, 0) << words[0];
  }
  EXPECT_EQ(boxrun({"run", id, "--bundle", bundle}).status, 0) << "options may come last";
  EXPECT_EQ(boxrun({"run", "--keep=false", "-b", bundle, id}).status, 0);
}

TEST_F(Commands, AContainerMayHaveTheNameOfAVerb) {
  ASSERT_GT(start_background("list"), 0);
  EXPECT_EQ(json::parse(boxrun({"state", "list"}).out)["status"], "running");
  EXPECT_EQ(boxrun({"delete", "list", "--force"}).status, 0);
}

TEST_F(Commands, TheOptionsOfOtherRuntimesAreUnderstood) {
  config["process"]["args"] = {"true"};
  write_config();
  fs::rename(folder + "/bundle/config.json", folder + "/other.json");
  const Ended ended = run_command(
      {{BOXRUN_PROGRAM, "--cgroup-manager=cgroupfs", "--log=file:" + folder + "/log",
        "--log-format=json", "--log-level", "debug", "-root", folder + "/state", "run", "--config",
        folder + "/other.json", "--no-subreaper", "-b", folder + "/bundle", id}});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(read_text(folder + "/log"), HasSubstr(R"({"level":"debug","msg":)"));
  EXPECT_THAT(boxrun({"--log", "syslog:x", "list"}).err + ended.err, HasSubstr("files only"));
}

TEST_F(Commands, WithALogWarningsDoNotReachTheProgramsStandardError) {
  config["process"]["capabilities"]["ambient"] = {"CAP_NET_ADMIN"};  // not permitted: a warning
  config["process"]["args"] = {"sh", "-c", "echo own >&2"};
  write_config();
  const Ended ended = boxrun(
      {"--log", folder + "/log", "--log-format", "json", "run", "-b", folder + "/bundle", id});
  EXPECT_EQ(ended.err, "own\n");
  EXPECT_THAT(read_text(folder + "/log"), HasSubstr(R"({"level":"warning")"));
  EXPECT_THAT(run().err, HasSubstr("warning: /process/capabilities/ambient"));
}

TEST_F(Commands, SocketsThatSystemdHandsOverArePassedOn) {
  config["process"]["args"] = {
      "sh", "-c", "echo $LISTEN_FDS $LISTEN_PID; test -d /proc/self/fd/3 && echo open"};
  write_config();
  const std::string script = "export LISTEN_FDS=1 LISTEN_PID=$$; exec " +
                             std::string{BOXRUN_PROGRAM} + " --root " + folder + "/state run -b " +
                             folder + "/bundle " + id;
  Command command{{"sh", "-c", script}};
  command.open_directories = {{3, "/"}};
  EXPECT_EQ(run_command(command).out, "1 1\nopen\n");
}

TEST_F(Commands, KillKnowsTheWordsThatContainerdLooksFor) {
  ASSERT_GT(start_background(id, "exit 0"), 0);
  for (int attempt = 0; attempt < 100 && status() != "stopped"; ++attempt) {
    ::usleep(20'000);
  }
  EXPECT_THAT(boxrun({"kill", id, "TERM"}).err, HasSubstr("container not running"));
  EXPECT_THAT(boxrun({"kill", "nosuch", "TERM"}).err, HasSubstr("does not exist"));
  EXPECT_THAT(boxrun({"delete", "nosuch"}).err, HasSubstr("does not exist"));
}

}  // namespace
}  // namespace boxrun::tests
