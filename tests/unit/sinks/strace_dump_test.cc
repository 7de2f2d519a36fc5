#include "tracer/sinks/strace_dump.h"

#include <gtest/gtest.h>

namespace boxtrace::sinks {
namespace {

using decoders::Text;
using decoders::Value;

/// `name(fd, value, ...)` that has returned `result`.
std::string dump(std::string name, std::uint64_t fd, Value value, std::int64_t result,
                 const DescriptorSet& read, const DescriptorSet& write,
                 raw::Outcome::Kind kind = raw::Outcome::Kind::Returned) {
  raw::Syscall syscall;
  syscall.call.args[0] = fd;
  syscall.outcome.kind = kind;
  syscall.outcome.value = result;
  decoders::DecodedCall call;
  call.name = std::move(name);
  call.args = {{"fd", decoders::Fd{static_cast<std::int32_t>(fd)}}, {"buf", std::move(value)}};
  return render_strace_dump(syscall, call, read, write);
}

Value buffer(std::string bytes, bool truncated = false) {
  return Text{Text::Kind::Buffer, std::move(bytes), truncated, std::nullopt};
}

const DescriptorSet kNone;
const DescriptorSet kAll{{}, true};

// The layout is that of strace 6.1.
TEST(StraceDump, HasSixteenBytesALine) {
  EXPECT_EQ(dump("write", 1, buffer("hello world, this\n"), 18, kNone, kAll),
            " | 00000  68 65 6c 6c 6f 20 77 6f  72 6c 64 2c 20 74 68 69  hello world, thi |\n"
            " | 00010  73 0a                                             s.               |\n");
}

TEST(StraceDump, IsOfTheChosenDescriptorsAndDirection) {
  const DescriptorSet three{{3}, false};
  const DescriptorSet not_three{{3}, true};
  EXPECT_NE(dump("read", 3, buffer("x"), 1, three, kNone), "");
  EXPECT_EQ(dump("read", 3, buffer("x"), 1, not_three, kAll), "");
  EXPECT_EQ(dump("write", 3, buffer("x"), 1, kAll, not_three), "");
  EXPECT_EQ(dump("close", 3, buffer("x"), 0, kAll, kAll), "");
}

TEST(StraceDump, OfAWriteThatFailsIsThere) {
  constexpr auto kFailed = raw::Outcome::Kind::Failed;
  EXPECT_NE(dump("pwrite64", 1, buffer("x"), 22, kAll, kAll, kFailed), "");
  EXPECT_EQ(dump("read", 1, buffer("x"), 22, kAll, kAll, kFailed), "");
}

TEST(StraceDump, OfAVectorNamesItsBuffers) {
  const auto item = [](std::string bytes) {
    decoders::Struct fields;
    const std::uint64_t size = bytes.size();
    fields.fields = {{"iov_base", buffer(std::move(bytes))},
                     {"iov_len", decoders::Number{size, decoders::Number::Style::Unsigned}}};
    return Value{std::move(fields)};
  };
  decoders::List list;
  list.items = {item("ab"), item("cdef"), item("unread")};
  EXPECT_EQ(dump("readv", 0, list, 3, kAll, kNone),
            " * 2 bytes in buffer 0\n"
            " | 00000  61 62                                             ab               |\n"
            " * 1 bytes in buffer 1\n"
            " | 00000  63                                                c                |\n");
}

TEST(StraceDump, TellsOfBytesThatWereNotRecorded) {
  EXPECT_EQ(dump("write", 1, buffer("ab", true), 900, kNone, kAll),
            " | 00000  61 62                                             ab               |\n"
            " | 00002  (more bytes, which were not recorded)\n");
}

}  // namespace
}  // namespace boxtrace::sinks
