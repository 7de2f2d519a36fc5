#pragma once
// Lists of strings as execve(2), posix_spawn(3) and getopt(3) take them.

#include <string>
#include <vector>

namespace boxtrace::os {

/// Pointers into `words`, which must live as long and not change, and a null pointer behind them.
/// execve(2) does not write to the strings, though its parameters do not say so.
[[nodiscard]] inline std::vector<char*> make_argv(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (const std::string& word : words) {
    argv.push_back(const_cast<char*>(word.c_str()));
  }
  argv.push_back(nullptr);
  return argv;
}

}  // namespace boxtrace::os
