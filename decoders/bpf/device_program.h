#pragma once
// The eBPF programs that decide on devices in cgroup v2, as the rules that they were made of.
//
// In cgroup v2 there is no file devices.allow. A runtime compiles its list of devices to a program
// of type BPF_PROG_TYPE_CGROUP_DEVICE and attaches it to the group; the kernel runs it whenever a
// task in the group opens or makes a device node, and refuses with EPERM unless it, and each one
// attached further up, returns 1. The program is given three words: what is wanted (1 mknod, 2
// read, 4 write) in the upper and the type (1 block, 2 character) in the lower half of the first,
// then major and minor. What is wanted is 1, 2, 4 or, when a device is opened for both, 6. The last
// is why a refusal of writing that compares with 4 alone is none: O_RDWR passes.
//
// eBPF is a large machine, of which these programs use little: loads of those words, moves, logic,
// shifts by constants, forward jumps, exit. That much is run here, for all inputs at once, like
// seccomp filters (solve.h), so that the rules are exact whatever shape the program has. Whatever
// else is met is an error that names it: such a program is not understood, and nothing is guessed.
//
// Sources: include/uapi/linux/bpf.h: struct bpf_insn, struct bpf_cgroup_dev_ctx;
// kernel/bpf/cgroup.c: __cgroup_bpf_check_dev_permission; include/linux/device_cgroup.h;
// Documentation/bpf/standardization.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "decoders/bpf/policy.h"
#include "tracer/base/bytes.h"
#include "tracer/base/result.h"

namespace boxtrace::bpf {

inline constexpr std::uint8_t kDeviceMake = 1;  ///< BPF_DEVCG_ACC_MKNOD
inline constexpr std::uint8_t kDeviceRead = 2;
inline constexpr std::uint8_t kDeviceWrite = 4;
/// What the kernel asks for at once.
inline constexpr std::array<std::uint8_t, 4> kDeviceAccesses = {
    kDeviceRead, kDeviceWrite, kDeviceRead | kDeviceWrite, kDeviceMake};
inline constexpr Range kAnyDevice{0, 0xffffffff};

/// What may be done with some devices.
struct DeviceRule {
  char type = 'a';  ///< `b`, `c`, or `a` for both
  Range major = kAnyDevice;
  Range minor = kAnyDevice;
  /// Bit n: the n-th of kDeviceAccesses is permitted.
  std::uint8_t permitted = 0;
  friend bool operator==(const DeviceRule&, const DeviceRule&) = default;
};

/// From the general to the particular: of the rules that fit a device, the last decides. A device
/// that none fits is refused.
using DevicePolicy = std::vector<DeviceRule>;

/// @param bytes  an array of struct bpf_insn, little-endian.
/// @errors  the instruction that is not understood; more rules than a person could read.
[[nodiscard]] base::Result<DevicePolicy> read_device_program(base::ByteView bytes);

/// `c 1:3 rwm`, `c 136:* rw`, `b *:* m`; `none` for what is refused; `r|rw` where reading is
/// permitted, also together with writing, but not writing alone.
[[nodiscard]] std::string render_device_rule(const DeviceRule& rule);

}  // namespace boxtrace::bpf
