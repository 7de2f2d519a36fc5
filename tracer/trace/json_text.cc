#include "tracer/trace/json_text.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "tracer/base/text.h"

namespace boxtrace::trace {
namespace {

constexpr std::int64_t kExactInDouble = 1LL << 53;

}  // namespace

void JsonText::open(char bracket) {
  separate();
  out_ += bracket;
  comma_ = false;
}

void JsonText::close(char bracket) {
  out_ += bracket;
  comma_ = true;
}

void JsonText::separate() {
  if (comma_) {
    out_ += ',';
  }
  comma_ = true;
}

void JsonText::quoted(std::string_view utf8) {
  out_ += '"';
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += c;
    } else if (c == '\n') {
      out_ += "\\n";
    } else if (c == '\t') {
      out_ += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(std::back_inserter(out_), "\\u{:04x}", static_cast<unsigned>(byte));
    } else {
      out_ += c;
    }
  }
  out_ += '"';
}

void JsonText::key(std::string_view name) {
  separate();
  quoted(name);
  out_ += ':';
  comma_ = false;
}

void JsonText::text(std::string_view bytes) {
  if (base::is_utf8(bytes)) {
    separate();
    quoted(bytes);
    return;
  }
  begin_object();
  key("b64");
  separate();
  quoted(base::to_base64(bytes));
  end_object();
}

void JsonText::boolean(bool value) {
  separate();
  out_ += value ? "true" : "false";
}

void JsonText::integer(std::int64_t value) {
  separate();
  if (value > -kExactInDouble && value < kExactInDouble) {
    fmt::format_to(std::back_inserter(out_), "{}", value);
  } else {
    fmt::format_to(std::back_inserter(out_), "\"{}\"", value);
  }
}

void JsonText::integer(std::uint64_t value) {
  separate();
  if (value < static_cast<std::uint64_t>(kExactInDouble)) {
    fmt::format_to(std::back_inserter(out_), "{}", value);
  } else {
    fmt::format_to(std::back_inserter(out_), "\"{}\"", value);
  }
}

void JsonText::hex(std::uint64_t value) {
  separate();
  fmt::format_to(std::back_inserter(out_), "\"0x{:x}\"", value);
}

std::string JsonText::take() {
  comma_ = false;
  return std::exchange(out_, {});
}

}  // namespace boxtrace::trace
