#include <string>
#include <vector>

#include "tracer/trace/names.h"
#include "tracer/trace/state_json.h"

namespace boxtrace::trace {
namespace {

template <typename Items>
void write_numbers(JsonText& json, std::string_view name, const Items& items) {
  json.key(name);
  json.begin_array();
  for (const auto item : items) {
    json.integer(static_cast<std::int64_t>(item));
  }
  json.end_array();
}

void write_pids(JsonText& json, std::string_view name, const std::vector<base::NsPid>& pids) {
  json.key(name);
  json.begin_array();
  for (const base::NsPid pid : pids) {
    json.integer(static_cast<std::int64_t>(pid.value));
  }
  json.end_array();
}

void write_status(JsonText& json, const raw::Status& status) {
  json.key("status");
  json.begin_object();
  json.text("comm", status.comm);
  write_pids(json, "ns_tgid", status.ns_tgid);
  write_pids(json, "ns_pid", status.ns_pid);
  write_numbers(json, "uid", status.uid);
  write_numbers(json, "gid", status.gid);
  write_numbers(json, "groups", status.groups);
  json.hex("cap_inh", status.cap_inh);
  json.hex("cap_prm", status.cap_prm);
  json.hex("cap_eff", status.cap_eff);
  json.hex("cap_bnd", status.cap_bnd);
  json.hex("cap_amb", status.cap_amb);
  json.boolean("no_new_privs", status.no_new_privs);
  json.integer("seccomp_mode", static_cast<std::int64_t>(status.seccomp_mode));
  json.integer("seccomp_filters", static_cast<std::int64_t>(status.seccomp_filters));
  json.end_object();
}

void write_id_map(JsonText& json, std::string_view name, const std::vector<base::IdMapLine>& map) {
  json.key(name);
  json.begin_array();
  for (const base::IdMapLine& line : map) {
    json.begin_object();
    json.integer("inside", line.inside);
    json.integer("outside", line.outside);
    json.integer("count", line.count);
    json.end_object();
  }
  json.end_array();
}

void write_mounts(JsonText& json, const std::vector<base::MountInfo>& mounts) {
  json.key("mounts");
  json.begin_array();
  for (const base::MountInfo& mount : mounts) {
    json.begin_object();
    json.integer("id", mount.id);
    json.integer("parent", mount.parent);
    json.text("dev", mount.device);
    json.text("root", mount.root);
    json.text("on", mount.target);
    json.text("opts", mount.options);
    json.text("prop", mount.propagation);
    json.text("fs", mount.fstype);
    json.text("source", mount.source);
    json.text("super", mount.super_options);
    json.end_object();
  }
  json.end_array();
}

void write_texts(JsonText& json, std::string_view name, const std::vector<std::string>& texts) {
  json.key(name);
  json.begin_array();
  for (const std::string& text : texts) {
    json.text(text);
  }
  json.end_array();
}

void write_grants(JsonText& json, const raw::FilePrivilege& grants) {
  json.key("grants");
  json.begin_object();
  json.integer("mode", std::int64_t{grants.mode});
  json.integer("uid", std::int64_t{grants.uid});
  json.integer("gid", std::int64_t{grants.gid});
  json.hex("caps", grants.caps);
  json.boolean("nosuid", grants.nosuid);
  json.boolean("tracer_may", grants.tracer_may);
  json.end_object();
}

void write_limits(JsonText& json, const std::map<std::string, std::string>& limits) {
  json.key("limits");
  json.begin_array();
  for (const auto& [name, value] : limits) {
    json.begin_object();
    json.text("name", name);
    json.text("value", value);
    json.end_object();
  }
  json.end_array();
}

}  // namespace

void write_namespaces(JsonText& json, const raw::NsLinks& links) {
  json.begin_object();
  for (std::size_t kind = 0; kind < raw::kNsKinds; ++kind) {
    if (links.own[kind].value != 0) {
      json.integer(kNamespaceNames[kind], links.own[kind].value);
    }
  }
  if (links.pid_for_children.value != 0) {
    json.integer("pid_for_children", links.pid_for_children.value);
  }
  if (links.time_for_children.value != 0) {
    json.integer("time_for_children", links.time_for_children.value);
  }
  json.end_object();
}

void write_fd_targets(JsonText& json, const std::vector<raw::FdTarget>& fds) {
  json.key("fds");
  json.begin_array();
  for (const raw::FdTarget& fd : fds) {
    json.begin_object();
    json.integer("fd", static_cast<std::int64_t>(fd.fd.value));
    json.text("target", fd.target);
    if (!fd.detail.empty()) {
      json.text("detail", fd.detail);
    }
    json.end_object();
  }
  json.end_array();
}

void write_observation(JsonText& json, const raw::Observation& observation) {
  json.text("at", name_of(kMoments, observation.at));
  if (observation.exe) {
    json.text("exe", *observation.exe);
  }
  if (observation.argv) {
    write_texts(json, "argv", *observation.argv);
  }
  if (observation.ns) {
    json.key("ns");
    write_namespaces(json, *observation.ns);
  }
  if (observation.status) {
    write_status(json, *observation.status);
  }
  if (observation.uid_map) {
    write_id_map(json, "uid_map", *observation.uid_map);
  }
  if (observation.gid_map) {
    write_id_map(json, "gid_map", *observation.gid_map);
  }
  if (observation.cgroup) {
    write_texts(json, "cgroup", *observation.cgroup);
  }
  if (observation.root) {
    json.text("root", *observation.root);
  }
  if (observation.cwd) {
    json.text("cwd", *observation.cwd);
  }
  if (observation.fds) {
    write_fd_targets(json, *observation.fds);
  }
  if (observation.mounts) {
    write_mounts(json, *observation.mounts);
  }
  if (observation.limits) {
    write_limits(json, *observation.limits);
  }
  if (observation.oom_score_adj) {
    json.integer("oom_score_adj", static_cast<std::int64_t>(*observation.oom_score_adj));
  }
  if (observation.hostname) {
    json.text("hostname", *observation.hostname);
  }
  if (observation.grants) {
    write_grants(json, *observation.grants);
  }
}

}  // namespace boxtrace::trace
