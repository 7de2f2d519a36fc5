#pragma once
// A milestone as a trace holds it. It is derived from the events (tracer/timeline makes it) and
// kept for people and for jq; `show` and `diff` derive it again.

#include <string>
#include <utility>
#include <vector>

#include "tracer/base/ids.h"

namespace boxtrace::trace {

struct MilestoneRecord {
  int number = 0;
  std::string id;     ///< `ns.new`, `root.pivot`, ...
  std::string phase;  ///< `isolate`, `lock down`, ...
  base::TaskId task;
  std::string role;
  std::vector<base::Seq> evidence;
  std::string title;
  std::vector<std::pair<std::string, std::string>> facts;
  friend bool operator==(const MilestoneRecord&, const MilestoneRecord&) = default;
};

}  // namespace boxtrace::trace
