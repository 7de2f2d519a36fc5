#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <map>
#include <set>

#include "decoders/bpf/outcome.h"
#include "decoders/bpf/profile.h"
#include "tracer/base/text.h"
#include "tracer/cli/seccomp/source.h"
#include "tracer/cli/seccomp/verbs.h"
#include "tracer/cli/trace_file.h"
#include "tracer/model/filter_answer.h"
#include "tracer/os/file.h"
#include "tracer/timeline/analysis.h"

namespace boxtrace::cli::seccomp {
namespace {

constexpr const char* kDescription =
    R"(Prints a JSON profile. Of a filter: the profile that says the same, with a word on standard
error about what profiles cannot say. Of a trace: the least profile under which its container runs;
calls that only the runtime makes, between the installation of the filter and the exec of the
program, are a rule of their own. If it has threads, which do not do the same each time, so are
those that any of them may need. With --edit, a profile is changed as little as possible so that no
call of the trace is refused that was.

Examples:
  boxtrace seccomp profile demo.jsonl > least.json
  boxtrace seccomp profile demo.jsonl --edit profile.json
  boxtrace seccomp profile filter.bpf)";

/// What the runtime library of a program with threads does whenever it likes: signals to pre-empt,
/// timers, stacks, memory given back. Runtimes in Go differ in it from run to run.
constexpr std::array kOfThreads = {
    "clock_gettime",  "epoll_pwait", "futex",       "getpid", "gettid",       "madvise",
    "mmap",           "munmap",      "nanosleep",   "read",   "rt_sigaction", "rt_sigreturn",
    "rt_sigprocmask", "sched_yield", "sigaltstack", "tgkill", "write"};

/// The calls by name that a container makes once it is filtered, and those that were refused.
class CallCollector final : public timeline::Listener {
 public:
  void on_step(const timeline::Step& step) override {
    const model::Task* task = step.model.task(step.event.task);
    if (task == nullptr) {
      return;
    }
    if (task->thread) {
      threaded_.insert(task->leader);
    }
    for (const model::Fact& fact : step.facts) {
      if (std::holds_alternative<model::SeccompInstalled>(fact)) {
        if (threaded_.contains(task->leader)) {
          runtime_.insert(kOfThreads.begin(), kOfThreads.end());
        }
        execs_before_[task->leader] = task->execs;
        return;  // installing it is not subject to it
      }
    }
    if (step.call == nullptr || step.call->spec == nullptr || task->creds.filters.empty()) {
      return;
    }
    const std::string name(step.call->spec->name);
    const auto since = execs_before_.find(task->leader);
    // An exec was called by the program that it put an end to.
    const bool replaced = (name == "execve" || name == "execveat") &&
                          step.syscall->outcome.kind == raw::Outcome::Kind::Returned;
    const bool still_runtime =
        since != execs_before_.end() && task->execs - (replaced ? 1 : 0) == since->second;
    (still_runtime ? runtime_ : program_).insert(name);
    if (const auto refusal = model::find_denial(*task, *step.syscall)) {
      refused_.insert(name);
    }
  }

  [[nodiscard]] bpf::Profile least() const {
    bpf::Profile profile;
    profile.otherwise = bpf::kErrno | 1;
    profile.architectures = {"x86_64", "i386", "x32"};
    std::vector<std::string> before;
    std::set_difference(runtime_.begin(), runtime_.end(), program_.begin(), program_.end(),
                        std::back_inserter(before));
    const auto add = [&](std::vector<std::string> names) {
      std::erase_if(names, [&](const std::string& name) { return refused_.contains(name); });
      if (!names.empty()) {
        profile.rules.push_back({std::move(names), bpf::kAllow, {}, {}});
      }
    };
    add({program_.begin(), program_.end()});
    add(std::move(before));
    return profile;
  }
  [[nodiscard]] const std::set<std::string>& refused() const { return refused_; }
  [[nodiscard]] bool empty() const { return runtime_.empty() && program_.empty(); }

 private:
  std::map<base::TaskId, int> execs_before_;
  std::set<base::TaskId> threaded_;  ///< leaders of processes with threads
  std::set<std::string> runtime_;
  std::set<std::string> program_;
  std::set<std::string> refused_;
};

/// `profile` with the calls taken out of the rules that refuse them, and permitted if the default
/// would refuse them.
void permit(bpf::Profile& profile, const std::set<std::string>& names) {
  const auto allows = [](std::uint32_t result) {
    return result == bpf::kAllow || result == bpf::kLog;
  };
  for (bpf::ProfileRule& rule : profile.rules) {
    if (!allows(rule.result)) {
      std::erase_if(rule.names, [&](const std::string& name) { return names.contains(name); });
    }
  }
  std::erase_if(profile.rules, [](const bpf::ProfileRule& rule) { return rule.names.empty(); });
  if (!allows(profile.otherwise) && !names.empty()) {
    profile.rules.push_back({{names.begin(), names.end()}, bpf::kAllow, {}, {}});
  }
}

int print_profile_of_filter(const SourceOptions& source) {
  const auto stack = read_stack(source);
  if (!stack) {
    print_error(stack.error());
    return kToolFailure;
  }
  const bpf::Explanation explained = bpf::explain(stack.value().programs());
  if (!explained.policy) {
    print_error({0, stack.value().title + ": " + explained.doubt, {}});
    return kToolFailure;
  }
  const bpf::ProfileText text = bpf::render_profile(*explained.policy);
  for (const std::string& lost : text.lost) {
    print_error({0, "a profile cannot say: " + lost, {}});
  }
  return print(text.json);
}

int print_profile_of_trace(const std::string& file, const std::string& edited) {
  CallCollector calls;
  if (const auto followed = follow_trace(file, calls); !followed) {
    print_error(followed.error());
    return kToolFailure;
  }
  if (calls.empty()) {
    print_error({0, file + ": no call was made under a filter in this trace",
                 "record the container with a profile that permits all: {\"defaultAction\": "
                 "\"SCMP_ACT_LOG\"}"});
    return kToolFailure;
  }
  if (edited.empty()) {
    return print(bpf::render_profile(calls.least()));
  }
  const auto text = os::read_file(edited);
  auto profile = text ? bpf::parse_profile(text.value(), bpf::docker_defaults())
                      : base::Result<bpf::Profile>(text.error());
  if (!profile) {
    print_error(std::move(profile).error().within(edited));
    return kToolFailure;
  }
  permit(profile.value(), calls.refused());
  const std::vector<std::string> names(calls.refused().begin(), calls.refused().end());
  print_error({0,
               names.empty() ? "no call was refused by a filter: nothing to change"
                             : "now permitted: " + base::join(names, ", "),
               {}});
  return print(bpf::render_profile(profile.value()));
}

}  // namespace

int run_profile(const Arguments& words) {
  CLI::App app{kDescription, "boxtrace seccomp profile"};
  set_usage(app, "boxtrace seccomp profile [OPTIONS] TRACE | FILE... | -p PID");
  SourceOptions source;
  std::string edited;
  add_source_options(app, source);
  app.add_option("--edit", edited, "Change this profile so that the trace's refused calls pass")
      ->type_name("PROFILE");
  if (const auto status = parse(app, words, kToolFailure)) {
    return *status;
  }
  if (!source.pid && !source.task && source.files.size() == 1 && source.files.front() != "-") {
    const auto bytes = os::read_file(source.files.front());
    if (bytes && is_trace(bytes.value())) {
      return print_profile_of_trace(source.files.front(), edited);
    }
  }
  return print_profile_of_filter(source);
}

}  // namespace boxtrace::cli::seccomp
