// The emulator, the verdicts and the rules against the kernel that runs here.

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "decoders/bpf/emulator.h"
#include "decoders/bpf/listing.h"
#include "decoders/bpf/outcome.h"
#include "decoders/bpf/points.h"
#include "decoders/bpf/program_file.h"
#include "decoders/bpf/rules_text.h"
#include "decoders/bpf/verdict.h"
#include "tests/unit/bpf/random_program.h"
#include "tracer/cli/kernel_oracle.h"
#include "tracer/os/file.h"

namespace boxtrace::cli {
namespace {

using bpf::Program;

/// The filters of tests/filters, each content once: several runtimes install the same.
std::vector<std::filesystem::path> filter_files() {
  std::map<std::string, std::filesystem::path> by_content;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           std::filesystem::path(BOXTRACE_SOURCE_DIR) / "tests/filters")) {
    if (entry.path().extension() == ".bpf") {
      auto bytes = os::read_file(entry.path().string());
      auto& kept = by_content[bytes.ok() ? bytes.value() : entry.path().string()];
      kept = kept.empty() ? entry.path() : std::min(kept, entry.path());
    }
  }
  std::vector<std::filesystem::path> files;
  for (const auto& [content, path] : by_content) {
    files.push_back(path);
  }
  std::sort(files.begin(), files.end());
  return files;
}

Program read_program(const std::filesystem::path& path) {
  return bpf::parse_program_file(os::read_file(path.string()).value()).value();
}

TEST(SeccompVerdicts, OfRandomAndBrokenProgramsAreTheKernels) {
  std::vector<Program> programs;
  for (std::uint64_t seed = 1; seed <= bpf::testing::program_count(3000); ++seed) {
    bpf::testing::Random random(seed);
    programs.push_back(bpf::testing::random_broken_program(random));
    if (seed % 4 == 0) {
      programs.push_back(bpf::testing::random_program(random, 1 + random.below(100)));
    }
  }
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{1}, bpf::kMaxInstructions, bpf::kMaxInstructions + 1}) {
    programs.emplace_back(length, bpf::Instruction{0x06, 0, 0, 0x7fff0000});
  }
  const auto verdicts = ask_verdicts(programs);
  ASSERT_TRUE(verdicts.ok()) << verdicts.error().what;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    const auto refusal = bpf::find_refusal(programs[i]);
    refused += refusal ? 1U : 0U;
    ASSERT_EQ(!refusal.has_value(), verdicts.value()[i])
        << "program " << i << (refusal ? bpf::render_refusal(*refusal) : std::string(" is taken"))
        << '\n'
        << bpf::render_listing(programs[i]);
  }
  EXPECT_GT(refused, programs.size() / 4);
  EXPECT_LT(refused, programs.size() * 3 / 4);
}

TEST(SeccompEmulator, EndsWhereTheKernelEnds) {
  for (std::uint64_t seed = 1; seed <= bpf::testing::program_count(400); ++seed) {
    bpf::testing::Random random(seed);
    const Program program = bpf::testing::random_program(random, 2 + random.below(120));
    auto oracle = SocketOracle::create(program);
    ASSERT_TRUE(oracle.ok()) << oracle.error().what;
    for (const bpf::Input& input : bpf::testing::random_inputs(random, program, 100)) {
      const auto ended = oracle.value().run(input);
      ASSERT_TRUE(ended.ok()) << ended.error().what;
      const bpf::Ending ours = bpf::evaluate(program, input);
      const bool divided = bpf::decode_opcode(program[ours.pc].code)->op == bpf::Op::Divide;
      ASSERT_EQ(ended.value(), divided ? EndedAt{} : EndedAt{ours.pc})
          << "seed " << seed << '\n'
          << bpf::render_listing(program);
    }
  }
}

/// The rules of a filter, printed and read back, at every point: as the emulator says, which ends
/// where the kernel ends, as a socket filter for all architectures and as seccomp for three ABIs.
class SeccompFilters : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(SeccompFilters, RulesEmulatorAndKernelAgree) {
  const Program program = read_program(GetParam());
  ASSERT_FALSE(bpf::find_refusal(program).has_value());
  bpf::Solution solution = bpf::solve(std::span(&program, 1));
  ASSERT_TRUE(solution.proven.front());
  const auto policy = bpf::read_policy(*solution.diagram, solution.order, solution.roots.front());
  ASSERT_TRUE(policy.has_value());
  const auto again = bpf::parse_rules(bpf::render_rules(*policy));
  ASSERT_TRUE(again.ok()) << again.error().what;
  const bpf::Node rules = bpf::build(*solution.diagram, solution.order, again.value());
  ASSERT_EQ(rules, solution.roots.front()) << "the text is not the program";

  // `boxtrace seccomp verify` goes up to 48 vectors, which takes too long for every run.
  bpf::PointChoice choice = bpf::usual_points();
  choice.most_vectors = bpf::testing::program_count(choice.vectors);
  const std::vector<bpf::Input> points = bpf::make_points(program, choice);
  ASSERT_GE(points.size(), 7U * 601U * 12U);
  auto oracle = SocketOracle::create(program);
  if (!oracle.ok() && oracle.error().err == ENOMEM) {
    GTEST_SKIP() << oracle.error().hint;  // 20 KiB before Linux 6.8
  }
  ASSERT_TRUE(oracle.ok()) << oracle.error().what;
  for (const bpf::Input& point : points) {
    const bpf::Ending ours = bpf::evaluate(program, point);
    ASSERT_EQ(bpf::answer_for(*solution.diagram, solution.order, rules, point),
              bpf::effective(ours.result));
    const auto ended = oracle.value().run(point);
    ASSERT_TRUE(ended.ok()) << ended.error().what;
    ASSERT_EQ(ended.value(), EndedAt{ours.pc});
  }
  const auto answers = run_under_seccomp(program, points);
  ASSERT_TRUE(answers.ok()) << answers.error().what;
  std::size_t asked = 0;
  for (const auto& answer : answers.value()) {
    if (answer) {
      ++asked;
      ASSERT_EQ(answer->ended, EndedAt{bpf::evaluate(program, answer->input).pc})
          << std::hex << answer->input[0] << ' ' << answer->input[1];
    }
  }
  EXPECT_GT(asked, 3U * 590U * 12U);
}

std::string name_of(const ::testing::TestParamInfo<std::filesystem::path>& info) {
  std::string name = info.param.stem().string();
  std::replace_if(
      name.begin(), name.end(),
      [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Captured, SeccompFilters, ::testing::ValuesIn(filter_files()), name_of);

}  // namespace
}  // namespace boxtrace::cli
