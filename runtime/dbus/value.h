#pragma once
// Values as D-Bus types them. A type is written as its signature: `s` text, `u` a number of 32
// bits, `as` an array of texts, `(sv)` a struct of a text and a variant, which is a value that
// brings its own type along.
//
// Source: D-Bus specification, "Type System".

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace boxrun::dbus {

struct Value {
  std::string type;          ///< one complete type
  std::uint64_t number = 0;  ///< of y b n q i u x t h: the bits, sign extended; of d: its bits
  std::string text;          ///< of s o g
  std::vector<Value> parts;  ///< elements, fields, key and value, or what is in the variant

  friend bool operator==(const Value&, const Value&) = default;
};

[[nodiscard]] Value make_text(std::string text);
[[nodiscard]] Value make_path(std::string path);
[[nodiscard]] Value make_boolean(bool value);
[[nodiscard]] Value make_u32(std::uint32_t value);
[[nodiscard]] Value make_u64(std::uint64_t value);
/// @param element  the type of each of `parts`, which may be none
[[nodiscard]] Value make_array(std::string_view element, std::vector<Value> parts);
[[nodiscard]] Value make_struct(std::vector<Value> parts);
[[nodiscard]] Value make_variant(Value value);

/// The length of the first complete type in `signature`; 0 where there is none, or one that is
/// nested deeper than the specification allows.
[[nodiscard]] std::size_t type_length(std::string_view signature);

}  // namespace boxrun::dbus
