#include "tracer/sinks/layout.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "tracer/base/text.h"

namespace boxtrace::sinks {
namespace {

using timeline::Piece;

struct Glyph {
  std::string_view utf8;
  std::string_view ascii;
};
constexpr std::array<Glyph, 6> kGlyphs = {{
    {"\u25c6", "*"},   // black diamond: a milestone
    {"\u2570", "`"},   // arc: an explanation hangs below its line
    {"\u2192", "->"},  // arrow
    {"\u00b7", "-"},   // middle dot
    {"\u2026", ".."},  // ellipsis
    {"\u00d7", "x"},   // times
}};

std::string_view colour(Piece::Kind kind) {
  switch (kind) {
    case Piece::Kind::Call:
      return "\x1b[1m";
    case Piece::Kind::Path:
      return "\x1b[36m";
    case Piece::Kind::Pid:
      return "\x1b[33m";
    case Piece::Kind::Ns:
      return "\x1b[35m";
    case Piece::Kind::Good:
      return "\x1b[32m";
    case Piece::Kind::Bad:
      return "\x1b[31m";
    case Piece::Kind::Faint:
      return "\x1b[2m";
    case Piece::Kind::Plain:
      break;
  }
  return {};
}

// Text between two blanks, possibly of several pieces.
struct Word {
  std::vector<std::pair<Piece::Kind, std::string>> parts;
  std::size_t width = 0;
  std::size_t blanks = 0;  // in front of it
};

/// Runs of one colour, so that it is switched on once for all its words.
class Line {
 public:
  void add(Piece::Kind kind, std::string_view part) {
    if (runs_.empty() || runs_.back().first != kind) {
      // Blanks have no colour: they stay with the run before if that goes on.
      runs_.emplace_back(Piece::Kind::Plain, std::exchange(blanks_, {}));
      runs_.emplace_back(kind, "");
    }
    runs_.back().second += std::exchange(blanks_, {});
    runs_.back().second += part;
  }
  void add_blanks(std::size_t count) { blanks_.append(count, ' '); }
  [[nodiscard]] std::string paint(const TextOptions& options) const {
    std::string out;
    for (const auto& [kind, text] : runs_) {
      out += sinks::paint(text, kind, options);
    }
    return out;
  }

 private:
  std::vector<std::pair<Piece::Kind, std::string>> runs_;
  std::string blanks_;  ///< between two words
};

std::vector<Word> words_of(const timeline::RichText& text, const TextOptions& options) {
  std::vector<Word> words;
  std::size_t blanks = 0;
  bool glue = false;
  for (const Piece& piece : text.pieces()) {
    const std::string shown = options.ascii ? to_ascii(options.stable ? piece.stable : piece.text)
                                            : (options.stable ? piece.stable : piece.text);
    std::size_t at = 0;
    while (at < shown.size()) {
      if (shown[at] == ' ') {
        ++blanks;
        ++at;
        glue = false;
        continue;
      }
      const std::size_t end = std::min(shown.find(' ', at), shown.size());
      if (!glue) {
        words.push_back({{}, 0, blanks});
        blanks = 0;
      }
      const std::string part = shown.substr(at, end - at);
      words.back().width += base::display_width(part);
      words.back().parts.emplace_back(piece.kind, part);
      glue = true;
      at = end;
    }
  }
  return words;
}

}  // namespace

std::string to_ascii(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text.front());
    if (byte < 0x80) {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    bool known = false;
    for (const Glyph& glyph : kGlyphs) {
      if (text.starts_with(glyph.utf8)) {
        out += glyph.ascii;
        text.remove_prefix(glyph.utf8.size());
        known = true;
        break;
      }
    }
    if (!known) {
      out += '?';
      text.remove_prefix(1);
      while (!text.empty() && (static_cast<unsigned char>(text.front()) & 0xc0) == 0x80) {
        text.remove_prefix(1);
      }
    }
  }
  return out;
}

std::string paint(std::string_view text, Piece::Kind kind, const TextOptions& options) {
  const std::string_view start = colour(kind);
  if (!options.color || start.empty() || text.empty()) {
    return std::string(text);
  }
  return std::string(start) + std::string(text) + "\x1b[0m";
}

std::string paint_bold(std::string_view text, const TextOptions& options) {
  return paint(text, Piece::Kind::Call, options);
}

std::string render_time(std::int64_t nanos, std::size_t columns) {
  constexpr double kNanosPerMilli = 1e6;
  return fmt::format(
      "{:>{}}", fmt::format("{:.1f} ms", static_cast<double>(nanos) / kNanosPerMilli), columns);
}

std::vector<std::string> wrap(const timeline::RichText& text, std::size_t columns,
                              const TextOptions& options, std::vector<std::size_t>* widths) {
  std::vector<Line> lines;
  std::size_t used = 0;
  for (const Word& word : words_of(text, options)) {
    const bool fits =
        !lines.empty() && (columns == 0 || used + word.blanks + word.width <= columns);
    if (!fits) {
      lines.emplace_back();
      widths->push_back(0);
      used = 0;
    } else {
      lines.back().add_blanks(word.blanks);
      used += word.blanks;
    }
    for (const auto& [kind, part] : word.parts) {
      lines.back().add(kind, part);
    }
    used += word.width;
    widths->back() = used;
  }
  std::vector<std::string> painted;
  painted.reserve(lines.size());
  for (const Line& line : lines) {
    painted.push_back(line.paint(options));
  }
  return painted;
}

std::string flat(const timeline::RichText& text, const TextOptions& options) {
  std::vector<std::size_t> widths;
  const std::vector<std::string> lines = wrap(text, 0, options, &widths);
  return lines.empty() ? std::string{} : lines.front();
}

}  // namespace boxtrace::sinks
