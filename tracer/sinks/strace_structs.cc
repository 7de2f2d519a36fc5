#include "tracer/sinks/strace_structs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <vector>

#include "decoders/siginfo.h"
#include "tracer/base/text.h"

namespace boxtrace::sinks {
namespace {

using decoders::Field;
using decoders::Struct;
using decoders::Value;

/// What a rule sees.
struct Context {
  const Struct& fields;
  const StraceValues& values;
  const raw::Syscall* syscall;

  [[nodiscard]] const Value* field(std::string_view name) const {
    const auto found = std::find_if(fields.fields.begin(), fields.fields.end(),
                                    [name](const Field& field) { return field.name == name; });
    return found == fields.fields.end() ? nullptr : &found->value;
  }
  [[nodiscard]] std::uint64_t number(std::string_view name) const {
    const Value* value = field(name);
    return value == nullptr ? 0 : value->raw().value_or(0);
  }
  [[nodiscard]] bool abbreviates() const { return !values.options().unabbreviated; }
};

// ----- members -----

/// A member as `name=text`; empty: it is not shown.
using FieldText = std::string (*)(const Field& field, const Context& context);

std::string plain(const Field& field, const Context& context) {
  return fmt::format("{}={}", field.name, context.values.render(field.value, context.syscall));
}

/// Multiples of 1024 that are more than one. Source: strace 6.1's output.
std::string limit(const Field& field, const Context& context) {
  using Constants = StraceOptions::Constants;
  const std::uint64_t raw = field.value.raw().value_or(0);
  const auto* symbol = field.value.as<decoders::Symbol>();
  const std::string named = symbol != nullptr && !symbol->name.empty() ? std::string(symbol->name)
                            : raw > 1024 && raw % 1024 == 0 ? fmt::format("{}*1024", raw / 1024)
                                                            : std::string{};
  const Constants constants = context.values.options().constants;
  if (named.empty() || constants == Constants::Raw) {
    return fmt::format("{}={}", field.name, raw);
  }
  return constants == Constants::Verbose ? fmt::format("{}={} /* {} */", field.name, raw, named)
                                         : fmt::format("{}={}", field.name, named);
}

/// Fractions of a second, which are no negative numbers, even if they are wrong.
std::string fraction(const Field& field, const Context& context) {
  const auto* number = field.value.as<decoders::Number>();
  return number == nullptr ? plain(field, context) : fmt::format("{}={}", field.name, number->raw);
}

std::string capabilities(const Field& field, const Context& context) {
  const auto* flags = field.value.as<decoders::Flags>();
  if (flags == nullptr || flags->names.empty() ||
      context.values.options().constants != StraceOptions::Constants::Abbreviated) {
    return plain(field, context);
  }
  std::string text = fmt::format("{}=1<<{}", field.name, fmt::join(flags->names, "|1<<"));
  if (flags->unknown != 0) {
    text += "|" + base::to_hex(flags->unknown);
  }
  return text;
}

std::string port(const Field& field, const Context&) {
  return fmt::format("{}=htons({})", field.name, field.value.raw().value_or(0));
}
std::string network_long(const Field& field, const Context&) {
  return fmt::format("{}=htonl({})", field.name, field.value.raw().value_or(0));
}
std::string inet_addr(const Field& field, const Context&) {
  const std::string* text = field.value.text();
  return fmt::format("{}=inet_addr(\"{}\")", field.name, text != nullptr ? *text : "");
}
std::string inet6_addr(const Field&, const Context& context) {
  const std::string* text = context.field("sin6_addr")->text();
  return fmt::format("inet_pton(AF_INET6, \"{}\", &sin6_addr)", text != nullptr ? *text : "");
}
std::string netlink_groups(const Field& field, const Context&) {
  return fmt::format("{}={:08x}", field.name, field.value.raw().value_or(0));
}

/// An abstract name begins with a NUL, which strace writes as `@` before the quotes.
std::string socket_path(const Field& field, const Context& context) {
  const std::string* text = field.value.text();
  if (text == nullptr || text->empty() || text->front() != '\0') {
    return text == nullptr
               ? plain(field, context)
               : fmt::format("{}={}", field.name, context.values.quote(*text, false, false));
  }
  return fmt::format("{}=@{}", field.name, context.values.quote(text->substr(1), false, false));
}

/// What statx(2) has filled in; the fields of its first version together have a name.
std::string statx_fields(const Field& field, const Context& context) {
  constexpr std::uint64_t kAll = 0xfff;  // linux/stat.h: STATX_ALL
  const auto* flags = field.value.as<decoders::Flags>();
  if (flags == nullptr || (flags->raw & kAll) != kAll) {
    return plain(field, context);
  }
  decoders::Flags named = *flags;
  std::erase_if(named.names, [](std::string_view name) {
    return name == "STATX_BASIC_STATS" || name == "STATX_BTIME";
  });
  named.names.insert(named.names.begin(), "STATX_ALL");
  return plain({field.name, Value{named}}, context);
}

std::string device(const Field& field, const Context&) {
  return fmt::format("{}={}", field.name, render_strace_device(field.value.raw().value_or(0)));
}

std::string seconds(const Field& field, const Context& context) {
  const auto nanoseconds = context.number(std::string(field.name) + "_nsec");
  const auto time = static_cast<std::int64_t>(field.value.raw().value_or(0));
  return plain(field, context) + context.values.date(time, static_cast<std::int64_t>(nanoseconds));
}

/// `sival_int` and `sival_ptr` share their bytes, and both are shown, unless they are 0.
std::string signal_value(const Field& field, const Context&) {
  const std::uint64_t raw = field.value.raw().value_or(0);
  return raw == 0 ? std::string{}
                  : fmt::format("si_int={}, si_ptr={}",
                                static_cast<std::int32_t>(static_cast<std::uint32_t>(raw)),
                                base::to_hex(raw));
}

std::string epoll_data(const Field& field, const Context&) {
  const std::uint64_t raw = field.value.raw().value_or(0);
  return fmt::format("data={{u32={}, u64={}}}", static_cast<std::uint32_t>(raw), raw);
}

/// Ticks of 1/100 s, which is USER_HZ on every machine of ours.
std::string ticks(const Field& field, const Context& context) {
  const auto count = static_cast<std::int64_t>(field.value.raw().value_or(0));
  if (count <= 0 || context.values.options().constants == StraceOptions::Constants::Raw) {
    return plain(field, context);
  }
  return fmt::format("{} /* {}.{:02} s */", plain(field, context), count / 100, count % 100);
}

std::string filesystem_id(const Field& field, const Context&) {
  const std::uint64_t raw = field.value.raw().value_or(0);
  const auto half = [](std::uint64_t word) { return word == 0 ? "0" : base::to_hex(word); };
  return fmt::format("f_fsid={{val=[{}, {}]}}", half(raw & 0xffffffffU), half(raw >> 32));
}

/// Shown only if it is not 0.
std::string if_set(const Field& field, const Context& context) {
  const auto* pointer = field.value.as<decoders::Pointer>();
  const bool zero = pointer != nullptr ? pointer->addr.value == 0 : field.value.raw() == 0U;
  return zero ? std::string{} : plain(field, context);
}

std::string whole_text(const Field& field, const Context& context) {
  const std::string* text = field.value.text();
  return text == nullptr
             ? plain(field, context)
             : fmt::format("{}={}", field.name, context.values.quote(*text, false, false));
}

struct FieldRule {
  std::string_view name;
  FieldText text;
};

constexpr std::array kFieldRules = std::to_array<FieldRule>({
    {"tv_nsec", fraction},         {"tv_usec", fraction},       {"rlim_cur", limit},
    {"rlim_max", limit},           {"effective", capabilities}, {"permitted", capabilities},
    {"inheritable", capabilities}, {"sin_port", port},          {"sin6_port", port},
    {"sin_addr", inet_addr},       {"sin6_addr", inet6_addr},   {"sin6_flowinfo", network_long},
    {"nl_groups", netlink_groups}, {"sun_path", socket_path},   {"st_dev", device},
    {"st_rdev", device},           {"st_atime", seconds},       {"st_mtime", seconds},
    {"st_ctime", seconds},         {"si_value", signal_value},  {"data", epoll_data},
    {"f_fsid", filesystem_id},     {"si_utime", ticks},         {"si_stime", ticks},
    {"stx_mask", statx_fields},    {"sysname", whole_text},     {"nodename", whole_text},
    {"release", whole_text},       {"version", whole_text},     {"machine", whole_text},
    {"domainname", whole_text},
});

std::string render_field(const Field& field, const Context& context) {
  const auto* const rule =
      std::find_if(kFieldRules.begin(), kFieldRules.end(),
                   [&field](const FieldRule& candidate) { return candidate.name == field.name; });
  return rule == kFieldRules.end() ? plain(field, context) : rule->text(field, context);
}

// ----- structs -----

std::string braces(const std::vector<std::string>& parts) {
  return fmt::format("{{{}}}", fmt::join(parts, ", "));
}

/// The named members, in this order; those that are not there are left out.
std::vector<std::string> members(const Context& context,
                                 std::initializer_list<std::string_view> names) {
  std::vector<std::string> parts;
  for (const std::string_view name : names) {
    if (const Value* value = context.field(name)) {
      if (std::string text = render_field({name, *value}, context); !text.empty()) {
        parts.push_back(std::move(text));
      }
    }
  }
  return parts;
}

std::string every_member(const Context& context) {
  std::vector<std::string> parts;
  for (const Field& field : context.fields.fields) {
    if (std::string text = render_field(field, context); !text.empty()) {
      parts.push_back(std::move(text));
    }
  }
  if (!context.fields.extra.empty()) {
    parts.push_back(fmt::format("/* bytes {}..{} */ ...", 0, context.fields.extra.size()));
  }
  if (context.fields.failure) {
    parts.emplace_back("...");
  }
  return braces(parts);
}

std::string abbreviated(const Context& context, std::vector<std::string> parts) {
  if (!context.abbreviates()) {
    return every_member(context);
  }
  parts.emplace_back("...");
  return braces(parts);
}

std::string stat(const Context& context) {
  constexpr std::uint64_t kTypeMask = 0170000;
  constexpr std::uint64_t kCharacter = 0020000;
  constexpr std::uint64_t kBlock = 0060000;
  const std::uint64_t type = context.number("st_mode") & kTypeMask;
  const std::string_view last = type == kCharacter || type == kBlock ? "st_rdev" : "st_size";
  if (context.abbreviates()) {
    return abbreviated(context, members(context, {"st_mode", last}));
  }
  return braces(members(context, {"st_dev", "st_ino", "st_mode", "st_nlink", "st_uid", "st_gid",
                                  "st_blksize", "st_blocks", last, "st_atime", "st_atime_nsec",
                                  "st_mtime", "st_mtime_nsec", "st_ctime", "st_ctime_nsec"}));
}

std::string statx(const Context& context) {
  return abbreviated(context,
                     members(context, {"stx_mask", "stx_attributes", "stx_mode", "stx_size"}));
}

std::string uname(const Context& context) {
  return abbreviated(context, members(context, {"sysname", "nodename"}));
}

std::string rusage(const Context& context) {
  return abbreviated(context, members(context, {"ru_utime", "ru_stime"}));
}

std::string sigaction(const Context& context) {
  constexpr std::uint64_t kRestorer = 0x4000000;  // asm/signal.h: SA_RESTORER
  const bool restorer = (context.number("sa_flags") & kRestorer) != 0;
  return braces(restorer ? members(context, {"sa_handler", "sa_mask", "sa_flags", "sa_restorer"})
                         : members(context, {"sa_handler", "sa_mask", "sa_flags"}));
}

/// struct sched_param, as a list of one number.
std::string scheduler_parameters(const Context& context) {
  return fmt::format("[{}]",
                     context.values.render(context.fields.fields.front().value, context.syscall));
}

/// The last argument of pselect6(2). Source: kernel fs/select.c: get_sigset_argpack.
std::string signal_mask_argument(const Context& context) {
  return fmt::format("{{sigmask={}, sigsetsize={}}}",
                     context.values.render(*context.field("ss"), context.syscall),
                     context.values.render(*context.field("ss_len"), context.syscall));
}

std::string inet6(const Context& context) {
  return braces(
      members(context, {"sa_family", "sin6_port", "sin6_flowinfo", "sin6_addr", "sin6_scope_id"}));
}

std::string device_pair(const Context& context) {
  using Constants = StraceOptions::Constants;
  const auto part = [&](std::string_view name) {
    const std::uint64_t number = context.number(name);
    return number == 0 ? "0" : base::to_hex(number);
  };
  const std::uint64_t major = context.number("major");
  const std::uint64_t minor = context.number("minor");
  std::string raw =
      base::to_hex((major & 0xfffU) << 8 | (minor & 0xffU) | (minor & 0xfffffff00U) << 12);
  std::string pair = fmt::format("makedev({}, {})", part("major"), part("minor"));
  switch (context.values.options().constants) {
    case Constants::Raw:
      return raw;
    case Constants::Verbose:
      return fmt::format("{} /* {} */", raw, pair);
    case Constants::Abbreviated:
      break;
  }
  return pair;
}

std::string complement(const Context& context) {
  return "~" + context.values.render(context.fields.fields.front().value, context.syscall);
}

std::string io_priority(const Context& context) {
  return fmt::format("IOPRIO_PRIO_VALUE({}, {})",
                     context.values.render(*context.field("class"), context.syscall),
                     context.number("data"));
}

std::string wait_exited(const Context& context) {
  return fmt::format("[{{WIFEXITED(s) && WEXITSTATUS(s) == {}}}]", context.number("exited"));
}
std::string wait_killed(const Context& context) {
  return fmt::format("[{{WIFSIGNALED(s) && WTERMSIG(s) == {}{}}}]",
                     context.values.render(*context.field("killed"), context.syscall),
                     context.field("core_dumped") != nullptr ? " && WCOREDUMP(s)" : "");
}
std::string wait_stopped(const Context& context) {
  // Source: linux/ptrace.h, PTRACE_EVENT_*.
  constexpr std::array<std::string_view, 8> kEvents = {"",     "FORK",       "VFORK", "CLONE",
                                                       "EXEC", "VFORK_DONE", "EXIT",  "SECCOMP"};
  const std::uint64_t event = context.number("event");
  std::string suffix;
  if (event != 0) {
    suffix = event < kEvents.size() ? fmt::format(" | PTRACE_EVENT_{} << 16", kEvents.at(event))
             : event == 128         ? " | PTRACE_EVENT_STOP << 16"
                                    : fmt::format(" | {:#x} << 16", event);
  }
  return fmt::format("[{{WIFSTOPPED(s) && WSTOPSIG(s) == {}}}{}]",
                     context.values.render(*context.field("stopped"), context.syscall), suffix);
}
std::string wait_continued(const Context&) { return "[{WIFCONTINUED(s)}]"; }

std::string clone_args(const Context& context) {
  // Members that the flags do not ask for are ignored by the kernel. linux/sched.h.
  constexpr std::uint64_t kPidfd = 0x1000, kSetTls = 0x80000, kParent = 0x100000,
                          kChild = 0x200000 | 0x1000000, kCgroup = 0x200000000;
  const std::uint64_t flags = context.number("flags");
  std::vector<std::string> parts;
  for (const Field& field : context.fields.fields) {
    const std::uint64_t wanted_by = field.name == "pidfd"        ? kPidfd
                                    : field.name == "child_tid"  ? kChild
                                    : field.name == "parent_tid" ? kParent
                                    : field.name == "tls"        ? kSetTls
                                    : field.name == "cgroup"     ? kCgroup
                                                                 : ~std::uint64_t{0};
    const bool absent = (flags & wanted_by) == 0 && wanted_by != ~std::uint64_t{0};
    std::string text = absent || field.name.substr(0, 7) == "set_tid" ? if_set(field, context)
                                                                      : plain(field, context);
    if (!text.empty()) {
      parts.push_back(std::move(text));
    }
  }
  return braces(parts);
}

std::string open_how(const Context& context) {
  constexpr std::uint64_t kCreates = 0100 | 020000000;  // O_CREAT, __O_TMPFILE
  const bool mode = (context.number("flags") & kCreates) != 0 || context.number("mode") != 0;
  return braces(mode ? members(context, {"flags", "mode", "resolve"})
                     : members(context, {"flags", "resolve"}));
}

/// A negative descriptor switches the entry off: what is asked for does not count.
std::string poll_entry(const Context& context) {
  return static_cast<std::int32_t>(context.number("fd")) < 0 ? braces(members(context, {"fd"}))
                                                             : every_member(context);
}

struct StructRule {
  std::string_view first;   ///< the name of the first member
  std::string_view second;  ///< of the second, where the first says too little
  std::string (*render)(const Context& context);
};

constexpr std::array kStructRules = std::to_array<StructRule>({
    {"st_dev", "", stat},
    {"stx_mask", "", statx},
    {"sysname", "", uname},
    {"ru_utime", "", rusage},
    {"sa_handler", "", sigaction},
    {"sched_priority", "", scheduler_parameters},
    {"ss", "ss_len", signal_mask_argument},
    {"sa_family", "sin6_port", inet6},
    {"major", "minor", device_pair},
    {"all_but", "", complement},
    {"class", "data", io_priority},
    {"exited", "", wait_exited},
    {"killed", "", wait_killed},
    {"stopped", "", wait_stopped},
    {"continued", "", wait_continued},
    {"flags", "pidfd", clone_args},
    {"flags", "mode", open_how},
    {"fd", "events", poll_entry},
});

}  // namespace

std::string render_strace_struct(const Struct& fields, const StraceValues& values,
                                 const raw::Syscall* syscall) {
  const Context context{fields, values, syscall};
  const auto name = [&fields](std::size_t i) {
    return i < fields.fields.size() ? fields.fields[i].name : std::string_view{};
  };
  for (const StructRule& rule : kStructRules) {
    if (rule.first == name(0) && (rule.second.empty() || rule.second == name(1))) {
      return rule.render(context);
    }
  }
  return every_member(context);
}

std::string render_strace_siginfo(const raw::Signal& signal, const StraceValues& values) {
  raw::Abi abi = raw::Abi::X86_64;  // the tracer's: PTRACE_GETSIGINFO speaks no other
  return values.render(decoders::decode_siginfo(signal.siginfo, abi), nullptr);
}

}  // namespace boxtrace::sinks
