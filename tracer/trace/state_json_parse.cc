#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tracer/trace/json_fields.h"
#include "tracer/trace/names.h"
#include "tracer/trace/state_json.h"

namespace boxtrace::trace {
namespace {

std::vector<base::NsPid> parse_pids(JsonFields& fields, const char* name) {
  std::vector<base::NsPid> pids;
  for (const auto pid : fields.integers<std::int32_t>(name)) {
    pids.push_back({pid});
  }
  return pids;
}

std::array<std::uint32_t, 4> parse_four(JsonFields& fields, const char* name) {
  const auto numbers = fields.integers<std::uint32_t>(name);
  std::array<std::uint32_t, 4> four{};
  if (numbers.size() != four.size()) {
    fields.fail(name, "does not have four items");
    return four;
  }
  std::copy(numbers.begin(), numbers.end(), four.begin());
  return four;
}

raw::Status parse_status(JsonFields& record) {
  JsonFields fields(record.any("status"), "status.");
  raw::Status status;
  status.comm = fields.text("comm");
  status.ns_tgid = parse_pids(fields, "ns_tgid");
  status.ns_pid = parse_pids(fields, "ns_pid");
  status.uid = parse_four(fields, "uid");
  status.gid = parse_four(fields, "gid");
  status.groups = fields.integers<std::uint32_t>("groups");
  status.cap_inh = fields.hex("cap_inh");
  status.cap_prm = fields.hex("cap_prm");
  status.cap_eff = fields.hex("cap_eff");
  status.cap_bnd = fields.hex("cap_bnd");
  status.cap_amb = fields.hex("cap_amb");
  status.no_new_privs = fields.boolean("no_new_privs");
  status.seccomp_mode = fields.integer<int>("seccomp_mode");
  status.seccomp_filters = fields.integer<int>("seccomp_filters");
  record.adopt(fields);
  return status;
}

std::vector<base::IdMapLine> parse_id_map(JsonFields& record, const char* name) {
  std::vector<base::IdMapLine> map;
  for (const nlohmann::json& item : record.array(name)) {
    JsonFields fields(item, std::string(name) + ".");
    base::IdMapLine line;
    line.inside = fields.integer<std::uint64_t>("inside");
    line.outside = fields.integer<std::uint64_t>("outside");
    line.count = fields.integer<std::uint64_t>("count");
    record.adopt(fields);
    map.push_back(line);
  }
  return map;
}

std::vector<base::MountInfo> parse_mounts(JsonFields& record) {
  std::vector<base::MountInfo> mounts;
  for (const nlohmann::json& item : record.array("mounts")) {
    JsonFields fields(item, "mounts.");
    base::MountInfo mount;
    mount.id = fields.integer<std::uint64_t>("id");
    mount.parent = fields.integer<std::uint64_t>("parent");
    mount.device = fields.text("dev");
    mount.root = fields.text("root");
    mount.target = fields.text("on");
    mount.options = fields.text("opts");
    mount.propagation = fields.text("prop");
    mount.fstype = fields.text("fs");
    mount.source = fields.text("source");
    mount.super_options = fields.text("super");
    record.adopt(fields);
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

raw::FilePrivilege parse_grants(JsonFields& record) {
  JsonFields fields(record.any("grants"), "grants.");
  raw::FilePrivilege grants;
  grants.mode = fields.integer<std::uint32_t>("mode");
  grants.uid = fields.integer<std::uint32_t>("uid");
  grants.gid = fields.integer<std::uint32_t>("gid");
  grants.caps = fields.hex("caps");
  grants.nosuid = fields.boolean("nosuid");
  grants.tracer_may = fields.boolean("tracer_may");
  record.adopt(fields);
  return grants;
}

std::map<std::string, std::string> parse_limits(JsonFields& record) {
  std::map<std::string, std::string> limits;
  for (const nlohmann::json& item : record.array("limits")) {
    JsonFields fields(item, "limits.");
    std::string name = fields.text("name");
    limits.insert_or_assign(std::move(name), fields.text("value"));
    record.adopt(fields);
  }
  return limits;
}

}  // namespace

base::Result<raw::NsLinks> parse_namespaces(const nlohmann::json& links) {
  JsonFields fields(links, "ns.");
  raw::NsLinks parsed;
  for (std::size_t kind = 0; kind < raw::kNsKinds; ++kind) {
    parsed.own[kind] = {fields.integer_or<std::uint64_t>(kNamespaceNames[kind].data(), 0)};
  }
  parsed.pid_for_children = {fields.integer_or<std::uint64_t>("pid_for_children", 0)};
  parsed.time_for_children = {fields.integer_or<std::uint64_t>("time_for_children", 0)};
  return fields.finish(parsed);
}

base::Result<std::vector<raw::FdTarget>> parse_fd_targets(const nlohmann::json& record) {
  JsonFields fields(record);
  std::vector<raw::FdTarget> targets;
  for (const nlohmann::json& item : fields.array("fds")) {
    JsonFields target(item, "fds.");
    const auto number = target.integer<std::int32_t>("fd");
    targets.push_back({{number},
                       target.text("target"),
                       target.has("detail") ? target.text("detail") : std::string{}});
    fields.adopt(target);
  }
  return fields.finish(std::move(targets));
}

base::Result<raw::Observation> parse_observation(const nlohmann::json& record) {
  JsonFields fields(record);
  raw::Observation seen;
  seen.at = fields.name_in("at", kMoments);
  if (fields.has("exe")) {
    seen.exe = fields.text("exe");
  }
  if (fields.has("argv")) {
    seen.argv = fields.texts("argv");
  }
  if (fields.has("ns")) {
    TRY(seen.ns, parse_namespaces(fields.any("ns")));
  }
  if (fields.has("status")) {
    seen.status = parse_status(fields);
  }
  if (fields.has("uid_map")) {
    seen.uid_map = parse_id_map(fields, "uid_map");
  }
  if (fields.has("gid_map")) {
    seen.gid_map = parse_id_map(fields, "gid_map");
  }
  if (fields.has("cgroup")) {
    seen.cgroup = fields.texts("cgroup");
  }
  if (fields.has("root")) {
    seen.root = fields.text("root");
  }
  if (fields.has("cwd")) {
    seen.cwd = fields.text("cwd");
  }
  if (fields.has("fds")) {
    TRY(seen.fds, parse_fd_targets(record));
  }
  if (fields.has("mounts")) {
    seen.mounts = parse_mounts(fields);
  }
  if (fields.has("limits")) {
    seen.limits = parse_limits(fields);
  }
  if (fields.has("oom_score_adj")) {
    seen.oom_score_adj = fields.integer<int>("oom_score_adj");
  }
  if (fields.has("hostname")) {
    seen.hostname = fields.text("hostname");
  }
  if (fields.has("grants")) {
    seen.grants = parse_grants(fields);
  }
  return fields.finish(std::move(seen));
}

}  // namespace boxtrace::trace
