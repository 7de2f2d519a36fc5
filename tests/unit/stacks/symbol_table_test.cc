#include "tracer/stacks/symbol_table.h"

#include <gtest/gtest.h>

#include "tests/unit/stacks/fake_elf.h"

namespace boxtrace::stacks {
namespace {

TEST(SymbolTable, NamesOnlyWhatASymbolCovers) {
  const SymbolTable table =
      SymbolTable::from_file(test::make_file("", {{"second", 0x1040}, {"first", 0x1000}}));
  ASSERT_TRUE(table.find(0x100f));
  EXPECT_EQ(table.find(0x100f)->name, "first");
  EXPECT_EQ(table.find(0x100f)->start, 0x1000U);
  EXPECT_FALSE(table.find(0x1010)) << "the nearest symbol below is not its name";
  EXPECT_FALSE(table.find(0xfff));
  EXPECT_EQ(table.find(0x1040)->name, "second");
}

TEST(SymbolTable, PrefersTheNameThatProgramsUse) {
  const SymbolTable table = SymbolTable::from_file(
      test::make_file("", {{"__GI_mount", 0x10}, {"__mount", 0x10}, {"mount", 0x10}}));
  EXPECT_EQ(table.find(0x12)->name, "mount");
  EXPECT_EQ(table.size(), 1U);
}

TEST(SymbolTable, IsEmptyForWhatIsNoElfFile) {
  EXPECT_EQ(SymbolTable::from_file(test::FakeBytes{}).size(), 0U);
  EXPECT_EQ(SymbolTable::from_memory(test::FakeBytes{}, ElfImage{}).size(), 0U);
}

/// A dynamic section at 0x100 whose symbols are `one` at 0x1000 and `two` at 0x1010.
test::FakeBytes dynamic(Elf64_Sxword hash_tag) {
  test::FakeBytes memory;
  const std::array<Elf64_Dyn, 5> entries = {{{DT_SYMTAB, {0x400}},
                                             {DT_STRTAB, {0x500}},
                                             {DT_STRSZ, {9}},
                                             {hash_tag, {0x300}},
                                             {DT_NULL, {0}}}};
  memory.put_value(0x100, entries);
  memory.put(0x500, std::string("\0one\0two\0", 9));
  memory.put(0x400, std::string(sizeof(Elf64_Sym), '\0'));
  for (unsigned i = 0; i < 2; ++i) {
    memory.put_value(
        0x400 + (i + 1) * sizeof(Elf64_Sym),
        Elf64_Sym{1 + i * 4, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, 0x1000 + i * 0x10, 0x10});
  }
  return memory;
}

ElfImage image() {
  ElfImage image;
  image.dynamic = 0x100;
  image.segments = {{0, 0x2000, false, true}};
  return image;
}

TEST(SymbolTable, IsFoundInMemoryByEitherHashTable) {
  const test::FakeBytes sysv = [] {
    test::FakeBytes memory = dynamic(DT_HASH);
    memory.put_value(0x300, std::array<std::uint32_t, 2>{1, 3});
    return memory;
  }();
  EXPECT_EQ(SymbolTable::from_memory(sysv, image()).find(0x1010)->name, "two");

  test::FakeBytes gnu = dynamic(DT_GNU_HASH);
  // one bucket, symbols from 1 on, one bloom word; the bucket begins with 1, 2 ends its chain
  gnu.put_value(0x300, std::array<std::uint32_t, 4>{1, 1, 1, 0});
  gnu.put_value(0x318, std::array<std::uint32_t, 3>{1, 0x10, 0x21});
  EXPECT_EQ(SymbolTable::from_memory(gnu, image()).find(0x1010)->name, "two");
}

TEST(SymbolTable, BelievesNoCount) {
  test::FakeBytes sysv = dynamic(DT_HASH);
  sysv.put_value(0x300, std::array<std::uint32_t, 2>{1, ~0U});
  EXPECT_EQ(SymbolTable::from_memory(sysv, image()).size(), 2U);
  test::FakeBytes gnu = dynamic(DT_GNU_HASH);
  gnu.put_value(0x300, std::array<std::uint32_t, 4>{~0U, 1, ~0U, 0});
  EXPECT_EQ(SymbolTable::from_memory(gnu, image()).size(), 0U);
}

TEST(Demangle, TurnsCppNamesIntoWords) {
  EXPECT_EQ(demangle("_ZN8boxtrace3cli6launchEi"), "boxtrace::cli::launch(int)");
  EXPECT_EQ(demangle("main"), "main");
  EXPECT_EQ(demangle("_Znonsense"), "_Znonsense");
}

TEST(Demangle, LeavesABombAlone) {
  // Each pair of parameters is all that came before, twice.
  std::string bomb = "_Z1fP1a";
  std::string inner = "1a";
  for (char letter = '0'; letter <= '9'; ++letter) {
    for (const char* pair : {"S", "S"}) {
      bomb += std::string("FvS") + letter + "_S" + letter + "_E" + pair + letter + "_";
    }
  }
  EXPECT_LE(demangle(bomb).size(), 100'000U);
  EXPECT_EQ(demangle("_Z" + std::string(5000, 'P') + "v").size(), 5003U);
}

}  // namespace
}  // namespace boxtrace::stacks
