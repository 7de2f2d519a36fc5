#pragma once
// `-v` and `-vv`: events one a line, calls in the notation of strace, with what they mean behind
// them.

#include <string>
#include <utility>

#include "tracer/sinks/text.h"
#include "tracer/timeline/analysis.h"

namespace boxtrace::sinks {

class CallLines {
 public:
  explicit CallLines(TextOptions options) : options_(std::move(options)) {}

  /// The line of the step; empty when this zoom level does not show it.
  [[nodiscard]] std::string render(const timeline::Step& step) const;

 private:
  [[nodiscard]] bool is_chosen(const timeline::Step& step) const;
  [[nodiscard]] std::string lane(const timeline::Step& step) const;
  [[nodiscard]] std::string pid_text(const timeline::Step& step, base::TaskId task) const;
  [[nodiscard]] std::string body(const timeline::Step& step) const;
  [[nodiscard]] std::string call_body(const timeline::Step& step) const;
  [[nodiscard]] std::string observation_body(const timeline::Step& step) const;

  TextOptions options_;
};

}  // namespace boxtrace::sinks
