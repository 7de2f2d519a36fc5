#include "runtime/cgroup/device_program.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>

#include "tracer/os/file.h"

namespace boxrun::cgroup {
namespace {

// Registers. 0 is what the program answers, 1 comes with the context.
constexpr std::uint8_t kAnswer = BPF_REG_0;
constexpr std::uint8_t kContext = BPF_REG_1;
constexpr std::uint8_t kType = BPF_REG_2;
constexpr std::uint8_t kUndecided = BPF_REG_3;
constexpr std::uint8_t kMajor = BPF_REG_4;
constexpr std::uint8_t kMinor = BPF_REG_5;
constexpr std::uint8_t kScratch = BPF_REG_6;

bpf_insn instruction(unsigned code, std::uint8_t to, std::uint8_t from, std::int16_t offset,
                     std::uint32_t value) {
  bpf_insn one{};
  one.code = static_cast<std::uint8_t>(code);
  one.dst_reg = to & 0xf;
  one.src_reg = from & 0xf;
  one.off = offset;
  one.imm = static_cast<std::int32_t>(value);
  return one;
}

bpf_insn load(std::uint8_t to, std::size_t offset) {
  return instruction(BPF_LDX | BPF_W | BPF_MEM, to, kContext, static_cast<std::int16_t>(offset), 0);
}
bpf_insn alu(unsigned operation, std::uint8_t to, std::uint32_t value) {
  return instruction(BPF_ALU | operation | BPF_K, to, 0, 0, value);
}
/// 32 bits wide: device numbers use all of them.
bpf_insn jump_unless_equal(std::uint8_t left, std::uint32_t value) {
  return instruction(BPF_JMP32 | BPF_JNE | BPF_K, left, 0, 0, value);
}

std::uint32_t access_bits(const std::string& access) {
  std::uint32_t bits = 0;
  for (const char letter : access) {
    bits |= letter == 'r'   ? BPF_DEVCG_ACC_READ
            : letter == 'w' ? BPF_DEVCG_ACC_WRITE
                            : BPF_DEVCG_ACC_MKNOD;
  }
  return bits;
}

void answer(std::vector<bpf_insn>& program, std::uint32_t value) {
  program.push_back(alu(BPF_MOV, kAnswer, value));
  program.push_back(instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
}

void add_rule(std::vector<bpf_insn>& program, const config::DeviceRule& rule) {
  std::vector<std::size_t> leave;  // jumps to the next rule
  const auto only_if = [&program, &leave](std::uint8_t left, std::uint32_t value) {
    leave.push_back(program.size());
    program.push_back(jump_unless_equal(left, value));
  };
  // `a` is every device, whatever numbers stand beside it.
  if (rule.type != 'a') {
    only_if(kType, rule.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
    if (rule.major) {
      only_if(kMajor, *rule.major);
    }
    if (rule.minor) {
      only_if(kMinor, *rule.minor);
    }
  }
  const std::uint32_t bits = access_bits(rule.type == 'a' ? "rwm" : rule.access);
  if (rule.allow) {
    program.push_back(alu(BPF_AND, kUndecided, ~bits));
    only_if(kUndecided, 0);
    answer(program, 1);
  } else {
    program.push_back(instruction(BPF_ALU | BPF_MOV | BPF_X, kScratch, kUndecided, 0, 0));
    program.push_back(alu(BPF_AND, kScratch, bits));
    leave.push_back(program.size());
    program.push_back(instruction(BPF_JMP32 | BPF_JEQ | BPF_K, kScratch, 0, 0, 0));
    answer(program, 0);
  }
  for (const std::size_t jump : leave) {
    program[jump].off = static_cast<std::int16_t>(program.size() - jump - 1);
  }
}

long bpf(int command, bpf_attr& attributes) {
  return ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

std::uint64_t address_of(const void* pointer) {
  return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(pointer));
}

constexpr const char* kName = "boxrun_devices";

/// The programs of this name on the cgroup: an update replaces them. Others stay: all have to agree
/// before a device is opened.
std::vector<os::UniqueFd> find_attached(os::BorrowedFd cgroup) {
  std::array<std::uint32_t, 64> ids{};
  bpf_attr query{};
  query.query.target_fd = static_cast<std::uint32_t>(cgroup.get());
  query.query.attach_type = BPF_CGROUP_DEVICE;
  query.query.prog_ids = address_of(ids.data());
  query.query.prog_cnt = ids.size();
  std::vector<os::UniqueFd> found;
  if (bpf(BPF_PROG_QUERY, query) != 0) {
    return found;
  }
  for (std::size_t i = 0; i < query.query.prog_cnt && i < ids.size(); ++i) {
    bpf_attr get{};
    get.prog_id = ids[i];
    os::UniqueFd program{static_cast<int>(bpf(BPF_PROG_GET_FD_BY_ID, get))};
    bpf_prog_info seen{};
    bpf_attr ask{};
    ask.info.bpf_fd = static_cast<std::uint32_t>(program.get());
    ask.info.info_len = sizeof seen;
    ask.info.info = address_of(&seen);
    if (program && bpf(BPF_OBJ_GET_INFO_BY_FD, ask) == 0 && std::strcmp(seen.name, kName) == 0) {
      found.push_back(std::move(program));
    }
  }
  return found;
}

}  // namespace

std::vector<bpf_insn> make_device_program(const std::vector<PlacedRule>& rules) {
  std::vector<bpf_insn> program = {
      load(kType, offsetof(bpf_cgroup_dev_ctx, access_type)),
      instruction(BPF_ALU | BPF_MOV | BPF_X, kUndecided, kType, 0, 0),
      alu(BPF_AND, kType, 0xffff),
      alu(BPF_RSH, kUndecided, 16),
      load(kMajor, offsetof(bpf_cgroup_dev_ctx, major)),
      load(kMinor, offsetof(bpf_cgroup_dev_ctx, minor)),
  };
  for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
    add_rule(program, rule->rule);
    if (rule->rule.type == 'a') {
      break;  // decides everything: what comes before has no say
    }
  }
  answer(program, 0);
  return program;
}

Result<void> attach_device_program(const std::vector<bpf_insn>& program,
                                   const std::string& directory) {
  bpf_attr load_attributes{};
  load_attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  load_attributes.insns = address_of(program.data());
  load_attributes.insn_cnt = static_cast<std::uint32_t>(program.size());
  load_attributes.license = address_of("Apache-2.0");
  std::strncpy(load_attributes.prog_name, kName, sizeof load_attributes.prog_name - 1);
  const os::UniqueFd loaded{static_cast<int>(bpf(BPF_PROG_LOAD, load_attributes))};
  if (!loaded) {
    return os::errno_error(
        fmt::format("bpf(BPF_PROG_LOAD, BPF_PROG_TYPE_CGROUP_DEVICE, {} instructions)",
                    program.size()),
        errno == EPERM ? "loading the program of cgroup v2 takes CAP_BPF and CAP_NET_ADMIN" : "");
  }
  TRY(const os::UniqueFd cgroup, os::open_file(directory, O_RDONLY | O_DIRECTORY));
  const auto before = find_attached(cgroup);
  bpf_attr attach{};
  attach.target_fd = static_cast<std::uint32_t>(cgroup.get());
  attach.attach_bpf_fd = static_cast<std::uint32_t>(loaded.get());
  attach.attach_type = BPF_CGROUP_DEVICE;
  attach.attach_flags = BPF_F_ALLOW_MULTI;
  if (bpf(BPF_PROG_ATTACH, attach) != 0) {
    return os::errno_error(
        fmt::format("bpf(BPF_PROG_ATTACH, {}, BPF_CGROUP_DEVICE)", base::quote(directory)),
        errno == EPERM ? "a cgroup above has a device program that allows no other" : "");
  }
  // After the new one is there: at no moment is everything allowed.
  for (const os::UniqueFd& old : before) {
    bpf_attr detach{};
    detach.target_fd = static_cast<std::uint32_t>(cgroup.get());
    detach.attach_bpf_fd = static_cast<std::uint32_t>(old.get());
    detach.attach_type = BPF_CGROUP_DEVICE;
    if (bpf(BPF_PROG_DETACH, detach) != 0) {
      return os::errno_error("bpf(BPF_PROG_DETACH, BPF_CGROUP_DEVICE)");
    }
  }
  return {};
}

}  // namespace boxrun::cgroup
