// D-Bus messages against bytes that busctl of systemd 252 has sent, and everything that a message
// can be instead of one.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/dbus/message.h"
#include "runtime/dbus/variant_text.h"

namespace boxrun::dbus {
namespace {

using ::testing::HasSubstr;

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(*base::parse_u64("0x" + std::string{hex.substr(i, 2)}));
  }
  return bytes;
}

// busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager
//   StartTransientUnit 'ssa(sv)a(sa(sv))' a-b.scope replace 5 Slice s system.slice Delegate b true
//   PIDs au 2 7 8 DeviceAllow 'a(ss)' 1 char-136 rwm TasksMax t 20 0
// Byte 2 are flags, 04 for "may ask for a password", which boxrun does not set.
constexpr const char* kFromBusctl =
    "6c010401d800000002000000b600000001016f00190000002f6f72672f667265"
    "656465736b746f702f73797374656d6431000000000000000301730012000000"
    "53746172745472616e7369656e74556e69740000000000000201730020000000"
    "6f72672e667265656465736b746f702e73797374656d64312e4d616e61676572"
    "000000000000000006017300180000006f72672e667265656465736b746f702e"
    "73797374656d6431000000000000000008016700107373612873762961287361"
    "287376292900000009000000612d622e73636f7065000000070000007265706c"
    "61636500b000000005000000536c696365000173000000000c00000073797374"
    "656d2e736c69636500000000000000000800000044656c656761746500016200"
    "0100000000000000040000005049447300026175000000000800000007000000"
    "08000000000000000b000000446576696365416c6c6f77000561287373290000"
    "180000000000000008000000636861722d313336000000000300000072776d00"
    "080000005461736b734d61780001740014000000000000000000000000000000";

Message start_transient_unit() {
  const auto property = [](const char* name, Value value) {
    return make_struct({make_text(name), make_variant(std::move(value))});
  };
  Message message;
  message.serial = 2;
  message.path = "/org/freedesktop/systemd1";
  message.interface = "org.freedesktop.systemd1.Manager";
  message.member = "StartTransientUnit";
  message.destination = "org.freedesktop.systemd1";
  message.body = {
      make_text("a-b.scope"), make_text("replace"),
      make_array(
          "(sv)",
          {property("Slice", make_text("system.slice")), property("Delegate", make_boolean(true)),
           property("PIDs", make_array("u", {make_u32(7), make_u32(8)})),
           property("DeviceAllow",
                    make_array("(ss)", {make_struct({make_text("char-136"), make_text("rwm")})})),
           property("TasksMax", make_u64(20))}),
      make_array("(sa(sv))", {})};
  return message;
}

TEST(DbusMessage, IsReadAsBusctlWritesIt) {
  const auto parsed = parse_message(from_hex(kFromBusctl));
  ASSERT_TRUE(parsed.ok()) << parsed.error().what;
  const Message expected = start_transient_unit();
  EXPECT_EQ(parsed.value().kind, Kind::Call);
  EXPECT_EQ(parsed.value().serial, 2U);
  EXPECT_EQ(parsed.value().path, expected.path);
  EXPECT_EQ(parsed.value().interface, expected.interface);
  EXPECT_EQ(parsed.value().member, expected.member);
  EXPECT_EQ(parsed.value().destination, expected.destination);
  EXPECT_EQ(parsed.value().body, expected.body);
}

/// busctl orders the fields of the header otherwise: the body is the same byte for byte.
TEST(DbusMessage, IsWrittenAsBusctlWritesIt) {
  const std::string theirs = from_hex(kFromBusctl);
  const std::string ours = render_message(start_transient_unit());
  constexpr std::size_t kBody = 216;
  ASSERT_EQ(ours.size(), theirs.size());
  EXPECT_EQ(ours.substr(ours.size() - kBody), theirs.substr(theirs.size() - kBody));
  EXPECT_EQ(ours.substr(4, 12), theirs.substr(4, 12)) << "length of the body, serial, fields";
  const auto again = parse_message(ours);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again.value().body, start_transient_unit().body);
}

// By the specification: a reply to call 3 with the body `u` 0x01020304, in big endian.
constexpr const char* kBigEndian =
    "42020001"
    "00000004"
    "00000009"
    "0000000f"
    "0501"
    "7500"
    "00000003"
    "0801"
    "6700"
    "0175"
    "00"
    "00"
    "01020304";

TEST(DbusMessage, IsReadInEitherByteOrder) {
  const auto parsed = parse_message(from_hex(kBigEndian));
  ASSERT_TRUE(parsed.ok()) << parsed.error().what;
  EXPECT_EQ(parsed.value().kind, Kind::Reply);
  EXPECT_EQ(parsed.value().serial, 9U);
  EXPECT_EQ(parsed.value().reply_serial, 3U);
  ASSERT_EQ(parsed.value().body.size(), 1U);
  EXPECT_EQ(parsed.value().body[0].number, 0x01020304U);
}

TEST(DbusMessage, EveryTypeSurvives) {
  Message message;
  message.kind = Kind::Signal;
  message.serial = 1;
  message.path = "/a";
  message.body = {
      {"y", 200, {}, {}},
      {"n", static_cast<std::uint64_t>(-2), {}, {}},
      {"q", 65535, {}, {}},
      {"i", static_cast<std::uint64_t>(-3), {}, {}},
      {"x", static_cast<std::uint64_t>(-4), {}, {}},
      {"d", 0x3ff8000000000000, {}, {}},
      {"g", 0, "a{sv}", {}},
      make_path("/b"),
      make_array("{sv}", {{"{sv}", 0, {}, {make_text("key"), make_variant(make_u64(1))}}}),
      make_array("ay", {make_array("y", {}), make_array("y", {{"y", 1, {}, {}}})}),
      make_variant(make_variant(make_text("deep")))};
  const auto parsed = parse_message(render_message(message));
  ASSERT_TRUE(parsed.ok()) << parsed.error().what;
  EXPECT_EQ(parsed.value().body, message.body);
}

/// Whatever is wrong with it, it is an error and nothing worse.
TEST(DbusMessage, EveryPrefixAndEveryFlippedByteIsAnErrorOrAMessage) {
  const std::string good = from_hex(kFromBusctl);
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(parse_message(good.substr(0, length)).ok()) << length;
  }
  std::size_t refused = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const int bit : {1, 0x80, 0xff}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ bit);
      refused += parse_message(bad).ok() ? 0U : 1U;
    }
  }
  EXPECT_GT(refused, good.size()) << "lengths, types, padding and terminators are most of it";
}

TEST(DbusMessage, TheLengthIsKnownFromTheFirstBytes) {
  const std::string good = from_hex(kFromBusctl);
  const auto length = parse_length(good.substr(0, kFixedHeader));
  ASSERT_TRUE(length.ok());
  EXPECT_EQ(length.value(), good.size());
  EXPECT_FALSE(parse_length("l").ok());
  EXPECT_FALSE(parse_length("HTTP/1.1 400 Bad Request").ok());
  std::string huge = good.substr(0, kFixedHeader);
  huge[7] = '\x7f';
  EXPECT_THAT(parse_length(huge).error().what, HasSubstr("bytes"));
}

TEST(DbusTypes, AreCompleteOrNothing) {
  EXPECT_EQ(type_length("sas"), 1U);
  EXPECT_EQ(type_length("a(sv)u"), 5U);
  EXPECT_EQ(type_length("a{s(iv)}"), 8U);
  for (const char* wrong :
       {"", "a", "(", "()", "(s", "a{vs}", "a{s}", "a{sss}", "{ss}", "z", "a)"}) {
    EXPECT_EQ(type_length(wrong), 0U) << wrong;
  }
  EXPECT_NE(type_length(std::string(32, 'a') + "s"), 0U);
  EXPECT_EQ(type_length(std::string(33, 'a') + "s"), 0U);
}

Value parsed(std::string_view text) {
  auto value = parse_variant_text(text);
  EXPECT_TRUE(value.ok()) << text << ": " << value.error().what;
  return value.ok() ? std::move(value).value() : Value{};
}

TEST(VariantText, GivesValuesTheirTypes) {
  EXPECT_EQ(parsed("'inactive-or-failed'"), make_text("inactive-or-failed"));
  EXPECT_EQ(parsed(R"("it's \"\\ \n")"), make_text("it's \"\\ \n"));
  EXPECT_EQ(parsed("uint64 18446744073709551615"), make_u64(~std::uint64_t{0}));
  EXPECT_EQ(parsed(" true "), make_boolean(true));
  EXPECT_EQ(parsed("-5"), (Value{"i", static_cast<std::uint64_t>(-5), {}, {}}));
  EXPECT_EQ(parsed("byte 0x1f"), (Value{"y", 31, {}, {}}));
  EXPECT_EQ(parsed("1.5"), (Value{"d", 0x3ff8000000000000, {}, {}}));
  EXPECT_EQ(parsed("double 1"), (Value{"d", 0x3ff0000000000000, {}, {}}));
  EXPECT_EQ(parsed("['a', 'b']"), make_array("s", {make_text("a"), make_text("b")}));
  EXPECT_EQ(parsed("[uint32 1, 2]"), make_array("u", {make_u32(1), make_u32(2)}));
  EXPECT_EQ(parsed("@as []"), make_array("s", {}));
  EXPECT_EQ(parsed("@a(st) [('a', 1)]"),
            make_array("(st)", {make_struct({make_text("a"), make_u64(1)})}));
  EXPECT_EQ(parsed("('x', <true>)"),
            make_struct({make_text("x"), make_variant(make_boolean(true))}));
  EXPECT_EQ(parsed("objectpath '/a'"), make_path("/a"));
}

TEST(VariantText, RefusesWhatItDoesNotUnderstand) {
  for (const char* wrong : {"",
                            "x",
                            "[]",
                            "[1, 'a']",
                            "'open",
                            "uint32 -1",
                            "byte 256",
                            "int16 40000",
                            "1 2",
                            "@z 1",
                            "uint64 'a'",
                            "(1",
                            "()",
                            "<1",
                            "{'a': 1}",
                            "99999999999",
                            "@as ['a', 1]",
                            "string 5",
                            "@(su) ('a')",
                            "1.5.5",
                            "'\\u0041'"}) {
    EXPECT_FALSE(parse_variant_text(wrong).ok()) << wrong;
  }
  EXPECT_FALSE(parse_variant_text(std::string(100, '[')).ok());
}

}  // namespace
}  // namespace boxrun::dbus
