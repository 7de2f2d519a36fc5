#include "runtime/config/node.h"

#include <fmt/format.h>

#include <algorithm>

namespace boxrun::config {
namespace {

/// A key as a reference token of a JSON path: `~` and `/` are escaped. RFC 6901, section 3.
std::string token(std::string_view key) {
  std::string escaped;
  for (const char c : key) {
    if (c == '~') {
      escaped += "~0";
    } else if (c == '/') {
      escaped += "~1";
    } else {
      escaped += c;
    }
  }
  return base::printable(escaped);
}

std::string_view kind_of(const nlohmann::json& value) {
  switch (value.type()) {
    case nlohmann::json::value_t::object:
      return "an object";
    case nlohmann::json::value_t::array:
      return "an array";
    case nlohmann::json::value_t::string:
      return "a string";
    case nlohmann::json::value_t::boolean:
      return "a boolean";
    case nlohmann::json::value_t::number_float:
      return "a number with a fraction or an exponent";
    case nlohmann::json::value_t::number_integer:
    case nlohmann::json::value_t::number_unsigned:
      return "a number";
    default:
      return "null";
  }
}

}  // namespace

void Mistakes::add(const std::string& path, const std::string& sentence, std::string hint) {
  if (!first_) {
    first_ = Error{0, fmt::format("{}: {}", path.empty() ? "/" : path, sentence), std::move(hint)};
  }
}

std::string Node::path_of(std::string_view key) const { return path_ + "/" + token(key); }

void Node::fail(const std::string& sentence, std::string hint) const {
  mistakes_->add(path_, sentence, std::move(hint));
}

void Node::fail_at(std::string_view key, const std::string& sentence, std::string hint) const {
  mistakes_->add(path_of(key), sentence, std::move(hint));
}

std::optional<Node> Node::field(std::string_view key) const {
  if (!value_->is_object()) {
    fail(fmt::format("expected an object, found {}", kind_of(*value_)));
    return std::nullopt;
  }
  const auto found = value_->find(key);
  if (found == value_->end() || found->is_null()) {
    return std::nullopt;
  }
  return Node{*found, path_of(key), *mistakes_};
}

std::optional<Node> Node::object(std::string_view key) const {
  auto found = field(key);
  if (found && !found->value_->is_object()) {
    found->fail(fmt::format("expected an object, found {}", kind_of(*found->value_)));
    return std::nullopt;
  }
  return found;
}

std::vector<Node> Node::elements(std::string_view key) const {
  std::vector<Node> nodes;
  const auto found = field(key);
  if (!found) {
    return nodes;
  }
  if (!found->value_->is_array()) {
    found->fail(fmt::format("expected an array, found {}", kind_of(*found->value_)));
    return nodes;
  }
  for (std::size_t i = 0; i < found->value_->size(); ++i) {
    nodes.emplace_back((*found->value_)[i], fmt::format("{}/{}", found->path_, i), *mistakes_);
  }
  return nodes;
}

std::vector<std::pair<std::string, Node>> Node::entries(std::string_view key) const {
  std::vector<std::pair<std::string, Node>> nodes;
  const auto found = object(key);
  if (found) {
    for (const auto& [name, value] : found->value_->items()) {
      nodes.emplace_back(name, Node{value, found->path_of(name), *mistakes_});
    }
  }
  return nodes;
}

std::string Node::as_text() const {
  const auto* text = value_->get_ptr<const std::string*>();
  if (text == nullptr) {
    fail(fmt::format("expected a string, found {}", kind_of(*value_)));
    return {};
  }
  // Every string ends up in a system call, which would silently stop at the NUL.
  if (text->find('\0') != std::string::npos) {
    fail("a string must not contain a NUL character");
    return {};
  }
  return *text;
}

std::string Node::text(std::string_view key) const {
  const auto found = field(key);
  return found ? found->as_text() : std::string{};
}

std::string Node::required_text(std::string_view key) const {
  const auto found = field(key);
  if (!found) {
    fail_at(key, "is required");
    return {};
  }
  std::string value = found->as_text();
  if (value.empty()) {
    found->fail("must not be empty");
  }
  return value;
}

std::optional<bool> Node::boolean(std::string_view key) const {
  const auto found = field(key);
  if (!found) {
    return std::nullopt;
  }
  const auto* value = found->value_->get_ptr<const bool*>();
  if (value == nullptr) {
    found->fail(fmt::format("expected true or false, found {}", kind_of(*found->value_)));
    return std::nullopt;
  }
  return *value;
}

std::vector<std::string> Node::texts(std::string_view key) const {
  std::vector<std::string> values;
  const auto list = field(key);
  if (list && list->value_->is_array() &&
      std::ranges::all_of(*list->value_, [](const auto& value) { return value.is_string(); })) {
    // Without a path for each: a filter names four hundred system calls.
    return list->value_->get<std::vector<std::string>>();
  }
  for (const Node& element : elements(key)) {
    values.push_back(element.as_text());
  }
  return values;
}

std::optional<Node::Wide> Node::wide_number(const std::string& least,
                                            const std::string& most) const {
  if (const auto* number = value_->get_ptr<const std::uint64_t*>()) {
    return Wide{*number, false};
  }
  if (const auto* number = value_->get_ptr<const std::int64_t*>()) {
    return Wide{static_cast<std::uint64_t>(*number), *number < 0};
  }
  fail(fmt::format("expected an integer from {} to {}, found {}", least, most, kind_of(*value_)));
  return std::nullopt;
}

void Node::fail_out_of_range(const std::string& least, const std::string& most) const {
  fail(fmt::format("{} is not in the range from {} to {}", value_->dump(), least, most));
}

std::string suggest(std::string_view word, const std::vector<std::string>& words) {
  const auto near = base::nearest(word, words, 1);
  if (!near.empty()) {
    return fmt::format("did you mean \"{}\"?", near.front());
  }
  return words.size() > 16 ? std::string{} : "known are " + base::join(words, ", ");
}

}  // namespace boxrun::config
