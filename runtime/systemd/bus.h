#pragma once
// A connection to systemd: through the message bus, or to the socket that systemd itself listens
// on.
//
// A connection begins with a few lines of text by which the client proves who it is; the kernel
// tells the server, so there is nothing to prove, and no uid is named, which would be another one
// within a user namespace. Then messages follow each other. A bus wants to be greeted first
// (`Hello`), and delivers signals to those who ask for them (`AddMatch`). On systemd's own socket
// there is neither, and every signal comes by itself.
//
// Sources: D-Bus specification, "Authentication Protocol", "Server Addresses"; systemd:
// src/libsystemd/sd-bus/bus-socket.c.

#include <chrono>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "runtime/aliases.h"
#include "runtime/dbus/message.h"
#include "tracer/os/fd.h"

namespace boxrun::systemd {

using Clock = std::chrono::steady_clock;

/// Unix sockets of a server address such as `unix:path=/run/bus;unix:abstract=x`: paths, with a
/// leading zero byte for the abstract ones. Pure.
[[nodiscard]] std::vector<std::string> parse_address(std::string_view address);

class Bus {
 public:
  /// Tries, for the system's systemd, $DBUS_SYSTEM_BUS_ADDRESS, the system bus, and systemd's own
  /// socket; for a user's, $DBUS_SESSION_BUS_ADDRESS, and then both in $XDG_RUNTIME_DIR. What the
  /// environment names is the only one tried.
  ///
  /// @errors  that no systemd runs here; else why the last socket could not be used
  [[nodiscard]] static Result<Bus> connect(bool user, Clock::time_point deadline);

  /// Calls a method of systemd's and waits for the answer: Kind::Reply or Kind::Error. Signals that
  /// come before it are kept.
  ///
  /// @param call  path, interface, member and body
  /// @errors  ETIMEDOUT; ECONNRESET; EBADMSG
  [[nodiscard]] Result<dbus::Message> call(dbus::Message call, Clock::time_point deadline);

  /// Asks for signals of this interface and name.
  [[nodiscard]] Result<void> subscribe(std::string_view interface, std::string_view member,
                                       Clock::time_point deadline);

  /// The first signal that `is_meant` holds for; others are dropped.
  [[nodiscard]] Result<dbus::Message> await_signal(
      const std::function<bool(const dbus::Message&)>& is_meant, Clock::time_point deadline);

 private:
  Bus(os::UniqueFd socket, bool is_bus) : socket_(std::move(socket)), is_bus_(is_bus) {}

  [[nodiscard]] static Result<Bus> connect_to(const std::string& path, bool is_bus,
                                              Clock::time_point deadline);
  [[nodiscard]] Result<void> authenticate(Clock::time_point deadline);
  [[nodiscard]] Result<dbus::Message> call_at(std::string destination, dbus::Message call,
                                              Clock::time_point deadline);
  [[nodiscard]] Result<void> send(std::string_view bytes, Clock::time_point deadline);
  [[nodiscard]] Result<void> fill(std::size_t size, Clock::time_point deadline);
  [[nodiscard]] Result<dbus::Message> receive(Clock::time_point deadline);

  os::UniqueFd socket_;
  bool is_bus_;
  std::uint32_t serial_ = 0;
  std::string received_;  ///< not a whole message yet
  std::deque<dbus::Message> signals_;
};

}  // namespace boxrun::systemd
