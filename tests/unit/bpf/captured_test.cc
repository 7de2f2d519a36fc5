// The filters of tests/filters, without a kernel: each is solved and its rules proved, in half a
// second and 64 MB. tests/seccomp holds them against the kernel.

#include <gtest/gtest.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "decoders/bpf/compare.h"
#include "decoders/bpf/explain.h"
#include "decoders/bpf/lint.h"
#include "decoders/bpf/listing.h"
#include "decoders/bpf/outcome.h"
#include "decoders/bpf/profile.h"
#include "decoders/bpf/program_file.h"
#include "decoders/bpf/rules_text.h"

namespace boxtrace::bpf {
namespace {

Program read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  auto program = parse_program_file(bytes);
  EXPECT_TRUE(program.ok()) << path;
  return program.ok() ? program.value() : Program{};
}

std::filesystem::path folder() {
  return std::filesystem::path(BOXTRACE_SOURCE_DIR) / "tests/filters";
}

std::vector<Program> stack(const std::string& name, int count) {
  std::vector<Program> programs;
  for (int i = 0; i < count; ++i) {
    programs.push_back(read(folder() / (name + "." + std::to_string(i) + ".bpf")));
  }
  return programs;
}

// What the story says of a filter: of the architecture that it is for.
TEST(BpfCaptured, ASummaryIsOfTheArchitectureThatTheFilterRefusesSomethingOf) {
  const auto summary = [](const std::string& name) {
    const Program program = read(folder() / (name + ".bpf"));
    const Explanation explained = explain(std::span(&program, 1));
    return explained.policy ? render_summary(summarise(*explained.policy)) : explained.doubt;
  };
  EXPECT_EQ(summary("runc-chmod.0"), "default ALLOW, refuses 3 calls");
  EXPECT_EQ(summary("nspawn.1"), "x32: default ERRNO(ENOSYS), allows 304 calls");
  EXPECT_EQ(summary("nspawn.3"), "x32: default ALLOW, refuses 0 calls, 1 with conditions");
  EXPECT_EQ(summary("firejail.1"), "i386: default ALLOW, refuses 48 calls");
}

TEST(BpfCaptured, AllAreProvedInTimeAndMemory) {
  std::size_t filters = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    if (entry.path().extension() != ".bpf") {
      continue;
    }
    ++filters;
    const Program program = read(entry.path());
    const std::clock_t begin = std::clock();
    const Explanation explained = explain(std::span(&program, 1));
    [[maybe_unused]] const double seconds =
        static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    EXPECT_TRUE(explained.proven) << entry.path() << ": " << explained.doubt;
    // 28 bytes a node, with its bucket and its share of the memory of results.
    EXPECT_LT(explained.solution.diagram->size() * 28, std::size_t{64} << 20) << entry.path();
#ifndef __SANITIZE_ADDRESS__  // which doubles it
    EXPECT_LT(seconds, 0.5) << entry.path();
#endif
    EXPECT_EQ(parse_listing(render_listing(program)).value(), program) << entry.path();
    EXPECT_EQ(parse_program_file(render_hex(program)).value(), program);
    EXPECT_EQ(parse_program_file(render_json(program)).value(), program);
  }
  EXPECT_GE(filters, 39U);
}

TEST(BpfCaptured, StacksAreProvedAndSayWhoDecides) {
  const Explanation nspawn = explain(stack("nspawn", 5));
  EXPECT_TRUE(nspawn.proven) << nspawn.doubt;
  const Explanation firejail = explain(stack("firejail", 2));
  ASSERT_TRUE(firejail.proven) << firejail.doubt;
  Input input{};
  input[kArchWord] = 0xC000003E;
  input[kNumberWord] = 155;  // pivot_root: refused by the first, unknown to the second
  const Diagram& diagram = *firejail.solution.diagram;
  const std::uint64_t answer =
      answer_for(diagram, firejail.solution.order, firejail.deciders, input);
  EXPECT_EQ(decided_by(answer), 0U);
  EXPECT_NE(plain_answer(answer), std::uint64_t{kAllow});
}

TEST(BpfCaptured, OnePolicyForTwoShapesOfAProgramIsOneNode) {
  const std::vector<Program> both = {read(folder() / "gen-arm-O1.bpf"),
                                     read(folder() / "gen-arm-O2.bpf")};
  const Solution solution = solve(both);
  EXPECT_EQ(solution.roots[0], solution.roots[1]);
}

std::vector<std::string> findings(const std::string& file) {
  const Program program = read(folder() / file);
  std::vector<std::string> ids;
  for (const Finding& finding : find_mistakes(explain(std::span(&program, 1)))) {
    ids.push_back(finding.id);
  }
  return ids;
}

bool has(const std::vector<std::string>& ids, const std::string& id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

TEST(BpfLint, FindsWhatTheLabExerciseIsAbout) {
  EXPECT_TRUE(has(findings("runc-chmod.0.bpf"), "sibling-open"));  // fchmodat2
  EXPECT_TRUE(has(findings("docker-chmod.0.bpf"), "i386-killed"));
  EXPECT_FALSE(has(findings("docker-default.0.bpf"), "sibling-open"));
  EXPECT_FALSE(has(findings("docker-default.0.bpf"), "future-not-enosys"));
  EXPECT_TRUE(has(findings("crun-dock.0.bpf"), "future-not-enosys"));
}

TEST(BpfLint, WidthsAndArchitectures) {
  const auto of = [](std::string_view listing) {
    const Program program = parse_listing(listing).value();
    std::vector<std::string> ids;
    for (const Finding& finding : find_mistakes(explain(std::span(&program, 1)))) {
      ids.push_back(finding.id);
    }
    return ids;
  };
  // ioctl(TIOCSTI) refused only when the high half is zero.
  const auto by_64 =
      of("A = arch\nif (A == x86_64) goto a else goto ok\na: A = nr\nif (A == x86_64:ioctl) goto b "
         "else "
         "goto ok\nb: A = high(args[1])\nif (A == 0) goto c else goto ok\nc: A = low(args[1])\n"
         "if (A == 0x5412) goto no else goto ok\nok: return ALLOW\nno: return ERRNO(EPERM)\n");
  EXPECT_TRUE(has(by_64, "int-by-64-bits"));
  EXPECT_TRUE(has(by_64, "arch-unchecked"));
  EXPECT_FALSE(has(of("A = arch\nif (A == x86_64) goto a else goto no\na: return ALLOW\n"
                      "no: return KILL_PROCESS\n"),
                   "arch-unchecked"));
}

TEST(BpfProfileText, SaysWhatTheFilterSays) {
  for (const char* file : {"runc-chmod.0.bpf", "crun-dock.0.bpf"}) {
    const Program program = read(folder() / file);
    Explanation explained = explain(std::span(&program, 1));
    const ProfileText text = render_profile(*explained.policy);
    const auto profile = parse_profile(text.json, docker_defaults());
    ASSERT_TRUE(profile.ok()) << profile.error().what;
    const Node again =
        build(*explained.solution.diagram, explained.solution.order, policy_of(profile.value()));
    const auto differences = find_differences(*explained.solution.diagram, explained.solution.order,
                                              explained.root, again);
    ASSERT_TRUE(differences.has_value());
    for (const Difference& d : *differences) {
      ADD_FAILURE() << file << ": " << d.section.name << " "
                    << render_numbers(d.section, d.numbers, 9);
    }
  }
}

}  // namespace
}  // namespace boxtrace::bpf
