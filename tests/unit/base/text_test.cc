#include "tracer/base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace boxtrace::base {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Quote, EscapesWhatACStringLiteralMust) {
  EXPECT_EQ(quote("a\"b\\c\n\t\r\v\f"), R"("a\"b\\c\n\t\r\v\f")");
}

TEST(Quote, WritesUnprintableBytesAsShortOctal) {
  EXPECT_EQ(quote(std::string_view("\0\x07\x1f\x7f", 4)), R"("\0\7\37\177")");
}

TEST(Quote, PadsAnOctalEscapeBeforeADigit) {
  EXPECT_EQ(quote(std::string_view("\0"
                                   "1",
                                   2)),
            R"("\0001")");
}

TEST(Quote, KeepsValidUtf8AndEscapesTheRest) {
  EXPECT_EQ(quote("h\u00e9 \u2192"), "\"h\u00e9 \u2192\"");
  EXPECT_EQ(quote("\xff\xfe"), R"("\377\376")");
  EXPECT_EQ(quote("\xe2\x86"), R"("\342\206")");  // a sequence that the end cuts off
}

TEST(Quote, EscapesC1ControlsAlthoughTheyAreValidUtf8) {
  // U+009B starts an escape sequence on terminals that honour C1.
  EXPECT_EQ(quote("\xc2\x9b"), R"("\302\233")");
}

TEST(Printable, LetsNoEscapeSequenceThrough) {
  EXPECT_EQ(printable("a\x1b[31mb"), R"(a\33[31mb)");
  EXPECT_EQ(printable("say \"hi\" \\o/"), R"(say "hi" \o/)");
}

TEST(Utf8, RefusesOverlongSurrogateAndTooLargeForms) {
  EXPECT_TRUE(is_utf8("plain, \u00df, \u20ac, \U0001f4e6"));
  EXPECT_FALSE(is_utf8("\xc0\xaf"));          // overlong '/'
  EXPECT_FALSE(is_utf8("\xe0\x80\xaf"));      // overlong '/'
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));      // U+D800
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));  // U+110000
  EXPECT_FALSE(is_utf8("\x80"));
}

TEST(Width, CountsCodePoints) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("\u25c61 \u2192"), 4U);
  EXPECT_EQ(display_width(""), 0U);
}

TEST(ShortenIds, CutsLongRunsOfHexDigitsOnly) {
  const std::string id = "eef751de69759a44c400afbc2c50628ef8bb20f50c7a8511fac7b5130a130f50";
  EXPECT_EQ(shorten_ids("/run/runc/" + id + "/state.json"), "/run/runc/eef751de6975…/state.json");
  EXPECT_EQ(shorten_ids(id), "eef751de6975…");
  EXPECT_EQ(shorten_ids("0123456789abcdef0123456789abcde"), "0123456789abcdef0123456789abcde");
  EXPECT_EQ(shorten_ids("decade"), "decade");
  EXPECT_EQ(shorten_ids(""), "");
}

TEST(Clip, ReplacesTheLastColumnByAnEllipsis) {
  EXPECT_EQ(clip("abcdef", 6), "abcdef");
  EXPECT_EQ(clip("abcdef", 4), "abc\u2026");
  EXPECT_EQ(clip("\u2192\u2192\u2192", 2), "\u2192\u2026");  // never within a code point
  EXPECT_EQ(clip("abc", 1), "\u2026");
  EXPECT_EQ(clip("abc", 0), "");
}

TEST(Base64, EncodesTheVectorsOfRfc4648) {
  EXPECT_EQ(to_base64(""), "");
  EXPECT_EQ(to_base64("f"), "Zg==");
  EXPECT_EQ(to_base64("fo"), "Zm8=");
  EXPECT_EQ(to_base64("foo"), "Zm9v");
  EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
}

TEST(Base64, GivesAllBytesBack) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) {
    all += static_cast<char>(byte);
    EXPECT_EQ(parse_base64(to_base64(all)), all);
  }
}

TEST(Base64, RefusesWhatIsNotCanonical) {
  EXPECT_FALSE(parse_base64("Zg"));        // no padding
  EXPECT_FALSE(parse_base64("Zh=="));      // bits beyond the end
  EXPECT_FALSE(parse_base64("Zg==Zg=="));  // padding inside
  EXPECT_FALSE(parse_base64("Z==="));
  EXPECT_FALSE(parse_base64("===="));
  EXPECT_FALSE(parse_base64("Zg=A"));
  EXPECT_FALSE(parse_base64("Zm9\n"));
}

TEST(Numbers, PrintHexWithoutLeadingZeros) {
  EXPECT_EQ(to_hex(0), "0x0");
  EXPECT_EQ(to_hex(0x6c020000), "0x6c020000");
  EXPECT_EQ(to_hex(std::numeric_limits<std::uint64_t>::max()), "0xffffffffffffffff");
}

TEST(Numbers, ParseTakesAllOfTheTextOrNothing) {
  EXPECT_EQ(parse_u64("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(parse_u64("0xffffffffffffffff"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(parse_i64("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  for (const char* bad : {"", "0x", "18446744073709551616", "0x10000000000000000", "-1", "+1", " 1",
                          "1 ", "12a", "0x1g", "0x-1"}) {
    EXPECT_FALSE(parse_u64(bad)) << bad;
  }
  EXPECT_FALSE(parse_i64("9223372036854775808"));
  EXPECT_FALSE(parse_i64("--1"));
}

TEST(Split, KeepsEmptyPieces) {
  EXPECT_THAT(split("a::b:", ':'), ElementsAre("a", "", "b", ""));
  EXPECT_THAT(split("", ':'), ElementsAre(""));
}

TEST(SplitBlanks, DropsEmptyPieces) {
  EXPECT_THAT(split_blanks(" \ta  b\tc "), ElementsAre("a", "b", "c"));
  EXPECT_THAT(split_blanks(" \t "), IsEmpty());
}

TEST(Trim, TakesWhiteSpaceFromBothEndsOnly) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
}

TEST(Join, PutsTheSeparatorBetween) {
  EXPECT_EQ(join({"a", "b", "c"}, ", "), "a, b, c");
  EXPECT_EQ(join({}, ", "), "");
}

TEST(Nearest, OffersCloseWordsBestFirst) {
  EXPECT_THAT(nearest("unshar", {"mount", "unshare", "setns"}), ElementsAre("unshare"));
  EXPECT_THAT(nearest("clone4", {"clone", "clone3", "close"}),
              ElementsAre("clone", "clone3", "close"));
  EXPECT_THAT(nearest("clone4", {"clone", "clone3", "close"}, 1), ElementsAre("clone"));
}

TEST(Nearest, StaysSilentRatherThanGuess) {
  EXPECT_THAT(nearest("xyzzy", {"mount", "unshare"}), IsEmpty());
}

}  // namespace
}  // namespace boxtrace::base
