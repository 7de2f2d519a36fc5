#pragma once
// The words of struct seccomp_data by name: `nr`, `arch`, `low(ip)`, `high(args[2])`. Low and high
// are those of a little-endian machine.

#include <optional>
#include <string>
#include <string_view>

namespace boxtrace::bpf {

[[nodiscard]] std::string word_name(std::size_t word);
[[nodiscard]] std::optional<std::size_t> parse_word_name(std::string_view name);

}  // namespace boxtrace::bpf
