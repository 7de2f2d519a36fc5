// Ways of failing that no look at config.json foresees: programs that cannot be run, hooks that
// fail or hang, rights that are missing, system calls that the kernel refuses. Each is told with
// the setting, the step, the call with its arguments, the errno and, where it can be known, what to
// do; and nothing is left behind, which the fixture checks.

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "tests/runtime/container_fixture.h"

namespace boxrun::tests {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

class Failures : public ContainerTest {
 protected:
  void expect_failure(const Ended& ended, const std::string& text, int status = -1) {
    EXPECT_NE(ended.status, 0) << text;
    if (status >= 0) {
      EXPECT_EQ(ended.status, status) << ended.err;
    }
    EXPECT_THAT(ended.err, HasSubstr(text));
    EXPECT_EQ(boxrun({"list", "-q"}).out, "");
  }
  void put_program(const std::string& path, const std::string& text, mode_t mode = 0755) const {
    write_text(rootfs(path), text);
    ::chmod(rootfs(path).c_str(), mode);
  }
  /// boxrun without some capabilities.
  Ended run_without(const std::string& capabilities) {
    write_config();
    return run_command(
        {{"setpriv", "--bounding-set", "-" + capabilities, "--inh-caps", "-" + capabilities,
          BOXRUN_PROGRAM, "--root", folder + "/state", "run", "-b", folder + "/bundle", id}});
  }
};

TEST_F(Failures, AProgramThatCannotBeRun) {
  put_program("/bin/script", "#!/bin/nosuch -x\n");
  put_program("/bin/windows", "#!/bin/sh\r\necho\r\n");
  put_program("/bin/text", "echo no first line\n", 0644);
  put_program("/bin/garbage", "neither a program nor a script\n");
  fs::copy_file("/bin/ls", rootfs("/bin/dynamic"));
  fs::create_symlink("nowhere", rootfs("/bin/dangling"));
  const std::vector<std::tuple<const char*, const char*, int>> cases = {
      {"/bin/nosuch", "/process/args/0: exec: \"/bin/nosuch\": no such file or directory", 127},
      {"nosuch",
       "exec: \"nosuch\": executable file not found in $PATH\nhint: PATH of the container "
       "is /usr/local/sbin",
       127},
      {"/bin/script",
       "exec: \"/bin/script\": no such file or directory\nhint: /bin/script exists; "
       "its interpreter /bin/nosuch does not",
       127},
      {"/bin/windows", "hint: /bin/windows exists, but its first line ends in a carriage return",
       127},
      {"/bin/dynamic", "hint: /bin/dynamic exists; its interpreter /lib", 127},
      {"/bin/dangling", "exec: \"/bin/dangling\": no such file or directory", 127},
      {"/bin/text", "exec: \"/bin/text\": permission denied\nhint: it has no execute permission",
       126},
      {"/bin", "exec: \"/bin\": permission denied\nhint: it is a directory", 126},
      {"/bin/garbage",
       "exec: \"/bin/garbage\": exec format error\nhint: no program of this "
       "machine's architecture, nor a script with a #! line",
       126},
      {"/etc/passwd/x", "exec: \"/etc/passwd/x\": ", 126},
  };
  for (const auto& [program, text, status] : cases) {
    config["process"]["args"] = {program};
    expect_failure(run(), text, status);
  }
  config["mounts"].push_back({{"destination", "/noexec"},
                              {"type", "bind"},
                              {"source", rootfs("/bin")},
                              {"options", {"rbind", "noexec"}}});
  config["process"]["args"] = {"/noexec/busybox"};
  expect_failure(run(), "hint: a parent directory, a noexec mount or the user may be the reason",
                 126);
}

TEST_F(Failures, HooksThatFailOrHang) {
  const json sleeper = {{"path", "/bin/sleep"}, {"args", {"sleep", "100"}}, {"timeout", 1}};
  const json liar = {{"path", "/bin/sh"}, {"args", {"sh", "-c", "exit 3"}}};
  const json suicide = {{"path", "/bin/sh"}, {"args", {"sh", "-c", "kill -9 $$"}}};
  const json fine = {{"path", "/bin/true"}};
  const std::vector<std::tuple<const char*, json, const char*>> cases = {
      {"prestart", json::array({liar}), "/hooks/prestart/0: hook /bin/sh ended with status 3"},
      {"createRuntime",
       {fine, suicide},
       "/hooks/createRuntime/1: hook /bin/sh was killed by SIGKILL"},
      {"createRuntime", json::array({{{"path", "/nosuch"}}}),
       "/hooks/createRuntime/0: execve(hook \"/nosuch\"): No such file or directory (ENOENT)\n"
       "hint: hooks are programs of the host"},
      {"createRuntime", json::array({{{"path", "/etc/passwd"}}}),
       "/hooks/createRuntime/0: execve(hook \"/etc/passwd\"): Permission denied (EACCES)\n"
       "hint: the hook needs execute permission"},
      {"createRuntime", json::array({sleeper}),
       "/hooks/createRuntime/0: hook /bin/sleep ran longer than its timeout of 1 s"},
      {"createContainer", json::array({liar}),
       "/hooks/createContainer/0: run 1 createContainer hook: hook /bin/sh ended with status 3"},
      {"createContainer", {fine, fine, sleeper}, "/hooks/createContainer/2: "},
      {"startContainer",
       {fine, liar},
       "/hooks/startContainer/1: run 2 startContainer hooks: hook /bin/sh ended with status 3"},
  };
  for (const auto& [kind, hooks, text] : cases) {
    config["hooks"] = {{kind, hooks}};
    config["process"]["args"] = {"true"};
    expect_failure(run(), text);
  }
}

TEST_F(Failures, MountsAndFiles) {
  const auto mount = [](const char* destination, const char* type, const std::string& source,
                        std::vector<std::string> options = {}) -> json {
    return {{"destination", destination}, {"type", type}, {"source", source}, {"options", options}};
  };
  const std::vector<std::pair<std::vector<json>, const char*>> cases = {
      {{mount("/mnt", "nosuchfs", "none")},
       "No such device (ENODEV)\nhint: the kernel does not know the filesystem \"nosuchfs\""},
      {{mount("/etc/passwd", "tmpfs", "tmpfs")},
       "Not a directory (ENOTDIR)\nhint: the destination is a file"},
      {{mount("/etc/passwd/below", "tmpfs", "tmpfs")},
       "Not a directory (ENOTDIR)\nhint: a part of the path that should be a directory is a file"},
      {{mount("/mnt", "tmpfs", "tmpfs", {"nr_inodes=2"}), mount("/mnt/a/b", "tmpfs", "tmpfs")},
       "mkdir(\"<rootfs>/mnt/a/b\"): No space left on device (ENOSPC)"},
      {{mount("/mnt", "bind", folder, {"bind", "ro"}), mount("/mnt/a", "tmpfs", "tmpfs")},
       "mkdir(\"<rootfs>/mnt/a\"): Read-only file system (EROFS)"},
      {{mount("/mnt", "overlay", "overlay", {"lowerdir=/nosuch:/tmp"})},
       "hint: the source \"overlay\", or a path among the options, does not exist on the host"},
      {{mount("/mnt", "ext4", "/dev/nosuch")},
       "No such file or directory (ENOENT)\nhint: the source \"/dev/nosuch\", or a path"},
      {{mount("/etc", "tmpfs", "tmpfs", {"size=4k", "tmpcopyup"}),
        mount("/etc", "tmpfs", "tmpfs", {"nr_inodes=2", "tmpcopyup"})},
       "No space left on device (ENOSPC)\nhint: the tmpfs is too small for what the image has"},
  };
  for (const auto& [mounts, text] : cases) {
    const json saved = config;
    config["root"]["readonly"] = false;
    for (const json& one : mounts) {
      config["mounts"].push_back(one);
    }
    config["process"]["args"] = {"true"};
    expect_failure(run(), text);
    config = saved;
  }
  config["linux"]["devices"] = {
      {{"path", "/etc/passwd/null"}, {"type", "c"}, {"major", 1}, {"minor", 3}}};
  config["process"]["args"] = {"true"};
  expect_failure(run(), "/linux/devices/0: make device /etc/passwd/null (c 1:3): ");
}

TEST_F(Failures, CgroupsAndLimits) {
  config["process"]["args"] = {"true"};
  const std::vector<std::tuple<const char*, json, const char*>> cases = {
      {"/linux/cgroupsPath", "/", "/linux/cgroupsPath: \"/\" is the root of the hierarchy"},
      {"/linux/cgroupsPath", "/a/../../b", "/linux/cgroupsPath: must not contain \"..\""},
      {"/linux/resources/cpu/shares", "many", "/linux/resources/cpu/shares: expected an integer"},
      {"/linux/resources/cpu/quota", 1, "/linux/resources/cpu/quota: write("},
      {"/linux/resources/cpu/mems", "77", "/linux/resources/cpu/mems: write("},
      {"/linux/resources/hugepageLimits",
       {{{"pageSize", "3MB"}, {"limit", 0}}},
       "/linux/resources/hugepageLimits/0: "},
      {"/linux/resources/unified/memory.nosuch", "1", "/linux/resources/unified/memory.nosuch: "},
      {"/linux/resources/blockIO/throttleReadBpsDevice",
       {{{"major", 4000}, {"minor", 1}, {"rate", 1024}}},
       "/linux/resources/blockIO/throttleReadBpsDevice/0: write("},
      {"/linux/resources/rdma/mlx5_1/hcaHandles", 3, "/linux/resources/rdma/mlx5_1: "},
      {"/process/rlimits",
       {{{"type", "RLIMIT_NOFILE"}, {"soft", 1}, {"hard", 4000000000U}}},
       "/process/rlimits/0: limit RLIMIT_NOFILE to 1 (hard 4000000000): setrlimit("},
  };
  for (const auto& [pointer, value, text] : cases) {
    const json saved = config;
    config[json::json_pointer{pointer}] = value;
    expect_failure(run(), text);
    config = saved;
  }
}

TEST_F(Failures, RightsThatAreMissing) {
  config["process"]["args"] = {"true"};
  expect_failure(run_without("sys_admin"),
                 "Operation not permitted (EPERM)\nhint: new namespaces need CAP_SYS_ADMIN");
  const json with_namespaces = config;
  config.erase("hostname");
  config["linux"] = {{"resources", config["linux"]["resources"]}};
  // In version 2 device rules are a program, for which there are capabilities of its own.
  if (has_cgroup2_alone()) {
    expect_failure(run_without("sys_admin,-bpf,-net_admin"),
                   "/linux/resources/devices: bpf(BPF_PROG_LOAD, BPF_PROG_TYPE_CGROUP_DEVICE, ");
  } else {
    expect_failure(run_without("sys_admin"), "/linux/resources/devices/0: write(");
  }
  config = with_namespaces;
  config["linux"].erase("resources");
  const json saved = config;
  config["process"]["user"] = {{"uid", 7}, {"gid", 7}};
  expect_failure(run_without("setuid"),
                 "/process/user: become uid 7, gid 7: setresuid(7): Operation not permitted "
                 "(EPERM)\nhint: needs CAP_SETUID and CAP_SETGID");
  expect_failure(run_without("setgid"), "/process/user: become uid 7, gid 7: set");
  config = saved;
  expect_failure(run_without("mknod"), "hint: needs CAP_MKNOD and a devices cgroup that allows it");
  expect_failure(run_without("setpcap"),
                 "/process/capabilities/bounding: bounding set: keep CAP_KILL CAP_NET_BIND_SERVICE "
                 "CAP_AUDIT_WRITE: prctl(PR_CAPBSET_DROP");
  // What cannot be granted is a warning: the container runs with what there is.
  const Ended ended = run_without("audit_write");
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("CAP_AUDIT_WRITE cannot be granted: boxrun does not have it"));
}

TEST_F(Failures, ARootFilesystemThatTheUserNamespaceCannotReach) {
  map_users(100000, 65536);
  config["process"]["args"] = {"true"};
  ASSERT_EQ(::chmod(folder.c_str(), 0700), 0);
  expect_failure(run(),
                 "MS_PRIVATE): Permission denied (EACCES)\nhint: root of the user namespace is an "
                 "ordinary user outside");
}

/// A state directory that takes one more thing after the other: each refusal says so and takes back
/// what there is.
TEST_F(Failures, AFullDisk) {
  config["process"]["args"] = {"true"};
  config["linux"]["cgroupsPath"] = "/" + id;
  write_config();
  const std::string state = folder + "/small";
  fs::create_directory(state);
  const std::vector<std::pair<const char*, std::string>> cases = {
      {"nr_inodes=1", "keep the container's state: mkdir(\"" + state + "/" + id + "\"): "},
      {"nr_inodes=2", "keep the container's state: open(\"" + state + "/" + id + "/state.json.new"},
      // state.json is written once more where there is cgroup v2 beside version 1.
      {"nr_inodes=3", "keep the container's state: open(\"" + state + "/" + id + "/"},
      {"nr_inodes=4", "record the state: created: keep the container's state: open("},
      {"size=4k", "keep the container's state: write(\"" + state + "/" + id + "/"},
      {"size=8k", "record the state: created: keep the container's state: write("},
      {"ro", "keep the container's state: mkdir("},
  };
  for (const auto& [options, text] : cases) {
    SCOPED_TRACE(options);
    const Ended ended = run_command(
        {{"unshare", "-m", "--propagation", "private", "sh", "-c",
          "mount -t tmpfs -o \"$0\" none \"$1\" && shift && \"$@\"; find \"$2\" -mindepth 1",
          options, state, BOXRUN_PROGRAM, "--root", state, "run", "-b", folder + "/bundle", id}});
    EXPECT_THAT(ended.err, HasSubstr(text));
    EXPECT_THAT(ended.err, HasSubstr(std::string_view{options} == "ro"
                                         ? "Read-only file system (EROFS)\nhint: choose a state "
                                           "directory that can be written with --root"
                                         : "No space left on device (ENOSPC)\nhint: the state "
                                           "directory is full: see `df` and `df -i` for it"));
    EXPECT_EQ(ended.out, "");
    EXPECT_THAT(find_traces(id), ::testing::IsEmpty());
  }
}

/// A limit that the kernel can only give to groups whose parents have no processes.
TEST_F(Failures, AParentWithProcessesGivesNoControllers) {
  const bool is_alone = has_cgroup2_alone();
  const std::string parent = (is_alone ? "/sys/fs/cgroup/" : "/sys/fs/cgroup/unified/") + mark;
  const std::string controllers = read_text(is_alone ? "/sys/fs/cgroup/cgroup.controllers"
                                                     : "/sys/fs/cgroup/unified/cgroup.controllers");
  if (controllers.find("hugetlb") == std::string::npos) {
    GTEST_SKIP() << "no hugetlb in cgroup v2";
  }
  fs::create_directory(parent);
  const auto enter = [](const std::string& group) {
    write_text(group + "/cgroup.procs", std::to_string(::getpid()));
  };
  const std::string own = read_text("/proc/self/cgroup");
  const auto start = own.find("0::/") + 3;
  enter(parent);
  config["process"]["args"] = {"true"};
  config["linux"]["cgroupsPath"] = "/" + mark + "/inner";
  config["linux"]["resources"]["hugepageLimits"] = {{{"pageSize", "2MB"}, {"limit", 2097152}}};
  expect_failure(run(), "hint: a cgroup with processes of its own cannot limit those below it");
  enter((is_alone ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified") +
        own.substr(start, own.find('\n', start) - start));
  EXPECT_EQ(::rmdir(parent.c_str()), 0);
}

/// A system call of boxrun or init that strace makes fail.
TEST_F(Failures, CallsThatTheKernelRefuses) {
  if (run_command({{"strace", "-V"}}).status != 0) {
    GTEST_SKIP() << "needs strace";
  }
  config["process"]["args"] = {"true"};
  config["linux"]["seccomp"] = {
      {"defaultAction", "SCMP_ACT_ALLOW"},
      {"syscalls", {{{"names", {"acct"}}, {"action", "SCMP_ACT_ERRNO"}}}}};
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"pivot_root:error=EINVAL",
       "/root/path: pivot_root into the root filesystem, detach the old "
       "root: pivot_root(\".\", \".\"): Invalid argument (EINVAL)\nhint: "
       "the host's root may be a ramfs"},
      {"sethostname:error=EPERM",
       "/hostname: sethostname boxrun: sethostname(\"boxrun\"): Operation "
       "not permitted (EPERM)\nhint: needs CAP_SYS_ADMIN in the user namespace that the UTS "
       "namespace belongs to"},
      {"umount2:error=EBUSY", "umount2(old root, MNT_DETACH): Device or resource busy (EBUSY)"},
      {"capset:error=EPERM", "/process/capabilities: capabilities: effective"},
      {"capset:error=EPERM",
       "(EPERM)\nhint: a seccomp filter or security module that boxrun was started under may"},
      {"clone3:error=ENOSPC",
       "No space left on device (ENOSPC)\nhint: a limit is reached: see "
       "/proc/sys/user/max_*_namespaces"},
      {"unshare:error=ENOSPC",
       "unshare: new network: unshare(0x40000000): No space left on device (ENOSPC)\nhint: a limit "
       "below /proc/sys/user/max_*_namespaces is reached"},
      {"seccomp:error=EINVAL:when=1",
       "/linux/seccomp: load the seccomp filter of 1 rule: "
       "seccomp(SECCOMP_SET_MODE_FILTER"},
      {"close_range:error=ENOSYS", "hint: boxrun needs Linux 5.11 for this"},
      {"setrlimit,prlimit64:error=EPERM", "/process/rlimits/0: limit RLIMIT_NOFILE"},
      {"mknodat:error=EPERM", "hint: needs CAP_MKNOD"},
      {"getcwd:error=ENOENT",
       "getcwd() after chdir(\"/\"): No such file or directory (ENOENT)\nhint: "
       "the directory was removed while the container was made"},
      {"setgroups:error=EINVAL",
       "/process/user: become uid 0, gid 0: setgroups(0 groups): Invalid "
       "argument (EINVAL)"},
      {"symlinkat:error=ENOSPC",
       "link /dev/fd -> /proc/self/fd: symlink(\"/proc/self/fd\", "
       "\"<rootfs>/dev/fd\"): No space left on device (ENOSPC)\nhint: the filesystem is full, of "
       "bytes or of inodes"},
      {"openat2:error=ENOSYS",
       "Function not implemented (ENOSYS)\nhint: boxrun needs openat2(2), "
       "which Linux has since 5.6"},
      {"fchdir:error=EACCES", "fchdir(root filesystem): Permission denied (EACCES)"},
  };
  write_config();
  for (const auto& [injection, text] : cases) {
    const Ended ended = run_command(
        {{"strace", "-f", "-qq", "-o", "/dev/null", "-e", std::string{"inject="} + injection,
          BOXRUN_PROGRAM, "--root", folder + "/state", "run", "-b", folder + "/bundle", id}});
    SCOPED_TRACE(injection);
    expect_failure(ended, text);
  }
}

}  // namespace
}  // namespace boxrun::tests
