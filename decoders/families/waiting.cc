// Waiting and waking: futexes, epoll, poll, select, eventfd, robust lists, restartable sequences.

#include <algorithm>
#include <array>

#include "decoders/args.h"
#include "decoders/families/families.h"
#include "decoders/families/signal_args.h"
#include "decoders/families/time_args.h"
#include "decoders/structs.h"
#include "decoders/tables/eventpoll.h"
#include "decoders/tables/futex.h"
#include "decoders/tables/time.h"

namespace boxtrace::decoders {
namespace {

constexpr std::uint32_t kFutexCommand = 0x7f;  // below FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME

/// How many arguments a futex operation reads. Source: kernel/futex/syscalls.c: do_futex.
std::size_t used_futex(const CallContext& context) {
  constexpr std::array<std::uint8_t, 14> kUsed = {4, 3, 3, 5, 6, 6, 4, 2, 2, 6, 6, 5, 6, 4};
  const std::uint32_t command = low32(context, 1) & kFutexCommand;
  return command < kUsed.size() ? kUsed.at(command) : 6;
}

/// True when the futex operation's fourth argument is a timeout. futex(2).
bool has_timeout(std::uint32_t op) {
  switch (op & kFutexCommand) {
    case 0:   // FUTEX_WAIT
    case 6:   // FUTEX_LOCK_PI
    case 9:   // FUTEX_WAIT_BITSET
    case 11:  // FUTEX_WAIT_REQUEUE_PI
    case 13:  // FUTEX_LOCK_PI2
      return true;
    default:
      return false;
  }
}

/// A timeout where the operation takes one; a second number where it does not.
Value arg_futex_timeout(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  return has_timeout(low32(context, 1)) ? arg_timespec(context, arg, index)
                                        : arg_hex(context, arg, index);
}

Value arg_futex_timeout64(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  return has_timeout(low32(context, 1)) ? arg_timespec64(context, arg, index)
                                        : arg_hex(context, arg, index);
}

constexpr FieldSpec kFutexWaiter[] = {
    {"val", Width::Aligned64, Show::Hex},
    {"uaddr", Width::Aligned64, Show::Pointer},
    {"flags", Width::W32, Show::Constant, &kFutex2Flags},
    {"reserved", Width::W32, Show::Hidden},
};

/// struct futex_waitv, as many as `size_arg` says, or two for futex_requeue.
Value arg_futex_waiters(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  const std::uint64_t count =
      arg.size_arg < 0 ? 2 : low32(context, static_cast<std::size_t>(arg.size_arg));
  return decode_struct_array(context, address(context, index), count, kFutexWaiter);
}

// Packed on x86, so that 32-bit and 64-bit callers share it; two halves stand for the 64-bit data.
constexpr FieldSpec kEpollEvent[] = {
    {"events", Width::W32, Show::Constant, &kEpollEvents},
    {"data_low", Width::W32, Show::Hex},
    {"data_high", Width::W32, Show::Hex},
};
constexpr FieldSpec kPaddedEpollEvent[] = {
    {"events", Width::W32, Show::Constant, &kEpollEvents},
    {"data", Width::Aligned64, Show::Hex},
};

/// The two halves of `data` as the one word it is.
void join_epoll_data(Value& event) {
  auto* fields = event.as<Struct>();
  if (fields == nullptr || fields->fields.size() < 3) {
    return;
  }
  const std::uint64_t low = fields->fields[1].value.raw().value_or(0);
  const std::uint64_t high = fields->fields[2].value.raw().value_or(0);
  fields->fields.erase(fields->fields.begin() + 1, fields->fields.end());
  fields->fields.push_back({"data", Number{high << 32 | low, Number::Style::Hex}});
}

/// Source: linux/eventpoll.h: EPOLL_PACKED.
std::span<const FieldSpec> epoll_layout(const CallContext& context) {
  return context.call.abi == raw::Abi::Aarch64 ? std::span<const FieldSpec>{kPaddedEpollEvent}
                                               : std::span<const FieldSpec>{kEpollEvent};
}

Value arg_epoll_event(const CallContext& context, const ArgSpec&, std::size_t index) {
  Value value = decode_struct(context, address(context, index), epoll_layout(context));
  join_epoll_data(value);
  return value;
}

/// As many events as the call returned.
Value arg_epoll_events(const CallContext& context, const ArgSpec&, std::size_t index) {
  const std::int64_t count = context.outcome != nullptr ? context.outcome->value : 0;
  Value value = decode_struct_array(context, address(context, index),
                                    static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0)),
                                    epoll_layout(context));
  if (auto* list = value.as<List>()) {
    for (Value& event : list->items) {
      join_epoll_data(event);
    }
  }
  return value;
}

constexpr FieldSpec kPollfd[] = {
    {"fd", Width::W32, Show::Fd},
    {"events", Width::W16, Show::Constant, &kPollEvents},
    {"revents", Width::W16, Show::Constant, &kPollEvents},
};
constexpr std::size_t kPollfdAsked = 2;  // the fields that the caller fills in

/// At entry what is asked; at exit, for the descriptors that are ready, what happened.
Value arg_pollfds(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  Value value =
      decode_struct_array(context, address(context, index),
                          low32(context, static_cast<std::size_t>(arg.size_arg)), kPollfd);
  auto* list = value.as<List>();
  if (list == nullptr || context.outcome != nullptr) {
    return value;
  }
  for (Value& item : list->items) {
    auto& fields = item.as<Struct>()->fields;
    if (fields.size() > kPollfdAsked) {
      fields.erase(fields.begin() + kPollfdAsked, fields.end());
    }
  }
  return value;
}

/// fd_set: a bit for each descriptor below nfds, as the list of those that are set. select(2).
Value arg_fd_set(const CallContext& context, const ArgSpec&, std::size_t index) {
  constexpr std::uint32_t kMostFds = 65536;  // the kernel has no limit of its own; we have
  const base::Addr addr = address(context, index);
  const auto nfds = static_cast<std::int32_t>(low32(context, 0));
  if (addr.value == 0 || nfds < 0) {
    return Pointer{addr};
  }
  const std::uint32_t bits = std::min(static_cast<std::uint32_t>(nfds), kMostFds);
  const raw::Chunk chunk = context.memory.read(addr, (bits + 7) / 8);
  if (chunk.bytes.empty() && chunk.failure) {
    return Missing{addr, *chunk.failure};
  }
  List list;
  list.failure = chunk.failure;
  for (std::uint32_t fd = 0; fd < bits && fd / 8 < chunk.bytes.size(); ++fd) {
    if ((std::to_integer<unsigned>(chunk.bytes[fd / 8]) >> (fd % 8) & 1U) == 0) {
      continue;
    }
    if (list.items.size() == context.options.list_limit) {
      list.truncated = true;
      break;
    }
    list.items.push_back(decode_number(Show::Fd, fd, 32));
  }
  return list;
}

constexpr SyscallSpec kRows[] = {
    {.name = "futex",
     .nr = {202, -1, 98},
     .classes = kSync,
     .args = {{{"uaddr", arg_pointer},
               {"futex_op", arg_constant, &kFutexOps},
               {"val", arg_unsigned},
               {"timeout", arg_futex_timeout},
               {"uaddr2", arg_pointer},
               {"val3", arg_hex}}},
     .returns = Returns::Number,
     .man = "futex(2)",
     .kernel = "kernel/futex/syscalls.c: futex",
     .explain = {"Sleeps until a word in memory is woken, if it still holds an expected value, or "
                 "wakes sleepers; every lock of a threaded program ends here."},
     .used_args = used_futex},
    {.name = "futex",
     .nr = {-1, 240, -1},
     .classes = kSync,
     .args = {{{"uaddr", arg_pointer},
               {"futex_op", arg_constant, &kFutexOps},
               {"val", arg_unsigned},
               {"timeout", arg_futex_timeout},
               {"uaddr2", arg_pointer},
               {"val3", arg_hex}}},
     .returns = Returns::Number,
     .man = "futex(2)",
     .kernel = "kernel/futex/syscalls.c: futex_time32",
     .explain = {"Sleeps until a word in memory is woken, if it still holds an expected value, or "
                 "wakes sleepers."},
     .used_args = used_futex},
    {.name = "futex_time64",
     .nr = {-1, 422, -1},
     .classes = kSync,
     .args = {{{"uaddr", arg_pointer},
               {"futex_op", arg_constant, &kFutexOps},
               {"val", arg_unsigned},
               {"timeout", arg_futex_timeout64},
               {"uaddr2", arg_pointer},
               {"val3", arg_hex}}},
     .returns = Returns::Number,
     .man = "futex(2)",
     .kernel = "kernel/futex/syscalls.c: futex",
     .explain = {"The 32-bit futex with 64-bit seconds."},
     .used_args = used_futex},
    {.name = "futex_waitv",
     .nr = {449, 449, 449},
     .classes = kSync,
     .args = {{{.name = "waiters", .decode = arg_futex_waiters, .size_arg = 1},
               {"nr_futexes", arg_unsigned},
               {"flags", arg_hex},
               {"timeout", arg_timespec64},
               {"clockid", arg_constant, &kClockIds}}},
     .returns = Returns::Number,
     .man = "none",
     .kernel = "kernel/futex/syscalls.c: futex_waitv",
     .explain = {"Sleeps until any one of up to 128 futexes is woken and returns its position."}},
    {.name = "futex_wake",
     .nr = {454, 454, 454},
     .classes = kSync,
     .args = {{{"uaddr", arg_pointer},
               {"mask", arg_hex},
               {"nr", arg_int},
               {"flags", arg_constant, &kFutex2Flags}}},
     .returns = Returns::Number,
     .man = "none",
     .kernel = "kernel/futex/syscalls.c: futex_wake",
     .explain = {"Wakes sleepers of a futex; the size of the word and whether it is private are in "
                 "the flags."}},
    {.name = "futex_wait",
     .nr = {455, 455, 455},
     .classes = kSync,
     .args = {{{"uaddr", arg_pointer},
               {"val", arg_size},
               {"mask", arg_hex},
               {"flags", arg_constant, &kFutex2Flags},
               {"timeout", arg_timespec64},
               {"clockid", arg_constant, &kClockIds}}},
     .man = "none",
     .kernel = "kernel/futex/syscalls.c: futex_wait",
     .explain = {"Sleeps on a futex that holds an expected value, until a moment of a clock."}},
    {.name = "futex_requeue",
     .nr = {456, 456, 456},
     .classes = kSync,
     .args = {{{"waiters", arg_futex_waiters},
               {"flags", arg_hex},
               {"nr_wake", arg_int},
               {"nr_requeue", arg_int}}},
     .returns = Returns::Number,
     .man = "none",
     .kernel = "kernel/futex/syscalls.c: futex_requeue",
     .explain = {"Wakes some sleepers of one futex and moves others to a second one."}},
    {.name = "set_robust_list",
     .nr = {273, 311, 99},
     .classes = kSync,
     .args = {{{"head", arg_pointer}, {"len", arg_size}}},
     .man = "get_robust_list(2)",
     .kernel = "kernel/futex/syscalls.c: set_robust_list",
     .explain = {"Tells the kernel where a thread keeps its list of held locks, so that it can "
                 "release them when the thread dies."}},
    {.name = "get_robust_list",
     .nr = {274, 312, 100},
     .classes = kSync | kInfo,
     .args = {{{"pid", arg_pid},
               {.name = "head_ptr", .decode = arg_pointer, .direction = Direction::Out},
               {.name = "len_ptr", .decode = arg_pointer, .direction = Direction::Out}}},
     .man = "get_robust_list(2)",
     .kernel = "kernel/futex/syscalls.c: get_robust_list",
     .explain = {"Reads where a thread keeps its list of robust futexes."}},
    {.name = "rseq",
     .nr = {334, 386, 293},
     .classes = kSync,
     .args = {{{"rseq", arg_pointer},
               {"rseq_len", arg_unsigned},
               {"flags", arg_constant, &kRseqFlags},
               {"sig", arg_hex}}},
     .man = "none",
     .kernel = "kernel/rseq.c: rseq",
     .explain =
         {"Registers a thread's area for restartable sequences: code that the kernel sends back to "
          "its start when it is preempted; the C library does so for every thread."}},
    {.name = "epoll_create",
     .nr = {213, 254, -1},
     .classes = kSync | kDesc,
     .args = {{{"size", arg_int}}},
     .returns = Returns::Fd,
     .man = "epoll_create(2)",
     .kernel = "fs/eventpoll.c: epoll_create",
     .explain = {"Makes an epoll instance; the size must be positive and is otherwise ignored."}},
    {.name = "epoll_create1",
     .nr = {291, 329, 20},
     .classes = kSync | kDesc,
     .args = {{{"flags", arg_constant, &kEpollCreateFlags}}},
     .returns = Returns::Fd,
     .man = "epoll_create(2)",
     .kernel = "fs/eventpoll.c: epoll_create1",
     .explain = {"Makes an epoll instance, close-on-exec when asked."}},
    {.name = "epoll_ctl",
     .nr = {233, 255, 21},
     .classes = kSync | kDesc,
     .args = {{{"epfd", arg_fd},
               {"op", arg_constant, &kEpollOps},
               {"fd", arg_fd},
               {"event", arg_epoll_event}}},
     .man = "epoll_ctl(2)",
     .kernel = "fs/eventpoll.c: epoll_ctl",
     .explain = {"Adds, changes or removes a descriptor that an epoll instance watches."}},
    {.name = "epoll_wait",
     .nr = {232, 256, -1},
     .classes = kSync | kDesc,
     .args = {{{"epfd", arg_fd},
               {.name = "events", .decode = arg_epoll_events, .direction = Direction::Out},
               {"maxevents", arg_int},
               {"timeout", arg_int}}},
     .returns = Returns::Number,
     .man = "epoll_wait(2)",
     .kernel = "fs/eventpoll.c: epoll_wait",
     .explain = {"Waits until descriptors of an epoll instance are ready, for a number of "
                 "milliseconds; -1 waits without end."}},
    {.name = "epoll_pwait",
     .nr = {281, 319, 22},
     .classes = kSync | kDesc,
     .args = {{{"epfd", arg_fd},
               {.name = "events", .decode = arg_epoll_events, .direction = Direction::Out},
               {"maxevents", arg_int},
               {"timeout", arg_int},
               {.name = "sigmask", .decode = arg_sigset, .size_arg = 5},
               {"sigsetsize", arg_size}}},
     .returns = Returns::Number,
     .man = "epoll_wait(2)",
     .kernel = "fs/eventpoll.c: epoll_pwait",
     .explain =
         {"Waits for ready descriptors with a signal mask that is in force only meanwhile."}},
    {.name = "epoll_pwait2",
     .nr = {441, 441, 441},
     .classes = kSync | kDesc,
     .args = {{{"epfd", arg_fd},
               {.name = "events", .decode = arg_epoll_events, .direction = Direction::Out},
               {"maxevents", arg_int},
               {"timeout", arg_timespec64},
               {.name = "sigmask", .decode = arg_sigset, .size_arg = 5},
               {"sigsetsize", arg_size}}},
     .returns = Returns::Number,
     .man = "epoll_wait(2)",
     .kernel = "fs/eventpoll.c: epoll_pwait2",
     .explain = {"Waits for ready descriptors with a timeout in nanoseconds."}},
    {.name = "poll",
     .nr = {7, 168, -1},
     .classes = kSync | kDesc,
     .args = {{{.name = "fds", .decode = arg_pollfds, .size_arg = 1, .direction = Direction::InOut},
               {"nfds", arg_unsigned},
               {"timeout", arg_int}}},
     .returns = Returns::Number,
     .man = "poll(2)",
     .kernel = "fs/select.c: poll",
     .explain = {"Waits until one of a list of descriptors is ready."}},
    {.name = "ppoll",
     .nr = {271, 309, 73},
     .classes = kSync | kDesc,
     .args = {{{.name = "fds", .decode = arg_pollfds, .size_arg = 1, .direction = Direction::InOut},
               {"nfds", arg_unsigned},
               {.name = "tmo_p", .decode = arg_timespec, .direction = Direction::InOut},
               {.name = "sigmask", .decode = arg_sigset, .size_arg = 4},
               {"sigsetsize", arg_size}}},
     .returns = Returns::Number,
     .man = "poll(2)",
     .kernel = "fs/select.c: ppoll",
     .explain = {"Waits like poll, with a nanosecond timeout and a signal mask that is in force "
                 "only meanwhile."}},
    {.name = "ppoll_time64",
     .nr = {-1, 414, -1},
     .classes = kSync | kDesc,
     .args = {{{.name = "fds", .decode = arg_pollfds, .size_arg = 1, .direction = Direction::InOut},
               {"nfds", arg_unsigned},
               {.name = "tmo_p", .decode = arg_timespec64, .direction = Direction::InOut},
               {.name = "sigmask", .decode = arg_sigset, .size_arg = 4},
               {"sigsetsize", arg_size}}},
     .returns = Returns::Number,
     .man = "poll(2)",
     .kernel = "fs/select.c: ppoll",
     .explain = {"The 32-bit ppoll with 64-bit seconds."}},
    {.name = "select",
     .nr = {23, -1, -1},
     .classes = kSync | kDesc,
     .args = {{{"nfds", arg_int},
               {.name = "readfds", .decode = arg_fd_set, .direction = Direction::InOut},
               {.name = "writefds", .decode = arg_fd_set, .direction = Direction::InOut},
               {.name = "exceptfds", .decode = arg_fd_set, .direction = Direction::InOut},
               {.name = "timeout", .decode = arg_timeval, .direction = Direction::InOut}}},
     .returns = Returns::Number,
     .man = "select(2)",
     .kernel = "fs/select.c: select",
     .explain = {"Waits until one of three sets of descriptors is ready; the kernel stores the "
                 "time that was left."}},
    {.name = "select",
     .nr = {-1, 82, -1},
     .classes = kSync | kDesc,
     .args = {{{"args", arg_pointer}}},
     .returns = Returns::Number,
     .man = "select(2)",
     .kernel = "fs/select.c: old_select",
     .explain = {"The first 32-bit select, whose five arguments come in a struct in memory; "
                 "_newselect replaced it."}},
    {.name = "_newselect",
     .nr = {-1, 142, -1},
     .classes = kSync | kDesc,
     .args = {{{"nfds", arg_int},
               {.name = "readfds", .decode = arg_fd_set, .direction = Direction::InOut},
               {.name = "writefds", .decode = arg_fd_set, .direction = Direction::InOut},
               {.name = "exceptfds", .decode = arg_fd_set, .direction = Direction::InOut},
               {.name = "timeout", .decode = arg_timeval, .direction = Direction::InOut}}},
     .returns = Returns::Number,
     .man = "select(2)",
     .kernel = "fs/select.c: select",
     .explain = {"The 32-bit select with its arguments in registers."}},
    {.name = "pselect6",
     .nr = {270, 308, 72},
     .classes = kSync | kDesc,
     .args = {{{"nfds", arg_int},
               {.name = "readfds", .decode = arg_fd_set, .direction = Direction::InOut},
               {.name = "writefds", .decode = arg_fd_set, .direction = Direction::InOut},
               {.name = "exceptfds", .decode = arg_fd_set, .direction = Direction::InOut},
               {.name = "timeout", .decode = arg_timespec, .direction = Direction::InOut},
               {"sigmask", arg_sigset_and_size}}},
     .returns = Returns::Number,
     .man = "select(2)",
     .kernel = "fs/select.c: pselect6",
     .explain = {"Waits like select with a nanosecond timeout; the signal mask and its size come "
                 "in a struct because six registers are too few."}},
    {.name = "pselect6_time64",
     .nr = {-1, 413, -1},
     .classes = kSync | kDesc,
     .args = {{{"nfds", arg_int},
               {.name = "readfds", .decode = arg_fd_set, .direction = Direction::InOut},
               {.name = "writefds", .decode = arg_fd_set, .direction = Direction::InOut},
               {.name = "exceptfds", .decode = arg_fd_set, .direction = Direction::InOut},
               {.name = "timeout", .decode = arg_timespec64, .direction = Direction::InOut},
               {"sigmask", arg_sigset_and_size}}},
     .returns = Returns::Number,
     .man = "select(2)",
     .kernel = "fs/select.c: pselect6",
     .explain = {"The 32-bit pselect6 with 64-bit seconds."}},
    {.name = "eventfd",
     .nr = {284, 323, -1},
     .classes = kSync | kDesc,
     .args = {{{"initval", arg_unsigned}}},
     .returns = Returns::Fd,
     .man = "eventfd(2)",
     .kernel = "fs/eventfd.c: eventfd",
     .explain = {"Makes a counter that is a descriptor: writes add to it, a read takes it."}},
    {.name = "eventfd2",
     .nr = {290, 328, 19},
     .classes = kSync | kDesc,
     .args = {{{"initval", arg_unsigned}, {"flags", arg_constant, &kEventfdFlags}}},
     .returns = Returns::Fd,
     .man = "eventfd(2)",
     .kernel = "fs/eventfd.c: eventfd2",
     .explain = {"Makes a counter that is a descriptor, with flags."}},
    {.name = "restart_syscall",
     .nr = {219, 0, 128},
     .classes = kSync,
     .returns = Returns::Number,
     .man = "restart_syscall(2)",
     .kernel = "kernel/signal.c: restart_syscall",
     .explain = {"Continues a sleep that a stop interrupted, with the time that was left; the "
                 "kernel puts it in place of the first call."}},
};

}  // namespace

const std::span<const SyscallSpec> kWaitingSyscalls{kRows};

}  // namespace boxtrace::decoders
