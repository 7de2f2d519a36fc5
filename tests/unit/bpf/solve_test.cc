#include "decoders/bpf/solve.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <array>
#include <ctime>
#include <numeric>

#include "decoders/bpf/emulator.h"
#include "decoders/bpf/explain.h"
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

// What the program says at some inputs, the rules say too, and in how many cases they are proved.
// The limits of solve.h keep any program to half a second and 64 MB.
TEST(BpfSolve, RandomProgramsAreExplainedAsTheyRun) {
  const std::size_t programs = testing::program_count(1000);
  std::array<std::size_t, testing::kShapes.size()> unproven{};
  double slowest = 0;
  for (std::uint64_t seed = 1; seed <= programs; ++seed) {
    testing::Random random(seed);
    const std::size_t shape = seed % testing::kShapes.size();
    const std::size_t length =
        2 + random.below(testing::kShapes.at(shape) == testing::Shape::Ladder ? 600 : 80);
    const Program program = testing::random_program(random, length, testing::kShapes.at(shape));
    ASSERT_FALSE(find_refusal(program).has_value()) << "seed " << seed;
    const std::clock_t begin = std::clock();
    const Explanation explained = explain(std::span(&program, 1));
    slowest = std::max(slowest, static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
    unproven.at(shape) += explained.proven ? 0U : 1U;
    ASSERT_NE(explained.doubt, "the rules do not rebuild the program") << "seed " << seed;
    ASSERT_NE(explained.doubt, "the rules do not read as they were written") << "seed " << seed;
    for (const Input& input : testing::random_inputs(random, program, 100)) {
      const std::uint64_t answer =
          answer_for(*explained.solution.diagram, explained.solution.order, explained.root, input);
      if (answer != kUndecided || explained.proven) {
        ASSERT_EQ(answer, effective(evaluate(program, input).result)) << "seed " << seed;
        ASSERT_TRUE(!explained.policy || find_rule(*explained.policy, input).result == answer)
            << "seed " << seed;
      }
    }
  }
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const std::size_t all = std::accumulate(unproven.begin(), unproven.end(), std::size_t{0});
  fmt::print(
      "{} programs: {} not proven ({} of a quarter each), the slowest took {:.3f} s, at most "
      "{} MB\n",
      programs, all, fmt::join(unproven, ", "), slowest, used.ru_maxrss >> 10);
  EXPECT_LT(all, programs * 15 / 100);
#ifndef __SANITIZE_ADDRESS__  // which keeps what was freed
  EXPECT_LT(used.ru_maxrss >> 10, 64 + 64) << "64 MB, and what the test itself has";
#endif
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
