#pragma once
// The trace file as a listener of the analysis: each event with its meaning, each milestone.

#include <functional>
#include <string_view>

#include "tracer/timeline/analysis.h"
#include "tracer/trace/writer.h"

namespace boxtrace::sinks {

class JsonlSink final : public timeline::Listener {
 public:
  /// Takes whole lines, each with its newline.
  using Write = std::function<void(std::string_view)>;

  explicit JsonlSink(Write write) : write_(std::move(write)) {}

  void on_step(const timeline::Step& step) override;
  void on_milestone(const timeline::Milestone& milestone) override;

 private:
  Write write_;
  trace::TraceWriter writer_;
};

}  // namespace boxtrace::sinks
