#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "script.h"

namespace boxtrace::timeline {
namespace {

using std::string_view_literals::operator""sv;
using ::testing::HasSubstr;
using ::testing::Not;

// linux/sched.h, linux/mount.h
constexpr std::uint64_t kNewNs = 0x20000, kNewUts = 0x4000000, kNewPid = 0x20000000;
constexpr std::uint64_t kParent = 0x8000;
constexpr std::uint64_t kBind = 4096, kRec = 16384, kSlave = 1 << 19, kRdonly = 1, kRemount = 32,
                        kNosuid = 2;
constexpr std::uint64_t kDetach = 2;
constexpr std::uint64_t kNone = 0;

TEST(Story, UnshareMovesTheCallerButOnlyItsChildrenIntoThePidNamespace) {
  Script script;
  script.call("unshare", {kNewNs | kNewPid});
  EXPECT_THAT(script.text(), HasSubstr("unshare NEWNS|NEWPID"));
  EXPECT_THAT(script.text(), HasSubstr("[Muipncst]"));
  EXPECT_EQ(script.milestone("ns.new"), "by=unshare kinds=mnt pid");
  script.born(2, kParent);
  EXPECT_THAT(script.text(), HasSubstr("clone CLONE_PARENT \u2192 T2 = pid 1 inside"));
  EXPECT_THAT(script.text(), HasSubstr("[MuiPncst]"));
}

TEST(Story, OneCloneMakesNamespacesAndPidOneTogether) {
  Script script("/usr/bin/crun");
  script.born(2, kNewNs | kNewPid | kNewUts);
  EXPECT_EQ(script.milestone("ns.new"), "by=clone kinds=mnt uts pid");
  EXPECT_EQ(script.milestone("pid1.born"), "by=clone");
}

TEST(Story, OnlyTheFirstChildOfAPidNamespaceIsPidOne) {
  Script script("/usr/bin/unshare");
  script.call("unshare", {kNewPid}).born(2).born(3);
  EXPECT_THAT(script.text(), HasSubstr("T2 = pid 1 inside"));
  EXPECT_THAT(script.text(), Not(HasSubstr("T3 = pid 1")));
}

TEST(Story, WhatCouldNotBeReadIsSaidAndNotInvented) {
  Script script("/usr/bin/crun");
  script.call("unshare", {kNewNs});
  script.call("mount", {std::uint64_t{0x1000}, std::uint64_t{0x2000}, kNone, kBind, kNone});
  script.call("pivot_root", {std::uint64_t{0x1000}, std::uint64_t{0x2000}}).exits(0).end();
  EXPECT_THAT(script.text(), HasSubstr("2 calls with arguments unreadable: mount, pivot_root"));
  EXPECT_THAT(script.text(), HasSubstr("the trace does not hold them"));
  EXPECT_THAT(script.text(), Not(HasSubstr("rootfs")));
  EXPECT_EQ(script.milestone("root.pivot"), "no such milestone");
}

TEST(Story, RuntimeThatFailsIsAskedForItsLastRefusal) {
  Script script("/usr/bin/crun");
  script.fd(7, "/dev/null").fails("fchown", {std::uint64_t{7}, kNone, kNone}, 1);
  script.fails("openat", {std::uint64_t{3}, "gone"sv, kNone, kNone}, 2).exits(1).end();
  EXPECT_THAT(script.text(), HasSubstr("last refusal: fchown /dev/null failed: EPERM"));
}

TEST(Story, RuntimeThatSucceedsHasNoLastRefusal) {
  Script script("/usr/bin/crun");
  script.fd(7, "/dev/null").fails("fchown", {std::uint64_t{7}, kNone, kNone}, 1).exits(0).end();
  EXPECT_THAT(script.text(), Not(HasSubstr("refusal")));
}

TEST(Story, ThreadsAreNotTold) {
  Script script;
  const std::string before = script.text();
  script.born(2, 0x10000);  // CLONE_THREAD
  EXPECT_EQ(script.text(), before);
}

Script& in_new_mount_namespace(Script& script) {
  return script.call("unshare", {kNewNs})
      .call("mount", {""sv, "/"sv, kNone, kRec | kSlave, kNone})
      .call("mount", {"/b/rootfs"sv, "/b/rootfs"sv, kNone, kBind | kRec, kNone});
}

TEST(Story, MountsAreFoldedAndShownAtTheirPlacesInside) {
  Script script;
  in_new_mount_namespace(script)
      .fd(6, "/b/rootfs/proc")
      .call("mount", {"proc"sv, "/proc/self/fd/6"sv, "proc"sv, kNone, kNone})
      .fd(6, "/b/rootfs/dev")
      .call("mount", {"tmpfs"sv, "/proc/self/fd/6"sv, "tmpfs"sv, kNone, kNone})
      .end();
  EXPECT_THAT(script.text(), HasSubstr("/ and all below made slave"));
  EXPECT_THAT(script.text(), HasSubstr("rootfs: bind /b/rootfs onto itself"));
  EXPECT_THAT(script.text(), HasSubstr("2 mounts: proc /proc, tmpfs /dev"));
}

// Of a directory that is bound onto itself it shows only later what for.
TEST(Story, ADirectoryBoundOntoItselfToBeMadeReadOnlyIsNoRoot) {
  Script script;
  script.call("unshare", {kNewNs});
  for (const std::string_view place : {"/etc"sv, "/srv/app"sv, "/run/x"sv}) {
    script.call("mount", {place, place, kNone, kBind | kRec, kNone})
        .call("mount", {kNone, place, kNone, kBind | kRemount | kRdonly, kNone});
  }
  script.call("mount", {"/srv/b"sv, "/srv/b"sv, kNone, kBind, kNone})
      .call("mount", {kNone, "/srv/b"sv, kNone, kBind | kRemount | kNosuid, kNone})
      .call("mount", {"x"sv, "/srv/b/c"sv, "tmpfs"sv, kNone, kNone})
      .end();
  EXPECT_THAT(script.text(), Not(HasSubstr("rootfs")));
  EXPECT_THAT(script.text(), Not(HasSubstr("root directory")));
  EXPECT_THAT(script.text(), Not(HasSubstr("pivot_root")));
  EXPECT_EQ(script.milestone("paths.hidden"), "read-only=/etc /run/x /srv/app");
  EXPECT_EQ(script.milestone("mounts"), "mounts=bind /srv/b, tmpfs /srv/b/c");
}

TEST(Story, AParentOfTheRootThatIsBoundOntoItselfTooIsNotTheRoot) {
  Script script;
  in_new_mount_namespace(script)
      .call("mount", {"/b"sv, "/b"sv, kNone, kBind | kRec, kNone})
      .call("mount", {"proc"sv, "/b/rootfs/proc"sv, "proc"sv, kNone, kNone})
      .end();
  EXPECT_EQ(script.milestone("mounts"), "mounts=bind /b, proc /proc");
}

TEST(Story, PivotRootAndTheUmountOfTheOldRootAreOneLine) {
  Script script;
  in_new_mount_namespace(script)
      .call("chdir", {"/b/rootfs"sv})
      .call("pivot_root", {"."sv, "."sv})
      .call("umount2", {"."sv, kDetach});
  EXPECT_THAT(script.text(), HasSubstr("pivot_root(\".\", \".\") + umount old root"));
  EXPECT_EQ(script.milestone("root.pivot"), "idiom=same place detached=yes");
}

TEST(Story, MaskedAndReadOnlyPathsAreOneLine) {
  Script script;
  in_new_mount_namespace(script)
      .call("chdir", {"/b/rootfs"sv})
      .call("pivot_root", {"."sv, "."sv})
      .call("umount2", {"."sv, kDetach})
      .call("mount", {"/dev/null"sv, "/proc/kcore"sv, kNone, kBind, kNone})
      .fails("mount", {"/dev/null"sv, "/proc/nothing"sv, kNone, kBind, kNone}, 2)
      .call("mount", {"/proc/sys"sv, "/proc/sys"sv, kNone, kBind | kRec, kNone})
      .call("mount", {"/proc/sys"sv, "/proc/sys"sv, kNone, kBind | kRemount | kRdonly, kNone})
      .end();
  EXPECT_EQ(script.milestone("paths.hidden"), "masked=/proc/kcore read-only=/proc/sys");
  EXPECT_THAT(script.text(), HasSubstr("1 absent here"));
}

TEST(Story, ProfilesOfAppArmorAndOtherLabelsAreTold) {
  Script script;
  in_new_mount_namespace(script)
      .fd(9, "/101/task/101/attr/apparmor/exec")
      .call("write", {std::uint64_t{9}, "exec docker-default"sv, std::uint64_t{19}}, 19)
      .fd(9, "/proc/101/attr/current")
      .call("write", {std::uint64_t{9}, "system_u:system_r:container_t:s0"sv, std::uint64_t{32}},
            32)
      .fd(9, "/proc/101/attr/fscreate")
      .call("write", {std::uint64_t{9}, "of files"sv, std::uint64_t{8}}, 8);
  EXPECT_THAT(script.text(), HasSubstr("AppArmor profile docker-default"));
  EXPECT_THAT(script.text(), HasSubstr("security label system_u:system_r:container_t:s0"));
  EXPECT_THAT(script.text(), Not(HasSubstr("of files")));
  EXPECT_EQ(script.milestone("security-label"), "label=docker-default");
}

TEST(Story, CapabilityDropsAreOneLineWithWhatIsKept) {
  Script script;
  script.call("unshare", {kNewUts});
  for (std::uint64_t cap = 0; cap < 41; ++cap) {
    if (cap != 5) {
      script.call("prctl", {std::uint64_t{24}, cap});
    }
  }
  script.end();
  EXPECT_EQ(script.milestone("caps"),
            "permitted=0x1ffffffffff effective=0x1ffffffffff bounding=0x20 ambient=0x0");
}

TEST(Story, LibseccompProbesAreFoldedAndFiltersAreNot) {
  Script script;
  script.fails("seccomp", {std::uint64_t{1}, std::uint64_t{1}, kNone}, 14)
      .fails("seccomp", {std::uint64_t{0}, std::uint64_t{1}, kNone}, 22)
      .call("prctl", {std::uint64_t{38}, std::uint64_t{1}});
  EXPECT_THAT(script.text(), HasSubstr("2 libseccomp probes"));
  EXPECT_THAT(script.text(), HasSubstr("no_new_privs"));
}

TEST(Story, TheContainersProgramIsTheExecThatIsNotTheRuntimesOwn) {
  Script script;
  script.call("unshare", {kNewNs | kNewPid}).born(2, kParent).task(2).name("runc:[2:INIT]");
  script.exec("/proc/self/exe", {"/usr/bin/runc", "init"});
  EXPECT_EQ(script.milestone("exec.final"), "no such milestone");
  script.exec("/bin/sh", {"sh"});
  EXPECT_EQ(script.milestone("exec.final"), "program=/bin/sh");
  EXPECT_THAT(script.text(), HasSubstr("pid T2 outside, 1 inside"));
  ASSERT_TRUE(script.analysis().final_exec().has_value());
  EXPECT_EQ(script.analysis().final_exec()->namespaces[0].origin, model::NsAtExec::Origin::New);
  EXPECT_EQ(script.analysis().final_exec()->namespaces[4].origin, model::NsAtExec::Origin::Host);
}

// Sandboxes have many names, and some have none: a script may call unshare itself.
TEST(Story, TheProgramThatAnUnknownSandboxRunsIsTheContainers) {
  Script unsharing("/opt/box");
  unsharing.call("unshare", {kNewUts | kNewPid}).born(2).task(2).name("named");
  unsharing.exec("/bin/app", {"app"}).name("worker").exits(0).end();
  EXPECT_EQ(unsharing.milestone("exec.final"), "program=/bin/app");
  EXPECT_THAT(unsharing.text(), HasSubstr("contained: uts pid"));
  EXPECT_THAT(unsharing.text(), HasSubstr("end of the container's program"));

  Script again("/opt/box");
  again.call("unshare", {kNewUts | kNewPid}).born(2).task(2);
  again.exec("/proc/self/exe", {"box-init"}).exec("/bin/app", {"app"}).end();
  EXPECT_EQ(again.milestone("exec.final"), "program=/bin/app");

  Script cloning("/opt/box");
  cloning.born(2, kNewPid).task(2).born(3).task(3).exec("/bin/app", {"app"}).end();
  EXPECT_EQ(cloning.milestone("exec.final"), "program=/bin/app");
  // What the program starts itself is none.
  cloning.born(4).task(4).exec("/bin/other", {"other"});
  EXPECT_THAT(cloning.text(), Not(HasSubstr("execve /bin/other")));
}

TEST(Story, ACommandOfAnyLengthOpensItInAFewLines) {
  const Script script("/usr/bin/" + std::string(100'000, 'a'));
  EXPECT_LT(script.text().find('\n'), 600U);
}

TEST(Story, ACommandThatMakesNoNamespaceIsNoContainer) {
  Script script("/bin/true");
  script.exits(0).end();
  EXPECT_THAT(script.text(), HasSubstr("no container"));
  EXPECT_THAT(script.text(), Not(HasSubstr("contained:")));
}

TEST(Story, ARefusedUnshareSaysWhatItTakes) {
  Script script("/usr/bin/unshare");
  script.fails("unshare", {kNewNs}, 1).exits(1).end();
  EXPECT_EQ(script.milestone("failure"), "call=unshare error=EPERM");
  EXPECT_THAT(script.text(), HasSubstr("needs CAP_SYS_ADMIN"));
}

// It is the commonest failure of all, and strikes at the very end.
TEST(Story, PropagationOfOneMountPromisesNothingForTheOthers) {
  Script script;
  script.call("unshare", {kNewNs});
  for (const std::string_view place : {"/run/a"sv, "/run/b"sv}) {
    script.call("mount", {kNone, place, kNone, std::uint64_t{kSlave}, kNone});
  }
  script.call("mount", {kNone, "/"sv, kNone, std::uint64_t{kSlave}, kNone}).end();
  EXPECT_THAT(script.text(), HasSubstr("2 mounts made slave: /run/a /run/b"));
  EXPECT_THAT(script.text(), HasSubstr("/ made slave"));
  EXPECT_THAT(script.text(), Not(HasSubstr("no mount leaks")));
}

TEST(Story, AProgramThatCannotBeExecutedIsToldAtTheExit) {
  constexpr std::uint64_t kCapAmbient = 47;
  Script script;
  script.fails("prctl", {kCapAmbient, std::uint64_t{2}}, 1)
      .fails("execve", {"/usr/bin/app"sv, kNone, kNone}, 2)
      .fails("execve", {"/bin/app"sv, kNone, kNone}, 2);
  EXPECT_THAT(script.text(), Not(HasSubstr("failed")));
  script.exits(127);
  EXPECT_THAT(script.text(), HasSubstr("execve /bin/app failed: ENOENT \u00d72"));
  EXPECT_THAT(script.text(), HasSubstr("the interpreter that it names"));
  EXPECT_THAT(script.text(), Not(HasSubstr("last refusal")));

  Script denied;
  denied.fails("execve", {"/usr/bin/app"sv, kNone, kNone}, 13)
      .fails("execve", {"/bin/app"sv, kNone, kNone}, 2)
      .exits(126);
  EXPECT_THAT(denied.text(), HasSubstr("execve /usr/bin/app failed: EACCES"));

  Script found;
  found.fails("execve", {"/usr/bin/app"sv, kNone, kNone}, 2).exec("/bin/app", {"app"}).exits(1);
  EXPECT_THAT(found.text(), Not(HasSubstr("failed")));
}

TEST(Story, AskingTheKernelWhetherItKnowsACallIsNoFailure) {
  constexpr std::uint64_t kNoFd = 0xfffffff7;  // -9
  Script script;
  script.fails("fsmount", {kNoFd, kNone, kNone}, 9)
      .fails("mount_setattr", {kNoFd, kNone, kNone, kNone, kNone}, 22);
  EXPECT_THAT(script.text(), Not(HasSubstr("failed")));
  script.fails("fsmount", {std::uint64_t{5}, kNone, kNone}, 22).exits(1);
  EXPECT_EQ(script.milestone("failure"), "call=fsmount error=EINVAL");
}

TEST(Story, AFailureNamesThePlaceAndWhatItTakes) {
  Script script;
  script.fails("chroot", {"/b/rootfs"sv}, 1)
      .fails("setresuid", {std::uint64_t{44}, std::uint64_t{44}, std::uint64_t{44}}, 22)
      .fails("clone", {std::uint64_t{17}}, 11)
      .exits(1);
  EXPECT_THAT(script.text(),
              HasSubstr("chroot /b/rootfs failed: EPERM \u00b7 needs CAP_SYS_CHROOT"));
  EXPECT_THAT(script.text(), HasSubstr("the id has no mapping in this user namespace"));
  EXPECT_THAT(script.text(), HasSubstr("pids.max"));
}

TEST(Story, AContradictionByTheKernelIsShown) {
  Script script;
  raw::Observation seen;
  raw::NsLinks links;
  links.own[0] = {99};
  seen.ns = links;
  script.observe(seen);
  EXPECT_THAT(script.text(), HasSubstr("the model disagrees with the kernel"));
}

}  // namespace
}  // namespace boxtrace::timeline
