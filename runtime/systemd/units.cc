#include "runtime/systemd/units.h"

#include <errno.h>
#include <fmt/format.h>

#include <utility>

#include "runtime/systemd/names.h"

namespace boxrun::systemd {
namespace {

using dbus::Kind;
using dbus::Message;
using dbus::Value;

constexpr const char* kObject = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";
constexpr std::string_view kUnitExists = "org.freedesktop.systemd1.UnitExists";
constexpr std::string_view kNoSuchUnit = "org.freedesktop.systemd1.NoSuchUnit";

/// What systemd, or the bus in its place, says against a call.
Error refused(const std::string& member, const Message& answer) {
  std::string reason = answer.error_name;
  if (!answer.body.empty() && answer.body.front().type == "s") {
    reason = fmt::format("{} ({})", base::printable(answer.body.front().text), answer.error_name);
  }
  const auto is = [&answer](const char* name) {
    return answer.error_name == fmt::format("org.freedesktop.DBus.Error.{}", name);
  };
  return {0, fmt::format("systemd refuses {}: {}", member, reason),
          is("ServiceUnknown")     ? "the bus knows no systemd"
          : is("PropertyReadOnly") ? "this systemd is too old for a setting, or an annotation "
                                     "org.systemd.property.* names none"
          : is("AccessDenied") || is("InteractiveAuthorizationRequired")
              ? "starting scopes of the system takes root's rights"
              : ""};
}

Value pairs_of(const std::vector<Property>& properties) {
  std::vector<Value> pairs;
  pairs.reserve(properties.size());
  for (const Property& property : properties) {
    pairs.push_back(
        dbus::make_struct({dbus::make_text(property.name), dbus::make_variant(property.value)}));
  }
  return dbus::make_array("(sv)", std::move(pairs));
}

std::vector<Property> scope_properties(const plan::ScopeName& scope, int pid) {
  using dbus::make_boolean;
  using dbus::make_text;
  return {{"Description", make_text("boxrun container " + scope.unit)},
          {"Slice", make_text(scope.slice)},
          {"Delegate", make_boolean(true)},
          {"PIDs", dbus::make_array("u", {dbus::make_u32(static_cast<std::uint32_t>(pid))})},
          // With them, shutdown would end it before the engine that knows how to.
          {"DefaultDependencies", make_boolean(false)},
          {"MemoryAccounting", make_boolean(true)},
          {"CPUAccounting", make_boolean(true)},
          {"IOAccounting", make_boolean(true)},
          {"TasksAccounting", make_boolean(true)}};
}

}  // namespace

Result<Units> Units::connect(bool user, std::chrono::milliseconds limit) {
  TRY(Bus bus, Bus::connect(user, Clock::now() + limit));
  return Units{std::move(bus), limit};
}

Result<Message> Units::call(const std::string& member, std::vector<Value> body,
                            Clock::time_point deadline) {
  Message message;
  message.path = kObject;
  message.interface = kManager;
  message.member = member;
  message.body = std::move(body);
  auto answer = bus_.call(std::move(message), deadline);
  return std::move(answer).within(member);
}

Result<std::string> Units::read_property(std::string path, const char* interface,
                                         const char* name) {
  Message message;
  message.path = std::move(path);
  message.interface = "org.freedesktop.DBus.Properties";
  message.member = "Get";
  message.body = {dbus::make_text(interface), dbus::make_text(name)};
  const std::string what = fmt::format("Get {}", name);
  auto answer = bus_.call(std::move(message), deadline());
  if (!answer.ok()) {
    return std::move(answer).error().within(what);
  }
  const Message& reply = answer.value();
  if (reply.kind == Kind::Error) {
    return refused(what, reply);
  }
  if (reply.body.size() != 1 || reply.body[0].type != "v" || reply.body[0].parts[0].type != "s") {
    return Error{EBADMSG, fmt::format("systemd's answer to {} is no text", what), {}};
  }
  return reply.body[0].parts[0].text;
}

Result<std::string> Units::read_own_cgroup() {
  TRY(std::string path, read_property(kObject, kManager, "ControlGroup"));
  return path == "/" ? std::string{} : path;
}

Result<std::string> Units::read_cgroup(const std::string& unit) {
  return read_property(object_path(unit), "org.freedesktop.systemd1.Scope", "ControlGroup");
}

Result<Units::Outcome> Units::run_job(const std::string& member, std::vector<Value> body) {
  const auto until = deadline();
  TRY_OK(bus_.subscribe(kManager, "JobRemoved", until));
  TRY(Message answer, call(member, std::move(body), until));
  if (answer.kind == Kind::Error) {
    return Outcome{{}, std::move(answer)};
  }
  if (answer.body.size() != 1 || answer.body[0].type != "o") {
    return Error{EBADMSG, fmt::format("systemd's answer to {} is no job", member), {}};
  }
  const std::string job = answer.body[0].text;
  // number, object, unit, result
  auto removed = bus_.await_signal(
      [&job](const Message& signal) {
        return signal.member == "JobRemoved" && signal.interface == kManager &&
               signal.body.size() == 4 && signal.body[1].text == job;
      },
      until);
  if (!removed.ok()) {
    return std::move(removed).error().within(fmt::format("{}: job {}", member, job));
  }
  return Outcome{removed.value().body[3].text, {}};
}

void Units::forget_failure(const std::string& unit) {
  // Of no interest where the unit has not failed, or is gone.
  static_cast<void>(call("ResetFailedUnit", {dbus::make_text(unit)}, deadline()).ok());
}

Result<void> Units::start_scope(const plan::ScopeName& scope, int pid,
                                const std::vector<Property>& properties) {
  std::vector<Property> all = scope_properties(scope, pid);
  all.insert(all.end(), properties.begin(), properties.end());
  const auto start = [&] {
    return run_job("StartTransientUnit", {dbus::make_text(scope.unit), dbus::make_text("replace"),
                                          pairs_of(all), dbus::make_array("(sa(sv))", {})});
  };
  TRY(Outcome outcome, start());
  if (outcome.refusal.error_name == kUnitExists) {
    // A scope that has failed, of memory for example, stays until somebody has taken note.
    forget_failure(scope.unit);
    TRY(outcome, start());
  }
  if (outcome.refusal.error_name == kUnitExists) {
    return Error{EEXIST, fmt::format("systemd has a unit {} already", scope.unit),
                 fmt::format("another container uses it: choose another /linux/cgroupsPath; "
                             "`systemctl status {}` shows it",
                             scope.unit)};
  }
  if (outcome.result.empty()) {
    return refused("StartTransientUnit", outcome.refusal);
  }
  if (outcome.result != "done") {
    forget_failure(scope.unit);
    return Error{0, fmt::format("systemd could not start {}: {}", scope.unit, outcome.result),
                 fmt::format("`journalctl -u {}` may know more", scope.unit)};
  }
  return {};
}

Result<void> Units::set_properties(const std::string& unit,
                                   const std::vector<Property>& properties) {
  TRY(const Message answer,
      call("SetUnitProperties",
           {dbus::make_text(unit), dbus::make_boolean(true), pairs_of(properties)}, deadline()));
  return answer.kind == Kind::Error ? Result<void>{refused("SetUnitProperties", answer)}
                                    : Result<void>{};
}

Result<void> Units::stop(const std::string& unit) {
  TRY(const Outcome outcome,
      run_job("StopUnit", {dbus::make_text(unit), dbus::make_text("replace")}));
  if (outcome.result.empty() && outcome.refusal.error_name != kNoSuchUnit) {
    return refused("StopUnit", outcome.refusal);
  }
  forget_failure(unit);
  return {};
}

}  // namespace boxrun::systemd
