#pragma once
// Writes one JSON text, in the order of the calls, into a string. A trace has a line per system
// call, so no tree is built on the way.

#include <cstdint>
#include <string>
#include <string_view>

namespace boxtrace::trace {

/// Commas and quotes are its business; the nesting of begin and end is the caller's.
class JsonText {
 public:
  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }

  /// The name of the member that the next call writes. Must be UTF-8.
  void key(std::string_view name);

  /// A string of any bytes: a JSON string if they are UTF-8, else `{"b64": "..."}`.
  void text(std::string_view bytes);
  void boolean(bool value);
  /// A number, or a string of decimal digits beyond 2^53, where readers that keep numbers as
  /// doubles would change it.
  void integer(std::int64_t value);
  void integer(std::uint64_t value);
  /// `"0x1f"`: a word of bits or an address.
  void hex(std::uint64_t value);

  /// A member and its value.
  void text(std::string_view name, std::string_view bytes) {
    key(name);
    text(bytes);
  }
  void boolean(std::string_view name, bool value) {
    key(name);
    boolean(value);
  }
  void integer(std::string_view name, std::int64_t value) {
    key(name);
    integer(value);
  }
  void integer(std::string_view name, std::uint64_t value) {
    key(name);
    integer(value);
  }
  void hex(std::string_view name, std::uint64_t value) {
    key(name);
    hex(value);
  }

  /// What was written; empty afterwards.
  [[nodiscard]] std::string take();

 private:
  void open(char bracket);
  void close(char bracket);
  void separate();
  void quoted(std::string_view utf8);

  std::string out_;
  bool comma_ = false;  ///< the next value or key needs one before it
};

}  // namespace boxtrace::trace
