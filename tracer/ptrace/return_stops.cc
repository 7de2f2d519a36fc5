#include "tracer/ptrace/return_stops.h"

#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tracer/os/fd.h"
#include "tracer/os/file.h"
#include "tracer/ptrace/bpf_ring.h"
#include "tracer/ptrace/call_filter.h"
#include "tracer/ptrace/passing_calls.h"
#include "tracer/ptrace/return_programs.h"
#include "tracer/raw/arch.h"

namespace boxtrace::ptrace {
namespace {

constexpr std::uint32_t kMaxTasks = 4096;

constexpr std::size_t kRingSize = std::size_t{1} << 20;  // some 2,500 calls

// The kernel rounds an element of an array up to words.
constexpr std::size_t kSlotSize = sizeof(ReturnSlot);
static_assert(kSlotSize % sizeof(std::uint64_t) == 0);

long bpf(int command, bpf_attr& attributes) {
  return ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

std::uint64_t address_of(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

struct MapShape {
  bpf_map_type type;
  std::size_t key_size;
  std::size_t value_size;
  std::size_t entries;  ///< of a ring: bytes
  std::uint32_t flags;
};

base::Result<os::UniqueFd> make_map(const MapShape& shape) {
  bpf_attr attributes{};
  attributes.map_type = shape.type;
  attributes.key_size = static_cast<std::uint32_t>(shape.key_size);
  attributes.value_size = static_cast<std::uint32_t>(shape.value_size);
  attributes.max_entries = static_cast<std::uint32_t>(shape.entries);
  attributes.map_flags = shape.flags;
  os::UniqueFd map{static_cast<int>(bpf(BPF_MAP_CREATE, attributes))};
  if (!map) {
    return os::errno_error(fmt::format("bpf(BPF_MAP_CREATE, type {}, {} entries)",
                                       static_cast<int>(shape.type), shape.entries),
                           "it needs CAP_BPF");
  }
  return map;
}

bool set_element(const os::UniqueFd& map, const void* key, const void* value) {
  bpf_attr attributes{};
  attributes.map_fd = static_cast<std::uint32_t>(map.get());
  attributes.key = address_of(key);
  attributes.value = address_of(value);
  attributes.flags = BPF_ANY;
  return bpf(BPF_MAP_UPDATE_ELEM, attributes) == 0;
}

/// The map of the shapes; empty of them if nothing is to pass.
base::Result<os::UniqueFd> make_passing_map(bool lets_pass) {
  const std::vector<PassingShape> shapes = make_passing_calls();
  TRY(os::UniqueFd map, make_map({BPF_MAP_TYPE_ARRAY, sizeof(std::uint32_t), sizeof(PassingShape),
                                  shapes.size(), 0}));
  for (std::uint32_t nr = 0; lets_pass && nr < shapes.size(); ++nr) {
    if (!set_element(map, &nr, &shapes[nr])) {
      return os::errno_error("bpf(BPF_MAP_UPDATE_ELEM) of a call that passes");
    }
  }
  return map;
}

/// Loads the program, and runs it at the raw tracepoint until the descriptor is closed.
base::Result<os::UniqueFd> attach(const std::vector<bpf_insn>& program, const char* tracepoint) {
  bpf_attr load{};
  load.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
  load.insns = address_of(program.data());
  load.insn_cnt = static_cast<std::uint32_t>(program.size());
  load.license = address_of("Dual MIT/GPL");
  const os::UniqueFd loaded{static_cast<int>(bpf(BPF_PROG_LOAD, load))};
  if (!loaded) {
    return os::errno_error(
        fmt::format("bpf(BPF_PROG_LOAD, BPF_PROG_TYPE_RAW_TRACEPOINT, {} instructions)",
                    program.size()),
        "it needs CAP_BPF and CAP_PERFMON");
  }
  bpf_attr open{};
  open.raw_tracepoint.name = address_of(tracepoint);
  open.raw_tracepoint.prog_fd = static_cast<std::uint32_t>(loaded.get());
  os::UniqueFd attached{static_cast<int>(bpf(BPF_RAW_TRACEPOINT_OPEN, open))};
  if (!attached) {
    return os::errno_error(fmt::format("bpf(BPF_RAW_TRACEPOINT_OPEN, \"{}\")", tracepoint));
  }
  return attached;
}

bool is_in_first_pid_namespace() {
  constexpr ino_t kFirst = 0xEFFFFFFC;  // include/linux/proc_ns.h: PROC_PID_INIT_INO
  struct stat found {};
  return ::stat("/proc/self/ns/pid", &found) == 0 && found.st_ino == kFirst;
}

ReturnedCall returned_call(const ReturnSlot& from) {
  ReturnedCall returned;
  returned.call.abi = raw::abi_of(AUDIT_ARCH_X86_64, from.nr);
  returned.call.nr = returned.call.abi == raw::Abi::X32 ? from.nr & ~raw::kX32SyscallBit : from.nr;
  std::copy(std::begin(from.args), std::end(from.args), returned.call.args.begin());
  returned.call.instruction_pointer = from.instruction_pointer;
  returned.call.stack_pointer = from.stack_pointer;
  returned.entered = static_cast<std::int64_t>(from.entered);
  returned.returned = static_cast<std::int64_t>(from.returned);
  returned.result = from.result;
  return returned;
}

PassedCall passed_call(const PassedRecord& from, const std::vector<PassingShape>& shapes) {
  PassedCall passed;
  passed.tid.value = static_cast<std::int32_t>(from.tid);
  passed.returned = returned_call(from.call);
  const std::uint8_t path = shapes.at(from.call.nr).path;
  if (path != PassingShape::kNone) {
    const auto bytes = std::as_bytes(std::span{from.path});
    const std::size_t size = std::min<std::size_t>(from.path_size, bytes.size());
    passed.memory.pieces.push_back(
        {base::Addr{from.call.args[path]},
         base::Bytes{bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)},
         std::nullopt});
  }
  return passed;
}

class LiveReturnStops final : public ReturnStops {
 public:
  static base::Result<std::unique_ptr<ReturnStops>> open(const std::vector<sock_filter>& chosen,
                                                         const std::vector<sock_filter>& light,
                                                         bool lets_pass) {
    constexpr std::size_t kNumber = sizeof(std::uint32_t);
    TRY(os::UniqueFd slot_of, make_map({BPF_MAP_TYPE_HASH, kNumber, kNumber, kMaxTasks, 0}));
    TRY(const os::UniqueFd slots,
        make_map({BPF_MAP_TYPE_ARRAY, kNumber, kSlotSize, kMaxTasks, BPF_F_MMAPABLE}));
    TRY(const os::UniqueFd passing, make_passing_map(lets_pass));
    TRY(os::UniqueFd records, make_map({BPF_MAP_TYPE_RINGBUF, 0, 0, kRingSize, 0}));
    TRY(BpfRing ring, BpfRing::map(std::move(records), kRingSize));
    void* const memory =
        ::mmap(nullptr, kSlotSize * kMaxTasks, PROT_READ | PROT_WRITE, MAP_SHARED, slots.get(), 0);
    if (memory == MAP_FAILED) {
      return os::errno_error("mmap() of a map of slots");
    }
    std::unique_ptr<LiveReturnStops> stops{
        new LiveReturnStops{memory, std::move(slot_of), std::move(ring)}};
    const ReturnMaps maps{stops->slot_of_.get(), slots.get(), passing.get(), stops->ring_.fd()};
    const ReturnPrograms programs = make_return_programs(chosen, light, maps);
    TRY(stops->on_return_, attach(programs.on_return, "sys_exit"));
    TRY(stops->on_entry_, attach(programs.on_entry, "sys_enter"));
    return std::unique_ptr<ReturnStops>{std::move(stops)};
  }

  ~LiveReturnStops() override { ::munmap(memory_, kSlotSize * kMaxTasks); }

  bool begin(base::HostTid tid, Calls calls, Now now) override {
    if (free_.empty()) {
      return false;
    }
    const std::uint32_t number = free_.back();
    ReturnSlot& fresh = slot(number);
    fresh = ReturnSlot{};
    fresh.is_blocked = now.is_blocked ? 1 : 0;
    fresh.is_settled = now.may_be_in_call ? 0 : 1;
    fresh.is_light = calls == Calls::Light ? 1 : 0;
    if (!set_element(slot_of_, &tid.value, &number)) {
      return false;
    }
    free_.pop_back();
    watched_[tid] = {number, 0, 0};
    return true;
  }

  void end(base::HostTid tid) override {
    const auto place = watched_.find(tid);
    if (place == watched_.end()) {
      return;
    }
    bpf_attr attributes{};
    attributes.map_fd = static_cast<std::uint32_t>(slot_of_.get());
    attributes.key = address_of(&tid.value);
    bpf(BPF_MAP_DELETE_ELEM, attributes);
    free_.push_back(place->second.slot);
    watched_.erase(place);
  }

  std::optional<ReturnedCall> take(base::HostTid tid) override {
    const auto place = watched_.find(tid);
    if (place == watched_.end()) {
      return std::nullopt;
    }
    Watched& watched = place->second;
    ReturnSlot& from = slot(watched.slot);
    const std::uint64_t returns = std::atomic_ref{from.returns}.load(std::memory_order_acquire);
    if (returns == watched.taken) {
      return std::nullopt;
    }
    watched.overwritten += returns - watched.taken - 1;
    watched.taken = returns;
    return returned_call(from);
  }

  std::uint64_t take_unseen(base::HostTid tid) override {
    const auto place = watched_.find(tid);
    if (place == watched_.end()) {
      return 0;
    }
    Watched& watched = place->second;
    const std::uint64_t unseen =
        std::atomic_ref{slot(watched.slot).unseen}.load(std::memory_order_acquire);
    return std::exchange(watched.overwritten, 0) + unseen - std::exchange(watched.unseen, unseen);
  }

  std::vector<PassedCall> take_passed() override {
    std::vector<PassedCall> passed;
    ring_.consume([&](const void* record) {
      passed.push_back(passed_call(*static_cast<const PassedRecord*>(record), shapes_));
    });
    return passed;
  }

  void set_unobserved(base::HostTid tid, std::optional<std::uint64_t> number) override {
    if (const auto place = watched_.find(tid); place != watched_.end()) {
      slot(place->second.slot).unobserved = number ? *number + 1 : 0;
    }
  }

  std::uint64_t births(base::HostTid tid) override {
    const auto place = watched_.find(tid);
    return place == watched_.end()
               ? 0
               : std::atomic_ref{slot(place->second.slot).births}.load(std::memory_order_acquire);
  }

 private:
  struct Watched {
    std::uint32_t slot = 0;
    std::uint64_t taken = 0;        ///< of ReturnSlot::returns
    std::uint64_t unseen = 0;       ///< of ReturnSlot::unseen, that were told
    std::uint64_t overwritten = 0;  ///< by a later one, before they were taken
  };

  LiveReturnStops(void* memory, os::UniqueFd slot_of, BpfRing ring)
      : memory_(memory), slot_of_(std::move(slot_of)), ring_(std::move(ring)) {
    for (std::uint32_t number = kMaxTasks; number > 0; --number) {
      free_.push_back(number - 1);
    }
  }

  [[nodiscard]] ReturnSlot& slot(std::uint32_t number) const {
    return *reinterpret_cast<ReturnSlot*>(static_cast<std::byte*>(memory_) + kSlotSize * number);
  }

  void* memory_;
  os::UniqueFd slot_of_;
  BpfRing ring_;
  std::vector<PassingShape> shapes_ = make_passing_calls();
  os::UniqueFd on_return_;
  os::UniqueFd on_entry_;
  std::vector<std::uint32_t> free_;
  std::unordered_map<base::HostTid, Watched> watched_;
};

}  // namespace

base::Result<std::unique_ptr<ReturnStops>> open_return_stops(const decoders::CallSet& chosen,
                                                             const decoders::CallSet& light,
                                                             bool lets_pass) {
#if defined(__x86_64__)
  if (!is_in_first_pid_namespace()) {
    return base::Error{EPERM, "chosen calls cannot be told by eBPF",
                       "boxtrace is not in the first pid namespace"};
  }
  return LiveReturnStops::open(make_filter_of(chosen), make_filter_of(light), lets_pass);
#else
  std::ignore = chosen;
  std::ignore = light;
  std::ignore = lets_pass;
  return base::Error{ENOSYS, "chosen calls can be told by eBPF on x86-64 only", ""};
#endif
}

}  // namespace boxtrace::ptrace
