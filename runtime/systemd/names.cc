#include "runtime/systemd/names.h"

#include <fmt/format.h>

#include <algorithm>

namespace boxrun::systemd {
namespace {

constexpr std::string_view kSlice = ".slice";
constexpr std::size_t kLongestUnit = 255;

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// systemd.unit(5): letters, digits and `:-_.\`; `@` is for templates.
bool is_unit_name(std::string_view name) {
  static constexpr std::string_view kOthers = ":-_.\\";
  return name.size() <= kLongestUnit && std::ranges::all_of(name, [](char c) {
           return is_alphanumeric(c) || kOthers.find(c) != std::string_view::npos;
         });
}

/// systemd.slice(5): no dash at an end and no two in a row, because each ends the name of a parent.
bool is_slice_name(std::string_view name) {
  if (!is_unit_name(name) || !name.ends_with(kSlice)) {
    return false;
  }
  const std::string_view stem = name.substr(0, name.size() - kSlice.size());
  return stem == "-" || std::ranges::none_of(base::split(stem, '-'),
                                             [](std::string_view part) { return part.empty(); });
}

}  // namespace

Result<plan::ScopeName> parse_scope_name(std::string_view cgroups_path, std::string_view id,
                                         bool rootless) {
  std::string_view slice;
  std::string_view prefix = "boxrun";
  std::string_view name = id;
  if (!cgroups_path.empty()) {
    const auto parts = base::split(cgroups_path, ':');
    if (parts.size() != 3) {
      return Error{0,
                   fmt::format("/linux/cgroupsPath: {} is not of the form SLICE:PREFIX:NAME",
                               base::quote(cgroups_path)),
                   "with --systemd-cgroup it names a scope, for example system.slice:boxrun:c1; "
                   "without the option it is a path"};
    }
    slice = parts[0];
    prefix = parts[1];
    name = parts[2];
  }
  plan::ScopeName scope;
  scope.slice = !slice.empty() ? slice : rootless ? "user.slice" : "system.slice";
  scope.unit = fmt::format("{}-{}.scope", prefix, name);
  if (!is_slice_name(scope.slice)) {
    return Error{
        0,
        fmt::format("/linux/cgroupsPath: {} is not the name of a slice", base::quote(scope.slice)),
        "one looks like system.slice or a-b.slice, which is in a.slice"};
  }
  if (name.empty() || !is_unit_name(scope.unit)) {
    return Error{0,
                 fmt::format("/linux/cgroupsPath: systemd takes no unit of the name {}",
                             base::quote(scope.unit)),
                 "use letters, digits and the characters : - _ . \\, at most 255 in all"};
  }
  if (name.ends_with(kSlice)) {
    return Error{0, fmt::format("/linux/cgroupsPath: {} is a slice", base::quote(name)),
                 "a container is a scope: choose a name that does not end in .slice"};
  }
  return scope;
}

std::string slice_path(std::string_view slice) {
  std::string path;
  std::string parent;
  const std::string_view stem = slice.substr(0, slice.size() - kSlice.size());
  for (const std::string_view part : base::split(stem, '-')) {
    if (!part.empty()) {
      parent += fmt::format("{}{}", parent.empty() ? "" : "-", part);
      path += fmt::format("/{}{}", parent, kSlice);
    }
  }
  return path;
}

std::string object_path(std::string_view unit) {
  std::string path = "/org/freedesktop/systemd1/unit/";
  for (std::size_t i = 0; i < unit.size(); ++i) {
    const char c = unit[i];
    const bool is_plain = is_alphanumeric(c) && !(i == 0 && c >= '0' && c <= '9');
    path += is_plain ? std::string{c} : fmt::format("_{:02x}", static_cast<unsigned char>(c));
  }
  return path;
}

}  // namespace boxrun::systemd
