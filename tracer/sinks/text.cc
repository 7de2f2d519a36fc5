#include "tracer/sinks/text.h"

#include "tracer/sinks/call_lines.h"
#include "tracer/sinks/story_lines.h"

namespace boxtrace::sinks {

struct TextSink::State {
  TextOptions options;
  Write write;
  StoryLines story;
  CallLines calls;
};

TextSink::TextSink(TextOptions options, Write write)
    : state_(std::make_unique<State>(
          State{options, std::move(write), StoryLines(options), CallLines(options)})) {}
TextSink::~TextSink() = default;

void TextSink::on_step(const timeline::Step& step) {
  std::string text;
  if (const auto* header = std::get_if<raw::Header>(&step.event.body)) {
    text = state_->story.opening(*header);
  } else if (state_->options.zoom != TextOptions::Zoom::Story) {
    text = state_->calls.render(step);
  }
  if (!text.empty()) {
    state_->write(text);
  }
}

void TextSink::on_item(const timeline::Item& item) {
  const bool story = state_->options.zoom == TextOptions::Zoom::Story;
  if (story || item.kind == timeline::Item::Kind::Summary) {
    state_->write(state_->story.render(item));
  }
}

void TextSink::on_end() {}

}  // namespace boxtrace::sinks
