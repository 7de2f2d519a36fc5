#pragma once
// The table that strace prints for -c and -C: how often each call was made, how often it failed,
// and how long it took.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tracer/base/ids.h"
#include "tracer/base/result.h"

namespace boxtrace::sinks {

class StraceSummary {
 public:
  enum class Column : std::uint8_t {
    Percent,
    Total,
    Shortest,
    Longest,
    Average,
    Calls,
    Errors,
    Name
  };

  /// Columns from the words of -U, separated by commas. The name comes last if it is not among
  /// them.
  /// @errors  an unknown word, with all that there are; a column that is named twice.
  [[nodiscard]] static base::Result<std::vector<Column>> parse_columns(std::string_view text);

  /// The words of -S: a column, or `nothing` for the order in which calls were first made.
  [[nodiscard]] base::Result<void> sort_by(std::string_view word);
  void set_columns(std::vector<Column> columns) { columns_ = std::move(columns); }

  /// One call that has ended. Calls that never return are not counted, as in strace.
  void add(const std::string& name, bool failed, base::Nanos duration);

  /// Whole lines. Empty when no call was made.
  [[nodiscard]] std::string render() const;

 private:
  struct Row {
    std::string name;
    std::uint64_t calls = 0;
    std::uint64_t errors = 0;
    base::Nanos total{};
    base::Nanos shortest{};
    base::Nanos longest{};
  };
  [[nodiscard]] static std::string cell(const Row& row, Column column, const Row& all, bool last);
  [[nodiscard]] static std::int64_t rank(const Row& row, Column key);
  [[nodiscard]] std::vector<Row> sorted() const;
  [[nodiscard]] std::string line(const Row& row, const Row& all) const;

  std::vector<Column> columns_ = {Column::Percent, Column::Total,  Column::Average,
                                  Column::Calls,   Column::Errors, Column::Name};
  std::optional<Column> order_ = Column::Percent;  ///< nothing: as they came
  std::vector<Row> rows_;
  std::map<std::string, std::size_t> by_name_;
};

}  // namespace boxtrace::sinks
