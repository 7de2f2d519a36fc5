#include "runtime/commands/exec_document.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "runtime/config/names.h"

namespace boxrun::commands {
namespace {

using nlohmann::json;

/// No sign, no blank, no wrapping around; and not 4294967295, which setresuid(2) takes for "leave
/// it as it is": the process would stay root.
Result<std::uint32_t> parse_id(std::string_view option, std::string_view text) {
  const auto number = base::parse_u64(text);
  const bool is_decimal =
      !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  if (!is_decimal || !number || *number >= std::numeric_limits<std::uint32_t>::max()) {
    return Error{0, fmt::format("{}: {} is not an id", option, base::quote(text)),
                 "ids are numbers from 0 to 4294967294; names are the engine's business"};
  }
  return static_cast<std::uint32_t>(*number);
}

Result<void> set_user(json& process, const ExecRequest& request) {
  json& user = process["user"];
  if (!request.user.empty()) {
    const std::string_view text = request.user;
    const auto colon = text.find(':');
    TRY(user["uid"], parse_id("--user", text.substr(0, colon)));
    if (colon != std::string_view::npos) {
      TRY(user["gid"], parse_id("--user", text.substr(colon + 1)));
    }
  }
  for (const std::string& group : request.groups) {
    TRY(const std::uint32_t gid, parse_id("--additional-gids", group));
    user["additionalGids"].push_back(gid);
  }
  return {};
}

std::string_view name_of_variable(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

/// Replaces: getenv(3) finds the first of two.
Result<void> set_variables(json& process, const std::vector<std::string>& variables) {
  json& env = process["env"];
  for (const std::string& variable : variables) {
    const std::string_view name = name_of_variable(variable);
    if (name.empty() || name.size() == variable.size()) {
      return Error{
          0, fmt::format("--env: {} is not of the form NAME=value", base::quote(variable)), {}};
    }
    if (!env.is_array()) {
      env = json::array();
    }
    const auto same = std::ranges::find_if(env, [name](const json& other) {
      return other.is_string() && name_of_variable(other.get_ref<const std::string&>()) == name;
    });
    if (same == env.end()) {
      env.push_back(variable);
    } else {
      *same = variable;
    }
  }
  return {};
}

/// Into the sets that make a capability usable. Not into the inheritable one, with which a program
/// that carries file capabilities would get it back after having given it up: CVE-2022-29162.
Result<void> add_capabilities(json& process, const std::vector<std::string>& words) {
  for (std::string word : words) {
    std::ranges::transform(word, word.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    });
    if (!word.starts_with("CAP_")) {
      word.insert(0, "CAP_");
    }
    if (!config::parse_capability(word)) {
      return Error{0, fmt::format("--cap: unknown capability {}", base::quote(word)), {}};
    }
    json& sets = process["capabilities"];
    const auto has = [&sets, &word](const char* set) {
      return std::ranges::find(sets[set], json(word)) != sets[set].end();
    };
    std::vector<const char*> wanted = {"bounding", "effective", "permitted"};
    if (has("inheritable")) {
      wanted.push_back("ambient");  // the container's own wish, and no use without it
    }
    for (const char* set : wanted) {
      if (!has(set)) {
        sets[set].push_back(word);
      }
    }
  }
  return {};
}

Result<json> make_process(const json& container, const ExecRequest& request) {
  if (!request.process_text.empty()) {
    json process = json::parse(request.process_text, nullptr, /*allow_exceptions=*/false);
    if (!process.is_object()) {
      return Error{0, "--process: the file does not hold a JSON object",
                   "it holds what stands in /process of a config.json"};
    }
    if (request.terminal) {
      process["terminal"] = true;
    }
    return process;
  }
  json process = container.value("process", json::object());
  process["args"] = request.args;
  process["terminal"] = request.terminal;
  process.erase("consoleSize");
  if (!request.cwd.empty()) {
    process["cwd"] = request.cwd;
  }
  if (!request.apparmor.empty()) {
    process["apparmorProfile"] = request.apparmor;
  }
  if (!request.selinux_label.empty()) {
    process["selinuxLabel"] = request.selinux_label;
  }
  if (request.no_new_privileges) {
    process["noNewPrivileges"] = true;
  }
  TRY_OK(set_user(process, request));
  TRY_OK(set_variables(process, request.env));
  TRY_OK(add_capabilities(process, request.capabilities));
  return process;
}

}  // namespace

Result<std::string> make_exec_document(std::string_view container, const ExecRequest& request,
                                       const std::vector<config::Namespace>& joined) {
  const json config = json::parse(container, nullptr, /*allow_exceptions=*/false);
  if (!config.is_object()) {
    return Error{0, "the container's config.json is damaged", {}};
  }
  json document = json::object();
  TRY(document["process"], make_process(config, request));
  for (const char* key : {"ociVersion", "root", "annotations"}) {
    if (config.contains(key)) {
      document[key] = config[key];
    }
  }
  json& section = document["linux"];
  section["namespaces"] = json::array();
  for (const config::Namespace& space : joined) {
    section["namespaces"].push_back(
        {{"type", config::name_of(space.kind).word}, {"path", space.path}});
  }
  const json linux_section = config.value("linux", json::object());
  for (const char* key : {"seccomp", "personality", "intelRdt"}) {
    if (linux_section.contains(key)) {
      section[key] = linux_section[key];
    }
  }
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace boxrun::commands
