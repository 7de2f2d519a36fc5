#pragma once
// Takes typed members out of a JSON object of unknown origin. The first member that is missing or
// of the wrong kind is remembered; what is read after it is zero or empty and must not be used.
// Include only from .cc files: it brings in all of nlohmann::json.

#include <nlohmann/json.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "tracer/base/result.h"
#include "tracer/base/text.h"

namespace boxtrace::trace {

class JsonFields {
 public:
  /// `where` names the object in errors: `host.`, or empty for a record itself.
  explicit JsonFields(const nlohmann::json& object, std::string where = {})
      : object_(object), where_(std::move(where)) {
    if (!object_.is_object()) {
      fail("", "is not an object");
    }
  }

  [[nodiscard]] bool has(const char* name) const { return member(name) != nullptr; }

  /// A number, or a decimal string beyond 2^53 (see JsonText::integer), that fits `Int`.
  template <typename Int>
  [[nodiscard]] Int integer(const char* name) {
    const nlohmann::json* const value = required(name);
    return value == nullptr ? Int{} : number<Int>(*value, name);
  }
  template <typename Int>
  [[nodiscard]] Int integer_or(const char* name, Int fallback) {
    const nlohmann::json* const value = member(name);
    return value == nullptr ? fallback : number<Int>(*value, name);
  }
  template <typename Int>
  [[nodiscard]] std::vector<Int> integers(const char* name) {
    std::vector<Int> numbers;
    for (const nlohmann::json& item : array(name)) {
      numbers.push_back(number<Int>(item, name));
    }
    return numbers;
  }

  /// `"0x1f"`.
  [[nodiscard]] std::uint64_t hex(const char* name) {
    const nlohmann::json* const value = required(name);
    return value == nullptr ? 0 : hex_word(*value, name);
  }
  [[nodiscard]] std::uint64_t hex_word(const nlohmann::json& value, const char* name) {
    const auto* const word = value.get_ptr<const std::string*>();
    const auto parsed = word == nullptr ? std::nullopt : base::parse_u64(*word);
    if (!parsed) {
      fail(name, "is not a number in hexadecimal");
    }
    return parsed.value_or(0);
  }

  /// The bytes of a string, or of `{"b64": "..."}`.
  [[nodiscard]] std::string text(const char* name) {
    const nlohmann::json* const value = required(name);
    return value == nullptr ? std::string{} : bytes(*value, name);
  }
  [[nodiscard]] std::vector<std::string> texts(const char* name) {
    std::vector<std::string> items;
    for (const nlohmann::json& item : array(name)) {
      items.push_back(bytes(item, name));
    }
    return items;
  }
  [[nodiscard]] std::string base64(const char* name) {
    const nlohmann::json* const value = required(name);
    return value == nullptr ? std::string{} : base64_bytes(*value, name);
  }

  [[nodiscard]] bool boolean(const char* name) {
    const nlohmann::json* const value = required(name);
    if (value == nullptr) {
      return false;
    }
    if (!value->is_boolean()) {
      fail(name, "is not true or false");
      return false;
    }
    return value->get<bool>();
  }

  /// The value whose name in `names` the member is. See tracer/trace/names.h.
  template <typename NameTable>
  [[nodiscard]] auto name_in(const char* name, const NameTable& names) {
    using Enum = std::remove_const_t<decltype(names.front().first)>;
    const std::string word = text(name);
    for (const auto& [value, spelt] : names) {
      if (spelt == word) {
        return value;
      }
    }
    fail(name, "is none of the known words");
    return Enum{};
  }

  /// The items of an array; none when it is missing or not an array, which is an error.
  [[nodiscard]] const nlohmann::json::array_t& array(const char* name) {
    static const nlohmann::json::array_t kEmpty;
    const nlohmann::json* const value = required(name);
    if (value == nullptr) {
      return kEmpty;
    }
    const auto* const items = value->get_ptr<const nlohmann::json::array_t*>();
    if (items == nullptr) {
      fail(name, "is not an array");
      return kEmpty;
    }
    return *items;
  }

  /// A member of any kind; null value when it is missing, which is an error.
  [[nodiscard]] const nlohmann::json& any(const char* name) {
    static const nlohmann::json kNull;
    const nlohmann::json* const value = required(name);
    return value == nullptr ? kNull : *value;
  }

  /// Takes over the error of a nested reader, unless there is one already.
  void adopt(const JsonFields& nested) {
    if (!error_) {
      error_ = nested.error_;
    }
  }
  void fail(const char* name, const char* what) {
    if (!error_) {
      error_ = base::Error{0, where_ + name + " " + what, {}};
    }
  }
  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  [[nodiscard]] const std::optional<base::Error>& error() const { return error_; }

  /// `value`, unless reading it met an error.
  template <typename T>
  [[nodiscard]] base::Result<T> finish(T value) const {
    if (error_) {
      return *error_;
    }
    return value;
  }

 private:
  [[nodiscard]] const nlohmann::json* member(const char* name) const {
    if (!object_.is_object()) {
      return nullptr;
    }
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }
  [[nodiscard]] const nlohmann::json* required(const char* name) {
    const nlohmann::json* const value = member(name);
    if (value == nullptr) {
      fail(name, "is missing");
    }
    return value;
  }

  template <typename Int>
  [[nodiscard]] Int number(const nlohmann::json& value, const char* name) {
    if (const auto parsed = parse_number<Int>(value)) {
      return *parsed;
    }
    fail(name, "is not an integer of its range");
    return Int{};
  }

  template <typename Int>
  [[nodiscard]] static std::optional<Int> parse_number(const nlohmann::json& value) {
    using Limits = std::numeric_limits<Int>;
    if (const auto* const word = value.get_ptr<const std::string*>()) {
      if constexpr (std::is_signed_v<Int>) {
        return narrow<Int>(base::parse_i64(*word));
      } else {
        return narrow<Int>(base::parse_u64(*word));
      }
    }
    if (value.is_number_unsigned()) {
      const auto wide = value.get<std::uint64_t>();
      return wide <= static_cast<std::uint64_t>(Limits::max())
                 ? std::optional<Int>(static_cast<Int>(wide))
                 : std::nullopt;
    }
    if constexpr (std::is_signed_v<Int>) {
      if (value.is_number_integer()) {
        return narrow<Int>(std::optional<std::int64_t>(value.get<std::int64_t>()));
      }
    }
    return std::nullopt;
  }
  template <typename Int, typename Wide>
  [[nodiscard]] static std::optional<Int> narrow(std::optional<Wide> wide) {
    using Limits = std::numeric_limits<Int>;
    if (!wide || *wide < static_cast<Wide>(Limits::min()) ||
        *wide > static_cast<Wide>(Limits::max())) {
      return std::nullopt;
    }
    return static_cast<Int>(*wide);
  }

  [[nodiscard]] std::string base64_bytes(const nlohmann::json& value, const char* name) {
    const auto* const word = value.get_ptr<const std::string*>();
    auto decoded = word == nullptr ? std::nullopt : base::parse_base64(*word);
    if (!decoded) {
      fail(name, "is not base64");
      return {};
    }
    return *std::move(decoded);
  }
  [[nodiscard]] std::string bytes(const nlohmann::json& value, const char* name) {
    if (const auto* const plain = value.get_ptr<const std::string*>()) {
      return *plain;
    }
    if (value.is_object()) {
      if (const auto found = value.find("b64"); found != value.end()) {
        return base64_bytes(*found, name);
      }
    }
    fail(name, "is not a string");
    return {};
  }

  const nlohmann::json& object_;
  std::string where_;
  std::optional<base::Error> error_;
};

}  // namespace boxtrace::trace
