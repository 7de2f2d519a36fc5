#include "runtime/steps/inside.h"

#include <cstdarg>
#include <cstdio>

#include "runtime/exec/channel.h"

namespace boxrun::steps {

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
