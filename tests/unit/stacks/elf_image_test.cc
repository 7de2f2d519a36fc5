#include "tracer/stacks/elf_image.h"

#include <elf.h>
#include <gtest/gtest.h>

#include "tests/unit/stacks/fake_bytes.h"

namespace boxtrace::stacks {
namespace {

constexpr std::uint64_t kBase = 0x7f0000000000;

Elf64_Ehdr header() {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_machine = EM_X86_64;
  header.e_entry = 0x1040;
  header.e_phoff = 64;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 4;
  return header;
}

test::FakeBytes program() {
  test::FakeBytes memory;
  memory.put_value(kBase, header());
  const std::array<Elf64_Phdr, 4> headers = {{
      {PT_LOAD, PF_R, 0, 0, 0, 0x900, 0x900, 0x1000},
      {PT_LOAD, PF_R | PF_X, 0x1000, 0x1000, 0, 0x800, 0x800, 0x1000},
      {PT_NOTE, PF_R, 0x400, 0x400, 0, 56, 56, 4},
      {PT_GNU_EH_FRAME, PF_R, 0x800, 0x800, 0, 0x40, 0x40, 4},
  }};
  memory.put_value(kBase + 64, headers);
  memory.put_value(kBase + 0x400, std::array<std::uint32_t, 3>{4, 5, 4});
  memory.put(kBase + 0x40c, std::string("Go\0\0abcde\0\0\0", 12));
  memory.put_value(kBase + 0x418, std::array<std::uint32_t, 3>{4, 4, NT_GNU_BUILD_ID});
  memory.put(kBase + 0x424, std::string("GNU\0\x00\xff\x10\x01", 8));
  return memory;
}

TEST(ElfImage, IsReadFromWhatTheLoaderMapped) {
  const auto image = read_elf_image(program(), kBase);
  ASSERT_TRUE(image);
  EXPECT_EQ(image->bias, kBase);
  EXPECT_EQ(image->entry, kBase + 0x1040);
  EXPECT_EQ(image->eh_frame_hdr, kBase + 0x800);
  EXPECT_EQ(image->build_id, "00ff1001");
  EXPECT_TRUE(image->has_go_note);
  ASSERT_NE(image->find(kBase + 0x17ff), nullptr);
  EXPECT_TRUE(image->find(kBase + 0x17ff)->executable);
  EXPECT_EQ(image->find(kBase + 0x1800), nullptr);
}

TEST(ElfImage, OfAnyOtherKindIsNone) {
  EXPECT_FALSE(read_elf_image(test::FakeBytes{}, kBase));
  const auto refused = [](auto change) {
    Elf64_Ehdr changed = header();
    change(changed);
    test::FakeBytes memory = program();
    memory.put_value(kBase, changed);
    return !read_elf_image(memory, kBase);
  };
  EXPECT_TRUE(refused([](Elf64_Ehdr& h) { h.e_ident[EI_CLASS] = ELFCLASS32; }));
  EXPECT_TRUE(refused([](Elf64_Ehdr& h) { h.e_machine = EM_AARCH64; }));
  EXPECT_TRUE(refused([](Elf64_Ehdr& h) { h.e_ident[0] = 0; }));
  EXPECT_TRUE(refused([](Elf64_Ehdr& h) { h.e_phnum = 0xffff; }));
  EXPECT_TRUE(refused([](Elf64_Ehdr& h) { h.e_phoff = ~std::uint64_t{0} - 8; }));
}

TEST(ElfImage, MayHaveNotesThatMakeNoSense) {
  for (const std::array<std::uint32_t, 3>& note :
       {std::array<std::uint32_t, 3>{~0U, ~0U, 3}, std::array<std::uint32_t, 3>{4, 4000, 3},
        std::array<std::uint32_t, 3>{0, 0, 0}}) {
    test::FakeBytes memory = program();
    memory.put_value(kBase + 0x400, note);
    ASSERT_TRUE(read_elf_image(memory, kBase));
  }
}

}  // namespace
}  // namespace boxtrace::stacks
