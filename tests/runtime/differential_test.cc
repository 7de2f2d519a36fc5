// boxrun beside Debian's runc and crun: the same config, the same state of the process, its mounts,
// devices and cgroup. A row changes the base configuration in one way; a probe inside the container
// prints what came of it, in sections. Where runc and crun agree, boxrun has to agree with them;
// where they do not, with one of them. A section in which boxrun differs on purpose is named in the
// row, with the reason beside it.

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <map>
#include <sstream>

#include "tests/runtime/container_fixture.h"
#include "tests/runtime/other_runtimes.h"

namespace boxrun::tests {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Row {
  std::string name;
  std::function<void(json&)> change;
  std::string more = {};                  ///< more for the probe; its output is the section `more`
  std::vector<std::string> differs = {};  ///< sections that are not compared; why: see the row
};

/// The names of namespaces as /proc has them.
constexpr const char* kSpaces = "cgroup ipc mnt net pid time user uts";

/// What covers a masked path is each runtime's choice; that it is covered, rows of their own show.
/// So is the mount that holds the cgroup mounts: boxrun keeps to "ro", the others leave it
/// writable.
std::string masked_pattern(const json& config) {
  std::string pattern = "^(/sys/fs/cgroup";
  for (const json& path : config["linux"].value("maskedPaths", json::array())) {
    pattern += "|" + path.get<std::string>();
  }
  return pattern + ")$";
}

std::string probe_of(const Row& row, const json& config) {
  const std::string masked = masked_pattern(config);
  std::string host;
  for (const char* space : {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"}) {
    host += fs::read_symlink(std::string{"/proc/self/ns/"} + space).string() + " ";
  }
  return "exec 2>&1; echo '## status'; "
         "grep -E '^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp):' /proc/self/status; umask; "
         "echo '## cwd'; pwd; echo '## env'; env | sort; echo '## limits'; cat /proc/self/limits; "
         "echo '## names'; hostname; cat /proc/sys/kernel/domainname; "
         "echo '## mounts'; awk -v masked='" +
         masked +
         "' '/ - cgroup/ || $5 ~ masked {next} {tags=\"\"; i=7; "
         "while ($i != \"-\") {split($i,t,\":\"); tags=tags t[1] \" \"; i++} "
         "print $5, $6, tags, $(i+1)}' /proc/self/mountinfo | sort; "
         "echo '## devices'; ls -l /dev | awk 'NR>1 {print $1,$3,$4,$5,$6,$NF}' | "
         "sed 's/ [A-Z][a-z][a-z] / /' | sort; "
         "echo '## descriptors'; ls /proc/self/fd | wc -l; "
         "echo '## oom'; cat /proc/self/oom_score_adj; "
         "echo '## maps'; cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups; "
         "echo '## time'; cat /proc/self/timens_offsets; "
         "echo '## scheduling'; awk '{print $18,$19,$40,$41}' /proc/self/stat; ionice -p $$; "
         "echo '## personality'; cat /proc/self/personality; uname -m; "
         "echo '## session'; awk -v own=$$ '{print $6 == own, $7}' /proc/self/stat; "
         "echo '## namespaces'; set -- " +
         host + "; for n in " + kSpaces +
         "; do [ \"$(readlink /proc/self/ns/$n)\" = $1 ] && echo $n host || echo $n own; shift; "
         "done; echo '## more'; " +
         row.more;
}

using Sections = std::map<std::string, std::string>;

Sections parse_sections(const Ended& ended) {
  // Why a container failed is each runtime's own; that it failed is compared.
  Sections sections{{"status of the run", ended.status == 0 ? "0" : "failed"}};
  std::istringstream lines{ended.out};
  std::string name = "before";
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("## ")) {
      name = line.substr(3);
      sections[name];
    } else {
      sections[name] += line + "\n";
    }
  }
  return sections;
}

class Differential : public ContainerTest {
 protected:
  void SetUp() override {
    for (const Runtime runtime : {Runtime::Runc, Runtime::Crun}) {
      const std::string reason = reason_against(runtime);
      if (!reason.empty()) {
        GTEST_SKIP() << reason;
      }
    }
    ContainerTest::SetUp();
    if (IsSkipped()) {
      return;
    }
    config["root"]["readonly"] = false;
    fs::create_directory(rootfs("/mnt"));
    fs::create_directories(rootfs("/data/below"));
    write_text(rootfs("/data/file"), "text\n");
    fs::create_directories(folder + "/host/below");
    write_text(folder + "/host/file", "host\n");
    base = config;
  }

  void TearDown() override {
    remove_cgroups_of_others();
    ContainerTest::TearDown();
  }

  /// runc and crun leave the parents of a cgroup, and crun the cgroup of a container that failed.
  void remove_cgroups_of_others() const {
    std::vector<fs::path> left;
    std::error_code ignored;
    for (fs::recursive_directory_iterator it{"/sys/fs/cgroup", ignored}, end; it != end;
         it.increment(ignored)) {
      const std::string path = it->path().string();
      const bool is_other = path.find(id + "runc") != std::string::npos ||
                            path.find(id + "crun") != std::string::npos ||
                            path.find(mark + "-deep") != std::string::npos;
      if (!mark.empty() && is_other && it->is_directory(ignored)) {
        left.push_back(it->path());
      }
    }
    for (auto path = left.rbegin(); path != left.rend(); ++path) {
      ::rmdir(path->c_str());
    }
  }

  Sections run_row(const Row& row, Runtime runtime) {
    config = base;
    config["process"]["args"] = json::array();
    row.change(config);
    if (config["process"]["args"].empty()) {
      config["process"]["args"] = {"sh", "-c", probe_of(row, config)};
    }
    write_config();
    const Ended ended =
        run_command({command_of(runtime, folder + "/" + name_of(runtime),
                                {"run", "-b", folder + "/bundle", id + name_of(runtime)})});
    errors[name_of(runtime)] = ended.err;
    return parse_sections(ended);
  }

  void compare(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      const Sections ours = run_row(row, Runtime::Boxrun);
      const Sections runc = run_row(row, Runtime::Runc);
      const Sections crun = run_row(row, Runtime::Crun);
      for (const auto& [name, text] : ours) {
        const auto of = [&name = name](const Sections& all) {
          const auto found = all.find(name);
          return found == all.end() ? std::string{"(nothing)"} : found->second;
        };
        const bool ignored =
            std::find(row.differs.begin(), row.differs.end(), name) != row.differs.end();
        EXPECT_TRUE(ignored || text == of(runc) || text == of(crun))
            << row.name << ", " << name << "\n--- boxrun\n"
            << text << "--- runc\n"
            << of(runc) << "--- crun\n"
            << of(crun) << "errors: " << errors["boxrun"] << errors["runc"] << errors["crun"];
      }
      ++rows_run;
    }
  }

  json mount_of(const char* destination, const char* type, const std::string& source,
                const std::vector<std::string>& options) {
    return {{"destination", destination}, {"type", type}, {"source", source}, {"options", options}};
  }

  void drop(json& c, const std::string& type) {
    json kept = json::array();
    for (const json& space : c["linux"]["namespaces"]) {
      if (space["type"] != type) {
        kept.push_back(space);
      }
    }
    c["linux"]["namespaces"] = kept;
  }

  json base;
  std::map<std::string, std::string> errors;
  int rows_run = 0;
};

TEST_F(Differential, NamespacesLeftOutOrJoined) {
  const auto self = "/proc/" + std::to_string(::getpid()) + "/ns/";
  std::vector<Row> rows = {{"as it is", [](json&) {}}};
  for (const char* type : {"pid", "network", "ipc", "uts", "cgroup"}) {
    rows.push_back({std::string{"without "} + type, [this, type](json& c) {
                      drop(c, type);
                      if (std::string{type} == "uts") {
                        c.erase("hostname");
                      }
                    }});
  }
  for (const auto& [type, link] :
       {std::pair{"network", "net"}, {"ipc", "ipc"}, {"uts", "uts"}, {"cgroup", "cgroup"}}) {
    rows.push_back({std::string{"joined "} + type, [this, type = type, link = link, self](json& c) {
                      drop(c, type);
                      if (std::string{type} == "uts") {
                        c.erase("hostname");
                      }
                      c["linux"]["namespaces"].push_back({{"type", type}, {"path", self + link}});
                    }});
  }
  const auto map = [](json& c, unsigned first, unsigned size) {
    c["linux"]["namespaces"].push_back({{"type", "user"}});
    const json mapping = {{{"containerID", 0}, {"hostID", first}, {"size", size}}};
    c["linux"]["uidMappings"] = mapping;
    c["linux"]["gidMappings"] = mapping;
  };
  // Devices: /dev/mqueue belongs to the container's root and group, where runc leaves the group to
  // nobody and crun makes a link /dev/core.
  rows.push_back({"user namespace", [map](json& c) { map(c, 100000, 65536); }, {}, {"devices"}});
  rows.push_back({"small user namespace", [map](json& c) { map(c, 100000, 10); }, {}, {"devices"}});
  rows.push_back({"two ranges",
                  [map](json& c) {
                    map(c, 100000, 1000);
                    c["linux"]["uidMappings"].push_back(
                        {{"containerID", 1000}, {"hostID", 300000}, {"size", 500}});
                  },
                  {},
                  {"devices"}});
  rows.push_back({"ordinary user in a user namespace",
                  [map](json& c) {
                    map(c, 100000, 65536);
                    c["process"]["user"] = {{"uid", 1000}, {"gid", 100}};
                  },
                  {},
                  {"devices"}});
  compare(rows);
}

TEST_F(Differential, Users) {
  const auto user = [](json value) {
    return [value = std::move(value)](json& c) { c["process"]["user"] = value; };
  };
  compare({{"root with groups", user({{"uid", 0}, {"gid", 0}, {"additionalGids", {1, 5, 10}}})},
           {"nobody", user({{"uid", 65534}, {"gid", 65534}})},
           {"large ids", user({{"uid", 2147483647U}, {"gid", 2147483647U}})},
           {"umask 0", user({{"uid", 0}, {"gid", 0}, {"umask", 0}})},
           {"umask 027", user({{"uid", 0}, {"gid", 0}, {"umask", 027}})},
           {"umask 077 of a user", user({{"uid", 7}, {"gid", 7}, {"umask", 077}})},
           {"groups of a user", user({{"uid", 7}, {"gid", 8}, {"additionalGids", {9}}})},
           {"gid alone", user({{"uid", 0}, {"gid", 33}})}});
}

TEST_F(Differential, Capabilities) {
  const json none = json::array();
  const auto sets = [](json bounding, json effective, json permitted, json inheritable,
                       json ambient, unsigned uid) {
    return [=](json& c) {
      c["process"]["capabilities"] = {{"bounding", bounding},
                                      {"effective", effective},
                                      {"permitted", permitted},
                                      {"inheritable", inheritable},
                                      {"ambient", ambient}};
      c["process"]["user"] = {{"uid", uid}, {"gid", uid}};
    };
  };
  const json some = {"CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"};
  const json one = {"CAP_NET_BIND_SERVICE"};
  std::vector<Row> rows = {
      {"none", sets(none, none, none, none, none, 0)},
      {"bounding alone", sets(some, none, none, none, none, 0)},
      {"all but ambient", sets(some, some, some, some, none, 0)},
      {"ambient as a user", sets(one, one, one, one, one, 1000)},
      {"a user without ambient", sets(some, some, some, none, none, 1000)},
      {"effective less than permitted", sets(some, {"CAP_KILL"}, some, none, none, 0)},
      {"effective beyond permitted", sets(some, one, some, none, none, 0)},
      {"privileged", sets({"CAP_SYS_ADMIN", "CAP_MKNOD", "CAP_SYS_PTRACE"},
                          {"CAP_SYS_ADMIN", "CAP_MKNOD", "CAP_SYS_PTRACE"},
                          {"CAP_SYS_ADMIN", "CAP_MKNOD", "CAP_SYS_PTRACE"}, none, none, 0)},
      {"no section", [](json& c) { c["process"].erase("capabilities"); }},
      {"without no_new_privs", [](json& c) { c["process"]["noNewPrivileges"] = false; }},
  };
  for (const char* name : {"CAP_SYS_TIME", "CAP_SYS_NICE", "CAP_AUDIT_READ", "CAP_BPF",
                           "CAP_CHECKPOINT_RESTORE", "CAP_SYSLOG"}) {
    rows.push_back({name, sets({name}, {name}, {name}, {name}, {name}, 1000)});
  }
  compare(rows);
}

TEST_F(Differential, Limits) {
  std::vector<Row> rows;
  const auto limit = [](const char* type, std::uint64_t soft, std::uint64_t hard) {
    return [=](json& c) {
      c["process"]["rlimits"] = {{{"type", type}, {"soft", soft}, {"hard", hard}}};
    };
  };
  for (const char* type :
       {"RLIMIT_CORE", "RLIMIT_CPU", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_LOCKS",
        "RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RSS", "RLIMIT_RTPRIO",
        "RLIMIT_RTTIME", "RLIMIT_SIGPENDING", "RLIMIT_STACK"}) {
    const bool is_small = std::string{type}.find("NICE") != std::string::npos ||
                          std::string{type}.find("PRIO") != std::string::npos;
    // The hard limits of this machine may be low; what can only be lowered is set to little.
    rows.push_back({type, limit(type, is_small ? 0 : 4096, is_small ? 0 : 8192)});
  }
  rows.push_back({"RLIMIT_NOFILE", limit("RLIMIT_NOFILE", 64, 128)});
  rows.push_back({"RLIMIT_AS", limit("RLIMIT_AS", 1U << 30, 1U << 30)});
  rows.push_back({"none", [](json& c) { c["process"].erase("rlimits"); }});
  for (const int score : {1000, 500, 0}) {
    rows.push_back({"oomScoreAdj " + std::to_string(score),
                    [score](json& c) { c["process"]["oomScoreAdj"] = score; }});
  }
  compare(rows);
}

TEST_F(Differential, MountOptions) {
  std::vector<Row> rows;
  for (const char* option :
       {"ro", "rw", "nosuid", "nodev", "noexec", "noatime", "nodiratime", "relatime", "strictatime",
        "sync", "mode=700", "size=64k", "suid", "exec", "dev"}) {
    rows.push_back({std::string{"tmpfs "} + option,
                    [this, option](json& c) {
                      c["mounts"].push_back(mount_of("/mnt", "tmpfs", "tmpfs", {option}));
                    },
                    "stat -c %a /mnt"});
  }
  const std::string source = folder + "/host";
  const std::vector<std::vector<std::string>> binds = {
      {"bind"},
      {"rbind"},
      {"bind", "ro"},
      {"rbind", "ro"},
      {"bind", "nosuid"},
      {"rbind", "nodev"},
      {"rbind", "noexec"},
      {"rbind", "rprivate"},
      {"bind", "shared"},
      {"rbind", "rslave"},
      {"bind", "private"},
      {"rbind", "rshared", "ro"},
      {"bind", "noatime"},
      {"bind", "unbindable"},
      {"rbind", "ro", "nosuid", "nodev", "noexec"}};
  for (const auto& options : binds) {
    std::string name = "bind";
    for (const std::string& option : options) {
      name += " " + option;
    }
    rows.push_back({name,
                    [this, source, options](json& c) {
                      c["mounts"].push_back(mount_of("/mnt", "bind", source, options));
                    },
                    "ls /mnt; (echo x > /mnt/new) && rm /mnt/new"});
  }
  compare(rows);
}

TEST_F(Differential, Mounts) {
  const std::string source = folder + "/host";
  const auto with = [this](json mount) {
    return [this, mount = std::move(mount)](json& c) { c["mounts"].push_back(mount); };
  };
  fs::create_directories(folder + "/upper");
  fs::create_directories(folder + "/work");
  const std::string overlay =
      "lowerdir=" + source + ",upperdir=" + folder + "/upper,workdir=" + folder + "/work";
  compare({
      {"a file", with(mount_of("/etc/bound", "bind", source + "/file", {"bind"})),
       "cat /etc/bound"},
      {"a missing destination", with(mount_of("/a/b/c", "tmpfs", "tmpfs", {})), "ls -ld /a/b"},
      {"a source in the bundle", with(mount_of("/mnt", "bind", "rootfs/data", {"rbind"})),
       "ls /mnt"},
      {"over another", with(mount_of("/dev/shm", "tmpfs", "tmpfs", {"size=1m"}))},
      {"two on one place",
       [this, source](json& c) {
         c["mounts"].push_back(mount_of("/mnt", "tmpfs", "tmpfs", {}));
         c["mounts"].push_back(mount_of("/mnt", "bind", source, {"rbind"}));
       },
       "ls /mnt"},
      {"overlay", with(mount_of("/mnt", "overlay", "overlay", {overlay})), "ls /mnt"},
      {"tmpcopyup", with(mount_of("/data", "tmpfs", "tmpfs", {"tmpcopyup"})),
       "ls -R /data; cat /data/file"},
      {"ramfs", with(mount_of("/mnt", "ramfs", "ramfs", {"nosuid"}))},
      {"read-only root", [](json& c) { c["root"]["readonly"] = true; },
       "(echo x > /file) || echo refused"},
      {"no mounts but proc and dev",
       [](json& c) {
         json kept = json::array();
         for (const json& mount : c["mounts"]) {
           if (mount["destination"] == "/proc" || mount["destination"] == "/dev") {
             kept.push_back(mount);
           }
         }
         c["mounts"] = kept;
       }},
      {"masked file", [](json& c) { c["linux"]["maskedPaths"] = {"/etc/passwd"}; },
       "wc -c < /etc/passwd"},
      {"masked directory", [](json& c) { c["linux"]["maskedPaths"] = {"/data"}; }, "ls /data"},
      {"masked nothing", [](json& c) { c["linux"]["maskedPaths"] = {"/nosuch/path"}; }},
      {"read-only file", [](json& c) { c["linux"]["readonlyPaths"] = {"/etc/passwd"}; },
       "(echo x > /etc/passwd) || echo refused"},
      {"read-only directory", [](json& c) { c["linux"]["readonlyPaths"] = {"/data"}; },
       "(echo x > /data/new) || echo refused"},
      {"neither",
       [](json& c) {
         c["linux"].erase("maskedPaths");
         c["linux"].erase("readonlyPaths");
       }},
  });
}

TEST_F(Differential, Propagation) {
  std::vector<Row> rows;
  for (const char* word : {"private", "slave", "shared", "rprivate", "rslave", "rshared"}) {
    rows.push_back({word, [word](json& c) { c["linux"]["rootfsPropagation"] = word; }});
  }
  compare(rows);
}

TEST_F(Differential, Devices) {
  const auto device = [](json value) {
    return [value = std::move(value)](json& c) { c["linux"]["devices"].push_back(value); };
  };
  compare({
      {"char", device({{"path", "/dev/again"}, {"type", "c"}, {"major", 1}, {"minor", 5}}),
       "head -c 3 /dev/again | wc -c"},
      {"with mode and owner", device({{"path", "/dev/again"},
                                      {"type", "c"},
                                      {"major", 1},
                                      {"minor", 3},
                                      {"fileMode", 0640},
                                      {"uid", 7},
                                      {"gid", 8}})},
      {"block", device({{"path", "/dev/disk"}, {"type", "b"}, {"major", 7}, {"minor", 200}})},
      {"fifo", device({{"path", "/dev/pipe"}, {"type", "p"}})},
      {"in a directory",
       device({{"path", "/dev/net/tun"}, {"type", "c"}, {"major", 10}, {"minor", 200}}),
       "ls -l /dev/net | awk '{print $1,$5,$6}'"},
      {"allowed anew",
       [](json& c) {
         c["linux"]["resources"]["devices"].push_back(
             {{"allow", true}, {"type", "c"}, {"major", 10}, {"minor", 229}, {"access", "rw"}});
       },
       "sort /sys/fs/cgroup/devices/devices.list"},
      {"all allowed",
       [](json& c) {
         c["linux"]["resources"]["devices"] = {{{"allow", true}, {"access", "rwm"}}};
       },
       "sort /sys/fs/cgroup/devices/devices.list"},
      {"as it is", [](json&) {}, "sort /sys/fs/cgroup/devices/devices.list"},
  });
}

TEST_F(Differential, Resources) {
  const auto resource = [](const char* name, json value) {
    return [name, value = std::move(value)](json& c) { c["linux"]["resources"][name] = value; };
  };
  const std::string memory =
      "cd /sys/fs/cgroup/memory; cat memory.limit_in_bytes memory.memsw.limit_in_bytes "
      "memory.soft_limit_in_bytes memory.swappiness; grep kill_disable memory.oom_control";
  const std::string cpu =
      "cd /sys/fs/cgroup/cpu; cat cpu.shares cpu.cfs_quota_us cpu.cfs_period_us cpu.idle";
  const std::string cpuset = "cd /sys/fs/cgroup/cpuset; cat cpuset.cpus cpuset.mems";
  compare({
      {"memory", resource("memory", {{"limit", 67108864}}), memory},
      {"memory and swap", resource("memory", {{"limit", 67108864}, {"swap", 134217728}}), memory},
      {"swap without end", resource("memory", {{"limit", 67108864}, {"swap", -1}}), memory},
      {"reservation", resource("memory", {{"reservation", 33554432}}), memory},
      {"swappiness", resource("memory", {{"limit", 67108864}, {"swappiness", 10}}), memory},
      {"no oom killer", resource("memory", {{"limit", 67108864}, {"disableOOMKiller", true}}),
       memory},
      {"shares", resource("cpu", {{"shares", 512}}), cpu},
      {"quota and period", resource("cpu", {{"quota", 25000}, {"period", 50000}}), cpu},
      {"quota", resource("cpu", {{"quota", 200000}}), cpu},
      {"cpus and mems", resource("cpu", {{"cpus", "0"}, {"mems", "0"}}), cpuset},
      {"pids", resource("pids", {{"limit", 64}}), "cat /sys/fs/cgroup/pids/pids.max"},
      {"pids without end", resource("pids", {{"limit", -1}}), "cat /sys/fs/cgroup/pids/pids.max"},
      {"a path of its own",
       [this](json& c) { c["linux"]["cgroupsPath"] = "/" + mark + "-deep/er/still"; },
       "grep -c still /proc/self/cgroup"},
  });
}

TEST_F(Differential, KernelSettings) {
  const auto key = [](const char* name, const char* value) {
    return [=](json& c) { c["linux"]["sysctl"][name] = value; };
  };
  std::vector<Row> rows = {
      {"ip_forward", key("net.ipv4.ip_forward", "1"), "cat /proc/sys/net/ipv4/ip_forward"},
      {"somaxconn", key("net.core.somaxconn", "77"), "cat /proc/sys/net/core/somaxconn"},
      {"shmmax", key("kernel.shmmax", "99999"), "cat /proc/sys/kernel/shmmax"},
      {"sem", key("kernel.sem", "250 32000 100 128"), "cat /proc/sys/kernel/sem"},
      {"mqueue", key("fs.mqueue.msg_max", "11"), "cat /proc/sys/fs/mqueue/msg_max"},
      {"of the host", key("kernel.panic", "1")},
      {"cwd", [](json& c) { c["process"]["cwd"] = "/data/below"; }},
      {"missing cwd", [](json& c) { c["process"]["cwd"] = "/made/anew"; }, "ls -ld /made/anew"},
      {"cwd through a link", [](json& c) { c["process"]["cwd"] = "/proc/self/cwd"; }, {}, {"cwd"}},
      {"environment",
       [](json& c) {
         c["process"]["env"] = {"PATH=/bin", "A=1", "A=2", "EMPTY=", "HOME=/data"};
       }},
      {"home of a user",
       [](json& c) {
         c["process"]["user"] = {{"uid", 65534}, {"gid", 65534}};
       }},
      {"hostname", [](json& c) { c["hostname"] = "a-name.with.dots"; }},
      {"annotations",
       [](json& c) {
         c["annotations"] = {{"org.example", "x"}};
       }},
      {"unknown property",
       [](json& c) {
         c["unknown"] = {{"really", true}};
       }},
      {"missing program", [](json& c) { c["process"]["args"] = {"/bin/nosuch"}; }},
      {"a directory as program", [](json& c) { c["process"]["args"] = {"/data"}; }},
      {"a status",
       [](json& c) {
         c["process"]["args"] = {"sh", "-c", "exit 7"};
       }},
  };
  compare(rows);
}

TEST_F(Differential, Seccomp) {
  const auto filter = [](json value, bool no_new_privs = true) {
    return [=](json& c) {
      c["linux"]["seccomp"] = value;
      c["process"]["noNewPrivileges"] = no_new_privs;
    };
  };
  const auto refuse = [](const char* action, json more = json::object()) {
    json rule = {{"names", {"mkdir", "mkdirat"}}, {"action", action}};
    rule.update(more);
    return json{{"defaultAction", "SCMP_ACT_ALLOW"}, {"syscalls", json::array({rule})}};
  };
  const std::string attempt = "mkdir /tmp/x; echo $?; rmdir /tmp/x";
  compare({
      {"errno", filter(refuse("SCMP_ACT_ERRNO")), attempt},
      {"errno of choice", filter(refuse("SCMP_ACT_ERRNO", {{"errnoRet", 28}})), attempt},
      {"kill", filter(refuse("SCMP_ACT_KILL_PROCESS")), attempt},
      {"kill thread", filter(refuse("SCMP_ACT_KILL_THREAD")), attempt},
      {"trap", filter(refuse("SCMP_ACT_TRAP")), attempt},
      {"trace", filter(refuse("SCMP_ACT_TRACE")), attempt},
      {"log", filter(refuse("SCMP_ACT_LOG")), attempt},
      {"allow", filter(refuse("SCMP_ACT_ALLOW")), attempt},
      {"without no_new_privs", filter(refuse("SCMP_ACT_ERRNO"), false), attempt},
      {"by argument",
       filter(refuse("SCMP_ACT_ERRNO",
                     {{"args", {{{"index", 1}, {"value", 0700}, {"op", "SCMP_CMP_EQ"}}}}})),
       "mkdir -m 700 /tmp/y; echo $?; mkdir -m 755 /tmp/z; echo $?; rmdir /tmp/*"},
      {"flags",
       filter([&refuse] {
         json value = refuse("SCMP_ACT_ERRNO");
         value["flags"] = {"SECCOMP_FILTER_FLAG_LOG"};
         return value;
       }()),
       attempt,
       {"devices"}},  // runc 1.1.5 fails here, and crun has its link /dev/core
      {"architectures", filter([&refuse] {
         json value = refuse("SCMP_ACT_ERRNO");
         value["architectures"] = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"};
         return value;
       }()),
       attempt},
  });
}

TEST_F(Differential, Hooks) {
  write_text(folder + "/hook", "#!/bin/sh\nsed 's/.*\"status\": *\"\\([a-z]*\\)\".*/\\1/' >> " +
                                   folder + "/log\necho \"$0 $* $(env | grep ^MARK)\" >> " +
                                   folder + "/log\n");
  ::chmod((folder + "/hook").c_str(), 0755);
  std::vector<Row> rows;
  for (const char* kind : {"prestart", "createRuntime", "poststart", "poststop"}) {
    const Row row{kind, [this, kind](json& c) {
                    c["hooks"][kind] = {{{"path", folder + "/hook"},
                                         {"args", {"name", "one", "two"}},
                                         {"env", {"MARK=here"}}}};
                  }};
    std::map<Runtime, std::string> seen;
    for (const Runtime runtime : {Runtime::Boxrun, Runtime::Runc, Runtime::Crun}) {
      write_text(folder + "/log", "");
      const Sections sections = run_row(row, runtime);
      seen[runtime] = read_text(folder + "/log");
      EXPECT_EQ(sections.at("status of the run"), "0") << kind << errors[name_of(runtime)];
      ++rows_run;
    }
    EXPECT_NE(seen[Runtime::Boxrun], "") << kind;
    EXPECT_TRUE(seen[Runtime::Boxrun] == seen[Runtime::Runc] ||
                seen[Runtime::Boxrun] == seen[Runtime::Crun])
        << kind << "\n"
        << seen[Runtime::Boxrun] << "\n"
        << seen[Runtime::Runc] << "\n"
        << seen[Runtime::Crun];
  }
}

}  // namespace
}  // namespace boxrun::tests
