#include "tracer/sinks/story_lines.h"

#include <cctype>

#include "tracer/base/text.h"
#include "tracer/sinks/layout.h"

namespace boxtrace::sinks {
namespace {

using timeline::Item;
using timeline::Piece;

constexpr std::size_t kMarkColumns = 4;  // ` \u25c612`
constexpr std::size_t kWhoColumns = 25;
constexpr std::size_t kStripColumns = 10;  // `[MUIPNCST]`

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return out;
}

void pad(std::string& text, std::size_t width, std::size_t columns) {
  if (width < columns) {
    text.append(columns - width, ' ');
  }
}

}  // namespace

std::string StoryLines::glyphs(std::string_view text) const {
  return options_.ascii ? to_ascii(text) : std::string(text);
}

std::string StoryLines::opening(const raw::Header& header) const {
  std::string command;
  for (const std::string& word : header.command) {
    command += (command.empty() ? "" : " ") + base::printable(word);
  }
  constexpr std::size_t kMost = 500;  // of `xargs`, say; the recording has all
  std::string out = paint_bold("boxtrace: " + glyphs(base::clip(command, kMost)), options_);
  if (!options_.stable && !header.kernel.empty()) {
    out += paint(glyphs(" \u00b7 kernel " + base::printable(header.kernel) + " \u00b7 cgroup " +
                        base::printable(header.cgroup)),
                 Piece::Kind::Faint, options_);
  }
  out += "\n";
  out += paint(glyphs("namespaces: M mnt U uts I ipc P pid N net C cgroup S user T time \u00b7 "
                      "UPPER new, lower the host's"),
               Piece::Kind::Faint, options_);
  out += "\n";
  if (options_.zoom == TextOptions::Zoom::Calls && !header.every_call && !options_.sees_chosen) {
    out += paint(glyphs("this trace holds the calls that a story is made of, not every call: see "
                        "boxtrace-record(1), --calls"),
                 Piece::Kind::Faint, options_);
    out += "\n";
  }
  return out;
}

std::string StoryLines::render(const Item& item) {
  switch (item.kind) {
    case Item::Kind::Heading:
      last_who_.clear();
      return paint_bold(upper(item.text.str()), options_) + "\n";
    case Item::Kind::Line:
      return render_line(item);
    case Item::Kind::Note:
      return render_note(item);
    case Item::Kind::Summary:
      break;
  }
  std::string out = summary_begun_ ? "" : "\n";
  summary_begun_ = true;
  std::vector<std::size_t> widths;
  for (const std::string& line : wrap(item.text, options_.width, options_, &widths)) {
    out += line + "\n";
  }
  return out;
}

std::string StoryLines::render_line(const Item& item) {
  std::string head = options_.stable ? std::string{}
                                     : paint(render_time(item.time.value, time_columns() - 1),
                                             Piece::Kind::Faint, options_) +
                                           " ";
  std::string mark =
      item.milestone == 0 ? std::string{} : glyphs("\u25c6") + std::to_string(item.milestone);
  const std::size_t mark_width = base::display_width(mark);
  mark = paint_bold(mark, options_);
  pad(mark, mark_width, kMarkColumns);
  mark += mark_width < kMarkColumns ? "" : " ";
  head += mark;
  const std::string plain_who = item.who.str(options_.stable);
  std::string who = plain_who == last_who_ ? std::string{} : flat(item.who, options_);
  const std::size_t who_width = plain_who == last_who_ ? 0 : base::display_width(plain_who);
  last_who_ = plain_who;
  pad(who, who_width, kWhoColumns - 1);
  head += who + " ";
  const std::size_t indent = time_columns() + kMarkColumns + kWhoColumns;

  timeline::RichText text = item.text;
  if (!item.remark.empty()) {
    text.add(Piece::Kind::Faint, " \u00b7 ");
    text.append(item.remark);
  }
  const std::size_t columns = options_.width > indent + 20 ? options_.width - indent : 0;
  std::vector<std::size_t> widths;
  std::vector<std::string> lines = wrap(text, columns, options_, &widths);
  if (!item.strip.empty() && !lines.empty()) {
    const std::string strip = paint("[" + item.strip + "]", Piece::Kind::Ns, options_);
    if (columns != 0 && widths.back() + 1 + kStripColumns > columns) {
      lines.emplace_back();
      widths.push_back(0);
    }
    if (columns != 0) {
      pad(lines.back(), widths.back(), columns - kStripColumns);
    } else {
      lines.back() += " ";
    }
    lines.back() += strip;
  }
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    out += (i == 0 ? head : std::string(indent, ' ')) + lines[i] + "\n";
  }
  return out;
}

std::string StoryLines::render_note(const Item& item) const {
  constexpr std::size_t kIndent = 4;
  timeline::RichText text;
  for (const Piece& piece : item.text.pieces()) {
    text.add(Piece::Kind::Faint, piece.text, piece.stable);
  }
  text.add(Piece::Kind::Faint, " \u2192 " + item.man);
  const std::size_t columns = options_.width > kIndent + 22 ? options_.width - kIndent - 2 : 0;
  std::vector<std::size_t> widths;
  const std::vector<std::string> lines = wrap(text, columns, options_, &widths);
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    out += std::string(kIndent, ' ') + (i == 0 ? glyphs("\u2570 ") : "  ") + lines[i] + "\n";
  }
  return out;
}

}  // namespace boxtrace::sinks
