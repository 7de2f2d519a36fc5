#include "tracer/ptrace/tracee_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "tests/unit/ptrace/fake_kernel.h"

namespace boxtrace::ptrace {
namespace {

using raw::Unreadable;
using test::FakeKernel;

void put(FakeKernel& kernel, std::uint64_t addr, std::string_view text) {
  for (const char c : text) {
    kernel.memory[addr++] = static_cast<std::byte>(c);
  }
}

TEST(TraceeMemory, BytesBeforeAFaultAreKept) {
  FakeKernel kernel;
  put(kernel, 0x1ff0, std::string(16, 'x'));
  const raw::Chunk chunk = TraceeMemory{kernel, base::HostTid{1}}.read(base::Addr{0x1ff0}, 64);
  EXPECT_EQ(chunk.bytes.size(), 16U);
  EXPECT_EQ(chunk.failure, Unreadable::Fault);
}

TEST(TraceeMemory, AnAbsurdSizeCostsOnlyWhatIsThere) {
  FakeKernel kernel;
  put(kernel, 0x1000, "abc");
  const raw::Chunk chunk =
      TraceeMemory{kernel, base::HostTid{1}}.read(base::Addr{0x1000}, SIZE_MAX / 2);
  EXPECT_EQ(base::as_chars(chunk.bytes), "abc");
  EXPECT_EQ(chunk.failure, Unreadable::Fault);
}

TEST(TraceeMemory, StringsEndAtTheirTerminatorOrAtTheStop) {
  FakeKernel kernel;
  put(kernel, 0x1000, std::string_view{"NAME=value\0", 11});
  const TraceeMemory memory{kernel, base::HostTid{1}};
  EXPECT_EQ(memory.read_cstring(base::Addr{0x1000}, 100, '\0').bytes, "NAME=value");
  EXPECT_EQ(memory.read_cstring(base::Addr{0x1000}, 100, '=').bytes, "NAME");
}

TEST(TraceeMemory, StringOfExactlyTheLimitIsWhole) {
  FakeKernel kernel;
  put(kernel, 0x1000, std::string_view{"abcd\0", 5});
  const TraceeMemory memory{kernel, base::HostTid{1}};
  const raw::CString whole = memory.read_cstring(base::Addr{0x1000}, 4, '\0');
  EXPECT_EQ(whole.bytes, "abcd");
  EXPECT_FALSE(whole.truncated);
  const raw::CString cut = memory.read_cstring(base::Addr{0x1000}, 3, '\0');
  EXPECT_EQ(cut.bytes, "abc");
  EXPECT_TRUE(cut.truncated);
}

TEST(TraceeMemory, LongStringsCrossPages) {
  FakeKernel kernel;
  const std::string text(10'000, 'y');
  put(kernel, 0x1f80, text + '\0');
  const raw::CString read =
      TraceeMemory{kernel, base::HostTid{1}}.read_cstring(base::Addr{0x1f80}, 20'000, '\0');
  EXPECT_EQ(read.bytes, text);
  EXPECT_FALSE(read.truncated);
  EXPECT_FALSE(read.failure);
}

TEST(TraceeMemory, StringThatRunsIntoAFaultKeepsItsBeginning) {
  FakeKernel kernel;
  put(kernel, 0x1000, "abc");
  const raw::CString read =
      TraceeMemory{kernel, base::HostTid{1}}.read_cstring(base::Addr{0x1000}, 100, '\0');
  EXPECT_EQ(read.bytes, "abc");
  EXPECT_EQ(read.failure, Unreadable::Fault);
}

// The same against a kernel: our own memory, two pages of which the second is unmapped.
TEST(LiveMemory, ReadsUpToTheFirstUnmappedPage) {
  constexpr std::size_t kPage = 4096;
  void* pages =
      ::mmap(nullptr, 3 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  std::memset(pages, 'z', 3 * kPage);
  ::munmap(static_cast<char*>(pages) + 2 * kPage, kPage);
  LiveKernel kernel;
  const std::uint64_t start = reinterpret_cast<std::uintptr_t>(pages);
  const raw::Chunk chunk =
      TraceeMemory{kernel, base::HostTid{::getpid()}}.read(base::Addr{start + 10}, 3 * kPage);
  EXPECT_EQ(chunk.bytes.size(), 2 * kPage - 10);
  EXPECT_EQ(chunk.failure, Unreadable::Fault);
  ::munmap(pages, 2 * kPage);
}

TEST(LiveMemory, OfAProcessThatIsGoneIsGone) {
  LiveKernel kernel;
  const raw::Chunk chunk =
      TraceeMemory{kernel, base::HostTid{0x3fffffff}}.read(base::Addr{0x1000}, 8);
  EXPECT_EQ(chunk.failure, Unreadable::Gone);
}

}  // namespace
}  // namespace boxtrace::ptrace
