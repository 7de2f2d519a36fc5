#include "tracer/diff/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "tracer/diff/align.h"

namespace boxtrace::diff {
namespace {

const Property* find_property(const std::vector<Property>& state, const std::string& key) {
  const auto found = std::find_if(state.begin(), state.end(),
                                  [&](const Property& property) { return property.key == key; });
  return found == state.end() ? nullptr : &*found;
}

StateChange change_of(const Property& left, const Property& right) {
  StateChange change{left.key, left, right, {}, {}};
  // Items of ordered properties are compared as a set too: it says enough, and both are printed.
  std::vector<std::string> a = left.items;
  std::vector<std::string> b = right.items;
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(change.removed));
  std::set_difference(b.begin(), b.end(), a.begin(), a.end(), std::back_inserter(change.added));
  return change;
}

void compare_states(const std::vector<Property>& left, const std::vector<Property>& right,
                    Comparison& result) {
  for (const Property& property : left) {
    const Property* const other = find_property(right, property.key);
    if (other == nullptr) {
      result.state.push_back({property.key, property, std::nullopt, property.items, {}});
    } else if (!(property == *other)) {
      result.state.push_back(change_of(property, *other));
    } else {
      ++result.same_properties;
    }
  }
  for (const Property& property : right) {
    if (find_property(left, property.key) == nullptr) {
      result.state.push_back({property.key, std::nullopt, property, {}, property.items});
    }
  }
}

void compare_steps(const std::vector<Step>& left, const std::vector<Step>& right,
                   Comparison& result) {
  for (const Pairing& pair : align(left, right)) {
    StepChange change;
    if (pair.left) {
      change.left = left[*pair.left];
    }
    if (pair.right) {
      change.right = right[*pair.right];
    }
    change.moved = pair.moved;
    if (change.left && change.right && !pair.moved && same_step(*change.left, *change.right)) {
      ++result.same_steps;
    } else {
      result.steps.push_back(std::move(change));
    }
  }
}

void compare_circumstances(const raw::Header& left, const raw::Header& right,
                           std::vector<std::string>& circumstances) {
  const auto note = [&](std::string_view what, const std::string& a, const std::string& b) {
    if (a != b) {
      circumstances.push_back(fmt::format("{} {} and {}", what, a, b));
    }
  };
  note("recorded on kernels", left.kernel, right.kernel);
  note("recorded on machines of type", left.arch, right.arch);
  note("recorded with cgroups", left.cgroup, right.cgroup);
  note("recorded by boxtrace", left.tool_version, right.tool_version);
}

}  // namespace

Comparison compare(const Subject& left, const Subject& right) {
  Comparison result;
  result.left_name = left.name;
  result.right_name = right.name;
  result.left_state = left.final_exec.has_value();
  result.right_state = right.final_exec.has_value();
  const Symbols left_symbols(left);
  const Symbols right_symbols(right);
  compare_states(normalise_state(left, left_symbols), normalise_state(right, right_symbols),
                 result);
  compare_steps(normalise_milestones(left, left_symbols),
                normalise_milestones(right, right_symbols), result);
  compare_circumstances(left.header, right.header, result.circumstances);
  return result;
}

}  // namespace boxtrace::diff
