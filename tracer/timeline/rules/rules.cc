#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {

std::vector<std::unique_ptr<Rule>> make_rules() {
  std::vector<std::unique_ptr<Rule>> rules;
  for (auto* const make : {make_namespaces_rule,
                           make_births_rule,
                           make_stages_rule,
                           make_execs_rule,
                           make_privileges_rule,
                           make_loader_rule,
                           make_id_maps_rule,
                           make_propagation_rule,
                           make_masks_rule,
                           make_mounts_rule,
                           make_devices_rule,
                           make_device_programs_rule,
                           make_root_rule,
                           make_hostname_rule,
                           make_cgroups_rule,
                           make_capabilities_rule,
                           make_ids_rule,
                           make_seccomp_rule,
                           make_security_labels_rule,
                           make_resources_rule,
                           make_fifo_rule,
                           make_cleanup_rule,
                           make_failures_rule,
                           make_oracle_rule,
                           make_exits_rule}) {
    rules.push_back(make());
  }
  return rules;
}

}  // namespace boxtrace::timeline
