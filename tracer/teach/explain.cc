#include "tracer/teach/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "tracer/base/text.h"

namespace boxtrace::teach {
namespace {

constexpr std::size_t kLabelWidth = 10;
constexpr std::size_t kUsesShown = 15;
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kFaint = "\x1b[2m";
constexpr std::string_view kWarn = "\x1b[33m";
constexpr std::string_view kPlain = "\x1b[0m";

/// Words in lines of at most `width` columns. A word that is longer has a line of its own.
std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  std::string line;
  for (const std::string_view word : base::split_blanks(text)) {
    const std::size_t taken = base::display_width(line);
    if (!line.empty() && taken + 1 + base::display_width(word) > width) {
      lines.push_back(std::move(line));
      line.clear();
    }
    line += line.empty() ? "" : " ";
    line += word;
  }
  if (!line.empty()) {
    lines.push_back(std::move(line));
  }
  return lines;
}

class Page {
 public:
  explicit Page(const ExplainLayout& layout) : layout_(layout) {}

  void line(std::string_view text = {}) {
    out_ += text;
    out_ += '\n';
  }
  [[nodiscard]] std::string paint(std::string_view color, std::string_view text) const {
    return layout_.color ? fmt::format("{}{}{}", color, text, kPlain) : std::string(text);
  }

  /// A label in the left column and a paragraph in the right one; nothing if there is no text.
  void entry(std::string_view label, std::string_view text, std::string_view color = kFaint) {
    const std::size_t indent = kLabelWidth + 2;
    const std::size_t width = layout_.width == 0 ? 10'000 : layout_.width;
    bool first = true;
    for (const std::string& part : wrap(text, width > indent + 20 ? width - indent : 20)) {
      const std::string shown = fmt::format("  {:<{}}", first ? label : "", kLabelWidth);
      line((first ? paint(color, shown) : shown) + part);
      first = false;
    }
  }
  void entry(std::string_view label, const std::vector<std::string>& items) {
    entry(label, base::join(items, ", "));
  }

  [[nodiscard]] std::string take() { return std::move(out_); }
  [[nodiscard]] std::size_t width() const { return layout_.width; }

 private:
  ExplainLayout layout_;
  std::string out_;
};

void write_arguments(Page& page, const Topic& topic) {
  bool first = true;
  for (const auto& [name, words] : topic.arguments) {
    page.entry(first ? "arguments" : "",
               words.empty() ? name : fmt::format("{} ({})", name, words));
    first = false;
  }
}

void write_topic(Page& page, const Topic& topic) {
  page.line(
      fmt::format("{}  {}", page.paint(kBold, topic.name), page.paint(kFaint, topic.category)));
  page.entry("number", topic.numbers);
  page.entry("what", topic.explain.what);
  page.entry("in /proc", topic.explain.proc);
  page.entry("trap", topic.explain.trap, kWarn);
  write_arguments(page, topic);
  page.entry("used by", topic.used_by);
  page.entry("manual", topic.man == "none" ? "there is no manual page" : topic.man);
  page.entry("source", topic.kernel);
  page.entry("see also", topic.related);
}

void write_uses(Page& page, const std::vector<Use>& uses) {
  page.line();
  if (uses.empty()) {
    page.line("The trace does not use it.");
    return;
  }
  page.line(
      fmt::format("The trace uses it {} {}:", uses.size(), uses.size() == 1 ? "time" : "times"));
  std::size_t who_width = 0;
  const std::size_t shown = std::min(uses.size(), kUsesShown);
  for (std::size_t i = 0; i < shown; ++i) {
    who_width = std::max(who_width, base::display_width(uses[i].who));
  }
  for (std::size_t i = 0; i < shown; ++i) {
    const Use& use = uses[i];
    const std::string padding(who_width - base::display_width(use.who), ' ');
    const std::string text =
        fmt::format("  #{:<6}{:>9.1f} ms  {}{}  {}", use.seq.value,
                    static_cast<double>(use.time.value) / 1e6, use.who, padding, use.text);
    page.line(page.width() == 0 ? text : base::clip(text, page.width()));
  }
  if (uses.size() > shown) {
    page.line(fmt::format("  and {} more: boxtrace show -vv", uses.size() - shown));
  }
}

}  // namespace

std::string render_explanation(const Search& search, const std::optional<std::vector<Use>>& uses,
                               const ExplainLayout& layout) {
  Page page(layout);
  bool first = true;
  for (const Topic& topic : search.topics) {
    if (!first) {
      page.line();
    }
    write_topic(page, topic);
    first = false;
  }
  if (!search.other.empty()) {
    page.line();
    page.entry("also", search.other);
  }
  if (uses) {
    write_uses(page, *uses);
  }
  return page.take();
}

}  // namespace boxtrace::teach
