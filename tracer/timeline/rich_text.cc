#include "tracer/timeline/rich_text.h"

namespace boxtrace::timeline {

RichText& RichText::add(std::string_view plain) { return add(Piece::Kind::Plain, plain, plain); }

RichText& RichText::add(Piece::Kind kind, std::string_view text) { return add(kind, text, text); }

RichText& RichText::add(Piece::Kind kind, std::string_view text, std::string_view stable) {
  if (!text.empty() || !stable.empty()) {
    pieces_.push_back({kind, std::string(text), std::string(stable)});
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
