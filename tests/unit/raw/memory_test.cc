// Recorded and recording memory: what was read once is answered the same way for ever.

#include "tracer/raw/memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace boxtrace::raw {
namespace {

using base::Addr;

/// A page of text at `start`; beyond it nothing is mapped. Counts what it is asked.
class LiveMemory final : public Memory {
 public:
  LiveMemory(std::uint64_t start, std::string text) : start_(start), text_(std::move(text)) {}

  [[nodiscard]] Chunk read(Addr addr, std::size_t size) const override {
    ++reads;
    const std::string part = slice(addr, size);
    Chunk chunk{base::to_bytes(part), std::nullopt};
    if (part.size() < size) {
      chunk.failure = Unreadable::Fault;
    }
    return chunk;
  }

  [[nodiscard]] CString read_cstring(Addr addr, std::size_t limit, char stop) const override {
    ++reads;
    const std::string part = slice(addr, limit);
    const auto end =
        std::find_if(part.begin(), part.end(), [stop](char c) { return c == '\0' || c == stop; });
    CString string{{part.begin(), end}, false, std::nullopt};
    if (end == part.end()) {
      string.truncated = part.size() == limit;
      string.failure = part.size() < limit ? std::optional{Unreadable::Fault} : std::nullopt;
    }
    return string;
  }

  std::string& text() { return text_; }
  mutable int reads = 0;

 private:
  [[nodiscard]] std::string slice(Addr addr, std::size_t size) const {
    if (addr.value < start_ || addr.value - start_ >= text_.size()) {
      return {};
    }
    return text_.substr(addr.value - start_, size);
  }
  std::uint64_t start_;
  std::string text_;
};

std::string chars(const Chunk& chunk) { return std::string{base::as_chars(chunk.bytes)}; }

Snapshot::Piece piece(std::uint64_t addr, std::string_view text,
                      std::optional<Unreadable> failure = std::nullopt) {
  return {Addr{addr}, base::to_bytes(text), failure};
}

TEST(RecordedMemory, JoinsPiecesThatTouch) {
  const Snapshot snapshot{{piece(0x104, "efgh"), piece(0x100, "abcd")}};
  const Chunk chunk = RecordedMemory(snapshot).read(Addr{0x102}, 4);
  EXPECT_EQ(chars(chunk), "cdef");
  EXPECT_FALSE(chunk.failure);
}

TEST(RecordedMemory, TellsAFaultFromWhatWasNotCaptured) {
  const Snapshot snapshot{{piece(0x100, "abcd", Unreadable::Fault), piece(0x200, "wxyz")}};
  const RecordedMemory memory(snapshot);
  EXPECT_EQ(memory.read(Addr{0x100}, 8).failure, Unreadable::Fault);
  EXPECT_EQ(memory.read(Addr{0x200}, 8).failure, Unreadable::NotCaptured);
  EXPECT_EQ(memory.read(Addr{0x300}, 1).failure, Unreadable::NotCaptured);
  EXPECT_FALSE(memory.read(Addr{0x300}, 0).failure);
}

TEST(RecordedMemory, KeepsWhyAReadGaveNothing) {
  const Snapshot snapshot{{piece(0x100, "", Unreadable::NotDumpable)}};
  const Chunk chunk = RecordedMemory(snapshot).read(Addr{0x100}, 4);
  EXPECT_TRUE(chunk.bytes.empty());
  EXPECT_EQ(chunk.failure, Unreadable::NotDumpable);
}

TEST(RecordedMemory, EndsStringsAtNulStopAndLimit) {
  using namespace std::string_view_literals;
  const Snapshot snapshot{{piece(0x100, "NAME=value\0rest"sv)}};
  const RecordedMemory memory(snapshot);
  EXPECT_EQ(memory.read_cstring(Addr{0x100}, 99, '\0').bytes, "NAME=value");
  EXPECT_EQ(memory.read_cstring(Addr{0x100}, 99, '=').bytes, "NAME");
  const CString cut = memory.read_cstring(Addr{0x100}, 3, '\0');
  EXPECT_EQ(cut.bytes, "NAM");
  EXPECT_TRUE(cut.truncated);
  EXPECT_FALSE(memory.read_cstring(Addr{0x100}, 10, '\0').truncated) << "it is exactly as long";
}

TEST(RecordedMemory, DoesNotWrapAroundTheTopOfTheAddressSpace) {
  const Snapshot snapshot{{piece(0, "zero")}};
  const RecordedMemory memory(snapshot);
  const Chunk chunk = memory.read(Addr{~std::uint64_t{0} - 1}, 16);
  EXPECT_TRUE(chunk.bytes.empty());
  EXPECT_TRUE(chunk.failure.has_value());
  EXPECT_TRUE(memory.read_cstring(Addr{~std::uint64_t{0}}, 16, '\0').failure.has_value());
}

TEST(RecordingMemory, AsksOnceAndAnswersTheSameWhenTheTraceeChanges) {
  LiveMemory live(0x100, "abcdefgh");
  Snapshot snapshot;
  const RecordingMemory memory(live, snapshot);
  EXPECT_EQ(chars(memory.read(Addr{0x102}, 2)), "cd");
  live.text() = "XXXXXXXX";
  EXPECT_EQ(chars(memory.read(Addr{0x102}, 2)), "cd");
  EXPECT_EQ(live.reads, 1);
  EXPECT_EQ(chars(memory.read(Addr{0x100}, 8)), "XXcdXXXX") << "only what is new is read";
  EXPECT_EQ(chars(RecordedMemory(snapshot).read(Addr{0x100}, 8)), "XXcdXXXX");
}

TEST(RecordingMemory, CapturesNothingAfterTheStop) {
  using namespace std::string_view_literals;
  LiveMemory live(0x100, std::string{"SECRET=hunter2\0"sv});
  Snapshot snapshot;
  EXPECT_EQ(RecordingMemory(live, snapshot).read_cstring(Addr{0x100}, 99, '=').bytes, "SECRET");
  ASSERT_EQ(snapshot.pieces.size(), 1U);
  EXPECT_EQ(base::as_chars(snapshot.pieces[0].bytes), "SECRET=");
  EXPECT_EQ(RecordedMemory(snapshot).read_cstring(Addr{0x100}, 99, '=').bytes, "SECRET");
}

TEST(RecordingMemory, RemembersHowAStringEnded) {
  using namespace std::string_view_literals;
  LiveMemory live(0x100, std::string{"abc\0defgh"sv});
  Snapshot snapshot;
  const RecordingMemory memory(live, snapshot);
  EXPECT_FALSE(memory.read_cstring(Addr{0x100}, 3, '\0').truncated);
  const CString open_end = memory.read_cstring(Addr{0x104}, 99, '\0');
  EXPECT_EQ(open_end.bytes, "defgh");
  EXPECT_EQ(open_end.failure, Unreadable::Fault);
  EXPECT_TRUE(memory.read_cstring(Addr{0x104}, 2, '\0').truncated);
  const RecordedMemory replay(snapshot);
  EXPECT_FALSE(replay.read_cstring(Addr{0x100}, 3, '\0').truncated);
  EXPECT_EQ(replay.read_cstring(Addr{0x104}, 99, '\0').failure, Unreadable::Fault);
  EXPECT_TRUE(replay.read_cstring(Addr{0x104}, 2, '\0').truncated);
}

TEST(RecordingMemory, JoinsNeighbouringReadsIntoOnePiece) {
  LiveMemory live(0x100, "abcdefgh");
  Snapshot snapshot;
  const RecordingMemory memory(live, snapshot);
  EXPECT_EQ(chars(memory.read(Addr{0x100}, 4)), "abcd");
  EXPECT_EQ(chars(memory.read(Addr{0x104}, 4)), "efgh");
  EXPECT_EQ(snapshot.pieces.size(), 1U);
}

TEST(RecordingMemory, OfARecordingPassesItsGapsOn) {
  const Snapshot old{{piece(0x100, "abcd")}};
  const RecordedMemory recorded(old);
  Snapshot snapshot;
  const RecordingMemory memory(recorded, snapshot);
  const Chunk chunk = memory.read(Addr{0x100}, 8);
  EXPECT_EQ(chars(chunk), "abcd");
  EXPECT_EQ(chunk.failure, Unreadable::NotCaptured);
  EXPECT_EQ(memory.read_cstring(Addr{0x100}, 8, '\0').failure, Unreadable::NotCaptured);
}

}  // namespace
}  // namespace boxtrace::raw
