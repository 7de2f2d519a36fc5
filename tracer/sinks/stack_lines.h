#pragma once
// Who made a call: lines below it, the innermost frame first.

#include <cstddef>
#include <string>
#include <utility>

#include "tracer/raw/event.h"
#include "tracer/sinks/text.h"
#include "tracer/stacks/instructions.h"

namespace boxtrace::sinks {

class StackLines {
 public:
  explicit StackLines(TextOptions options) : options_(std::move(options)) {}

  /// The frames, each on a line that begins with `indent` blanks. All of them at zoom Calls; else
  /// the innermost, with short names, and how many there are up to which.
  [[nodiscard]] std::string render(const raw::Stack& stack, std::size_t indent) const;

  /// The instructions around the one that entered the kernel, and what the registers held there.
  [[nodiscard]] std::string render(const raw::CallSite& site, std::size_t indent) const;

 private:
  [[nodiscard]] std::string line(std::string text, std::size_t indent) const;
  [[nodiscard]] std::string frame_text(const raw::Frame& frame) const;

  TextOptions options_;
  stacks::Disassembler disassembler_;
};

/// The function of a frame as a person would say it: without the folders of a Go package. Where it
/// is not known, the module and the offset.
[[nodiscard]] std::string short_function(const raw::Frame& frame);

}  // namespace boxtrace::sinks
