#include "tracer/ptrace/report_queue.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace boxtrace::ptrace {
namespace {

constexpr unsigned kReportsInARow = 32;

}  // namespace

Report ReportQueue::next() {
  if (collected_.empty() && ++since_collected_ >= kReportsInARow) {
    collect();
  }
  if (collected_.empty()) {
    return next_report(*kernel_, true);
  }
  const StatusChange change = collected_.front();
  collected_.pop_front();
  const bool is_over = std::any_of(collected_.begin(), collected_.end(),
                                   [&](const auto& later) { return later.tid == change.tid; });
  if (is_over && !change.status.has_ended()) {
    return Stop{Stopped{*kernel_, change.tid}, Vanished{}};
  }
  return report_of(*kernel_, change);
}

void ReportQueue::collect() {
  const bool takes_signals = std::exchange(was_cut_off_, false);
  bool competes = false;
  // Whatever else a wait says, it says again.
  for (WaitResult waited = kernel_->wait(false); std::holds_alternative<StatusChange>(waited);
       waited = kernel_->wait(false)) {
    const StatusChange change = *std::get_if<StatusChange>(&waited);
    competes = competes || !collected_.empty();
    if (change.status.is_signal_delivery_stop() && !takes_signals) {
      was_cut_off_ = collected_.empty();
      collected_.push_front(change);
      break;
    }
    collected_.push_back(change);
  }
  // As long as several compete, there is always something to collect.
  since_collected_ = competes || was_cut_off_ ? kReportsInARow : 0;
}

}  // namespace boxtrace::ptrace
