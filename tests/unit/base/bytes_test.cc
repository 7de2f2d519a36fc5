#include "tracer/base/bytes.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace boxtrace::base {
namespace {

TEST(ReadLe, TakesTheLeastSignificantByteFirst) {
  const Bytes bytes = to_bytes("\x01\x02\x03\x04\x05\x06\x07\x08");
  EXPECT_EQ(read_le<std::uint8_t>(bytes, 7), 0x08U);
  EXPECT_EQ(read_le<std::uint16_t>(bytes, 1), 0x0302U);
  EXPECT_EQ(read_le<std::uint64_t>(bytes, 0), 0x0807060504030201U);
}

TEST(ReadLe, ReadsNothingBeyondTheEnd) {
  const Bytes bytes = to_bytes("\x01\x02\x03\x04");
  EXPECT_EQ(read_le<std::uint32_t>(bytes, 0), 0x04030201U);
  EXPECT_FALSE(read_le<std::uint32_t>(bytes, 1));
  EXPECT_FALSE(read_le<std::uint8_t>(bytes, 4));
  EXPECT_FALSE(read_le<std::uint8_t>(bytes, 5));
  EXPECT_FALSE(read_le<std::uint64_t>(bytes, 0));
  EXPECT_FALSE(read_le<std::uint64_t>(bytes, std::numeric_limits<std::size_t>::max()));
}

TEST(ReadLe, KeepsTheSign) {
  EXPECT_EQ(read_le<std::int32_t>(to_bytes("\xff\xff\xff\xff"), 0), -1);
}

TEST(Bytes, TextSurvivesTheWayThereAndBack) {
  const std::string_view text("a\0\xff", 3);
  EXPECT_EQ(as_chars(to_bytes(text)), text);
  EXPECT_EQ(as_chars(as_bytes(text)), text);
}

}  // namespace
}  // namespace boxtrace::base
