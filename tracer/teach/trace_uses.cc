#include "tracer/teach/trace_uses.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "decoders/render.h"
#include "tracer/base/error_text.h"
#include "tracer/base/text.h"

namespace boxtrace::teach {

UseFinder::UseFinder(const std::vector<Topic>& topics) {
  for (const Topic& topic : topics) {
    words_.insert(words_.end(), topic.traces_as.begin(), topic.traces_as.end());
  }
}

bool UseFinder::is_wanted(std::string_view word) const {
  return std::find(words_.begin(), words_.end(), word) != words_.end();
}

bool UseFinder::uses_wanted(const decoders::Value& value) const {
  const auto in_value = [this](const decoders::Value& item) { return uses_wanted(item); };
  if (const auto* symbol = value.as<decoders::Symbol>()) {
    return is_wanted(symbol->name);
  }
  if (const auto* flags = value.as<decoders::Flags>()) {
    return std::any_of(flags->names.begin(), flags->names.end(),
                       [this](std::string_view name) { return is_wanted(name); });
  }
  if (const auto* structure = value.as<decoders::Struct>()) {
    return std::any_of(structure->fields.begin(), structure->fields.end(),
                       [&](const decoders::Field& field) { return in_value(field.value); });
  }
  if (const auto* list = value.as<decoders::List>()) {
    return std::any_of(list->items.begin(), list->items.end(), in_value);
  }
  if (const auto* changed = value.as<decoders::Changed>()) {
    return uses_wanted(*changed->before) || uses_wanted(*changed->after);
  }
  return false;
}

std::string UseFinder::text_of(const timeline::Step& step) const {
  if (step.call != nullptr) {
    const raw::Outcome& outcome = step.syscall->outcome;
    const bool failed_so = outcome.kind == raw::Outcome::Kind::Failed &&
                           is_wanted(base::errno_name(static_cast<int>(outcome.value)));
    const bool uses =
        failed_so || is_wanted(step.call->name) ||
        std::any_of(step.call->args.begin(), step.call->args.end(),
                    [this](const decoders::Field& arg) { return uses_wanted(arg.value); });
    return uses ? decoders::render_call(*step.call) + " " +
                      decoders::render_outcome(*step.call, outcome)
                : std::string{};
  }
  if (const auto* signal = std::get_if<raw::Signal>(&step.event.body)) {
    const char* const name = sigabbrev_np(signal->signo);
    if (name != nullptr && is_wanted(std::string("SIG") + name)) {
      return fmt::format("{} SIG{}", signal->stopped ? "stopped by" : "gets", name);
    }
  }
  return {};
}

void UseFinder::on_step(const timeline::Step& step) {
  std::string text = text_of(step);
  if (text.empty()) {
    return;
  }
  Use& use = uses_.emplace_back();
  use.seq = step.event.seq;
  use.time = step.syscall != nullptr ? step.syscall->entered : step.event.time;
  use.text = std::move(text);
  if (const model::Task* process = step.model.process_of(step.event.task)) {
    const model::Task* const task = step.model.task(step.event.task);
    use.who = fmt::format("{} {}", base::printable(process->role.name),
                          task == nullptr ? process->tid.value : task->tid.value);
  }
}

}  // namespace boxtrace::teach
