#include "tracer/timeline/rule.h"

#include <algorithm>
#include <array>

#include "tracer/base/text.h"

namespace boxtrace::timeline {
namespace {

// linux/capability.h, by number, without the prefix.
constexpr std::array<std::string_view, 41> kCapNames = {"CHOWN",
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
                                                        "CHECKPOINT_RESTORE"};

}  // namespace

RichText Story::pid(base::TaskId task) const {
  const model::Task* found = model().task(task);
  const std::string stable = "T" + std::to_string(task.value);
  RichText out;
  return out.add(Piece::Kind::Pid, found == nullptr ? "?" : std::to_string(found->tid.value),
                 stable);
}

RichText Story::pids(base::TaskId task) const {
  RichText out = pid(task);
  const model::Task* found = model().task(task);
  if (found != nullptr && found->ns_pids.size() > 1) {
    out.add(Piece::Kind::Pid, " (" + std::to_string(found->ns_pids.back().value) + ")");
  }
  return out;
}

RichText Story::who(base::TaskId task) const {
  const base::TaskId leader = process(task);
  RichText out;
  out.add(base::printable(role(leader)));
  out.add(" ");
  return out.append(pids(leader));
}

std::string Story::role(base::TaskId task) const {
  const model::Task* found = model().process_of(task);
  return found == nullptr ? "?" : found->role.name;
}

model::RoleKind Story::role_kind(base::TaskId task) const {
  const model::Task* found = model().process_of(task);
  return found == nullptr ? model::RoleKind::Program : found->role.kind;
}

bool Story::makes_containers(base::TaskId task) const {
  switch (role_kind(task)) {
    case model::RoleKind::Runtime:
    case model::RoleKind::Stage:
    case model::RoleKind::Sandbox:
    case model::RoleKind::Engine:
    case model::RoleKind::Monitor:
      return true;
    case model::RoleKind::Program:
    case model::RoleKind::Aide:
    case model::RoleKind::Container:
      break;
  }
  return false;
}

base::TaskId Story::process(base::TaskId task) const {
  const model::Task* found = model().process_of(task);
  return found == nullptr ? task : found->id;
}

bool Story::contained(base::TaskId task) const {
  const std::string strip = model().strip(task);
  return std::any_of(strip.begin(), strip.end(),
                     [](char letter) { return letter >= 'A' && letter <= 'Z'; });
}

base::Nanos begin_of(const Step& step) {
  return step.syscall != nullptr ? step.syscall->entered : step.event.time;
}

Telling telling_of(const Step& step, Phase phase) {
  Telling out;
  out.phase = phase;
  out.task = step.event.task;
  out.time = begin_of(step);
  out.evidence = {step.event.seq};
  return out;
}

RichText render_path(const model::Path& path) {
  RichText out;
  return out.add(Piece::Kind::Path, base::printable(path.best()));
}

std::string count_of(std::size_t count, std::string_view noun, std::string_view plural) {
  std::string out = std::to_string(count) + " ";
  if (count == 1) {
    return out + std::string(noun);
  }
  return out + (plural.empty() ? std::string(noun) + "s" : std::string(plural));
}

std::vector<std::string> cap_names(std::uint64_t set) {
  std::vector<std::string> out;
  for (std::size_t bit = 0; bit < 64; ++bit) {
    if ((set >> bit & 1) != 0) {
      out.push_back(bit < kCapNames.size() ? std::string(kCapNames[bit])
                                           : "CAP_" + std::to_string(bit));
    }
  }
  return out;
}

}  // namespace boxtrace::timeline
