#pragma once
// The sections of config.json, one function each; parse.cc calls them in the order of the document.

#include "runtime/config/config.h"
#include "runtime/config/node.h"

namespace boxrun::config {

void parse_process(const Node& root, Config& config);
void parse_mounts(const Node& root, Config& config);
void parse_hooks(const Node& root, Config& config);
void parse_linux(const Node& root, Config& config);
void parse_resources(const Node& linux_node, Config& config);
void parse_seccomp(const Node& linux_node, Config& config);
/// /process: scheduler, ioPriority, execCPUAffinity.
void parse_scheduling(const Node& process_node, Process& process);
/// /linux: personality, memoryPolicy.
void parse_execution_domain(const Node& linux_node, Config& config);
void parse_intel_rdt(const Node& linux_node, Config& config);
/// `0-2,4`, or empty.
[[nodiscard]] bool is_number_list(std::string_view list);
[[nodiscard]] std::vector<IdMapping> parse_id_mappings(const Node& owner, std::string_view key);

/// What no section can judge alone: settings that need another one.
void check_consistency(const Node& root, Config& config);

/// `path` is absolute and has no `..` that would need a meaning; otherwise a mistake at `node`.
void check_absolute(const Node& node, std::string_view key, const std::string& path);

}  // namespace boxrun::config
