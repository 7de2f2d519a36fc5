#include "decoders/value.h"

namespace boxtrace::decoders {

std::optional<std::uint64_t> Value::raw() const {
  if (const auto* number = as<Number>()) {
    return number->raw;
  }
  if (const auto* symbol = as<Symbol>()) {
    return symbol->raw;
  }
  if (const auto* flags = as<Flags>()) {
    return flags->raw;
  }
  if (const auto* fd = as<Fd>()) {
    return static_cast<std::uint64_t>(std::int64_t{fd->number});
  }
  if (const auto* pid = as<Pid>()) {
    return static_cast<std::uint64_t>(std::int64_t{pid->number});
  }
  return std::nullopt;
}

const std::string* Value::text() const {
  const auto* text = as<Text>();
  return text != nullptr ? &text->bytes : nullptr;
}

const Value* Value::field(std::string_view name) const {
  const auto* fields = as<Struct>();
  if (fields == nullptr) {
    return nullptr;
  }
  for (const Field& field : fields->fields) {
    if (field.name == name) {
      return &field.value;
    }
  }
  return nullptr;
}

}  // namespace boxtrace::decoders
