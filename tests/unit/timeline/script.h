#pragma once
// Event scripts: a story told as calls, so that a test reads like a trace. Each call is a raw event
// with registers and captured memory, decoded by the real rows.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "decoders/registry.h"
#include "tracer/raw/event.h"
#include "tracer/sinks/text.h"
#include "tracer/timeline/analysis.h"

namespace boxtrace::timeline {

/// An argument: a number goes into the register, a string into memory.
using ScriptArg = std::variant<std::uint64_t, std::string_view, std::vector<std::string>>;

class Script {
 public:
  /// The trace begins, in namespaces with the inode numbers 1 to 8, and `program` was launched as
  /// task 1 with pid 101.
  explicit Script(const std::string& program = "/usr/bin/runc") : sink_(text_options(), writer()) {
    analysis_.add_listener(sink_);
    raw::Header header;
    header.cgroup = "hybrid";
    header.command = {program};
    for (std::size_t i = 0; i < raw::kNsKinds; ++i) {
      header.host.own[i] = {i + 1};
    }
    header.host.pid_for_children = header.host.own[3];
    header.host.time_for_children = header.host.own[7];
    push({0}, header);
    raw::TaskStarted started;
    started.cause = raw::TaskStarted::Cause::Launched;
    started.tid = {101};
    started.pid = {101};
    started.leader = {1};
    push({1}, started);
    raw::Observation seen;
    seen.at = raw::Observation::At::Start;
    seen.cwd = "/";
    raw::Status status;
    status.ns_pid = {{101}};
    status.cap_prm = status.cap_eff = status.cap_bnd = (1ULL << 41) - 1;
    seen.status = status;
    push({1}, seen);
    task(1).exec(program, {program});
  }

  /// The following events are that task's.
  Script& task(std::uint32_t id) {
    current_ = {id};
    return *this;
  }

  /// The current task makes task `id`, whose pid is 100 + id.
  Script& born(std::uint32_t id, std::uint64_t clone_flags = 0) {
    raw::TaskStarted started;
    started.tid = {static_cast<std::int32_t>(100 + id)};
    started.pid = {static_cast<std::int32_t>(100 + id)};
    started.leader = {id};
    started.creator = current_;
    started.by = raw::CallNumber{raw::Abi::X86_64, 56};  // clone
    started.flags = clone_flags;
    push({id}, started);
    return *this;
  }

  Script& call(std::string_view name, std::initializer_list<ScriptArg> args,
               std::int64_t result = 0) {
    raw::Syscall syscall = make(name, args);
    syscall.outcome = {raw::Outcome::Kind::Returned, result};
    push(current_, std::move(syscall));
    fds_.clear();
    return *this;
  }

  Script& fails(std::string_view name, std::initializer_list<ScriptArg> args, std::int64_t err) {
    raw::Syscall syscall = make(name, args);
    syscall.outcome = {raw::Outcome::Kind::Failed, err};
    push(current_, std::move(syscall));
    fds_.clear();
    return *this;
  }

  /// What a descriptor in the next call refers to.
  Script& fd(std::int32_t number, std::string target) {
    fds_.push_back({{number}, std::move(target)});
    return *this;
  }

  Script& exec(const std::string& exe, const std::vector<std::string>& argv) {
    push(current_, raw::TaskExeced{{}, exe});
    return call("execve", {std::string_view(exe), argv, std::uint64_t{0}});
  }

  Script& name(std::string_view comm) {
    return call("prctl", {std::uint64_t{15}, comm});  // PR_SET_NAME
  }

  Script& exits(int code) {
    push(current_, raw::TaskExited{raw::TaskExited::Cause::Code, code, false});
    return *this;
  }

  Script& observe(raw::Observation seen) {
    push(current_, std::move(seen));
    return *this;
  }

  Script& end() {
    push({0}, raw::End{});
    return *this;
  }

  /// Every line so far.
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool has(std::string_view part) const {
    return text_.find(part) != std::string::npos;
  }
  [[nodiscard]] const Analysis& analysis() const { return analysis_; }
  /// The facts of the first milestone with that id, as `key=value key=value`.
  [[nodiscard]] std::string milestone(std::string_view id) const {
    for (const Milestone& milestone : analysis_.milestones()) {
      if (milestone.id == id) {
        std::string out;
        for (const auto& [key, value] : milestone.facts) {
          out += (out.empty() ? "" : " ") + key + "=" + value;
        }
        return out;
      }
    }
    return "no such milestone";
  }

 private:
  static sinks::TextOptions text_options() {
    sinks::TextOptions options;
    options.width = 0;
    options.stable = true;
    return options;
  }
  sinks::TextSink::Write writer() {
    return [this](std::string_view lines) { text_ += lines; };
  }

  base::Addr store(std::string_view bytes, raw::Snapshot& memory) {
    const base::Addr addr{next_};
    next_ += bytes.size() + 64;
    std::string whole(bytes);
    whole.push_back('\0');
    memory.pieces.push_back({addr, base::to_bytes(whole), std::nullopt});
    return addr;
  }

  static std::string word(std::uint64_t value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
  }

  raw::Syscall make(std::string_view name, std::initializer_list<ScriptArg> args) {
    raw::Syscall syscall;
    syscall.call.nr = static_cast<std::uint64_t>(
        decoders::number_in(*decoders::find_syscalls(name).front(), raw::Abi::X86_64));
    std::size_t index = 0;
    for (const ScriptArg& arg : args) {
      std::uint64_t& slot = syscall.call.args[index++];
      if (const auto* number = std::get_if<std::uint64_t>(&arg)) {
        slot = *number;
      } else if (const auto* text = std::get_if<std::string_view>(&arg)) {
        slot = store(*text, syscall.in).value;
      } else {
        std::string pointers;
        for (const std::string& item : std::get<std::vector<std::string>>(arg)) {
          pointers += word(store(item, syscall.in).value);
        }
        slot = store(pointers + word(0), syscall.in).value;
      }
    }
    syscall.fds = fds_;
    return syscall;
  }

  template <typename Body>
  void push(base::TaskId task, Body body) {
    analysis_.on_event(
        {seq_, {static_cast<std::int64_t>(seq_.value) * 1000000}, task, std::move(body)});
    ++seq_.value;
  }

  Analysis analysis_;
  sinks::TextSink sink_;
  std::string text_;
  base::Seq seq_;
  base::TaskId current_{1};
  std::vector<raw::FdTarget> fds_;
  std::uint64_t next_ = 0x10000;
};

}  // namespace boxtrace::timeline
