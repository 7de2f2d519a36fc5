#include "tracer/ptrace/attach_refusal.h"

#include <fmt/format.h>
#include <linux/capability.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "tracer/base/text.h"
#include "tracer/os/file.h"

namespace boxtrace::ptrace {
namespace {

constexpr base::HostPid kThreadDaemon{2};  // kthreadd, which starts all kernel threads
constexpr int kMostAncestors = 4096;       // numbers of dying processes might form a ring

std::optional<std::int64_t> number(std::string_view status, std::string_view field) {
  const auto text = base::parse_status_field(status, field);
  const auto words = text ? base::split_blanks(*text) : std::vector<std::string_view>{};
  return words.empty() ? std::nullopt : base::parse_i64(words.front());
}

std::uint64_t capabilities(std::string_view status, std::string_view field) {
  const auto text = base::parse_status_field(status, field);
  return text ? base::parse_hex_mask(*text).value_or(0) : 0;
}

bool may_trace_anything(std::string_view own_status) {
  return ((capabilities(own_status, "CapEff") >> CAP_SYS_PTRACE) & 1) != 0;
}

std::string name_of(const Observer& observer, std::int64_t pid) {
  const auto comm = observer.text_of({static_cast<std::int32_t>(pid)}, "comm");
  return comm ? fmt::format("{} ({})", base::printable(base::trim(*comm)), pid)
              : fmt::format("{}", pid);
}

base::Error refusal(const Observer& observer, base::HostPid pid, int err, std::string_view why,
                    std::string hint) {
  return {err, fmt::format("cannot attach to {}: {}", name_of(observer, pid.value), why),
          std::move(hint)};
}

bool is_kernel_thread(base::HostPid pid, std::string_view status) {
  // `Kthread` since 6.8; before, their parent tells.
  return number(status, "Kthread").value_or(0) == 1 || pid == kThreadDaemon ||
         number(status, "PPid") == kThreadDaemon.value;
}

std::optional<int> yama_scope() {
  const auto text = os::read_file("/proc/sys/kernel/yama/ptrace_scope");
  const auto value = text.ok() ? base::parse_i64(base::trim(text.value())) : std::nullopt;
  return value ? std::optional{static_cast<int>(*value)} : std::nullopt;
}

base::Error explain_access(const Observer& observer, base::HostPid pid, std::string_view status,
                           std::string_view own) {
  const auto refuse = [&](std::string_view why, std::string hint) {
    return refusal(observer, pid, EPERM, why, std::move(hint));
  };
  const bool is_free = may_trace_anything(own);
  const int yama = yama_scope().value_or(0);
  if (yama == 3) {
    return refuse("the Yama module forbids all attaching until the next boot",
                  "/proc/sys/kernel/yama/ptrace_scope is 3, which cannot be lowered");
  }
  if (!is_free && number(status, "Uid") != number(own, "Uid")) {
    return refuse(fmt::format("it belongs to uid {}, and boxtrace runs as uid {} without "
                              "CAP_SYS_PTRACE",
                              number(status, "Uid").value_or(-1), number(own, "Uid").value_or(-1)),
                  "run boxtrace as that user, or as root");
  }
  if (!is_free && (capabilities(status, "CapPrm") & ~capabilities(own, "CapEff")) != 0) {
    return refuse("it has capabilities that boxtrace lacks, which takes CAP_SYS_PTRACE",
                  "run boxtrace with that capability: as root, and in a container with --cap-add "
                  "SYS_PTRACE");
  }
  if (!is_free && yama != 0) {
    return refuse("the Yama module lets only its ancestors attach to it",
                  yama == 1 ? "run boxtrace as root, or set /proc/sys/kernel/yama/ptrace_scope to 0"
                            : "run boxtrace as root: /proc/sys/kernel/yama/ptrace_scope is 2");
  }
  if (!is_free) {
    return refuse("it has made itself unreadable (prctl PR_SET_DUMPABLE, or a set-user-ID program)",
                  "run boxtrace as root: this takes CAP_SYS_PTRACE");
  }
  return refuse(
      "it is in a user namespace that boxtrace has no rights in, or a security module or a seccomp "
      "filter refuses",
      "run boxtrace outside of all containers; look for AppArmor, SELinux and seccomp in "
      "/proc/self/attr/current and /proc/self/status");
}

}  // namespace

std::optional<base::Error> refuse_loop(const Observer& observer, base::HostPid pid) {
  const auto refuse = [&](std::string_view why, std::string hint) {
    return refusal(observer, pid, 0, why, std::move(hint));
  };
  std::int64_t process = ::getpid();
  if (pid.value == process) {
    return refuse("that is boxtrace itself", "a process cannot trace itself");
  }
  for (int i = 0; i < kMostAncestors && process > 0; ++i) {
    const auto status = observer.text_of({static_cast<std::int32_t>(process)}, "status");
    if (!status) {
      break;
    }
    if (number(*status, "TracerPid") == pid.value) {
      return refuse("it traces boxtrace",
                    "two processes that trace each other can never be ended; start boxtrace from "
                    "elsewhere");
    }
    process = number(*status, "PPid").value_or(0);
    if (process == pid.value) {
      return refuse("it has started boxtrace",
                    "what boxtrace prints would be the work of the process that it traces; start "
                    "boxtrace from another terminal");
    }
  }
  return std::nullopt;
}

base::Error explain_refusal(const Observer& observer, base::HostPid pid, base::HostTid tid,
                            int err) {
  const auto status = observer.text_of(tid, "status");
  if (!status) {
    return {ESRCH, fmt::format("cannot attach to {}", pid.value),
            observer.is_usable() ? "pidof NAME shows the pids of a program"
                                 : "/proc here shows the pids of another pid namespace"};
  }
  if (base::parse_status_field(*status, "State").value_or("").starts_with('Z')) {
    return refusal(observer, pid, err, "it has ended already, and waits to be reaped",
                   "there is nothing left of it to trace");
  }
  if (err != EPERM) {
    return {err,
            fmt::format("cannot attach to {}: ptrace(PTRACE_SEIZE)", name_of(observer, pid.value)),
            ""};
  }
  if (const auto tracer = number(*status, "TracerPid"); tracer && *tracer != 0) {
    return refusal(observer, pid, err,
                   fmt::format("it is traced already, by {}", name_of(observer, *tracer)),
                   "a process has one tracer at a time: end that one first");
  }
  if (is_kernel_thread(pid, *status)) {
    return refusal(observer, pid, err, "it is a kernel thread",
                   "these make no system calls; there is nothing to trace");
  }
  const auto own = observer.text_of({::getpid()}, "status");
  return explain_access(observer, pid, *status, own.value_or(""));
}

}  // namespace boxtrace::ptrace
