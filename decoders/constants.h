#pragma once
// Named constants as data: one table per kernel enumeration or flag word, in decoders/tables. The
// tables serve three readers: decoders (number to name), the runtime and the command line (name to
// number), and `boxtrace explain` (name to lesson).

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "decoders/value.h"

namespace boxtrace::decoders {

/// What a person should know. Every part may be empty. Plain sentences, our own words.
struct Explanation {
  std::string_view what;  ///< what it does
  std::string_view proc;  ///< what changes in /proc, and where to look
  std::string_view trap;  ///< the mistake that people make with it
};

struct Constant {
  std::uint64_t value = 0;
  std::string_view name;
  Explanation explain{};
  /// The bits that must equal `value`; 0 means the bits of `value` itself. For multi-bit fields,
  /// such as O_ACCMODE within open flags, and for a name of value 0.
  std::uint64_t mask = 0;
};

struct ConstantTable {
  enum class Kind : std::uint8_t { Enum, Flags };
  std::string_view name;  ///< a word for people: `clone flags`
  Kind kind = Kind::Enum;
  std::string_view label;               ///< what an unknown value is called: `CLONE_???`
  std::string_view source;              ///< `linux/sched.h`
  std::string_view man;                 ///< `clone(2)`
  std::span<const Constant> constants;  ///< in the order in which names are printed

  /// The first constant that is exactly `value`, or null.
  [[nodiscard]] const Constant* find(std::uint64_t value) const;
  [[nodiscard]] const Constant* find(std::string_view constant_name) const;
};

/// `value` as a Symbol (Enum tables) or as Flags (Flags tables); total.
[[nodiscard]] Value decode_constant(const ConstantTable& table, std::uint64_t value);

/// All tables, for `explain`, completeness tests and the command line.
[[nodiscard]] std::span<const ConstantTable* const> all_tables();

}  // namespace boxtrace::decoders
