#include "runtime/config/parse.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "runtime/config/node.h"
#include "runtime/config/sections.h"

namespace boxrun::config {
namespace {

using nlohmann::json;

/// Builds the document like json::parse, but keeps where and why the text is no JSON; parse() with
/// exceptions off would only say that it is not.
class Builder : public nlohmann::detail::json_sax_dom_parser<json> {
 public:
  explicit Builder(json& document)
      : nlohmann::detail::json_sax_dom_parser<json>(document, /*allow_exceptions=*/false) {}

  template <class Exception>
  bool parse_error(std::size_t position, const std::string& last_token, const Exception& reason) {
    position_ = position;
    last_token_ = last_token;
    static_cast<void>(reason);
    return false;
  }

  [[nodiscard]] std::size_t position() const { return position_; }
  [[nodiscard]] const std::string& last_token() const { return last_token_; }

 private:
  std::size_t position_ = 0;
  std::string last_token_;
};

/// Line and column, both from 1, of a byte position that counts from 1.
std::pair<std::size_t, std::size_t> place_of(std::string_view text, std::size_t position) {
  std::size_t line = 1;
  std::size_t column = 1;
  for (std::size_t i = 0; i + 1 < position && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++line;
      column = 1;
    } else {
      ++column;
    }
  }
  return {line, column};
}

void parse_version(const Node& root, Config& config) {
  config.oci_version = root.required_text("ociVersion");
  const std::string_view version = config.oci_version;
  const auto parts = base::split(version.substr(0, version.find_first_of("-+")), '.');
  bool numbers = parts.size() == 3;
  for (const auto part : parts) {
    numbers = numbers && base::parse_u64(part).has_value();
  }
  if (!numbers) {
    root.fail_at("ociVersion", fmt::format("\"{}\" is not a version", base::printable(version)),
                 "write it as MAJOR.MINOR.PATCH, for example \"1.2.0\"");
  } else if (parts.front() != "1") {
    root.fail_at("ociVersion", fmt::format("version {} is not supported", base::printable(version)),
                 "boxrun understands version 1 of the OCI runtime specification");
  }
}

void parse_root(const Node& root, Config& config) {
  const auto node = root.object("root");
  if (!node) {
    root.fail_at("root", "is required", "name the root filesystem: {\"path\": \"rootfs\"}");
    return;
  }
  config.root_path = node->required_text("path");
  config.root_readonly = node->boolean("readonly").value_or(false);
}

void parse_annotations(const Node& root, Config& config) {
  for (const auto& [key, value] : root.entries("annotations")) {
    if (key.empty()) {
      root.fail_at("annotations", "a key must not be empty");
    }
    config.annotations[key] = value.as_text();
  }
}

}  // namespace

void check_absolute(const Node& node, std::string_view key, const std::string& path) {
  if (!path.starts_with('/')) {
    node.fail_at(key, fmt::format("\"{}\" is not an absolute path", base::printable(path)));
  }
}

Result<Config> parse_config(std::string_view text) {
  json document;
  Builder builder{document};
  if (!json::sax_parse(text, &builder)) {
    const auto [line, column] = place_of(text, builder.position());
    return Error{0, fmt::format("line {}, column {}: not valid JSON", line, column),
                 builder.last_token().empty() ? std::string{}
                                              : fmt::format("the text goes wrong near {}",
                                                            base::quote(builder.last_token()))};
  }
  Mistakes mistakes;
  const Node root{document, "", mistakes};
  if (!document.is_object()) {
    return Error{0, "the document is not a JSON object", {}};
  }
  Config config;
  parse_version(root, config);
  parse_process(root, config);
  parse_root(root, config);
  parse_mounts(root, config);
  config.hostname = root.text("hostname");
  config.domainname = root.text("domainname");
  parse_hooks(root, config);
  parse_annotations(root, config);
  parse_linux(root, config);
  if (!mistakes.first()) {
    check_consistency(root, config);
  }
  if (mistakes.first()) {
    return *mistakes.first();
  }
  return config;
}

Result<void> parse_container_id(std::string_view id) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";
  const std::string hint = "use letters, digits and the characters _ + - .";
  if (id.empty()) {
    return Error{0, "the container id must not be empty", hint};
  }
  if (id == "." || id == ".." || id.size() > 255 ||
      id.find_first_not_of(kAllowed) != std::string_view::npos) {
    return Error{0, fmt::format("invalid container id {}", base::quote(id)),
                 id.size() > 255 ? "an id has at most 255 characters" : hint};
  }
  return {};
}

Error nothing_to_run() {
  return Error{0, "/process: is not set: there is no program to run",
               "a container needs one to be started: {\"args\": [...], \"cwd\": \"/\"}"};
}

}  // namespace boxrun::config
