#pragma once
// The lines of the story: columns for when, which milestone, who, and what.

#include <string>
#include <utility>

#include "tracer/raw/event.h"
#include "tracer/sinks/text.h"
#include "tracer/timeline/analysis.h"

namespace boxtrace::sinks {

class StoryLines {
 public:
  explicit StoryLines(TextOptions options) : options_(std::move(options)) {}

  /// What was traced, and how to read the rest.
  [[nodiscard]] std::string opening(const raw::Header& header) const;
  /// The item, as one or more lines.
  [[nodiscard]] std::string render(const timeline::Item& item);

 private:
  [[nodiscard]] std::string render_line(const timeline::Item& item);
  [[nodiscard]] std::string render_note(const timeline::Item& item) const;
  [[nodiscard]] std::string glyphs(std::string_view text) const;
  [[nodiscard]] std::size_t time_columns() const { return options_.stable ? 0 : 11; }

  TextOptions options_;
  std::string last_who_;
  bool summary_begun_ = false;
};

}  // namespace boxtrace::sinks
