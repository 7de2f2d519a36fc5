// Sets of calls in strace's notation.

#include "decoders/call_selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "decoders/registry.h"

namespace boxtrace::decoders {
namespace {

using ::testing::HasSubstr;

bool selects(std::string_view expression, std::string_view name, raw::Abi abi = raw::Abi::X86_64) {
  const auto selection = CallSelection::parse(expression);
  EXPECT_TRUE(selection.ok()) << expression;
  for (const SyscallSpec* spec : find_syscalls(name)) {
    const int number = number_in(*spec, abi);
    if (number >= 0) {
      return selection.value().has(abi, static_cast<std::uint64_t>(number));
    }
  }
  ADD_FAILURE() << "no call " << name;
  return false;
}

TEST(CallSelection, TakesNamesListsAndNegation) {
  EXPECT_TRUE(selects("open,close", "close"));
  EXPECT_FALSE(selects("open,close", "read"));
  EXPECT_FALSE(selects("!open,close", "close"));
  EXPECT_TRUE(selects("!open,close", "read"));
  EXPECT_TRUE(selects("all", "read"));
  EXPECT_FALSE(selects("none", "read"));
  EXPECT_FALSE(selects("!all", "read"));
}

TEST(CallSelection, TakesPatternsNumbersAndAbis) {
  EXPECT_TRUE(selects("/^rt_sig", "rt_sigreturn"));
  EXPECT_FALSE(selects("/^rt_sigr.*n$", "rt_sigaction"));
  EXPECT_TRUE(selects("0", "read"));
  EXPECT_TRUE(selects("mount@64", "mount"));
  EXPECT_FALSE(selects("mount@64", "mount", raw::Abi::I386));
  EXPECT_TRUE(selects("mount@32", "mount", raw::Abi::I386));
}

// What strace 6.1 puts into its classes, where our own themes would say otherwise.
TEST(CallSelection, HasTheClassesOfStrace) {
  EXPECT_TRUE(selects("%process", "kill"));
  EXPECT_FALSE(selects("%process", "prctl"));
  EXPECT_TRUE(selects("%creds", "capset"));
  EXPECT_FALSE(selects("%creds", "keyctl"));
  EXPECT_TRUE(selects("%desc", "mkdirat"));
  EXPECT_FALSE(selects("%desc", "socket"));
  EXPECT_TRUE(selects("%network", "sendfile"));
  EXPECT_TRUE(selects("%fstat", "statx"));
  EXPECT_TRUE(selects("%%stat", "lstat"));
  EXPECT_TRUE(selects("%clock", "time"));
  EXPECT_TRUE(selects("%pure", "getpid"));
  EXPECT_TRUE(selects("file", "open")) << "the old words go without %";
}

TEST(CallSelection, HasClassesOfContainers) {
  EXPECT_TRUE(selects("%namespace", "unshare"));
  EXPECT_TRUE(selects("%mount", "pivot_root"));
  EXPECT_TRUE(selects("%container", "execve"));
  EXPECT_TRUE(selects("%container", "mount"));
  EXPECT_FALSE(selects("%container", "read"));
  EXPECT_TRUE(selects("%seccomp", "seccomp"));
}

TEST(CallSelection, OfCgroupsDependsOnTheFile) {
  const auto cgroup = CallSelection::parse("%cgroup");
  ASSERT_TRUE(cgroup.ok());
  EXPECT_TRUE(cgroup.value().only_in_cgroups(raw::Abi::X86_64, 1));
  const auto both = CallSelection::parse("%cgroup,write");
  ASSERT_TRUE(both.ok());
  EXPECT_FALSE(both.value().only_in_cgroups(raw::Abi::X86_64, 1));
}

TEST(CallSelection, TakesCloneForTheFamilyAndSaysSo) {
  EXPECT_TRUE(selects("clone", "clone3"));
  EXPECT_TRUE(selects("clone", "vfork"));
  EXPECT_THAT(CallSelection::parse("clone").value().notes().at(0), HasSubstr("clone3"));
  EXPECT_FALSE(selects("/^clone$", "clone3"));
}

TEST(CallSelection, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(CallSelection::parse("moutn").error().hint, "did you mean mount?");
  EXPECT_TRUE(CallSelection::parse("?moutn,read").ok());
  EXPECT_THAT(CallSelection::parse("%filez").error().hint, HasSubstr("%file "));
  EXPECT_FALSE(CallSelection::parse("/(").ok());
  EXPECT_FALSE(CallSelection::parse("open,,close").ok());
  EXPECT_FALSE(CallSelection::parse("open@16").ok());
}

}  // namespace
}  // namespace boxtrace::decoders
