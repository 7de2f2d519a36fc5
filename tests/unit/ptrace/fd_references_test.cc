#include "tracer/ptrace/fd_references.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace boxtrace::ptrace {
namespace {

using base::FdNum;
using testing::ElementsAre;

const std::vector<base::NsPid> kOwnPids{base::NsPid{4711}, base::NsPid{1}};

TEST(FdReferences, PathsThroughProcNameADescriptor) {
  for (const char* path :
       {"/proc/self/fd/6", "/proc/thread-self/fd/6", "/dev/fd/6", "/proc/4711/fd/6", "/proc/1/fd/6",
        "/proc/self/task/4711/fd/6", "self/fd/6", "thread-self/fd/6", "/proc/self/fd/6/proc"}) {
    EXPECT_EQ(fd_in_path(path, kOwnPids), FdNum{6}) << path;
  }
}

TEST(FdReferences, OtherPathsDoNot) {
  for (const char* path :
       {"", "/", "/proc/self/fd", "/proc/self/fd/", "/proc/self/fd/x", "/proc/self/fd/-1",
        "/proc/self/fd/99999999999", "/proc/2/fd/6", "/proc/self/fdinfo/6", "/self/fd/6",
        "/tmp/proc/self/fd/6", "/dev/fd", "fd/6", "6"}) {
    EXPECT_EQ(fd_in_path(path, kOwnPids), std::nullopt) << path;
  }
}

TEST(FdReferences, EveryDescriptorOfTheArgumentsIsNamedOnce) {
  using namespace decoders;
  DecodedCall call;
  call.args.push_back({"dirfd", Fd{5}});
  call.args.push_back({"cwd", Fd{-100, true}});
  call.args.push_back({"path", Text{Text::Kind::Path, "/proc/self/fd/9", false, {}}});
  call.args.push_back({"string", Text{Text::Kind::String, "/proc/self/fd/10", false, {}}});
  List list;
  list.items.emplace_back(Fd{5});
  list.items.emplace_back(Fd{7});
  Struct fields;
  fields.fields.push_back({"cgroup", Fd{8}});
  fields.fields.push_back({"list", list});
  call.args.push_back({"args", fields});
  EXPECT_THAT(fd_references(call, kOwnPids), ElementsAre(FdNum{5}, FdNum{9}, FdNum{8}, FdNum{7}));
}

}  // namespace
}  // namespace boxtrace::ptrace
