#pragma once
// All rules of the story. A new one is a file in this folder and a line here.

#include <memory>
#include <vector>

#include "tracer/timeline/rule.h"

namespace boxtrace::timeline {

/// Opens of files for their content, not of places to start from.
inline constexpr decoders::CallChoice kFileOpens[] = {
    {"open", {decoders::ArgTest::Kind::NoBit, 1, 010200000}},  // O_PATH, O_DIRECTORY
    {"openat", {decoders::ArgTest::Kind::NoBit, 2, 010200000}},
};

[[nodiscard]] std::unique_ptr<Rule> make_births_rule();
[[nodiscard]] std::unique_ptr<Rule> make_stages_rule();
[[nodiscard]] std::unique_ptr<Rule> make_execs_rule();
[[nodiscard]] std::unique_ptr<Rule> make_privileges_rule();
[[nodiscard]] std::unique_ptr<Rule> make_loader_rule();
[[nodiscard]] std::unique_ptr<Rule> make_namespaces_rule();
[[nodiscard]] std::unique_ptr<Rule> make_id_maps_rule();
[[nodiscard]] std::unique_ptr<Rule> make_propagation_rule();
[[nodiscard]] std::unique_ptr<Rule> make_mounts_rule();
[[nodiscard]] std::unique_ptr<Rule> make_masks_rule();
[[nodiscard]] std::unique_ptr<Rule> make_devices_rule();
[[nodiscard]] std::unique_ptr<Rule> make_device_programs_rule();
[[nodiscard]] std::unique_ptr<Rule> make_root_rule();
[[nodiscard]] std::unique_ptr<Rule> make_hostname_rule();
[[nodiscard]] std::unique_ptr<Rule> make_cgroups_rule();
[[nodiscard]] std::unique_ptr<Rule> make_capabilities_rule();
[[nodiscard]] std::unique_ptr<Rule> make_ids_rule();
[[nodiscard]] std::unique_ptr<Rule> make_seccomp_rule();
[[nodiscard]] std::unique_ptr<Rule> make_security_labels_rule();
[[nodiscard]] std::unique_ptr<Rule> make_resources_rule();
[[nodiscard]] std::unique_ptr<Rule> make_fifo_rule();
[[nodiscard]] std::unique_ptr<Rule> make_failures_rule();
[[nodiscard]] std::unique_ptr<Rule> make_cleanup_rule();
[[nodiscard]] std::unique_ptr<Rule> make_exits_rule();
[[nodiscard]] std::unique_ptr<Rule> make_oracle_rule();

/// In the order in which they see a step. Exits come last: what a process still holds back is told
/// before its end.
[[nodiscard]] std::vector<std::unique_ptr<Rule>> make_rules();

}  // namespace boxtrace::timeline
