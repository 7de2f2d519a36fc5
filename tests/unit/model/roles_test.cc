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

TEST(Roles, TheNameThatAProgramWasStartedByDecides) {
  EXPECT_EQ(role("/usr/sbin/dockerd", {"libnetwork-setkey", "-exec-root=/x"}).name,
            "libnetwork-setkey");
  EXPECT_EQ(role("/usr/sbin/dockerd", {"set-ipv6", "/ns"}).name, "set-ipv6");
  EXPECT_EQ(role("/memfd:runc_cloned:/proc/self/exe (deleted)", {"runc", "init"}).name,
            "runc init");
  EXPECT_EQ(role("/usr/bin/containerd", {"some-link"}).name, "containerd");
}

TEST(Roles, DaemonsAreThoseThatServeOthers) {
  EXPECT_TRUE(role("/usr/sbin/dockerd", {"/usr/sbin/dockerd", "-H", "fd://"}).is_daemon);
  EXPECT_TRUE(role("/usr/bin/containerd", {"containerd"}).is_daemon);
  EXPECT_TRUE(role("/usr/bin/containerd-shim-runc-v2",
                   {"/usr/bin/containerd-shim-runc-v2", "-namespace", "moby", "-id", "x"})
                  .is_daemon);
  EXPECT_TRUE(role("/usr/bin/containerd-shim-kata-v2", {"containerd-shim-kata-v2"}).is_daemon);
  EXPECT_TRUE(
      role("/usr/bin/podman", {"podman", "--log-level=info", "system", "service"}).is_daemon);
  EXPECT_TRUE(role("/usr/bin/conmon", {"conmon"}).is_daemon);
  EXPECT_FALSE(role("/usr/bin/podman", {"podman", "run", "system", "x", "service"}).is_daemon);
  EXPECT_FALSE(role("/usr/bin/docker", {"docker", "run", "x"}).is_daemon);
  EXPECT_FALSE(role("/usr/sbin/runc", {"runc", "create", "c1"}).is_daemon);
  EXPECT_FALSE(role("/bin/containerd-shimmy/sh", {"sh"}).is_daemon);
}

TEST(Roles, AProgramStartedInsideByAStageIsAHook) {
  const std::vector<std::string> argv = {"hook.sh"};
  const Role hook = find_role({"/hook.sh", argv, "hook.sh", "runc:[2:INIT]", true});
  EXPECT_EQ(hook.kind, RoleKind::Aide);
}

}  // namespace
}  // namespace boxtrace::model
