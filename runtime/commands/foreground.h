#pragma once
// Staying with a program in a container.

#include <signal.h>
#include <sys/types.h>

namespace boxrun::commands {

class Notifier;
class Relay;

/// Blocks all signals while it lives, so that none that arrives during creation is lost: they wait
/// for wait_in_foreground().
class SignalBlock {
 public:
  explicit SignalBlock(bool active);
  ~SignalBlock();
  SignalBlock(const SignalBlock&) = delete;
  SignalBlock& operator=(const SignalBlock&) = delete;

 private:
  bool active_;
  sigset_t before_{};
};

/// Waits for `program`, passing every signal on to it, carrying its terminal over if it has one,
/// and reaping whoever boxrun has inherited. Signals must be blocked.
///
/// @param relay     nullptr without a terminal
/// @param notifier  nullptr where nobody waits for the program to be ready
/// @returns its exit status, or 128 + the signal that killed it.
int wait_in_foreground(pid_t program, Relay* relay, Notifier* notifier);

}  // namespace boxrun::commands
