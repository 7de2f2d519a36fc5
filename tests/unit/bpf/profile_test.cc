// Profiles against the filters that runtimes made of them. tests/filters holds both.

#include "decoders/bpf/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "decoders/bpf/compare.h"
#include "decoders/bpf/outcome.h"
#include "decoders/bpf/rules_text.h"

namespace boxtrace::bpf {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string read(const std::string& name) {
  std::ifstream file(std::string(BOXTRACE_SOURCE_DIR) + "/tests/filters/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Program filter(const std::string& name) {
  return parse_program(base::as_bytes(read(name))).value();
}

Policy policy(const std::string& name) {
  auto profile = parse_profile(read(name), docker_defaults());
  EXPECT_TRUE(profile.ok()) << (profile.ok() ? "" : profile.error().what);
  return policy_of(profile.value());
}

std::vector<std::string> compare(Solution& solution, Node left, Node right) {
  std::vector<std::string> out;
  const auto differences = find_differences(*solution.diagram, solution.order, left, right);
  EXPECT_TRUE(differences.has_value());
  for (const Difference& d : *differences) {
    out.push_back(d.section.name + " " + render_numbers(d.section, d.numbers, 3) + ": " +
                  render_outcome(static_cast<std::uint32_t>(d.left)) + " and " +
                  render_outcome(static_cast<std::uint32_t>(d.right)));
  }
  return out;
}

/// The differences between a profile and a filter.
std::vector<std::string> differences(const std::string& profile, const std::string& program) {
  const Program made = filter(program);
  Solution solution = solve(std::span(&made, 1));
  const Node wanted = build(*solution.diagram, solution.order, policy(profile));
  return compare(solution, wanted, solution.roots.front());
}

std::vector<std::string> differences_of_filters(const std::string& left, const std::string& right) {
  const std::vector<Program> both = {filter(left), filter(right)};
  Solution solution = solve(both);
  return compare(solution, solution.roots[0], solution.roots[1]);
}

TEST(BpfProfile, DockersDefaultIsItsFilterButForRuncsStub) {
  EXPECT_THAT(differences("docker-default.profile.json", "docker-default.0.bpf"),
              ElementsAre("i386 450..: ERRNO(EPERM) and ERRNO(ENOSYS)",
                          "x86_64 450..: ERRNO(EPERM) and ERRNO(ENOSYS)",
                          "x32 0x40000224..: ERRNO(EPERM) and ERRNO(ENOSYS)"));
}

TEST(BpfProfile, LibseccompsOwnOutputIsTheProfile) {
  EXPECT_THAT(differences("docker-default.profile.json", "crun-dock.0.bpf"), IsEmpty());
  EXPECT_THAT(differences("podman-default.profile.json", "podman-runc.0.bpf"), IsEmpty());
  EXPECT_THAT(differences("chmod.profile.json", "runc-chmod.0.bpf"), IsEmpty());
  EXPECT_THAT(differences("docker-chmod.profile.json", "docker-chmod.0.bpf"), IsEmpty());
  EXPECT_THAT(differences("allacts.profile.json", "crun-allacts.0.bpf"), IsEmpty());
}

TEST(BpfProfile, OptimisedFiltersAreTheSame) {
  EXPECT_THAT(differences_of_filters("gen-docker-default-O1.bpf", "gen-docker-default-O2.bpf"),
              IsEmpty());
}

TEST(BpfProfile, RuncAndCrunDifferInUnknownNumbersOnly) {
  EXPECT_THAT(differences_of_filters("crun-dock.0.bpf", "runc-dock.0.bpf"),
              ElementsAre("i386 450..: ERRNO(EPERM) and ERRNO(ENOSYS)",
                          "x86_64 450..: ERRNO(EPERM) and ERRNO(ENOSYS)",
                          "x32 0x40000224..: ERRNO(EPERM) and ERRNO(ENOSYS)"));
}

}  // namespace
}  // namespace boxtrace::bpf
