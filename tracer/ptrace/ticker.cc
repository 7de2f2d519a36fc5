#include "tracer/ptrace/ticker.h"

#include <unistd.h>

#include <csignal>

namespace boxtrace::ptrace {
namespace {

constexpr long kTickNanoseconds = 20'000'000;

}  // namespace

Ticker::Ticker() {
  sigevent to_this_thread{};
  to_this_thread.sigev_notify = SIGEV_THREAD_ID;
  to_this_thread.sigev_signo = SIGALRM;
  to_this_thread._sigev_un._tid = ::gettid();  // glibc 2.36 has no sigev_notify_thread_id
  exists_ = ::timer_create(CLOCK_MONOTONIC, &to_this_thread, &timer_) == 0;
}

Ticker::~Ticker() {
  if (exists_) {
    ::timer_delete(timer_);
  }
}

void Ticker::start() {
  if (!exists_ || ticks_) {
    return;
  }
  ticks_ = true;
  const itimerspec interval{{0, kTickNanoseconds}, {0, kTickNanoseconds}};
  ::timer_settime(timer_, 0, &interval, nullptr);
}

}  // namespace boxtrace::ptrace
