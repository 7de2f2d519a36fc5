#pragma once
// Programs as files: raw bytes (`.bpf`: an array of struct sock_filter), the same in hexadecimal,
// JSON (a list of {code, jt, jf, k}, or of such lists), and listings (listing.h).

#include <string>
#include <string_view>

#include "decoders/bpf/instruction.h"

namespace boxtrace::bpf {

/// In whichever form it is.
///
/// @errors  bytes that are none of them, with what is wrong in the form that they look like.
[[nodiscard]] base::Result<Program> parse_program_file(std::string_view bytes);

/// Sixteen digits an instruction, one a line.
[[nodiscard]] std::string render_hex(const Program& program);
/// `[{"code": 32, "jt": 0, "jf": 0, "k": 4}, ...]`.
[[nodiscard]] std::string render_json(const Program& program);

}  // namespace boxtrace::bpf
