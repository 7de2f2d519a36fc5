// Tables of all layouts, made by hand: two functions, one of which has a call inlined into it.

#include "tracer/stacks/go_table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/stacks/fake_bytes.h"

namespace boxtrace::stacks {
namespace {

using Version = GoTable::Version;

constexpr std::uint64_t kHeader = 0x500000;
constexpr std::uint64_t kText = 0x400000;
constexpr std::uint64_t kNames = kHeader + 0x100;
constexpr std::uint64_t kUnits = kHeader + 0x200;
constexpr std::uint64_t kFiles = kHeader + 0x300;
constexpr std::uint64_t kTables = kHeader + 0x400;
constexpr std::uint64_t kList = kHeader + 0x500;
constexpr std::uint64_t kModule = 0x600000;
constexpr std::uint64_t kGoFunc = 0x700000;
constexpr std::uint64_t kTree = kGoFunc + 0x40;

// Offsets of names.
constexpr std::int32_t kOuter = 1, kInner = 0x20, kExit = 0x40;

struct Layout {
  Version version;
  std::uint64_t entry_size;
  std::uint64_t flags;  ///< where funcID, flag, padding, nfuncdata are
  std::uint64_t module_go_func;
};
constexpr std::array<Layout, 3> kLayouts = {
    {{Version::Go116, 8, 40, 0}, {Version::Go118, 4, 36, 38}, {Version::Go120, 4, 40, 40}}};

/// Pairs of value and length, as pc-value tables have them.
std::string pc_values(const std::vector<std::pair<int, unsigned>>& runs) {
  std::string out;
  int value = -1;
  for (const auto& [next, length] : runs) {
    const int delta = next - value;
    const unsigned zigzag =
        delta < 0 ? (static_cast<unsigned>(-delta) << 1U) - 1U : static_cast<unsigned>(delta) << 1U;
    for (unsigned number : {zigzag, length}) {
      while (number >= 0x80) {
        out += static_cast<char>(number | 0x80U);
        number >>= 7U;
      }
      out += static_cast<char>(number);
    }
    value = next;
  }
  return out + '\0';
}

void put_function(test::FakeBytes& bytes, const Layout& layout, std::uint64_t at,
                  std::uint64_t entry, std::int32_t name, std::uint8_t flag) {
  if (layout.entry_size == 8) {
    bytes.put_value(at, entry);
  } else {
    bytes.put_value(at, static_cast<std::uint32_t>(entry - kText));
  }
  const std::uint64_t members = at + layout.entry_size;
  // name, args, deferreturn, pcsp, pcfile, pcln, npcdata, unit
  bytes.put_value(members, std::array<std::int32_t, 8>{name, 0, 0, 0x10, 0x20, 0x30, 3, 0});
  bytes.put(at + layout.flags, std::string{'\0', static_cast<char>(flag), '\0', '\4'});
  const std::uint64_t pcdata = at + layout.flags + 4;
  bytes.put_value(pcdata, std::array<std::uint32_t, 3>{0, 0, 0x40});
  if (layout.version == Version::Go116) {
    bytes.put_value((pcdata + 12 + 7) & ~std::uint64_t{7},
                    std::array<std::uint64_t, 4>{0, 0, 0, kTree});
  } else {
    bytes.put_value(pcdata + 12, std::array<std::uint32_t, 4>{~0U, ~0U, ~0U, 0x40});
  }
}

void put_table(test::FakeBytes& bytes, const Layout& layout, std::uint64_t text = kText) {
  bytes.put_value(kHeader, static_cast<std::uint32_t>(layout.version));
  bytes.put(kHeader + 4, std::string("\0\0\1\10", 4));
  const bool absolute = layout.version == Version::Go116;
  std::vector<std::uint64_t> words = {2, 1};
  if (!absolute) {
    words.push_back(text);
  }
  for (const std::uint64_t part : {kNames, kUnits, kFiles, kTables, kList}) {
    words.push_back(part - kHeader);
  }
  words.push_back(0);
  for (std::size_t i = 0; i < words.size(); ++i) {
    bytes.put_value(kHeader + 8 + i * 8, words[i]);
  }
  bytes.put(kNames + kOuter, std::string("main.(*T).outer\0", 16));
  bytes.put(kNames + kInner, std::string("main.inner\0", 11));
  bytes.put(kNames + kExit, std::string("runtime.goexit\0", 15));
  bytes.put_value(kUnits, std::uint32_t{4});
  bytes.put(kFiles + 4, std::string("/src/main.go\0", 13));
  bytes.put(kTables + 0x10, pc_values({{0, 4}, {200, 0x3c}}));            // stack
  bytes.put(kTables + 0x20, pc_values({{0, 0x40}}));                      // file
  bytes.put(kTables + 0x30, pc_values({{10, 8}, {300, 8}, {12, 0x30}}));  // line
  bytes.put(kTables + 0x40, pc_values({{-1, 8}, {0, 8}, {-1, 0x30}}));    // inlined calls
  const std::uint64_t first = 0x80;
  const std::uint64_t second = 0x100;
  if (absolute) {
    bytes.put_value(kList,
                    std::array<std::uint64_t, 5>{kText, first, kText + 0x40, second, kText + 0x80});
  } else {
    bytes.put_value(kList, std::array<std::uint32_t, 5>{0, first, 0x40, second, 0x80});
  }
  put_function(bytes, layout, kList + first, kText, kOuter, 0);
  put_function(bytes, layout, kList + second, kText + 0x40, kExit, absolute ? 0 : 1);
  if (layout.version == Version::Go120) {
    bytes.put_value(kTree, std::array<std::int32_t, 4>{0, kInner, 4, 290});
  } else {
    bytes.put_value(kTree, std::array<std::int32_t, 5>{0, 0, 0, kInner, 4});
  }
  bytes.put_value(kModule, kHeader).put_value(kModule + 8, kNames);
  bytes.put_value(kModule + std::uint64_t{22} * 8, kText);
  bytes.put_value(kModule + layout.module_go_func * 8,
                  layout.module_go_func == 0 ? kHeader : kGoFunc);
}

class EveryGoTable : public ::testing::TestWithParam<Layout> {
 protected:
  EveryGoTable() { put_table(bytes_, GetParam()); }
  [[nodiscard]] GoTable table() const {
    GoTable table = *GoTable::parse(bytes_, kHeader, 0);
    table.find_module(bytes_, kModule, kModule + 0x200);
    return table;
  }
  test::FakeBytes bytes_;
};
INSTANTIATE_TEST_SUITE_P(Layouts, EveryGoTable, ::testing::ValuesIn(kLayouts));

TEST_P(EveryGoTable, NamesFunctionsWithinItsText) {
  const GoTable go = table();
  EXPECT_EQ(go.text_begin(), kText);
  EXPECT_EQ(go.text_end(), kText + 0x80);
  EXPECT_FALSE(go.find(bytes_, kText - 1));
  EXPECT_FALSE(go.find(bytes_, kText + 0x80)) << "behind the last function is C";
  EXPECT_EQ(go.name(bytes_, *go.find(bytes_, kText)), "main.(*T).outer");
  EXPECT_EQ(go.name(bytes_, *go.find(bytes_, kText + 0x3f)), "main.(*T).outer");
  EXPECT_EQ(go.name(bytes_, *go.find(bytes_, kText + 0x40)), "runtime.goexit");
}

TEST_P(EveryGoTable, KnowsTheFrameOfEachInstruction) {
  const GoTable go = table();
  const auto function = *go.find(bytes_, kText);
  EXPECT_EQ(go.frame_size(bytes_, function, kText + 3), 0);
  EXPECT_EQ(go.frame_size(bytes_, function, kText + 4), 200);
  EXPECT_EQ(go.frame_size(bytes_, function, kText + 0x3f), 200);
  EXPECT_FALSE(go.frame_size(bytes_, function, kText + 0x40));
}

TEST_P(EveryGoTable, SaysWhereInTheSource) {
  const GoTable go = table();
  const auto function = *go.find(bytes_, kText);
  const auto plain = go.locate(bytes_, function, kText + 0x20);
  ASSERT_EQ(plain.size(), 1U);
  EXPECT_EQ(plain[0].file, "/src/main.go");
  EXPECT_EQ(plain[0].line, 12U);
  const auto inlined = go.locate(bytes_, function, kText + 9);
  ASSERT_EQ(inlined.size(), 2U);
  EXPECT_EQ(inlined[0].function, "main.inner");
  EXPECT_EQ(inlined[0].line, 300U);
  EXPECT_TRUE(inlined[0].inlined);
  EXPECT_EQ(inlined[1].function, "main.(*T).outer");
  EXPECT_EQ(inlined[1].line, 10U) << "of the call, not of what is called";
  EXPECT_FALSE(inlined[1].inlined);
}

TEST_P(EveryGoTable, KnowsTheOutermostFunction) {
  const GoTable go = table();
  EXPECT_FALSE(go.is_outermost(bytes_, *go.find(bytes_, kText)));
  EXPECT_TRUE(go.is_outermost(bytes_, *go.find(bytes_, kText + 0x40)));
}

TEST_P(EveryGoTable, IsFoundByItsMagicNumber) {
  const auto found = GoTable::search(bytes_, kHeader, kHeader + 0x1000, 0);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->address(), kHeader);
  EXPECT_FALSE(GoTable::search(bytes_, kHeader + 8, kHeader + 0x1000, 0));
}

TEST(GoTable, IsReadBeforeTheLoaderHasRelocatedIt) {
  constexpr std::uint64_t kBias = 0x300000;
  test::FakeBytes bytes;
  put_table(bytes, kLayouts[2], kText - kBias);
  const auto table = GoTable::parse(bytes, kHeader, kBias);
  ASSERT_TRUE(table);
  EXPECT_EQ(table->text_begin(), kText);
}

TEST(GoTable, TakesTheTextFromTheModuleWhenTheHeaderHasNone) {
  test::FakeBytes bytes;
  put_table(bytes, kLayouts[2], 0);
  auto table = GoTable::parse(bytes, kHeader, 0);
  ASSERT_TRUE(table);
  table->find_module(bytes, kModule, kModule + 0x200);
  EXPECT_EQ(table->text_begin(), kText);
  EXPECT_EQ(table->name(bytes, *table->find(bytes, kText)), "main.(*T).outer");
}

TEST(GoTable, IsNotWhatOnlyBeginsLikeOne) {
  for (const auto& [at, value] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
           {kHeader, 0x04010000fffffff1},      // pointers of four bytes
           {kHeader, 0x08010000fffffffb},      // Go 1.15
           {kHeader + 8, 0},                   // no functions
           {kHeader + 8, ~std::uint64_t{0}},   // too many
           {kHeader + 64, ~std::uint64_t{0}},  // a list beyond everything
           {kList, 0x80ULL << 32U | 0x90}}) {  // begins behind its end
    test::FakeBytes bytes;
    put_table(bytes, kLayouts[2]);
    bytes.put_value(at, value);
    EXPECT_FALSE(GoTable::parse(bytes, kHeader, 0)) << std::hex << at << " " << value;
  }
  EXPECT_FALSE(GoTable::parse(test::FakeBytes{}, kHeader, 0));
}

TEST(GoTable, EndsOnTablesThatDoNot) {
  test::FakeBytes bytes;
  put_table(bytes, kLayouts[2]);
  constexpr std::uint32_t kAside = 0x80000;
  bytes.put(kTables + kAside, std::string(0x1000, '\x80'));  // one number without an end
  bytes.put_value(kList + 0x80 + 4 + 3 * 4, kAside);         // pcsp
  const auto table = GoTable::parse(bytes, kHeader, 0);
  ASSERT_TRUE(table);
  EXPECT_FALSE(table->frame_size(bytes, {kText, kList + 0x80}, kText + 4));
  EXPECT_EQ(table->name(bytes, {kText, ~std::uint64_t{0} - 3}), "");
}

}  // namespace
}  // namespace boxtrace::stacks
