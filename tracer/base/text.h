#pragma once
// Text from untrusted bytes and back: quoting, UTF-8, base64, hex, splitting.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace boxtrace::base {

/// `bytes` as a C string literal in double quotes, the way strace prints it: \n \t \" \\ and octal
/// escapes for what is not printable ASCII. Valid UTF-8 sequences stay as they are.
[[nodiscard]] std::string quote(std::string_view bytes);

/// `bytes` fit for a terminal line: control characters and invalid UTF-8 become escapes, no quotes.
[[nodiscard]] std::string printable(std::string_view bytes);

[[nodiscard]] bool is_utf8(std::string_view bytes);

/// The number of terminal columns that `text` takes, counting one per code point.
[[nodiscard]] std::size_t display_width(std::string_view text);

/// `text` with every run of 32 hexadecimal digits or more cut to its first 12 and an ellipsis: the
/// length in which engines print the ids of containers, images and layers.
[[nodiscard]] std::string shorten_ids(std::string_view text);

/// The first `columns` code points of `text`, the last replaced by an ellipsis if it had more.
[[nodiscard]] std::string clip(std::string_view text, std::size_t columns);

[[nodiscard]] std::string to_base64(std::string_view bytes);
/// Nothing when `text` is not canonical base64.
[[nodiscard]] std::optional<std::string> parse_base64(std::string_view text);

/// `0x1f`, lower case, no leading zeros.
[[nodiscard]] std::string to_hex(std::uint64_t value);

/// A decimal or 0x-prefixed number that takes all of `text`; nothing on anything else, overflow
/// too.
[[nodiscard]] std::optional<std::uint64_t> parse_u64(std::string_view text);
[[nodiscard]] std::optional<std::int64_t> parse_i64(std::string_view text);

/// Pieces of `text` between `separator`s; empty pieces are kept.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
/// Pieces of `text` between runs of blanks and tabs; no empty pieces.
[[nodiscard]] std::vector<std::string_view> split_blanks(std::string_view text);

[[nodiscard]] std::string_view trim(std::string_view text);

[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view separator);

/// The `candidates` nearest to `word` by edit distance, best first, none that is far off.
[[nodiscard]] std::vector<std::string> nearest(std::string_view word,
                                               const std::vector<std::string>& candidates,
                                               std::size_t at_most = 3);

}  // namespace boxtrace::base
