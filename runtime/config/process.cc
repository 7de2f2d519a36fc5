// The section /process: what to run, as whom and with which rights.

#include <fmt/format.h>

#include <limits>

#include "runtime/config/names.h"
#include "runtime/config/sections.h"

namespace boxrun::config {
namespace {

/// setresuid(2) takes -1 for "leave it as it is", so that 4294967295 must not pass as an id: the
/// process would keep being root.
constexpr std::uint32_t kNoId = std::numeric_limits<std::uint32_t>::max();

std::uint32_t parse_id(const Node& node, std::string_view key) {
  const std::uint32_t id = node.number<std::uint32_t>(key).value_or(0);
  if (id == kNoId) {
    node.fail_at(key, "4294967295 is not an id: system calls take it for \"no change\"");
  }
  return id;
}

User parse_user(const Node& process) {
  User user;
  const auto node = process.object("user");
  if (!node) {
    return user;  // uid 0 and gid 0, as other runtimes read an absent user
  }
  user.uid = parse_id(*node, "uid");
  user.gid = parse_id(*node, "gid");
  user.umask = node->number<std::uint32_t>("umask");
  if (user.umask && *user.umask > 0777) {
    node->fail_at("umask", fmt::format("{} is more than 511 (0777 in octal)", *user.umask));
  }
  for (const Node& group : node->elements("additionalGids")) {
    const auto id = group.as_number<std::uint32_t>();
    if (id == kNoId) {
      group.fail("4294967295 is not an id");
    }
    user.additional_gids.push_back(id.value_or(0));
  }
  return user;
}

/// A name that no capability has is a warning and not a mistake: it may be one of a newer kernel.
/// runtime-spec 1.1, config.md, "Linux Process".
std::uint64_t parse_capability_set(const Node& node, std::string_view key, Config& config) {
  std::uint64_t set = 0;
  for (const Node& element : node.elements(key)) {
    const std::string word = element.as_text();
    const auto number = parse_capability(word);
    if (number) {
      set |= std::uint64_t{1} << *number;
    } else {
      config.not_applied.push_back(fmt::format("{}: not granted: unknown capability \"{}\"; {}",
                                               element.path(), base::printable(word),
                                               suggest(word, capability_words())));
    }
  }
  return set;
}

void parse_capabilities(const Node& process, Config& config, Process& parsed) {
  const auto node = process.object("capabilities");
  if (!node) {
    return;
  }
  Capabilities sets;
  sets.bounding = parse_capability_set(*node, "bounding", config);
  sets.effective = parse_capability_set(*node, "effective", config);
  sets.inheritable = parse_capability_set(*node, "inheritable", config);
  sets.permitted = parse_capability_set(*node, "permitted", config);
  sets.ambient = parse_capability_set(*node, "ambient", config);
  const auto stray = capability_names(sets.effective & ~sets.permitted);
  if (!stray.empty()) {
    node->fail_at("effective", fmt::format("{} is not permitted", stray.front()),
                  "what is effective has to be in \"permitted\" too");
  }
  parsed.capabilities = sets;
}

void parse_rlimits(const Node& process, Process& parsed) {
  for (const Node& node : process.elements("rlimits")) {
    Rlimit limit;
    limit.name = node.required_text("type");
    const auto resource = parse_rlimit(limit.name);
    if (!resource) {
      node.fail_at("type",
                   fmt::format("unknown resource limit \"{}\"", base::printable(limit.name)),
                   suggest(limit.name, rlimit_words()));
    }
    limit.resource = resource.value_or(0);
    limit.soft = node.required_number<std::uint64_t>("soft");
    limit.hard = node.required_number<std::uint64_t>("hard");
    if (limit.soft > limit.hard) {
      node.fail_at("soft", fmt::format("{} is above the hard limit {}", limit.soft, limit.hard));
    }
    for (const Rlimit& other : parsed.rlimits) {
      if (other.name == limit.name) {
        node.fail_at("type", fmt::format("{} is limited twice", limit.name));
      }
    }
    parsed.rlimits.push_back(limit);
  }
}

void parse_environment(const Node& process, Process& parsed) {
  for (const Node& node : process.elements("env")) {
    std::string variable = node.as_text();
    const auto equals = variable.find('=');
    if (equals == std::string::npos || equals == 0) {
      node.fail(fmt::format("\"{}\" is not of the form NAME=value", base::printable(variable)));
    }
    parsed.env.push_back(std::move(variable));
  }
}

}  // namespace

void parse_process(const Node& root, Config& config) {
  const auto node = root.object("process");
  if (!node) {
    return;  // only `start` needs one: runtime-spec, runtime.md, "Start"
  }
  Process process;
  process.terminal = node->boolean("terminal").value_or(false);
  if (const auto size = node->object("consoleSize")) {
    process.console_size = ConsoleSize{size->required_number<std::uint16_t>("height"),
                                       size->required_number<std::uint16_t>("width")};
  }
  process.user = parse_user(*node);
  process.args = node->texts("args");
  if (process.args.empty()) {
    node->fail_at("args", "must name the program to run", "for example [\"sleep\", \"60\"]");
  } else if (process.args.front().empty()) {
    node->fail_at("args", "the name of the program must not be empty");
  }
  process.cwd = node->required_text("cwd");
  check_absolute(*node, "cwd", process.cwd);
  parse_environment(*node, process);
  parse_capabilities(*node, config, process);
  parse_rlimits(*node, process);
  process.no_new_privileges = node->boolean("noNewPrivileges").value_or(false);
  process.oom_score_adj = node->number<int>("oomScoreAdj");
  if (process.oom_score_adj && (*process.oom_score_adj < -1000 || *process.oom_score_adj > 1000)) {
    node->fail_at("oomScoreAdj",
                  fmt::format("{} is not in the range from -1000 to 1000", *process.oom_score_adj));
  }
  parse_scheduling(*node, process);
  process.apparmor_profile = node->text("apparmorProfile");
  process.selinux_label = node->text("selinuxLabel");
  config.process = std::move(process);
}

}  // namespace boxrun::config
