// Every system call has a row, under its kernel's name and number. What is compared with: the
// system's headers (which may be older than the kernel), libseccomp's tables (older still), and a
// list of the numbers that came after both.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <seccomp.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <string>

#include "decoders/registry.h"
#include "tests/unit/decoders/system_macros.h"

namespace boxtrace::decoders {
namespace {

using raw::Abi;

constexpr std::array kAbis = {Abi::X86_64, Abi::I386, Abi::Aarch64};

std::string name_of(Abi abi, std::uint64_t nr) {
  const SyscallSpec* spec = find_syscall(abi, nr);
  return spec != nullptr ? std::string{spec->name} : "no row";
}

/// Numbers of `__NR_*`; the generic header's `__NR3264_*` are behind them.
std::map<std::string, std::uint64_t> header_numbers(const std::string& list) {
  constexpr std::string_view kPrefix = "__NR_";
  const Macros macros = read_macros(list);
  std::map<std::string, std::uint64_t> numbers;
  for (const auto& [name, text] : macros) {
    const auto value = value_of(macros, name);
    if (name.rfind(kPrefix, 0) == 0 && value && name != "__NR_syscalls" &&
        name != "__NR_arch_specific_syscall") {
      numbers.emplace(name.substr(kPrefix.size()), *value);
    }
  }
  return numbers;
}

class RowsOfHeader : public testing::TestWithParam<Abi> {};

TEST_P(RowsOfHeader, EveryNumberOfTheSystemHeaderHasARowOfThatName) {
  const auto numbers = header_numbers(std::string{raw::abi_name(GetParam())});
  if (numbers.empty()) {
    GTEST_SKIP() << "this system has no header with the numbers of " << raw::abi_name(GetParam());
  }
  constexpr std::size_t kFewest = 300;  // of aarch64, in the headers of Linux 6.1
  EXPECT_GE(numbers.size(), kFewest);
  for (const auto& [name, nr] : numbers) {
    EXPECT_EQ(name_of(GetParam(), nr), name) << raw::abi_name(GetParam()) << " " << nr;
  }
}

INSTANTIATE_TEST_SUITE_P(Abis, RowsOfHeader,
                         testing::Values(Abi::X86_64, Abi::I386, Abi::X32, Abi::Aarch64),
                         [](const auto& test) { return std::string{raw::abi_name(test.param)}; });

TEST(Rows, NumbersNewerThanTheHeadersHaveARow) {
  // arch/x86/entry/syscalls/syscall_64.tbl of Linux 6.18, and listns of 6.19.
  const std::map<std::uint64_t, std::string> kNewer = {
      {451, "cachestat"},         {452, "fchmodat2"},        {453, "map_shadow_stack"},
      {454, "futex_wake"},        {455, "futex_wait"},       {456, "futex_requeue"},
      {457, "statmount"},         {458, "listmount"},        {459, "lsm_get_self_attr"},
      {460, "lsm_set_self_attr"}, {461, "lsm_list_modules"}, {462, "mseal"},
      {463, "setxattrat"},        {464, "getxattrat"},       {465, "listxattrat"},
      {466, "removexattrat"},     {467, "open_tree_attr"},   {468, "file_getattr"},
      {469, "file_setattr"},      {470, "listns"},
  };
  for (const auto& [nr, name] : kNewer) {
    for (const Abi abi : kAbis) {
      EXPECT_EQ(name_of(abi, nr), name) << raw::abi_name(abi) << " " << nr;
    }
  }
  EXPECT_EQ(name_of(Abi::X86_64, 335), "uretprobe");
  EXPECT_EQ(name_of(Abi::X86_64, 336), "uprobe");
}

TEST(Rows, HaveNoGapsButThoseOfTheKernel) {
  const auto in = [](std::uint64_t nr, std::uint64_t first, std::uint64_t last) {
    return nr >= first && nr <= last;
  };
  const std::set<std::uint64_t> kI386Gaps = {222, 223, 251, 285, 387, 388, 389, 390, 391, 392, 415};
  for (std::uint64_t nr = 0; nr <= 470; ++nr) {
    // 337 to 423 of x86-64 and 295 to 402 of aarch64 were skipped so that later numbers are the
    // same everywhere; 244 to 259 of the generic list are for single architectures.
    const bool x86_64 = nr <= 336 || nr >= 424;
    const bool aarch64 = !in(nr, 244, 259) && !in(nr, 295, 423);
    EXPECT_EQ(find_syscall(Abi::X86_64, nr) != nullptr, x86_64) << nr;
    EXPECT_EQ(find_syscall(Abi::I386, nr) != nullptr, kI386Gaps.count(nr) == 0) << nr;
    EXPECT_EQ(find_syscall(Abi::Aarch64, nr) != nullptr, aarch64) << nr;
  }
  for (std::uint64_t nr = 471; nr < 512; ++nr) {
    EXPECT_EQ(find_syscall(Abi::X86_64, nr), nullptr) << nr;
  }
  for (std::uint64_t nr = 512; nr <= 547; ++nr) {
    EXPECT_NE(find_syscall(Abi::X32, nr), nullptr) << nr;
    EXPECT_EQ(find_syscall(Abi::X86_64, nr), nullptr) << nr;
  }
}

TEST(Rows, ShareNoNumber) {
  for (const Abi abi : kAbis) {
    std::map<int, std::string> seen;
    for (const SyscallSpec* spec : all_syscalls()) {
      const int nr = number_in(*spec, abi);
      if (nr < 0) {
        continue;
      }
      const auto [place, is_new] = seen.emplace(nr, spec->name);
      EXPECT_TRUE(is_new) << raw::abi_name(abi) << " " << nr << ": " << place->second << " and "
                          << spec->name;
    }
  }
}

TEST(Rows, OfOneNameAreForDifferentAbis) {
  for (const SyscallSpec* spec : all_syscalls()) {
    const auto rows = find_syscalls(spec->name);
    for (const Abi abi : kAbis) {
      const auto with_number = std::count_if(
          rows.begin(), rows.end(), [abi](const auto* row) { return number_in(*row, abi) >= 0; });
      EXPECT_LE(with_number, 1) << spec->name << " in " << raw::abi_name(abi);
    }
    EXPECT_TRUE(spec->nr.x86_64 >= 0 || spec->nr.i386 >= 0 || spec->nr.aarch64 >= 0) << spec->name;
  }
}

struct Arch {
  Abi abi;
  std::uint32_t token;
};

class RowsOfLibseccomp : public testing::TestWithParam<Arch> {};

TEST_P(RowsOfLibseccomp, NamesAndNumbersAgree) {
  const auto [abi, token] = GetParam();
  std::size_t compared = 0;
  for (int nr = 0; nr < 600; ++nr) {
    const int bit = abi == Abi::X32 ? static_cast<int>(raw::kX32SyscallBit) : 0;
    const std::unique_ptr<char, decltype(&std::free)> name{
        seccomp_syscall_resolve_num_arch(token, nr | bit), &std::free};
    if (name != nullptr) {
      ++compared;
      EXPECT_EQ(name_of(abi, static_cast<std::uint64_t>(nr)), name.get())
          << raw::abi_name(abi) << " " << nr;
    }
  }
  for (const SyscallSpec* spec : all_syscalls()) {
    const int nr = number_in(*spec, abi);
    const int theirs = seccomp_syscall_resolve_name_arch(token, std::string{spec->name}.c_str());
    // Negative numbers are for names that it does not know or that another call multiplexes.
    if (nr >= 0 && theirs >= 0) {
      EXPECT_EQ(nr, theirs & ~static_cast<int>(raw::kX32SyscallBit)) << spec->name;
    }
  }
  constexpr std::size_t kFewest = 280;
  EXPECT_GE(compared, kFewest);
}

INSTANTIATE_TEST_SUITE_P(
    Abis, RowsOfLibseccomp,
    testing::Values(Arch{Abi::X86_64, SCMP_ARCH_X86_64}, Arch{Abi::I386, SCMP_ARCH_X86},
                    Arch{Abi::X32, SCMP_ARCH_X32}, Arch{Abi::Aarch64, SCMP_ARCH_AARCH64}),
    [](const auto& test) { return std::string{raw::abi_name(test.param.abi)}; });

TEST(Rows, SayWhereTheyAreFrom) {
  const std::regex man("none|[a-z0-9_]+\\([23][a-z]*\\)|[a-z0-9_]+\\(7\\)");
  const std::regex kernel("[a-z0-9_./-]+\\.[cS]: [A-Za-z0-9_]+");
  for (const SyscallSpec* spec : all_syscalls()) {
    EXPECT_TRUE(std::regex_match(std::string{spec->man}, man)) << spec->name << ": " << spec->man;
    EXPECT_TRUE(std::regex_match(std::string{spec->kernel}, kernel))
        << spec->name << ": " << spec->kernel;
    EXPECT_NE(spec->classes, 0U) << spec->name;
    for (const std::string_view text :
         {spec->explain.what, spec->explain.proc, spec->explain.trap}) {
      EXPECT_TRUE(text.empty() || text.back() == '.' || text.back() == '?')
          << spec->name << ": " << text;
    }
    EXPECT_FALSE(spec->explain.what.empty()) << spec->name;
  }
}

TEST(Rows, DescribeArgumentsThatCanBeDecoded) {
  for (const SyscallSpec* spec : all_syscalls()) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < spec->arg_count(); ++i) {
      const ArgSpec& arg = spec->args.at(i);
      EXPECT_NE(arg.decode, nullptr) << spec->name << " " << arg.name;
      EXPECT_TRUE(names.insert(arg.name).second) << spec->name << " names two " << arg.name;
      EXPECT_LT(arg.size_arg, static_cast<int>(spec->arg_count())) << spec->name << " " << arg.name;
      EXPECT_NE(arg.size_arg, static_cast<int>(i)) << spec->name << " " << arg.name;
    }
    for (std::size_t i = spec->arg_count(); i < spec->args.size(); ++i) {
      EXPECT_TRUE(spec->args.at(i).name.empty()) << spec->name << " has an argument after the end";
    }
  }
}

}  // namespace
}  // namespace boxtrace::decoders
