// Applets that say who the kernel thinks we are.
//
// Names of users come from /etc/passwd read by hand: the C library's name service loads shared
// libraries, which a static program in an empty image does not have.
//
// Sources: credentials(7); capabilities(7) "Thread capability sets"; proc_pid_status(5).

#include <unistd.h>

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "runtime/toolbox/applet.h"

namespace boxrun::toolbox {
namespace {

// In the order of their numbers. Source: include/uapi/linux/capability.h.
constexpr const char* kCapabilities[] = {
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
};

constexpr struct {
  const char* field;
  const char* name;
} kCapabilitySets[] = {
    {"CapInh", "inheritable"}, {"CapPrm", "permitted"}, {"CapEff", "effective"},
    {"CapBnd", "bounding"},    {"CapAmb", "ambient"},
};

void print_capability_set(const char* name, std::uint64_t mask) {
  std::printf("%-12s %016" PRIx64 " %d", name, mask, __builtin_popcountll(mask));
  for (unsigned bit = 0; bit < 64; ++bit) {
    if ((mask >> bit & 1U) == 0) {
      continue;
    }
    if (bit < sizeof kCapabilities / sizeof *kCapabilities) {
      std::printf(" %s", kCapabilities[bit]);
    } else {
      std::printf(" CAP_%u", bit);
    }
  }
  std::putchar('\n');
}

const char* seccomp_mode(const char* number) {
  switch (*number) {
    case '0':
      return "off";
    case '1':
      return "strict";
    case '2':
      return "filter";
    default:
      return "?";
  }
}

// `(root)` if the line `root:x:0:...` of `path` has this number in its third field, else nothing.
void print_name(const char* path, unsigned long id) {
  char text[16384];
  if (read_text(path, text, sizeof text) < 0) {
    return;
  }
  char* rest = nullptr;
  for (char* line = strtok_r(text, "\n", &rest); line != nullptr;
       line = strtok_r(nullptr, "\n", &rest)) {
    char* fields = nullptr;
    const char* name = strtok_r(line, ":", &fields);
    strtok_r(nullptr, ":", &fields);  // the password
    const char* number = strtok_r(nullptr, ":", &fields);
    if (name != nullptr && number != nullptr && std::strtoul(number, nullptr, 10) == id) {
      std::printf("(%s)", name);
      return;
    }
  }
}

}  // namespace

int run_caps(int /*argc*/, char** /*argv*/) {
  char status[8192];
  if (read_text("/proc/self/status", status, sizeof status) < 0) {
    return fail("caps", "/proc/self/status");
  }
  char value[64];
  for (const auto& set : kCapabilitySets) {
    if (find_status_field(status, set.field, value, sizeof value)) {
      print_capability_set(set.name, std::strtoull(value, nullptr, 16));
    }
  }
  if (find_status_field(status, "NoNewPrivs", value, sizeof value)) {
    std::printf("%-12s %s\n", "no_new_privs", value);
  }
  if (find_status_field(status, "Seccomp", value, sizeof value)) {
    char filters[16] = "0";
    find_status_field(status, "Seccomp_filters", filters, sizeof filters);
    std::printf("%-12s %s, %s filters\n", "seccomp", seccomp_mode(value), filters);
  }
  return 0;
}

int run_id(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "-u") == 0) {
    std::printf("%u\n", geteuid());
    return 0;
  }
  if (argc > 1 && std::strcmp(argv[1], "-g") == 0) {
    std::printf("%u\n", getegid());
    return 0;
  }
  std::printf("uid=%u", getuid());
  print_name("/etc/passwd", getuid());
  std::printf(" gid=%u", getgid());
  print_name("/etc/group", getgid());
  if (geteuid() != getuid()) {
    std::printf(" euid=%u", geteuid());
  }
  if (getegid() != getgid()) {
    std::printf(" egid=%u", getegid());
  }
  gid_t groups[1024];
  const int count = getgroups(sizeof groups / sizeof *groups, groups);
  for (int i = 0; i < count; ++i) {
    std::printf("%s%u", i == 0 ? " groups=" : ",", groups[i]);
    print_name("/etc/group", groups[i]);
  }
  std::putchar('\n');
  return 0;
}

}  // namespace boxrun::toolbox
