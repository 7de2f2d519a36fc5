#pragma once
// A line of the story before it is laid out: pieces that know what they are, so that a sink can
// colour them and leave out what changes from run to run.

#include <string>
#include <string_view>
#include <vector>

namespace boxtrace::timeline {

struct Piece {
  enum class Kind : std::uint8_t {
    Plain,
    Call,  ///< the name of a system call or a constant
    Path,
    Pid,    ///< `17458`, stable form `T4`
    Ns,     ///< a namespace
    Good,   ///< a protection that is in place
    Bad,    ///< something failed, or is missing
    Faint,  ///< said in passing
  };
  Kind kind = Kind::Plain;
  std::string text;
  std::string stable;  ///< free of what differs from run to run
};

/// Pieces in a row. Built with the methods, each of which returns the text itself.
class RichText {
 public:
  RichText() = default;
  RichText(std::string_view plain) { add(plain); }    // NOLINT(google-explicit-constructor)
  RichText(const char* plain) { add(plain); }         // NOLINT(google-explicit-constructor)
  RichText(const std::string& plain) { add(plain); }  // NOLINT(google-explicit-constructor)
  RichText& add(std::string_view plain);
  RichText& add(Piece::Kind kind, std::string_view text);
  RichText& add(Piece::Kind kind, std::string_view text, std::string_view stable);
  RichText& append(const RichText& other);
  [[nodiscard]] const std::vector<Piece>& pieces() const { return pieces_; }
  [[nodiscard]] bool empty() const { return pieces_.empty(); }
  [[nodiscard]] std::string str(bool stable = false) const;

 private:
  std::vector<Piece> pieces_;
};

}  // namespace boxtrace::timeline
