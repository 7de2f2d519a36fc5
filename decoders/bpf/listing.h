#pragma once
// A program as text that a person reads and a machine assembles again:
//
//   0000: A = arch
//   0001: if (A == 0xc000003e) goto 0002 else goto 0007  ; x86_64
//   0002: A = nr
//   0003: if (A == 0x5a) goto 0006 else goto 0004  ; x86_64:chmod
//   0006: return ERRNO(EPERM)
//
// Names of calls belong to the architecture that the path has established; where several paths with
// different architectures meet, a number stays a number. What the names stand for is written behind
// a `;`, which begins a comment. The assembler takes what the listing prints, and plain numbers
// everywhere.

#include <string>
#include <string_view>

#include "decoders/bpf/instruction.h"

namespace boxtrace::bpf {

enum class Paint : std::uint8_t { Plain, Colors };

/// One line an instruction. Total: an opcode that is not permitted prints as `.word`.
[[nodiscard]] std::string render_listing(const Program& program, Paint paint = Paint::Plain);

/// The program that a listing describes. Line numbers in front are labels; other labels are words.
///
/// @errors  the line, and what is wrong with it. The program may still be one that the kernel
///          refuses, but it is the program that was written.
[[nodiscard]] base::Result<Program> parse_listing(std::string_view text);

}  // namespace boxtrace::bpf
