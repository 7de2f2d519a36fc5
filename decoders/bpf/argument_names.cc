#include "decoders/bpf/argument_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "decoders/args.h"
#include "decoders/registry.h"
#include "decoders/tables/fcntl.h"
#include "decoders/tables/scheduling.h"
#include "decoders/tables/signals.h"
#include "decoders/tables/socket.h"
#include "tracer/base/text.h"

namespace boxtrace::bpf {
namespace {

constexpr std::array<std::string_view, 10> kReserved = {"if",  "and",  "or",   "not", "in",
                                                        "low", "high", "wide", "ip",  "otherwise"};

/// The row's argument, or null where a row has none there.
const decoders::ArgSpec* find_argument(const Section& section, std::uint32_t nr,
                                       std::size_t field) {
  const bool x32 = section.x32.value_or(false);
  const decoders::SyscallSpec* spec =
      is_number_of(section, nr) ? decoders::find_syscall(section.abi, x32 ? nr & ~kX32Bit : nr)
                                : nullptr;
  return spec != nullptr && field < spec->arg_count() ? &spec->args.at(field) : nullptr;
}

constexpr decoders::Constant kWorkingDirectoryRow[] = {{0xffffff9c, "AT_FDCWD"}};
constexpr decoders::ConstantTable kWorkingDirectory{.name = "working directory",
                                                    .constants = kWorkingDirectoryRow};
constexpr decoders::Constant kModeRows[] = {{04000, "S_ISUID"}, {02000, "S_ISGID"}};
constexpr decoders::ConstantTable kModeBits{
    .name = "mode bits", .kind = decoders::ConstantTable::Kind::Flags, .constants = kModeRows};

/// The term that says which few values `field` has where the conjunction holds, or the end.
Conjunction::const_iterator find_values(const Conjunction& conjunction, std::size_t field) {
  return std::find_if(conjunction.begin(), conjunction.end(), [field](const Term& t) {
    return t.field == field && !t.negated && (t.mask & 0xffffffff) == 0xffffffff &&
           std::all_of(t.ranges.begin(), t.ranges.end(),
                       [](const Range& range) { return range.first == range.last; });
  });
}

/// A table that belongs to a value of another field.
struct Dependent {
  std::string_view name;  ///< of the argument
  std::size_t on;         ///< the field it depends on
  std::uint64_t value;
  const decoders::ConstantTable* constants;
};
constexpr std::array kDependents = {
    Dependent{"protocol", 0, 16, &decoders::kNetlinkProtocols},  // AF_NETLINK
    Dependent{"protocol", 0, 2, &decoders::kIpProtocols},        // AF_INET
    Dependent{"protocol", 0, 10, &decoders::kIpProtocols},       // AF_INET6
    Dependent{"optname", 1, 1, &decoders::kSocketOptions},       // SOL_SOCKET
    Dependent{"optname", 1, 0, &decoders::kIpOptions},           // SOL_IP
    Dependent{"optname", 1, 41, &decoders::kIpv6Options},        // SOL_IPV6
    Dependent{"optname", 1, 6, &decoders::kTcpOptions},          // SOL_TCP
    Dependent{"optname", 1, 270, &decoders::kNetlinkOptions},    // SOL_NETLINK
    Dependent{"arg", 1, 2, &decoders::kFdFlags},                 // F_SETFD
    Dependent{"arg", 1, 4, &decoders::kOpenFlags},               // F_SETFL
};

const decoders::ConstantTable* table_for(std::string_view name, std::size_t on,
                                         std::uint64_t value) {
  const auto* found =
      std::find_if(kDependents.begin(), kDependents.end(), [&](const Dependent& dependent) {
        return dependent.name == name && dependent.on == on && dependent.value == value;
      });
  return found == kDependents.end() ? nullptr : found->constants;
}

/// Those of all values that the other field may have, if they are the same.
const decoders::ConstantTable* dependent_constants(std::string_view name,
                                                   const Conjunction& beside) {
  std::optional<const decoders::ConstantTable*> common;
  for (const Dependent& dependent : kDependents) {
    const auto term = find_values(beside, dependent.on);
    if (name != dependent.name || term == beside.end()) {
      continue;
    }
    for (const Range& range : term->ranges) {
      const auto* found = table_for(name, dependent.on, range.first & 0xffffffff);
      common = common.value_or(found) == found ? found : nullptr;
    }
    return common.value_or(nullptr);
  }
  return nullptr;
}

/// The constants of an argument, also of one whose decoder needs no table of its own.
const decoders::ConstantTable* constants_of(const decoders::ArgSpec& spec,
                                            const Conjunction& beside) {
  if (spec.constants != nullptr) {
    return spec.constants;
  }
  if (spec.decode == decoders::arg_signal) {
    return &decoders::kSignals;
  }
  if (spec.decode == decoders::arg_dirfd) {
    return &kWorkingDirectory;
  }
  if (spec.decode == decoders::arg_mode) {
    return &kModeBits;
  }
  // Others have an argument called so as well.
  const bool other = spec.name == "arg" &&
                     (spec.decode == decoders::arg_pointer || spec.decode == decoders::arg_hex ||
                      spec.decode == decoders::arg_string);
  return other ? nullptr : dependent_constants(spec.name, beside);
}

std::string plain(std::uint64_t value) {
  return value < 10 ? std::to_string(value) : base::to_hex(value);
}

}  // namespace

FieldNames field_names(const Section& section, const Rule& rule, std::size_t field,
                       const Conjunction& beside) {
  FieldNames out{field == kArguments ? "ip" : fmt::format("arg{}", field), nullptr};
  const decoders::ArgSpec* first = nullptr;
  bool same_name = true;
  bool same_table = true;
  for (const Range& range : rule.numbers) {
    for (std::uint64_t nr = range.first; nr <= range.last; ++nr) {
      const auto* spec = find_argument(section, static_cast<std::uint32_t>(nr), field);
      if (spec == nullptr) {
        return out;
      }
      first = first == nullptr ? spec : first;
      same_name = same_name && spec->name == first->name;
      same_table = same_table && constants_of(*spec, beside) == constants_of(*first, beside);
    }
  }
  if (first == nullptr) {
    return out;
  }
  const bool reserved =
      std::find(kReserved.begin(), kReserved.end(), first->name) != kReserved.end();
  if (same_name && !reserved) {
    out.name = first->name;
  }
  out.constants = same_table ? constants_of(*first, beside) : nullptr;
  return out;
}

FieldKinds field_kinds(const Section& section, const Rule& rule) {
  FieldKinds kinds{};
  for (std::size_t field = 0; field < kArguments; ++field) {
    const auto* constants = field_names(section, rule, field).constants;
    const bool flags =
        constants != nullptr && constants->kind == decoders::ConstantTable::Kind::Flags;
    kinds.at(field) = flags ? FieldKind::Flags : FieldKind::Number;
  }
  return kinds;
}

Condition split_by_names(const Section& section, const Rule& rule, const Conjunction& conjunction) {
  constexpr std::size_t kFew = 4;
  for (const Term& term : conjunction) {
    const std::string name = field_names(section, rule, term.field).name;
    const auto* dependent =
        std::find_if(kDependents.begin(), kDependents.end(),
                     [&](const Dependent& candidate) { return candidate.name == name; });
    if (dependent == kDependents.end()) {
      continue;
    }
    const auto on = find_values(conjunction, dependent->on);
    if (on == conjunction.end() || on->ranges.size() < 2 || on->ranges.size() > kFew ||
        field_names(section, rule, term.field, conjunction).constants != nullptr) {
      continue;
    }
    Condition parts;
    for (const Range& range : on->ranges) {
      Conjunction part = conjunction;
      part[static_cast<std::size_t>(on - conjunction.begin())].ranges = {range};
      parts.push_back(std::move(part));
    }
    return parts;
  }
  return {conjunction};
}

bool is_mode(const Section& section, const Rule& rule, std::size_t field) {
  const auto nr = rule.numbers.empty() ? 0 : rule.numbers.front().first;
  const auto* spec = find_argument(section, static_cast<std::uint32_t>(nr), field);
  return spec != nullptr && spec->decode == decoders::arg_mode;
}

std::optional<std::size_t> parse_field_name(const Section& section, const Rule& rule,
                                            std::string_view name) {
  for (std::size_t field = 0; field <= kArguments; ++field) {
    if (name == fmt::format("arg{}", field) && field < kArguments) {
      return field;
    }
    if (field_names(section, rule, field).name == name) {
      return field;
    }
  }
  return std::nullopt;
}

std::string render_value(std::uint64_t value, const decoders::ConstantTable* constants) {
  constexpr std::uint64_t kAsk = 0xffffffff;
  if (constants == &decoders::kPersonalities && value == kAsk) {
    return "0xffffffff /*asks*/";  // without a name, and all over the profiles
  }
  if (constants == nullptr || (value == 0 && constants->find(std::uint64_t{0}) == nullptr)) {
    return plain(value);
  }
  const decoders::Value decoded = decoders::decode_constant(*constants, value);
  if (const auto* symbol = decoded.as<decoders::Symbol>()) {
    return symbol->name.empty() ? plain(value) : std::string(symbol->name);
  }
  // A value with bits that no name covers is no combination of flags, but a number.
  const auto* flags = decoded.as<decoders::Flags>();
  if (flags == nullptr || flags->names.empty() || flags->unknown != 0) {
    return plain(value);
  }
  std::string out;
  std::uint64_t sum = 0;
  for (const std::string_view name : flags->names) {
    const std::uint64_t part = constants->find(name)->value;
    if (part != 0 || flags->names.size() == 1) {  // PER_LINUX beside UNAME26 says nothing
      out += (out.empty() ? "" : "|") + std::string(name);
      sum |= part;
    }
  }
  return sum == value && !out.empty() ? out : plain(value);
}

std::optional<std::uint64_t> parse_value_word(std::string_view word,
                                              const decoders::ConstantTable* constants) {
  if (const auto number = base::parse_u64(word)) {
    return number;
  }
  if (constants != nullptr) {
    if (const auto* constant = constants->find(word)) {
      return constant->value;
    }
  }
  for (const decoders::ConstantTable* table : decoders::all_tables()) {
    if (const auto* constant = table->find(word)) {
      return constant->value;
    }
  }
  return std::nullopt;
}

}  // namespace boxtrace::bpf
