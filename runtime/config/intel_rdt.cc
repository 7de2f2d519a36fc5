// /linux/intelRdt: shares of caches and memory bandwidth, which the kernel allots through resctrl.
//
// enableCMT and enableMBM are of the specification up to 1.2: which of the two is counted is the
// processor's choice, and 1.3 has enableMonitoring for both.
//
// Sources: runtime-spec config-linux.md, "IntelRdt"; Documentation/filesystems/resctrl.rst.

#include <fmt/format.h>

#include "runtime/config/sections.h"

namespace boxrun::config {
namespace {

void add_line(const Node& node, std::string_view line, std::string_view resource, IntelRdt& rdt) {
  const bool is_line = line.find(':') != std::string_view::npos &&
                       line.find('\n') == std::string_view::npos && line.starts_with(resource);
  if (!is_line) {
    node.fail(fmt::format("\"{}\" is not a line of schemata", base::printable(line)),
              resource.empty() ? "for example L3:0=7f0;1=1f" : "for example MB:0=20;1=70");
  }
  rdt.schemata.push_back({node.path(), std::string{line}});
}

}  // namespace

void parse_intel_rdt(const Node& linux_node, Config& config) {
  const auto node = linux_node.object("intelRdt");
  if (!node) {
    return;
  }
  IntelRdt& rdt = config.intel_rdt.emplace();
  rdt.clos_id = node->text("closID");
  const bool is_name = rdt.clos_id.find_first_of("/\n") == std::string::npos &&
                       rdt.clos_id != "." && rdt.clos_id != "..";
  if (!is_name && rdt.clos_id != "/") {
    node->fail_at("closID",
                  fmt::format("\"{}\" is no name of a resctrl group", base::printable(rdt.clos_id)),
                  "a name without slashes, or / for the default group");
  }
  if (const auto caches = node->field("l3CacheSchema")) {
    // Code and data apart make two lines of it: L3CODE and L3DATA.
    const std::string text = caches->as_text();
    for (const std::string_view line : base::split(text, '\n')) {
      if (!base::trim(line).empty()) {
        add_line(*caches, line, "", rdt);
      }
    }
  }
  if (!node->text("memBwSchema").empty()) {
    add_line(*node->field("memBwSchema"), node->text("memBwSchema"), "MB:", rdt);
  }
  for (const Node& element : node->elements("schemata")) {
    add_line(element, element.as_text(), "", rdt);
  }
  for (const char* key : {"enableMonitoring", "enableCMT", "enableMBM"}) {
    if (node->boolean(key).value_or(false) && rdt.monitoring.empty()) {
      rdt.monitoring = node->path_of(key);
    }
  }
}

}  // namespace boxrun::config
