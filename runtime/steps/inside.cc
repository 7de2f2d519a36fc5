#include "runtime/steps/inside.h"

#include <unistd.h>

#include <cstdarg>
#include <cstdio>

#include "runtime/exec/channel.h"

namespace boxrun::steps {

char* const* Inside::environment() {
  // The array's first slot waits for HOME; where the config brings its own, the array starts after.
  if (prepared.has_home) {
    return prepared.envp.data() + 1;
  }
  const_cast<char**>(prepared.envp.data())[0] = home.data();
  return prepared.envp.data();
}

void Inside::report(const Outcome& outcome) const {
  exec::Message message;
  message.kind = exec::MessageKind::Failed;
  message.step = step;
  message.err = outcome.err();
  message.entry = outcome.entry();
  std::snprintf(message.call.data(), message.call.size(), "%s", outcome.call());
  std::snprintf(message.hint.data(), message.hint.size(), "%s", outcome.hint_text());
  if (!exec::send_message(channel, message)) {
    // `create` ends long before `start` lets us go on. Standard error is the last one who listens.
    ::dprintf(STDERR_FILENO, "error: %s%s%s\n", message.call.data(),
              message.hint[0] != '\0' ? "\nhint: " : "", message.hint.data());
  }
}

void Inside::warn(const char* format, ...) const {
  exec::Message message;
  message.kind = exec::MessageKind::Warning;
  message.step = step;
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(message.call.data(), message.call.size(), format, arguments);
  va_end(arguments);
  // A warning that nobody hears changes nothing.
  static_cast<void>(exec::send_message(channel, message));
}

}  // namespace boxrun::steps
