#include "runtime/state/state.h"

#include <nlohmann/json.hpp>

#include "runtime/config/node.h"

namespace boxrun::state {

using nlohmann::ordered_json;

std::string_view render_status(Status status) {
  switch (status) {
    case Status::Creating:
      return "creating";
    case Status::Created:
      return "created";
    case Status::Running:
      return "running";
    case Status::Paused:
      return "paused";
    case Status::Stopped:
      return "stopped";
  }
  return {};
}

std::string render_state_file(const State& state) {
  ordered_json places = ordered_json::array();
  for (const cgroup::Place& place : state.cgroup.places) {
    places.push_back({{"version2", place.version2},
                      {"controllers", place.controllers},
                      {"mountPoint", place.mount_point},
                      {"directory", place.directory}});
  }
  ordered_json document = {{"ociVersion", state.oci_version},
                           {"id", state.id},
                           {"pid", state.pid},
                           {"startTicks", state.start_ticks},
                           {"bundle", state.bundle},
                           {"rootfs", state.rootfs},
                           {"created", state.created},
                           {"owner", state.owner},
                           {"complete", state.complete},
                           {"ownPidNamespace", state.own_pid_namespace},
                           {"annotations", state.annotations},
                           {"streams", state.streams},
                           {"cgroups", places},
                           {"cgroupParents", state.cgroup.parents}};
  if (!state.cgroup.unit.name.empty()) {
    document["systemdUnit"] = {{"name", state.cgroup.unit.name}, {"user", state.cgroup.unit.user}};
  }
  if (!state.resctrl.root.empty()) {
    document["resctrl"] = {{"mountPoint", state.resctrl.root},
                           {"control", state.resctrl.control},
                           {"created", state.resctrl.created},
                           {"monitor", state.resctrl.monitor},
                           {"made", state.resctrl.made}};
  }
  return document.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

Result<State> parse_state_file(std::string_view text) {
  const auto document = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) {
    return Error{0, "state.json is damaged", "delete the container with --force"};
  }
  config::Mistakes mistakes;
  const config::Node root{document, "", mistakes};
  State state;
  state.oci_version = root.required_text("ociVersion");
  state.id = root.required_text("id");
  state.pid = root.required_number<int>("pid");
  state.start_ticks = root.required_number<std::uint64_t>("startTicks");
  state.bundle = root.required_text("bundle");
  state.rootfs = root.required_text("rootfs");
  state.created = root.required_text("created");
  state.owner = root.required_number<std::uint32_t>("owner");
  state.complete = root.boolean("complete").value_or(false);
  state.own_pid_namespace = root.boolean("ownPidNamespace").value_or(true);
  for (const auto& [key, value] : root.entries("annotations")) {
    state.annotations[key] = value.as_text();
  }
  state.streams = root.texts("streams");
  for (const config::Node& node : root.elements("cgroups")) {
    state.cgroup.places.push_back({node.boolean("version2").value_or(false),
                                   node.texts("controllers"), node.required_text("mountPoint"),
                                   node.required_text("directory")});
  }
  state.cgroup.parents = root.texts("cgroupParents");
  if (const auto unit = root.object("systemdUnit")) {
    state.cgroup.unit = {unit->required_text("name"), unit->boolean("user").value_or(false)};
  }
  if (const auto groups = root.object("resctrl")) {
    state.resctrl = {groups->required_text("mountPoint"), groups->required_text("control"),
                     groups->boolean("created").value_or(false), groups->text("monitor"),
                     groups->texts("made")};
  }
  if (mistakes.first()) {
    return Error{0, "state.json is damaged: " + mistakes.first()->what,
                 "delete the container with --force"};
  }
  return state;
}

std::string owner_name(const State& state) {
  return state.owner == 0 ? "root" : std::to_string(state.owner);
}

std::string render_oci_state(const State& state, Status status, int indent) {
  ordered_json document = {
      {"ociVersion", state.oci_version}, {"id", state.id}, {"status", render_status(status)}};
  // REQUIRED on Linux while there is a process; 0 where there is none, as runc and crun print it.
  document["pid"] = status == Status::Stopped ? 0 : state.pid;
  document["bundle"] = state.bundle;
  document["rootfs"] = state.rootfs;
  document["created"] = state.created;
  document["owner"] = owner_name(state);
  if (!state.annotations.empty()) {
    document["annotations"] = state.annotations;
  }
  return document.dump(indent, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace boxrun::state
