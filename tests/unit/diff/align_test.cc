#include "tracer/diff/align.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace boxtrace::diff {
namespace {

using ::testing::ElementsAre;

Step step(std::string id, std::uint32_t process, std::string role = "runc",
          std::vector<std::pair<std::string, std::string>> facts = {}) {
  Step made;
  made.id = std::move(id);
  made.process = process;
  made.role = std::move(role);
  made.facts = std::move(facts);
  return made;
}

/// `0=1` for a pair, `0-` and `+1` for what only one side has, `0~1` for what has moved.
std::vector<std::string> shape(const std::vector<Pairing>& pairs) {
  std::vector<std::string> words;
  for (const Pairing& pair : pairs) {
    if (pair.left && pair.right) {
      words.push_back(std::to_string(*pair.left) + (pair.moved ? "~" : "=") +
                      std::to_string(*pair.right));
    } else if (pair.left) {
      words.push_back(std::to_string(*pair.left) + "-");
    } else {
      words.push_back("+" + std::to_string(*pair.right));
    }
  }
  return words;
}

TEST(Align, PairsEqualSequences) {
  const std::vector<Step> steps = {step("exec", 1), step("ns.new", 1), step("exit", 1)};
  EXPECT_THAT(shape(align(steps, steps)), ElementsAre("0=0", "1=1", "2=2"));
}

TEST(Align, FindsWhatOneSideLacks) {
  const std::vector<Step> left = {step("exec", 1), step("keyring", 1), step("exit", 1)};
  const std::vector<Step> right = {step("exec", 1), step("exit", 1), step("umount", 1)};
  EXPECT_THAT(shape(align(left, right)), ElementsAre("0=0", "1-", "2=1", "+2"));
}

TEST(Align, DoesNotMindHowProcessesInterleave) {
  const std::vector<Step> left = {step("a", 1), step("b", 2, "init"), step("c", 1),
                                  step("d", 2, "init")};
  const std::vector<Step> right = {step("b", 9, "init"), step("d", 9, "init"), step("a", 5),
                                   step("c", 5)};
  EXPECT_THAT(shape(align(left, right)), ElementsAre("0=2", "1=0", "2=3", "3=1"));
}

TEST(Align, SaysWhatMovedWithinAProcess) {
  const std::vector<Step> left = {step("seccomp", 1), step("caps", 1), step("nnp", 1)};
  const std::vector<Step> right = {step("caps", 1), step("nnp", 1), step("seccomp", 1)};
  EXPECT_THAT(shape(align(left, right)), ElementsAre("0~2", "1=0", "2=1"));
}

TEST(Align, PairsTheSameStepOfDifferentProcesses) {
  const std::vector<Step> runc = {
      step("exec", 1, "runc run"),
      step("ns.new", 2, "runc:[1:CHILD]", {{"by", "unshare"}, {"kinds", "mnt pid"}})};
  const std::vector<Step> crun = {
      step("exec", 1, "crun run"),
      step("ns.new", 1, "crun run", {{"by", "clone"}, {"kinds", "mnt pid"}})};
  EXPECT_THAT(shape(align(runc, crun)), ElementsAre("0=0", "1=1"));
}

TEST(Align, PrefersThePartnerWithTheMostInCommon) {
  const std::vector<Step> left = {step("mounts", 1, "a", {{"mounts", "proc /proc, tmpfs /dev"}})};
  const std::vector<Step> right = {step("mounts", 1, "a", {{"mounts", "bind /x"}}),
                                   step("mounts", 1, "a", {{"mounts", "proc /proc, sysfs /sys"}})};
  EXPECT_THAT(shape(align(left, right)), ElementsAre("0=1", "+0"));
}

TEST(Align, PairsNothingWithNothing) {
  EXPECT_THAT(shape(align({}, {})), ElementsAre());
  EXPECT_THAT(shape(align({}, {step("a", 1)})), ElementsAre("+0"));
}

}  // namespace
}  // namespace boxtrace::diff
