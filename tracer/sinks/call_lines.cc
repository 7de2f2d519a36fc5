#include "tracer/sinks/call_lines.h"

#include "decoders/render.h"
#include "decoders/tables/signals.h"
#include "tracer/base/text.h"
#include "tracer/model/filter_answer.h"
#include "tracer/sinks/layout.h"
#include "tracer/sinks/seccomp_stop.h"
#include "tracer/timeline/privilege_text.h"
#include "tracer/timeline/rule.h"

namespace boxtrace::sinks {
namespace {

using timeline::Piece;
using timeline::Step;

std::string signal_text(int signo) {
  const decoders::Constant* known = decoders::kSignals.find(static_cast<std::uint64_t>(signo));
  return known != nullptr ? std::string(known->name) : "signal " + std::to_string(signo);
}

std::string exit_text(const raw::TaskExited& exited) {
  switch (exited.cause) {
    case raw::TaskExited::Cause::Code:
      return "+++ exited with " + std::to_string(exited.value) + " +++";
    case raw::TaskExited::Cause::Signal:
      return "+++ killed by " + signal_text(exited.value) +
             (exited.core_dumped ? " (core dumped)" : "") + " +++";
    case raw::TaskExited::Cause::Superseded:
      return "+++ superseded by execve in another thread +++";
    case raw::TaskExited::Cause::Detached:
      return "+++ detached +++";
  }
  return {};
}

std::string birth_cause(raw::TaskStarted::Cause cause) {
  switch (cause) {
    case raw::TaskStarted::Cause::Launched:
      return "launched";
    case raw::TaskStarted::Cause::Attached:
      return "attached";
    case raw::TaskStarted::Cause::Forked:
      return "born";
    case raw::TaskStarted::Cause::Found:
      break;
  }
  return "found";
}

}  // namespace

std::string CallLines::pid_text(const Step& step, base::TaskId task) const {
  if (options_.stable) {
    return "T" + std::to_string(task.value);
  }
  const model::Task* found = step.model.task(task);
  return found == nullptr ? "?" : std::to_string(found->tid.value);
}

std::string CallLines::lane(const Step& step) const {
  const model::Task* task = step.model.task(step.event.task);
  const model::Task* process = step.model.process_of(step.event.task);
  if (task == nullptr) {
    return {};
  }
  std::string out = pid_text(step, step.event.task);
  if (task->ns_pids.size() > 1) {
    out += " (" + std::to_string(task->ns_pids.back().value) + ")";
  }
  out += " " + base::printable(process->role.name) + (task->thread ? "/thread" : "");
  return out;
}

std::string CallLines::call_body(const Step& step) const {
  std::string out = decoders::render_call(*step.call) + " " +
                    decoders::render_outcome(*step.call, step.syscall->outcome) +
                    render_seccomp_stop(step) + (step.syscall->injected ? " (INJECTED)" : "");
  std::string notes;
  const auto note = [&](const std::string& text) { notes += (notes.empty() ? "" : ", ") + text; };
  const model::Task* task = step.model.task(step.event.task);
  if (const auto refusal =
          task == nullptr ? std::nullopt : model::find_refusal(*task, *step.syscall)) {
    note("refused by seccomp filter " + std::to_string(refusal->filter + 1));
  }
  for (const model::Fact& fact : step.facts) {
    if (const auto* withheld = std::get_if<model::PrivilegeWithheld>(&fact)) {
      note("without " + timeline::render_privilege(*withheld) +
           ", which the file grants: " + std::string(timeline::render_reason(withheld->why)));
    }
  }
  for (const raw::FdTarget& fd : step.syscall->fds) {
    note(std::to_string(fd.fd.value) + "=" + base::printable(fd.target));
  }
  for (const timeline::ResolvedPath& resolved : step.paths) {
    std::string text = std::string(resolved.arg) + "=" + base::printable(resolved.path.best());
    if (!resolved.path.inside.empty() && resolved.path.outside != resolved.path.inside) {
      text += " (outside " + base::printable(resolved.path.outside) + ")";
    }
    note(text);
  }
  if (!notes.empty()) {
    out += "  {" + notes + "}";
  }
  return out;
}

std::string CallLines::observation_body(const Step& step) const {
  const auto& seen = std::get<raw::Observation>(step.event.body);
  std::string out = "/proc:";
  for (const model::Fact& fact : step.facts) {
    if (const auto* confirmed = std::get_if<model::NamespacesConfirmed>(&fact)) {
      for (const model::NsRef ref : confirmed->learned) {
        const model::Namespace* ns = step.model.namespaces().find(ref);
        out += " " + ns->alias;
        out += options_.stable ? "" : "=" + std::to_string(ns->inode.value);
      }
    } else if (const auto* mismatch = std::get_if<model::ModelDisagrees>(&fact)) {
      out += " the model disagrees: " + mismatch->subject + " expected " + mismatch->predicted +
             ", found " + (options_.stable ? "?" : mismatch->observed) + ";";
    }
  }
  if (options_.zoom == TextOptions::Zoom::Calls) {
    const auto part = [&](bool present, std::string_view name) {
      out += present ? " " + std::string(name) : std::string{};
    };
    part(seen.ns.has_value(), "ns");
    part(seen.status.has_value(), "status");
    part(seen.uid_map.has_value(), "uid_map");
    part(seen.cgroup.has_value(), "cgroup");
    part(seen.root.has_value(), "root");
    part(seen.fds.has_value(), "fd");
    part(seen.mounts.has_value(), "mountinfo");
    part(seen.limits.has_value(), "limits");
  }
  return out;
}

std::string CallLines::body(const Step& step) const {
  if (step.call != nullptr) {
    return call_body(step);
  }
  if (const auto* started = std::get_if<raw::TaskStarted>(&step.event.body)) {
    std::string out = "+++ " + birth_cause(started->cause);
    if (started->creator) {
      out += " of " + pid_text(step, *started->creator);
    }
    return out + " +++";
  }
  if (const auto* execed = std::get_if<raw::TaskExeced>(&step.event.body)) {
    return "+++ now runs " + base::printable(execed->exe) + " +++";
  }
  if (const auto* exited = std::get_if<raw::TaskExited>(&step.event.body)) {
    return exit_text(*exited);
  }
  if (const auto* signal = std::get_if<raw::Signal>(&step.event.body)) {
    return std::string("--- ") + (signal->stopped ? "stopped by " : "") +
           signal_text(signal->signo) + " ---";
  }
  if (std::holds_alternative<raw::Observation>(step.event.body)) {
    return observation_body(step);
  }
  if (const auto* gap = std::get_if<raw::Gap>(&step.event.body)) {
    return "!!! not seen: " + base::printable(gap->reason);
  }
  return {};
}

bool CallLines::is_chosen(const Step& step) const {
  if (!options_.chosen) {
    return true;
  }
  if (step.syscall != nullptr) {
    return options_.chosen->admits(*step.syscall, *step.call);
  }
  const auto* signal = std::get_if<raw::Signal>(&step.event.body);
  return signal != nullptr ? options_.chosen->admits(*signal)
                           : !std::holds_alternative<raw::Observation>(step.event.body);
}

std::string CallLines::render(const Step& step) const {
  const bool all = options_.zoom == TextOptions::Zoom::Calls;
  if ((!all && !step.relevant) || !is_chosen(step)) {
    return {};
  }
  std::string text = body(step);
  if (text.empty()) {
    return {};
  }
  if (!step.strip_before.empty() && step.strip_before != step.strip_after) {
    text += "  [" + step.strip_before + "] \u2192 [" + step.strip_after + "]";
  }
  constexpr std::size_t kTimeColumns = 12;
  constexpr std::size_t kLaneColumns = 30;
  std::string line;
  if (!options_.stable) {
    line = paint(render_time(timeline::begin_of(step).value, kTimeColumns), Piece::Kind::Faint,
                 options_) +
           " ";
  }
  std::string who = lane(step);
  const std::size_t width = base::display_width(who);
  who = paint(who, Piece::Kind::Pid, options_);
  who.append(width < kLaneColumns ? kLaneColumns - width : 0, ' ');
  line += who + " " + text;
  return (options_.ascii ? to_ascii(line) : line) + "\n";
}

}  // namespace boxtrace::sinks
