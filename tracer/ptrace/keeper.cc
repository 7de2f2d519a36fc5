#include "tracer/ptrace/keeper.h"

#include <utility>
#include <variant>

#include "tracer/ptrace/call_filter.h"
#include "tracer/ptrace/report_queue.h"
#include "tracer/ptrace/stop.h"

namespace boxtrace::ptrace {
namespace {

void resume(Kernel& kernel, Stop stop) {
  if (std::holds_alternative<Vanished>(stop.kind)) {
    std::move(stop.stopped).forget();
  } else if (std::holds_alternative<GroupStop>(stop.kind)) {
    std::move(stop.stopped).listen();
  } else if (const auto* signal = std::get_if<SignalStop>(&stop.kind)) {
    std::move(stop.stopped).resume(Until::NextEvent, signal->signal);
  } else {
    const auto* call = std::get_if<SyscallStop>(&stop.kind);
    if (call != nullptr && is_foreign_filter(call->info)) {
      kernel.refuse_call(stop.stopped.tid());
    }
    std::move(stop.stopped).resume(Until::NextEvent);
  }
}

}  // namespace

void keep_going(Kernel& kernel, Report report) {
  if (auto* stop = std::get_if<Stop>(&report)) {
    resume(kernel, std::move(*stop));
  }
}

void keep_running(Kernel& kernel) {
  ReportQueue reports{kernel};
  for (;;) {
    Report report = reports.next();
    if (std::holds_alternative<NothingLeft>(report)) {
      return;
    }
    keep_going(kernel, std::move(report));
  }
}

}  // namespace boxtrace::ptrace
