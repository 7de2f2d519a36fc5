#include "tracer/sinks/strace_sink.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <utility>

#include "decoders/tables/signals.h"
#include "tracer/base/text.h"
#include "tracer/sinks/seccomp_stop.h"
#include "tracer/sinks/strace_structs.h"

namespace boxtrace::sinks {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::string_view kRestart = "restart_syscall";

/// RFC 3339 in UTC, as headers have it, as nanoseconds since 1970; 0 if it is none.
std::int64_t parse_wall_time(std::string_view text) {
  // 2026-11-22T07:09:52.245Z
  const auto part = [text](std::size_t at, std::size_t length) {
    return at + length > text.size() ? std::nullopt : base::parse_u64(text.substr(at, length));
  };
  const auto year = part(0, 4), month = part(5, 2), day = part(8, 2), hour = part(11, 2),
             minute = part(14, 2), second = part(17, 2);
  if (!year || !month || !day || !hour || !minute || !second) {
    return 0;
  }
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*year)},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  const auto of_day = static_cast<std::int64_t>((*hour * 60 + *minute) * 60 + *second);
  std::int64_t nanoseconds = 0;
  std::int64_t weight = kNanosPerSecond / 10;
  for (std::size_t i = 20; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
    nanoseconds += (text[i] - '0') * weight;
    weight /= 10;
  }
  return (days * 86400 + of_day) * kNanosPerSecond + nanoseconds;
}

/// `12.345` with as many digits as asked for, cut, not rounded.
std::string decimal(std::int64_t nanoseconds, unsigned digits, unsigned width) {
  std::int64_t unit = kNanosPerSecond;
  for (unsigned i = 0; i < digits; ++i) {
    unit /= 10;
  }
  const std::int64_t seconds = nanoseconds / kNanosPerSecond;
  const std::int64_t fraction = nanoseconds % kNanosPerSecond / unit;
  return digits == 0 ? fmt::format("{:{}}", seconds, width)
                     : fmt::format("{:{}}.{:0{}}", seconds, width, fraction, digits);
}

std::string signal_name(int signo) {
  const decoders::Constant* known = decoders::kSignals.find(static_cast<std::uint64_t>(signo));
  return known != nullptr ? std::string(known->name) : fmt::format("SIG_{}", signo);
}

std::string_view abi_words(raw::Abi abi) {
  switch (abi) {
    case raw::Abi::I386:
      return "32 bit";
    case raw::Abi::X32:
      return "x32";
    default:
      return "64 bit";
  }
}

}  // namespace

StraceSink::StraceSink(const StraceOptions& options, StraceFilter filter, StraceSummary summary,
                       Write write, Say say)
    : options_(options),
      filter_(std::move(filter)),
      values_(options_),
      calls_(values_),
      summary_(std::move(summary)),
      write_(std::move(write)),
      say_(std::move(say)) {}

// ----- lines -----

StraceSink::Writer* StraceSink::writer_of(base::TaskId task, const model::Model& model) {
  const auto found = writers_.find(task);
  if (found == writers_.end()) {
    return nullptr;
  }
  if (const model::Task* known = model.task(task)) {
    found->second.tid = known->tid;  // an execve may have changed both
    found->second.comm = base::printable(known->comm);
  }
  return &found->second;
}

void StraceSink::put(Writer& writer, std::string_view text) {
  if (held_for_.value != writer.tid.value) {
    flush();
    held_for_ = writer.tid;
  }
  writer.column += text.size();
  held_ += text;
}

void StraceSink::end_line(Writer& writer) {
  put(writer, "\n");
  writer.column = 0;
  writer.begun = false;
}

/// As strace -k: module(function+offset) [address in the module], the innermost first.
void StraceSink::put_stack(Writer& writer, const raw::Stack& stack) {
  for (const raw::Frame& frame : stack.frames) {
    const std::string function =
        frame.function.empty()
            ? std::string{}
            : fmt::format("{}+{:#x}", base::printable(frame.function), frame.function_offset);
    put(writer,
        fmt::format(" > {}({}) [{:#x}]", base::printable(frame.module), function, frame.offset));
    end_line(writer);
  }
}

void StraceSink::flush() {
  if (!held_.empty() && options_.summary != StraceOptions::Summary::Only) {
    write_(held_for_, held_);
  }
  held_.clear();
}

void StraceSink::say(std::string_view sentence) {
  flush();
  say_(sentence);
}

void StraceSink::annotate_pids(const model::Model& model, base::TaskId viewer) {
  if (!options_.pid_comm && !options_.pid_namespaces) {
    return;
  }
  values_.annotate_pids([this, &model, viewer](std::int32_t pid) {
    const std::optional<base::TaskId> found = model.find_pid(viewer, pid);
    const model::Task* task = found ? model.task(*found) : nullptr;
    if (task == nullptr) {
      return std::string{};
    }
    std::string note = options_.pid_comm ? fmt::format("<{}>", base::printable(task->comm)) : "";
    if (options_.pid_namespaces && task->tid.value != pid) {
      note += fmt::format(" /* {} in strace's PID NS */", task->tid.value);
    }
    return note;
  });
}

std::string StraceSink::times(base::Nanos time) {
  std::string text;
  const std::int64_t wall = wall_origin_ + time.value;
  if (options_.clock == StraceOptions::Clock::Unix) {
    text = decimal(wall, options_.clock_precision, 0) + " ";
  } else if (options_.clock == StraceOptions::Clock::TimeOfDay) {
    const std::int64_t seconds = wall / kNanosPerSecond;
    const Calendar when = make_calendar(seconds + options_.utc_offset(seconds));
    text = fmt::format("{:02}:{:02}:{:02}", when.hour, when.minute, when.second);
    if (options_.clock_precision != 0) {
      text += decimal(wall % kNanosPerSecond, options_.clock_precision, 0).substr(1);
    }
    text += " ";
  }
  if (options_.relative) {
    const std::int64_t passed = time.value - last_time_.value_or(time).value;
    last_time_ = time;
    const std::string relative = decimal(passed, *options_.relative, 6);
    text += text.empty() ? relative + " " : "(+" + relative + ") ";
  }
  return text;
}

void StraceSink::begin_line(Writer& writer, base::TaskId task, base::Nanos time,
                            const raw::Syscall* call) {
  const std::optional<base::TaskId> before = options_.separate ? std::optional{task} : printing_;
  if (const auto other = before ? writers_.find(*before) : writers_.end();
      other != writers_.end() && other->second.begun) {
    put(other->second, " <unfinished ...>");
    end_line(other->second);
  }
  printing_ = task;
  std::string lead;
  const std::string comm = options_.pid_comm ? fmt::format("<{}>", writer.comm) : "";
  if (options_.tells_pids && !options_.separate) {
    lead = !options_.to_file   ? writers_.size() > 1
                                     ? fmt::format("[pid {:>5}{}] ", writer.tid.value, comm)
                                     : std::string{}
             : options_.pid_comm ? fmt::format("{}{} ", writer.tid.value, comm)
                               : fmt::format("{:<5} ", writer.tid.value);
  }
  lead += times(time);
  if (options_.call_number) {
    lead += call == nullptr ? "[    ] " : fmt::format("[{:>4}] ", call->call.nr);
  }
  if (options_.instruction_pointer) {
    lead += call == nullptr ? "[????????????????] "
                            : fmt::format("[{:016x}] ", call->call.instruction_pointer);
  }
  writer.begun = true;
  put(writer, lead);
}

// ----- calls -----

void StraceSink::announce_abi(Writer& writer, raw::Abi abi) {
  if (writer.abi != abi && abi != raw::Abi::Unknown) {
    writer.abi = abi;
    if (!options_.quiet_personality) {
      say(fmt::format("[ Process PID={} runs in {} mode. ]", writer.tid.value, abi_words(abi)));
    }
  }
}

/// The kernel goes on with a sleep that a signal interrupted, and knows itself for how long.
std::vector<std::string> StraceSink::resumed_pieces(const Writer& writer) {
  return {fmt::format("<... resuming interrupted {} ...>",
                      writer.last_call.empty() ? "system call" : writer.last_call)};
}

void StraceSink::choose_look(const raw::Call& call) {
  options_.unabbreviated = !filter_.abbreviated.has(call.abi, call.nr);
  options_.dereferenced = filter_.dereferenced.has(call.abi, call.nr);
  options_.raw = filter_.raw.has(call.abi, call.nr);
}

void StraceSink::begin_call(Writer& writer, base::TaskId task, const raw::Syscall& call,
                            const decoders::DecodedCall& decoded) {
  begin_line(writer, task, call.entered, &call);
  put(writer, decoded.name + "(");
}

void StraceSink::on_entry(const timeline::Entry& entry) {
  const base::TaskId task = entry.event.task;
  Writer* const writer = writer_of(task, entry.model);
  if (writer == nullptr) {
    return;
  }
  announce_abi(*writer, entry.syscall.call.abi);
  annotate_pids(entry.model, task);
  choose_look(entry.syscall.call);
  if (entry.call.name.substr(0, 6) == "execve") {
    execing_ = writer->tid;
  }
  if (filter_.needs_end() || !filter_.admits_entry(entry.syscall, entry.call)) {
    return;
  }
  begin_call(*writer, task, entry.syscall, entry.call);
  const std::vector<std::string> pieces = entry.call.name == kRestart
                                              ? resumed_pieces(*writer)
                                              : calls_.entry_pieces(entry.syscall, entry.call);
  for (const std::string& piece : pieces) {
    put(*writer, piece);
  }
  writer->open = pieces.size();
  flush();
}

void StraceSink::ended(const timeline::Step& step) {
  const base::TaskId task = step.event.task;
  Writer* const writer = writer_of(task, step.model);
  if (writer == nullptr) {
    return;
  }
  const std::optional<std::size_t> open = std::exchange(writer->open, std::nullopt);
  if (!open && !filter_.admits(*step.syscall, *step.call)) {
    return;
  }
  const raw::Outcome::Kind outcome = step.syscall->outcome.kind;
  const base::Nanos duration{step.event.time.value - step.syscall->entered.value};
  const bool never = outcome == raw::Outcome::Kind::NoReturn;
  const bool counted = options_.summary != StraceOptions::Summary::None;
  if (counted && !never && outcome != raw::Outcome::Kind::Unknown) {
    summary_.add(step.call->name, outcome == raw::Outcome::Kind::Failed, duration);
  }
  announce_abi(*writer, step.syscall->call.abi);
  annotate_pids(step.model, task);
  choose_look(step.syscall->call);
  if (!open) {
    begin_call(*writer, task, *step.syscall, *step.call);
  } else if (!writer->begun) {
    begin_line(*writer, task, step.event.time, step.syscall);
    put(*writer, fmt::format("<... {} resumed>", step.call->name));
  }
  if (step.call->name == kRestart && !open) {
    put(*writer, resumed_pieces(*writer).front());
  }
  if (step.call->name != kRestart) {
    writer->last_call = step.call->name;
  }
  if (outcome == raw::Outcome::Kind::Unknown) {
    put(*writer, " <detached ...>");
    end_line(*writer);
    return;
  }
  const std::vector<std::string> pieces = never ? calls_.entry_pieces(*step.syscall, *step.call)
                                                : calls_.pieces(*step.syscall, *step.call);
  for (std::size_t i = open.value_or(0); i < pieces.size(); ++i) {
    put(*writer, pieces[i]);
  }
  if (never && pieces.size() < calls_.pieces(*step.syscall, *step.call).size()) {
    put(*writer, " <unfinished ...>");
  }
  put(*writer, ") ");
  if (writer->column < options_.column) {
    put(*writer, std::string(options_.column - writer->column, ' '));
  }
  put(*writer, calls_.result(*step.syscall, *step.call) + render_seccomp_stop(step));
  if (step.syscall->injected) {
    put(*writer, " (INJECTED)");
  }
  if (options_.duration && !never) {
    put(*writer, fmt::format(" <{}>", decimal(duration.value, *options_.duration, 0)));
  }
  end_line(*writer);
  put(*writer, render_strace_dump(*step.syscall, *step.call, filter_.read, filter_.write));
  writer->column = 0;
  if (options_.stacks && step.syscall->stack) {
    put_stack(*writer, *step.syscall->stack);
  }
}

// ----- other events -----

void StraceSink::started(const timeline::Step& step, const raw::TaskStarted& started) {
  if (!command_) {
    command_ = step.event.task;
  } else if (!options_.follow && started.cause != raw::TaskStarted::Cause::Attached) {
    return;
  } else if (!options_.quiet_attach) {
    say(fmt::format("Process {} attached", started.tid.value));
  }
  writers_[step.event.task].tid = started.tid;
}

void StraceSink::exited(const timeline::Step& step, const raw::TaskExited& exited) {
  Writer* const writer = writer_of(step.event.task, step.model);
  if (writer == nullptr) {
    return;
  }
  std::string text;
  switch (exited.cause) {
    case raw::TaskExited::Cause::Code:
      text = options_.quiet_exit ? "" : fmt::format("+++ exited with {} +++", exited.value);
      break;
    case raw::TaskExited::Cause::Signal:
      // Deaths are not exits: -qq does not keep them quiet.
      text = fmt::format("+++ killed by {}{} +++", signal_name(exited.value),
                         exited.core_dumped ? " (core dumped)" : "");
      break;
    case raw::TaskExited::Cause::Superseded: {
      const model::Task* gone = step.model.task(step.event.task);
      const bool leader = gone != nullptr && gone->leader == gone->id;
      if (!leader) {
        text = options_.quiet_exit ? "" : "+++ exited with 0 +++";
      }
      for (auto& [task, other] : writers_) {
        if (leader && execing_ && other.tid.value == execing_->value && other.begun) {
          put(other, fmt::format(" <pid changed to {} ...>", writer->tid.value));
          end_line(other);
        }
      }
      if (leader && !options_.quiet_superseded) {
        text = execing_ ? fmt::format("+++ superseded by execve in pid {} +++", execing_->value)
                        : "+++ superseded by execve in another thread +++";
      }
      break;
    }
    case raw::TaskExited::Cause::Detached:
      if (!options_.quiet_attach) {
        say(fmt::format("Process {} detached", writer->tid.value));
      }
      break;
  }
  if (!text.empty()) {
    begin_line(*writer, step.event.task, step.event.time, nullptr);
    put(*writer, text);
    end_line(*writer);
  } else if (writer->begun) {
    put(*writer, " <unfinished ...>");
    end_line(*writer);
  }
  writers_.erase(step.event.task);
}

void StraceSink::delivered(const timeline::Step& step, const raw::Signal& signal) {
  Writer* const writer = writer_of(step.event.task, step.model);
  if (writer == nullptr || !filter_.admits(signal)) {
    return;
  }
  begin_line(*writer, step.event.task, step.event.time, nullptr);
  if (signal.stopped) {
    put(*writer, fmt::format("--- stopped by {} ---", signal_name(signal.signo)));
  } else if (signal.siginfo.empty()) {
    put(*writer, fmt::format("--- {} ---", signal_name(signal.signo)));
  } else {
    put(*writer, fmt::format("--- {} {} ---", signal_name(signal.signo),
                             render_strace_siginfo(signal, values_)));
  }
  end_line(*writer);
}

void StraceSink::on_step(const timeline::Step& step) {
  if (step.syscall != nullptr) {
    ended(step);
  } else if (const auto* header = std::get_if<raw::Header>(&step.event.body)) {
    wall_origin_ = parse_wall_time(header->wall_time) - step.event.time.value;
  } else if (const auto* start = std::get_if<raw::TaskStarted>(&step.event.body)) {
    started(step, *start);
  } else if (const auto* end = std::get_if<raw::TaskExited>(&step.event.body)) {
    exited(step, *end);
  } else if (const auto* signal = std::get_if<raw::Signal>(&step.event.body)) {
    delivered(step, *signal);
  } else if (const auto* gap = std::get_if<raw::Gap>(&step.event.body)) {
    say("not seen: " + base::printable(gap->reason));
  }
  flush();
}

void StraceSink::on_end() {
  for (auto& [task, writer] : writers_) {
    if (writer.begun) {
      put(writer, " <unfinished ...>");
      end_line(writer);
    }
  }
  flush();
  if (const std::string table = summary_.render(); !table.empty()) {
    write_(held_for_, table);
  }
}

}  // namespace boxtrace::sinks
