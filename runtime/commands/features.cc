// `boxrun features`: what this runtime understands, for engines that adapt to it. It says what
// boxrun can do, not what this machine can. Lists come from the tables that the parser of
// config.json uses, so that they cannot promise what would then be refused.
//
// Source: runtime-spec features.md, features-linux.md.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "runtime/commands/options.h"
#include "runtime/config/mount_options.h"
#include "runtime/config/names.h"

namespace boxrun::commands {
namespace {

using nlohmann::ordered_json;

ordered_json seccomp_features() {
  // libseccomp is always linked in.
  return {{"enabled", true},
          {"actions", config::seccomp_action_words()},
          {"operators", config::seccomp_operator_words()},
          {"archs", config::seccomp_architecture_words()},
          {"knownFlags", config::seccomp_flag_words()},
          {"supportedFlags", config::seccomp_flag_words()}};
}

ordered_json linux_features() {
  return {{"namespaces", config::namespace_words()},
          {"capabilities", config::capability_words()},
          {"cgroup",
           {{"v1", true}, {"v2", true}, {"systemd", true}, {"systemdUser", true}, {"rdma", true}}},
          {"seccomp", seccomp_features()},
          {"apparmor", {{"enabled", true}}},
          {"selinux", {{"enabled", true}}},
          {"intelRdt", {{"enabled", true}, {"schemata", true}, {"monitoring", true}}},
          {"netDevices", {{"enabled", true}}},
          {"mountExtensions", {{"idmap", {{"enabled", true}}}}}};
}

int print_features(const Session&) {
  const ordered_json document = {
      {"ociVersionMin", "1.0.0"},
      {"ociVersionMax", "1.2.1"},
      {"hooks",
       {"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"}},
      {"mountOptions", config::mount_option_words()},
      {"linux", linux_features()},
      {"potentiallyUnsafeConfigAnnotations",
       {"org.criu.config", "org.systemd.property.", "run.oci.hooks.",
        "run.oci.keep_original_groups"}}};
  fmt::print("{}\n", document.dump(4));
  return 0;
}

}  // namespace

void add_features(CLI::App& app, Verb& chosen) {
  CLI::App* verb = app.add_subcommand("features", "print what boxrun understands, as JSON");
  verb->callback([&chosen] { chosen = print_features; });
}

}  // namespace boxrun::commands
