// Who runs when and where: policies, priorities, processor affinity, I/O priority.

#include <algorithm>

#include "decoders/args.h"
#include "decoders/families/families.h"
#include "decoders/families/pointee_args.h"
#include "decoders/families/time_args.h"
#include "decoders/structs.h"
#include "decoders/tables/scheduling.h"

namespace boxtrace::decoders {
namespace {

constexpr FieldSpec kSchedParam[] = {{"sched_priority", Width::W32}};

Value arg_sched_param(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_struct(context, address(context, index), kSchedParam);
}

constexpr FieldSpec kSchedAttr[] = {
    {"size", Width::W32, Show::Unsigned},
    {"sched_policy", Width::W32, Show::Constant, &kSchedPolicies},
    {"sched_flags", Width::W64, Show::Constant, &kSchedAttrFlags},
    {"sched_nice", Width::W32, Show::Signed},
    {"sched_priority", Width::W32, Show::Unsigned},
    {"sched_runtime", Width::W64, Show::Unsigned},
    {"sched_deadline", Width::W64, Show::Unsigned},
    {"sched_period", Width::W64, Show::Unsigned},
    {"sched_util_min", Width::W32, Show::Unsigned},
    {"sched_util_max", Width::W32, Show::Unsigned},
};

/// struct sched_attr, which carries its own size in its first word.
Value arg_sched_attr(const CallContext& context, const ArgSpec&, std::size_t index) {
  const base::Addr addr = address(context, index);
  const raw::Chunk chunk = context.memory.read(addr, 4);
  const std::uint32_t size = base::read_le<std::uint32_t>(chunk.bytes, 0).value_or(0);
  return decode_struct(context, addr, kSchedAttr, size);
}

/// A bit mask of processors, as the list of those that are set. sched_setaffinity(2).
Value arg_cpu_mask(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  constexpr std::uint64_t kMostBytes = 1024;  // 8192 processors, the largest NR_CPUS
  const base::Addr addr = address(context, index);
  std::uint64_t size = low32(context, static_cast<std::size_t>(arg.size_arg));
  if (context.outcome != nullptr) {  // the kernel returns how many bytes it wrote
    size = std::min(size,
                    static_cast<std::uint64_t>(std::max<std::int64_t>(context.outcome->value, 0)));
  }
  if (addr.value == 0) {
    return Pointer{addr};
  }
  const raw::Chunk chunk =
      context.memory.read(addr, static_cast<std::size_t>(std::min(size, kMostBytes)));
  if (chunk.bytes.empty() && chunk.failure) {
    return Missing{addr, *chunk.failure};
  }
  List list;
  list.failure = chunk.failure;
  for (std::size_t cpu = 0; cpu < chunk.bytes.size() * 8; ++cpu) {
    if ((std::to_integer<unsigned>(chunk.bytes[cpu / 8]) >> (cpu % 8) & 1U) == 0) {
      continue;
    }
    if (list.items.size() == context.options.list_limit) {
      list.truncated = true;
      break;
    }
    list.items.emplace_back(Number{cpu, Number::Style::Unsigned});
  }
  return list;
}

/// A class in the top three bits of 16 and a level below. linux/ioprio.h.
Value arg_ioprio(const CallContext& context, const ArgSpec&, std::size_t index) {
  const std::uint32_t raw = low32(context, index);
  Struct out;
  out.fields.push_back({"class", decode_constant(kIoprioClasses, raw >> 13)});
  out.fields.push_back({"data", Number{raw & 0x1fffU, Number::Style::Unsigned}});
  return out;
}

constexpr SyscallSpec kRows[] = {
    {.name = "sched_yield",
     .nr = {24, 158, 124},
     .classes = kLimits,
     .man = "sched_yield(2)",
     .kernel = "kernel/sched/syscalls.c: sched_yield",
     .explain = {"Gives up the processor to other threads that are ready."}},
    {.name = "sched_setparam",
     .nr = {142, 154, 118},
     .classes = kLimits,
     .args = {{{"pid", arg_pid}, {"param", arg_sched_param}}},
     .man = "sched_setparam(2)",
     .kernel = "kernel/sched/syscalls.c: sched_setparam",
     .explain = {"Sets the real-time priority of a thread under the policy it has."}},
    {.name = "sched_getparam",
     .nr = {143, 155, 121},
     .classes = kLimits | kInfo,
     .args = {{{"pid", arg_pid},
               {.name = "param", .decode = arg_sched_param, .direction = Direction::Out}}},
     .man = "sched_setparam(2)",
     .kernel = "kernel/sched/syscalls.c: sched_getparam",
     .explain = {"Reads the real-time priority of a thread."}},
    {.name = "sched_setscheduler",
     .nr = {144, 156, 119},
     .classes = kLimits,
     .args = {{{"pid", arg_pid},
               {"policy", arg_constant, &kSchedPolicies},
               {"param", arg_sched_param}}},
     .man = "sched_setscheduler(2)",
     .kernel = "kernel/sched/syscalls.c: sched_setscheduler",
     .explain = {"Sets policy and real-time priority of a thread."}},
    {.name = "sched_getscheduler",
     .nr = {145, 157, 120},
     .classes = kLimits | kInfo,
     .args = {{{"pid", arg_pid}}},
     .returns = Returns::Number,
     .man = "sched_setscheduler(2)",
     .kernel = "kernel/sched/syscalls.c: sched_getscheduler",
     .explain = {"Returns the scheduling policy of a thread."}},
    {.name = "sched_get_priority_max",
     .nr = {146, 159, 125},
     .classes = kLimits | kInfo,
     .args = {{{"policy", arg_constant, &kSchedPolicies}}},
     .returns = Returns::Number,
     .man = "sched_get_priority_max(2)",
     .kernel = "kernel/sched/syscalls.c: sched_get_priority_max",
     .explain = {"Returns the highest real-time priority that a policy allows."}},
    {.name = "sched_get_priority_min",
     .nr = {147, 160, 126},
     .classes = kLimits | kInfo,
     .args = {{{"policy", arg_constant, &kSchedPolicies}}},
     .returns = Returns::Number,
     .man = "sched_get_priority_max(2)",
     .kernel = "kernel/sched/syscalls.c: sched_get_priority_min",
     .explain = {"Returns the lowest real-time priority that a policy allows."}},
    {.name = "sched_rr_get_interval",
     .nr = {148, 161, 127},
     .classes = kLimits | kInfo,
     .args = {{{"pid", arg_pid},
               {.name = "tp", .decode = arg_timespec, .direction = Direction::Out}}},
     .man = "sched_rr_get_interval(2)",
     .kernel = "kernel/sched/syscalls.c: sched_rr_get_interval",
     .explain =
         {"Tells how long a thread of the round-robin policy runs before the next one's turn."}},
    {.name = "sched_rr_get_interval_time64",
     .nr = {-1, 423, -1},
     .classes = kLimits | kInfo,
     .args = {{{"pid", arg_pid},
               {.name = "tp", .decode = arg_timespec64, .direction = Direction::Out}}},
     .man = "sched_rr_get_interval(2)",
     .kernel = "kernel/sched/syscalls.c: sched_rr_get_interval",
     .explain = {"The 32-bit sched_rr_get_interval with 64-bit seconds."}},
    {.name = "sched_setattr",
     .nr = {314, 351, 274},
     .classes = kLimits,
     .args = {{{"pid", arg_pid}, {"attr", arg_sched_attr}, {"flags", arg_hex32}}},
     .man = "sched_setattr(2)",
     .kernel = "kernel/sched/syscalls.c: sched_setattr",
     .explain = {"Sets policy, niceness, priority, deadline parameters and utilisation clamps of a "
                 "thread in one struct that can grow."}},
    {.name = "sched_getattr",
     .nr = {315, 352, 275},
     .classes = kLimits | kInfo,
     .args = {{{"pid", arg_pid},
               {.name = "attr", .decode = arg_sched_attr, .direction = Direction::Out},
               {"size", arg_unsigned},
               {"flags", arg_hex32}}},
     .man = "sched_setattr(2)",
     .kernel = "kernel/sched/syscalls.c: sched_getattr",
     .explain = {"Reads all scheduling attributes of a thread."}},
    {.name = "sched_setaffinity",
     .nr = {203, 241, 122},
     .classes = kLimits,
     .args = {{{"pid", arg_pid},
               {"cpusetsize", arg_unsigned},
               {.name = "mask", .decode = arg_cpu_mask, .size_arg = 1}}},
     .man = "sched_setaffinity(2)",
     .kernel = "kernel/sched/syscalls.c: sched_setaffinity",
     .explain =
         {"Sets on which processors a thread may run, within what its cpuset cgroup allows."}},
    {.name = "sched_getaffinity",
     .nr = {204, 242, 123},
     .classes = kLimits | kInfo,
     .args =
         {{{"pid", arg_pid},
           {"cpusetsize", arg_unsigned},
           {.name = "mask", .decode = arg_cpu_mask, .size_arg = 1, .direction = Direction::Out}}},
     .returns = Returns::Size,
     .man = "sched_setaffinity(2)",
     .kernel = "kernel/sched/syscalls.c: sched_getaffinity",
     .explain = {"Tells on which processors a thread may run; Go and nproc size themselves by it. "
                 "The kernel returns the bytes it wrote."}},
    {.name = "getcpu",
     .nr = {309, 318, 168},
     .classes = kInfo,
     .args = {{{.name = "cpu", .decode = arg_unsigned_at, .direction = Direction::Out},
               {.name = "node", .decode = arg_unsigned_at, .direction = Direction::Out},
               {"tcache", arg_pointer}}},
     .man = "getcpu(2)",
     .kernel = "kernel/sys.c: getcpu",
     .explain = {"Tells on which processor and NUMA node the caller runs at this moment."}},
    {.name = "getpriority",
     .nr = {140, 96, 141},
     .classes = kLimits | kInfo,
     .args = {{{"which", arg_constant, &kPriorityWhich}, {"who", arg_int}}},
     .returns = Returns::Number,
     .man = "getpriority(2)",
     .kernel = "kernel/sys.c: getpriority",
     .explain = {"Returns 20 minus the lowest niceness of the processes named, so that the result "
                 "is never negative."}},
    {.name = "setpriority",
     .nr = {141, 97, 140},
     .classes = kLimits,
     .args = {{{"which", arg_constant, &kPriorityWhich}, {"who", arg_int}, {"prio", arg_int}}},
     .man = "getpriority(2)",
     .kernel = "kernel/sys.c: setpriority",
     .explain = {"Sets the niceness of a process, a process group or all processes of a user."}},
    {.name = "nice",
     .nr = {-1, 34, -1},
     .classes = kLimits,
     .args = {{{"inc", arg_int}}},
     .man = "nice(2)",
     .kernel = "kernel/sched/syscalls.c: nice",
     .explain = {"Adds to the niceness of the calling thread."}},
    {.name = "ioprio_set",
     .nr = {251, 289, 30},
     .classes = kLimits,
     .args = {{{"which", arg_constant, &kIoprioWhich}, {"who", arg_int}, {"ioprio", arg_ioprio}}},
     .man = "ioprio_set(2)",
     .kernel = "block/ioprio.c: ioprio_set",
     .explain = {"Sets the I/O class and level of a process, a group or a user; a runtime applies "
                 "linux.ioPriority with it."}},
    {.name = "ioprio_get",
     .nr = {252, 290, 31},
     .classes = kLimits | kInfo,
     .args = {{{"which", arg_constant, &kIoprioWhich}, {"who", arg_int}}},
     .returns = Returns::Number,
     .man = "ioprio_set(2)",
     .kernel = "block/ioprio.c: ioprio_get",
     .explain = {"Returns the I/O class and level of a process, a group or a user."}},
};

}  // namespace

const std::span<const SyscallSpec> kSchedulingSyscalls{kRows};

}  // namespace boxtrace::decoders
