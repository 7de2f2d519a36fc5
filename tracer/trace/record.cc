#include "tracer/trace/record.h"

#include <array>
#include <cstdint>
#include <utility>

#include "tracer/trace/json_fields.h"
#include "tracer/trace/names.h"
#include "tracer/trace/schema.h"
#include "tracer/trace/stack_json.h"
#include "tracer/trace/state_json.h"

namespace boxtrace::trace {
namespace {

using Body = decltype(raw::Event::body);

base::Result<Body> parse_header(JsonFields& fields) {
  raw::Header header;
  JsonFields tool(fields.any("tool"), "tool.");
  header.tool_version = tool.text("version");
  fields.adopt(tool);
  header.wall_time = fields.text("wall");
  JsonFields host(fields.any("host"), "host.");
  header.kernel = host.text("kernel");
  header.arch = host.text("arch");
  header.cgroup = host.text("cgroup");
  header.host_caps = host.hex("caps");
  TRY(header.host, parse_namespaces(host.any("ns")));
  fields.adopt(host);
  header.command = fields.texts("cmd");
  header.string_limit = fields.integer<std::uint64_t>("string_limit");
  header.env_values = fields.boolean("env_values");
  header.every_call = !fields.has("every_call") || fields.boolean("every_call");
  return fields.finish(Body(std::move(header)));
}

raw::CallNumber parse_call_number(JsonFields& fields) {
  const auto abi = raw::parse_abi(fields.text("abi"));
  if (!abi) {
    fields.fail("abi", "is none of the known words");
  }
  return {abi.value_or(raw::Abi::Unknown), fields.integer<std::uint64_t>("nr")};
}

base::Result<Body> parse_start(JsonFields& fields) {
  raw::TaskStarted started;
  started.cause = fields.name_in("cause", kStartCauses);
  started.tid = {fields.integer<std::int32_t>("tid")};
  started.pid = {fields.integer<std::int32_t>("pid")};
  started.leader = {fields.integer<std::uint32_t>("leader")};
  if (fields.has("creator")) {
    started.creator = base::TaskId{fields.integer<std::uint32_t>("creator")};
  }
  if (fields.has("by")) {
    JsonFields by(fields.any("by"), "by.");
    started.by = parse_call_number(by);
    fields.adopt(by);
  }
  started.flags = fields.hex("flags");
  started.exit_signal = fields.integer<std::uint32_t>("exit_signal");
  if (fields.has("stack")) {
    TRY(started.stack, parse_stack(fields.any("stack")));
  }
  return Body(std::move(started));
}

Body parse_exec(JsonFields& fields) {
  raw::TaskExeced execed;
  execed.former_tid = {fields.integer<std::int32_t>("former_tid")};
  execed.exe = fields.text("exe");
  return execed;
}

Body parse_exit(JsonFields& fields) {
  raw::TaskExited exited;
  exited.cause = fields.name_in("cause", kExitCauses);
  exited.value = fields.integer<int>("value");
  exited.core_dumped = fields.boolean("core");
  return exited;
}

base::Result<Body> parse_process(JsonFields& fields) {
  const std::string happened = fields.text("ev");
  Body body;
  if (happened == "start") {
    TRY(body, parse_start(fields));
  } else if (happened == "exec") {
    body = parse_exec(fields);
  } else if (happened == "exit") {
    body = parse_exit(fields);
  } else {
    fields.fail("ev", "is none of start, exec, exit");
  }
  return fields.finish(std::move(body));
}

raw::Outcome parse_outcome(JsonFields& fields) {
  raw::Outcome outcome;
  outcome.kind = fields.name_in("outcome", kOutcomes);
  switch (outcome.kind) {
    case raw::Outcome::Kind::Returned:
      outcome.value = fields.integer<std::int64_t>("ret");
      break;
    case raw::Outcome::Kind::Failed:
    case raw::Outcome::Kind::Restarting: {
      JsonFields error(fields.any("err"), "err.");
      outcome.value = error.integer<std::int64_t>("no");
      fields.adopt(error);
      break;
    }
    case raw::Outcome::Kind::NoReturn:
    case raw::Outcome::Kind::Unknown:
      outcome.value = fields.integer_or<std::int64_t>("ret", 0);
      break;
  }
  return outcome;
}

raw::Snapshot parse_snapshot(JsonFields& fields, const char* name) {
  raw::Snapshot snapshot;
  if (!fields.has(name)) {
    return snapshot;
  }
  for (const nlohmann::json& item : fields.array(name)) {
    JsonFields piece(item, std::string("raw.") + name + ".");
    raw::Snapshot::Piece parsed;
    parsed.addr = {piece.hex("at")};
    parsed.bytes = base::to_bytes(piece.has("b64") ? piece.base64("b64") : piece.text("text"));
    if (piece.has("fail")) {
      parsed.failure = piece.name_in("fail", kUnreadables);
    }
    fields.adopt(piece);
    snapshot.pieces.push_back(std::move(parsed));
  }
  return snapshot;
}

raw::Call parse_call(JsonFields& fields) {
  raw::Call call;
  const raw::CallNumber number = parse_call_number(fields);
  call.abi = number.abi;
  call.nr = number.nr;
  const auto& args = fields.array("args");
  if (args.size() != call.args.size()) {
    fields.fail("args", "does not have six items");
    return call;
  }
  for (std::size_t i = 0; i < args.size(); ++i) {
    call.args[i] = fields.hex_word(args[i], "args");
  }
  call.instruction_pointer = fields.hex("ip");
  call.stack_pointer = fields.hex("sp");
  return call;
}

base::Result<Body> parse_syscall(JsonFields& fields, const nlohmann::json& record,
                                 base::Nanos ended) {
  raw::Syscall syscall;
  const auto duration = static_cast<std::uint64_t>(fields.integer<std::int64_t>("dur"));
  syscall.entered = {static_cast<std::int64_t>(static_cast<std::uint64_t>(ended.value) - duration)};
  syscall.outcome = parse_outcome(fields);
  if (fields.has("child")) {
    syscall.child = base::TaskId{fields.integer<std::uint32_t>("child")};
  }
  if (fields.has("fds")) {
    TRY(syscall.fds, parse_fd_targets(record));
  }
  syscall.injected = fields.has("injected") && fields.boolean("injected");
  if (fields.has("stack")) {
    TRY(syscall.stack, parse_stack(fields.any("stack")));
  }
  if (fields.has("site")) {
    TRY(syscall.site, parse_site(fields.any("site")));
  }
  JsonFields call(fields.any("raw"), "raw.");
  syscall.call = parse_call(call);
  syscall.in = parse_snapshot(call, "in");
  syscall.out = parse_snapshot(call, "out");
  fields.adopt(call);
  return fields.finish(Body(std::move(syscall)));
}

base::Result<Body> parse_signal(JsonFields& fields) {
  raw::Signal signal;
  signal.signo = fields.integer<int>("signo");
  signal.code = fields.integer<int>("code");
  if (fields.has("sender")) {
    signal.sender = base::HostPid{fields.integer<std::int32_t>("sender")};
  }
  signal.stopped = fields.boolean("stopped");
  if (fields.has("siginfo")) {
    signal.siginfo = base::to_bytes(fields.base64("siginfo"));
  }
  return fields.finish(Body(std::move(signal)));
}

base::Result<Body> parse_state(const nlohmann::json& record) {
  TRY(Body body, parse_observation(record));
  return body;
}

base::Result<Body> parse_gap(JsonFields& fields) {
  raw::Gap gap{fields.text("reason")};
  return fields.finish(Body(std::move(gap)));
}

base::Result<Body> parse_end(JsonFields& fields) {
  raw::End end;
  end.exit_status = fields.integer<int>("exit_status");
  end.syscalls = fields.integer<std::uint64_t>("syscalls");
  end.tasks = fields.integer<std::uint64_t>("tasks");
  return fields.finish(Body(end));
}

base::Result<Record> parse_milestone(JsonFields& fields) {
  MilestoneRecord milestone;
  milestone.number = fields.integer<int>("number");
  milestone.id = fields.text("id");
  milestone.phase = fields.text("phase");
  milestone.task = {fields.integer_or<std::uint32_t>("task", 0)};
  milestone.role = fields.text("role");
  for (const auto seq : fields.integers<std::uint64_t>("evidence")) {
    milestone.evidence.push_back({seq});
  }
  milestone.title = fields.text("title");
  for (const nlohmann::json& item : fields.array("facts")) {
    JsonFields fact(item, "facts.");
    std::string name = fact.text("name");
    milestone.facts.emplace_back(std::move(name), fact.text("value"));
    fields.adopt(fact);
  }
  return fields.finish(Record(std::move(milestone)));
}

base::Result<Body> parse_body(const std::string& type, JsonFields& fields,
                              const nlohmann::json& record, base::Nanos time) {
  if (type == "syscall") {
    return parse_syscall(fields, record, time);
  }
  if (type == "state") {
    return parse_state(record);
  }
  if (type == "process") {
    return parse_process(fields);
  }
  if (type == "signal") {
    return parse_signal(fields);
  }
  if (type == "header") {
    return parse_header(fields);
  }
  return type == "gap" ? parse_gap(fields) : parse_end(fields);
}

bool is_event_type(std::string_view type) {
  constexpr std::array<std::string_view, 7> kTypes = {"header", "process", "syscall", "signal",
                                                      "state",  "gap",     "end"};
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

}  // namespace

base::Result<Record> parse_record(std::string_view line) {
  const nlohmann::json record =
      nlohmann::json::parse(line, /*cb=*/nullptr, /*allow_exceptions=*/false);
  if (record.is_discarded()) {
    return base::Error{0, "not a line of JSON", {}};
  }
  JsonFields fields(record);
  const std::string type = fields.text("type");
  if (!fields.ok()) {
    return *fields.error();
  }
  if (type == "milestone") {
    return parse_milestone(fields);
  }
  if (!is_event_type(type)) {
    return Record(UnknownRecord{type});
  }
  if (type == "header") {
    if (std::string schema = fields.text("schema"); fields.ok() && schema != kSchemaName) {
      return Record(ForeignHeader{std::move(schema)});
    }
  }
  raw::Event event;
  event.seq = {fields.integer<std::uint64_t>("seq")};
  event.time = {fields.integer<std::int64_t>("ts")};
  event.task = {fields.integer_or<std::uint32_t>("task", 0)};
  TRY(event.body, parse_body(type, fields, record, event.time));
  if (!fields.ok()) {
    return *fields.error();
  }
  return Record(std::move(event));
}

}  // namespace boxtrace::trace
