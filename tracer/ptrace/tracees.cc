#include "tracer/ptrace/tracees.h"

#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>

#include <csignal>
#include <cstddef>
#include <utility>

#include "tracer/base/bytes.h"
#include "tracer/base/check.h"

namespace boxtrace::ptrace {
namespace {

// struct clone_args. Source: include/uapi/linux/sched.h.
constexpr std::size_t kCloneArgsFlags = 0;
constexpr std::size_t kCloneArgsExitSignal = 32;
constexpr std::size_t kCloneArgsSize = 40;

// ERESTARTSYS .. ERESTART_RESTARTBLOCK, which user mode never sees. Source: include/linux/errno.h.
constexpr std::int64_t kFirstRestart = 512;
constexpr std::int64_t kLastRestart = 516;

}  // namespace

bool CallInFlight::is_birth() const {
  const std::string_view name = decoded.name;
  return name == "clone" || name == "clone3" || name == "fork" || name == "vfork";
}

bool CallInFlight::is_exec() const {
  return decoded.name == "execve" || decoded.name == "execveat";
}

bool CallInFlight::is_exit() const {
  return decoded.name == "exit" || decoded.name == "exit_group";
}

bool CallInFlight::is_move() const { return decoded.name == "unshare" || decoded.name == "setns"; }

bool CallInFlight::is_filter_install() const {
  const auto operation = static_cast<std::uint32_t>(call.args[0]);
  return (decoded.name == "seccomp" &&
          (operation == SECCOMP_SET_MODE_FILTER || operation == SECCOMP_SET_MODE_STRICT)) ||
         (decoded.name == "prctl" && operation == PR_SET_SECCOMP);
}

bool CallInFlight::is_filter_install_for_all() const {
  // libseccomp asks whether the flag is known by passing no program.
  return decoded.name == "seccomp" &&
         static_cast<std::uint32_t>(call.args[0]) == SECCOMP_SET_MODE_FILTER &&
         (call.args[1] & SECCOMP_FILTER_FLAG_TSYNC) != 0 && call.args[2] != 0;
}

BirthFlags birth_flags(const CallInFlight& call, const raw::Memory& memory) {
  BT_CHECK(call.is_birth(), "the flags of a call that makes no task");
  if (call.decoded.name == "fork") {
    return {0, SIGCHLD};
  }
  if (call.decoded.name == "vfork") {
    return {CLONE_VFORK | CLONE_VM, SIGCHLD};
  }
  if (call.decoded.name == "clone") {
    // The low byte is the signal, in all ABIs in the first argument. Source: kernel/fork.c, clone.
    const std::uint64_t flags = call.call.args[0] & 0xffffffff;
    return {flags & ~std::uint64_t{CSIGNAL}, static_cast<std::uint32_t>(flags & CSIGNAL)};
  }
  const raw::Chunk args = memory.read(base::Addr{call.call.args[0]}, kCloneArgsSize);
  return {base::read_le<std::uint64_t>(args.bytes, kCloneArgsFlags).value_or(0),
          static_cast<std::uint32_t>(
              base::read_le<std::uint64_t>(args.bytes, kCloneArgsExitSignal).value_or(0))};
}

raw::Outcome outcome_of(const SyscallInfo& info) {
  if (!info.is_error) {
    return {raw::Outcome::Kind::Returned, info.result};
  }
  const std::int64_t err = -info.result;
  const bool restarts = err >= kFirstRestart && err <= kLastRestart;
  return {restarts ? raw::Outcome::Kind::Restarting : raw::Outcome::Kind::Failed, err};
}

raw::Syscall syscall_event(CallInFlight&& call, raw::Outcome outcome, raw::Snapshot out) {
  raw::Syscall event;
  event.call = call.call;
  event.outcome = outcome;
  event.entered = call.entered;
  event.in = std::move(call.in);
  event.out = std::move(out);
  event.fds = std::move(call.fds);
  event.child = call.child;
  event.stack = std::move(call.stack);
  event.site = std::move(call.site);
  return event;
}

Tracee& Tracees::add(base::HostTid tid, base::HostPid pid, std::optional<base::TaskId> leader) {
  auto tracee = std::make_unique<Tracee>();
  tracee->id = base::TaskId{++last_id_};
  tracee->tid = tid;
  tracee->pid = pid;
  tracee->leader = leader.value_or(tracee->id);
  const auto [place, is_new] = by_tid_.emplace(tid, std::move(tracee));
  BT_CHECK(is_new, "a tid was added that is in use");
  return *place->second;
}

Tracee* Tracees::find(base::HostTid tid) {
  const auto place = by_tid_.find(tid);
  return place == by_tid_.end() ? nullptr : place->second.get();
}

void Tracees::remove(base::HostTid tid) { by_tid_.erase(tid); }

void Tracees::rename(base::HostTid from, base::HostTid to) {
  auto node = by_tid_.extract(from);
  BT_CHECK(!node.empty(), "a tid was renamed that is not traced");
  node.key() = to;
  node.mapped()->tid = to;
  node.mapped()->leader = node.mapped()->id;
  BT_CHECK(by_tid_.insert(std::move(node)).inserted, "a tid was renamed to one in use");
}

std::vector<Tracee*> Tracees::threads_of(base::HostPid pid) {
  std::vector<Tracee*> threads;
  for_each([&](Tracee& tracee) {
    if (tracee.pid == pid) {
      threads.push_back(&tracee);
    }
  });
  return threads;
}

}  // namespace boxtrace::ptrace
