#include "tracer/sinks/jsonl.h"

#include <string>

namespace boxtrace::sinks {

void JsonlSink::on_step(const timeline::Step& step) {
  write_(writer_.render_line(step.event, step.call));
}

void JsonlSink::on_milestone(const timeline::Milestone& milestone) {
  trace::MilestoneRecord record;
  record.number = milestone.number;
  record.id = milestone.id;
  record.phase = std::string(timeline::phase_name(milestone.phase));
  record.task = milestone.task;
  record.role = milestone.role;
  record.evidence = milestone.evidence;
  record.title = milestone.title;
  record.facts = milestone.facts;
  write_(writer_.render_line(record));
}

}  // namespace boxtrace::sinks
