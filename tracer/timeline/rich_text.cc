#include "tracer/timeline/rich_text.h"

#include "tracer/base/text.h"

namespace boxtrace::timeline {

RichText& RichText::add(std::string_view plain) { return add(Piece::Kind::Plain, plain, plain); }

RichText& RichText::add(Piece::Kind kind, std::string_view text) { return add(kind, text, text); }

RichText& RichText::add(Piece::Kind kind, std::string_view text, std::string_view stable) {
  if (!text.empty() || !stable.empty()) {
    // Here, so that no rule can forget it: a traced program chooses most of these words, and a
    // control sequence among them would reach the reader's terminal.
    pieces_.push_back({kind, base::printable(base::shorten_ids(text)),
                       base::printable(base::shorten_ids(stable))});
  }
  return *this;
}

RichText& RichText::append(const RichText& other) {
  pieces_.insert(pieces_.end(), other.pieces_.begin(), other.pieces_.end());
  return *this;
}

std::string RichText::str(bool stable) const {
  std::string out;
  for (const Piece& piece : pieces_) {
    out += stable ? piece.stable : piece.text;
  }
  return out;
}

}  // namespace boxtrace::timeline
