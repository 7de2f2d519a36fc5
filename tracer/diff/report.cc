#include "tracer/diff/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "tracer/base/text.h"

namespace boxtrace::diff {
namespace {

constexpr std::size_t kKeyWidth = 26;
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kPlain = "\x1b[0m";

std::string count_of(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

class Report {
 public:
  explicit Report(const ReportLayout& layout) : layout_(layout) {}

  void heading(std::string_view text) { out_ += paint(kBold, text) + "\n"; }
  void plain(std::string_view text) { out_ += base::printable(text) + "\n"; }

  /// A line of one side: its key (once), `-` or `+`, and text that is broken between its items.
  void side(std::string_view key, char sign, const std::vector<std::string>& items) {
    const std::size_t indent = kKeyWidth + 6;
    const std::size_t width = layout_.width > indent + 20 ? layout_.width - indent : 10'000;
    std::string line;
    bool first = true;
    const auto flush = [&] {
      const std::string lead = fmt::format("  {:<{}}  {} ", first ? base::printable(key) : "",
                                           kKeyWidth, first ? sign : ' ');
      out_ += lead + paint(sign == '-' ? kRed : kGreen, line) + "\n";
      first = false;
      line.clear();
    };
    for (const std::string& item : items) {
      const std::string shown = base::printable(item);
      if (!line.empty() && base::display_width(line) + 2 + base::display_width(shown) > width) {
        line += ",";
        flush();
      }
      line += line.empty() ? shown : ", " + shown;
    }
    flush();
  }

  /// A line that says what became of something that both sides have.
  void change(std::string_view key, std::string_view text) {
    out_ += fmt::format("  {:<{}}  ~ {}\n", base::printable(key), kKeyWidth, base::printable(text));
  }

  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  [[nodiscard]] std::string paint(std::string_view color, std::string_view text) const {
    return layout_.color ? fmt::format("{}{}{}", color, text, kPlain) : std::string(text);
  }

  ReportLayout layout_;
  std::string out_;
};

std::vector<std::string> shown_items(const Property& property,
                                     const std::vector<std::string>& different) {
  // A list of which only the order differs, and plain values, are shown whole.
  const bool whole = property.ordered || property.items.size() <= 1 || different.empty();
  if (!whole) {
    return different;
  }
  return property.items.empty() ? std::vector<std::string>{"(none)"} : property.items;
}

void write_state_change(Report& report, const StateChange& change) {
  const bool partial = change.left && change.right && !change.left->ordered &&
                       (change.left->items.size() > 1 || change.right->items.size() > 1);
  bool named = false;
  const auto write = [&](char sign, const Property& property,
                         const std::vector<std::string>& different) {
    if (partial && different.empty()) {
      return;  // the other side only has more
    }
    report.side(named ? "" : change.key, sign,
                partial ? different : shown_items(property, different));
    named = true;
  };
  if (change.left) {
    write('-', *change.left, change.removed);
  }
  if (change.right) {
    write('+', *change.right, change.added);
  }
}

/// Who passed the milestone, the facts in `items`, and where to look.
std::vector<std::string> step_line(const Step& step, const std::vector<std::string>& items) {
  std::vector<std::string> line = {step.role};
  line.insert(line.end(), items.begin(), items.end());
  line.push_back(fmt::format("#{}", step.seq));
  return line;
}

std::vector<std::string> without(std::vector<std::string> items,
                                 const std::vector<std::string>& others) {
  items.erase(std::remove_if(items.begin(), items.end(),
                             [&](const std::string& item) {
                               return std::find(others.begin(), others.end(), item) != others.end();
                             }),
              items.end());
  return items;
}

void write_step_change(Report& report, const StepChange& change) {
  const Step& named = change.left ? *change.left : *change.right;
  if (change.moved) {
    report.change(named.id, fmt::format("{}, in another order: #{}, #{}", named.role,
                                        change.left->seq, change.right->seq));
    return;
  }
  if (!change.left || !change.right) {
    report.side(named.id, change.left ? '-' : '+', step_line(named, fact_items(named)));
    return;
  }
  const Step& left = *change.left;
  const Step& right = *change.right;
  const std::vector<std::string> only_left = without(fact_items(left), fact_items(right));
  const std::vector<std::string> only_right = without(fact_items(right), fact_items(left));
  if (only_left.empty() && only_right.empty()) {
    const char* const order = left.facts == right.facts ? "" : ", in another order";
    report.change(named.id, fmt::format("{} (#{}) → {} (#{}){}", left.role, left.seq, right.role,
                                        right.seq, order));
    return;
  }
  report.side(named.id, '-', step_line(left, only_left));
  report.side("", '+', step_line(right, only_right));
}

}  // namespace

std::string render_report(const Comparison& comparison, const ReportLayout& layout) {
  Report report(layout);
  if (comparison.same()) {
    report.plain(fmt::format("same: {} at the final exec, {}",
                             count_of(comparison.same_properties, "property", "properties"),
                             count_of(comparison.same_steps, "milestone", "milestones")));
    return report.take();
  }
  report.plain(fmt::format("- {}", comparison.left_name));
  report.plain(fmt::format("+ {}", comparison.right_name));
  for (const std::string& circumstance : comparison.circumstances) {
    report.plain(fmt::format("  note: {}", circumstance));
  }
  if (!comparison.steps.empty()) {
    report.plain("");
    report.heading(fmt::format("milestones: {}, {} the same",
                               count_of(comparison.steps.size(), "difference", "differences"),
                               comparison.same_steps));
    for (const StepChange& change : comparison.steps) {
      write_step_change(report, change);
    }
  }
  if (!comparison.state.empty()) {
    report.plain("");
    report.heading(fmt::format("state at the final exec: {}, {} the same",
                               count_of(comparison.state.size(), "difference", "differences"),
                               comparison.same_properties));
    for (const StateChange& change : comparison.state) {
      write_state_change(report, change);
    }
  }
  return report.take();
}

}  // namespace boxtrace::diff
