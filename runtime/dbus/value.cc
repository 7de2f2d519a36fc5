#include "runtime/dbus/value.h"

namespace boxrun::dbus {
namespace {

constexpr std::string_view kBasic = "ybnqiuxtdsogh";
constexpr int kDeepest = 32;  // of arrays, and of structs; "Valid Signatures"

std::size_t measure(std::string_view signature, int arrays, int structs);

/// The types between the brackets of a struct or a dictionary entry.
std::size_t measure_fields(std::string_view signature, char end, int arrays, int structs,
                           std::size_t& count) {
  std::size_t length = 1;
  for (count = 0; length < signature.size() && signature[length] != end; ++count) {
    const std::size_t field = measure(signature.substr(length), arrays, structs);
    if (field == 0) {
      return 0;
    }
    length += field;
  }
  return length < signature.size() ? length + 1 : 0;
}

std::size_t measure(std::string_view signature, int arrays, int structs) {
  if (signature.empty() || arrays > kDeepest || structs > kDeepest) {
    return 0;
  }
  const char first = signature.front();
  std::size_t count = 0;
  if (first == 'v' || kBasic.find(first) != std::string_view::npos) {
    return 1;
  }
  if (first == '(') {
    const std::size_t length = measure_fields(signature, ')', arrays, structs + 1, count);
    return count > 0 ? length : 0;
  }
  if (first != 'a' || signature.size() < 2) {
    return 0;
  }
  if (signature[1] == '{') {
    const std::size_t length =
        measure_fields(signature.substr(1), '}', arrays + 1, structs + 1, count);
    const bool is_entry =
        length != 0 && count == 2 && kBasic.find(signature[2]) != std::string_view::npos;
    return is_entry ? length + 1 : 0;
  }
  const std::size_t element = measure(signature.substr(1), arrays + 1, structs);
  return element == 0 ? 0 : element + 1;
}

}  // namespace

Value make_text(std::string text) { return {"s", 0, std::move(text), {}}; }
Value make_path(std::string path) { return {"o", 0, std::move(path), {}}; }
Value make_boolean(bool value) { return {"b", value ? 1U : 0U, {}, {}}; }
Value make_u32(std::uint32_t value) { return {"u", value, {}, {}}; }
Value make_u64(std::uint64_t value) { return {"t", value, {}, {}}; }

Value make_array(std::string_view element, std::vector<Value> parts) {
  std::string type = "a";
  type += element;
  return {std::move(type), 0, {}, std::move(parts)};
}

Value make_struct(std::vector<Value> parts) {
  std::string type = "(";
  for (const Value& part : parts) {
    type += part.type;
  }
  return {type + ")", 0, {}, std::move(parts)};
}

Value make_variant(Value value) {
  Value variant{"v", 0, {}, {}};
  variant.parts.push_back(std::move(value));
  return variant;
}

std::size_t type_length(std::string_view signature) { return measure(signature, 0, 0); }

}  // namespace boxrun::dbus
