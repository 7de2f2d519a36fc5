// null_tracer --every | --story COMMAND...: stops where boxtrace stops, at every call or at those
// of the story, and looks at nothing. What it costs is the price of the stops alone: the floor.
// null_tracer --list: the calls of the story, as an argument of `strace -e trace=`.

#include <fmt/format.h>
#include <sys/ptrace.h>

#include <cstdio>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "decoders/registry.h"
#include "tracer/ptrace/call_filter.h"
#include "tracer/ptrace/launch.h"
#include "tracer/ptrace/stop.h"
#include "tracer/timeline/story_calls.h"

namespace {

using namespace boxtrace;

/// Resumes stops of one run. Which tasks await the return of a call is all that it knows.
class NullTracer {
 public:
  NullTracer(ptrace::Kernel& kernel, bool every) : kernel_(&kernel), every_(every) {}

  void on_stop(base::HostTid tid, ptrace::WaitStatus status) {
    if (status.is_group_stop()) {
      kernel_->listen(tid);
      return;
    }
    if (status.is_syscall_stop()) {
      awaiting_.erase(tid);
    } else if (status.event() == PTRACE_EVENT_SECCOMP) {
      awaiting_.insert(tid);
    }
    const bool to_call = every_ || awaiting_.count(tid) != 0;
    kernel_->resume(tid, status.is_signal_delivery_stop() ? status.stop_signal() : 0,
                    to_call ? ptrace::Until::NextCall : ptrace::Until::NextEvent);
  }

 private:
  ptrace::Kernel* kernel_;
  bool every_;
  std::unordered_set<base::HostTid> awaiting_;
};

int trace(bool every, std::vector<std::string> command) {
  ptrace::LaunchOptions options;
  options.command = std::move(command);
  std::vector<sock_filter> filter;
  if (!every) {
    filter = ptrace::make_call_filter(timeline::story_calls());
  }
  auto launched = ptrace::LaunchedCommand::start(options, filter);
  if (!launched.ok()) {
    fmt::print(stderr, "null_tracer: {}\n", launched.error().what);
    return 125;
  }
  launched.value().proceed();
  ptrace::NarrowedTask narrowed;
  ptrace::LiveKernel kernel{&narrowed};
  NullTracer tracer{kernel, every};
  int status_of_command = 0;
  for (;;) {
    const ptrace::WaitResult waited = kernel.wait(true);
    if (std::holds_alternative<ptrace::NothingLeft>(waited)) {
      return status_of_command;
    }
    const auto* change = std::get_if<ptrace::StatusChange>(&waited);
    if (change == nullptr) {
      continue;
    }
    if (!change->status.has_ended()) {
      tracer.on_stop(change->tid, change->status);
    } else if (change->tid == launched.value().tid()) {
      status_of_command = change->status.exit_code();
    }
  }
}

void list() {
  std::set<std::string_view> names{"clone", "clone3", "fork",     "vfork",   "execve",
                                   "exit",  "prctl",  "execveat", "seccomp", "exit_group"};
  for (const decoders::SyscallSpec* spec : decoders::all_syscalls()) {
    if (!timeline::story_calls().tests_of(*spec).empty() && spec->nr.x86_64 >= 0) {
      names.insert(spec->name);
    }
  }
  std::string text;
  for (const std::string_view name : names) {
    text += fmt::format("{}?{}", text.empty() ? "" : ",", name);  // ?: strace may not know it yet
  }
  fmt::print("{}\n", text);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 1 && words.front() == "--list") {
    list();
    return 0;
  }
  if (words.size() < 2 || (words.front() != "--every" && words.front() != "--story")) {
    fmt::print(stderr, "usage: null_tracer --every|--story COMMAND... | --list\n");
    return 125;
  }
  return trace(words.front() == "--every", {words.begin() + 1, words.end()});
}
