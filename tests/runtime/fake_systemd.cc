#include "tests/runtime/fake_systemd.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "runtime/cgroup/cgroup.h"
#include "runtime/systemd/names.h"

namespace boxrun::tests {
namespace {

using dbus::Kind;
using dbus::Message;
using dbus::Value;

/// What systemd 252 lets be set on a scope, and the type that it takes.
/// org.freedesktop.systemd1(5).
const std::map<std::string, std::string> kProperties = {{"Description", "s"},
                                                        {"Slice", "s"},
                                                        {"Delegate", "b"},
                                                        {"PIDs", "au"},
                                                        {"DefaultDependencies", "b"},
                                                        {"MemoryAccounting", "b"},
                                                        {"CPUAccounting", "b"},
                                                        {"IOAccounting", "b"},
                                                        {"TasksAccounting", "b"},
                                                        {"MemoryMax", "t"},
                                                        {"MemoryLow", "t"},
                                                        {"MemorySwapMax", "t"},
                                                        {"CPUShares", "t"},
                                                        {"CPUWeight", "t"},
                                                        {"CPUQuotaPerSecUSec", "t"},
                                                        {"CPUQuotaPeriodUSec", "t"},
                                                        {"TasksMax", "t"},
                                                        {"AllowedCPUs", "ay"},
                                                        {"AllowedMemoryNodes", "ay"},
                                                        {"DevicePolicy", "s"},
                                                        {"DeviceAllow", "a(ss)"},
                                                        {"TimeoutStopUSec", "t"},
                                                        {"CollectMode", "s"}};

std::string render(const Value& value) {
  if (value.parts.empty() && value.type.front() != 'a') {
    return value.text.empty() ? std::to_string(value.number) : value.text;
  }
  std::string text;
  for (const Value& part : value.parts) {
    text += (text.empty() ? "" : " ") + render(part);
  }
  return text;
}

Message error(const std::string& name, const std::string& sentence) {
  Message message;
  message.kind = Kind::Error;
  message.error_name = name;
  message.body.push_back(dbus::make_text(sentence));
  return message;
}

Message reply(std::vector<Value> body = {}) {
  Message message;
  message.kind = Kind::Reply;
  message.body = std::move(body);
  return message;
}

/// The directories of a cgroup in the hierarchies that systemd cannot do without.
std::vector<std::string> directories(const std::string& cgroup) {
  std::vector<std::string> all;
  const auto layout = cgroup::read_layout();
  for (const auto& hierarchy : layout.ok() ? layout.value() : std::vector<cgroup::Hierarchy>{}) {
    if (hierarchy.version2 || hierarchy.controllers == std::vector<std::string>{"name=systemd"}) {
      all.push_back(hierarchy.mount_point + cgroup);
    }
  }
  return all;
}

/// systemd accounts for tasks and memory of every unit, so that version 2 has these controllers all
/// the way to it. Source: systemd-system.conf(5), DefaultMemoryAccounting=.
void enable_accounting(const std::filesystem::path& directory) {
  const std::filesystem::path parent = directory.parent_path();
  if (!std::filesystem::exists(parent / "cgroup.subtree_control")) {
    return;
  }
  enable_accounting(parent);
  for (const char* controller : {"+memory", "+pids"}) {
    std::ofstream{parent / "cgroup.subtree_control"} << controller << std::flush;
  }
}

}  // namespace

FakeSystemd::FakeSystemd(std::string path, Mood its_mood) : mood(its_mood), path_(std::move(path)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_, 8) != 0) {
    std::abort();
  }
  ::setenv("DBUS_SYSTEM_BUS_ADDRESS", ("unix:path=" + path_).c_str(), 1);
  thread_ = std::thread{[this] { serve(); }};
}

FakeSystemd::~FakeSystemd() {
  ends_ = true;
  thread_.join();
  ::close(listener_);
  ::unlink(path_.c_str());
  for (const std::string& slice : slices_) {
    ::rmdir(slice.c_str());
  }
  ::unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
}

void FakeSystemd::serve() {
  while (!ends_) {
    pollfd wish{listener_, POLLIN, 0};
    if (::poll(&wish, 1, 20) == 1) {
      const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      serve_one(connection);
      ::close(connection);
    }
  }
}

bool FakeSystemd::receive(int connection, std::size_t size) {
  std::array<char, 4096> buffer{};
  while (received_.size() < size && !ends_) {
    pollfd wish{connection, POLLIN, 0};
    if (::poll(&wish, 1, 20) != 1) {
      continue;
    }
    const ssize_t got = ::recv(connection, buffer.data(), buffer.size(), 0);
    if (got <= 0) {
      return false;
    }
    received_.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return received_.size() >= size;
}

bool FakeSystemd::authenticate(int connection) {
  // Both do not wait for answers, as sd-bus.
  const std::string expected{"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n", 29};
  if (!receive(connection, expected.size()) || !received_.starts_with(expected)) {
    return false;
  }
  received_.erase(0, expected.size());
  const std::string lines = mood == Mood::LetsNobodyIn
                                ? "REJECTED KERBEROS_V4\r\n"
                                : "DATA\r\nOK 00112233445566778899aabbccddeeff\r\n";
  return ::send(connection, lines.data(), lines.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(lines.size());
}

void FakeSystemd::serve_one(int connection) {
  received_.clear();
  greeted_ = subscribed_ = false;
  if (!authenticate(connection)) {
    return;
  }
  while (receive(connection, dbus::kFixedHeader)) {
    const auto length = dbus::parse_length(received_);
    if (!length.ok() || !receive(connection, length.value())) {
      return;
    }
    const auto call = dbus::parse_message(received_.substr(0, length.value()));
    received_.erase(0, length.value());
    if (!call.ok() || (mood == Mood::HangsUp && call.value().member == "StartTransientUnit")) {
      return;
    }
    Message message = answer(call.value());
    message.reply_serial = call.value().serial;
    if (mood == Mood::TalksNonsense && call.value().member == "StartTransientUnit") {
      ::send(connection, "lots of nonsense instead of a message", 37, MSG_NOSIGNAL);
      continue;
    }
    send(connection, std::move(message));
    for (Message& signal : signals_) {
      if (subscribed_ && mood != Mood::JobsHang) {
        send(connection, std::move(signal));
      }
    }
    signals_.clear();
  }
}

void FakeSystemd::send(int connection, Message message) {
  message.serial = ++serial_;
  message.sender = ":1.0";
  const std::string bytes = dbus::render_message(message);
  // In two pieces, so that nobody may rely on getting one.
  const std::size_t half = bytes.size() / 2;
  ::send(connection, bytes.data(), half, MSG_NOSIGNAL);
  ::usleep(500);
  ::send(connection, bytes.data() + half, bytes.size() - half, MSG_NOSIGNAL);
}

Message FakeSystemd::answer(const Message& call) {
  if (call.destination == "org.freedesktop.DBus") {
    greeted_ = greeted_ || call.member == "Hello";
    subscribed_ = subscribed_ || (call.member == "AddMatch" &&
                                  call.body.at(0).text.find("JobRemoved") != std::string::npos);
    return reply(call.member == "Hello" ? std::vector{dbus::make_text(":1.9")}
                                        : std::vector<Value>{});
  }
  if (!greeted_ || call.destination != "org.freedesktop.systemd1") {
    return error("org.freedesktop.DBus.Error.AccessDenied", "say Hello first");
  }
  const std::string name = call.body.empty() ? "" : call.body[0].text;
  calls.push_back(call.member + " " + name);
  if (call.member == "Get") {
    const bool is_own = call.path == "/org/freedesktop/systemd1";
    std::string cgroup;
    for (const auto& [unit, it] : units) {
      cgroup = systemd::object_path(unit) == call.path ? it.cgroup : cgroup;
    }
    return is_own || !cgroup.empty()
               ? reply({dbus::make_variant(dbus::make_text(cgroup))})
               : error("org.freedesktop.DBus.Error.UnknownObject", "no such unit");
  }
  if (call.member == "StartTransientUnit") {
    return start_unit(call);
  }
  if (!units.contains(name)) {
    return error("org.freedesktop.systemd1.NoSuchUnit", "Unit " + name + " not loaded.");
  }
  if (call.member == "StopUnit") {
    return stop_unit(call);
  }
  if (call.member == "ResetFailedUnit") {
    if (units[name].failed) {
      units.erase(name);
    }
    return reply();
  }
  if (call.member == "SetUnitProperties") {
    const std::string wrong = read_properties(call.body.at(2), false, units[name]);
    return wrong.empty() && call.body[1].number == 1
               ? reply()
               : error("org.freedesktop.DBus.Error.PropertyReadOnly", wrong);
  }
  return error("org.freedesktop.DBus.Error.UnknownMethod", call.member);
}

/// @returns what is wrong with them
std::string FakeSystemd::read_properties(const Value& pairs, bool at_start, Unit& unit) {
  if (pairs.type != "a(sv)") {
    return "not a list of properties";
  }
  for (const Value& pair : pairs.parts) {
    const std::string& name = pair.parts[0].text;
    const Value& value = pair.parts[1].parts[0];
    const auto known = kProperties.find(name);
    const bool only_at_start = name == "Slice" || name == "PIDs" || name == "Delegate";
    if (known == kProperties.end() || (only_at_start && !at_start)) {
      return "Cannot set property " + name + ", or unknown property.";
    }
    if (known->second != value.type) {
      return "Property " + name + " is of another type.";
    }
    if (value.type == "a(ss)" && !value.parts.empty()) {
      unit.properties[name] += render(value);
    } else {
      unit.properties[name] = render(value);
    }
  }
  return {};
}

Message FakeSystemd::start_unit(const Message& call) {
  const std::string name = call.body.at(0).text;
  if (units.contains(name)) {
    return error("org.freedesktop.systemd1.UnitExists", "Unit " + name + " was already loaded.");
  }
  Unit unit;
  const std::string wrong = read_properties(call.body.at(2), true, unit);
  const std::string pid = unit.properties["PIDs"];
  if (!wrong.empty() || call.body.at(1).text != "replace" || call.body.at(3).type != "a(sa(sv))" ||
      pid.empty()) {
    return error("org.freedesktop.DBus.Error.PropertyReadOnly", wrong);
  }
  unit.cgroup = systemd::slice_path(unit.properties["Slice"]) + "/" + name;
  const bool works = mood == Mood::Well || mood == Mood::JobsHang;
  if (works) {
    for (const std::string& directory : directories(unit.cgroup)) {
      std::error_code ignored;
      std::filesystem::create_directories(directory, ignored);
      enable_accounting(directory);
      slices_.push_back(std::filesystem::path{directory}.parent_path());
      std::ofstream{directory + "/cgroup.procs"} << pid << std::flush;
    }
  }
  unit.failed = !works;
  units[name] = unit;
  const std::string job = "/org/freedesktop/systemd1/job/" + std::to_string(++serial_);
  // Somebody else's job comes first.
  for (const auto& [path, result] :
       {std::pair{std::string{"/org/freedesktop/systemd1/job/1"}, "failed"},
        {job, works ? "done" : "failed"}}) {
    Message signal;
    signal.kind = Kind::Signal;
    signal.path = "/org/freedesktop/systemd1";
    signal.interface = "org.freedesktop.systemd1.Manager";
    signal.member = "JobRemoved";
    signal.body = {dbus::make_u32(serial_), dbus::make_path(path), dbus::make_text(name),
                   dbus::make_text(result)};
    signals_.push_back(std::move(signal));
  }
  return reply({dbus::make_path(job)});
}

Message FakeSystemd::stop_unit(const Message& call) {
  const std::string name = call.body.at(0).text;
  for (const std::string& directory : directories(units[name].cgroup)) {
    ::rmdir(directory.c_str());
    ::rmdir(std::filesystem::path{directory}.parent_path().c_str());
  }
  units.erase(name);
  Message signal;
  signal.kind = Kind::Signal;
  signal.path = "/org/freedesktop/systemd1";
  signal.interface = "org.freedesktop.systemd1.Manager";
  signal.member = "JobRemoved";
  signal.body = {dbus::make_u32(7), dbus::make_path("/org/freedesktop/systemd1/job/7"),
                 dbus::make_text(name), dbus::make_text("done")};
  signals_.push_back(std::move(signal));
  return reply({dbus::make_path("/org/freedesktop/systemd1/job/7")});
}

}  // namespace boxrun::tests
