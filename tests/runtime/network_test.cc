// The network namespace: its loopback interface, and devices of the host that move into it.

#include <gmock/gmock.h>
#include <unistd.h>

#include "tests/runtime/container_fixture.h"

namespace boxrun::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class Network : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    device = "bt" + std::to_string(::getpid() % 100'000);
  }
  void TearDown() override {
    static_cast<void>(ip({"link", "del", device + "a"}));
    ContainerTest::TearDown();
  }
  static Ended ip(std::vector<std::string> words) {
    words.insert(words.begin(), "ip");
    return run_command({std::move(words)});
  }
  /// Two devices, whose names end in a and b; a moves, and b stays and goes with it.
  bool make_devices() const {
    return ::geteuid() == 0 &&
           ip({"link", "add", device + "a", "type", "veth", "peer", "name", device + "b"}).status ==
               0;
  }

  std::string device;
};

TEST_F(Network, LoopbackIsUpInANewNamespace) {
  EXPECT_EQ(output_of("cat /sys/class/net/lo/flags; ip -4 addr show lo | grep -o 127.0.0.1/8"),
            "0x9\n127.0.0.1/8");
}

TEST_F(Network, LoopbackOfAJoinedNamespaceIsLeftAlone) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  write_text(folder + "/net", "");
  ASSERT_EQ(run_command({{"unshare", "--net=" + folder + "/net", "true"}}).status, 0);
  join_namespace("network", folder + "/net");
  EXPECT_EQ(output_of("cat /sys/class/net/lo/flags"), "0x8");
  EXPECT_EQ(run_command({{"umount", folder + "/net"}}).status, 0);
}

TEST_F(Network, ADeviceMovesWithItsAddressesAndComesUp) {
  if (!make_devices()) {
    GTEST_SKIP() << "no veth devices here";
  }
  const std::string a = device + "a";
  ASSERT_EQ(ip({"addr", "add", "10.77.3.1/24", "brd", "+", "dev", a}).status, 0);
  ASSERT_EQ(ip({"addr", "add", "10.77.9.1", "peer", "10.77.9.2/32", "dev", a}).status, 0);
  ASSERT_EQ(ip({"addr", "add", "169.254.3.3/16", "scope", "link", "dev", a}).status, 0);
  static_cast<void>(ip({"addr", "add", "fd00:77::1/64", "nodad", "dev", a}));
  ASSERT_EQ(ip({"link", "set", a, "mtu", "1400", "up"}).status, 0);
  config["linux"]["netDevices"] = {{a, {{"name", "eth0"}}}};
  const Ended ended = run_script("ip addr show dev eth0; cat /sys/class/net/eth0/flags");
  ASSERT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("inet 10.77.3.1/24 brd 10.77.3.255 scope global eth0"));
  EXPECT_THAT(ended.out, HasSubstr("inet 10.77.9.1 peer 10.77.9.2/32 scope global eth0"));
  EXPECT_THAT(ended.out, HasSubstr("inet6 fd00:77::1/64 scope global"));
  EXPECT_THAT(ended.out, Not(HasSubstr("169.254.3.3")));
  EXPECT_THAT(ended.out, HasSubstr("mtu 1400"));
  EXPECT_THAT(ended.out, HasSubstr("\n0x1003\n")) << "IFF_UP";
}

TEST_F(Network, ANameMayBeATemplateOrStay) {
  if (!make_devices()) {
    GTEST_SKIP() << "no veth devices here";
  }
  config["linux"]["netDevices"] = {{device + "a", {{"name", "lo%d"}}},
                                   {device + "b", json::object()}};
  config["linux"]["sysctl"] = {{"net.ipv4.conf." + device + "b.forwarding", "1"}};
  EXPECT_EQ(output_of("ls /sys/class/net; cat /proc/sys/net/ipv4/conf/" + device + "b/forwarding"),
            device + "b\nlo\nlo0\n1");
}

TEST_F(Network, WhatCannotMoveIsToldAndStaysOnTheHost) {
  if (!make_devices()) {
    GTEST_SKIP() << "no veth devices here";
  }
  const std::string a = device + "a";
  config["linux"]["netDevices"] = {{a, {{"name", "lo"}}}};
  const Ended taken = run_script("true");
  EXPECT_EQ(taken.status, 1);
  EXPECT_THAT(taken.err, HasSubstr("/linux/netDevices/" + a + ": move network device " + a +
                                   " as lo: rtnetlink(RTM_NEWLINK, \"" + a +
                                   "\", IFLA_IFNAME=\"lo\", IFLA_NET_NS_FD): File exists"));
  EXPECT_THAT(taken.err, HasSubstr("hint: the container has a device of this name"));
  EXPECT_EQ(ip({"link", "show", a}).status, 0);
  config["linux"]["netDevices"] = {{"nosuch0", json::object()}};
  const Ended missing = run_script("true");
  EXPECT_THAT(missing.err, HasSubstr("rtnetlink(RTM_GETLINK, \"nosuch0\"): No such device"));
  EXPECT_THAT(missing.err, HasSubstr("hint: the host has no such network device"));
  config["linux"]["netDevices"] = {{"lo", {{"name", "lo7"}}}};
  EXPECT_THAT(run_script("true").err,
              HasSubstr("hint: this kind of device belongs to its network namespace, as lo does"));
}

}  // namespace
}  // namespace boxrun::tests
