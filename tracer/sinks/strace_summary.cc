#include "tracer/sinks/strace_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "tracer/base/text.h"

namespace boxtrace::sinks {
namespace {

using Column = StraceSummary::Column;

struct Look {
  Column column;
  std::string_view words;  ///< for -U and -S; separated by blanks
  std::string_view title;
  std::size_t width;
};

// Source: strace(1), -U and -S, and the output of strace 6.1.
constexpr std::array kLooks = std::to_array<Look>({
    {Column::Percent, "time-percent time_percent time", "% time", 6},
    {Column::Total, "total-time total_time time-total time_total", "seconds", 11},
    {Column::Shortest, "min-time min_time shortest time-min time_min", "shortest", 8},
    {Column::Longest, "max-time max_time longest time-max time_max", "longest", 8},
    {Column::Average, "avg-time avg_time time-avg time_avg", "usecs/call", 11},
    {Column::Calls, "calls count", "calls", 9},
    {Column::Errors, "errors error", "errors", 9},
    {Column::Name, "name syscall syscall-name syscall_name", "syscall", 16},
});

const Look& look_of(Column column) { return kLooks.at(static_cast<std::size_t>(column)); }

base::Result<Column> parse_column(std::string_view option, std::string_view word) {
  std::vector<std::string> first_words;
  for (const Look& look : kLooks) {
    const std::vector<std::string_view> words = base::split_blanks(look.words);
    if (std::find(words.begin(), words.end(), word) != words.end()) {
      return look.column;
    }
    first_words.emplace_back(words.front());
  }
  return base::Error{0, fmt::format("{} {}: no such column", option, base::printable(word)),
                     "one of " + base::join(first_words, ", ")};
}

std::string seconds(base::Nanos time) {
  return fmt::format("{:.6f}", static_cast<double>(time.value) / 1e9);
}

}  // namespace

base::Result<std::vector<Column>> StraceSummary::parse_columns(std::string_view text) {
  std::vector<Column> columns;
  for (const std::string_view word : base::split(text, ',')) {
    TRY(const Column column, parse_column("-U", word));
    if (std::find(columns.begin(), columns.end(), column) != columns.end()) {
      return base::Error{0, fmt::format("-U names the column {} twice", word), {}};
    }
    columns.push_back(column);
  }
  if (std::find(columns.begin(), columns.end(), Column::Name) == columns.end()) {
    columns.push_back(Column::Name);
  }
  return columns;
}

base::Result<void> StraceSummary::sort_by(std::string_view word) {
  if (word == "nothing" || word == "none") {
    order_.reset();
    return {};
  }
  TRY(order_, parse_column("-S", word));
  return {};
}

void StraceSummary::add(const std::string& name, bool failed, base::Nanos duration) {
  const auto [place, is_new] = by_name_.try_emplace(name, rows_.size());
  if (is_new) {
    rows_.push_back({name, 0, 0, {}, duration, duration});
  }
  Row& row = rows_[place->second];
  ++row.calls;
  row.errors += failed ? 1U : 0U;
  row.total.value += duration.value;
  row.shortest = std::min(row.shortest, duration);
  row.longest = std::max(row.longest, duration);
}

std::string StraceSummary::cell(const Row& row, Column column, const Row& all, bool last) {
  const std::size_t width = look_of(column).width;
  switch (column) {
    case Column::Percent:
      return fmt::format("{:>{}.2f}",
                         all.total.value == 0 ? 0.0
                                              : 100.0 * static_cast<double>(row.total.value) /
                                                    static_cast<double>(all.total.value),
                         width);
    case Column::Total:
      return fmt::format("{:>{}}", seconds(row.total), width);
    case Column::Shortest:
      return fmt::format("{:>{}}", seconds(row.shortest), width);
    case Column::Longest:
      return fmt::format("{:>{}}", seconds(row.longest), width);
    case Column::Average:
      return fmt::format(
          "{:>{}}",
          row.total.value / 1000 / static_cast<std::int64_t>(std::max<std::uint64_t>(row.calls, 1)),
          width);
    case Column::Calls:
      return fmt::format("{:>{}}", row.calls, width);
    case Column::Errors:
      return fmt::format("{:>{}}", row.errors == 0 ? "" : std::to_string(row.errors), width);
    case Column::Name:
      break;
  }
  return last ? row.name : fmt::format("{:<{}}", row.name, width);
}

std::string StraceSummary::line(const Row& row, const Row& all) const {
  std::string text;
  for (const Column& column : columns_) {
    const bool last = &column == &columns_.back();
    text += cell(row, column, all, last) + (last ? "\n" : " ");
  }
  return text;
}

/// What a row is sorted by, the greatest first.
std::int64_t StraceSummary::rank(const Row& row, Column key) {
  switch (key) {
    case Column::Calls:
      return static_cast<std::int64_t>(row.calls);
    case Column::Errors:
      return static_cast<std::int64_t>(row.errors);
    case Column::Shortest:
      return row.shortest.value;
    case Column::Longest:
      return row.longest.value;
    case Column::Average:
      return row.total.value / static_cast<std::int64_t>(row.calls);
    default:
      return row.total.value;
  }
}

std::vector<StraceSummary::Row> StraceSummary::sorted() const {
  std::vector<Row> rows = rows_;
  if (order_ == Column::Name) {
    std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.name < b.name; });
  } else if (order_) {
    std::stable_sort(rows.begin(), rows.end(), [this](const Row& a, const Row& b) {
      return rank(a, *order_) > rank(b, *order_);
    });
  }
  return rows;
}

std::string StraceSummary::render() const {
  Row all{"total", 0, 0, {}, {}, {}};
  for (const Row& row : rows_) {
    all.shortest = all.calls == 0 ? row.shortest : std::min(all.shortest, row.shortest);
    all.longest = std::max(all.longest, row.longest);
    all.calls += row.calls;
    all.errors += row.errors;
    all.total.value += row.total.value;
  }
  if (all.calls == 0) {
    return {};
  }
  std::string titles;
  std::string rule;
  for (const Column& column : columns_) {
    const Look& look = look_of(column);
    const bool last = &column == &columns_.back();
    titles += column == Column::Name && last ? std::string(look.title)
              : column == Column::Name       ? fmt::format("{:<{}}", look.title, look.width)
                                             : fmt::format("{:>{}}", look.title, look.width);
    titles += last ? "\n" : " ";
    rule += std::string(look.width, '-') + (last ? "\n" : " ");
  }
  std::string text = titles + rule;
  for (const Row& row : sorted()) {
    text += line(row, all);
  }
  return text + rule + line(all, all);
}

}  // namespace boxtrace::sinks
