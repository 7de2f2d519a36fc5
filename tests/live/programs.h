#pragma once
// Where the programs of tests/live/programs are.

#include <string>
#include <vector>

namespace boxtrace::test {

/// The path of a program by its name.
[[nodiscard]] inline std::string program(const std::string& name) {
  return std::string{BOXTRACE_PROGRAMS_DIR} + "/" + name;
}

}  // namespace boxtrace::test
