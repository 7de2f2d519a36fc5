#pragma once
// The words of a command line, as other runtimes take them.
//
// Engines and people write options for runc, whose parser is Go's: `-bundle DIR`, `-b=DIR`,
// `--cpu-quota -1` and `--detach=true` are all fine there, and crun's takes `-td`. CLI11 knows the
// double dash for long names, no `=` after a short one, and takes `-1` for an option. So the words
// are rewritten into the one form that is beyond doubt before CLI11 sees them.
//
// Source: Go's package flag, "Command line flag syntax".

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace boxrun::commands {

/// @param app    with all its verbs and their options, which say which word is a value
/// @param words  without the program's name
[[nodiscard]] std::vector<std::string> normalize_words(const CLI::App& app,
                                                       const std::vector<std::string>& words);

}  // namespace boxrun::commands
