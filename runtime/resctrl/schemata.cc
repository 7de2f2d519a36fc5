#include "runtime/resctrl/schemata.h"

#include <map>

#include "runtime/aliases.h"

namespace boxrun::resctrl {
namespace {

/// Masks are hexadecimal, bandwidth is decimal: both are equal as text without what is put around.
std::string plain_value(std::string_view text) {
  std::string value;
  for (const char c : base::trim(text)) {
    value += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  if (value.starts_with("0x")) {
    value.erase(0, 2);
  }
  const auto digits = value.find_first_not_of('0');
  return digits == std::string::npos ? "0" : value.substr(digits);
}

/// Values by the number of their cache.
std::map<std::string, std::string> parse_values(std::string_view line) {
  std::map<std::string, std::string> values;
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) {
    return values;
  }
  for (const std::string_view part : base::split(line.substr(colon + 1), ';')) {
    const auto sign = part.find('=');
    if (!base::trim(part).empty()) {
      values[plain_value(part.substr(0, sign))] =
          sign == std::string_view::npos ? "" : plain_value(part.substr(sign + 1));
    }
  }
  return values;
}

std::string round_up(const std::string& value, std::uint64_t step) {
  const auto number = base::parse_u64(value);
  return number && *number < 1'000'000 ? std::to_string((*number + step - 1) / step * step) : value;
}

}  // namespace

std::vector<std::string> parse_schemata(std::string_view text) {
  std::vector<std::string> lines;
  for (const std::string_view line : base::split(text, '\n')) {
    if (!base::trim(line).empty()) {
      lines.emplace_back(base::trim(line));
    }
  }
  return lines;
}

std::string_view name_of_schema(std::string_view line) {
  return base::trim(line.substr(0, line.find(':')));
}

std::optional<std::string> find_schema(const std::vector<std::string>& schemata,
                                       std::string_view name) {
  for (const std::string& line : schemata) {
    if (name_of_schema(line) == name) {
      return line;
    }
  }
  return std::nullopt;
}

bool has_values(std::string_view present, std::string_view wish, std::uint64_t step) {
  const auto values = parse_values(present);
  const bool is_rounded = step != 0 && name_of_schema(wish) == "MB";
  for (const auto& [cache, value] : parse_values(wish)) {
    const auto found = values.find(cache);
    if (found == values.end() ||
        (found->second != value && !(is_rounded && found->second == round_up(value, step)))) {
      return false;
    }
  }
  return true;
}

}  // namespace boxrun::resctrl
