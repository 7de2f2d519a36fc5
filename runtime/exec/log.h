#pragma once
// Where boxrun says what it does. Errors end up here once, at the top.

#include <cstdio>
#include <string>
#include <string_view>

#include "runtime/aliases.h"
#include "tracer/os/fd.h"

namespace boxrun::exec {

enum class Level : std::uint8_t { Debug, Warning, Error };

/// Text on standard error by default. With a log file, errors go to both: people read standard
/// error, engines read the file. Warnings then go to the file only, because an engine gives boxrun
/// the container's own standard error. In JSON each line is {"level", "msg", "time"}, what engines
/// expect of a runtime.
class Log {
 public:
  Log() = default;
  Log(os::UniqueFd file, bool json, bool debug)
      : file_(std::move(file)), json_(json), debug_(debug) {}

  void debug(std::string_view text) const;
  void warn(std::string_view text) const;
  void error(const Error& error) const;
  [[nodiscard]] bool shows_debug() const { return debug_; }

 private:
  void write_line(Level level, std::string_view text) const;

  os::UniqueFd file_;
  bool json_ = false;
  bool debug_ = false;
};

}  // namespace boxrun::exec
