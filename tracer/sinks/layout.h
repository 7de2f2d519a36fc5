#pragma once
// Rich text on a terminal: columns, line breaks, colours, ASCII.

#include <string>
#include <string_view>
#include <vector>

#include "tracer/sinks/text.h"
#include "tracer/timeline/rich_text.h"

namespace boxtrace::sinks {

/// `text` with our own glyphs spelled in ASCII and any other non-ASCII character as `?`.
[[nodiscard]] std::string to_ascii(std::string_view text);

/// `text` in the colour of `kind`, if the options want colours.
[[nodiscard]] std::string paint(std::string_view text, timeline::Piece::Kind kind,
                                const TextOptions& options);
[[nodiscard]] std::string paint_bold(std::string_view text, const TextOptions& options);

/// `12.3 ms`, right-aligned in `columns`.
[[nodiscard]] std::string render_time(std::int64_t nanos, std::size_t columns);

/// The text broken into lines of at most `columns` (0: one line), painted. `widths` gets the number
/// of columns each line takes.
[[nodiscard]] std::vector<std::string> wrap(const timeline::RichText& text, std::size_t columns,
                                            const TextOptions& options,
                                            std::vector<std::size_t>* widths);

/// One line, painted.
[[nodiscard]] std::string flat(const timeline::RichText& text, const TextOptions& options);

}  // namespace boxtrace::sinks
