#include "runtime/systemd/scope.h"

#include <errno.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "runtime/systemd/names.h"
#include "runtime/systemd/units.h"

namespace boxrun::systemd {
namespace {

/// systemd keeps a hierarchy of version 1 for itself wherever it uses any.
bool is_version2(const cgroup::Cgroup& cgroup) { return cgroup.find("name=systemd") == nullptr; }

/// What systemd has done is what was foretold: the container's mounts may show that place already.
Result<void> check_place(const plan::ScopeName& scope, const cgroup::Cgroup& cgroup,
                         const std::string& got) {
  const bool is_there = !got.empty() && std::ranges::any_of(cgroup.places, [&got](const auto& it) {
    return it.directory.ends_with(got);
  });
  if (!is_there) {
    return Error{0, fmt::format("systemd has put {} into the cgroup \"{}\"", scope.unit, got),
                 "an annotation org.systemd.property.Slice may have moved it: "
                 "/linux/cgroupsPath chooses the slice"};
  }
  return {};
}

}  // namespace

Result<ScopePlan> plan_scope(const plan::ScopeName& scope, const config::Config& config,
                             bool rootless) {
  TRY(const std::vector<Property> annotated, annotated_properties(config.annotations));
  TRY(Units units, Units::connect(rootless));
  TRY(const std::string own, units.read_own_cgroup());
  ScopePlan planned;
  TRY(planned.cgroup,
      cgroup::choose_places(fmt::format("{}{}/{}", own, slice_path(scope.slice), scope.unit)));
  TRY_OK(cgroup::check_unused(planned.cgroup));
  // Slices are systemd's, which does not expect others to remove them. Where boxrun makes one, in a
  // hierarchy that systemd does not know, it leaves its mark on it.
  planned.cgroup.parents.clear();
  if (config.resources) {
    const bool version2 = is_version2(planned.cgroup);
    planned.properties = limit_properties(*config.resources, version2);
    if (!rootless) {
      std::ranges::move(device_properties(*config.resources, version2),
                        std::back_inserter(planned.properties));
    }
  }
  std::ranges::copy(annotated, std::back_inserter(planned.properties));
  return planned;
}

Result<void> start_scope(const plan::ScopeName& scope, const config::Config& config, bool rootless,
                         int init, ScopePlan& planned, std::vector<std::string>& warnings) {
  constexpr const char* kSetting = "/linux/cgroupsPath";
  auto connected = Units::connect(rootless);
  if (!connected.ok()) {
    return std::move(connected).error().within(kSetting);
  }
  Units& units = connected.value();
  TRY_OK(units.start_scope(scope, init, planned.properties).within(kSetting));
  // Not before: a unit that was there already is somebody else's, and not ours to stop. Should
  // boxrun die meanwhile, init dies too, and systemd lets go of an empty scope by itself.
  planned.cgroup.unit = {scope.unit, rootless};
  auto got = units.read_cgroup(scope.unit);
  if (!got.ok()) {
    return std::move(got).error().within(kSetting);
  }
  TRY_OK(check_place(scope, planned.cgroup, got.value()).within(kSetting));
  TRY_OK(cgroup::make_directories(config, rootless, planned.cgroup));
  return planned.cgroup.places.empty()
             ? cgroup::check_limitless(config)
             : cgroup::limit_cgroup(config, rootless, planned.cgroup, warnings);
}

Result<void> update_scope(const cgroup::Cgroup& cgroup, const config::Resources& resources) {
  const std::vector<Property> properties = limit_properties(resources, is_version2(cgroup));
  if (cgroup.unit.name.empty() || properties.empty()) {
    return {};
  }
  TRY(Units units, Units::connect(cgroup.unit.user));
  return units.set_properties(cgroup.unit.name, properties);
}

Result<void> remove_cgroup(const cgroup::Cgroup& cgroup, std::vector<std::string>& warnings) {
  if (!cgroup.unit.name.empty()) {
    auto units = Units::connect(cgroup.unit.user);
    const auto stopped =
        units.ok() ? units.value().stop(cgroup.unit.name) : Result<void>{std::move(units).error()};
    if (!stopped.ok()) {
      warnings.push_back(fmt::format("systemd was not told to stop {}: {}", cgroup.unit.name,
                                     base::render_error(stopped.error())));
    }
  }
  return cgroup::remove_cgroup(cgroup);
}

}  // namespace boxrun::systemd
