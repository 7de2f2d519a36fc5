#pragma once
// Two eBPF programs that stop a task where a chosen call returns. See return_stops.h for what that
// is good for; this file is pure.
//
// The first runs at each entry of a call of a watched task. It asks a seccomp filter, translated
// into eBPF instruction by instruction, whether the call is chosen, and if so writes it down in the
// task's slot. The second runs at each return. It adds the result. If the call is one of
// passing_calls.h and all of it fits into a record, that goes into a ring, and the task goes on;
// else the program sends the task a signal, which it meets on its way back to user mode.
//
// A call that a seccomp filter answers returns without having been entered: the kernel asks filters
// first. The second program writes it down itself, whether it is chosen or not.
//
// The kernel must believe that a program ends and touches nothing but what it may: so there are no
// loops, each address that a map hands out is compared with 0, and what is reserved in the ring is
// submitted or discarded on every way to the end.
//
// Sources: bpf(2), bpf-helpers(7); linux/bpf.h; kernel/bpf/verifier.c.

#include <linux/bpf.h>
#include <linux/filter.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tracer/ptrace/passing_calls.h"

namespace boxtrace::ptrace {

/// What the programs know of a task. They write, we read while the task is stopped.
struct ReturnSlot {
  std::uint64_t nr = 0;
  std::uint64_t instruction_pointer = 0;
  std::uint64_t stack_pointer = 0;
  std::uint64_t args[6]{};
  std::uint64_t entered = 0;  ///< CLOCK_MONOTONIC, ns
  std::uint64_t returned = 0;
  std::int64_t result = 0;    ///< a negated errno when it failed
  std::uint64_t returns = 0;  ///< how many chosen calls have returned, each with a signal
  std::uint64_t unseen = 0;   ///< how many have returned without one, while it was blocked
  std::uint64_t births = 0;   ///< how many tasks it has made
  /// 0, or one more than the number of the only call that passes: see PassingShape::changes_status.
  std::uint64_t unobserved = 0;
  std::uint8_t is_in_call = 0;
  std::uint8_t is_blocked = 0;       ///< the task blocks the signal
  std::uint8_t changes_mask = 0;     ///< it is in a call that changes its mask
  std::uint8_t will_be_blocked = 0;  ///< ... to this, if that succeeds
  std::uint8_t is_light = 0;         ///< which filter it has
  std::uint8_t has_entered = 0;      ///< it is in a call, chosen or not
  std::uint8_t is_settled = 0;       ///< none of its calls was entered before it was watched
  std::uint8_t reserved = 0;
};

/// What the ring holds: a call that has passed.
struct PassedRecord {
  ReturnSlot call;
  std::uint32_t tid = 0;
  std::uint32_t path_size = 0;  ///< with its NUL; 0 if the call has no path
  char path[256]{};
};

/// The signal. It does nothing to a program that does not ask for it, should the tracer die before
/// it can take it away, and its terminal's SIGWINCH is never merged with it: that one goes to the
/// process.
inline constexpr int kReturnSignal = SIGWINCH;

struct ReturnPrograms {
  std::vector<bpf_insn> on_entry;   ///< for the raw tracepoint sys_enter
  std::vector<bpf_insn> on_return;  ///< for sys_exit
};

/// Descriptors of maps.
struct ReturnMaps {
  int slot_of = -1;  ///< from a tid (u32) to the number of its slot (u32)
  int slots = -1;    ///< an array of ReturnSlot
  int passing = -1;  ///< an array of PassingShape, by the number of the call
  int passed = -1;   ///< a ring of PassedRecord
};

/// `filter`, `light`: which calls, as make_filter_of() says it.
[[nodiscard]] ReturnPrograms make_return_programs(std::span<const sock_filter> filter,
                                                  std::span<const sock_filter> light,
                                                  const ReturnMaps& maps);

}  // namespace boxtrace::ptrace
