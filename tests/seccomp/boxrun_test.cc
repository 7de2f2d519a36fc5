// The filter that boxrun installs is the profile that it was given, the same function of every
// call, but for those younger than the profile, which do not exist for the container.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/seccomp.h>

#include <cerrno>

#include <nlohmann/json.hpp>

#include "decoders/bpf/compare.h"
#include "decoders/bpf/profile.h"
#include "runtime/config/default_spec.h"
#include "runtime/config/parse.h"
#include "runtime/exec/seccomp_program.h"
#include "runtime/exec/seccomp_report.h"
#include "tracer/os/file.h"

namespace boxtrace::cli {
namespace {

class BoxrunFilter : public ::testing::TestWithParam<const char*> {};

TEST_P(BoxrunFilter, IsTheProfile) {
  const std::string path =
      std::string(BOXTRACE_SOURCE_DIR) + "/tests/filters/" + GetParam() + ".profile.json";
  const auto text = os::read_file(path);
  ASSERT_TRUE(text.ok());
  auto spec = nlohmann::json::parse(boxrun::config::render_default_spec({}));
  spec["linux"]["seccomp"] = nlohmann::json::parse(text.value());
  const std::string document = spec.dump();
  const auto config = boxrun::config::parse_config(document);
  ASSERT_TRUE(config.ok()) << config.error().what;
  ASSERT_TRUE(config.value().seccomp.has_value());
  const auto compiled = boxrun::exec::compile_seccomp(*config.value().seccomp);
  ASSERT_TRUE(compiled.ok()) << compiled.error().what;
  bpf::Program program;
  for (const sock_filter& in : compiled.value().instructions) {
    program.push_back({in.code, in.jt, in.jf, in.k});
  }
  const auto profile = bpf::parse_profile(document, bpf::docker_defaults());
  ASSERT_TRUE(profile.ok()) << profile.error().what;
  bpf::Solution solution = bpf::solve(std::span(&program, 1));
  const bpf::Node wanted =
      bpf::build(*solution.diagram, solution.order, bpf::policy_of(profile.value()));
  const auto differences =
      bpf::find_differences(*solution.diagram, solution.order, wanted, solution.roots.front());
  ASSERT_TRUE(differences.has_value());
  for (const bpf::Difference& d : *differences) {
    constexpr std::uint64_t kOldest = 424;
    const bool is_young = (d.numbers.front().first & 0xfff) > kOldest;
    // -1, with which a tracer skips a call, is none.
    const bool is_all_above =
        d.numbers.size() == 1 && (d.numbers.back().last & 0x3fffffff) >= 0x3ffffffe;
    EXPECT_TRUE(is_young && is_all_above && !d.conditional &&
                d.right == (SECCOMP_RET_ERRNO | ENOSYS))
        << d.section.name << ": " << bpf::render_numbers(d.section, d.numbers, 9);
  }
}

TEST(BoxrunReport, SaysWhatTheFilterComesToAndWhatIsOpen) {
  auto spec = nlohmann::json::parse(boxrun::config::render_default_spec({}));
  const auto text =
      os::read_file(std::string(BOXTRACE_SOURCE_DIR) + "/tests/filters/docker-chmod.profile.json");
  spec["linux"]["seccomp"] = nlohmann::json::parse(text.value());
  const std::string document = spec.dump();
  const auto config = boxrun::config::parse_config(document);
  ASSERT_TRUE(config.ok());
  const auto compiled = boxrun::exec::compile_seccomp(*config.value().seccomp);
  ASSERT_TRUE(compiled.ok());
  const std::vector<std::string> lines = boxrun::exec::report_seccomp(compiled.value());
  ASSERT_GE(lines.size(), 3U);
  EXPECT_EQ(lines[0], fmt::format("compiled to {} instructions: default ALLOW, refuses 3 calls",
                                  compiled.value().instructions.size()));
  EXPECT_TRUE(lines[1].starts_with("i386-killed: every call of a 32-bit program is killed"));
  EXPECT_TRUE(lines[2].starts_with(
      "sibling-open: chmod, fchmod, fchmodat are refused, but fchmodat2 is not"));
}

INSTANTIATE_TEST_SUITE_P(Profiles, BoxrunFilter,
                         ::testing::Values("docker-default", "podman-default", "chmod",
                                           "docker-chmod"));

}  // namespace
}  // namespace boxtrace::cli
