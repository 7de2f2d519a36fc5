#include "decoders/render.h"

#include <fmt/format.h>

#include "tracer/base/error_text.h"
#include "tracer/base/text.h"

namespace boxtrace::decoders {
namespace {

constexpr std::size_t kExtraShown = 16;      // bytes of an unknown tail; the trace holds them all
constexpr std::size_t kInstructionSize = 8;  // linux/filter.h: struct sock_filter

std::string_view reason(raw::Unreadable why) {
  switch (why) {
    case raw::Unreadable::Fault:
      return "unreadable: EFAULT";
    case raw::Unreadable::NotCaptured:
      return "not captured";
    case raw::Unreadable::NotDumpable:
      return "unreadable: the process is not dumpable";
    case raw::Unreadable::Gone:
      break;
  }
  return "unreadable: the process is gone";
}

std::string address(base::Addr addr) { return addr.value == 0 ? "NULL" : base::to_hex(addr.value); }

std::string hex_bytes(base::ByteView bytes) {
  std::string out;
  for (const std::byte byte : bytes.first(std::min(bytes.size(), kExtraShown))) {
    out += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  }
  return bytes.size() > kExtraShown ? out + "..." : out;
}

/// `0644`, and with a file type `S_IFCHR|0666`. Source: linux/stat.h.
std::string octal(std::uint64_t mode) {
  struct Type {
    std::uint64_t bits;
    std::string_view name;
  };
  static constexpr Type kTypes[] = {
      {0140000, "S_IFSOCK"}, {0120000, "S_IFLNK"}, {0100000, "S_IFREG"}, {0060000, "S_IFBLK"},
      {0040000, "S_IFDIR"},  {0020000, "S_IFCHR"}, {0010000, "S_IFIFO"}};
  for (const Type& type : kTypes) {
    if ((mode & ~std::uint64_t{07777}) == type.bits) {
      return fmt::format("{}|0{:o}", type.name, mode & 07777);
    }
  }
  return mode == 0 ? "0" : fmt::format("0{:o}", mode);
}

std::string instructions(std::size_t count) {
  return fmt::format("[/* {} BPF instruction{} */]", count, count == 1 ? "" : "s");
}

/// Renders one alternative; what a value contains is rendered by recursion.
struct Renderer {
  std::string operator()(const Number& number) const {
    switch (number.style) {
      case Number::Style::Signed:
        return fmt::format("{}", static_cast<std::int64_t>(number.raw));
      case Number::Style::Unsigned:
        return fmt::format("{}", number.raw);
      case Number::Style::Hex:
        return number.raw == 0 ? "0" : base::to_hex(number.raw);
      case Number::Style::Octal:
        break;
    }
    return octal(number.raw);
  }

  std::string operator()(const Symbol& symbol) const {
    if (!symbol.name.empty()) {
      return std::string{symbol.name};
    }
    const std::string hex = base::to_hex(symbol.raw);
    return symbol.label.empty() ? hex : fmt::format("{} /* {} */", hex, symbol.label);
  }

  std::string operator()(const Flags& flags) const {
    std::string out = fmt::format("{}", fmt::join(flags.names, "|"));
    if (flags.unknown == 0) {
      return out.empty() ? "0" : out;
    }
    if (!out.empty()) {
      out += '|';
    }
    out += base::to_hex(flags.unknown);
    // Only a word that no name explains needs to be told what kind it is.
    return flags.names.empty() && !flags.label.empty()
               ? fmt::format("{} /* {} */", out, flags.label)
               : out;
  }

  std::string operator()(const Text& text) const {
    std::string out = text.kind == Text::Kind::Filter
                          ? instructions(text.bytes.size() / kInstructionSize)
                          : base::quote(text.bytes);
    if (text.truncated || text.failure) {
      out += "...";
    }
    return text.failure ? fmt::format("{} /* {} */", out, reason(*text.failure)) : out;
  }

  std::string operator()(const Fd& fd) const {
    return fd.at_cwd ? "AT_FDCWD" : fmt::format("{}", fd.number);
  }

  std::string operator()(const Pid& pid) const { return fmt::format("{}", pid.number); }

  std::string operator()(const Pointer& pointer) const { return address(pointer.addr); }

  std::string operator()(const Missing& missing) const {
    return fmt::format("{} /* {} */", address(missing.addr), reason(missing.why));
  }

  std::string operator()(const Pending& pending) const { return address(pending.addr); }

  std::string operator()(const Struct& fields) const {
    std::vector<std::string> parts;
    for (const Field& field : fields.fields) {
      parts.push_back(fmt::format("{}={}", field.name, render(field.value)));
    }
    if (!fields.extra.empty()) {
      parts.push_back(
          fmt::format("/* +{} bytes: {} */", fields.extra.size(), hex_bytes(fields.extra)));
    }
    if (fields.failure) {
      parts.push_back(fmt::format("... /* {} */", reason(*fields.failure)));
    }
    return fmt::format("{{{}}}", fmt::join(parts, ", "));
  }

  std::string operator()(const List& list) const {
    std::vector<std::string> parts;
    for (const Value& item : list.items) {
      parts.push_back(render(item));
    }
    if (list.failure) {
      parts.push_back(fmt::format("... /* {} */", reason(*list.failure)));
    } else if (list.truncated) {
      parts.emplace_back("...");
    }
    return fmt::format("[{}]", fmt::join(parts, ", "));
  }

  std::string operator()(const Changed& changed) const {
    return fmt::format("{} => {}", render(*changed.before), render(*changed.after));
  }
};

/// The results that mean "not now" inside the kernel; a tracee never sees them.
/// Source: linux/errno.h (the kernel's own, not uapi).
std::string restarting(std::int64_t value) {
  switch (value) {
    case 512:
      return "= ? ERESTARTSYS (To be restarted if SA_RESTART is set)";
    case 513:
      return "= ? ERESTARTNOINTR (To be restarted)";
    case 514:
      return "= ? ERESTARTNOHAND (To be restarted if no handler)";
    case 516:
      return "= ? ERESTART_RESTARTBLOCK (Interrupted by signal)";
    default:
      return fmt::format("= ? (To be restarted: {})", value);
  }
}

}  // namespace

std::string render(const Value& value) { return std::visit(Renderer{}, value.variant()); }

std::string render_call(const DecodedCall& decoded) {
  std::vector<std::string> parts;
  parts.reserve(decoded.args.size());
  for (const Field& arg : decoded.args) {
    parts.push_back(render(arg.value));
  }
  return fmt::format("{}({})", decoded.name, fmt::join(parts, ", "));
}

std::string render_outcome(const DecodedCall& decoded, const raw::Outcome& outcome) {
  switch (outcome.kind) {
    case raw::Outcome::Kind::Returned: {
      const Returns returns = decoded.spec != nullptr ? decoded.spec->returns : Returns::Number;
      const bool hex = returns == Returns::Address || returns == Returns::Flags;
      const auto raw = static_cast<std::uint64_t>(outcome.value);
      return "= " + render(Number{raw, hex ? Number::Style::Hex : Number::Style::Signed});
    }
    case raw::Outcome::Kind::Failed: {
      const int err = static_cast<int>(outcome.value);
      const std::string_view name = base::errno_name(err);
      return name.empty() ? fmt::format("= -1 (errno {})", outcome.value)
                          : fmt::format("= -1 {} ({})", name, base::errno_text(err));
    }
    case raw::Outcome::Kind::Restarting:
      return restarting(outcome.value);
    case raw::Outcome::Kind::NoReturn:
    case raw::Outcome::Kind::Unknown:
      break;
  }
  return "= ?";
}

}  // namespace boxtrace::decoders
