#pragma once
// Rules as text, for people, and read back, which is how they are proved: a text that rebuilds to
// the diagram of the program says what the program does.
//
//   x86_64:
//     ALLOW: read, write
//     ALLOW: clone if flags & (CLONE_NEWNS|CLONE_NEWPID) == 0
//     ERRNO(ENOSYS): clone3, 450..
//     otherwise ERRNO(EPERM)
//   i386: as x86_64
//     ALLOW: socketcall
//     otherwise ERRNO(EPERM)
//   others: otherwise KILL_PROCESS
//
// The first rule that fits decides. An argument's name is its 64-bit value; `low(x)` and `high(x)`
// are its halves. In sections of 32-bit architectures the name means the low half, and `wide(x)`
// the whole. `#` begins a comment; line breaks mean nothing.

#include <string>
#include <string_view>

#include "decoders/bpf/policy.h"
#include "tracer/base/result.h"

namespace boxtrace::bpf {

struct TextStyle {
  std::size_t width = 100;
  bool color = false;
};

[[nodiscard]] std::string render_rules(const Policy& policy, const TextStyle& style = {});

/// One rule without its section: `clone if flags & CLONE_NEWNS == 0`; at most `at_most` calls.
[[nodiscard]] std::string render_rule(const Section& section, const Rule& rule,
                                      std::size_t at_most);

/// @errors  the line, and what is wrong with it.
[[nodiscard]] base::Result<Policy> parse_rules(std::string_view text);

}  // namespace boxtrace::bpf
