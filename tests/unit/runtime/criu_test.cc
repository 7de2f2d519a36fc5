// What is said to criu and understood of it, against bytes written by hand from the specification
// of the format.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/criu/protobuf.h"
#include "runtime/criu/rpc.h"
#include "runtime/criu/service.h"

namespace boxrun::criu {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Protobuf, NumbersAndTextsAreWrittenAsSpecified) {
  MessageWriter inner;
  inner.add_number(1, 150);
  EXPECT_EQ(inner.bytes(), "\x08\x96\x01");
  MessageWriter message;
  message.add_text(2, "testing");
  message.add_message(3, inner);
  message.add_number(16, 0);
  EXPECT_EQ(message.bytes(), "\x12\x07testing\x1a\x03\x08\x96\x01\x80\x01\x00"s);
  MessageWriter negative;
  negative.add_number(1, -2);
  EXPECT_EQ(negative.bytes(), "\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"s);
}

TEST(Protobuf, WhatWasWrittenIsRead) {
  MessageWriter message;
  message.add_number(1, -1);
  message.add_text(300, "x");
  const auto fields = parse_message(message.bytes());
  ASSERT_TRUE(fields.ok());
  ASSERT_EQ(fields.value().size(), 2U);
  EXPECT_EQ(static_cast<std::int64_t>(fields.value()[0].value), -1);
  EXPECT_EQ(fields.value()[1].number, 300U);
  EXPECT_EQ(fields.value()[1].bytes, "x");
}

TEST(Protobuf, FixedNumbersAreRead) {
  const auto fields = parse_message("\x0d\x01\x02\x00\x00\x11\x01\x00\x00\x00\x00\x00\x00\x80"s);
  ASSERT_TRUE(fields.ok());
  EXPECT_EQ(fields.value()[0].value, 0x201U);
  EXPECT_EQ(fields.value()[1].value, 0x8000'0000'0000'0001U);
}

TEST(Protobuf, WhatIsCutOffOrNoTypeIsRefused) {
  for (const std::string& broken :
       {"\x08"s, "\x08\xff"s,
        "\x12\x05"
        "abc"s,
        "\x0d\x01"s, "\x0b"s, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s,
        "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s}) {
    EXPECT_FALSE(parse_message(broken).ok()) << broken.size();
  }
}

TEST(CriuRpc, ARequestHasTypeAndOptions) {
  Options options;
  options.images_fd = 5;
  options.pid = 42;
  options.leave_running = true;
  options.external_mounts = {{"/data", "/data"}};
  const std::string bytes = render_request(RequestType::Dump, options);
  EXPECT_TRUE(bytes.starts_with("\x08\x01\x12"));
  EXPECT_THAT(bytes, HasSubstr("\x08\x05\x10\x2a\x18\x01"s));
  EXPECT_THAT(bytes, HasSubstr("\xba\x01\x0e\x0a\x05/data\x12\x05/data"s));
  EXPECT_THAT(bytes, Not(HasSubstr("\xd0\x01\x01"s))) << "rst_sibling is for a restore";
  options.is_restore = true;
  EXPECT_THAT(render_request(RequestType::Restore, options), HasSubstr("\xd0\x01\x01"s));
}

TEST(CriuRpc, AnswersAreUnderstood) {
  MessageWriter version;
  version.add_number(1, 3);
  version.add_number(2, 17);
  version.add_number(4, 1);
  MessageWriter answer;
  answer.add_number(1, 10);
  answer.add_number(2, 1);
  answer.add_message(10, version);
  const auto parsed = parse_answer(answer.bytes());
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(parsed.value().success);
  EXPECT_EQ(parsed.value().version, 31701);
  MessageWriter notify;
  notify.add_text(1, "post-restore");
  notify.add_number(2, 77);
  MessageWriter notification;
  notification.add_number(1, 6);
  notification.add_number(2, 1);
  notification.add_message(5, notify);
  const auto told = parse_answer(notification.bytes());
  ASSERT_TRUE(told.ok());
  EXPECT_EQ(told.value().script, "post-restore");
  EXPECT_EQ(told.value().pid, 77);
}

TEST(CriuLog, TheFirstErrorOfACascadeIsTheCause) {
  EXPECT_EQ(first_error("(00.1) fine\n"
                        "(00.2) Error (criu/util.c:1534): rlimit: Can't setup RLIMIT_NOFILE for "
                        "self: Operation not permitted\n"
                        "(00.3)   7: Error (criu/files-reg.c:1790): Can't lookup mount=27 for fd=1 "
                        "path=/x\n"
                        "(00.4) Error (criu/cr-dump.c:1698): Dump files (pid: 7) failed with -1\n"
                        "(00.5) Error (criu/cr-dump.c:2128): Dumping FAILED.\n"),
            "Can't lookup mount=27 for fd=1 path=/x");
  EXPECT_EQ(first_error("Error (criu/cr-dump.c:2128): Dumping FAILED.\n"), "Dumping FAILED.");
  EXPECT_EQ(first_error("nothing\n"), "");
  EXPECT_THAT(hint_for("Can't lookup mount=27"), HasSubstr("a file of the host is open"));
  EXPECT_EQ(hint_for("something else"), "");
}

}  // namespace
}  // namespace boxrun::criu
