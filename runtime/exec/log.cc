#include "runtime/exec/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "runtime/state/store.h"
#include "tracer/os/file.h"

namespace boxrun::exec {
namespace {

std::string_view name_of(Level level) {
  return level == Level::Debug ? "debug" : level == Level::Warning ? "warning" : "error";
}

/// Line by line: names of files and settings come from the bundle, and must not act on a terminal.
std::string safe_text(std::string_view text) {
  std::vector<std::string> lines;
  for (const std::string_view line : base::split(text, '\n')) {
    lines.push_back(base::printable(line));
  }
  return base::join(lines, "\n");
}

void write_best_effort(int fd, const std::string& text) {
  // A log that cannot be written must not fail the container.
  static_cast<void>(os::write_all(os::BorrowedFd{fd}, text).ok());
}

}  // namespace

void Log::write_line(Level level, std::string_view text) const {
  std::string line;
  if (json_) {
    const nlohmann::ordered_json record = {
        {"level", name_of(level)}, {"msg", std::string{text}}, {"time", state::read_timestamp()}};
    line = record.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  } else {
    line = fmt::format("time={} level={} msg={}\n", base::quote(state::read_timestamp()),
                       name_of(level), base::quote(text));
  }
  write_best_effort(file_ ? file_.get() : STDERR_FILENO, line);
}

void Log::debug(std::string_view text) const {
  if (!debug_) {
    return;
  }
  if (file_ || json_) {
    write_line(Level::Debug, text);
  } else {
    write_best_effort(STDERR_FILENO, fmt::format("debug: {}\n", safe_text(text)));
  }
}

void Log::warn(std::string_view text) const {
  if (file_ || json_) {
    write_line(Level::Warning, text);
  } else {
    write_best_effort(STDERR_FILENO, fmt::format("warning: {}\n", safe_text(text)));
  }
}

void Log::error(const Error& error) const {
  const std::string text = base::render_error(error);
  if (file_ || json_) {
    write_line(Level::Error, text);
  }
  if (!json_ || file_) {
    write_best_effort(STDERR_FILENO, fmt::format("error: {}\n", safe_text(text)));
  }
}

}  // namespace boxrun::exec
