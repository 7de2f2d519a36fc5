#pragma once
// What `create`, `run` and `exec` have in common: the options around a program that is started in a
// container, and what happens once it runs.

#include <sys/types.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "runtime/aliases.h"
#include "runtime/commands/console.h"
#include "runtime/commands/notify.h"
#include "tracer/os/fd.h"

namespace boxrun::commands {

struct LaunchOptions {
  std::string pid_file;
  std::string console_socket;
  std::string pidfd_socket;
  std::uint32_t preserve_fds = 0;
};
void add_launch_options(CLI::App& verb, LaunchOptions& options);

/// Every descriptor from 3 on that shall be passed on is open.
/// @errors  the first that is not: what boxrun opens itself would get its number
[[nodiscard]] Result<void> check_preserved(std::uint32_t count);

/// The sockets that a launch hands things over, connected before anything is made.
class Launch {
 public:
  [[nodiscard]] static Result<Launch> open(const LaunchOptions& options, bool terminal,
                                           bool detached);
  [[nodiscard]] exec::ConsoleRoute take_console() { return console_.take_route(); }
  void give_notifier(Notifier notifier) { notifier_ = std::move(notifier); }
  /// There will be no program: see Console.
  void show_last_words() const { console_.show_last_words(); }
  /// The program is there: writes the pid file, sends the pidfd.
  [[nodiscard]] Result<void> announce(pid_t program) const;
  /// Stays with the program until it ends. Signals must be blocked. @returns its exit status
  [[nodiscard]] Result<int> stay(pid_t program);
  /// Where boxrun does not stay: until the program is ready, if somebody wants to know.
  void await_ready(pid_t program);

 private:
  std::string pid_file_;
  Console console_;
  os::UniqueFd pidfd_socket_;
  std::optional<Notifier> notifier_;
};

}  // namespace boxrun::commands
