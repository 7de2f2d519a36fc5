// Wrong configurations: each gets one clear error and leaves nothing behind, which the fixture
// checks after every test.

#include <gmock/gmock.h>

#include <filesystem>
#include <functional>

#include "tests/runtime/container_fixture.h"

namespace boxrun::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Mistake {
  const char* name;
  std::function<void(json&)> make;
  const char* error;  ///< what standard error has to hold
};

void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.name; }

class Mistakes : public ContainerTest, public ::testing::WithParamInterface<Mistake> {};

TEST_P(Mistakes, IsNamedAndLeavesNothing) {
  if (HasFatalFailure() || IsSkipped()) {
    return;
  }
  GetParam().make(config);
  const Ended ended = run();
  EXPECT_NE(ended.status, 0);
  EXPECT_EQ(ended.out, "");
  EXPECT_THAT(ended.err, HasSubstr("error: "));
  EXPECT_THAT(ended.err, HasSubstr(GetParam().error));
  EXPECT_EQ(boxrun({"list", "-q"}).out, "");
}

json mount_of(const char* destination, const char* type, const char* source,
              std::vector<std::string> options = {}) {
  return {{"destination", destination}, {"type", type}, {"source", source}, {"options", options}};
}

const Mistake kMistakes[] = {
    // Seen while reading.
    {"NamespaceMisspelt", [](json& c) { c["linux"]["namespaces"][0]["type"] = "nett"; },
     "config.json: /linux/namespaces/0/type: unknown namespace \"nett\""},
    {"NoProcess", [](json& c) { c.erase("process"); },
     "/process: is not set: there is no program to run"},
    {"NoProgram", [](json& c) { c["process"]["args"] = json::array(); },
     "/process/args: must name the program to run"},
    {"RelativeWorkingDirectory", [](json& c) { c["process"]["cwd"] = "tmp"; },
     "/process/cwd: \"tmp\" is not an absolute path"},
    {"NegativeUser", [](json& c) { c["process"]["user"]["uid"] = -1; },
     "/process/user/uid: -1 is not in the range from 0 to 4294967295"},
    {"RlimitUpsideDown", [](json& c) { c["process"]["rlimits"][0]["soft"] = 4096; },
     "/process/rlimits/0/soft: 4096 is above the hard limit 1024"},
    {"SysctlOfTheHost",
     [](json& c) {
       c["linux"]["sysctl"] = {{"kernel.panic", "1"}};
     },
     "/linux/sysctl/kernel.panic: is not a setting of a namespace"},
    {"HostnameWithoutNamespace",
     [](json& c) {
       c["linux"]["namespaces"] = {{{"type", "mount"}}};
     },
     "/hostname: needs a uts namespace"},
    {"SeccompActionMisspelt",
     [](json& c) {
       c["linux"]["seccomp"] = {{"defaultAction", "SCMP_ACT_DENY"}};
     },
     "/linux/seccomp/defaultAction: unknown seccomp action \"SCMP_ACT_DENY\""},
    {"UserNamespaceWithoutMaps",
     [](json& c) {
       c["linux"]["namespaces"].push_back({{"type", "user"}});
     },
     "/linux/uidMappings: a new user namespace needs a mapping"},
    {"VersionOfTheFuture", [](json& c) { c["ociVersion"] = "9.0.0"; },
     "/ociVersion: version 9.0.0 is not supported"},
    {"MemoryAsText", [](json& c) { c["linux"]["resources"]["memory"]["limit"] = "64M"; },
     "/linux/resources/memory/limit: expected an integer"},
    // Seen before anything is made.
    {"NoRootFilesystem", [](json& c) { c["root"]["path"] = "nosuch"; }, "/root/path: stat("},
    {"RootIsAFile", [](json& c) { c["root"]["path"] = "config.json"; },
     "config.json is not a directory"},
    {"NamespaceToJoinIsMissing",
     [](json& c) { c["linux"]["namespaces"][1]["path"] = "/run/netns/nosuch"; },
     "/linux/namespaces/1/path: open(\"/run/netns/nosuch\"): No such file or directory (ENOENT)"},
    // Refused by the kernel in the middle.
    {"ATmpfsWithoutRoomForDirectories",
     [](json& c) {
       c["mounts"].push_back(mount_of("/mnt", "tmpfs", "tmpfs", {"nr_inodes=2"}));
       c["mounts"].push_back(mount_of("/mnt/a/b", "tmpfs", "tmpfs"));
     },
     "/mounts/8: mount tmpfs on /mnt/a/b: mkdir(\"<rootfs>/mnt/a/b\"): No space left "
     "on "
     "device (ENOSPC)\nhint: the filesystem is full, of bytes or of inodes (df, df -i): a tmpfs "
     "takes"
     " more with size= and nr_inodes="},
    {"ADevWithoutRoomForDevices",
     [](json& c) {
       for (json& mount : c["mounts"]) {
         if (mount["destination"] == "/dev") {
           mount["options"] = {"mode=755", "nr_inodes=9"};
         }
       }
     },
     "No space left on device (ENOSPC)\nhint: the filesystem is full, of bytes or of inodes"},
    {"AProgramBelowAFile", [](json& c) { c["process"]["args"] = {"/bin/busybox/x"}; },
     "/process/args/0: exec: \"/bin/busybox/x\": Not a directory\nhint: a part of /bin/busybox/x "
     "that should be a directory is a file"},
    {"MountOptionUnknown",
     [](json& c) { c["mounts"].push_back(mount_of("/mnt", "tmpfs", "tmpfs", {"size=much"})); },
     "/mounts/7: mount tmpfs on /mnt (size=much): mount(\"tmpfs\", \"<rootfs>/mnt\", \"tmpfs\", "
     "0x0, "
     "\"size=much\"): Invalid argument (EINVAL)\nhint: "},
    {"BindSourceMissing",
     [](json& c) { c["mounts"].push_back(mount_of("/mnt", "bind", "/nosuch", {"bind"})); },
     "/mounts/7: bind /nosuch on /mnt (bind): open(\"/nosuch\", O_PATH): No such file or directory "
     "(ENOENT)\nhint: the source of the bind mount does not exist on the host"},
    {"DirectoryBoundOnAFile",
     [](json& c) { c["mounts"].push_back(mount_of("/etc/passwd", "bind", "/tmp", {"bind"})); },
     "/mounts/7: bind /tmp on /etc/passwd (bind): mount(\"/tmp\", \"<rootfs>/etc/passwd\", "
     "MS_BIND): "
     "Not a directory (ENOTDIR)"},
    {"ProgramMissing", [](json& c) { c["process"]["args"] = {"nosuch"}; },
     "/process/args/0: exec: \"nosuch\": executable file not found in $PATH"},
    {"UserNotMapped",
     [](json& c) {
       c["linux"]["namespaces"].push_back({{"type", "user"}});
       const json map = {{{"containerID", 0}, {"hostID", 100000}, {"size", 1000}}};
       c["linux"]["uidMappings"] = map;
       c["linux"]["gidMappings"] = map;
       c["process"]["user"]["uid"] = 5000;
     },
     "/process/user: become uid 5000, gid 0: setresuid(5000): Invalid "
     "argument "
     "(EINVAL)\nhint: id 5000 is not mapped in the user namespace"},
    {"SysctlValueRefused",
     [](json& c) {
       c["linux"]["sysctl"] = {{"net.ipv4.ip_forward", "maybe"}};
     },
     "/linux/sysctl/net.ipv4.ip_forward: write /proc/sys/net/ipv4/ip_forward \"maybe\": "
     "write(\"/proc/sys/net/ipv4/ip_forward\", \"maybe\"): Invalid argument (EINVAL)"},
    {"LimitRefused",
     [](json& c) {
       c["linux"]["resources"]["cpu"] = {{"cpus", "4000"}};
     },
     "/linux/resources/cpu/cpus: write("},
    {"MountOverProcfs",
     [](json& c) { c["mounts"].push_back(mount_of("/proc/self/attr", "tmpfs", "tmpfs")); },
     "/mounts/7: mount tmpfs on /proc/self/attr: "},
    {"DeviceOverAFile",
     [](json& c) {
       c["linux"]["devices"] = {
           {{"path", "/etc/passwd"}, {"type", "c"}, {"major", 1}, {"minor", 3}}};
     },
     "/linux/devices/0: make device /etc/passwd (c 1:3): mknod(\"<rootfs>/etc/passwd\", c, 1:3): "
     "File exists (EEXIST)"},
    {"WorkingDirectoryIsAFile", [](json& c) { c["process"]["cwd"] = "/etc/passwd"; },
     "/process/cwd: chdir /etc/passwd: chdir(\"/etc/passwd\"): Not a directory (ENOTDIR)"},
};

INSTANTIATE_TEST_SUITE_P(All, Mistakes, ::testing::ValuesIn(kMistakes),
                         [](const auto& one) { return std::string{one.param.name}; });

using MistakesOfTheCommandLine = ContainerTest;

TEST_F(MistakesOfTheCommandLine, AreNamedToo) {
  EXPECT_THAT(boxrun({"run", "-b", "/nosuch", id}).err, HasSubstr("realpath(\"/nosuch\")"));
  std::filesystem::create_directory(folder + "/empty");
  EXPECT_THAT(boxrun({"run", "-b", folder + "/empty", id}).err, HasSubstr("hint: name the bundle"));
  EXPECT_THAT(boxrun({"run", "-b", folder + "/bundle", "../x"}).err,
              HasSubstr("invalid container id \"../x\""));
  EXPECT_THAT(boxrun({"run", "--console-socket", "/x", "-b", folder + "/bundle", id}).err,
              HasSubstr("--console-socket: there is no terminal to send there"));
  EXPECT_EQ(boxrun({"spec", "-b", folder + "/bundle"}).status, 1) << "it must not replace a file";
}

TEST_F(MistakesOfTheCommandLine, AJsonMistakeNamesLineAndColumn) {
  write_text(folder + "/bundle/config.json", "{\n  \"ociVersion\": \"1.0.2\",,\n}\n");
  EXPECT_THAT(boxrun({"run", "-b", folder + "/bundle", id}).err,
              HasSubstr("config.json: line 2, column"));
}

}  // namespace
}  // namespace boxrun::tests
