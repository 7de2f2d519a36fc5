#include "decoders/bpf/solve.h"

#include <gtest/gtest.h>

#include "decoders/bpf/emulator.h"
#include "decoders/bpf/outcome.h"
#include "decoders/bpf/verdict.h"
#include "tests/unit/bpf/random_program.h"

namespace boxtrace::bpf {
namespace {

TEST(BpfSolve, LevelsAndBitsAreTheSameInBothDirections) {
  for (const Order order : {Order::OneByOne, Order::Interleaved}) {
    std::vector<bool> seen(kInputLevels, false);
    for (std::size_t word = 0; word < kInputWords; ++word) {
      for (unsigned bit = 0; bit < kWordBits; ++bit) {
        const Level level = level_of(order, word, bit);
        ASSERT_LT(level, kInputLevels);
        seen[level] = true;
        const InputBit back = bit_at(order, level);
        EXPECT_EQ(back.word, word);
        EXPECT_EQ(back.bit, bit);
      }
    }
    EXPECT_EQ(std::count(seen.begin(), seen.end(), true), kInputLevels);
  }
}

// tests/bench takes any number of programs; this is the sample of every run.
TEST(BpfSolve, RandomProgramsAreSolvedAsTheyRun) {
  constexpr std::uint64_t kPrograms = 150;
  std::size_t unproven = 0;
  for (std::uint64_t seed = 1; seed <= kPrograms; ++seed) {
    testing::Random random(seed);
    const Program program = testing::random_program(random, 2 + random.below(80));
    ASSERT_FALSE(find_refusal(program).has_value()) << "seed " << seed;
    const Solution solution = solve(std::span(&program, 1), Answers::Effective, 300'000);
    unproven += solution.proven.front() ? 0U : 1U;
    for (const Input& input : testing::random_inputs(random, program, 100)) {
      const std::uint64_t answer =
          answer_for(*solution.diagram, solution.order, solution.roots.front(), input);
      if (answer == kUndecided && !solution.proven.front()) {
        continue;
      }
      ASSERT_EQ(answer, effective(evaluate(program, input).result)) << "seed " << seed;
    }
  }
  EXPECT_LT(unproven, kPrograms * 15 / 100);
}

TEST(BpfSolve, EqualProgramsAreTheSameNode) {
  // nr == 5 ? ALLOW : KILL, in two ways.
  const std::vector<Program> programs = {
      {{0x20, 0, 0, 0}, {0x15, 0, 1, 5}, {0x06, 0, 0, 0x7fff0000}, {0x06, 0, 0, 0x80000000}},
      {{0x20, 0, 0, 0},
       {0x14, 0, 0, 5},
       {0x45, 1, 0, 0xffffffff},
       {0x06, 0, 0, 0x7fff1234},
       {0x06, 0, 0, 0x80000001}}};
  const Solution solution = solve(programs);
  EXPECT_EQ(solution.roots[0], solution.roots[1]);
}

TEST(BpfSolve, ReturnAIsSplitByItsValues) {
  // ERRNO(nr & 3)
  const Program program = {
      {0x20, 0, 0, 0}, {0x54, 0, 0, 3}, {0x44, 0, 0, 0x50000}, {0x16, 0, 0, 0}};
  const Solution solution = solve(std::span(&program, 1));
  EXPECT_TRUE(solution.proven.front());
  EXPECT_EQ(solution.diagram->ends(solution.roots.front()).size(), 4U);
}

}  // namespace
}  // namespace boxtrace::bpf
