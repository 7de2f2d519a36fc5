#pragma once
// Wakes a thread that waits in wait4(2), again and again: wait4 has no time-out, and a single
// signal may come just before it blocks. The signal is SIGALRM, whose handler is SignalRelay's.

#include <ctime>

namespace boxtrace::ptrace {

class Ticker {
 public:
  /// Does not tick yet. For the calling thread.
  Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;
  Ticker(Ticker&&) = delete;
  Ticker& operator=(Ticker&&) = delete;
  ~Ticker();

  /// Ticks from now on, fifty times a second.
  void start();

 private:
  timer_t timer_{};
  bool exists_ = false;
  bool ticks_ = false;
};

}  // namespace boxtrace::ptrace
