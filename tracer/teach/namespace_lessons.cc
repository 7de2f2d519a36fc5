// The eight kinds of namespaces: what each isolates, how it shows in /proc, and where people go
// wrong.
//
// Sources: namespaces(7) and the page of each kind; kernel/nsproxy.c, fs/namespace.c,
// kernel/utsname.c, ipc/namespace.c, kernel/pid_namespace.c, net/core/net_namespace.c,
// kernel/cgroup/namespace.c, kernel/user_namespace.c, kernel/time/namespace.c.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "tracer/base/text.h"
#include "tracer/teach/lessons.h"
#include "tracer/teach/topic.h"

namespace boxtrace::teach {
namespace {

constexpr std::array<NamespaceLesson, 8> kLessons = {{
    {"mnt",
     "mount",
     'M',
     "CLONE_NEWNS",
     "mount_namespaces(7)",
     "fs/namespace.c: copy_mnt_ns",
     {"A list of mounts of its own. It begins as a copy of its maker's list; after that each side "
      "mounts and unmounts without the other.",
      "/proc/PID/mountinfo lists it, /proc/PID/ns/mnt names it. `shared:N` in a line says that the "
      "copy still exchanges mounts with the original.",
      "A new mount namespace alone hides nothing: on hosts with systemd all mounts are shared, so "
      "what is mounted inside appears outside until / is made private or slave. Nor does it change "
      "the root directory; that takes pivot_root."}},
    {"uts",
     "UTS",
     'U',
     "CLONE_NEWUTS",
     "uts_namespaces(7)",
     "kernel/utsname.c: copy_utsname",
     {"Host name and NIS domain name of its own.",
      "/proc/sys/kernel/hostname reads differently in each; /proc/PID/ns/uts names it.",
      "The name inside is a label and no address: nothing resolves it unless /etc/hosts is written "
      "too, which engines do by a bind mount."}},
    {"ipc",
     "IPC",
     'I',
     "CLONE_NEWIPC",
     "ipc_namespaces(7)",
     "ipc/namespace.c: copy_ipcs",
     {"System V shared memory, semaphores and message queues, and POSIX message queues, of its "
      "own.",
      "/proc/sysvipc/* and /proc/sys/kernel/shm* show it; /proc/PID/ns/ipc names it.",
      "POSIX shared memory is not in it: shm_open makes files in /dev/shm, which are a matter of "
      "mounts."}},
    {"pid",
     "PID",
     'P',
     "CLONE_NEWPID",
     "pid_namespaces(7)",
     "kernel/pid_namespace.c: copy_pid_ns",
     {"Process numbers of its own. The first process in it is pid 1 there: it adopts orphans, and "
      "when it dies, the kernel kills all the others.",
      "A process has a number in its own namespace and one in every namespace above: NSpid in "
      "/proc/PID/status lists them. /proc/PID/ns/pid_for_children says where children will be "
      "born.",
      "A process can never change its own: unshare and setns only decide where children go. And "
      "/proc shows the processes of the namespace it was mounted from, so that `ps` lists the host "
      "until proc is mounted anew. Once its pid 1 has died, fork into it fails with ENOMEM."}},
    {"net",
     "network",
     'N',
     "CLONE_NEWNET",
     "network_namespaces(7)",
     "net/core/net_namespace.c: copy_net_ns",
     {"Interfaces, addresses, routes, firewall rules, ports and abstract UNIX sockets of its own. "
      "A "
      "new one has a loopback device only, which is down.",
      "/proc/PID/net and most of /proc/sys/net; /sys/class/net as of the mount of sysfs. "
      "/proc/PID/ns/net names it.",
      "UNIX sockets with a path are not isolated: who reaches the file reaches the daemon. And "
      "sysfs "
      "shows the namespace of the process that mounted it."}},
    {"cgroup",
     "cgroup",
     'C',
     "CLONE_NEWCGROUP",
     "cgroup_namespaces(7)",
     "kernel/cgroup/namespace.c: copy_cgroup_ns",
     {"A view of the cgroup tree whose root is the cgroup that its maker is in at that moment.",
      "Inside, /proc/PID/cgroup begins with `/` where the host sees the whole path.",
      "It limits nothing, it only hides names. Make it after the process was moved into its "
      "cgroup: "
      "the root is fixed at creation, and what is above it then reads as `/..`."}},
    {"user",
     "user",
     'S',
     "CLONE_NEWUSER",
     "user_namespaces(7)",
     "kernel/user_namespace.c: create_user_ns",
     {"User and group ids of its own, mapped to ids outside. Its maker has all capabilities in it, "
      "over what belongs to it: the other namespaces made together with it or after it.",
      "/proc/PID/uid_map, gid_map and setgroups hold the mapping; before it is written every id "
      "reads as 65534. /proc/PID/ns/user names it.",
      "The capabilities do not reach outside: neither block devices, nor mounts of the host, nor "
      "its clock. The maps can be written once; without CAP_SETGID outside, gid_map takes only "
      "one's "
      "own id, and only after `deny` was written to setgroups."}},
    {"time",
     "time",
     'T',
     "CLONE_NEWTIME",
     "time_namespaces(7)",
     "kernel/time/namespace.c: copy_time_ns",
     {"Offsets of its own for the monotonic and the boot clock; the wall clock is not in it.",
      "/proc/PID/timens_offsets holds the offsets, /proc/uptime shows them, "
      "/proc/PID/ns/time_for_children says where children will be.",
      "As with pids, the process itself stays where it is and its children enter; on newer "
      "kernels so does the process at its next execve. Offsets can be set only until the first "
      "process is inside. "
      "clone(2) has no bit for it; clone3(2) and unshare(2) do."}},
}};

/// `pid namespaces`, `pid_namespace`, `pidns`, `pid ns`, `pid`.
std::string_view without_namespace(std::string_view phrase) {
  for (const std::string_view tail : {"namespaces", "namespace", "ns"}) {
    if (phrase.size() > tail.size() && phrase.substr(phrase.size() - tail.size()) == tail) {
      phrase.remove_suffix(tail.size());
      break;
    }
  }
  while (!phrase.empty() &&
         (phrase.back() == ' ' || phrase.back() == '_' || phrase.back() == '-')) {
    phrase.remove_suffix(1);
  }
  return phrase;
}

bool is_called(const NamespaceLesson& lesson, std::string_view word) {
  std::string title(lesson.title);
  std::transform(title.begin(), title.end(), title.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return word == lesson.name || word == title;
}

}  // namespace

std::span<const NamespaceLesson> namespace_lessons() { return kLessons; }

std::vector<Topic> namespace_topics(std::string_view phrase) {
  const std::string_view word = without_namespace(phrase);
  std::vector<Topic> topics;
  for (const NamespaceLesson& lesson : kLessons) {
    if (!is_called(lesson, word)) {
      continue;
    }
    Topic& topic = topics.emplace_back();
    topic.kind = Topic::Kind::Namespace;
    topic.name = fmt::format("{} namespace", lesson.title);
    topic.category = fmt::format("namespace, letter {} in the strip MUIPNCST", lesson.letter);
    topic.explain = lesson.explain;
    topic.man = std::string(lesson.man);
    topic.kernel = std::string(lesson.kernel);
    topic.used_by = {"clone", "clone3", "unshare", "setns"};
    topic.related = {std::string(lesson.flag)};
    topic.traces_as = {std::string(lesson.flag)};
  }
  return topics;
}

}  // namespace boxtrace::teach
