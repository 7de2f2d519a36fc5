#pragma once
// The story on a terminal, at three zoom levels.

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "tracer/sinks/strace_filter.h"
#include "tracer/timeline/analysis.h"

namespace boxtrace::sinks {

struct TextOptions {
  enum class Zoom : std::uint8_t {
    Story,   ///< the timeline
    Events,  ///< -v: every event that concerns the container, one a line
    Calls,   ///< -vv: every system call and event, one a line
  };
  Zoom zoom = Zoom::Story;
  std::optional<StraceFilter> chosen;  ///< calls and signals that are listed; nothing: all
  bool sees_chosen = false;            ///< the tracer stopped at all of them
  bool color = false;                  ///< ANSI colours; they never carry meaning alone
  bool ascii = false;                  ///< nothing but ASCII
  std::size_t width = 100;             ///< columns; 0: lines are never broken
  bool stable = false;  ///< T1 for pids, no times, no inode numbers: equal from run to run
};

class TextSink final : public timeline::Listener {
 public:
  /// Takes whole lines, each with its newline.
  using Write = std::function<void(std::string_view)>;

  TextSink(const TextOptions& options, Write write);
  ~TextSink() override;
  TextSink(const TextSink&) = delete;
  TextSink& operator=(const TextSink&) = delete;
  TextSink(TextSink&&) = delete;
  TextSink& operator=(TextSink&&) = delete;

  void on_step(const timeline::Step& step) override;
  void on_item(const timeline::Item& item) override;
  void on_end() override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace boxtrace::sinks
