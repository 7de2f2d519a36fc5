#include "tests/support/trace_program.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <set>
#include <variant>

#include "decoders/registry.h"

namespace boxtrace::test {
namespace {

std::string render_outcome(const raw::Outcome& outcome) {
  switch (outcome.kind) {
    case raw::Outcome::Kind::Returned:
      return fmt::format("{}", outcome.value);
    case raw::Outcome::Kind::Failed:
      return fmt::format("-errno {}", outcome.value);
    case raw::Outcome::Kind::Restarting:
      return fmt::format("restart {}", outcome.value);
    case raw::Outcome::Kind::NoReturn:
      return "no return";
    case raw::Outcome::Kind::Unknown:
      break;
  }
  return "unknown";
}

struct RenderBody {
  std::string operator()(const raw::Header& header) const {
    return fmt::format("header {} {}", header.kernel, fmt::join(header.command, " "));
  }
  std::string operator()(const raw::TaskStarted& started) const {
    return fmt::format("started tid {} pid {} cause {} creator {} flags {:#x} signal {}",
                       started.tid.value, started.pid.value, static_cast<int>(started.cause),
                       started.creator ? started.creator->value : 0, started.flags,
                       started.exit_signal);
  }
  std::string operator()(const raw::TaskExeced& execed) const {
    return fmt::format("execed {} formerly {}", execed.exe, execed.former_tid.value);
  }
  std::string operator()(const raw::TaskExited& exited) const {
    return fmt::format("exited cause {} value {}", static_cast<int>(exited.cause), exited.value);
  }
  std::string operator()(const raw::Syscall& syscall) const {
    return fmt::format("{}({:#x}, {:#x}, {:#x}) = {}{}", name_of(syscall), syscall.call.args[0],
                       syscall.call.args[1], syscall.call.args[2], render_outcome(syscall.outcome),
                       syscall.child ? fmt::format(" child {}", syscall.child->value) : "");
  }
  std::string operator()(const raw::Signal& signal) const {
    return fmt::format("signal {} code {} sender {}{}", signal.signo, signal.code,
                       signal.sender ? signal.sender->value : 0, signal.stopped ? " stopped" : "");
  }
  std::string operator()(const raw::Observation& seen) const {
    return fmt::format("observation at {}{}{}", static_cast<int>(seen.at), seen.ns ? " ns" : "",
                       seen.status ? " status " + seen.status->comm : "");
  }
  std::string operator()(const raw::Gap& gap) const { return "gap: " + gap.reason; }
  std::string operator()(const raw::End& end) const {
    return fmt::format("end {}, {} calls, {} tasks", end.exit_status, end.syscalls, end.tasks);
  }
};

}  // namespace

Trace trace_program(std::vector<std::string> command) {
  ptrace::LaunchOptions options;
  options.command = std::move(command);
  return trace_program(options);
}

Trace trace_program(const ptrace::LaunchOptions& options) {
  EventLog log;
  Trace trace;
  trace.end = ptrace::trace_launch(options, log);
  trace.events = std::move(log.events);
  return trace;
}

std::string_view name_of(const raw::Syscall& syscall) {
  const auto* spec = decoders::find_syscall(syscall.call.abi, syscall.call.nr);
  return spec != nullptr ? spec->name : "unknown";
}

std::vector<Placed<raw::Syscall>> calls_of(const Trace& trace, std::string_view name) {
  std::vector<Placed<raw::Syscall>> found;
  for (const auto& placed : all_of<raw::Syscall>(trace)) {
    if (name_of(*placed.body) == name) {
      found.push_back(placed);
    }
  }
  return found;
}

std::string render_events(const Trace& trace) {
  std::string text;
  for (const raw::Event& event : trace.events) {
    text += fmt::format("{:5} {:10} T{:<3} {}\n", event.seq.value, event.time.value,
                        event.task.value, std::visit(RenderBody{}, event.body));
  }
  return text;
}

std::string broken_rule(const Trace& trace) {
  if (trace.events.empty() || !std::holds_alternative<raw::Header>(trace.events.front().body) ||
      !std::holds_alternative<raw::End>(trace.events.back().body)) {
    return "no header first or no end last";
  }
  std::map<base::TaskId, bool> lives;
  base::Nanos before{0};
  std::uint64_t expected = 0;
  for (const raw::Event& event : trace.events) {
    const std::string here = fmt::format("event {}: ", event.seq.value);
    if (event.seq.value != expected++) {
      return here + "a gap in the numbers";
    }
    if (event.time < before) {
      return here + "time runs backwards";
    }
    before = event.time;
    if (std::holds_alternative<raw::TaskStarted>(event.body)) {
      if (!lives.emplace(event.task, true).second) {
        return here + "a task is born twice";
      }
      continue;
    }
    if (event.task.value == 0) {
      continue;
    }
    const auto life = lives.find(event.task);
    if (life == lives.end() || !life->second) {
      return here + "something of a task that does not live";
    }
    if (std::holds_alternative<raw::TaskExited>(event.body)) {
      life->second = false;
    }
  }
  for (const auto& [task, is_alive] : lives) {
    if (is_alive) {
      return fmt::format("task {} never ends", task.value);
    }
  }
  return "";
}

}  // namespace boxtrace::test
