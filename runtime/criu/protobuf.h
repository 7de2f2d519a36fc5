#pragma once
// The wire format of protocol buffers, as far as criu(8) speaks it.
//
// A message is a row of fields, each a number with a type and then its value. Two types matter
// here: a varint (type 0: seven bits a byte, the lowest first, the top bit says "more follows") and
// bytes with their length in front (type 2), which are a text or another message. Negative numbers
// are varints of their 64-bit two's complement. Fields come in any order; unknown ones are skipped,
// which is how old and new programs understand each other.
//
// Source: protobuf.dev, "Encoding".

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/aliases.h"

namespace boxrun::criu {

class MessageWriter {
 public:
  void add_number(std::uint32_t field, std::int64_t value);
  void add_text(std::uint32_t field, std::string_view bytes);
  void add_message(std::uint32_t field, const MessageWriter& message) {
    add_text(field, message.bytes());
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  void add_varint(std::uint64_t value);

  std::string bytes_;
};

struct Field {
  std::uint32_t number = 0;
  std::uint64_t value = 0;  ///< of a varint or a fixed number
  std::string_view bytes;   ///< of a text or message; points into what was parsed
};

/// @errors  EPROTO: cut off, or of a type that is none
[[nodiscard]] Result<std::vector<Field>> parse_message(std::string_view bytes);

}  // namespace boxrun::criu
