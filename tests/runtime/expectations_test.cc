// What people expect of a runtime because the others do it: each found by running the test suites
// of runc and crun (docs/conformance.md), and written here anew.

#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/runtime/container_fixture.h"

namespace boxrun::tests {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class Expectations : public ContainerTest {
 protected:
  void add_mount(const std::string& destination, const std::string& type, const std::string& source,
                 const std::vector<std::string>& options) {
    config["mounts"].push_back(
        {{"destination", destination}, {"type", type}, {"source", source}, {"options", options}});
  }
  Ended create() {
    config["process"]["args"] = {"sleep", "1000"};
    write_config();
    return boxrun({"create", "--pid-file", folder + "/pid", "-b", folder + "/bundle", id});
  }
  static json shell_hook(const std::string& script) {
    return {{"path", "/bin/sh"}, {"args", {"sh", "-c", script}}};
  }
};

TEST_F(Expectations, SpecIsAShellOnATerminal) {
  fs::create_directory(folder + "/made");
  ASSERT_EQ(boxrun({"spec", "-b", folder + "/made"}).status, 0);
  const json spec = json::parse(read_text(folder + "/made/config.json"));
  EXPECT_EQ(spec["process"]["terminal"], true);
  config = spec;
  EXPECT_EQ(has_namespace("cgroup"), has_cgroup2_alone());
}

TEST_F(Expectations, AHookThatFailsAfterTheStartEndsTheContainer) {
  config["hooks"] = {{"poststart", {{{"path", "/bin/false"}}}},
                     {"poststop", {shell_hook("echo gone > " + folder + "/log")}}};
  const std::string text = "error: /hooks/poststart/0: hook /bin/false ended with status 1";
  const Ended ended = run_script("sleep 1000");
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr(text));
  EXPECT_EQ(read_text(folder + "/log"), "gone\n");
  ASSERT_EQ(create().status, 0);
  const Ended started = boxrun({"start", id});
  EXPECT_EQ(started.status, 1);
  EXPECT_THAT(started.err, HasSubstr(text));
  EXPECT_EQ(boxrun({"list", "-q"}).out, "");
}

TEST_F(Expectations, WhatAFailingHookSaysIsHeardWithATerminalToo) {
  for (const bool terminal : {false, true}) {
    config["process"]["terminal"] = terminal;
    for (const char* kind : {"createContainer", "startContainer"}) {
      config["hooks"] = {{kind, {shell_hook("echo one >&2; echo the reason >&2; exit 3")}}};
      const Ended ended = run_script("echo started");
      EXPECT_EQ(ended.status, 1);
      EXPECT_EQ(ended.out, "");
      EXPECT_THAT(ended.err, HasSubstr("one\nthe reason\nerror: /hooks/"));
      EXPECT_THAT(ended.err, HasSubstr("hook /bin/sh ended with status 3"));
    }
    config.erase("hooks");
    config["linux"]["sysctl"] = {{"net.ipv4.nosuch", "1"}};
    EXPECT_THAT(run_script("true").err, HasSubstr("error: /linux/sysctl"));
    config["linux"].erase("sysctl");
  }
}

TEST_F(Expectations, WhatHooksPrintGoesWhereAnnotationsSay) {
  json& hooks = config["hooks"];
  std::string all;
  for (const char* kind : {"prestart", "createRuntime", "createContainer", "startContainer",
                           "poststart", "poststop"}) {
    hooks[kind] = {shell_hook("echo " + std::string{kind} + "; echo failed >&2")};
    all += std::string{kind} + "\n";
  }
  config["annotations"]["run.oci.hooks.stdout"] = folder + "/out";
  const Ended ended = run_script("echo program");
  EXPECT_EQ(ended.out, "program\n");
  EXPECT_THAT(ended.err, HasSubstr("failed\nfailed\n"));
  EXPECT_EQ(read_text(folder + "/out"), all);
  config["annotations"]["run.oci.hooks.stderr"] = folder + "/err";
  ASSERT_EQ(create().status, 0);
  EXPECT_EQ(boxrun({"start", id}).err, "");
  EXPECT_EQ(boxrun({"delete", "--force", id}).err, "");
  EXPECT_EQ(read_text(folder + "/out"), all + all);
  EXPECT_EQ(read_text(folder + "/err"), "failed\nfailed\nfailed\nfailed\nfailed\nfailed\n");
  config["annotations"]["run.oci.hooks.stderr"] = folder + "/nosuch/err";
  EXPECT_THAT(run_script("true").err,
              HasSubstr("error: /annotations/run.oci.hooks.stderr: open(\"" + folder));
}

TEST_F(Expectations, HooksWithoutAnEnvironmentInheritOne) {
  ::setenv("BOXRUN_MARK", "of the caller", 1);
  config["process"]["env"] = {"PATH=/bin", "MARK=of the program"};
  const std::string log = folder + "/log";
  json with_own = shell_hook("echo \"own: $BOXRUN_MARK\" >> " + log);
  with_own["env"] = json::array();
  config["hooks"] = {
      {"createRuntime", {shell_hook("echo \"$BOXRUN_MARK\" >> " + log), with_own}},
      {"createContainer", {shell_hook("test -d proc -a -d bin && pwd >> " + log)}},
      {"startContainer", {shell_hook("test \"$MARK$HOME\" = 'of the program/root'")}}};
  EXPECT_EQ(output_of("pwd"), "/");
  EXPECT_EQ(read_text(log), "of the caller\nown: \n" + rootfs() + "\n");
  ::unsetenv("BOXRUN_MARK");
}

TEST_F(Expectations, GroupsOfTheCallerAreKeptWhereAnAnnotationAsksForIt) {
  write_text(folder + "/for-the-group", "readable");
  ASSERT_EQ(::chown((folder + "/for-the-group").c_str(), 64398, 64399), 0);
  ::chmod((folder + "/for-the-group").c_str(), 0640);
  const auto in_groups = [this](std::vector<std::string> words) {
    words.insert(words.begin(), {"setpriv", "--groups", "64397,64399", BOXRUN_PROGRAM, "--root",
                                 folder + "/state"});
    return run_command({std::move(words)});
  };
  const json plain = config;
  for (const bool has_users : {false, true}) {
    config = plain;
    config["process"]["user"] = {{"uid", 5}, {"gid", 5}, {"additionalGids", {7}}};
    if (has_users) {
      map_users(100000, 60000);
      ASSERT_EQ(::chown(rootfs().c_str(), 100000, 100000), 0);
    }
    config["root"]["readonly"] = false;
    add_mount("/mnt", "bind", folder + "/for-the-group", {"bind"});
    const auto run = [&](const char* words) {
      config["process"]["args"] = {"sh", "-c", words};
      write_config();
      return in_groups({"run", "-b", folder + "/bundle", id});
    };
    const char* look = "sed -n 's/^Groups:.//p' /proc/self/status; cat /mnt";
    for (const char* annotation : {"", "0"}) {
      if (*annotation != '\0') {
        config["annotations"] = {{"run.oci.keep_original_groups", annotation}};
      }
      const Ended set = run(look);
      EXPECT_EQ(set.out, "7 \n");
      EXPECT_THAT(set.err, HasSubstr("Permission denied"));
    }
    config["annotations"] = {{"run.oci.keep_original_groups", "1"}};
    const std::string kept = has_users ? "65534 65534 \nreadable" : "64397 64399 \nreadable";
    const Ended ended = run(look);
    EXPECT_EQ(ended.out, kept);
    EXPECT_THAT(ended.err, HasSubstr("warning: /process/user/additionalGids: left out: the "
                                     "annotation run.oci.keep_original_groups keeps the caller's"));
    ASSERT_GT(start_background(id), 0);
    EXPECT_EQ(in_groups({"exec", id, "sh", "-c", look}).out, kept);
    EXPECT_EQ(boxrun({"delete", "--force", id}).status, 0);
  }
}

TEST_F(Expectations, OfTwoVariablesTheLastCountsAndAnEmptyHomeIsNone) {
  config["process"]["env"] = {"A=1", "PATH=/bin", "A=2", "HOME=/x", "HOME="};
  EXPECT_EQ(output_of("env | grep -E '^(A|HOME)=' | sort"), "A=2\nHOME=/root");
  config["process"]["env"] = {"PATH=/nowhere", "PATH=/bin", "HOME=", "HOME=/x"};
  EXPECT_EQ(output_of("env | grep -c ^PATH=; echo $HOME"), "1\n/x");
}

TEST_F(Expectations, AListedDeviceIsANodeAndNoPermission) {
  config["linux"]["devices"] = {
      {{"path", "/dev/listed"}, {"type", "c"}, {"major", 1}, {"minor", 11}, {"fileMode", 0666}}};
  config["linux"]["resources"]["devices"] = {{{"allow", false}, {"access", "rwm"}}};
  const Ended ended = run_script("test -c /dev/listed && head -c 1 /dev/listed");
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("/dev/listed: Operation not permitted"));
}

TEST_F(Expectations, MountPointsBehindDanglingLinksAreMadeInside) {
  config["root"]["readonly"] = false;
  write_text(folder + "/source", "text");
  fs::create_symlink("/tmp/target", rootfs("/etc/file"));
  fs::create_symlink("/etc/hop", rootfs("/etc/folder"));
  fs::create_symlink("../tmp/deep", rootfs("/etc/hop"));
  add_mount("/etc/file", "bind", folder + "/source", {"bind"});
  add_mount("/etc/folder/a/file", "bind", folder + "/source", {"bind"});
  EXPECT_EQ(output_of("cat /tmp/target /tmp/deep/a/file"), "texttext");
  EXPECT_FALSE(fs::exists("/tmp/target"));
  EXPECT_FALSE(fs::exists("/tmp/deep"));
}

TEST_F(Expectations, AReadOnlyTmpfsIsFilledFirst) {
  for (json& mount : config["mounts"]) {
    if (mount["destination"] == "/dev") {
      mount["options"].push_back("ro");
    }
  }
  config["root"]["readonly"] = false;
  add_mount("/mnt", "tmpfs", "tmpfs", {"ro"});
  add_mount("/mnt/below", "tmpfs", "tmpfs", {});
  EXPECT_EQ(
      output_of("awk '$2==\"/dev\" || $2==\"/mnt\" {print $2, substr($4, 1, 3)}' /proc/mounts;"
                "echo x > /dev/null; touch /mnt/below/x && touch /dev/x /mnt/x; echo $?"),
      "/dev ro,\n/mnt ro,\n1");
}

TEST_F(Expectations, ATmpfsHasTheModeOfWhatItCovers) {
  config["root"]["readonly"] = false;
  fs::create_directory(rootfs("/private"));
  ::chmod(rootfs("/private").c_str(), 0710);
  add_mount("/private", "tmpfs", "tmpfs", {});
  add_mount("/new", "tmpfs", "tmpfs", {});
  EXPECT_EQ(output_of("stat -c %a /private /new"), "710\n1777");
  config["mounts"].back() = {
      {"destination", "/private"}, {"type", "tmpfs"}, {"options", {"size=1m", "mode=700"}}};
  EXPECT_EQ(output_of("stat -c %a /private"), "700");
}

TEST_F(Expectations, SourcesThatOnlyTheHostsRootCanReachAreBound) {
  fs::create_directories(folder + "/closed/source");
  write_text(folder + "/closed/source/file", "reached");
  ::chmod((folder + "/closed").c_str(), 0700);
  map_users(100000, 65536);
  ASSERT_EQ(::chown(rootfs().c_str(), 100000, 100000), 0);
  config["root"]["readonly"] = false;
  add_mount("/mnt", "bind", folder + "/closed/source", {"rbind", "ro", "nosuid"});
  EXPECT_EQ(output_of("cat /mnt/file; touch /mnt/x || awk '$2==\"/mnt\" {print substr($4, 1, 9)}' "
                      "/proc/mounts"),
            "reachedro,nosuid");
}

TEST_F(Expectations, FlagsOfTheSourceGoWhereTheOptionsNameOthersAndStayWhereTheyNameNone) {
  fs::create_directory(folder + "/source");
  ASSERT_EQ(::mount("tmpfs", (folder + "/source").c_str(), "tmpfs",
                    MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME, nullptr),
            0);
  config["root"]["readonly"] = false;
  const auto flags_with = [this](const std::vector<std::string>& options) {
    add_mount("/mnt", "bind", folder + "/source", options);
    const std::string flags = output_of("awk '$5==\"/mnt\" {print $6}' /proc/self/mountinfo");
    config["mounts"].erase(config["mounts"].size() - 1);
    return flags;
  };
  const char* all = "rw,nosuid,nodev,noexec,noatime";
  EXPECT_EQ(flags_with({"rbind", "rprivate"}), all);
  EXPECT_EQ(flags_with({"rbind", "ro"}), "ro,noatime");
  EXPECT_EQ(flags_with({"rbind", "rw"}), "rw,noatime");
  EXPECT_EQ(flags_with({"rbind", "nodev", "relatime"}), "rw,nodev,relatime");
  map_users(100000, 65536);
  EXPECT_EQ(::chown(rootfs().c_str(), 100000, 100000), 0);
  EXPECT_EQ(flags_with({"rbind", "rprivate"}), all);
  EXPECT_EQ(flags_with({"rbind", "ro"}), "ro,nosuid,nodev,noexec,noatime");
  EXPECT_EQ(flags_with({"rbind", "rw"}), all);
  add_mount("/mnt", "bind", folder + "/source", {"rbind", "exec"});
  const Ended ended = run_script("true");
  ::umount2((folder + "/source").c_str(), MNT_DETACH);
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("Operation not permitted (EPERM)\nhint: the source has flags "
                                   "(ro, nosuid, nodev, noexec, atime) that a user namespace may "
                                   "not take away: add them to the options"));
}

TEST_F(Expectations, SourcesInTheRootFilesystemShowTheMountsBeforeThem) {
  const MappableFolder tree{folder + "/tree"};
  fs::create_directories(folder + "/tree/one/below");
  fs::create_directory(folder + "/tree/two");
  write_text(folder + "/tree/one/file", "one\n");
  write_text(folder + "/tree/two/file", "two\n");
  ::chmod((folder + "/tree").c_str(), 0700);
  config["root"]["readonly"] = false;
  const json plain = config;
  const json ids = {{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
  for (const bool has_users : {false, true}) {
    for (const bool is_mapped : {false, true}) {
      for (const std::string& root : {std::string{}, rootfs()}) {
        config = plain;
        if (has_users) {
          map_users(100000, 65536);
          ASSERT_EQ(::chown(rootfs().c_str(), 100000, 100000), 0);
        }
        add_mount("/mnt", "bind", folder + "/tree/one", {"bind"});
        add_mount("/mnt/below", "bind", folder + "/tree/two", {"bind"});
        // Other runtimes take destinations as the host calls them, too.
        add_mount(root + "/final", "bind", rootfs("/mnt"), {"rbind"});
        if (is_mapped) {
          config["mounts"].back()["uidMappings"] = ids;
          config["mounts"].back()["gidMappings"] = ids;
        }
        const char* owner = has_users ? (is_mapped ? "0" : "65534") : (is_mapped ? "100000" : "0");
        EXPECT_EQ(output_of("cat /final/file /final/below/file; stat -c %u /final/file"),
                  std::string{"one\ntwo\n"} + owner);
      }
    }
  }
  EXPECT_FALSE(fs::exists(rootfs(folder)));
}

TEST_F(Expectations, LinksOfTheImageLeadNoSourceOutOfIt) {
  fs::create_directory(folder + "/secret");
  fs::create_symlink(folder + "/secret", rootfs("/link"));
  for (const bool is_mapped : {false, true}) {
    add_mount("/mnt", "bind", rootfs("/link"), {"rbind"});
    if (is_mapped) {
      const json ids = {{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
      config["mounts"].back()["uidMappings"] = ids;
      config["mounts"].back()["gidMappings"] = ids;
    }
    const Ended ended = run_script("true");
    EXPECT_EQ(ended.status, 1);
    EXPECT_THAT(ended.err, HasSubstr("error: /mounts/"));
    EXPECT_THAT(ended.err, HasSubstr("openat2(\"<rootfs>/link\", O_PATH, RESOLVE_IN_ROOT): No "
                                     "such file or directory (ENOENT)\nhint: the source is a path "
                                     "of the root filesystem, where neither the image nor a mount "
                                     "before this one has it\n"));
    config["mounts"].erase(config["mounts"].size() - 1);
  }
}

TEST_F(Expectations, WithoutPivotNoBareProcfsCanBeMounted) {
  // To map root of its own user namespace to the container's.
  const json one = {"CAP_SETFCAP"};
  config["process"]["capabilities"] = {{"bounding", one}, {"effective", one}, {"permitted", one}};
  config["process"]["args"] = {"unshare", "-mrpf", "sh", "-c", "mount -t proc none /proc"};
  write_config();
  const Ended ended = boxrun({"run", "--no-pivot", "-b", folder + "/bundle", id});
  EXPECT_NE(ended.status, 0);
  EXPECT_THAT(ended.err, HasSubstr("mount: permission denied"));
}

TEST_F(Expectations, ACreatedContainerHoldsNothingOfItsCaller) {
  fs::create_directory(folder + "/held");
  config["process"]["args"] = {"sleep", "1000"};
  write_config();
  const Ended ended = run_command({{BOXRUN_PROGRAM, "--root", folder + "/state", "create",
                                    "--pid-file", folder + "/pid", "-b", folder + "/bundle", id},
                                   0,
                                   {{7, folder + "/held"}}});
  ASSERT_EQ(ended.status, 0) << ended.err;
  for (const auto& entry : fs::directory_iterator{"/proc/" + read_text(folder + "/pid") + "/fd"}) {
    std::error_code gone;
    const std::string target = fs::read_symlink(entry.path(), gone);
    EXPECT_THAT(target, Not(HasSubstr("/held")));
    EXPECT_THAT(target, Not(HasSubstr("cgroup")));
  }
  EXPECT_EQ(boxrun({"kill", id, "0"}).status, 0);
  EXPECT_EQ(boxrun({"start", id}).status, 0);
  EXPECT_EQ(boxrun({"kill", id, "KILL"}).status, 0);
}

TEST_F(Expectations, ManyCanBeDeletedByAnExpression) {
  for (const char* name : {".one", ".two", ".other"}) {
    EXPECT_GT(start_background(mark + name), 0);
  }
  EXPECT_EQ(boxrun({"delete", "--force", "--regex", "t[w]o$|one"}).status, 0);
  EXPECT_EQ(boxrun({"list", "-q"}).out, mark + ".other\n");
  const Ended refused = boxrun({"delete", "--regex", "other"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("cannot be deleted: it is running"));
  EXPECT_THAT(boxrun({"delete", "--regex", "("}).err, HasSubstr("error: --regex \"(\": "));
}

TEST_F(Expectations, CgroupsCanBeDisabled) {
  config["process"]["args"] = {"cat", "/proc/self/cgroup"};
  drop_namespace("cgroup");
  write_config();
  const Ended ended = boxrun({"--cgroup-manager", "disabled", "run", "-b", folder + "/bundle", id});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(ended.out, read_text("/proc/self/cgroup"));
  EXPECT_THAT(ended.err, HasSubstr("/linux/resources: not applied"));
}

TEST_F(Expectations, SettingsThatContradictAreNamed) {
  config["hostname"] = "one";
  config["linux"]["sysctl"] = {{"kernel.hostname", "two"}};
  EXPECT_THAT(run_script("true").err,
              HasSubstr("/linux/sysctl: kernel.hostname: \"two\" contradicts /hostname: \"one\""));
  config["linux"]["sysctl"] = {{"kernel.hostname", "one"}};
  EXPECT_EQ(run_script("true").status, 0);
  config["linux"].erase("sysctl");
  if (!has_cgroup2_alone()) {
    config["linux"]["resources"]["unified"] = {{"memory.min", "131072"}};
    EXPECT_THAT(run_script("true").err,
                HasSubstr("invalid configuration: the memory controller is in cgroup v1 here"));
  }
}

}  // namespace
}  // namespace boxrun::tests
