#pragma once
// Where filters come from: files, running processes, traces.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "decoders/bpf/explain.h"
#include "decoders/bpf/profile.h"
#include "tracer/base/result.h"
#include "tracer/cli/options.h"
#include "tracer/timeline/analysis.h"

namespace boxtrace::cli::seccomp {

struct LoadedFilter {
  bpf::Program program;
  std::string origin;  ///< `by prctl, no_new_privs 0`; empty when not known
};

/// Filters that work together, the oldest first.
struct Stack {
  std::string title;                      ///< the file, `process 123`, `T3 runc:[2:INIT]`
  std::optional<base::TaskId> task = {};  ///< whose, of a trace
  std::vector<LoadedFilter> filters;

  [[nodiscard]] std::vector<bpf::Program> programs() const;
};

/// The words of a command line that say which filters.
struct SourceOptions {
  std::vector<std::string> files;  ///< several filters are one stack
  std::optional<std::int32_t> pid;
  std::optional<std::string> task;  ///< of a trace, `T42` or its number
};
void add_task_option(CLI::App& app, SourceOptions& options);
void add_source_options(CLI::App& app, SourceOptions& options);

/// A file holds one filter, a process one stack, a trace one for each task that installed any.
///
/// @errors  a file or process that cannot be read; a program that the kernel would refuse; a trace
///          without filters.
[[nodiscard]] base::Result<std::vector<Stack>> read_stacks(const SourceOptions& options);

/// One stack: of several in a trace, the largest of the last, with a note that says so.
[[nodiscard]] base::Result<Stack> read_stack(const SourceOptions& options);

/// A side of a comparison: filters, or a profile.
struct Side {
  std::string title;
  std::optional<Stack> stack;
  std::optional<bpf::Profile> profile;
  std::optional<bpf::Policy> rules;  ///< a text of `explain`
};
/// @param word  a file, or `pid:N`.
[[nodiscard]] base::Result<Side> read_side(const std::string& word,
                                           const bpf::ProfileContext& context);

/// Shows a recorded trace to `listener`; what is wrong with the file goes to standard error.
///
/// @errors  a file that cannot be read, or that is no trace.
[[nodiscard]] base::Result<void> follow_trace(const std::string& path,
                                              timeline::Listener& listener);

/// Whether the file is a recorded trace.
[[nodiscard]] bool is_trace(const std::string& bytes);

/// Prints to standard output; the exit status.
[[nodiscard]] int print(const std::string& text, int status = 0);

}  // namespace boxtrace::cli::seccomp
