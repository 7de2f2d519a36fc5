#include "tracer/model/namespaces.h"

#include <gtest/gtest.h>

namespace boxtrace::model {
namespace {

raw::NsLinks host_links() {
  raw::NsLinks links;
  for (std::size_t i = 0; i < raw::kNsKinds; ++i) {
    links.own[i] = {i + 1};
  }
  return links;
}

NsSet host_set(const Namespaces& all) {
  NsSet set;
  for (const raw::NsKind kind : all_ns_kinds()) {
    set.of(kind) = all.host(kind);
  }
  set.pid_for_children = all.host(raw::NsKind::Pid);
  set.time_for_children = all.host(raw::NsKind::Time);
  return set;
}

TEST(Namespaces, TheStripIsUpperCaseWhereItDiffersFromTheHost) {
  Namespaces all;
  all.set_host(host_links());
  NsSet set = host_set(all);
  EXPECT_EQ(all.strip(set), "muipncst");
  set.of(raw::NsKind::User) = all.make(raw::NsKind::User, {1}, {7});
  EXPECT_EQ(all.strip(set), "muipncSt");
}

TEST(Namespaces, AnObservationGivesANewNamespaceItsInodeNumber) {
  Namespaces all;
  all.set_host(host_links());
  NsSet set = host_set(all);
  const NsRef made = all.make(raw::NsKind::Net, {1}, {7});
  set.of(raw::NsKind::Net) = made;
  raw::NsLinks seen = host_links();
  seen.own[4] = {500};
  EXPECT_TRUE(all.confirm(set, seen).empty());
  EXPECT_EQ(all.find(made)->inode.value, 500U);
  EXPECT_EQ(all.by_inode(raw::NsKind::Net, {500}), made);
}

TEST(Namespaces, ANewNamespaceThatTurnsOutToBeTheHostsIsAMismatch) {
  Namespaces all;
  all.set_host(host_links());
  NsSet set = host_set(all);
  set.of(raw::NsKind::Net) = all.make(raw::NsKind::Net, {1}, {7});
  const std::vector<NsMismatch> mismatches = all.confirm(set, host_links());
  ASSERT_EQ(mismatches.size(), 1U);
  EXPECT_EQ(mismatches[0].link, "net");
  EXPECT_TRUE(all.is_host(set.of(raw::NsKind::Net)));
}

TEST(Namespaces, AnUnreadableLinkSaysNothing) {
  Namespaces all;
  all.set_host(host_links());
  NsSet set = host_set(all);
  set.pid_for_children = all.make(raw::NsKind::Pid, {1}, {7});
  raw::NsLinks seen = host_links();
  seen.pid_for_children = {0};
  EXPECT_TRUE(all.confirm(set, seen).empty());
  EXPECT_TRUE(Namespaces::for_children(set).has(raw::NsKind::Pid));
  EXPECT_EQ(all.strip(set), "muipncst");
}

TEST(Namespaces, TheTimeFlagIsNotTakenFromASignalNumber) {
  EXPECT_TRUE(NsMask::from_clone_flags(0x80).has(raw::NsKind::Time));
  EXPECT_TRUE(NsMask::from_clone_flags(17).empty());
}

}  // namespace
}  // namespace boxtrace::model
