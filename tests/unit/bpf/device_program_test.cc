// Device programs that runtimes loaded (tests/filters/devices), and some by hand. What is read out
// of a program is held against an emulator that runs it for one device at a time.

#include "decoders/bpf/device_program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/unit/bpf/random_program.h"
#include "tracer/base/text.h"

namespace boxtrace::bpf {
namespace {

using ::testing::HasSubstr;

std::string read(const std::string& name) {
  std::ifstream file(
      std::filesystem::path(BOXTRACE_SOURCE_DIR) / "tests/filters/devices" / (name + ".ebpf"),
      std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string rules_of(const std::string& bytes) {
  const auto policy = read_device_program(base::as_bytes(bytes));
  if (!policy) {
    return policy.error().what;
  }
  std::vector<std::string> lines;
  for (const DeviceRule& rule : policy.value()) {
    lines.push_back(render_device_rule(rule));
  }
  return base::join(lines, ", ");
}

/// One struct bpf_insn.
std::string slot(unsigned code, unsigned dst, unsigned src, int off, int imm) {
  std::string out(8, '\0');
  out[0] = static_cast<char>(code);
  out[1] = static_cast<char>(dst | src << 4U);
  for (unsigned i = 0; i < 2; ++i) {
    out[2 + i] = static_cast<char>(static_cast<unsigned>(off) >> 8 * i);
  }
  for (unsigned i = 0; i < 4; ++i) {
    out[4 + i] = static_cast<char>(static_cast<unsigned>(imm) >> 8 * i);
  }
  return out;
}

/// Runs a program for one device: what captured programs consist of, and no more.
bool run(const std::string& bytes, std::uint32_t type, std::uint32_t access, std::uint32_t major,
         std::uint32_t minor) {
  const std::array<std::uint32_t, 3> context = {access << 16U | type, major, minor};
  std::array<std::uint64_t, 11> r{};
  for (std::size_t pc = 0;; ++pc) {
    const auto* in = reinterpret_cast<const unsigned char*>(bytes.data()) + 8 * pc;
    const unsigned code = in[0];
    std::uint64_t& dst = r.at(in[1] & 15U);
    const auto off = static_cast<std::int16_t>(in[2] | in[3] << 8U);
    const auto imm = static_cast<std::uint32_t>(in[4]) | static_cast<std::uint32_t>(in[5]) << 8U |
                     static_cast<std::uint32_t>(in[6]) << 16U |
                     static_cast<std::uint32_t>(in[7]) << 24U;
    const std::uint64_t src = r.at(in[1] >> 4U);
    switch (code) {
      case 0x61:
        dst = context.at(static_cast<std::size_t>(off) / 4);
        break;
      case 0x54:
        dst = static_cast<std::uint32_t>(dst) & imm;
        break;
      case 0x74:
        dst = static_cast<std::uint32_t>(dst) >> imm;
        break;
      case 0xbc:
        dst = static_cast<std::uint32_t>(src);
        break;
      case 0xb4:
        dst = imm;
        break;
      case 0xb7:
        dst = static_cast<std::uint64_t>(static_cast<std::int32_t>(imm));
        break;
      case 0x55:
        pc += dst != imm ? static_cast<std::size_t>(off) : 0;
        break;
      case 0x5d:
        pc += dst != src ? static_cast<std::size_t>(off) : 0;
        break;
      case 0x05:
        pc += static_cast<std::size_t>(off);
        break;
      case 0x95:
        return r[0] != 0;
      default:
        ADD_FAILURE() << "the test's emulator does not know code " << code;
        return false;
    }
  }
}

/// What the rules say.
bool permits(const DevicePolicy& policy, char type, std::size_t access, std::uint32_t major,
             std::uint32_t minor) {
  unsigned permitted = 0;
  for (const DeviceRule& rule : policy) {
    if ((rule.type == 'a' || rule.type == type) && rule.major.first <= major &&
        major <= rule.major.last && rule.minor.first <= minor && minor <= rule.minor.last) {
      permitted = rule.permitted;
    }
  }
  return (permitted >> access & 1U) != 0;
}

TEST(BpfDevices, OfRuntimesAreTheirRules) {
  const std::string usual = "b *:* m, c *:* m, c 1:3 rwm, c 1:5 rwm, c 1:7-9 rwm, c 5:";
  EXPECT_EQ(rules_of(read("runc-default")), usual + "0 rwm, c 5:2 rwm, c 10:200 rwm, c 136:* rwm");
  EXPECT_EQ(rules_of(read("crun-default")), usual + "0-2 rwm, c 136:* rwm");
  EXPECT_EQ(rules_of(read("runc-all")), "a *:* rwm");
  EXPECT_EQ(rules_of(read("crun-all")), "a *:* rwm");
  EXPECT_EQ(rules_of(read("runc-custom")),
            "b *:* m, b 8:* rm, c *:* m, c 1:3 rwm, c 1:5 rwm, c 1:7-9 rwm, c 1:11 wm, c 5:0 rwm, "
            "c 5:2 rwm, c 10:200 rwm, c 10:229 rwm, c 136:* rwm");
}

// `{"allow": false, "type": "c", "major": 1, "minor": 1, "access": "w"}`: what it is compiled to
// refuses writing, but not writing together with reading.
TEST(BpfDevices, ARefusalOfWritingAloneIsSeen) {
  EXPECT_EQ(rules_of(read("runc-denylist")), "b *:* rwm, b 8:0 none, c *:* rwm, c 1:1 r|rw|m");
}

TEST(BpfDevices, RulesSayWhatTheProgramDoes) {
  testing::Random random(7);
  constexpr std::array<std::uint32_t, 14> kNumbers = {
      0, 1, 2, 3, 5, 7, 8, 11, 10, 136, 200, 229, 0x80000000, 0xffffffff};
  for (const auto& entry : std::filesystem::directory_iterator(
           std::filesystem::path(BOXTRACE_SOURCE_DIR) / "tests/filters/devices")) {
    const std::string bytes = read(entry.path().stem().string());
    const auto policy = read_device_program(base::as_bytes(bytes));
    ASSERT_TRUE(policy.ok()) << entry.path() << policy.error().what;
    const auto check = [&](std::uint32_t major, std::uint32_t minor) {
      for (const std::uint32_t type : {1U, 2U}) {
        for (std::size_t access = 0; access < kDeviceAccesses.size(); ++access) {
          EXPECT_EQ(permits(policy.value(), type == 1 ? 'b' : 'c', access, major, minor),
                    run(bytes, type, kDeviceAccesses.at(access), major, minor))
              << entry.path() << ' ' << type << ' ' << major << ':' << minor << ' ' << access;
        }
      }
    };
    for (const std::uint32_t major : kNumbers) {
      for (const std::uint32_t minor : kNumbers) {
        check(major, minor);
      }
    }
    for (int i = 0; i < 500; ++i) {
      check(random.below(300), random.below(300));
    }
  }
}

// systemd's shape: 64-bit moves, and a jump over the other rules to a shared end.
TEST(BpfDevices, RulesMayShareAnEnd) {
  const std::string program = slot(0x61, 2, 1, 0, 0) + slot(0x54, 2, 0, 0, 0xffff) +
                              slot(0x61, 3, 1, 0, 0) + slot(0x74, 3, 0, 0, 16) +
                              slot(0x61, 4, 1, 4, 0) + slot(0x61, 5, 1, 8, 0) +
                              slot(0x55, 2, 0, 6, 2) +  // not a character device
                              slot(0xbc, 1, 3, 0, 0) +  // r1 = access
                              slot(0x54, 1, 0, 0, 2) +  // reading
                              slot(0x5d, 1, 3, 3, 0) +  // and nothing else
                              slot(0x55, 4, 0, 2, 1) +  // major 1
                              slot(0x55, 5, 0, 1, 3) +  // minor 3
                              slot(0x05, 0, 0, 2, 0) +  // pass
                              slot(0xb7, 0, 0, 0, 0) + slot(0x05, 0, 0, 1, 0) +
                              slot(0xb7, 0, 0, 0, 1) + slot(0x95, 0, 0, 0, 0);
  EXPECT_EQ(rules_of(program), "c 1:3 r");
}

TEST(BpfDevices, WhatIsNotUnderstoodIsNamed) {
  const std::string end = slot(0xb7, 0, 0, 0, 1) + slot(0x95, 0, 0, 0, 0);
  EXPECT_EQ(rules_of(end), "a *:* rwm");
  EXPECT_EQ(rules_of(slot(0xb7, 0, 0, 0, 0) + slot(0x95, 0, 0, 0, 0)), "");
  EXPECT_EQ(rules_of("1234567"), "7 bytes are no device program");
  EXPECT_THAT(rules_of(slot(0x85, 0, 0, 0, 14) + end), HasSubstr("instruction 0 (code 0x85"));
  EXPECT_THAT(rules_of(slot(0x18, 0, 1, 0, 3) + slot(0, 0, 0, 0, 0) + end),
              HasSubstr("not of the kind"));
  EXPECT_THAT(rules_of(slot(0x05, 0, 0, -1, 0) + end), HasSubstr("jumps backwards"));
  EXPECT_THAT(rules_of(slot(0x61, 2, 3, 0, 0) + end), HasSubstr("something else than the three"));
  EXPECT_THAT(rules_of(slot(0x61, 2, 1, 12, 0) + end), HasSubstr("something else than the three"));
  EXPECT_THAT(rules_of(slot(0x55, 6, 0, 0, 0) + end), HasSubstr("compares"));
  EXPECT_THAT(rules_of(slot(0x95, 0, 0, 0, 0)), HasSubstr("returns something else"));
  EXPECT_THAT(rules_of(slot(0xb7, 0, 0, 0, 1)), HasSubstr("runs past the end"));
}

}  // namespace
}  // namespace boxtrace::bpf
