#include <cstdint>
#include <string>

#include "tracer/diff/report.h"
#include "tracer/trace/json_text.h"

namespace boxtrace::diff {
namespace {

using trace::JsonText;

void write_items(JsonText& json, std::string_view name, const std::vector<std::string>& items) {
  json.key(name);
  json.begin_array();
  for (const std::string& item : items) {
    json.text(item);
  }
  json.end_array();
}

void write_step(JsonText& json, std::string_view name, const std::optional<Step>& step) {
  if (!step) {
    return;
  }
  json.key(name);
  json.begin_object();
  json.text("role", step->role);
  json.integer("seq", step->seq);
  json.text("title", step->title);
  json.key("facts");
  json.begin_array();
  for (const auto& [fact, value] : step->facts) {
    json.begin_object();
    json.text("name", fact);
    json.text("value", value);
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

}  // namespace

std::string render_json(const Comparison& comparison) {
  JsonText json;
  json.begin_object();
  json.boolean("same", comparison.same());
  json.text("a", comparison.left_name);
  json.text("b", comparison.right_name);
  write_items(json, "notes", comparison.circumstances);
  json.integer("same_properties", std::uint64_t{comparison.same_properties});
  json.integer("same_milestones", std::uint64_t{comparison.same_steps});
  json.key("state");
  json.begin_array();
  for (const StateChange& change : comparison.state) {
    json.begin_object();
    json.text("key", change.key);
    if (change.left) {
      write_items(json, "a", change.left->items);
    }
    if (change.right) {
      write_items(json, "b", change.right->items);
    }
    write_items(json, "only_a", change.removed);
    write_items(json, "only_b", change.added);
    json.end_object();
  }
  json.end_array();
  json.key("milestones");
  json.begin_array();
  for (const StepChange& change : comparison.steps) {
    json.begin_object();
    json.text("id", change.left ? change.left->id : change.right->id);
    json.boolean("moved", change.moved);
    write_step(json, "a", change.left);
    write_step(json, "b", change.right);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return json.take() + "\n";
}

}  // namespace boxtrace::diff
