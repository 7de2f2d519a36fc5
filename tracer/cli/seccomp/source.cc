#include "tracer/cli/seccomp/source.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <map>

#include "decoders/bpf/program_file.h"
#include "decoders/bpf/rules_text.h"
#include "decoders/bpf/verdict.h"
#include "tracer/base/text.h"
#include "tracer/cli/trace_file.h"
#include "tracer/os/file.h"
#include "tracer/ptrace/task_filters.h"
#include "tracer/timeline/analysis.h"

namespace boxtrace::cli::seccomp {
namespace {

using base::Error;
using base::Result;

Result<LoadedFilter> check(bpf::Program program, const std::string& title) {
  if (const auto refusal = bpf::find_refusal(program)) {
    return Error{0, title + ": the kernel refuses this program: " + bpf::render_refusal(*refusal),
                 "boxtrace seccomp disasm shows it"};
  }
  return LoadedFilter{std::move(program), ""};
}

Result<Stack> read_process(std::int32_t pid) {
  TRY(const std::vector<base::Bytes> filters, ptrace::read_filters(base::HostTid{pid}));
  Stack stack{fmt::format("process {}", pid), {}, {}};
  for (const base::Bytes& bytes : filters) {
    TRY(bpf::Program program, bpf::parse_program(bytes));
    TRY(LoadedFilter filter, check(std::move(program), stack.title));
    stack.filters.push_back(std::move(filter));
  }
  return stack;
}

/// Keeps, for each task that installs filters, those it has after the last one.
class FilterCollector final : public timeline::Listener {
 public:
  void on_step(const timeline::Step& step) override {
    for (const model::Fact& fact : step.facts) {
      const auto* installed = std::get_if<model::SeccompInstalled>(&fact);
      const model::Task* task = step.model.task(step.event.task);
      if (installed != nullptr && installed->filter != nullptr && task != nullptr) {
        add(*task);
      }
    }
  }
  [[nodiscard]] Result<std::vector<Stack>> take(const std::string& title) && {
    if (missing_) {
      return Error{0, title + ": a filter in it was not captured whole", {}};
    }
    if (stacks_.empty()) {
      return Error{0, title + ": no filter is installed in this trace", {}};
    }
    std::vector<Stack> stacks;
    for (auto& [task, stack] : stacks_) {
      stacks.push_back(std::move(stack));
    }
    return stacks;
  }

 private:
  void add(const model::Task& task) {
    Stack& stack = stacks_[task.id];
    stack = {fmt::format("T{} {}", task.id.value, base::printable(task.comm)), task.id, {}};
    for (const auto& filter : task.creds.filters) {
      missing_ = missing_ || filter->program.empty();
      stack.filters.push_back(
          {filter->program,
           fmt::format("by {}, flags {}, no_new_privs {}", filter->by_prctl ? "prctl" : "seccomp",
                       base::to_hex(filter->flags), filter->no_new_privs ? 1 : 0)});
    }
  }

  std::map<base::TaskId, Stack> stacks_;
  bool missing_ = false;
};

std::string titles_of(const std::vector<Stack>& stacks) {
  constexpr std::size_t kMost = 8;
  std::vector<std::string> titles;
  for (const Stack& stack : stacks) {
    if (titles.size() == kMost) {
      titles.push_back(fmt::format("{} more", stacks.size() - kMost));
      break;
    }
    titles.push_back(stack.title);
  }
  return base::join(titles, ", ");
}

Result<std::vector<Stack>> read_trace_filters(const std::string& path,
                                              const std::optional<std::string>& task) {
  FilterCollector collector;
  TRY_OK(follow_trace(path, collector));
  TRY(std::vector<Stack> stacks, std::move(collector).take(path));
  if (!task) {
    return stacks;
  }
  const auto number = base::parse_u64(task->starts_with('T') ? task->substr(1) : *task);
  for (Stack& stack : stacks) {
    if (stack.task && number == stack.task->value) {
      return std::vector<Stack>{std::move(stack)};
    }
  }
  return Error{0, path + ": task " + *task + " installs no filter",
               "these do: " + titles_of(stacks)};
}

Result<std::string> read_bytes(const std::string& path) {
  return path == "-" ? os::read_all(os::BorrowedFd{STDIN_FILENO}) : os::read_file(path);
}

Stack largest(std::vector<Stack> stacks) {
  std::size_t best = 0;
  for (std::size_t i = 0; i < stacks.size(); ++i) {
    if (stacks[i].filters.size() >= stacks[best].filters.size()) {
      best = i;
    }
  }
  return std::move(stacks[best]);
}

}  // namespace

std::vector<bpf::Program> Stack::programs() const {
  std::vector<bpf::Program> out;
  for (const LoadedFilter& filter : filters) {
    out.push_back(filter.program);
  }
  return out;
}

void add_task_option(CLI::App& app, SourceOptions& options) {
  app.add_option("--task", options.task, "Of a trace, only the filters of this task: T42")
      ->type_name("TASK");
}

void add_source_options(CLI::App& app, SourceOptions& options) {
  app.add_option("FILE", options.files,
                 "A filter or a trace; - reads standard input. Several filters are one stack");
  app.add_option("-p,--pid", options.pid, "The filters of a running process")->type_name("PID");
  add_task_option(app, options);
}

Result<void> follow_trace(const std::string& path, timeline::Listener& listener) {
  timeline::Analysis analysis;
  analysis.add_listener(listener);
  TRY(const trace::ReadSummary summary, read_trace(path, analysis));
  analysis.finish();
  print_problems(path, summary);
  return {};
}

bool is_trace(const std::string& bytes) {
  return bytes.starts_with("{") &&
         bytes.substr(0, bytes.find('\n')).find("\"header\"") != std::string::npos;
}

Result<std::vector<Stack>> read_stacks(const SourceOptions& options) {
  if (options.pid) {
    TRY(Stack stack, read_process(*options.pid));
    return std::vector<Stack>{std::move(stack)};
  }
  if (options.files.empty()) {
    return Error{0, "a file or -p PID is needed", {}};
  }
  Stack stack{base::join(options.files, ", "), {}, {}};
  for (const std::string& file : options.files) {
    TRY(const std::string bytes, read_bytes(file));
    if (is_trace(bytes)) {
      if (options.files.size() > 1) {
        return Error{0, file + ": a trace is read alone", {}};
      }
      return read_trace_filters(file, options.task);
    }
    if (options.task) {
      return Error{0, file + ": --task is for traces, and this is none", {}};
    }
    if (base::trim(bytes).starts_with("{")) {
      return Error{0, file + ": a profile, not a filter",
                   "boxtrace seccomp diff FILTER PROFILE compares them"};
    }
    auto program = bpf::parse_program_file(bytes);
    if (!program) {
      return std::move(program).error().within(file);
    }
    TRY(LoadedFilter filter, check(std::move(program).value(), file));
    stack.filters.push_back(std::move(filter));
  }
  return std::vector<Stack>{std::move(stack)};
}

Result<Stack> read_stack(const SourceOptions& options) {
  TRY(std::vector<Stack> stacks, read_stacks(options));
  const std::string all = titles_of(stacks);
  const bool one_of_many = stacks.size() > 1;
  Stack stack = largest(std::move(stacks));
  if (one_of_many) {
    print_note(
        fmt::format("filters of {}; this is about those of {}, --task chooses", all, stack.title));
  }
  return stack;
}

Result<Side> read_side(const std::string& word, const bpf::ProfileContext& context) {
  constexpr std::string_view kPid = "pid:";
  Side side{word, {}, {}, {}};
  if (word.starts_with(kPid)) {
    const auto pid = base::parse_u64(std::string_view(word).substr(kPid.size()));
    if (!pid || *pid > 0x7fffffff) {
      return Error{0, word + ": not a process", {}};
    }
    TRY(side.stack, read_process(static_cast<std::int32_t>(*pid)));
    return side;
  }
  TRY(const std::string bytes, read_bytes(word));
  const std::string_view text = base::trim(bytes);
  if (!is_trace(bytes) && text.starts_with("{")) {
    auto profile = bpf::parse_profile(text, context);
    if (!profile) {
      return std::move(profile).error().within(word);
    }
    side.profile = std::move(profile).value();
    return side;
  }
  if (text.find("otherwise ") != std::string_view::npos) {
    auto rules = bpf::parse_rules(text);
    if (!rules) {
      return std::move(rules).error().within(word);
    }
    side.rules = std::move(rules).value();
    return side;
  }
  TRY(side.stack, read_stack({{word}, {}, {}}));
  return side;
}

int print(const std::string& text, int status) {
  Output out = Output::stream(STDOUT_FILENO, Output::Flush::Blocks);
  out.write(text);
  if (const auto finished = out.finish(); !finished) {
    print_error(finished.error());
    return kToolFailure;
  }
  return status;
}

}  // namespace boxtrace::cli::seccomp
