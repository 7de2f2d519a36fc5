#pragma once
// The verbs of the command line, one a file. Each takes the words behind its name and returns the
// exit status.

#include <string>
#include <string_view>
#include <vector>

namespace boxtrace::cli {

using Arguments = std::vector<std::string>;

/// What to do when boxtrace itself fails; 126 and 127 are those of a shell. Source: sh(1p).
inline constexpr int kToolFailure = 125;
inline constexpr int kCannotExecute = 126;
inline constexpr int kNotFound = 127;

/// All of boxtrace: decides between a verb and a command to launch, and runs it.
[[nodiscard]] int run(const Arguments& words);

[[nodiscard]] int run_launch(const Arguments& words);
[[nodiscard]] int run_record(const Arguments& words);
[[nodiscard]] int run_show(const Arguments& words);
[[nodiscard]] int run_diff(const Arguments& words);
[[nodiscard]] int run_explain(const Arguments& words);
[[nodiscard]] int run_seccomp(const Arguments& words);
[[nodiscard]] int run_schema(const Arguments& words);

struct Verb {
  std::string_view name;
  int (*run)(const Arguments& words);
  std::string_view summary;
};

/// The verb that `words` begin with, or null: then they are options and a command to launch. `--`
/// in front makes any word a command.
[[nodiscard]] const Verb* find_verb(const Arguments& words);

/// The verb of that name, or null.
[[nodiscard]] const Verb* find_verb(std::string_view name);

}  // namespace boxtrace::cli
