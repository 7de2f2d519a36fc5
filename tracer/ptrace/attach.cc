#include "tracer/ptrace/attach.h"

#include <unistd.h>

#include <cerrno>
#include <set>
#include <string_view>

#include "tracer/base/text.h"
#include "tracer/ptrace/attach_refusal.h"

namespace boxtrace::ptrace {
namespace {

// A thread that says EPERM and looks alive may have been seen just before it died.
constexpr int kAttempts = 3;

bool is_dead(std::string_view status) {
  const std::string_view state = base::parse_status_field(status, "State").value_or("");
  return state.starts_with('Z') || state.starts_with('X');
}

bool is_ours(std::string_view status) {
  const auto tracer = base::parse_status_field(status, "TracerPid");
  return tracer && base::parse_i64(*tracer) == ::gettid();
}

enum class Seized : std::uint8_t { Yes, Gone, BornOurs, Refused };

struct Attempt {
  Seized result = Seized::Refused;
  int err = 0;
};

Attempt seize_thread(Kernel& kernel, const Observer& observer, base::HostTid tid) {
  Attempt attempt;
  for (int i = 0; i < kAttempts; ++i) {
    attempt.err = kernel.seize(tid);
    if (attempt.err == 0) {
      return {Seized::Yes, 0};
    }
    const auto status = observer.text_of(tid, "status");
    if (attempt.err == ESRCH || !status || is_dead(*status)) {
      return {Seized::Gone, ESRCH};
    }
    if (is_ours(*status)) {
      return {Seized::BornOurs, 0};
    }
  }
  return attempt;
}

}  // namespace

base::Result<SeizedProcess> seize_process(Kernel& kernel, const Observer& observer,
                                          base::HostPid pid) {
  const base::HostTid given{pid.value};
  SeizedProcess seized;
  seized.pid = observer.group_of(given).value_or(pid);
  if (const auto loop = refuse_loop(observer, seized.pid)) {
    return *loop;
  }
  std::set<base::HostTid> known;
  bool has_news = true;
  while (has_news) {
    has_news = false;
    const auto threads = observer.threads_of(seized.pid);
    if (!threads.ok()) {
      break;  // it has ended
    }
    for (const base::HostTid tid : threads.value()) {
      if (!known.insert(tid).second) {
        continue;
      }
      has_news = true;
      const Attempt attempt = seize_thread(kernel, observer, tid);
      if (attempt.result == Seized::Refused) {
        return explain_refusal(observer, seized.pid, tid, attempt.err);
      }
      if (attempt.result == Seized::Yes) {
        seized.threads.push_back(tid);
      }
    }
  }
  if (seized.threads.empty()) {
    return explain_refusal(observer, seized.pid, given, ESRCH);
  }
  return seized;
}

}  // namespace boxtrace::ptrace
