#pragma once
// What happens to SIGINT, SIGTERM, SIGHUP and SIGQUIT when they are sent to the tracer.
//
// Dying of them would set all tracees free in the middle of the story, so they are passed on to the
// command, whose end then ends the trace. Not passed on are those that the terminal sent, for the
// kernel has sent them to the command too, and those that a tracee sent: it meant its process
// group, or us, and would not have reached the command through us untraced. When the command is
// gone and only descendants of it live on, there is nobody to pass them to: then they ask us to
// stop tracing.
//
// Signals that were ignored when we started stay ignored (nohup). SIGTTIN and SIGTTOU are ignored,
// because the command may take the terminal's foreground from us, and our output must go on.
//
// The trap: a signal that arrives just before wait4(2) blocks would be noticed only after the next
// report, which may never come. wait4 has no mask argument as ppoll(2) has; so the handler starts a
// timer whose ticks interrupt wait4 until the signal was noticed.

#include <array>
#include <csignal>
#include <optional>
#include <vector>

namespace boxtrace::ptrace {

struct RelayedSignal {
  int signal = 0;
  pid_t sender = 0;
  bool from_kernel = false;  ///< from the terminal, or its hang-up
  bool front_is_gone = false;
};

/// Catches the signals while it lives. One at a time.
class SignalRelay {
 public:
  /// `front`: a parent that passes its signals on to us, see engine.h; 0: there is none.
  explicit SignalRelay(pid_t front = 0);
  SignalRelay(const SignalRelay&) = delete;
  SignalRelay& operator=(const SignalRelay&) = delete;
  SignalRelay(SignalRelay&&) = delete;
  SignalRelay& operator=(SignalRelay&&) = delete;
  /// Restores the dispositions that it found. Behind a front, what that passes on is ignored from
  /// now on.
  ~SignalRelay();

  /// What has arrived since the last call.
  [[nodiscard]] std::vector<RelayedSignal> take();

 private:
  struct Saved {
    int signal = 0;
    struct sigaction action {};
  };
  void replace(int signal, const struct sigaction& action, bool even_if_ignored);

  std::vector<Saved> saved_;
};

}  // namespace boxtrace::ptrace
