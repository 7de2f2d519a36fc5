#include "runtime/dbus/message.h"

#include <errno.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace boxrun::dbus {
namespace {

constexpr std::size_t kLongest = std::size_t{1} << 20;
constexpr int kDeepest = 64;  // variants in variants

/// Header fields that are texts of some kind, by number. 8 is the body's signature, 5 a number.
struct TextField {
  std::uint8_t number;
  char type;
  std::string Message::*member;
};
constexpr std::array<TextField, 6> kTextFields = {{{1, 'o', &Message::path},
                                                   {2, 's', &Message::interface},
                                                   {3, 's', &Message::member},
                                                   {4, 's', &Message::error_name},
                                                   {6, 's', &Message::destination},
                                                   {7, 's', &Message::sender}}};
constexpr std::uint8_t kReplySerial = 5;
constexpr std::uint8_t kSignature = 8;

/// Of fixed numbers; 0 for everything else.
std::size_t size_of(char type) {
  switch (type) {
    case 'y':
      return 1;
    case 'n':
    case 'q':
      return 2;
    case 'b':
    case 'i':
    case 'u':
    case 'h':
      return 4;
    case 'x':
    case 't':
    case 'd':
      return 8;
    default:
      return 0;
  }
}

std::size_t alignment_of(char type) {
  switch (type) {
    case 's':
    case 'o':
    case 'a':
      return 4;
    case '(':
    case '{':
      return 8;
    case 'g':
    case 'v':
      return 1;
    default:
      return size_of(type);
  }
}

std::string signature_of(const std::vector<Value>& values) {
  std::string signature;
  for (const Value& value : values) {
    signature += value.type;
  }
  return signature;
}

class Writer {
 public:
  void align(std::size_t to) { out_.resize((out_.size() + to - 1) / to * to); }
  void number(std::uint64_t value, std::size_t size) {
    align(size);
    for (std::size_t i = 0; i < size; ++i) {
      out_ += static_cast<char>(value >> (8 * i));
    }
  }
  void signature(std::string_view text) {
    number(text.size(), 1);
    out_ += text;
    out_ += '\0';
  }
  void text(std::string_view text) {
    number(text.size(), 4);
    out_ += text;
    out_ += '\0';
  }
  void value(const Value& value);
  [[nodiscard]] const std::string& bytes() const { return out_; }

 private:
  std::string out_;
};

void Writer::value(const Value& value) {
  const char type = value.type.front();
  if (const std::size_t size = size_of(type); size != 0) {
    number(value.number, size);
    return;
  }
  switch (type) {
    case 's':
    case 'o':
      text(value.text);
      return;
    case 'g':
      signature(value.text);
      return;
    case 'v':
      signature(value.parts.front().type);
      this->value(value.parts.front());
      return;
    default:
      break;
  }
  std::size_t length_at = 0;
  if (type == 'a') {
    number(0, 4);
    length_at = out_.size() - 4;
    align(alignment_of(value.type[1]));
  } else {
    align(8);
  }
  const std::size_t start = out_.size();
  for (const Value& part : value.parts) {
    this->value(part);
  }
  if (type == 'a') {
    const std::size_t length = out_.size() - start;
    for (std::size_t i = 0; i < 4; ++i) {
      out_[length_at + i] = static_cast<char>(length >> (8 * i));
    }
  }
}

/// Every method sets failed() and returns something harmless where the bytes do not fit.
class Reader {
 public:
  Reader(std::string_view bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool at_end() const { return at_ == bytes_.size(); }
  void align(std::size_t to) {
    while (at_ % to != 0) {
      if (take(1) != std::string_view{"\0", 1}) {
        failed_ = true;
        return;
      }
    }
  }
  std::uint64_t number(std::size_t size) {
    align(size);
    const std::string_view digits = take(size);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
      const char byte = digits[big_endian_ ? i : digits.size() - 1 - i];
      value = value << 8 | static_cast<unsigned char>(byte);
    }
    return value;
  }
  std::string text(std::size_t length_size) {
    std::string text{take(number(length_size))};
    failed_ = failed_ || take(1) != std::string_view{"\0", 1} ||
              text.find('\0') != std::string::npos || !base::is_utf8(text);
    return text;
  }
  Value value(std::string_view type, int depth = 0);

 private:
  std::string_view take(std::size_t count) {
    if (failed_ || count > bytes_.size() - at_) {
      failed_ = true;
      return {};
    }
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }
  void fields(Value& value, std::string_view types, int depth) {
    while (!types.empty() && !failed_) {
      const std::size_t length = type_length(types);
      value.parts.push_back(this->value(types.substr(0, length), depth));
      types.remove_prefix(length);
    }
  }
  void elements(Value& value, int depth);

  std::string_view bytes_;
  bool big_endian_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

std::uint64_t sign_extended(char type, std::uint64_t number) {
  if (type == 'n') {
    return static_cast<std::uint64_t>(static_cast<std::int16_t>(number));
  }
  return type == 'i' ? static_cast<std::uint64_t>(static_cast<std::int32_t>(number)) : number;
}

/// @param type  one complete type, or a dictionary entry
Value Reader::value(std::string_view type, int depth) {
  Value value{std::string{type}, 0, {}, {}};
  const char first = type.front();
  if (depth > kDeepest) {
    failed_ = true;
  } else if (const std::size_t size = size_of(first); size != 0) {
    value.number = sign_extended(first, number(size));
    failed_ = failed_ || (first == 'b' && value.number > 1);
  } else if (first == 's' || first == 'o') {
    value.text = text(4);
  } else if (first == 'g') {
    value.text = text(1);
  } else if (first == 'v') {
    const std::string inner = text(1);
    if (failed_ || type_length(inner) != inner.size() || inner.empty()) {
      failed_ = true;
      return value;
    }
    value.parts.push_back(this->value(inner, depth + 1));
  } else if (first == 'a') {
    elements(value, depth + 1);
  } else {
    align(8);
    fields(value, type.substr(1, type.size() - 2), depth + 1);
  }
  return value;
}

void Reader::elements(Value& value, int depth) {
  const std::string element = value.type.substr(1);
  const std::uint64_t length = number(4);
  align(alignment_of(element.front()));
  if (failed_ || length > bytes_.size() - at_) {
    failed_ = true;
    return;
  }
  const std::size_t end = at_ + length;
  while (at_ < end && !failed_) {
    value.parts.push_back(this->value(element, depth));
  }
  failed_ = failed_ || at_ != end;
}

Error broken(std::string_view what) {
  return {EBADMSG, fmt::format("a D-Bus message {}", what), {}};
}

struct Lengths {
  std::size_t fields = 0;
  std::size_t body = 0;
  [[nodiscard]] std::size_t body_start() const { return (kFixedHeader + fields + 7) / 8 * 8; }
  [[nodiscard]] std::size_t whole() const { return body_start() + body; }
};

Result<Lengths> parse_lengths(std::string_view header) {
  if (header.size() < kFixedHeader || (header[0] != 'l' && header[0] != 'B') || header[3] != 1) {
    return broken("does not begin as one");
  }
  Reader reader{header.substr(0, kFixedHeader), header[0] == 'B'};
  Lengths lengths;
  reader.number(4);
  lengths.body = reader.number(4);
  reader.number(4);
  lengths.fields = reader.number(4);
  if (lengths.whole() > kLongest) {
    return broken(fmt::format("of {} bytes", lengths.whole()));
  }
  return lengths;
}

/// @returns false where a field has another type than the specification gives it
bool take_field(const Value& field, Message& message, std::string& signature) {
  const std::uint64_t number = field.parts[0].number;
  const Value& value = field.parts[1].parts.front();
  if (number == kSignature) {
    signature = value.text;
    return value.type == "g";
  }
  if (number == kReplySerial) {
    message.reply_serial = static_cast<std::uint32_t>(value.number);
    return value.type == "u";
  }
  for (const TextField& known : kTextFields) {
    if (known.number == number) {
      message.*known.member = value.text;
      return value.type == std::string_view{&known.type, 1};
    }
  }
  return true;
}

}  // namespace

std::string render_message(const Message& message) {
  std::vector<Value> fields;
  const auto add = [&fields](std::uint8_t number, Value value) {
    fields.push_back(make_struct({{"y", number, {}, {}}, make_variant(std::move(value))}));
  };
  for (const TextField& field : kTextFields) {
    if (const std::string& text = message.*field.member; !text.empty()) {
      add(field.number, {std::string{field.type}, 0, text, {}});
    }
  }
  if (message.reply_serial != 0) {
    add(kReplySerial, make_u32(message.reply_serial));
  }
  if (!message.body.empty()) {
    add(kSignature, {"g", 0, signature_of(message.body), {}});
  }
  Writer body;  // it starts at a multiple of 8, so that its own beginning will do to align from
  for (const Value& value : message.body) {
    body.value(value);
  }
  Writer out;
  out.number('l', 1);
  out.number(static_cast<std::uint8_t>(message.kind), 1);
  out.number(0, 1);  // flags
  out.number(1, 1);  // version of the protocol
  out.number(body.bytes().size(), 4);
  out.number(message.serial, 4);
  out.value(make_array("(yv)", std::move(fields)));
  out.align(8);
  return out.bytes() + body.bytes();
}

Result<std::size_t> parse_length(std::string_view header) {
  TRY(const Lengths lengths, parse_lengths(header));
  return lengths.whole();
}

Result<Message> parse_message(std::string_view bytes) {
  TRY(const Lengths lengths, parse_lengths(bytes));
  if (bytes.size() != lengths.whole()) {
    return broken("is cut off");
  }
  const bool big_endian = bytes[0] == 'B';
  Message message;
  message.kind = static_cast<Kind>(bytes[1]);
  if (message.kind < Kind::Call || message.kind > Kind::Signal) {
    return broken("of an unknown kind");
  }
  Reader reader{bytes.substr(0, lengths.body_start()), big_endian};
  reader.number(8);
  message.serial = static_cast<std::uint32_t>(reader.number(4));
  const Value fields = reader.value("a(yv)");
  reader.align(8);
  std::string signature;
  if (reader.failed() ||
      !std::ranges::all_of(fields.parts, [&message, &signature](const Value& field) {
        return take_field(field, message, signature);
      })) {
    return broken("has a broken header");
  }
  Reader body{bytes.substr(lengths.body_start()), big_endian};
  for (std::string_view types = signature; !types.empty();) {
    const std::size_t length = type_length(types);
    if (length == 0) {
      return broken(fmt::format("has the signature {}", base::quote(signature)));
    }
    message.body.push_back(body.value(types.substr(0, length)));
    types.remove_prefix(length);
  }
  if (body.failed() || !body.at_end()) {
    return broken("has a broken body");
  }
  return message;
}

}  // namespace boxrun::dbus
