#include "tracer/model/roles.h"

#include <gtest/gtest.h>

namespace boxtrace::model {
namespace {

Role role(std::string_view exe, const std::vector<std::string>& argv, std::string_view comm = "") {
  return find_role({exe, argv, comm, "", false});
}

TEST(Roles, ARuntimeIsToldByItsCommand) {
  EXPECT_EQ(role("/usr/sbin/runc", {"runc", "run", "c1"}).name, "runc run");
  EXPECT_EQ(role("/usr/sbin/runc", {"runc", "--debug", "create", "c1"}).name, "runc create");
}

TEST(Roles, AStageIsCalledWhatItCallsItself) {
  const Role stage = role("/", {"runc", "init"}, "runc:[2:INIT]");
  EXPECT_EQ(stage.kind, RoleKind::Stage);
  EXPECT_EQ(stage.name, "runc:[2:INIT]");
}

TEST(Roles, OldPackageNamesAreTheSamePrograms) {
  EXPECT_EQ(role("/usr/bin/dockerd-current", {"dockerd-current"}).name, "dockerd");
  EXPECT_EQ(role("/usr/bin/docker-runc", {"docker-runc", "run"}).name, "runc run");
}

TEST(Roles, AnUnknownProgramKeepsItsName) {
  const Role other = role("/usr/bin/make", {"make", "all"});
  EXPECT_EQ(other.kind, RoleKind::Program);
  EXPECT_EQ(other.name, "make");
}

TEST(Roles, AProgramStartedInsideByAStageIsAHook) {
  const std::vector<std::string> argv = {"hook.sh"};
  const Role hook = find_role({"/hook.sh", argv, "hook.sh", "runc:[2:INIT]", true});
  EXPECT_EQ(hook.kind, RoleKind::Aide);
}

}  // namespace
}  // namespace boxtrace::model
