// Which calls an injection hits.

#include "tracer/ptrace/inject.h"

#include <gtest/gtest.h>

namespace boxtrace::ptrace {
namespace {

constexpr std::uint64_t kMount = 165;

/// The numbers of the first ten mounts of task 1 that are hit.
std::vector<int> hits(std::string_view text) {
  auto injection = parse_injection(text, 0);
  EXPECT_TRUE(injection.ok()) << text;
  Injector injector({injection.value()});
  std::vector<int> found;
  for (int i = 1; i <= 10; ++i) {
    if (injector.at_entry({1}, raw::Abi::X86_64, kMount) != nullptr) {
      found.push_back(i);
    }
  }
  return found;
}

TEST(Injection, HitsTheCallsThatWhenSays) {
  using Hits = std::vector<int>;
  EXPECT_EQ(hits("mount:error=EPERM").size(), 10U);
  EXPECT_EQ(hits("mount:error=EPERM:when=3"), (Hits{3}));
  EXPECT_EQ(hits("mount:error=EPERM:when=8+"), (Hits{8, 9, 10}));
  EXPECT_EQ(hits("mount:error=EPERM:when=2..4"), (Hits{2, 3, 4}));
  EXPECT_EQ(hits("mount:error=EPERM:when=1+4"), (Hits{1, 5, 9}));
  EXPECT_EQ(hits("mount:error=EPERM:when=2..7+3"), (Hits{2, 5}));
  EXPECT_EQ(hits("umount2:error=EPERM"), (Hits{}));
}

TEST(Injection, CountsPerTaskAndCall) {
  Injector injector({parse_injection("%mount:error=1:when=1", 0).value()});
  EXPECT_NE(injector.at_entry({1}, raw::Abi::X86_64, kMount), nullptr);
  EXPECT_EQ(injector.at_entry({1}, raw::Abi::X86_64, kMount), nullptr);
  EXPECT_NE(injector.at_entry({2}, raw::Abi::X86_64, kMount), nullptr);
  EXPECT_NE(injector.at_entry({1}, raw::Abi::X86_64, 166), nullptr);
}

TEST(Injection, OfSeveralTheLastCounts) {
  Injector injector({parse_injection("mount:error=EPERM", 0).value(),
                     parse_injection("mount:error=EBUSY", 0).value()});
  EXPECT_EQ(injector.at_entry({1}, raw::Abi::X86_64, kMount)->error, 16);
}

TEST(Injection, ReadsErrorsSignalsAndTimes) {
  const Injection all =
      parse_injection("read:retval=7:signal=TERM:delay_enter=2ms:delay_exit=5", 0).value();
  EXPECT_EQ(all.retval, 7);
  EXPECT_EQ(all.signal, 15);
  EXPECT_EQ(all.delay_enter.value, 2'000'000);
  EXPECT_EQ(all.delay_exit.value, 5000);
  EXPECT_EQ(parse_injection("read", 38).value().error, 38);
}

TEST(Injection, RefusesWhatMakesNoSense) {
  for (const char* const text :
       {"read", "read:error=ENOSUCH", "read:error=1:retval=2", "read:error=1:when=0",
        "read:error=1:when=5..2", "read:signal=SIGNOT", "read:delay_enter=-1", "nosuch:error=1",
        "read:poke_exit=@arg1=00", "read:syscall=write:error=1", "read:syscall=getpid",
        "read:x=1"}) {
    const auto parsed = parse_injection(text, 0);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_FALSE(parsed.error().hint.empty()) << text;
  }
}

}  // namespace
}  // namespace boxtrace::ptrace
