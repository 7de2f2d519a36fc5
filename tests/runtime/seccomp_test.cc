// System call filters.

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

#include "tests/runtime/container_fixture.h"

namespace boxrun::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class Seccomp : public ContainerTest {
 protected:
  void refuse(const std::vector<std::string>& names, const json& extra = json::object()) {
    json rule = {{"names", names}, {"action", "SCMP_ACT_ERRNO"}};
    rule.update(extra);
    config["linux"]["seccomp"] = {{"defaultAction", "SCMP_ACT_ALLOW"},
                                  {"architectures", {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"}},
                                  {"syscalls", json::array({rule})}};
  }
};

TEST_F(Seccomp, ARefusedCallFailsWithEperm) {
  refuse({"mkdir", "mkdirat"});
  EXPECT_THAT(run_script("mkdir /tmp/x").err, HasSubstr("Operation not permitted"));
  EXPECT_EQ(output_of("grep -E '^Seccomp:' /proc/self/status"), "Seccomp:\t2");
}

TEST_F(Seccomp, TheErrnoIsTheConfigs) {
  refuse({"mkdir", "mkdirat"}, {{"errnoRet", 28}});
  EXPECT_THAT(run_script("mkdir /tmp/x").err, HasSubstr("No space left on device"));
}

TEST_F(Seccomp, ArgumentsAreCompared) {
  // 0755 is refused, other modes are not.
  config["root"]["readonly"] = false;
  refuse({"chmod", "fchmodat"},
         {{"args", {{{"index", 1}, {"value", 0755}, {"op", "SCMP_CMP_EQ"}}}}});
  const Ended ended = run_script("touch /tmp/f; chmod 755 /tmp/f; chmod 700 /tmp/f && echo fine");
  EXPECT_THAT(ended.err, HasSubstr("Operation not permitted"));
  EXPECT_EQ(ended.out, "fine\n");
}

TEST_F(Seccomp, AKilledCallKillsTheProcess) {
  config["linux"]["seccomp"] = {
      {"defaultAction", "SCMP_ACT_ALLOW"},
      {"syscalls", {{{"names", {"mkdir", "mkdirat"}}, {"action", "SCMP_ACT_KILL_PROCESS"}}}}};
  EXPECT_EQ(run_script("mkdir /tmp/x; echo $?").out, "159\n");  // 128 + SIGSYS
}

TEST_F(Seccomp, WithoutNoNewPrivilegesTheFilterIsLoadedAsWell) {
  config["process"]["noNewPrivileges"] = false;
  refuse({"mkdir", "mkdirat"});
  EXPECT_THAT(run_script("mkdir /tmp/x").err, HasSubstr("Operation not permitted"));
}

TEST_F(Seccomp, HooksOfTheImageAreFilteredAsWell) {
  config["root"]["readonly"] = false;
  config["hooks"] = {
      {"startContainer", {{{"path", "/bin/mkdir"}, {"args", {"mkdir", "/tmp/by-the-hook"}}}}}};
  const auto is_made = [this] { return std::filesystem::remove(rootfs("/tmp/by-the-hook")); };
  const json open = config;
  for (const bool no_new_privileges : {true, false}) {
    config["process"]["noNewPrivileges"] = no_new_privileges;
    refuse({"mkdir", "mkdirat"});
    const Ended ended = run_script("echo started");
    EXPECT_EQ(ended.status, 1);
    EXPECT_EQ(ended.out, "");
    EXPECT_THAT(ended.err, HasSubstr("Operation not permitted"));
    EXPECT_THAT(ended.err,
                HasSubstr("error: /hooks/startContainer/0: run 1 startContainer hook under the "
                          "seccomp filter: hook /bin/mkdir ended with status 1\n"
                          "hint: startContainer's hooks run under the container's filter, "
                          "/linux/seccomp\n"));
    EXPECT_FALSE(is_made());
    config["linux"]["seccomp"]["syscalls"][0]["action"] = "SCMP_ACT_KILL_PROCESS";
    EXPECT_THAT(run_script("true").err, HasSubstr("hook /bin/mkdir was killed by SIGSYS"));
    config = open;
    EXPECT_EQ(output_of("echo started"), "started");
    EXPECT_TRUE(is_made());
  }
}

TEST_F(Seccomp, WhatConfinesTheProgramConfinesHooksOfTheImage) {
  config["root"]["readonly"] = false;
  config["process"]["cwd"] = "/tmp";
  config["process"]["user"] = {{"uid", 7}, {"gid", 8}, {"umask", 027}, {"additionalGids", {9, 10}}};
  config["process"]["rlimits"] = {{{"type", "RLIMIT_CORE"}, {"soft", 1}, {"hard", 2}}};
  std::filesystem::permissions(rootfs("/tmp"), std::filesystem::perms::all);
  refuse({"mkdir"});
  const std::string look =
      "pwd; umask; grep -E '^(Uid|Gid|Groups|Cap|NoNew|Seccomp)' /proc/self/status; "
      "cat /proc/self/limits /proc/self/cgroup; ls -l /proc/self/ns; ls /proc/self/fd";
  config["hooks"] = {
      {"startContainer",
       {{{"path", "/bin/sh"}, {"args", {"sh", "-c", "{ " + look + "; } > /tmp/of-hook"}}}}}};
  for (const bool no_new_privileges : {true, false}) {
    config["process"]["noNewPrivileges"] = no_new_privileges;
    config["process"]["args"] = {"sh", "-c", "{ " + look + "; } > /tmp/of-program"};
    write_config();
    const Ended ended = boxrun({"run", "-b", folder + "/bundle", id});
    EXPECT_EQ(ended.status, 0) << ended.err;
    const std::string seen = read_text(rootfs("/tmp/of-hook"));
    EXPECT_THAT(seen, HasSubstr("Seccomp:\t2"));
    EXPECT_EQ(seen, read_text(rootfs("/tmp/of-program")));
  }
}

TEST_F(Seccomp, NamesThatNoKernelHasAreLeftOut) {
  refuse({"mkdir", "mkdirat", "call_of_the_future"});
  config["process"]["args"] = {"true"};
  write_config();
  const Ended ended = boxrun({"--debug", "run", "-b", folder + "/bundle", id});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("unknown system calls left out: call_of_the_future"));
}

/// The profile that Debian's container packages install, translated the way engines do: rules
/// whose conditions (architecture, capabilities) hold for this container.
json default_profile(const json& source, const std::vector<std::string>& capabilities) {
  const auto holds = [&capabilities](const json& condition) {
    for (const json& capability : condition.value("caps", json::array())) {
      if (std::find(capabilities.begin(), capabilities.end(), capability) == capabilities.end()) {
        return false;
      }
    }
    for (const json& architecture : condition.value("arches", json::array())) {
      if (architecture == "amd64") {
        return true;
      }
    }
    return condition.value("arches", json::array()).empty();
  };
  const auto excludes = [&holds](const json& condition) {
    return !condition.empty() && holds(condition);
  };
  json rules = json::array();
  for (const json& rule : source["syscalls"]) {
    if (!holds(rule.value("includes", json::object())) ||
        excludes(rule.value("excludes", json::object()))) {
      continue;
    }
    json translated = {{"names", rule["names"]}, {"action", rule["action"]}};
    if (rule.contains("errnoRet")) {
      translated["errnoRet"] = rule["errnoRet"];
    }
    if (rule.contains("args") && !rule["args"].is_null()) {
      translated["args"] = rule["args"];
    }
    rules.push_back(translated);
  }
  return {{"defaultAction", source["defaultAction"]},
          {"defaultErrnoRet", source.value("defaultErrnoRet", 1)},
          {"architectures", {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"}},
          {"syscalls", rules}};
}

TEST_F(Seccomp, TheDefaultProfileOfTheEnginesWorks) {
  const char* path = "/usr/share/containers/seccomp.json";
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "needs " << path << " (package golang-github-containers-common)";
  }
  const json profile = default_profile(json::parse(read_text(path)), {"CAP_KILL"});
  ASSERT_GT(profile["syscalls"].size(), 5U);
  grant_all_capabilities();
  EXPECT_EQ(run_script("chroot / true").status, 0);
  for (const bool no_new_privileges : {true, false}) {
    config["process"]["noNewPrivileges"] = no_new_privileges;
    config["linux"]["seccomp"] = profile;
    EXPECT_EQ(output_of("ls / > /dev/null && sed -n 's/^Seccomp:\t//p' /proc/self/status"), "2");
    // The profile is for containers without CAP_SYS_CHROOT. This one has it: only the filter can
    // refuse.
    EXPECT_THAT(run_script("chroot / true").err, HasSubstr("Operation not permitted"));
  }
}

}  // namespace
}  // namespace boxrun::tests
