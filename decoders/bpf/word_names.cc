#include "decoders/bpf/word_names.h"

#include <fmt/format.h>

#include "decoders/bpf/input.h"

namespace boxtrace::bpf {

std::string word_name(std::size_t word) {
  if (word == kNumberWord) {
    return "nr";
  }
  if (word == kArchWord) {
    return "arch";
  }
  const std::string half = word % 2 == 0 ? "low" : "high";
  return word < kArgumentWord ? half + "(ip)"
                              : fmt::format("{}(args[{}])", half, (word - kArgumentWord) / 2);
}

std::optional<std::size_t> parse_word_name(std::string_view name) {
  for (std::size_t word = 0; word < kInputWords; ++word) {
    if (word_name(word) == name) {
      return word;
    }
  }
  return std::nullopt;
}

}  // namespace boxtrace::bpf
