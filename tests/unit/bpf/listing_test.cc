#include "decoders/bpf/listing.h"

#include <gtest/gtest.h>

#include "tests/unit/bpf/random_program.h"

namespace boxtrace::bpf {
namespace {

Program parse(std::string_view text) {
  auto program = parse_listing(text);
  EXPECT_TRUE(program.ok()) << (program.ok() ? "" : program.error().what);
  return program.ok() ? program.value() : Program{};
}

std::string mistake_in(std::string_view text) {
  const auto program = parse_listing(text);
  return program.ok() ? "" : program.error().what;
}

TEST(BpfListing, NamesFieldsCallsAndAnswers) {
  const Program program = {
      {0x20, 0, 0, 4},          {0x15, 0, 3, 0xC000003E}, {0x20, 0, 0, 0},         {0x15, 0, 1, 90},
      {0x06, 0, 0, 0x00050001}, {0x06, 0, 0, 0x7fff0000}, {0x06, 0, 0, 0x7fff0001}};
  EXPECT_EQ(render_listing(program),
            "0000: A = arch\n"
            "0001: if (A == 0xc000003e) goto 0002 else goto 0005  ; x86_64\n"
            "0002: A = nr\n"
            "0003: if (A == 0x5a) goto 0004 else goto 0005  ; x86_64:chmod\n"
            "0004: return ERRNO(EPERM)\n"
            "0005: return ALLOW\n"
            "0006: return 0x7fff0001  ; ALLOW\n");
}

TEST(BpfListing, IsAssembledToTheSameBytes) {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    testing::Random random(seed);
    const Program program = seed % 2 == 0 ? testing::random_program(random, 1 + random.below(300))
                                          : testing::random_broken_program(random);
    const auto again = parse_listing(render_listing(program));
    ASSERT_TRUE(again.ok()) << again.error().what;
    ASSERT_EQ(again.value(), program) << "seed " << seed << '\n' << render_listing(program);
  }
}

TEST(BpfListing, TakesWordsAsLabelsAndNamesAsNumbers) {
  EXPECT_EQ(
      parse("  A = nr ; the number\n"
            "  if (A == x86_64:chmod) goto deny\n"
            "\n"
            "  return ALLOW\n"
            "deny: return ERRNO(38)\n"),
      (Program{
          {0x20, 0, 0, 0}, {0x15, 1, 0, 90}, {0x06, 0, 0, 0x7fff0000}, {0x06, 0, 0, 0x00050026}}));
}

TEST(BpfListing, SaysWhichLineIsWrong) {
  EXPECT_EQ(mistake_in("A = nr\nreturn MAYBE\n"), "line 2: cannot read \"return MAYBE\"");
  EXPECT_EQ(mistake_in("goto nowhere\n"), "line 1: there is no label \"nowhere\"");
  EXPECT_EQ(mistake_in("a: A = nr\ngoto a\n"), "line 2: cannot jump from 1 to 0");
  EXPECT_EQ(mistake_in("a: A = nr\na: A = nr\n"), "line 2: the label a is there twice");
  EXPECT_EQ(mistake_in("if (A == five) goto a\na: return ALLOW\n"), "line 1: what is \"five\"?");
}

}  // namespace
}  // namespace boxtrace::bpf
