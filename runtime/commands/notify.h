#pragma once
// Telling a service manager that the program in the container is ready.
//
// Who starts boxrun as a service of type "notify" gives it a socket, NOTIFY_SOCKET, and waits there
// for READY=1. The program has to say that, and cannot reach the socket: it is a file of the host,
// and only messages of the service's main process count. So the container gets a socket of its own,
// /run/notify/notify.sock, in a directory of boxrun's state; boxrun passes READY=1 on, and MAINPID,
// where it is not to be the main process itself. Nothing else goes through: a container that could
// send any line could have the manager watch, or kill, another process.
//
// Sources: sd_notify(3), systemd.service(5), Type=notify; unix(7).

#include <poll.h>
#include <sys/types.h>

#include <string>

#include "runtime/aliases.h"
#include "runtime/config/config.h"
#include "tracer/os/fd.h"

namespace boxrun::commands {

/// A manager waits. Its socket is NOTIFY_SOCKET of boxrun's environment.
[[nodiscard]] bool is_notify_wanted();

/// Lets the container see `directory` of the host as /run/notify, and says so to the program.
void show_notify_socket(config::Config& config, const std::string& directory);

[[nodiscard]] Result<void> make_notify_directory(const std::string& directory);

class Notifier {
 public:
  /// Listens at the container's socket.
  [[nodiscard]] static Result<Notifier> open(const std::string& directory);

  /// What to wait for; a descriptor of -1 once READY=1 has come.
  [[nodiscard]] pollfd wish() const { return {socket_.get(), POLLIN, 0}; }
  /// Reads what has come, and passes READY=1 on.
  void carry(pid_t main_process);
  /// Waits until READY=1 has been passed on and taken, or `init` has ended.
  void await(pid_t init);

 private:
  [[nodiscard]] bool send(std::string_view text, int descriptor = -1) const;
  void await_barrier() const;

  os::UniqueFd socket_;
  os::UniqueFd host_;
  std::string address_;  ///< of the manager's socket, as bind(2) takes it
};

}  // namespace boxrun::commands
