#include "tracer/base/error_text.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace boxtrace::base {
namespace {

TEST(Errno, EveryNumberReadsAsTheCLibraryReadsIt) {
  int named = 0;
  for (int err = 1; err < 200; ++err) {
    const char* name = strerrorname_np(err);
    if (name == nullptr) {
      EXPECT_EQ(errno_name(err), "") << err;
      continue;
    }
    ++named;
    EXPECT_EQ(errno_name(err), name);
    EXPECT_EQ(errno_text(err), strerrordesc_np(err));
    EXPECT_EQ(parse_errno(name), err);
  }
  EXPECT_GT(named, 120);
}

TEST(Errno, SecondNamesAreUnderstood) {
  EXPECT_EQ(parse_errno("EWOULDBLOCK"), EAGAIN);
  EXPECT_EQ(parse_errno("EDEADLOCK"), EDEADLK);
  EXPECT_EQ(parse_errno("ENOTSUP"), EOPNOTSUPP);
}

TEST(Errno, UnknownNamesAndNumbersAreSaidToBeSo) {
  EXPECT_EQ(parse_errno("ENOPE"), 0);
  EXPECT_EQ(parse_errno(""), 0);
  EXPECT_EQ(errno_name(0), "");
  EXPECT_EQ(errno_name(-1), "");
  EXPECT_EQ(errno_text(4096), "Unknown error");
}

TEST(RenderError, SaysWhatFailedWhyAndWhatToDo) {
  EXPECT_EQ(render_error({EPERM, "clone(CLONE_NEWNS)", "run as root"}),
            "clone(CLONE_NEWNS): Operation not permitted (EPERM)\nhint: run as root");
}

TEST(RenderError, LeavesOutWhatIsNotThere) {
  EXPECT_EQ(render_error({0, "process.args is empty", ""}), "process.args is empty");
  EXPECT_EQ(render_error({4095, "ioctl(3)", ""}), "ioctl(3): Unknown error (errno 4095)");
}

}  // namespace
}  // namespace boxtrace::base
