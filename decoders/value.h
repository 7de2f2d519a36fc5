#pragma once
// The meaning of one argument or result, as data. Decoders make values; sinks render them
// (decoders/render.h for text, tracer/trace for JSON); the model reads them by field name. What
// could not be decoded is in the value too: unknown bits, missing memory, bytes beyond the struct
// we know.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tracer/base/bytes.h"
#include "tracer/base/ids.h"
#include "tracer/raw/memory.h"

namespace boxtrace::decoders {

class Value;
struct Field;

/// A plain number.
struct Number {
  enum class Style : std::uint8_t { Signed, Unsigned, Hex, Octal };
  std::uint64_t raw = 0;  ///< sign-extended to 64 bits when `style` is Signed
  Style style = Style::Signed;
};

/// One of a set of named constants. `name` is empty when none has this value; `label` is then shown
/// as a comment, in strace's manner: `0x7 /* PR_??? */`.
struct Symbol {
  std::uint64_t raw = 0;
  std::string_view name;
  std::string_view label;
};

/// A word of bits. `unknown` are the bits that no name covers: shown, never dropped.
struct Flags {
  std::uint64_t raw = 0;
  std::vector<std::string_view> names;
  std::uint64_t unknown = 0;
  std::string_view label;  ///< `CLONE_???`, for unknown bits
};

/// Bytes that a person reads as text. May hold anything, NULs and invalid UTF-8 included. Filter is
/// the exception: the instructions of a classic BPF program, eight bytes each, which a text shows
/// as their number.
struct Text {
  enum class Kind : std::uint8_t { String, Path, Buffer, Filter };
  Kind kind = Kind::String;
  std::string bytes;
  bool truncated = false;                  ///< there was more than the limit
  std::optional<raw::Unreadable> failure;  ///< memory ended before the string did
};

/// A file descriptor of the tracee. `AT_FDCWD` is one where the call says so.
struct Fd {
  std::int32_t number = -1;
  bool at_cwd = false;
};

/// A process or thread id as the *caller* sees it, or the special values of kill and wait.
struct Pid {
  std::int32_t number = 0;
};

/// An address that nothing was read from (0 is NULL).
struct Pointer {
  base::Addr addr;
};

/// An address that should have been read from but could not be.
struct Missing {
  base::Addr addr;
  raw::Unreadable why = raw::Unreadable::Fault;
};

/// An output parameter before the call has ended, or after it failed.
struct Pending {
  base::Addr addr;
};

struct Struct {
  std::vector<Field> fields;
  base::Bytes extra;                       ///< non-zero bytes beyond the fields we know
  std::optional<raw::Unreadable> failure;  ///< memory ended inside; the fields before are good
};

struct List {
  std::vector<Value> items;
  bool truncated = false;
  std::optional<raw::Unreadable> failure;
};

/// A value that the call changed: in and out.
struct Changed {
  std::shared_ptr<const Value> before;
  std::shared_ptr<const Value> after;
};

class Value {
 public:
  using Variant = std::variant<Number, Symbol, Flags, Text, Fd, Pid, Pointer, Missing, Pending,
                               Struct, List, Changed>;

  template <typename T>
  Value(T alternative) : variant_(std::move(alternative)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] const Variant& variant() const { return variant_; }
  [[nodiscard]] Variant& variant() { return variant_; }

  /// The alternative, or null when the value is another one.
  template <typename T>
  [[nodiscard]] const T* as() const {
    return std::get_if<T>(&variant_);
  }
  template <typename T>
  [[nodiscard]] T* as() {
    return std::get_if<T>(&variant_);
  }

  /// The number behind a Number, Symbol, Flags, Fd or Pid.
  [[nodiscard]] std::optional<std::uint64_t> raw() const;
  /// The bytes of a Text; null for anything else.
  [[nodiscard]] const std::string* text() const;
  /// The field of a Struct, or null.
  [[nodiscard]] const Value* field(std::string_view name) const;

 private:
  Variant variant_;
};

struct Field {
  std::string_view name;
  Value value;
};

}  // namespace boxtrace::decoders
