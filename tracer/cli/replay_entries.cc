#include "tracer/cli/replay_entries.h"

#include <algorithm>
#include <utility>

namespace boxtrace::cli {

void ReplayEntries::finish() {
  std::vector<std::pair<base::Nanos, std::size_t>> begins;
  if (sink_->wants_entries()) {
    for (std::size_t i = 0; i < events_.size(); ++i) {
      if (const auto* call = std::get_if<raw::Syscall>(&events_[i].body)) {
        begins.emplace_back(call->entered, i);
      }
    }
    std::stable_sort(begins.begin(), begins.end(),
                     [](const auto& left, const auto& right) { return left.first < right.first; });
  }
  auto next = begins.begin();
  for (std::size_t i = 0; i < events_.size(); ++i) {
    // A call begins before everything that was learnt later; a call before itself.
    for (; next != begins.end() && (next->second == i || next->first < events_[i].time); ++next) {
      raw::Event entry = events_[next->second];
      auto& call = std::get<raw::Syscall>(entry.body);
      call.outcome = {};
      call.out = {};
      call.child.reset();
      entry.seq = {};
      entry.time = call.entered;
      sink_->on_entry(entry);
    }
    sink_->on_event(events_[i]);
  }
  events_.clear();
}

}  // namespace boxtrace::cli
