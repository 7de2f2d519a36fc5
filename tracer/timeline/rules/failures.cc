// Calls that failed and should not have. Much of what fails is a question ("is it there?") or
// expected; told are refusals and failures of the calls that make a container. When a runtime
// fails all the same, its last refusal is told, whichever call it was: likely the reason.

#include <algorithm>
#include <array>
#include <map>

#include "tracer/base/error_text.h"
#include "tracer/base/text.h"
#include "tracer/model/filter_answer.h"
#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

constexpr std::int64_t kEperm = 1;
constexpr std::int64_t kEnoent = 2;
constexpr std::int64_t kE2big = 7;
constexpr std::int64_t kEnoexec = 8;
constexpr std::int64_t kEagain = 11;
constexpr std::int64_t kEnomem = 12;
constexpr std::int64_t kEacces = 13;
constexpr std::int64_t kErofs = 30;
constexpr std::int64_t kEbusy = 16;
constexpr std::int64_t kEnodev = 19;
constexpr std::int64_t kEnotdir = 20;
constexpr std::int64_t kEinval = 22;
constexpr std::int64_t kEnospc = 28;

struct Why {
  std::string_view call;
  std::int64_t err;
  std::string_view text;
  std::string_view man;
};
constexpr std::string_view kNsLimit = "a limit in /proc/sys/user/max_*_namespaces is reached";
constexpr std::string_view kTaskLimit = "RLIMIT_NPROC, pids.max or the system's limit is reached";
constexpr std::string_view kUnmapped = "the id has no mapping in this user namespace";
constexpr std::array<Why, 41> kWhys = {{
    {"execve", kEnoent, "the program, or the interpreter that it names (#! or ELF), is not there",
     "execve(2)"},
    {"execve", kEacces, "no permission to execute it, or it is on a noexec mount", "execve(2)"},
    {"execve", kEnoexec, "neither a program for this machine nor a script that begins with #!",
     "execve(2)"},
    {"execve", kE2big, "arguments and environment are larger than the limits permit", "execve(2)"},
    {"unshare", kEperm, "needs CAP_SYS_ADMIN, or a new user namespace first", "unshare(2)"},
    {"clone", kEperm, "needs CAP_SYS_ADMIN, or a new user namespace first", "clone(2)"},
    {"clone3", kEperm, "needs CAP_SYS_ADMIN, or a new user namespace first", "clone(2)"},
    {"unshare", kEnospc, kNsLimit, "namespaces(7)"},
    {"unshare", kEinval, "CLONE_NEWUSER is refused to a process with threads", "unshare(2)"},
    {"clone", kEnomem, "pid 1 of that pid namespace is dead: no more processes in it",
     "pid_namespaces(7)"},
    {"setns", kEperm, "needs CAP_SYS_ADMIN in the user namespace that owns the target", "setns(2)"},
    {"mount", kEperm, "not allowed in this user namespace, or would unlock flags locked outside",
     "mount_namespaces(7)"},
    {"mount", kEbusy, "the place or the filesystem is in use", "mount(2)"},
    {"pivot_root", kEinval,
     "the new root must be a mount point, and neither it nor its parent "
     "shared",
     "pivot_root(2)"},
    {"capset", kEperm, "asks for a capability that is not in the permitted set", "capset(2)"},
    {"setrlimit", kEperm, "raising a hard limit needs CAP_SYS_RESOURCE", "getrlimit(2)"},
    {"prlimit64", kEperm, "raising a hard limit needs CAP_SYS_RESOURCE", "getrlimit(2)"},
    {"clone", kEnospc, kNsLimit, "namespaces(7)"},
    {"clone3", kEnospc, kNsLimit, "namespaces(7)"},
    {"clone", kEagain, kTaskLimit, "fork(2)"},
    {"clone3", kEagain, kTaskLimit, "fork(2)"},
    {"fork", kEagain, kTaskLimit, "fork(2)"},
    {"vfork", kEagain, kTaskLimit, "fork(2)"},
    {"setns", kEinval,
     "already in that user namespace, or a process with threads joins a user or mount namespace",
     "setns(2)"},
    {"mount", kEnodev, "the kernel has no such filesystem, or not its module", "mount(2)"},
    {"pivot_root", kEbusy, "the new root or put_old is on the mount of the present root",
     "pivot_root(2)"},
    {"chroot", kEperm, "needs CAP_SYS_CHROOT in its user namespace", "chroot(2)"},
    {"umount2", kEbusy, "something there is in use; MNT_DETACH would take it out of the tree",
     "umount(2)"},
    {"umount2", kEperm, "needs CAP_SYS_ADMIN in the user namespace of the mount namespace",
     "umount(2)"},
    {"sethostname", kEperm, "needs CAP_SYS_ADMIN in the user namespace of the uts namespace",
     "sethostname(2)"},
    {"setgroups", kEperm, "needs CAP_SETGID, and is denied where a gid map was written without it",
     "user_namespaces(7)"},
    {"setuid", kEinval, kUnmapped, "user_namespaces(7)"},
    {"setgid", kEinval, kUnmapped, "user_namespaces(7)"},
    {"setresuid", kEinval, kUnmapped, "user_namespaces(7)"},
    {"setresgid", kEinval, kUnmapped, "user_namespaces(7)"},
    {"setgroups", kEinval, kUnmapped, "user_namespaces(7)"},
    {"setuid", kEperm, "needs CAP_SETUID", "setuid(2)"},
    {"setgid", kEperm, "needs CAP_SETGID", "setgid(2)"},
    {"setresuid", kEperm, "needs CAP_SETUID", "setresuid(2)"},
    {"setresgid", kEperm, "needs CAP_SETGID", "setresuid(2)"},
    {"mknodat", kEperm, "devices need CAP_MKNOD in the first user namespace", "mknod(2)"},
}};

using Choice = decoders::CallChoice;

// Told whenever they fail.
constexpr std::array<Choice, 23> kMakers = {{
    {"unshare"},     {"setns"},      {"clone"},
    {"clone3"},      {"fork"},       {"vfork"},
    {"mount"},       {"umount2"},    {"pivot_root"},
    {"chroot"},      {"capset"},     {"setuid"},
    {"setgid"},      {"setresuid"},  {"setresgid"},
    {"setgroups"},   {"setrlimit"},  {"prlimit64", {decoders::ArgTest::Kind::NonZero, 2}},
    {"sethostname"}, {"move_mount"}, {"mount_setattr"},
    {"mknodat"},     {"fsmount"},
}};

// Told if a runtime fails and they were the last to be refused, as are all that the story sees.
constexpr std::array<Choice, 17> kAttempts = {{
    {"bpf"},
    {"chmod"},
    {"fchmod"},
    {"fchmodat"},
    {"chown"},
    {"fchown"},
    {"lchown"},
    {"fchownat"},
    {"link"},
    {"linkat"},
    {"symlink"},
    {"symlinkat"},
    {"rename"},
    {"renameat"},
    {"mknod"},
    {"socket"},
    {"renameat2"},
}};

const std::vector<Choice>& watched() {
  static const std::vector<Choice> kAll = [] {
    std::vector<Choice> all(kMakers.begin(), kMakers.end());
    all.insert(all.end(), kAttempts.begin(), kAttempts.end());
    return all;
  }();
  return kAll;
}

constexpr std::int32_t kAtFdCwd = -100;           // linux/fcntl.h
constexpr std::uint64_t kPropagation = 0x1e0000;  // MS_UNBINDABLE ... MS_SHARED, linux/mount.h

bool is_expected(const Step& step) {
  const std::string& name = step.call->name;
  const std::int64_t err = step.syscall->outcome.value;
  if (name == "mount" && (err == kEnoent || err == kEnotdir)) {
    return true;  // masks of files that are not there: told by another rule
  }
  if (name == "mount" && err == kEinval && (step.syscall->call.args[3] & kPropagation) != 0) {
    return true;  // runtimes walk up from the rootfs until they meet a mount point
  }
  // A descriptor that nobody can have: lxc asks so whether the kernel knows the call.
  constexpr std::array<std::string_view, 3> kAsked = {"fsmount", "move_mount", "mount_setattr"};
  const auto fd = static_cast<std::int32_t>(step.syscall->call.args[0]);
  if (fd < 0 && fd != kAtFdCwd && std::find(kAsked.begin(), kAsked.end(), name) != kAsked.end()) {
    return true;
  }
  // Runtimes unmount in a loop until nothing is left.
  return name == "umount2" && (err == kEinval || err == kEnoent);
}

struct Failing {
  std::string call;
  std::int64_t err = 0;
  RichText shown;
  bool injected = false;  ///< by us, the kernel was not asked
  std::size_t times = 0;
  bool not_seccomp = false;  ///< there are filters, and they permitted it
};

// Refused for good, not for now; questions and waiting are no attempts (epoll says EPERM for a file
// that it cannot watch).
bool is_refusal(const Step& step) {
  if (step.call == nullptr || step.syscall->outcome.kind != raw::Outcome::Kind::Failed ||
      step.call->spec == nullptr ||
      (step.call->spec->classes & (decoders::kInfo | decoders::kSync)) != 0 ||
      step.call->name.ends_with("sigreturn")) {  // its result is the interrupted code's
    return false;
  }
  constexpr std::uint64_t kCapAmbient = 47;  // linux/prctl.h; runtimes raise what they are denied
  if (step.call->name == "prctl" && step.syscall->call.args[0] == kCapAmbient) {
    return false;
  }
  constexpr std::array kRefusals = {kEperm, kEacces, kErofs, kEnospc, kEnomem};
  return std::find(kRefusals.begin(), kRefusals.end(), step.syscall->outcome.value) !=
         kRefusals.end();
}

bool is_surely_not_seccomp(const Step& step, const Story& story) {
  const model::Task* task = story.model().task(step.event.task);
  const auto answer =
      task == nullptr ? std::nullopt : model::ask_filters(*task, step.syscall->call);
  return answer && answer->certain;
}

class FailuresRule final : public Rule {
 public:
  void on_step(const Step& step, Story& story) override {
    const base::TaskId process = story.process(step.event.task);
    each_fact<model::Execed>(step, [&](const model::Execed&) { unexecuted_.erase(process); });
    if (const auto* exited = std::get_if<raw::TaskExited>(&step.event.body)) {
      if (step.event.task == process) {
        tell_reason(*exited, process, step, story);
      }
      return;
    }
    if (is_failed_exec(step, story)) {
      Failing& known = unexecuted_[process];
      const std::size_t times = known.times + 1;
      if (times == 1 || known.err == kEnoent) {  // of a search along PATH
        known = failing(step, story);
      }
      known.times = times;
      return;
    }
    if (!matters(step, story)) {
      if (is_refusal(step) && story.makes_containers(step.event.task)) {
        last_refusals_[process] = failing(step, story);
      }
      return;
    }
    last_refusals_.erase(process);  // what comes now is told anyhow, and is later
    const std::int64_t err = step.syscall->outcome.value;
    if (runs_.has(process)) {
      const Failing& open = runs_.peek(process);
      if (open.call != step.call->name || open.err != err ||
          open.injected != step.syscall->injected) {
        flush(process, story);
      }
    }
    Failing& run = runs_.open(process, step);
    if (run.times == 0) {
      run = failing(step, story);
    }
    ++run.times;
  }

  // And refusals of opens, writes and mkdirs in /proc and in cgroupfs: opens are watched by other
  // rules too, writes and mkdirs change the model.
  std::span<const Choice> watches() const override { return watched(); }

  std::optional<base::Seq> open_since(base::TaskId process) const override {
    return runs_.since(process);
  }

  void flush(base::TaskId process, Story& story) override {
    std::optional<Runs<Failing>::Entry> entry = runs_.take(process);
    if (!entry) {
      return;
    }
    Telling line;
    line.phase = story.phase();
    line.task = entry->task;
    line.time = entry->time;
    line.evidence = std::move(entry->evidence);
    tell_failure(entry->run, std::move(line), story);
  }

 private:
  static void tell_failure(const Failing& run, Telling line, Story& story) {
    line.text.append(run.shown).add(" ");
    line.text.add(Piece::Kind::Bad,
                  "failed: " + std::string(base::errno_name(static_cast<int>(run.err))));
    if (run.times > 1) {
      line.text.add(" \u00d7" + std::to_string(run.times));
    }
    const auto why = std::find_if(kWhys.begin(), kWhys.end(), [&](const Why& candidate) {
      return candidate.call == run.call && candidate.err == run.err;
    });
    if (run.injected) {
      line.remark.add("injected: the kernel was not asked");
    } else {
      line.remark.add(why != kWhys.end()
                          ? std::string(why->text) + " \u2192 " + std::string(why->man)
                          : std::string(base::errno_text(static_cast<int>(run.err))));
    }
    if (run.not_seccomp) {
      line.remark.add("; not seccomp");
    }
    line.milestone = "failure";
    line.facts = {{"call", run.call},
                  {"error", std::string(base::errno_name(static_cast<int>(run.err)))}};
    story.tell(std::move(line));
  }

  // Told at the exit: most of these are of a search along PATH that finds it in the end.
  static bool is_failed_exec(const Step& step, const Story& story) {
    if (step.call == nullptr || step.syscall->outcome.kind != raw::Outcome::Kind::Failed ||
        (step.call->name != "execve" && step.call->name != "execveat") || step.syscall->injected ||
        !story.makes_containers(step.event.task)) {
      return false;
    }
    const model::Task* task = story.model().task(step.event.task);
    return task == nullptr || !model::find_refusal(*task, *step.syscall);
  }

  static Failing failing(const Step& step, const Story& story) {
    return {step.call->name,
            step.syscall->outcome.value,
            describe(step, story),
            step.syscall->injected,
            0,
            is_surely_not_seccomp(step, story)};
  }

  void tell_reason(const raw::TaskExited& exited, base::TaskId process, const Step& step,
                   Story& story) {
    const auto refusal = last_refusals_.extract(process);
    const auto unexecuted = unexecuted_.extract(process);
    if (exited.cause != raw::TaskExited::Cause::Code || exited.value == 0) {
      return;
    }
    if (!unexecuted.empty()) {
      tell_failure(unexecuted.mapped(), telling_of(step, story.phase()), story);
      return;
    }
    if (refusal.empty()) {
      return;
    }
    const Failing& last = refusal.mapped();
    const auto err = static_cast<int>(last.err);
    Telling line = telling_of(step, story.phase());
    line.text.add("last refusal: ").append(last.shown).add(" ");
    line.text.add(Piece::Kind::Bad, "failed: " + std::string(base::errno_name(err)));
    line.remark.add(base::errno_text(err));
    line.milestone = "failure";
    line.facts = {{"call", last.call}, {"error", std::string(base::errno_name(err))}};
    story.tell(std::move(line));
  }

  static bool matters(const Step& step, const Story& story) {
    if (step.call == nullptr || step.syscall->outcome.kind != raw::Outcome::Kind::Failed) {
      return false;
    }
    if (step.syscall->injected) {
      return true;
    }
    if (is_expected(step)) {
      return false;
    }
    const model::Task* task = story.model().task(step.event.task);
    if (task != nullptr && model::find_refusal(*task, *step.syscall)) {
      return false;  // told by the rule about filters
    }
    const std::string& name = step.call->name;
    if (std::any_of(kMakers.begin(), kMakers.end(),
                    [&name](const Choice& maker) { return maker.name == name; })) {
      return true;
    }
    const std::int64_t err = step.syscall->outcome.value;
    if ((name == "write" || name == "openat" || name == "mkdirat") &&
        (err == kEperm || err == kEacces) && story.makes_containers(step.event.task)) {
      return std::any_of(
          step.syscall->fds.begin(), step.syscall->fds.end(), [](const raw::FdTarget& fd) {
            return fd.target.starts_with("/proc/") || fd.target.starts_with("/sys/fs/cgroup/");
          });
    }
    return false;
  }

  static RichText describe(const Step& step, const Story& story) {
    RichText out;
    out.add(Piece::Kind::Call, step.call->name);
    if (step.call->name == "write" && !step.syscall->fds.empty()) {
      return out.add(" to ").add(Piece::Kind::Path, step.syscall->fds.front().target);
    }
    for (const std::string_view name : {"target", "to_pathname", "new_root", "pathname", "path"}) {
      const model::Path path =
          story.model().resolve(step.event.task, *step.syscall, *step.call, name, "dirfd");
      if (!path.best().empty()) {
        return out.add(" ").append(render_path(path));
      }
    }
    if (!step.syscall->fds.empty()) {
      out.add(" ").add(Piece::Kind::Path, step.syscall->fds.front().target);
    }
    return out;
  }

  Runs<Failing> runs_;
  std::map<base::TaskId, Failing> last_refusals_;  ///< by process
  std::map<base::TaskId, Failing> unexecuted_;     ///< by process: what it could not execute
};

}  // namespace

std::unique_ptr<Rule> make_failures_rule() { return std::make_unique<FailuresRule>(); }

}  // namespace boxtrace::timeline
