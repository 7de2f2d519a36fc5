#include "tracer/trace/writer.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "tracer/base/error_text.h"
#include "tracer/base/text.h"
#include "tracer/trace/json_text.h"
#include "tracer/trace/names.h"
#include "tracer/trace/schema.h"
#include "tracer/trace/stack_json.h"
#include "tracer/trace/state_json.h"
#include "tracer/trace/value_json.h"

namespace boxtrace::trace {
namespace {

/// Memory that reads as text is stored as text: strings and their terminator, control files.
bool reads_as_text(std::string_view bytes) {
  std::size_t controls = 0;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 && c != '\n' && c != '\t') {
      ++controls;
    }
  }
  return controls <= 1 && base::is_utf8(bytes);
}

void write_snapshot(JsonText& json, std::string_view name, const raw::Snapshot& snapshot) {
  if (snapshot.pieces.empty()) {
    return;
  }
  json.key(name);
  json.begin_array();
  for (const raw::Snapshot::Piece& piece : snapshot.pieces) {
    const std::string_view bytes = base::as_chars(piece.bytes);
    json.begin_object();
    json.hex("at", piece.addr.value);
    if (reads_as_text(bytes)) {
      json.text("text", bytes);
    } else {
      json.text("b64", base::to_base64(bytes));
    }
    if (piece.failure) {
      json.text("fail", name_of(kUnreadables, *piece.failure));
    }
    json.end_object();
  }
  json.end_array();
}

/// The names of ERESTARTSYS and kin, which no program ever sees. Source: include/linux/errno.h.
std::string_view restart_name(std::int64_t code) {
  switch (code) {
    case 512:
      return "ERESTARTSYS";
    case 513:
      return "ERESTARTNOINTR";
    case 514:
      return "ERESTARTNOHAND";
    case 516:
      return "ERESTART_RESTARTBLOCK";
    default:
      return {};
  }
}

void write_outcome(JsonText& json, const raw::Outcome& outcome) {
  json.text("outcome", name_of(kOutcomes, outcome.kind));
  switch (outcome.kind) {
    case raw::Outcome::Kind::Returned:
      json.integer("ret", outcome.value);
      return;
    case raw::Outcome::Kind::Failed:
    case raw::Outcome::Kind::Restarting: {
      const bool failed = outcome.kind == raw::Outcome::Kind::Failed;
      const int small = static_cast<int>(outcome.value);
      const std::string_view name =
          failed && small == outcome.value ? base::errno_name(small) : restart_name(outcome.value);
      if (failed) {
        json.integer("ret", std::int64_t{-1});
      }
      json.key("err");
      json.begin_object();
      json.integer("no", outcome.value);
      if (!name.empty()) {
        json.text("name", name);
      }
      json.end_object();
      return;
    }
    case raw::Outcome::Kind::NoReturn:
    case raw::Outcome::Kind::Unknown:
      if (outcome.value != 0) {
        json.integer("ret", outcome.value);
      }
      return;
  }
}

void write_raw_call(JsonText& json, const raw::Syscall& syscall) {
  const raw::Call& call = syscall.call;
  json.key("raw");
  json.begin_object();
  json.text("abi", raw::abi_name(call.abi));
  json.integer("nr", call.nr);
  json.key("args");
  json.begin_array();
  for (const std::uint64_t arg : call.args) {
    json.hex(arg);
  }
  json.end_array();
  json.hex("ip", call.instruction_pointer);
  json.hex("sp", call.stack_pointer);
  write_snapshot(json, "in", syscall.in);
  write_snapshot(json, "out", syscall.out);
  json.end_object();
}

/// The type of a record and its members, but for those that all records share. One overload per
/// alternative of raw::Event.
struct BodyWriter {
  JsonText& json;
  const raw::Event& event;
  const decoders::DecodedCall* decoded;

  void operator()(const raw::Header& header) const {
    json.text("schema", kSchemaName);
    json.integer("minor", std::int64_t{kSchemaMinor});
    json.key("tool");
    json.begin_object();
    json.text("name", "boxtrace");
    json.text("version", header.tool_version);
    json.end_object();
    json.text("wall", header.wall_time);
    json.key("host");
    json.begin_object();
    json.text("kernel", header.kernel);
    json.text("arch", header.arch);
    json.text("cgroup", header.cgroup);
    json.hex("caps", header.host_caps);
    json.key("ns");
    write_namespaces(json, header.host);
    json.end_object();
    json.key("cmd");
    json.begin_array();
    for (const std::string& word : header.command) {
      json.text(word);
    }
    json.end_array();
    json.integer("string_limit", std::uint64_t{header.string_limit});
    json.boolean("env_values", header.env_values);
    if (!header.every_call) {
      json.boolean("every_call", false);
    }
  }

  void operator()(const raw::TaskStarted& started) const {
    json.text("ev", "start");
    json.text("cause", name_of(kStartCauses, started.cause));
    json.text("kind", event.task == started.leader ? "process" : "thread");
    json.integer("pid", static_cast<std::int64_t>(started.pid.value));
    json.integer("leader", std::uint64_t{started.leader.value});
    if (started.creator) {
      json.integer("creator", std::uint64_t{started.creator->value});
    }
    if (started.by) {
      json.key("by");
      json.begin_object();
      json.text("abi", raw::abi_name(started.by->abi));
      json.integer("nr", started.by->nr);
      json.end_object();
    }
    json.hex("flags", started.flags);
    json.integer("exit_signal", std::uint64_t{started.exit_signal});
    if (started.stack) {
      write_stack(json, *started.stack);
    }
  }

  void operator()(const raw::TaskExeced& execed) const {
    json.text("ev", "exec");
    json.integer("former_tid", static_cast<std::int64_t>(execed.former_tid.value));
    json.text("exe", execed.exe);
  }

  void operator()(const raw::TaskExited& exited) const {
    json.text("ev", "exit");
    json.text("cause", name_of(kExitCauses, exited.cause));
    json.integer("value", static_cast<std::int64_t>(exited.value));
    json.boolean("core", exited.core_dumped);
  }

  void operator()(const raw::Syscall& syscall) const {
    // Unsigned: a file may hold any two numbers, and their difference must come back.
    const auto duration = static_cast<std::uint64_t>(event.time.value) -
                          static_cast<std::uint64_t>(syscall.entered.value);
    json.integer("dur", static_cast<std::int64_t>(duration));
    json.text("name", decoded->name);
    json.key("args");
    write_args(json, decoded->args);
    write_outcome(json, syscall.outcome);
    if (syscall.child) {
      json.integer("child", std::uint64_t{syscall.child->value});
    }
    if (!syscall.fds.empty()) {
      write_fd_targets(json, syscall.fds);
    }
    if (syscall.injected) {
      json.boolean("injected", true);
    }
    if (syscall.stack) {
      write_stack(json, *syscall.stack);
    }
    if (syscall.site) {
      write_site(json, *syscall.site);
    }
    write_raw_call(json, syscall);
  }

  void operator()(const raw::Signal& signal) const {
    json.integer("signo", static_cast<std::int64_t>(signal.signo));
    if (const char* const name = sigabbrev_np(signal.signo); name != nullptr) {
      json.text("name", std::string("SIG") + name);
    }
    json.integer("code", static_cast<std::int64_t>(signal.code));
    if (signal.sender) {
      json.integer("sender", static_cast<std::int64_t>(signal.sender->value));
    }
    json.boolean("stopped", signal.stopped);
    if (!signal.siginfo.empty()) {
      json.text("siginfo", base::to_base64(base::as_chars(signal.siginfo)));
    }
  }

  void operator()(const raw::Observation& observation) const {
    write_observation(json, observation);
  }

  void operator()(const raw::Gap& gap) const { json.text("reason", gap.reason); }

  void operator()(const raw::End& end) const {
    json.integer("exit_status", static_cast<std::int64_t>(end.exit_status));
    json.integer("syscalls", end.syscalls);
    json.integer("tasks", end.tasks);
  }
};

/// Indexed by the alternative of raw::Event::body.
constexpr std::array<std::string_view, 9> kRecordTypes = {
    "header", "process", "process", "process", "syscall", "signal", "state", "gap", "end"};
static_assert(std::variant_size_v<decltype(raw::Event::body)> == kRecordTypes.size());

}  // namespace

void TraceWriter::learn(const raw::Event& event) {
  if (const auto* header = std::get_if<raw::Header>(&event.body)) {
    options_.string_limit = header->string_limit;
    options_.env_values = header->env_values;
  } else if (const auto* started = std::get_if<raw::TaskStarted>(&event.body)) {
    tasks_[event.task] = {started->tid, started->pid, started->leader};
  } else if (std::holds_alternative<raw::TaskExeced>(event.body)) {
    if (const auto task = tasks_.find(event.task); task != tasks_.end()) {
      task->second.tid = {task->second.pid.value};
    }
  }
}

void TraceWriter::write_task(JsonText& json, base::TaskId id) const {
  if (id.value != 0) {
    json.integer("task", std::uint64_t{id.value});
  }
  if (const auto task = tasks_.find(id); task != tasks_.end()) {
    json.text("proc", fmt::format("p{}", task->second.leader.value));
    json.integer("tid", static_cast<std::int64_t>(task->second.tid.value));
  }
}

std::string TraceWriter::render_line(const raw::Event& event,
                                     const decoders::DecodedCall* decoded) {
  learn(event);
  std::optional<decoders::DecodedCall> own;
  if (const auto* syscall = std::get_if<raw::Syscall>(&event.body);
      syscall != nullptr && decoded == nullptr) {
    own = decoders::decode(*syscall, options_);
    decoded = &*own;
  }
  JsonText json;
  json.begin_object();
  json.text("type", kRecordTypes[event.body.index()]);
  json.integer("seq", event.seq.value);
  json.integer("ts", event.time.value);
  write_task(json, event.task);
  std::visit(BodyWriter{json, event, decoded}, event.body);
  json.end_object();
  if (std::holds_alternative<raw::TaskExited>(event.body)) {
    tasks_.erase(event.task);
  }
  return json.take() + "\n";
}

std::string TraceWriter::render_line(const MilestoneRecord& milestone) const {
  JsonText json;
  json.begin_object();
  json.text("type", "milestone");
  json.integer("number", static_cast<std::int64_t>(milestone.number));
  json.text("id", milestone.id);
  json.text("phase", milestone.phase);
  write_task(json, milestone.task);
  json.text("role", milestone.role);
  json.key("evidence");
  json.begin_array();
  for (const base::Seq seq : milestone.evidence) {
    json.integer(seq.value);
  }
  json.end_array();
  json.text("title", milestone.title);
  json.key("facts");
  json.begin_array();
  for (const auto& [name, value] : milestone.facts) {
    json.begin_object();
    json.text("name", name);
    json.text("value", value);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return json.take() + "\n";
}

}  // namespace boxtrace::trace
