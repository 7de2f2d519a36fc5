// Containers with a part in resctrl, on a filesystem that behaves like it (fake_resctrl.h): this
// machine's processor need not have any of it.

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "runtime/aliases.h"
#include "tests/runtime/container_fixture.h"
#include "tests/runtime/fake_resctrl.h"
#include "tracer/os/argv.h"

namespace boxrun::tests {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class Rdt : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    if (IsSkipped()) {
      return;
    }
    resctrl.emplace(folder);
    if (!resctrl->is_mounted()) {
      GTEST_SKIP() << "needs /dev/fuse";
    }
  }
  void TearDown() override {
    resctrl.reset();  // its mount would be a trace
    ContainerTest::TearDown();
  }
  Ended rdt_boxrun(const std::vector<std::string>& args) {
    std::vector<std::string> words = {BOXRUN_PROGRAM, "--root", folder + "/state"};
    words.insert(words.end(), args.begin(), args.end());
    return run_command({resctrl->seen_by(words)});
  }
  Ended rdt_run(const json& rdt) {
    config["linux"]["intelRdt"] = rdt;
    config["process"]["args"] = {"true"};
    write_config();
    return rdt_boxrun({"run", "-b", folder + "/bundle", id});
  }
  /// @returns the pid of init
  std::string start(const json& rdt) {
    config["linux"]["intelRdt"] = rdt;
    config["process"]["args"] = {"sleep", "1000"};
    write_config();
    const Ended ended =
        rdt_boxrun({"run", "-d", "--pid-file", folder + "/pid", "-b", folder + "/bundle", id});
    EXPECT_EQ(ended.status, 0) << ended.err;
    return read_text(folder + "/pid");
  }
  [[nodiscard]] std::string text(const std::string& file) const {
    return read_text(resctrl->file(file));
  }
  [[nodiscard]] bool is_there(const std::string& group) const {
    return fs::exists(resctrl->file(group));
  }
  void remove() {
    const Ended ended = rdt_boxrun({"delete", "--force", id});
    EXPECT_EQ(ended.status, 0) << ended.err;
  }

  std::optional<FakeResctrl> resctrl;
};

TEST_F(Rdt, WithoutAMountOfItTheErrorSaysWhatIsMissing) {
  if (read_text("/proc/self/mountinfo").find(" - resctrl ") != std::string::npos) {
    GTEST_SKIP() << "this machine has it";
  }
  config["linux"]["intelRdt"] = {{"closID", "gold"}};
  const Ended ended = run();
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("/linux/intelRdt/closID: find resctrl group gold: no resctrl is "
                                   "mounted: No such device (ENODEV)\nhint: "));
  const bool is_known = read_text("/proc/filesystems").find("\tresctrl\n") != std::string::npos;
  EXPECT_THAT(ended.err, HasSubstr(is_known ? "mount -t resctrl" : "/proc/filesystems has no"));
}

TEST_F(Rdt, AGroupOfTheContainersOwnIsMadeWrittenJoinedCountedAndRemoved) {
  const std::string pid = start({{"l3CacheSchema", "L3:0=f0"},
                                 {"memBwSchema", "MB:0=35"},
                                 {"schemata", {"L3:0=ff"}},
                                 {"enableMonitoring", true}});
  EXPECT_EQ(text("/" + id + "/schemata"), "    L3:0=000ff\n    MB:0= 40\n");
  EXPECT_EQ(text("/" + id + "/tasks"), pid + "\n");
  EXPECT_EQ(text("/" + id + "/mon_groups/" + id + "/tasks"), pid + "\n");
  EXPECT_EQ(text("/tasks"), "");
  const Ended inside = rdt_boxrun({"exec", id, "true"});
  EXPECT_EQ(inside.status, 0) << inside.err;
  const std::string tasks = text("/" + id + "/tasks");
  EXPECT_EQ(std::ranges::count(tasks, '\n'), 2) << "the program of exec is the second: " << tasks;
  EXPECT_EQ(tasks, text("/" + id + "/mon_groups/" + id + "/tasks"));
  const json stats = json::parse(rdt_boxrun({"events", "--stats", id}).out)["data"]["intel_rdt"];
  EXPECT_EQ(stats, json::parse(R"({
    "l3_cache_info": {"cbm_mask": "fffff", "min_cbm_bits": 1, "num_closids": 3},
    "l3_cache_schema_root": "L3:0=fffff", "l3_cache_schema": "L3:0=000ff",
    "mem_bw_info": {"bandwidth_gran": 10},
    "mem_bw_schema_root": "MB:0=100", "mem_bw_schema": "MB:0= 40",
    "schemata": ["L3:0=000ff", "MB:0= 40"],
    "cmt_stats": [{"llc_occupancy": 4096}], "mbm_stats": [{"mbm_local_bytes": 77}]})"));
  remove();
  EXPECT_FALSE(is_there("/" + id));
  EXPECT_EQ(text("/schemata"), "    L3:0=fffff\n    MB:0=100\n");
}

TEST_F(Rdt, AnEmptySectionMakesAGroupAndRunRemovesIt) {
  const Ended ended = rdt_run(json::object());
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_FALSE(is_there("/" + id));
  const std::string pid = start(json::object());
  EXPECT_EQ(text("/" + id + "/tasks"), pid + "\n");
  EXPECT_EQ(text("/" + id + "/schemata"), "    L3:0=fffff\n    MB:0=100\n");
}

TEST_F(Rdt, ANamedGroupIsSharedAndStays) {
  const json gold = {{"closID", "gold"}, {"l3CacheSchema", "L3:0=f"}, {"enableMBM", true}};
  EXPECT_EQ(rdt_run(gold).status, 0);
  EXPECT_EQ(text("/gold/schemata"), "    L3:0=0000f\n    MB:0=100\n");
  EXPECT_FALSE(is_there("/gold/mon_groups/" + id));
  EXPECT_EQ(rdt_run(gold).status, 0) << "its values are the same";
  const Ended other = rdt_run({{"closID", "gold"}, {"l3CacheSchema", "L3:0=ff"}});
  EXPECT_EQ(other.status, 1);
  EXPECT_THAT(other.err,
              HasSubstr("/linux/intelRdt/l3CacheSchema: write schemata L3:0=ff of resctrl group "
                        "gold, or compare if it was there: the group was there before, and \"" +
                        resctrl->path("/gold/schemata") + "\" has \"L3:0=0000f\": File exists"));
  EXPECT_EQ(rdt_run({{"closID", "gold"}}).status, 0);
  const Ended missing = rdt_run({{"closID", "silver"}});
  EXPECT_THAT(missing.err, HasSubstr("/linux/intelRdt/closID: find resctrl group silver: stat(\"" +
                                     resctrl->path("/silver") + "\"): No such file"));
  EXPECT_EQ(text("/gold/schemata"), "    L3:0=0000f\n    MB:0=100\n");
  const std::string pid = start({{"closID", "/"}});
  EXPECT_EQ(text("/tasks"), pid + "\n");
}

TEST_F(Rdt, WhatIsRefusedLeavesNothing) {
  const Ended mask = rdt_run({{"schemata", {"L3:0=f", "L3:0=100000"}}, {"closID", "gold"}});
  EXPECT_THAT(mask.err,
              HasSubstr("/linux/intelRdt/schemata/1: write schemata L3:0=100000 of resctrl group "
                        "gold, or compare if it was there: write(\"" +
                        resctrl->path("/gold/schemata") +
                        "\", \"L3:0=100000\") (last_cmd_status: Mask out of range): Invalid "
                        "argument (EINVAL)\nhint: the processor has L3 (cbm_mask fffff, "
                        "min_cbm_bits 1), L3_MON, MB (bandwidth_gran 10)"));
  EXPECT_FALSE(is_there("/gold"));
  config["process"]["args"] = {"nosuch"};
  fs::create_directory(resctrl->file("/one"));
  fs::create_directory(resctrl->file("/two"));
  const Ended full = rdt_run(json::object());
  EXPECT_THAT(full.err, HasSubstr("/linux/intelRdt: make resctrl group " + id +
                                  " unless it is there: mkdir(\"" + resctrl->path("/" + id) +
                                  "\") (last_cmd_status: Out of CLOSIDs): No space left"));
  EXPECT_THAT(full.err, HasSubstr("hint: the processor has no more of them: see num_closids"));
  fs::remove(resctrl->file("/two"));
  // A later step: what was made for this container alone goes.
  config["hooks"]["createRuntime"] = {{{"path", "/bin/false"}}};
  EXPECT_EQ(rdt_run({{"enableMonitoring", true}}).status, 1);
  EXPECT_FALSE(is_there("/" + id));
  EXPECT_EQ(rdt_run({{"closID", "one"}, {"enableMonitoring", true}}).status, 1);
  EXPECT_TRUE(is_there("/one"));
  EXPECT_FALSE(is_there("/one/mon_groups/" + id));
}

TEST_F(Rdt, UpdateChangesAGroupThatWasMadeForTheContainer) {
  static_cast<void>(start({{"l3CacheSchema", "L3:0=f"}}));
  const Ended changed =
      rdt_boxrun({"update", "--l3-cache-schema", "L3:0=f0", "--mem-bw-schema", "MB:0=20", id});
  EXPECT_EQ(changed.status, 0) << changed.err;
  EXPECT_EQ(text("/" + id + "/schemata"), "    L3:0=000f0\n    MB:0= 20\n");
  const Ended refused =
      rdt_boxrun({"update", "--l3-cache-schema", "L3:0=1", "--mem-bw-schema", "MB:1=20", id});
  EXPECT_THAT(refused.err, HasSubstr("/linux/intelRdt/memBwSchema: write(\""));
  EXPECT_THAT(refused.err, HasSubstr("(last_cmd_status: Unknown or unsupported resource name)"));
  EXPECT_EQ(text("/" + id + "/schemata"), "    L3:0=000f0\n    MB:0= 20\n") << "all or none";
  const Ended limit =
      rdt_boxrun({"update", "--mem-bw-schema", "MB:0=90", "--cpuset-cpus", "9999", id});
  EXPECT_NE(limit.status, 0);
  EXPECT_EQ(text("/" + id + "/schemata"), "    L3:0=000f0\n    MB:0= 20\n") << limit.err;
  const Ended wrong = rdt_boxrun({"update", "--mem-bw-schema", "20", id});
  EXPECT_THAT(wrong.err, HasSubstr("/linux/intelRdt/memBwSchema: \"20\" is not a line of"));
  const json kept = json::parse(read_text(folder + "/state/" + id + "/config.json"));
  EXPECT_EQ(kept["linux"]["intelRdt"],
            json({{"l3CacheSchema", "L3:0=f0"}, {"memBwSchema", "MB:0=20"}}));
}

TEST_F(Rdt, UpdateLeavesGroupsOfOthersAlone) {
  fs::create_directory(resctrl->file("/gold"));
  static_cast<void>(start({{"closID", "gold"}}));
  const Ended shared = rdt_boxrun({"update", "--l3-cache-schema", "L3:0=f0", id});
  EXPECT_THAT(shared.err, HasSubstr("/linux/intelRdt: the resctrl group \"" +
                                    resctrl->path("/gold") + "\" was there before the container"));
  EXPECT_EQ(text("/gold/schemata"), "    L3:0=fffff\n    MB:0=100\n");
  remove();
  config["linux"].erase("intelRdt");
  static_cast<void>(start_background(id));
  const Ended without = rdt_boxrun({"update", "--l3-cache-schema", "L3:0=f0", id});
  EXPECT_THAT(without.err, HasSubstr("/linux/intelRdt: the container was made without it\nhint: "));
}

TEST_F(Rdt, AfterACrashDeleteRemovesWhatWasMade) {
  config["linux"]["intelRdt"] = {
      {"closID", "gold"}, {"l3CacheSchema", "L3:0=f"}, {"enableMonitoring", true}};
  config["process"]["args"] = {"true"};
  write_config();
  // Killed right after mkdir(2): the control group, and once that is complete the other one.
  for (const std::string& made : {std::string{"/gold"}, "/gold/mon_groups/" + id}) {
    write_text(folder + "/hold", made);
    fs::remove(folder + "/held");
    fs::remove(folder + "/go_on");
    const auto words = resctrl->seen_by(
        {BOXRUN_PROGRAM, "--root", folder + "/state", "run", "-b", folder + "/bundle", id});
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::execvp(words[0].c_str(), os::make_argv(words).data());
      ::_exit(127);
    }
    for (int attempt = 0; attempt < 500 && !fs::exists(folder + "/held"); ++attempt) {
      ::usleep(10'000);
    }
    ::kill(pid, SIGKILL);
    write_text(folder + "/go_on", "");
    ::waitpid(pid, nullptr, 0);
    EXPECT_TRUE(is_there(made));
    const Ended gone = rdt_boxrun({"delete", "--force", id});
    EXPECT_EQ(gone.status, 0) << gone.err;
    EXPECT_FALSE(is_there(made));
  }
  EXPECT_EQ(text("/gold/schemata"), "    L3:0=0000f\n    MB:0=100\n") << "it was complete";
}

/// Whatever criu makes is born in them. There is nothing to restore, so criu gives up.
TEST_F(Rdt, RestoreHasCriuInTheGroupsAndAFailureRemovesThem) {
  const std::string group = resctrl->path("/" + id);
  const std::string criu = folder + "/criu";
  const std::string tasks = group + "/mon_groups/" + id + "/tasks";
  write_text(criu, "#!/bin/sh\nwhile [ -d " + group + " ] && [ -z \"$(cat " + tasks +
                       ")\" ]; do sleep 0.01; done\n[ -d " + group + " ] && { cat " + group +
                       "/tasks; echo $$; } >" + folder + "/seen\nexec criu \"$@\"\n");
  fs::permissions(criu, fs::perms::owner_all);
  fs::create_directory(folder + "/images");
  write_text(folder + "/images/descriptors.json", "[]");
  config["linux"]["intelRdt"] = {{"enableMonitoring", true}};
  write_config();
  const Ended ended = rdt_boxrun({"--criu", criu, "restore", "--image-path", folder + "/images",
                                  "-b", folder + "/bundle", id});
  EXPECT_NE(ended.status, 0);
  const std::string seen = read_text(folder + "/seen");
  if (seen.empty() && ::access("/usr/sbin/criu", X_OK) != 0) {
    GTEST_SKIP() << "needs a criu that tells its version: " << ended.err;
  }
  const std::string pid = seen.substr(0, seen.find('\n') + 1);
  EXPECT_EQ(seen, pid + pid) << ended.err;
  EXPECT_FALSE(is_there("/" + id));
}

TEST_F(Rdt, AContainerWithoutTheSectionTouchesNothing) {
  config["process"]["args"] = {"true"};
  write_config();
  EXPECT_EQ(rdt_boxrun({"run", "-b", folder + "/bundle", id}).status, 0);
  EXPECT_EQ(text("/tasks"), "");
  EXPECT_EQ(read_text(folder + "/state/" + id + "/state.json"), "");
}

}  // namespace
}  // namespace boxrun::tests
