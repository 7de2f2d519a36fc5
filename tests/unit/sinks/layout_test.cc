#include "tracer/sinks/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace boxtrace::sinks {
namespace {

using ::testing::ElementsAre;
using Kind = timeline::Piece::Kind;

timeline::RichText mount_text() {
  timeline::RichText text;
  text.add(Kind::Call, "mount");
  text.add(Kind::Plain, " tmpfs on ");
  text.add(Kind::Path, "/a path/of");
  text.add(Kind::Path, " blanks");
  text.add(Kind::Faint, " \u2192 done");
  return text;
}

std::vector<std::string> wrapped(std::size_t columns, const TextOptions& options,
                                 std::vector<std::size_t>* widths = nullptr) {
  std::vector<std::size_t> ignored;
  return wrap(mount_text(), columns, options, widths == nullptr ? &ignored : widths);
}

TEST(Layout, BreaksBetweenWordsAndKnowsTheWidths) {
  std::vector<std::size_t> widths;
  EXPECT_THAT(wrapped(20, {}, &widths),
              ElementsAre("mount tmpfs on /a", "path/of blanks \u2192", "done"));
  EXPECT_THAT(widths, ElementsAre(17U, 16U, 4U));
}

TEST(Layout, WithoutAWidthOneLineHoldsAll) {
  EXPECT_THAT(wrapped(0, {}), ElementsAre("mount tmpfs on /a path/of blanks \u2192 done"));
}

TEST(Layout, AWordLongerThanTheLineStandsAlone) { EXPECT_EQ(wrapped(3, {}).front(), "mount"); }

TEST(Layout, ColourIsSwitchedOncePerRunAndNeverAcrossLines) {
  TextOptions options;
  options.color = true;
  EXPECT_THAT(
      wrapped(20, options),
      ElementsAre("\x1b[1mmount\x1b[0m tmpfs on \x1b[36m/a\x1b[0m",
                  "\x1b[36mpath/of blanks\x1b[0m \x1b[2m\u2192\x1b[0m", "\x1b[2mdone\x1b[0m"));
}

TEST(Layout, AsciiIsWhatItSays) {
  TextOptions options;
  options.ascii = true;
  EXPECT_THAT(wrapped(0, options), ElementsAre("mount tmpfs on /a path/of blanks -> done"));
  EXPECT_EQ(to_ascii("\u25c6 \u2026 \u00e9"), "* .. ?");
}

}  // namespace
}  // namespace boxtrace::sinks
