// Rules as text. The proof that they are the program's: read back, they rebuild its diagram.

#include "decoders/bpf/rules_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "decoders/bpf/listing.h"
#include "tests/unit/bpf/random_program.h"

namespace boxtrace::bpf {
namespace {

struct Explained {
  std::string text;
  bool proved = false;
};

Explained explain(const Program& program) {
  Solution solution = solve(std::span(&program, 1));
  const auto policy = read_policy(*solution.diagram, solution.order, solution.roots.front());
  if (!policy) {
    return {};
  }
  Explained out{render_rules(*policy), false};
  const auto again = parse_rules(out.text);
  EXPECT_TRUE(again.ok()) << (again.ok() ? "" : again.error().what) << '\n' << out.text;
  out.proved = again.ok() &&
               build(*solution.diagram, solution.order, again.value()) == solution.roots.front();
  return out;
}

/// The rules of a listing, which must be proved.
std::string rules_of(std::string_view listing) {
  const auto program = parse_listing(listing);
  EXPECT_TRUE(program.ok()) << (program.ok() ? "" : program.error().what);
  const Explained explained = explain(program.value());
  EXPECT_TRUE(explained.proved) << explained.text;
  return explained.text;
}

/// For one call of x86-64 that loads and compares as `test` says, with the labels yes and no.
std::string rule_for(std::string_view name, std::string_view test) {
  const std::string text = rules_of(
      "A = arch\nif (A == x86_64) goto a else goto no\na: A = nr\n"
      "if (A == x86_64:" +
      std::string(name) + ") goto b else goto no\nb: " + std::string(test) +
      "\nyes: return ALLOW\nno: return ERRNO(EPERM)\n");
  const std::size_t colon = text.find("ALLOW: ");
  const std::size_t end = text.find("\n  otherwise", colon);
  return colon == std::string::npos ? text : text.substr(colon + 7, end - colon - 7);
}

TEST(BpfRules, ConditionsAreNamed) {
  EXPECT_EQ(rule_for("clone", "A = low(args[0])\nif (A & 0x20000) goto no else goto yes"),
            "clone if flags & CLONE_NEWNS == 0");
  EXPECT_EQ(rule_for("clone", "A = low(args[0])\nif (A & 0x30000000) goto no else goto yes"),
            "clone if flags & (CLONE_NEWUSER|CLONE_NEWPID) == 0");
  EXPECT_EQ(rule_for("socket", "A = low(args[0])\nif (A == 1) goto yes else goto no"),
            "socket if low(domain) == AF_UNIX");
  EXPECT_EQ(rule_for("socket",
                     "A = high(args[0])\nif (A == 0) goto c else goto no\n"
                     "c: A = low(args[0])\nif (A == 1) goto yes else goto no"),
            "socket if domain == AF_UNIX");
}

TEST(BpfRules, NegationsAndRangesAreNotTakenApart) {
  EXPECT_EQ(rule_for("kill", "A = low(args[1])\nif (A == 9) goto no else goto yes"),
            "kill if low(sig) != SIGKILL");
  EXPECT_EQ(rule_for("read", "A = low(args[2])\nif (A > 100) goto no else goto yes"),
            "read if low(count) <= 0x64");
  EXPECT_EQ(rule_for("read",
                     "A = low(args[0])\nif (A >= 3) goto c else goto no\n"
                     "c: if (A > 7) goto no else goto yes"),
            "read if low(fd) in {3..7}");
  EXPECT_EQ(rule_for("read", "A = high(args[1])\nif (A & 0x80000000) goto no else goto yes"),
            "read if high(buf) <= 0x7fffffff");
}

TEST(BpfRules, FlagsAreCountedAndNumbersCompared) {
  EXPECT_EQ(rule_for("mprotect", "A = low(args[2])\nif (A & 0xfffffffe) goto no else goto yes"),
            "mprotect if low(prot) in {PROT_NONE, PROT_READ}");
  EXPECT_EQ(rule_for("mprotect", "A = low(args[2])\nif (A & 0xfffffff8) goto no else goto yes"),
            "mprotect if low(prot) & ~(PROT_READ|PROT_WRITE|PROT_EXEC) == 0");
  EXPECT_EQ(rule_for("socket",
                     "A = low(args[0])\nA &= 0xfffffff7\n"
                     "if (A == 2) goto yes else goto no"),
            "socket if low(domain) in {AF_INET, AF_INET6}");
  EXPECT_EQ(rule_for("kill", "A = low(args[1])\nif (A & 0xffffffe0) goto no else goto yes"),
            "kill if low(sig) <= SIGSYS");
  EXPECT_EQ(rule_for("umount2", "A = low(args[1])\nif (A & 1) goto yes else goto no"),
            "umount2 if flags & MNT_FORCE != 0");
}

TEST(BpfRules, NamesDependOnOtherArguments) {
  EXPECT_EQ(rule_for("socket",
                     "A = low(args[0])\nif (A == 2) goto c else goto d\n"
                     "d: if (A == 10) goto c else goto no\n"
                     "c: A = low(args[2])\nif (A == 6) goto yes else goto no"),
            "socket if low(domain) in {AF_INET, AF_INET6} and low(protocol) == IPPROTO_TCP");
  EXPECT_EQ(
      rule_for("getsockopt",
               "A = low(args[1])\nif (A == 0) goto c else goto d\n"
               "d: if (A == 41) goto c else goto no\n"
               "c: A = low(args[2])\nif (A == 80) goto yes else goto no"),
      "getsockopt if low(level) == SOL_IP and low(optname) == SO_ORIGINAL_DST or low(level) ==\n"
      "    SOL_IPV6 and low(optname) == IP6T_SO_ORIGINAL_DST");
  EXPECT_EQ(rule_for("fcntl",
                     "A = low(args[1])\nif (A == 4) goto c else goto no\n"
                     "c: A = low(args[2])\nif (A == 0x800) goto yes else goto no"),
            "fcntl if low(cmd) == F_SETFL and low(arg) == O_NONBLOCK");
}

TEST(BpfRules, ArgumentsAreJoined) {
  EXPECT_EQ(rule_for("socket",
                     "A = low(args[0])\nif (A == 16) goto c else goto no\n"
                     "c: A = low(args[2])\nif (A == 9) goto no else goto yes"),
            "socket if low(domain) == AF_NETLINK and low(protocol) != NETLINK_AUDIT");
}

TEST(BpfRules, ArchitecturesAreToldApart) {
  EXPECT_EQ(rules_of("A = arch\nif (A == i386) goto i else goto next\n"
                     "next: if (A == x86_64) goto x else goto kill\n"
                     "x: A = nr\nif (A == x86_64:chmod) goto deny else goto allow\n"
                     "i: A = nr\nif (A == i386:chmod) goto deny else goto allow\n"
                     "deny: return ERRNO(EPERM)\nallow: return ALLOW\nkill: return KILL_PROCESS\n"),
            "x86_64:\n"
            "  ERRNO(EPERM): chmod\n"
            "  otherwise ALLOW\n"
            "x32: otherwise ALLOW\n"
            "i386: as x86_64 otherwise ALLOW\n"
            "others: otherwise KILL_PROCESS\n");
}

TEST(BpfRules, NoArchitectureIsChecked) {
  EXPECT_EQ(rules_of("A = nr\nif (A == x86_64:chmod) goto deny else goto allow\n"
                     "deny: return ERRNO(EPERM)\nallow: return ALLOW\n"),
            "others:  # no architecture is checked; the names are those of x86_64\n"
            "  ERRNO(EPERM): chmod\n"
            "  otherwise ALLOW\n");
}

TEST(BpfRules, OfABigEndianMachineTheHighHalfComesFirst) {
  const std::string text = rules_of(
      "A = arch\nif (A == s390x) goto a else goto no\na: A = nr\nif (A == 5) goto b else goto no\n"
      "b: A = low(args[0])\nif (A == 0) goto c else goto no\n"
      "c: A = high(args[0])\nif (A == 7) goto yes else goto no\n"
      "yes: return ALLOW\nno: return ERRNO(EPERM)\n");
  EXPECT_THAT(text, ::testing::HasSubstr("ALLOW: 5 if arg0 == 7\n"));
}

TEST(BpfRules, OfRandomProgramsRebuildTheirDiagrams) {
  std::size_t told = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    testing::Random random(seed);
    const Program program = testing::random_program(random, 2 + random.below(12));
    const Explained explained = explain(program);
    told += explained.text.empty() ? 0U : 1U;
    EXPECT_TRUE(explained.text.empty() || explained.proved)
        << "seed " << seed << '\n'
        << render_listing(program) << explained.text;
  }
  EXPECT_GT(told, 45U);
}

TEST(BpfRules, SayWhereTheTextIsWrong) {
  const auto mistake = [](std::string_view text) {
    const auto policy = parse_rules(text);
    return policy.ok() ? "" : policy.error().what;
  };
  EXPECT_EQ(mistake("x86_64:\n  ALLOW: reed\n  otherwise ALLOW\nothers: otherwise ALLOW\n"),
            "line 2: \"reed\" is no system call of x86_64");
  EXPECT_EQ(mistake("x86_64: otherwise MAYBE\n"),
            "line 1: expected an answer such as ALLOW or ERRNO(EPERM), not \"MAYBE\"");
  EXPECT_EQ(mistake("x86_64: ALLOW: read if colour == 1 otherwise ALLOW\n"),
            "line 1: these calls have no argument \"colour\"");
  EXPECT_EQ(mistake("x86_64: otherwise ALLOW\n"), "line 2: the last section must be `others`");
  EXPECT_EQ(mistake("vax: otherwise ALLOW\n"), "line 1: there is no architecture \"vax\"");
}

}  // namespace
}  // namespace boxtrace::bpf
