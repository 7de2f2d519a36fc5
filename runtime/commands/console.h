#pragma once
// Who gets the master of a container's terminal: an engine, over its console socket, or boxrun, if
// it stays with the program.

#include <optional>
#include <string>

#include "runtime/aliases.h"
#include "runtime/exec/prepared.h"
#include "tracer/os/fd.h"

namespace boxrun::commands {

struct ConsoleRequest {
  bool terminal = false;  ///< the program wants one
  bool detached = false;  ///< boxrun does not stay
  std::string socket;     ///< of the engine; empty without
};

class Console {
 public:
  /// Connects, so that a socket that nobody listens on is an error before anything is made.
  ///
  /// @errors  a request that makes no sense: a terminal and nobody to talk to it, or the reverse
  [[nodiscard]] static Result<Console> open(const ConsoleRequest& request);

  /// The end that the container's side sends the master over; empty without a terminal.
  [[nodiscard]] exec::ConsoleRoute take_route() { return std::move(route_); }
  /// The master, where boxrun is the one who gets it; empty otherwise. Call once the program runs.
  [[nodiscard]] Result<os::UniqueFd> receive_master() const;
  /// The program will not run: what hooks in the container have said on its terminal becomes
  /// boxrun's own standard error.
  void show_last_words() const;

 private:
  exec::ConsoleRoute route_;
  os::UniqueFd receiver_;
};

}  // namespace boxrun::commands
