#include "runtime/systemd/bus.h"

#include <errno.h>
#include <fmt/format.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <optional>

#include "tracer/os/file.h"

namespace boxrun::systemd {
namespace {

using dbus::Kind;
using dbus::Message;

constexpr const char* kSystemd = "org.freedesktop.systemd1";

/// `%2f` and the like; nothing where the digits are none.
std::optional<std::string> unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    const auto byte = base::parse_u64(fmt::format("0x{}", text.substr(i + 1, 2)));
    if (!byte || i + 2 >= text.size()) {
      return std::nullopt;
    }
    plain += static_cast<char>(*byte);
    i += 2;
  }
  return plain;
}

struct Place {
  std::string path;
  bool is_bus = true;
};

std::string text_of_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::vector<Place> places_to_try(bool user) {
  std::vector<Place> places;
  const std::string named =
      text_of_environment(user ? "DBUS_SESSION_BUS_ADDRESS" : "DBUS_SYSTEM_BUS_ADDRESS");
  if (!named.empty()) {
    for (std::string& path : parse_address(named)) {
      places.push_back({std::move(path)});
    }
    return places;
  }
  if (!user) {
    return {{"/run/dbus/system_bus_socket"}, {"/run/systemd/private", false}};
  }
  const std::string folder = text_of_environment("XDG_RUNTIME_DIR");
  return folder.empty()
             ? places
             : std::vector<Place>{{folder + "/bus"}, {folder + "/systemd/private", false}};
}

/// As sd_booted(3).
bool is_systemd_here() { return ::access("/run/systemd/system", F_OK) == 0; }

Error nobody_there(bool user, std::optional<Error> last) {
  constexpr const char* kHint =
      "let boxrun make the cgroups itself: dockerd --exec-opt native.cgroupdriver=cgroupfs, podman "
      "--cgroup-manager cgroupfs, containerd SystemdCgroup = false";
  const bool is_nobody = !last || last->err == ENOENT || last->err == ECONNREFUSED;
  if (is_nobody && !is_systemd_here()) {
    return {0, "--systemd-cgroup: no systemd runs here: there is no /run/systemd/system", kHint};
  }
  if (!last) {
    return {0, "--systemd-cgroup: the user's systemd cannot be found: XDG_RUNTIME_DIR is not set",
            "log in through a session of systemd's, or set it to /run/user/UID"};
  }
  last->hint = user ? "the user's systemd has to run: `systemctl --user status` shows it, "
                      "`loginctl enable-linger` keeps it"
                    : "systemd has to be reachable: `systemctl status` shows it";
  return std::move(*last).within("--systemd-cgroup");
}

Error gone() { return {ECONNRESET, "systemd has closed the connection", {}}; }

Result<void> await(os::BorrowedFd fd, short events, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd wish{fd.get(), events, 0};
    const int ready = ::poll(&wish, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (ready > 0) {
      return {};
    }
    if (ready == 0) {
      return Error{ETIMEDOUT, "systemd does not answer", {}};
    }
    if (errno != EINTR) {
      return os::errno_error("poll(systemd)");
    }
  }
}

}  // namespace

std::vector<std::string> parse_address(std::string_view address) {
  constexpr std::string_view kTransport = "unix:";
  std::vector<std::string> paths;
  for (const std::string_view one : base::split(address, ';')) {
    if (!one.starts_with(kTransport)) {
      continue;
    }
    for (const std::string_view pair : base::split(one.substr(kTransport.size()), ',')) {
      const auto equals = pair.find('=');
      const std::string_view key = pair.substr(0, equals);
      const auto value =
          equals == std::string_view::npos ? std::nullopt : unescape(pair.substr(equals + 1));
      if (value && key == "path") {
        paths.push_back(*value);
      } else if (value && key == "abstract") {
        paths.push_back(std::string(1, '\0') + *value);
      }
    }
  }
  return paths;
}

Result<Bus> Bus::connect(bool user, Clock::time_point deadline) {
  std::optional<Error> last;
  for (const Place& place : places_to_try(user)) {
    auto connected = connect_to(place.path, place.is_bus, deadline);
    if (connected.ok()) {
      return connected;
    }
    last = std::move(connected).error();
  }
  return nobody_there(user, std::move(last));
}

Result<Bus> Bus::connect_to(const std::string& path, bool is_bus, Clock::time_point deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string shown =
      path.starts_with('\0') ? "@" + base::printable(path.substr(1)) : base::printable(path);
  if (path.size() >= sizeof address.sun_path) {
    return Error{ENAMETOOLONG, fmt::format("connect(\"{}\")", shown), {}};
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  os::UniqueFd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket) {
    return os::errno_error("socket(AF_UNIX)");
  }
  // An abstract name ends where its length says, a path may end with a zero.
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) {
    return os::errno_error(fmt::format("connect(\"{}\")", shown));
  }
  Bus bus{std::move(socket), is_bus};
  auto ready = bus.authenticate(deadline);
  if (ready.ok() && is_bus) {
    Message hello;
    hello.path = "/org/freedesktop/DBus";
    hello.interface = "org.freedesktop.DBus";
    hello.member = "Hello";
    auto answer = bus.call_at("org.freedesktop.DBus", std::move(hello), deadline);
    ready = answer.ok() ? Result<void>{} : std::move(answer).error();
  }
  if (!ready.ok()) {
    return std::move(ready).error().within(shown);
  }
  return bus;
}

/// EXTERNAL: the kernel says who we are. All our lines go at once; the answers are as many.
Result<void> Bus::authenticate(Clock::time_point deadline) {
  constexpr char kLines[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
  TRY_OK(send({kLines, sizeof kLines - 1}, deadline));
  for (const std::string_view expected : {"DATA", "OK"}) {
    std::size_t end = 0;
    while ((end = received_.find("\r\n")) == std::string::npos) {
      constexpr std::size_t kLongestLine = 1024;
      if (received_.size() > kLongestLine) {
        return Error{EBADMSG, "what listens there does not speak D-Bus", {}};
      }
      TRY_OK(fill(received_.size() + 1, deadline));
    }
    if (!received_.starts_with(expected)) {
      return Error{
          EACCES,
          fmt::format("the server does not let us in: {}", base::quote(received_.substr(0, end))),
          {}};
    }
    received_.erase(0, end + 2);
  }
  return {};
}

Result<void> Bus::send(std::string_view bytes, Clock::time_point deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      TRY_OK(await(socket_, POLLOUT, deadline));
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return gone();
    } else if (errno != EINTR) {
      return os::errno_error("send(systemd)");
    }
  }
  return {};
}

/// Until that many bytes are there.
Result<void> Bus::fill(std::size_t size, Clock::time_point deadline) {
  std::array<char, 4096> buffer{};
  while (received_.size() < size) {
    const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (got > 0) {
      received_.append(buffer.data(), static_cast<std::size_t>(got));
    } else if (got == 0 || errno == ECONNRESET) {
      return gone();
    } else if (errno == EAGAIN) {
      TRY_OK(await(socket_, POLLIN, deadline));
    } else if (errno != EINTR) {
      return os::errno_error("recv(systemd)");
    }
  }
  return {};
}

Result<Message> Bus::receive(Clock::time_point deadline) {
  TRY_OK(fill(dbus::kFixedHeader, deadline));
  TRY(const std::size_t length, dbus::parse_length(received_));
  TRY_OK(fill(length, deadline));
  auto message = dbus::parse_message(std::string_view{received_}.substr(0, length));
  received_.erase(0, length);
  return message;
}

Result<Message> Bus::call(Message call, Clock::time_point deadline) {
  return call_at(is_bus_ ? kSystemd : "", std::move(call), deadline);
}

Result<Message> Bus::call_at(std::string destination, Message call, Clock::time_point deadline) {
  call.kind = Kind::Call;
  call.serial = ++serial_;
  call.destination = std::move(destination);
  TRY_OK(send(dbus::render_message(call), deadline));
  for (;;) {
    TRY(Message message, receive(deadline));
    const bool is_answer = message.kind == Kind::Reply || message.kind == Kind::Error;
    if (is_answer && message.reply_serial == call.serial) {
      return message;
    }
    if (message.kind == Kind::Signal) {
      signals_.push_back(std::move(message));
    }
  }
}

Result<void> Bus::subscribe(std::string_view interface, std::string_view member,
                            Clock::time_point deadline) {
  if (!is_bus_) {
    return {};
  }
  Message match;
  match.path = "/org/freedesktop/DBus";
  match.interface = "org.freedesktop.DBus";
  match.member = "AddMatch";
  match.body.push_back(dbus::make_text(fmt::format(
      "type='signal',sender='{}',interface='{}',member='{}'", kSystemd, interface, member)));
  TRY(const Message answer, call_at("org.freedesktop.DBus", std::move(match), deadline));
  if (answer.kind == Kind::Error) {
    return Error{EACCES, fmt::format("AddMatch: {}", answer.error_name), {}};
  }
  return {};
}

Result<Message> Bus::await_signal(const std::function<bool(const Message&)>& is_meant,
                                  Clock::time_point deadline) {
  for (;;) {
    while (!signals_.empty()) {
      Message signal = std::move(signals_.front());
      signals_.pop_front();
      if (is_meant(signal)) {
        return signal;
      }
    }
    TRY(Message message, receive(deadline));
    if (message.kind == Kind::Signal) {
      signals_.push_back(std::move(message));
    }
  }
}

}  // namespace boxrun::systemd
