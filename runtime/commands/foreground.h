#pragma once
// Staying with a container.

#include <signal.h>
#include <sys/types.h>

namespace boxrun::commands {

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

/// Waits for `init`, passing every signal on to it and reaping whoever boxrun has inherited.
/// Signals must be blocked.
///
/// @returns its exit status, or 128 + the signal that killed it.
int wait_in_foreground(pid_t init);

}  // namespace boxrun::commands
