#include "decoders/bpf/program_file.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "decoders/bpf/listing.h"
#include "decoders/bpf/verdict.h"
#include "tracer/base/text.h"

namespace boxtrace::bpf {
namespace {

using base::Error;
using base::Result;
using Json = nlohmann::json;

constexpr std::array<const char*, 4> kFields = {"code", "jt", "jf", "k"};
constexpr std::array<std::uint64_t, 4> kMost = {0xffff, 0xff, 0xff, 0xffffffff};

Result<Instruction> instruction_of(const Json& json, std::size_t index) {
  std::array<std::uint64_t, 4> values{};
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    const Json* field = nullptr;
    if (json.is_object() && json.contains(kFields.at(i))) {
      field = &json[kFields.at(i)];
    } else if (json.is_array() && json.size() == kFields.size()) {
      field = &json[i];
    }
    if (field == nullptr || !field->is_number_unsigned() ||
        field->get<std::uint64_t>() > kMost.at(i)) {
      return Error{
          0,
          fmt::format("instruction {}: `{}` is missing or out of range", index, kFields.at(i)),
          {}};
    }
    values.at(i) = field->get<std::uint64_t>();
  }
  return Instruction{static_cast<std::uint16_t>(values[0]), static_cast<std::uint8_t>(values[1]),
                     static_cast<std::uint8_t>(values[2]), static_cast<std::uint32_t>(values[3])};
}

Result<Program> parse_json(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_array()) {
    return Error{0, "this is no JSON list of instructions", {}};
  }
  Program program;
  for (std::size_t i = 0; i < json.size(); ++i) {
    TRY(const Instruction instruction, instruction_of(json[i], i));
    program.push_back(instruction);
  }
  return program;
}

int digit(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

/// The bytes if the text is nothing but pairs of hexadecimal digits and blanks.
std::optional<base::Bytes> parse_hex(std::string_view text) {
  base::Bytes bytes;
  int high = -1;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
      continue;
    }
    const int value = digit(c);
    if (value < 0) {
      return std::nullopt;
    }
    if (high >= 0) {
      bytes.push_back(static_cast<std::byte>(high << 4 | value));
    }
    high = high >= 0 ? -1 : value;
  }
  return high >= 0 ? std::nullopt : std::optional(std::move(bytes));
}

/// As a big-endian machine keeps it in memory.
Program swapped(Program program) {
  for (Instruction& in : program) {
    in.code = static_cast<std::uint16_t>(in.code << 8 | in.code >> 8);
    in.k = in.k << 24 | (in.k & 0xff00) << 8 | (in.k >> 8 & 0xff00) | in.k >> 24;
  }
  return program;
}

/// In the order of bytes in which it is valid; libseccomp exports in that of the target.
Result<Program> parse_raw(std::string_view bytes) {
  TRY(Program program, parse_program(base::as_bytes(bytes)));
  if (find_refusal(program)) {
    Program other = swapped(program);
    return find_refusal(other) ? std::move(program) : std::move(other);
  }
  return program;
}

}  // namespace

Result<Program> parse_program_file(std::string_view bytes) {
  const std::string_view text = base::trim(bytes);
  // Every real program has zero bytes; no text has.
  if (bytes.find('\0') != std::string_view::npos || text.empty()) {
    return parse_raw(bytes);
  }
  if (text.front() == '[') {
    return parse_json(text);
  }
  if (const auto hex = parse_hex(text)) {
    return parse_program(*hex);
  }
  return parse_listing(bytes);
}

std::string render_hex(const Program& program) {
  std::string out;
  for (const Instruction& instruction : program) {
    for (const std::byte byte : render_program({instruction})) {
      out += fmt::format("{:02x}", static_cast<unsigned>(byte));
    }
    out += '\n';
  }
  return out;
}

std::string render_json(const Program& program) {
  std::string out = "[";
  for (const Instruction& in : program) {
    out += fmt::format("{}\n  {{\"code\": {}, \"jt\": {}, \"jf\": {}, \"k\": {}}}",
                       out.size() > 1 ? "," : "", in.code, in.jt, in.jf, in.k);
  }
  return out + "\n]\n";
}

}  // namespace boxtrace::bpf
