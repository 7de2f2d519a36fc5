#pragma once
// A cursor over parsed JSON that knows its own JSON path (RFC 6901) and remembers the first thing
// that was wrong. Parsers ask for the fields they want and go on after a mistake with a default, so
// they read as a list of fields; the caller looks at the mistake once, at the end.

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/aliases.h"

namespace boxrun::config {

/// Keeps the first mistake; later ones are mostly its consequences.
class Mistakes {
 public:
  void add(const std::string& path, const std::string& sentence, std::string hint = {});
  [[nodiscard]] const std::optional<Error>& first() const { return first_; }

 private:
  std::optional<Error> first_;
};

class Node {
 public:
  Node(const nlohmann::json& value, std::string path, Mistakes& mistakes)
      : value_(&value), path_(std::move(path)), mistakes_(&mistakes) {}

  [[nodiscard]] const std::string& path() const { return path_; }
  /// The path of a field of this object.
  [[nodiscard]] std::string path_of(std::string_view key) const;

  /// Notes a mistake at this node, or at one of its fields.
  void fail(const std::string& sentence, std::string hint = {}) const;
  void fail_at(std::string_view key, const std::string& sentence, std::string hint = {}) const;

  /// A field, absent also when it is null (Go's encoder writes null for what is empty).
  [[nodiscard]] std::optional<Node> field(std::string_view key) const;
  /// The same for a field that has to be an object or an array; anything else is a mistake.
  [[nodiscard]] std::optional<Node> object(std::string_view key) const;
  [[nodiscard]] std::vector<Node> elements(std::string_view key) const;
  /// The fields of an object with their names, in the order of the names.
  [[nodiscard]] std::vector<std::pair<std::string, Node>> entries(std::string_view key) const;

  [[nodiscard]] std::string text(std::string_view key) const;           ///< empty when absent
  [[nodiscard]] std::string required_text(std::string_view key) const;  ///< absent: a mistake
  [[nodiscard]] std::optional<bool> boolean(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> texts(std::string_view key) const;
  template <typename T>
  [[nodiscard]] std::optional<T> number(std::string_view key) const {
    const auto found = field(key);
    return found ? found->as_number<T>() : std::nullopt;
  }
  template <typename T>
  [[nodiscard]] T required_number(std::string_view key) const {
    if (!field(key)) {
      fail_at(key, "is required");
      return T{};
    }
    return number<T>(key).value_or(T{});
  }

  [[nodiscard]] std::string as_text() const;
  /// An integer that fits `T`: no fraction, no exponent, no wrapping around.
  template <typename T>
  [[nodiscard]] std::optional<T> as_number() const {
    const auto wide = wide_number(std::to_string(std::numeric_limits<T>::min()),
                                  std::to_string(std::numeric_limits<T>::max()));
    if (!wide) {
      return std::nullopt;
    }
    const bool fits = wide->negative
                          ? std::numeric_limits<T>::min() < 0 &&
                                static_cast<std::int64_t>(wide->bits) >=
                                    static_cast<std::int64_t>(std::numeric_limits<T>::min())
                          : wide->bits <= static_cast<std::uint64_t>(std::numeric_limits<T>::max());
    if (!fits) {
      fail_out_of_range(std::to_string(std::numeric_limits<T>::min()),
                        std::to_string(std::numeric_limits<T>::max()));
      return std::nullopt;
    }
    return static_cast<T>(wide->bits);
  }

 private:
  struct Wide {
    std::uint64_t bits = 0;
    bool negative = false;
  };
  [[nodiscard]] std::optional<Wide> wide_number(const std::string& least,
                                                const std::string& most) const;
  void fail_out_of_range(const std::string& least, const std::string& most) const;

  const nlohmann::json* value_;
  std::string path_;
  Mistakes* mistakes_;
};

/// `did you mean "network"?`, or all the words when none is near.
[[nodiscard]] std::string suggest(std::string_view word, const std::vector<std::string>& words);

}  // namespace boxrun::config
