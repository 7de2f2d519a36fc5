#include "tracer/sinks/strace_values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>
#include <vector>

#include "decoders/render.h"
#include "decoders/tables/signals.h"
#include "tracer/base/text.h"
#include "tracer/sinks/strace_structs.h"

namespace boxtrace::sinks {
namespace {

using decoders::Value;

// The order in which strace names bits of one word, where it is not that of our tables; names that
// are not listed come first. Source: the output of strace 6.1.
constexpr std::array<std::string_view, 34> kLateNames = {"AT_STATX_FORCE_SYNC",
                                                         "AT_STATX_DONT_SYNC",
                                                         "AT_SYMLINK_NOFOLLOW",
                                                         "AT_REMOVEDIR",
                                                         "AT_EACCESS",
                                                         "AT_SYMLINK_FOLLOW",
                                                         "AT_NO_AUTOMOUNT",
                                                         "OPEN_TREE_CLOEXEC",
                                                         "AT_EMPTY_PATH",
                                                         "AT_RECURSIVE",
                                                         "O_DIRECT",
                                                         "O_LARGEFILE",
                                                         "O_NOFOLLOW",
                                                         "O_NOATIME",
                                                         "O_CLOEXEC",
                                                         "O_PATH",
                                                         "O_TMPFILE",
                                                         "O_DIRECTORY",
                                                         "R_OK",
                                                         "W_OK",
                                                         "X_OK",
                                                         "SFD_CLOEXEC",
                                                         "SFD_NONBLOCK",
                                                         "SOCK_CLOEXEC",
                                                         "SOCK_NONBLOCK",
                                                         "EFD_CLOEXEC",
                                                         "EFD_NONBLOCK",
                                                         "TFD_CLOEXEC",
                                                         "TFD_NONBLOCK",
                                                         "WEXITED",
                                                         "WUNTRACED",
                                                         "WSTOPPED",
                                                         "WCONTINUED",
                                                         "WNOWAIT"};

/// Two names of one number, of which strace knows the other.
std::string_view strace_name(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kOther = {
      {{"WUNTRACED", "WSTOPPED"},
       {"EXT4_SUPER_MAGIC", "EXT2_SUPER_MAGIC"},
       {"SECCOMP_???", "SECCOMP_SET_MODE_???"}}};
  const auto* const found = std::find_if(kOther.begin(), kOther.end(),
                                         [name](const auto& row) { return row.first == name; });
  return found == kOther.end() ? name : found->second;
}

/// SIGCHLD, but neither SIG_BLOCK nor SIGEV_NONE; a number that no signal has.
bool is_signal(const decoders::Symbol& symbol) {
  return symbol.name.empty() ? symbol.label == decoders::kSignals.label
                             : decoders::kSignals.find(symbol.name) != nullptr;
}

std::vector<std::string_view> in_order(std::vector<std::string_view> names) {
  const auto rank = [](std::string_view name) {
    const auto found = std::find(kLateNames.begin(), kLateNames.end(), name);
    return found == kLateNames.end() ? 0 : found - kLateNames.begin() + 1;
  };
  std::stable_sort(names.begin(), names.end(), [&](std::string_view left, std::string_view right) {
    return rank(left) < rank(right);
  });
  return names;
}

std::string hex(std::uint64_t value) { return value == 0 ? "0" : base::to_hex(value); }

std::string pointer(base::Addr addr) { return addr.value == 0 ? "NULL" : base::to_hex(addr.value); }

bool is_plain(unsigned char byte) { return byte >= 0x20 && byte < 0x7f; }

/// The letter of the escape sequence, or 0. Source: strace(1), --strings-in-hex.
char escape_letter(char c) {
  switch (c) {
    case '"':
    case '\\':
      return c;
    case '\t':
      return 't';
    case '\n':
      return 'n';
    case '\v':
      return 'v';
    case '\f':
      return 'f';
    case '\r':
      return 'r';
    default:
      return 0;
  }
}

std::string escaped(std::string_view bytes, StraceOptions::Hex mode) {
  using Hex = StraceOptions::Hex;
  const bool all_hex =
      mode == Hex::All ||
      (mode == Hex::NonAscii && std::any_of(bytes.begin(), bytes.end(), [](char c) {
         return !is_plain(static_cast<unsigned char>(c)) && (escape_letter(c) == 0);
       }));
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    const char letter = escape_letter(bytes[i]);
    const bool stands_for_itself = letter != 0 || is_plain(byte);
    if (all_hex || (!stands_for_itself && mode == Hex::NonAsciiChars)) {
      out += fmt::format("\\x{:02x}", byte);
    } else if (letter != 0) {
      out += {'\\', letter};
    } else if (stands_for_itself) {
      out += bytes[i];
    } else {
      const bool digit_follows = i + 1 < bytes.size() && bytes[i + 1] >= '0' && bytes[i + 1] <= '9';
      out += digit_follows ? fmt::format("\\{:03o}", byte) : fmt::format("\\{:o}", byte);
    }
  }
  return out;
}

/// `</dev/null<char 1:3>>`, `<TCP:[...]>`, `</tmp/gone>(deleted)`; empty if nothing is asked for.
std::string described(const raw::FdTarget& fd, const StraceOptions& options) {
  constexpr std::string_view kDeleted = " (deleted)";
  std::string_view target = fd.target;
  const bool deleted = target.size() > kDeleted.size() && target.front() == '/' &&
                       target.substr(target.size() - kDeleted.size()) == kDeleted;
  target.remove_suffix(deleted ? kDeleted.size() : 0);
  // Angle brackets within would end the path for a parser.
  std::string path = escaped(target, options.hex);
  for (std::size_t at = 0; (at = path.find_first_of("<>", at)) != std::string::npos; at += 3) {
    path.replace(at, 1, path[at] == '<' ? "\\74" : "\\76");
  }
  const auto begins = [&fd](std::string_view word) { return fd.detail.rfind(word, 0) == 0; };
  const bool device = begins("char ") || begins("block ");
  if (device && options.fd_devices) {
    path += "<" + fd.detail + ">";
  } else if (!device && !fd.detail.empty() &&
             (begins("pid:") ? options.fd_pids : options.fd_sockets)) {
    path = fd.detail;
  } else if (!options.fd_paths) {
    return {};
  }
  return "<" + path + (deleted ? ">(deleted)" : ">");
}

/// A set of signals: `[INT CHLD]`.
bool is_signal_set(const decoders::List& list) {
  return !list.items.empty() &&
         std::all_of(list.items.begin(), list.items.end(), [](const Value& item) {
           const auto* symbol = item.as<decoders::Symbol>();
           return symbol != nullptr && symbol->name.substr(0, 3) == "SIG";
         });
}

std::string signal_set(const decoders::List& list) {
  std::vector<std::string_view> names;
  for (const Value& item : list.items) {
    names.push_back(item.as<decoders::Symbol>()->name.substr(3));
  }
  return fmt::format("[{}]", fmt::join(names, " "));
}

/// Renders one alternative of a value.
struct Renderer {
  const StraceValues& values;
  const raw::Syscall* syscall;

  std::string operator()(const decoders::Number& number) const {
    if (number.style == decoders::Number::Style::Octal) {
      return values.mode(number.raw);
    }
    return number.style == decoders::Number::Style::Hex ? hex(number.raw)
                                                        : decoders::render(Value{number});
  }
  std::string operator()(const decoders::Symbol& symbol) const { return values.symbol(symbol); }
  std::string operator()(const decoders::Flags& flags) const { return values.flags(flags); }
  std::string operator()(const decoders::Text& text) const {
    if (text.kind == decoders::Text::Kind::Filter) {
      return decoders::render(Value{text});
    }
    const bool path = text.kind == decoders::Text::Kind::Path;
    return values.quote(text.bytes, !path, text.truncated || text.failure.has_value());
  }
  std::string operator()(const decoders::Fd& fd) const { return values.descriptor(fd, syscall); }
  std::string operator()(const decoders::Pid& pid) const { return values.process(pid.number); }
  std::string operator()(const decoders::Pointer& at) const { return pointer(at.addr); }
  std::string operator()(const decoders::Missing& missing) const { return pointer(missing.addr); }
  std::string operator()(const decoders::Pending& pending) const { return pointer(pending.addr); }
  std::string operator()(const decoders::Struct& fields) const {
    return render_strace_struct(fields, values, syscall);
  }
  std::string operator()(const decoders::List& list) const {
    if (is_signal_set(list)) {
      return signal_set(list);
    }
    std::vector<std::string> parts;
    for (const Value& item : list.items) {
      if (parts.size() == values.options().string_limit && !values.options().unabbreviated) {
        break;
      }
      parts.push_back(values.render(item, syscall));
    }
    if (parts.size() < list.items.size() || list.truncated || list.failure) {
      parts.emplace_back("...");
    }
    return fmt::format("[{}]", fmt::join(parts, ", "));
  }
  std::string operator()(const decoders::Changed& changed) const {
    return values.render(*changed.after, syscall);
  }
};

}  // namespace

std::string StraceValues::render(const Value& value, const raw::Syscall* syscall) const {
  return std::visit(Renderer{*this, syscall}, value.variant());
}

std::string StraceValues::quote(std::string_view bytes, bool limited, bool truncated) const {
  const bool cut = limited && bytes.size() > options_->string_limit;
  return fmt::format("\"{}\"{}",
                     escaped(cut ? bytes.substr(0, options_->string_limit) : bytes, options_->hex),
                     cut || truncated ? "..." : "");
}

std::string StraceValues::duplicate(std::int32_t fd, std::int32_t original,
                                    const raw::Syscall& syscall) const {
  const std::string text = descriptor({original, false}, &syscall);
  return fmt::format("{}{}", fd, text.substr(std::min(text.find('<'), text.size())));
}

std::string StraceValues::descriptor(const decoders::Fd& fd, const raw::Syscall* syscall) const {
  using Constants = StraceOptions::Constants;
  std::string text = fmt::format("{}", fd.number);
  if (fd.at_cwd && options_->constants != Constants::Raw) {
    text = options_->constants == Constants::Verbose ? "-100 /* AT_FDCWD */" : "AT_FDCWD";
  }
  if (syscall == nullptr) {
    return text;
  }
  for (const raw::FdTarget& target : syscall->fds) {
    if (target.fd.value == fd.number) {
      return text + described(target, *options_);
    }
  }
  return text;
}

std::string StraceValues::mode(std::uint64_t raw) const {
  using Constants = StraceOptions::Constants;
  constexpr std::uint64_t kPermissions = 0777;
  const std::string ours =
      decoders::render(Value{decoders::Number{raw, decoders::Number::Style::Octal}});
  const std::size_t bar = ours.find('|');
  if (bar == std::string::npos) {
    return fmt::format("{:#03o}", raw);
  }
  std::string named =
      fmt::format("{}{}{}{}{:#03o}", ours.substr(0, bar + 1), (raw & 04000) != 0 ? "S_ISUID|" : "",
                  (raw & 02000) != 0 ? "S_ISGID|" : "", (raw & 01000) != 0 ? "S_ISVTX|" : "",
                  raw & kPermissions);
  if (options_->constants == Constants::Abbreviated) {
    return named;
  }
  const std::string number = fmt::format("{:#03o}", raw);
  return options_->constants == Constants::Raw ? number : fmt::format("{} /* {} */", number, named);
}

std::string StraceValues::process(std::int32_t pid) const {
  return fmt::format("{}{}", pid, pid > 0 && pid_note_ ? pid_note_(pid) : std::string{});
}

std::string StraceValues::flags(const decoders::Flags& flags) const {
  std::vector<std::string_view> ordered = in_order(flags.names);
  std::transform(ordered.begin(), ordered.end(), ordered.begin(), strace_name);
  std::string names = fmt::format("{}", fmt::join(ordered, "|"));
  if (options_->constants == StraceOptions::Constants::Raw) {
    return hex(flags.raw);
  }
  if (flags.unknown != 0) {
    names += (names.empty() ? "" : "|") + hex(flags.unknown);
  }
  if (flags.names.empty()) {
    return flags.unknown == 0 || flags.label.empty()
               ? hex(flags.raw)
               : fmt::format("{} /* {} */", hex(flags.unknown), flags.label);
  }
  return options_->constants == StraceOptions::Constants::Verbose
             ? fmt::format("{} /* {} */", hex(flags.raw), names)
             : names;
}

std::string StraceValues::symbol(const decoders::Symbol& symbol) const {
  const bool raw = options_->constants == StraceOptions::Constants::Raw;
  const std::string_view name = strace_name(symbol.name.empty() ? symbol.label : symbol.name);
  if (is_signal(symbol)) {
    // A whole register where the kernel takes a long, prctl(PR_SET_PDEATHSIG).
    const std::int64_t number =
        symbol.raw >> 32 == 0 ? static_cast<std::int32_t>(static_cast<std::uint32_t>(symbol.raw))
                              : static_cast<std::int64_t>(symbol.raw);
    return raw || symbol.name.empty() ? fmt::format("{}", number)
           : options_->constants == StraceOptions::Constants::Verbose
               ? fmt::format("{} /* {} */", number, name)
               : std::string(name);
  }
  if (raw || name.empty()) {
    return hex(symbol.raw);
  }
  if (symbol.name.empty() || options_->constants == StraceOptions::Constants::Verbose) {
    return fmt::format("{} /* {} */", hex(symbol.raw), name);
  }
  return std::string(name);
}

std::string StraceValues::date(std::int64_t seconds, std::int64_t nanoseconds) const {
  if ((seconds == 0 && nanoseconds == 0) || nanoseconds < 0 || nanoseconds > 999'999'999) {
    return {};
  }
  const std::int64_t offset = options_->utc_offset(seconds);
  const Calendar when = make_calendar(seconds + offset);
  const std::string fraction = nanoseconds == 0 ? "" : fmt::format(".{:09}", nanoseconds);
  const std::int64_t minutes = (offset < 0 ? -offset : offset) / 60;
  return fmt::format(" /* {:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}{}{:02}{:02} */", when.year,
                     when.month, when.day, when.hour, when.minute, when.second, fraction,
                     offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

Calendar make_calendar(std::int64_t seconds) {
  constexpr std::int64_t kDay = 86400;
  const std::int64_t day = (seconds >= 0 ? seconds : seconds - (kDay - 1)) / kDay;
  const auto rest = static_cast<int>(seconds - day * kDay);
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  return {static_cast<int>(date.year()),
          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),
          rest / 3600,
          rest / 60 % 60,
          rest % 60};
}

std::string render_strace_device(std::uint64_t device) {
  const std::uint64_t major = (device & 0xfff00U) >> 8 | (device >> 32 & 0xfffff000U);
  const std::uint64_t minor = (device & 0xffU) | (device >> 12 & 0xffffff00U);
  return fmt::format("makedev({}, {})", hex(major), hex(minor));
}

}  // namespace boxtrace::sinks
