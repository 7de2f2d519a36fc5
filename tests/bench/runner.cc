// runner ROUNDS TOOLS_DIR GO_PROGRAM STRACE_SET: measures each workload under each tool in turn,
// ROUNDS times, and prints a table of medians. Tools take turns (A B C A B C), so that what the
// machine does meanwhile hits all of them; ratios are the medians of the ratios of each round.

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/bundle.h"
#include "tracer/os/argv.h"

namespace {

using Command = std::vector<std::string>;
using Millis = double;

struct Workload {
  std::string name;
  std::function<Command()> command;  ///< anew for each run: containers want names of their own
};

struct Tool {
  std::string name;
  Command prefix;
};

enum ToolIndex : std::size_t {
  kBare,
  kStrace,
  kStraceFilter,
  kStory,
  kVeryVerbose,
  kNullStory,
  kNullEvery,
  kTools
};

std::optional<Millis> run(const Command& command) {
  const std::vector<char*> argv = boxtrace::os::make_argv(command);
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = 0;
  const auto begin = std::chrono::steady_clock::now();
  const int err = posix_spawnp(&pid, argv.front(), &quiet, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&quiet);
  int status = 0;
  if (err != 0 || waitpid(pid, &status, 0) != pid || status != 0) {
    return std::nullopt;
  }
  return std::chrono::duration<Millis, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// The times of a workload: [tool][round].
using Times = std::vector<std::vector<Millis>>;

std::optional<Times> measure(const Workload& workload, const std::vector<Tool>& tools, int rounds) {
  Times times(tools.size());
  for (int round = -1; round < rounds; ++round) {  // the first fills caches, and is not counted
    for (std::size_t tool = 0; tool < tools.size(); ++tool) {
      Command command = tools[tool].prefix;
      const Command traced = workload.command();
      command.insert(command.end(), traced.begin(), traced.end());
      const auto time = run(command);
      if (!time) {
        fmt::print(stderr, "bench: {} fails under {}\n", workload.name, tools[tool].name);
        return std::nullopt;
      }
      if (round >= 0) {
        times[tool].push_back(*time);
      }
    }
  }
  return times;
}

double median_ratio(const Times& times, const std::function<double(std::size_t)>& above,
                    const std::function<double(std::size_t)>& below) {
  std::vector<double> ratios;
  for (std::size_t round = 0; round < times.front().size(); ++round) {
    ratios.push_back(above(round) / below(round));
  }
  return median(ratios);
}

std::string ratios(const Times& times) {
  const auto of = [&times](ToolIndex tool) {
    return [&times, tool](std::size_t round) { return times[tool][round]; };
  };
  const auto added = [&times](ToolIndex tool) {
    return [&times, tool](std::size_t round) {
      return std::max(times[tool][round] - times[kBare][round], 0.01);
    };
  };
  return fmt::format("{:.2f} | {:.2f} | {:.2f} | {:.2f}",
                     median_ratio(times, added(kStory), added(kStraceFilter)),
                     median_ratio(times, of(kVeryVerbose), of(kStrace)),
                     median_ratio(times, of(kStory), of(kNullStory)),
                     median_ratio(times, of(kVeryVerbose), of(kNullEvery)));
}

std::vector<Workload> workloads(const std::string& tools_dir, const std::string& go_program,
                                const boxtrace::test::Bundle& bundle) {
  const auto fixed = [](Command command) { return [command] { return command; }; };
  const auto container = [&bundle](std::string runtime) {
    return [&bundle, runtime] {
      static int count = 0;
      return Command{runtime,
                     "--root",
                     bundle.state(),
                     "run",
                     "--bundle",
                     bundle.path(),
                     fmt::format("bench-{}-{}", getpid(), ++count)};
    };
  };
  std::vector<Workload> all{
      {"`runc run`", container("runc")},
      {"`boxrun run`", container(tools_dir + "/runtime/boxrun")},
      {"20,000 getppid", fixed({tools_dir + "/tests/bench/bench_syscall_storm", "20000"})},
      {"500 forks", fixed({tools_dir + "/tests/live/programs/fork_storm", "500"})},
  };
  if (!go_program.empty()) {
    all.push_back({"Go, 8 goroutines", fixed({go_program})});
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: runner ROUNDS BUILD_DIR GO_PROGRAM STRACE_SET\n");
    return 2;
  }
  const int rounds = std::max(1, std::atoi(argv[1]));
  const std::string build = argv[2];
  const auto bundle = boxtrace::test::Bundle::make({"/bin/busybox", "true"});
  if (!bundle.ok()) {
    fmt::print(stderr, "bench: no bundle: {}\n", bundle.error().what);
    return 1;
  }
  const std::string out = bundle.value()->path() + "/output";
  const std::string boxtrace = build + "/tracer/cli/boxtrace";
  const std::string null_tracer = build + "/tests/bench/bench_null_tracer";
  const std::vector<Tool> tools{
      {"untraced", {}},
      {"strace -f", {"strace", "-f", "-o", out}},
      {"strace -f --seccomp-bpf",
       {"strace", "-f", "--seccomp-bpf", "-e", std::string("trace=") + argv[4], "-o", out}},
      {"boxtrace", {boxtrace, "--story", out}},
      {"boxtrace -vv", {boxtrace, "-vv", "--story", out}},
      {"null, story's stops", {null_tracer, "--story"}},
      {"null, every stop", {null_tracer, "--every"}},
  };
  std::string heads = "| ms |";
  std::string rule = "|---|";
  for (const Tool& tool : tools) {
    heads += " " + tool.name + " |";
    rule += "---:|";
  }
  std::string times_rows;
  std::string ratio_rows;
  for (const Workload& workload : workloads(build, argv[3], *bundle.value())) {
    fmt::print(stderr, "bench: {}\n", workload.name);
    const auto times = measure(workload, tools, rounds);
    if (!times) {
      continue;
    }
    times_rows += "| " + workload.name + " |";
    for (const auto& of_tool : *times) {
      times_rows += fmt::format(" {:.1f} |", median(of_tool));
    }
    times_rows += "\n";
    ratio_rows += fmt::format("| {} | {} |\n", workload.name, ratios(*times));
  }
  fmt::print("Medians of {} rounds.\n\n{}\n{}\n{}\n", rounds, heads, rule, times_rows);
  fmt::print(
      "| ratio | story adds / strace filter adds | -vv / strace -f | story / null | -vv / null |\n"
      "|---|---:|---:|---:|---:|\n{}",
      ratio_rows);
  return 0;
}
