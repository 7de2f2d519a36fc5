// `boxtrace seccomp profile` of a recorded container: under the least profile that it prints the
// same container runs, and under less it does not.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/seccomp/seccomp_container.h"
#include "tracer/os/file.h"

namespace boxtrace::cli {
namespace {

using nlohmann::json;

class SeccompProfile : public SeccompContainer {
 protected:
  void SetUp() override {
    SeccompContainer::SetUp();
    if (!IsSkipped() && !has_busybox_) {
      GTEST_SKIP() << "needs a static busybox";
    }
  }
  [[nodiscard]] std::string trace() const { return folder_ + "/trace.jsonl"; }
  Ended record(const json& profile, const std::vector<std::string>& args) {
    return run(BOXTRACE_PROGRAM " record -o " + trace() + " --", profile, args);
  }
  /// What `boxtrace seccomp profile` prints of the trace.
  [[nodiscard]] json profile_of_trace(const std::string& options = {}) const {
    const Ended ended =
        run_shell(BOXTRACE_PROGRAM " seccomp profile " + trace() + options + " 2>/dev/null");
    EXPECT_EQ(ended.status, 0) << ended.text;
    return json::parse(ended.text);
  }
};

const std::vector<std::string> kProgram = {
    "/bin/busybox", "sh", "-c",
    "busybox ls / >/dev/null; echo said | busybox cat; busybox chmod 600 /hosts; busybox sleep 0"};

TEST_P(SeccompProfile, TheLeastIsEnoughAndNotTooMuch) {
  const Ended recorded = record(read_profile("docker-default"), kProgram);
  ASSERT_EQ(recorded.status, 0) << recorded.text;
  const json least = profile_of_trace();
  const Ended under = run("", least, kProgram);
  EXPECT_EQ(under.status, 0) << under.text << least.dump(1);
  EXPECT_EQ(under.text, "said\n");
  EXPECT_EQ(mode(), 0600U);
  for (const char* name : {"chmod", "execve", "pipe2"}) {
    json less = least;
    for (json& rule : less["syscalls"]) {
      json names = json::array();
      for (const json& one : rule["names"]) {
        if (one != name) {
          names.push_back(one);
        }
      }
      rule["names"] = names;
    }
    ASSERT_NE(less, least) << name;
    EXPECT_NE(run("", less, kProgram).text, "said\n") << "without " << name;
  }
}

// What only the runtime calls, between the installation and the exec, is a rule of its own: behind
// the one for the program.
TEST_P(SeccompProfile, TheRuntimesCallsAreToldApart) {
  const Ended recorded = record(read_profile("docker-default"), {"/bin/thirty_two"});
  ASSERT_EQ(recorded.status, 7) << recorded.text;
  const json least = profile_of_trace();
  ASSERT_EQ(least["syscalls"].size(), 2U) << least.dump(1);
  EXPECT_EQ(least["syscalls"][0]["names"], (json{"exit", "write"}));
  EXPECT_THAT(least["syscalls"][1]["names"].get<std::vector<std::string>>(),
              ::testing::Contains("execve"));
  const Ended under = run("", least, {"/bin/thirty_two"});
  EXPECT_EQ(under.status, 7) << under.text;
}

TEST_P(SeccompProfile, AnEditPermitsWhatWasRefusedAndNothingElse) {
  const std::vector<std::string> chmod = {"/bin/busybox", "chmod", "600", "/hosts"};
  ASSERT_EQ(record(read_profile("docker-chmod"), chmod).status, 1);
  const std::string original =
      std::string(BOXTRACE_SOURCE_DIR) + "/tests/filters/docker-chmod.profile.json";
  const json edited = profile_of_trace(" --edit " + original);
  ASSERT_EQ(edited["syscalls"].size(), 1U) << edited.dump(1);
  EXPECT_EQ(edited["syscalls"][0]["names"], (json{"fchmod", "fchmodat"}));
  EXPECT_EQ(edited["defaultAction"], "SCMP_ACT_ALLOW");
  EXPECT_EQ(run("", edited, chmod).status, 0);
  EXPECT_EQ(mode(), 0600U);
}

INSTANTIATE_TEST_SUITE_P(Under, SeccompProfile, ::testing::Values("boxrun", "runc"), runtime_name);

}  // namespace
}  // namespace boxtrace::cli
