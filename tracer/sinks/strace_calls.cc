#include "tracer/sinks/strace_calls.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "decoders/constants.h"
#include "decoders/render.h"
#include "decoders/tables/capability.h"
#include "decoders/tables/fcntl.h"
#include "decoders/tables/prctl.h"
#include "decoders/tables/scheduling.h"
#include "tracer/base/bytes.h"
#include "tracer/base/text.h"

namespace boxtrace::sinks {
namespace {

using decoders::DecodedCall;
using decoders::Direction;
using decoders::Value;

/// What a rule sees: one argument of one call, or the call alone.
struct Context {
  const StraceValues& values;
  const raw::Syscall& syscall;
  const DecodedCall& call;
  std::size_t index = 0;

  [[nodiscard]] std::uint64_t word(std::size_t i) const {
    const std::uint64_t raw = syscall.call.args.at(i);
    return syscall.call.abi == raw::Abi::I386 ? raw & 0xffffffffU : raw;
  }
  [[nodiscard]] const Value& value() const { return call.args.at(index).value; }
  [[nodiscard]] std::string render(const Value& other) const {
    return values.render(other, &syscall);
  }
  [[nodiscard]] std::string plain() const { return render(value()); }
  [[nodiscard]] std::string address(std::size_t i) const {
    return render(Value{decoders::Pointer{{word(i)}}});
  }
  [[nodiscard]] bool returned() const {
    return syscall.outcome.kind == raw::Outcome::Kind::Returned;
  }
};

std::string hex(std::uint64_t value) { return value == 0 ? "0" : base::to_hex(value); }

// ----- arguments -----

using ArgText = std::string (*)(const Context& context);

std::string as_hex(const Context& context) { return hex(context.word(context.index)); }
std::string as_number(const Context& context) {
  return fmt::format("{}", static_cast<std::int64_t>(context.word(context.index)));
}
std::string as_address(const Context& context) { return context.address(context.index); }

/// A set of small numbers, such as descriptors or processors: `[3 4]`.
std::string number_set(const Context& context, const Value& set) {
  const auto* list = set.as<decoders::List>();
  if (list == nullptr) {
    return context.render(set);
  }
  std::vector<std::string> numbers;
  for (const Value& item : list->items) {
    numbers.push_back(context.render(item));
  }
  return fmt::format("[{}{}]", fmt::join(numbers, " "), list->truncated ? " ..." : "");
}
std::string as_number_set(const Context& context) { return number_set(context, context.value()); }
std::string passed_number_set(const Context& context) {
  const auto* changed = context.value().as<decoders::Changed>();
  return number_set(context, changed != nullptr ? *changed->before : context.value());
}

/// What remains of the time, which the kernel writes only for a sleep that was interrupted.
std::string remaining_time(const Context& context) {
  return context.returned() ? context.address(context.index) : context.plain();
}

/// A struct that has grown with the kernel; one that is shorter than its first version is refused
/// unread. The size is the argument behind it.
template <std::uint64_t kFirstVersion>
std::string sized_struct(const Context& context) {
  return context.word(context.index + 1) < kFirstVersion ? as_address(context) : context.plain();
}

/// What the caller passed, for arguments that the call changes and strace tells of with the result.
std::string as_passed(const Context& context) {
  const auto* changed = context.value().as<decoders::Changed>();
  return context.render(changed != nullptr ? *changed->before : context.value());
}

std::string environment(const Context& context) {
  const auto* list = context.value().as<decoders::List>();
  if (list == nullptr || context.values.options().unabbreviated) {
    return context.plain();
  }
  const std::size_t count = list->items.size();
  return fmt::format("{} /* {} var{}{} */", context.address(context.index), count,
                     count == 1 ? "" : "s", list->failure ? ", unterminated" : "");
}

/// mount(2) ignores type and options for some flags, and strace shows no string that is ignored.
std::string mount_text(const Context& context) {
  constexpr std::uint64_t kRemount = 32;
  constexpr std::uint64_t kBindOrMove = 4096 | 8192;
  constexpr std::uint64_t kPropagation = 1U << 17 | 1U << 18 | 1U << 19 | 1U << 20;
  const std::uint64_t flags = context.word(3);
  const bool changes = (flags & kRemount) != 0;
  const bool other = !changes && (flags & (kBindOrMove | kPropagation)) != 0;
  const bool ignored = context.call.args[context.index].name == "data" ? other : changes || other;
  return ignored ? as_address(context) : context.plain();
}

/// A list of two times for utimensat(2), with dates; words for "now" and "leave it".
std::string file_times(const Context& context) {
  const auto* list = context.value().as<decoders::List>();
  if (list == nullptr || list->items.size() != 2) {
    return context.plain();
  }
  if (list->failure) {
    return as_address(context);
  }
  std::vector<std::string> parts;
  for (const Value& item : list->items) {
    const Value* nanoseconds = item.field("tv_nsec");
    const auto* symbol = nanoseconds == nullptr ? nullptr : nanoseconds->as<decoders::Symbol>();
    if (symbol != nullptr && !symbol->name.empty()) {
      parts.emplace_back(symbol->name);
      continue;
    }
    const Value* seconds = item.field("tv_sec");
    parts.push_back(
        context.render(item) +
        (seconds == nullptr || nanoseconds == nullptr
             ? ""
             : context.values.date(static_cast<std::int64_t>(seconds->raw().value_or(0)),
                                   static_cast<std::int64_t>(nanoseconds->raw().value_or(0)))));
  }
  return fmt::format("[{}]", fmt::join(parts, ", "));
}

std::string statx_mask(const Context& context) {
  constexpr std::uint64_t kAll = 0xfff;  // linux/stat.h: STATX_ALL
  const std::uint64_t rest = context.word(context.index) & ~kAll;
  return (context.word(context.index) & kAll) == kAll && rest == 0 ? "STATX_ALL" : context.plain();
}

/// The two sync bits are a field of their own, which has a name for 0.
std::string statx_flags(const Context& context) {
  constexpr std::uint64_t kSync = 0x6000;
  if ((context.word(context.index) & kSync) != 0) {
    return context.plain();
  }
  const std::string others = context.plain();
  return others == "0" ? "AT_STATX_SYNC_AS_STAT" : "AT_STATX_SYNC_AS_STAT|" + others;
}

/// Flags of open(2) where no access mode is part of them.
std::string descriptor_flags(const Context& context) {
  const std::uint64_t raw = context.word(context.index) & 0xffffffffU;
  decoders::Flags flags{raw, {}, raw, "O_???"};
  if (const auto* decoded = context.value().as<decoders::Flags>()) {
    for (const std::string_view name : decoded->names) {
      const decoders::Constant* constant = decoders::kOpenFlags.find(name);
      if (constant != nullptr && constant->mask != 3) {
        flags.names.push_back(name);
        flags.unknown &= ~constant->value;
      }
    }
  }
  return context.values.flags(flags);
}

/// A name that is longer than the kernel takes, which it refuses unread. linux/utsname.h.
std::string host_name(const Context& context) {
  constexpr std::int32_t kLongest = 64;  // __NEW_UTS_LEN
  const auto length = static_cast<std::int32_t>(static_cast<std::uint32_t>(context.word(1)));
  return length < 0 || length > kLongest ? as_address(context) : context.plain();
}

/// Lists of signals are sets everywhere but here, where one number is written.
std::string written_signal(const Context& context) {
  const auto* list = context.value().as<decoders::List>();
  if (list == nullptr || list->items.size() != 1) {
    return context.plain();
  }
  return fmt::format("[{}]", context.render(list->items.front()));
}

/// `[128 => 16]`, `[16]`: a length that the call may change.
std::string changed_length(const Context& context) {
  const auto* changed = context.value().as<decoders::Changed>();
  const auto number_in = [](const Value& value) -> const Value* {
    const auto* list = value.as<decoders::List>();
    return list != nullptr && list->items.size() == 1 ? &list->items.front() : nullptr;
  };
  if (changed == nullptr || number_in(*changed->before) == nullptr ||
      number_in(*changed->after) == nullptr) {
    return context.plain();
  }
  return fmt::format("[{} => {}]", context.render(*number_in(*changed->before)),
                     context.render(*number_in(*changed->after)));
}

/// A buffer of length 0 asks for the length, and nothing is written.
std::string sized_buffer(const Context& context) {
  return context.index + 1 < context.call.args.size() && context.word(context.index + 1) == 0
             ? as_address(context)
             : context.plain();
}

std::string group_list(const Context& context) {
  if (context.word(1) == 0) {
    return "NULL";
  }
  const bool empty = context.returned() && context.syscall.outcome.value == 0;
  return context.call.name == "getgroups" && empty ? "[]" : context.plain();
}

/// struct sock_fprog: how long, and where; the filter is text of its own.
std::string filter_program(const Context& context) {
  const auto* fields = context.value().as<decoders::Struct>();
  if (fields == nullptr || context.value().field("filter") == nullptr) {
    return context.plain();
  }
  const std::size_t word = raw::word_size(context.syscall.call.abi);
  const raw::Chunk pointer =
      raw::RecordedMemory(context.syscall.in).read({context.word(context.index) + word}, word);
  const std::uint64_t addr = word == 8 ? base::read_le<std::uint64_t>(pointer.bytes, 0).value_or(0)
                                       : base::read_le<std::uint32_t>(pointer.bytes, 0).value_or(0);
  return fmt::format("{{len={}, filter={}}}", context.render(*context.value().field("len")),
                     context.render(Value{decoders::Pointer{{addr}}}));
}

std::string ioctl_arg(const Context& context) {
  // Requests whose number says that they read or write, and those of terminals, take a pointer.
  const std::uint64_t request = context.word(1) & 0xffffffffU;
  const bool pointer = request >> 30 != 0 || (request >= 0x5401 && request <= 0x5408);
  return pointer && context.word(2) == 0 ? "NULL" : context.plain();
}

std::string epoll_event(const Context& context) {
  constexpr std::uint64_t kDelete = 2;  // linux/eventpoll.h: EPOLL_CTL_DEL ignores it
  return context.word(1) == kDelete ? as_address(context) : context.plain();
}

std::string prctl_arg(const Context& context) {
  // Source: linux/prctl.h.
  constexpr std::uint64_t kGetDeathSignal = 2, kSetSeccomp = 22, kAmbient = 47, kClearAll = 4;
  const std::uint64_t option = context.word(0);
  if (option == kGetDeathSignal) {
    return written_signal(context);
  }
  if (option == kSetSeccomp) {
    return filter_program(context);
  }
  return option == kAmbient && context.index == 2 && context.word(1) == kClearAll
             ? as_number(context)
             : context.plain();
}

struct ArgRule {
  std::string_view call;
  std::string_view arg;
  ArgText text;
};

constexpr std::array kArgRules = std::to_array<ArgRule>({
    {"capget", "hdrp", as_passed},
    {"capset", "hdrp", as_passed},
    {"clock_nanosleep", "rem", remaining_time},
    {"clock_nanosleep", "remain", remaining_time},
    {"dup3", "flags", descriptor_flags},
    {"epoll_ctl", "event", epoll_event},
    {"execve", "envp", environment},
    {"execveat", "envp", environment},
    {"fgetxattr", "value", sized_buffer},
    {"flistxattr", "list", sized_buffer},
    {"getgroups", "list", group_list},
    {"getpeername", "addrlen", changed_length},
    {"getsockname", "addrlen", changed_length},
    {"getsockopt", "optlen", changed_length},
    {"accept", "addrlen", changed_length},
    {"accept4", "addrlen", changed_length},
    {"recvfrom", "addrlen", changed_length},
    {"getxattr", "value", sized_buffer},
    {"ioctl", "argp", ioctl_arg},
    {"kcmp", "idx1", as_number},
    {"kcmp", "idx2", as_number},
    {"lgetxattr", "value", sized_buffer},
    {"listxattr", "list", sized_buffer},
    {"llistxattr", "list", sized_buffer},
    {"mount", "data", mount_text},
    {"mount", "filesystemtype", mount_text},
    {"nanosleep", "rem", remaining_time},
    {"openat2", "how", sized_struct<24>},
    {"pipe2", "flags", descriptor_flags},
    {"poll", "fds", as_passed},
    {"ppoll", "fds", as_passed},
    {"prctl", "arg2", prctl_arg},
    {"prctl", "arg3", prctl_arg},
    {"pselect6", "exceptfds", passed_number_set},
    {"pselect6", "readfds", passed_number_set},
    {"pselect6", "timeout", as_passed},
    {"pselect6", "writefds", passed_number_set},
    {"rseq", "rseq_len", as_hex},
    {"sched_getaffinity", "mask", as_number_set},
    {"sched_setaffinity", "mask", as_number_set},
    {"seccomp", "args", filter_program},
    {"select", "exceptfds", passed_number_set},
    {"select", "readfds", passed_number_set},
    {"select", "timeout", as_passed},
    {"select", "writefds", passed_number_set},
    {"set_tid_address", "tidptr", as_hex},
    {"setdomainname", "name", host_name},
    {"setgroups", "list", group_list},
    {"sethostname", "name", host_name},
    {"statx", "flags", statx_flags},
    {"statx", "mask", statx_mask},
    {"utimensat", "times", file_times},
});

// ----- whole calls -----

/// Pieces of a call whose arguments strace shows in another order or number. `known` is how many
/// there are when the call begins.
struct Pieces {
  std::vector<std::string> texts;
  std::size_t known = 0;
};

std::string clone_member(const Context& context, std::string_view name) {
  const Value* value = context.call.arg(name);
  return value == nullptr ? "?" : context.render(*value);
}

Pieces clone_pieces(const Context& context) {
  constexpr std::uint64_t kPidfd = 0x1000, kSetTls = 0x80000, kParentSettid = 0x100000,
                          kChildClear = 0x200000, kChildSet = 0x1000000;
  const std::uint64_t flags = context.word(0);
  Pieces pieces;
  pieces.texts = {"child_stack=" + clone_member(context, "stack") + ", ",
                  "flags=" + clone_member(context, "flags")};
  pieces.known = pieces.texts.size();
  if ((flags & (kPidfd | kParentSettid)) != 0) {
    pieces.texts.push_back(", parent_tid=" + clone_member(context, "parent_tid"));
  }
  if ((flags & kSetTls) != 0) {
    pieces.texts.push_back(", tls=" + clone_member(context, "tls"));
  }
  if ((flags & (kChildClear | kChildSet)) != 0) {
    pieces.texts.push_back(", child_tidptr=" + clone_member(context, "child_tid"));
  }
  return pieces;
}

/// The members before the call, and what the kernel wrote in answer.
Pieces clone3_pieces(const Context& context) {
  constexpr std::uint64_t kFirstVersion = 64;  // linux/sched.h: CLONE_ARGS_SIZE_VER0
  const Value& args = context.call.args.at(0).value;
  if (context.word(1) < kFirstVersion) {
    return {{context.address(0), ", " + context.render(context.call.args.at(1).value)}, 1};
  }
  const auto* changed = args.as<decoders::Changed>();
  Pieces pieces;
  pieces.texts.push_back(context.render(changed != nullptr ? *changed->before : args));
  pieces.texts.push_back((changed != nullptr ? " => " + context.render(*changed->after) : "") +
                         ", " + context.render(context.call.args.at(1).value));
  pieces.known = 1;
  return pieces;
}

/// Which of futex(2)'s arguments count depends on the operation.
Pieces futex_pieces(const Context& context) {
  constexpr std::uint64_t kCommand = 0x7f;
  enum : std::uint64_t {
    kWait,
    kWake,
    kRequeue = 3,
    kCmpRequeue,
    kWakeOp,
    kLockPi,
    kUnlockPi,
    kTrylockPi,
    kWaitBitset,
    kWakeBitset
  };
  const std::uint64_t command = context.word(1) & kCommand;
  std::string op = clone_member(context, "futex_op");
  if (const std::size_t bar = op.find("|FUTEX_PRIVATE_FLAG"); bar != std::string::npos) {
    op.replace(bar, std::string_view("|FUTEX_PRIVATE_FLAG").size(), "_PRIVATE");
  }
  std::vector<std::string> texts = {clone_member(context, "uaddr"), op};
  const auto value = [&] { return fmt::format("{}", static_cast<std::uint32_t>(context.word(2))); };
  const auto number = [&](std::size_t i) {
    return fmt::format("{}", static_cast<std::uint32_t>(context.word(i)));
  };
  const auto timeout = [&] {
    const Value* time = context.call.arg("timeout");
    return time == nullptr ? context.address(3) : context.render(*time);
  };
  const auto bits = [&] {
    const auto mask = static_cast<std::uint32_t>(context.word(5));
    return mask == 0xffffffffU ? "FUTEX_BITSET_MATCH_ANY" : hex(mask);
  };
  switch (command) {
    case kWait:
      texts.insert(texts.end(), {value(), timeout()});
      break;
    case kWake:
      texts.push_back(value());
      break;
    case kRequeue:
      texts.insert(texts.end(), {value(), number(3), context.address(4)});
      break;
    case kCmpRequeue:
      texts.insert(texts.end(), {value(), number(3), context.address(4), number(5)});
      break;
    case kLockPi:
      texts.push_back(timeout());
      break;
    case kUnlockPi:
    case kTrylockPi:
      break;
    case kWaitBitset:
      texts.insert(texts.end(), {value(), timeout(), bits()});
      break;
    case kWakeBitset:
      texts.insert(texts.end(), {value(), bits()});
      break;
    default:
      texts.insert(texts.end(),
                   {value(), context.address(3), context.address(4), hex(context.word(5))});
      break;
  }
  Pieces pieces;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    pieces.texts.push_back(texts[i] + (i + 1 < texts.size() ? ", " : ""));
  }
  pieces.known = pieces.texts.size();
  return pieces;
}

struct CallRule {
  std::string_view call;
  Pieces (*pieces)(const Context& context);
};

constexpr std::array kCallRules = std::to_array<CallRule>(
    {{"clone", clone_pieces}, {"clone3", clone3_pieces}, {"futex", futex_pieces}});

const CallRule* call_rule(const DecodedCall& call, const StraceOptions& options) {
  if (options.raw || !options.dereferenced) {
    return nullptr;
  }
  const auto* const found =
      std::find_if(kCallRules.begin(), kCallRules.end(),
                   [&call](const CallRule& rule) { return rule.call == call.name; });
  return found == kCallRules.end() || call.args.size() < 2 ? nullptr : found;
}

/// Calls that change arguments which strace shows as they were, or that have none to change but
/// share a row with some that have: these arguments are known when the call begins.
constexpr std::array<std::string_view, 10> kShownAsPassed = {
    "poll", "ppoll", "select", "pselect6", "capget", "capset", "prctl", "fcntl", "keyctl", "ioctl"};

// ----- results -----

/// What follows the number in parentheses, or nothing.
using ResultText = std::string (*)(const Context& context);

std::uint64_t result_of(const Context& context) {
  return static_cast<std::uint64_t>(context.syscall.outcome.value);
}

std::string named(const Context& context, const decoders::ConstantTable& table,
                  std::string_view word) {
  return fmt::format("{} ({}{})", hex(result_of(context)), word,
                     context.render(decoders::decode_constant(table, result_of(context))));
}

std::string octal_result(const Context& context) {
  return fmt::format("{:#03o}", result_of(context));
}

std::string personality_result(const Context& context) {
  return named(context, decoders::kPersonalities, "");
}

std::string fcntl_result(const Context& context) {
  constexpr std::uint64_t kGetFd = 1, kGetFlags = 3, kGetSeals = 1034;
  switch (context.word(1)) {
    case kGetFd:
      return result_of(context) == 0 ? "0" : named(context, decoders::kFdFlags, "flags ");
    case kGetFlags:
      return named(context, decoders::kOpenFlags, "flags ");
    case kGetSeals:
      return result_of(context) == 0 ? "0" : named(context, decoders::kSeals, "seals ");
    default:
      return {};
  }
}

std::string prctl_result(const Context& context) {
  constexpr std::uint64_t kGetDumpable = 3, kGetSecurebits = 27;
  switch (context.word(0)) {
    case kGetDumpable:
      return fmt::format(
          "{} ({})", result_of(context),
          context.render(decoders::decode_constant(decoders::kPrctlDumpable, result_of(context))));
    case kGetSecurebits:
      return result_of(context) == 0 ? "0" : named(context, decoders::kSecurebits, "");
    default:
      return {};
  }
}

std::string scheduler_result(const Context& context) {
  const decoders::Constant* policy = decoders::kSchedPolicies.find(result_of(context));
  return policy == nullptr ? "" : fmt::format("{} ({})", result_of(context), policy->name);
}

/// What is ready, from what the call wrote over its arguments.
std::string poll_result(const Context& context) {
  if (result_of(context) == 0) {
    return "0 (Timeout)";
  }
  const auto* changed = context.call.args.at(0).value.as<decoders::Changed>();
  const Value& fds = changed != nullptr ? *changed->after : context.call.args.at(0).value;
  std::vector<std::string> ready;
  if (const auto* list = fds.as<decoders::List>()) {
    for (const Value& item : list->items) {
      const Value* events = item.field("revents");
      if (events != nullptr && events->raw().value_or(0) != 0) {
        ready.push_back(fmt::format("{{fd={}, revents={}}}", context.render(*item.field("fd")),
                                    context.render(*events)));
      }
    }
  }
  return fmt::format("{} ([{}])", result_of(context), fmt::join(ready, ", "));
}

std::string select_result(const Context& context) {
  if (result_of(context) == 0) {
    return "0 (Timeout)";
  }
  constexpr std::array<std::string_view, 3> kSets = {"in", "out", "except"};
  std::vector<std::string> ready;
  for (std::size_t i = 0; i < kSets.size() && i + 1 < context.call.args.size(); ++i) {
    const Value& argument = context.call.args[i + 1].value;
    const auto* changed = argument.as<decoders::Changed>();
    const Value& set = changed != nullptr ? *changed->after : argument;
    const auto* list = set.as<decoders::List>();
    if (list != nullptr && !list->items.empty()) {
      ready.push_back(fmt::format("{} {}", kSets.at(i), number_set(context, set)));
    }
  }
  if (context.call.args.size() > 4) {
    if (const auto* left = context.call.args[4].value.as<decoders::Changed>()) {
      ready.push_back("left " + context.render(*left->after));
    } else if (context.call.args[4].value.as<decoders::Struct>() != nullptr) {
      ready.push_back("left " + context.render(context.call.args[4].value));
    }
  }
  return fmt::format("{} ({})", result_of(context), fmt::join(ready, ", "));
}

std::string time_result(const Context& context) {
  constexpr std::string_view kOpen = " /* ";
  constexpr std::string_view kClose = " */";
  const std::string date = context.values.date(context.syscall.outcome.value, 0);
  return date.empty()
             ? std::string{}
             : fmt::format("{} ({})", result_of(context),
                           date.substr(kOpen.size(), date.size() - kOpen.size() - kClose.size()));
}

struct ResultRule {
  std::string_view call;
  ResultText text;
};

constexpr std::array kResultRules = std::to_array<ResultRule>({
    {"fcntl", fcntl_result},
    {"personality", personality_result},
    {"poll", poll_result},
    {"ppoll", poll_result},
    {"prctl", prctl_result},
    {"pselect6", select_result},
    {"sched_getscheduler", scheduler_result},
    {"select", select_result},
    {"time", time_result},
    {"umask", octal_result},
});

/// A number or text: nothing that a pointer to a struct or array leads to.
bool is_flat(const Value& value) {
  if (value.field("major") != nullptr || value.field("class") != nullptr) {
    return true;  // two numbers in one register
  }
  return value.as<decoders::Struct>() == nullptr && value.as<decoders::List>() == nullptr &&
         value.as<decoders::Changed>() == nullptr;
}

std::string plain_result(const Context& context) {
  const auto returns =
      context.call.spec == nullptr ? decoders::Returns::Number : context.call.spec->returns;
  if (returns == decoders::Returns::Address || returns == decoders::Returns::Flags) {
    return hex(result_of(context));
  }
  if (returns == decoders::Returns::Fd) {
    const auto fd = static_cast<std::int32_t>(context.syscall.outcome.value);
    const std::string_view name = context.call.name;
    return name == "dup2" || name == "dup3"
               ? context.values.duplicate(
                     fd, static_cast<std::int32_t>(static_cast<std::uint32_t>(context.word(0))),
                     context.syscall)
               : context.values.descriptor({fd, false}, &context.syscall);
  }
  if (returns == decoders::Returns::Pid) {
    return context.values.process(static_cast<std::int32_t>(context.syscall.outcome.value));
  }
  return fmt::format("{}", context.syscall.outcome.value);
}

}  // namespace

std::string StraceCalls::argument(const raw::Syscall& syscall, const DecodedCall& call,
                                  std::size_t index) const {
  const Context context{*values_, syscall, call, index};
  if (values_->options().raw) {
    return as_hex(context);
  }
  if (!values_->options().dereferenced && !is_flat(context.value())) {
    return context.address(index);
  }
  // What could be read in part only, strace shows as an address.
  const auto* changed = context.value().as<decoders::Changed>();
  const Value& passed = changed != nullptr ? *changed->before : context.value();
  const auto* text = passed.as<decoders::Text>();
  const auto* fields = passed.as<decoders::Struct>();
  if ((text != nullptr && text->failure) || (fields != nullptr && fields->failure)) {
    return context.address(index);
  }
  if (const auto* number = context.value().as<decoders::Number>();
      number != nullptr && number->style == decoders::Number::Style::Octal) {
    const std::uint64_t mode = number->raw & 0xffff;  // umode_t
    return call.name.starts_with("mknod") ? values_->mode(mode) : fmt::format("{:#03o}", mode);
  }
  const std::string_view name = call.args[index].name;
  for (const ArgRule& rule : kArgRules) {
    if (rule.call == call.name && rule.arg == name) {
      return rule.text(context);
    }
  }
  return context.plain();
}

std::vector<std::string> StraceCalls::pieces(const raw::Syscall& syscall,
                                             const DecodedCall& call) const {
  if (const CallRule* rule = call_rule(call, values_->options())) {
    return rule->pieces(Context{*values_, syscall, call}).texts;
  }
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    texts.push_back(argument(syscall, call, i) + (i + 1 < call.args.size() ? ", " : ""));
  }
  return texts;
}

std::vector<std::string> StraceCalls::entry_pieces(const raw::Syscall& syscall,
                                                   const DecodedCall& call) const {
  if (const CallRule* rule = call_rule(call, values_->options())) {
    Pieces pieces = rule->pieces(Context{*values_, syscall, call});
    pieces.texts.resize(pieces.known);
    return pieces.texts;
  }
  const bool as_passed =
      std::find(kShownAsPassed.begin(), kShownAsPassed.end(), call.name) != kShownAsPassed.end();
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    const Direction direction =
        call.spec != nullptr ? call.spec->args.at(i).direction : Direction::In;
    const bool pending = call.args[i].value.as<decoders::Pending>() != nullptr;
    if (direction == Direction::Out || (direction == Direction::InOut && (pending || !as_passed))) {
      break;
    }
    texts.push_back(argument(syscall, call, i) + (i + 1 < call.args.size() ? ", " : ""));
  }
  return texts;
}

std::string StraceCalls::result(const raw::Syscall& syscall, const DecodedCall& call) const {
  if (syscall.outcome.kind != raw::Outcome::Kind::Returned) {
    return decoders::render_outcome(call, syscall.outcome);
  }
  const Context context{*values_, syscall, call};
  for (const ResultRule& rule : kResultRules) {
    if (rule.call == call.name) {
      if (std::string text = rule.text(context); !text.empty()) {
        return "= " + text;
      }
    }
  }
  return "= " + plain_result(context);
}

}  // namespace boxtrace::sinks
