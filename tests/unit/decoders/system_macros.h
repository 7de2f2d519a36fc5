#pragma once
// What the system's headers define, as the preprocessor listed it (see CMakeLists.txt here).

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace boxtrace::decoders {

/// Macro names and what they stand for, as text. Functions are left out.
using Macros = std::map<std::string, std::string>;

/// The list of that name; empty when the system does not have the header.
[[nodiscard]] Macros read_macros(const std::string& list);

/// The number that macro `name` expands to; nothing when it is none. Knows integers, names, casts
/// in parentheses, and the operators `+ - | << ~`, all taken from left to right.
[[nodiscard]] std::optional<std::uint64_t> value_of(const Macros& macros, const std::string& name);

}  // namespace boxtrace::decoders
