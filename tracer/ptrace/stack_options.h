#pragma once
// Of which calls it is kept who made them.

#include <cstdint>

namespace boxtrace::ptrace {

/// Whose stacks are captured.
enum class StackScope : std::uint8_t {
  Nobody,
  Container,  ///< calls that a story of a container may rest on
  All,
};

struct StackOptions {
  StackScope stacks = StackScope::Nobody;
  StackScope sites = StackScope::Nobody;  ///< the code around the call
};

}  // namespace boxtrace::ptrace
