#include "tracer/base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace boxtrace::base {

namespace {

/// The length of the valid UTF-8 sequence that starts at `at`, or 0. Overlong forms, surrogates and
/// values above U+10FFFF are invalid. Source: utf-8(7), RFC 3629 section 4.
std::size_t utf8_length(std::string_view bytes, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const auto continues = [&](std::size_t i, unsigned char low, unsigned char high) {
    return i < bytes.size() && byte(i) >= low && byte(i) <= high;
  };
  const unsigned char lead = byte(at);
  if (lead < 0x80) {
    return 1;
  }
  if (lead >= 0xC2 && lead <= 0xDF) {
    return continues(at + 1, 0x80, 0xBF) ? 2 : 0;
  }
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned char low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned char high = lead == 0xED ? 0x9F : 0xBF;
    return continues(at + 1, low, high) && continues(at + 2, 0x80, 0xBF) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned char low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = lead == 0xF4 ? 0x8F : 0xBF;
    return continues(at + 1, low, high) && continues(at + 2, 0x80, 0xBF) &&
                   continues(at + 3, 0x80, 0xBF)
               ? 4
               : 0;
  }
  return 0;
}

/// U+0080..U+009F: control characters that terminals obey although they are valid UTF-8.
bool is_c1_control(std::string_view sequence) {
  return sequence.size() == 2 && sequence[0] == '\xC2' &&
         static_cast<unsigned char>(sequence[1]) < 0xA0;
}

void append_octal(std::string& out, unsigned char byte, bool digit_follows) {
  out += '\\';
  // Three digits only where a following digit would otherwise be read as part of the escape.
  if (digit_follows || byte >= 0100) {
    out += static_cast<char>('0' + (byte >> 6));
  }
  if (digit_follows || byte >= 010) {
    out += static_cast<char>('0' + ((byte >> 3) & 7));
  }
  out += static_cast<char>('0' + (byte & 7));
}

void append_escaped(std::string& out, std::string_view bytes, bool quoted) {
  for (std::size_t i = 0; i < bytes.size();) {
    const char c = bytes[i];
    switch (c) {
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\v':
        out += "\\v";
        break;
      case '\f':
        out += "\\f";
        break;
      case '"':
        out += quoted ? "\\\"" : "\"";
        break;
      case '\\':
        out += quoted ? "\\\\" : "\\";
        break;
      default: {
        const std::size_t length = utf8_length(bytes, i);
        const std::string_view sequence = bytes.substr(i, length);
        const bool plain = length > 0 && !(length == 1 && (c < ' ' || c == '\x7F'));
        if (plain && !is_c1_control(sequence)) {
          out += sequence;
          i += length;
          continue;
        }
        const bool digit_follows =
            i + 1 < bytes.size() && bytes[i + 1] >= '0' && bytes[i + 1] <= '9';
        append_octal(out, static_cast<unsigned char>(c), digit_follows);
      }
    }
    ++i;
  }
}

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

template <typename T>
std::optional<T> parse_number(std::string_view text, int radix) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, value, radix);
  if (failure != std::errc{} || stop != end || text.empty()) {
    return std::nullopt;
  }
  return value;
}

/// How many insertions, deletions, replacements and swaps of neighbours lead from `a` to `b` (the
/// optimal string alignment distance).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      const bool equal = a[i - 1] == b[j - 1];
      cost[i][j] = std::min(
          {cost[i - 1][j - 1] + (equal ? 0U : 1U), cost[i - 1][j] + 1, cost[i][j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::string quote(std::string_view bytes) {
  std::string out = "\"";
  append_escaped(out, bytes, true);
  out += '"';
  return out;
}

std::string printable(std::string_view bytes) {
  std::string out;
  append_escaped(out, bytes, false);
  return out;
}

bool is_utf8(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size();) {
    const std::size_t length = utf8_length(bytes, i);
    if (length == 0) {
      return false;
    }
    i += length;
  }
  return true;
}

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string shorten_ids(std::string_view text) {
  constexpr std::size_t kShortestId = 32;
  constexpr std::size_t kKept = 12;
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  std::string out;
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of(kHexDigits), text.size());
    const std::size_t rest = std::min(text.find_first_of(kHexDigits, digits), text.size());
    if (digits >= kShortestId) {
      out.append(text.substr(0, kKept)).append("…");
    } else {
      out.append(text.substr(0, digits));
    }
    out.append(text.substr(digits, rest - digits));
    text.remove_prefix(rest);
  }
  return out;
}

std::string clip(std::string_view text, std::size_t columns) {
  if (display_width(text) <= columns) {
    return std::string(text);
  }
  if (columns == 0) {
    return {};
  }
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size(); ++end) {
    if ((static_cast<unsigned char>(text[end]) & 0xC0U) != 0x80U && seen++ == columns - 1) {
      break;
    }
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string to_base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t j = 0; j < 3; ++j) {
      const auto byte = j < count ? static_cast<unsigned char>(bytes[i + j]) : 0U;
      group = group << 8 | byte;
    }
    for (std::size_t j = 0; j < 4; ++j) {
      out += j <= count ? kBase64[(group >> (18 - 6 * j)) & 0x3FU] : '=';
    }
  }
  return out;
}

std::optional<std::string> parse_base64(std::string_view text) {
  if (text.size() % 4 != 0) {
    return std::nullopt;
  }
  std::string out;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::uint32_t group = 0;
    std::size_t pads = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const char c = text[i + j];
      const std::size_t digit = kBase64.find(c);
      const bool pad = c == '=' && j >= 2 && i + 4 == text.size();
      if (digit == std::string_view::npos ? !pad : pads > 0) {
        return std::nullopt;
      }
      pads += pad ? 1 : 0;
      group = group << 6 | (pad ? 0U : static_cast<std::uint32_t>(digit));
    }
    for (std::size_t j = 0; j + pads < 3; ++j) {
      out += static_cast<char>(group >> (16 - 8 * j) & 0xFFU);
    }
  }
  // Bits that padding cuts off must be zero, or two texts would stand for the same bytes.
  if (to_base64(out) != text) {
    return std::nullopt;
  }
  return out;
}

std::string to_hex(std::uint64_t value) {
  std::array<char, 16> digits{};
  const auto [end, failure] =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, 16);
  static_cast<void>(failure);  // 16 digits hold any 64-bit value
  return "0x" + std::string(digits.data(), end);
}

std::optional<std::uint64_t> parse_u64(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X")) {
    return parse_number<std::uint64_t>(text.substr(2), 16);
  }
  return parse_number<std::uint64_t>(text, 10);
}

std::optional<std::int64_t> parse_i64(std::string_view text) {
  return parse_number<std::int64_t>(text, 10);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(at + 1);
  }
}

std::vector<std::string_view> split_blanks(std::string_view text) {
  std::vector<std::string_view> parts;
  constexpr std::string_view kBlanks = " \t";
  std::size_t begin = text.find_first_not_of(kBlanks);
  while (begin != std::string_view::npos) {
    const std::size_t end = std::min(text.find_first_of(kBlanks, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(kBlanks, end);
  }
  return parts;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) {
      out += separator;
    }
    out += parts[i];
  }
  return out;
}

std::vector<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates,
                                 std::size_t at_most) {
  const std::size_t farthest = std::max<std::size_t>(1, word.size() / 3);
  std::vector<std::pair<std::size_t, std::string>> ranked;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance <= farthest) {
      ranked.emplace_back(distance, candidate);
    }
  }
  std::sort(ranked.begin(), ranked.end());
  ranked.erase(std::unique(ranked.begin(), ranked.end()), ranked.end());
  std::vector<std::string> best;
  for (std::size_t i = 0; i < ranked.size() && i < at_most; ++i) {
    best.push_back(ranked[i].second);
  }
  return best;
}

}  // namespace boxtrace::base
