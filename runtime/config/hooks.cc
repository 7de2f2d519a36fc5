// The section /hooks: programs to run at six moments of a container's life.

#include <fmt/format.h>

#include "runtime/config/sections.h"

namespace boxrun::config {
namespace {

std::vector<Hook> parse_kind(const Node& hooks, std::string_view key) {
  std::vector<Hook> parsed;
  for (const Node& node : hooks.elements(key)) {
    Hook hook;
    hook.path = node.required_text("path");
    check_absolute(node, "path", hook.path);
    hook.args = node.texts("args");
    if (node.field("env")) {
      hook.env = node.texts("env");
    }
    hook.timeout_seconds = node.number<int>("timeout");
    if (hook.timeout_seconds && *hook.timeout_seconds <= 0) {
      node.fail_at("timeout", fmt::format("{} is not above 0 seconds", *hook.timeout_seconds));
    }
    parsed.push_back(std::move(hook));
  }
  return parsed;
}

}  // namespace

void parse_hooks(const Node& root, Config& config) {
  const auto hooks = root.object("hooks");
  if (!hooks) {
    return;
  }
  config.hooks = {parse_kind(*hooks, "prestart"),        parse_kind(*hooks, "createRuntime"),
                  parse_kind(*hooks, "createContainer"), parse_kind(*hooks, "startContainer"),
                  parse_kind(*hooks, "poststart"),       parse_kind(*hooks, "poststop")};
}

}  // namespace boxrun::config
