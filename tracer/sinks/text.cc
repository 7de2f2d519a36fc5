#include "tracer/sinks/text.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "tracer/sinks/call_lines.h"
#include "tracer/sinks/stack_lines.h"
#include "tracer/sinks/story_lines.h"

namespace boxtrace::sinks {

namespace {

// A line may stand for calls that were made long before it is told, but not arbitrarily long.
constexpr std::size_t kMostKept = 4096;
constexpr std::size_t kStoryIndent = 8;
constexpr std::size_t kCallIndent = 16;

/// Who made the calls that a line of the story may yet be about.
struct Origin {
  base::Seq seq;
  std::optional<raw::Stack> stack;
  std::optional<raw::CallSite> site;
};

std::optional<Origin> origin_of(const raw::Event& event) {
  std::optional<Origin> origin;
  if (const auto* call = std::get_if<raw::Syscall>(&event.body)) {
    origin = {event.seq, call->stack, call->site};
  } else if (const auto* started = std::get_if<raw::TaskStarted>(&event.body)) {
    origin = {event.seq, started->stack, std::nullopt};
  }
  return origin && (origin->stack || origin->site) ? origin : std::nullopt;
}

}  // namespace

struct TextSink::State {
  State(const TextOptions& all, Write out)
      : options(all), write(std::move(out)), story(all), calls(all), stacks(all) {}

  [[nodiscard]] std::string render(const Origin& origin, std::size_t indent) const {
    return (origin.stack ? stacks.render(*origin.stack, indent) : "") +
           (origin.site ? stacks.render(*origin.site, indent) : "");
  }
  [[nodiscard]] const Origin* find(const std::vector<base::Seq>& evidence) const {
    for (const base::Seq seq : evidence) {
      const auto found = std::lower_bound(
          origins.begin(), origins.end(), seq,
          [](const Origin& origin, base::Seq wanted) { return origin.seq < wanted; });
      if (found != origins.end() && found->seq == seq) {
        return &*found;
      }
    }
    return nullptr;
  }

  TextOptions options;
  Write write;
  StoryLines story;
  CallLines calls;
  StackLines stacks;
  std::deque<Origin> origins;  ///< by seq
};

TextSink::TextSink(const TextOptions& options, Write write)
    : state_(std::make_unique<State>(options, std::move(write))) {}
TextSink::~TextSink() = default;

void TextSink::on_step(const timeline::Step& step) {
  std::string text;
  if (const auto* header = std::get_if<raw::Header>(&step.event.body)) {
    text = state_->story.opening(*header);
  } else if (state_->options.zoom != TextOptions::Zoom::Story) {
    text = state_->calls.render(step);
  }
  if (auto origin = origin_of(step.event)) {
    if (state_->options.zoom == TextOptions::Zoom::Story) {
      state_->origins.push_back(*std::move(origin));
      if (state_->origins.size() > kMostKept) {
        state_->origins.pop_front();
      }
    } else if (!text.empty() && step.syscall != nullptr) {
      text += state_->render(*origin, kCallIndent);
    }
  }
  if (!text.empty()) {
    state_->write(text);
  }
}

void TextSink::on_item(const timeline::Item& item) {
  const bool story = state_->options.zoom == TextOptions::Zoom::Story;
  if (story || item.kind == timeline::Item::Kind::Summary) {
    std::string text = state_->story.render(item);
    const Origin* const origin = item.milestone != 0 ? state_->find(item.evidence) : nullptr;
    if (story && origin != nullptr) {
      text += state_->render(*origin, kStoryIndent);
    }
    state_->write(text);
  }
}

void TextSink::on_end() {}

}  // namespace boxtrace::sinks
