#include "decoders/bpf/argument_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "decoders/registry.h"
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

std::string plain(std::uint64_t value) {
  return value < 10 ? std::to_string(value) : base::to_hex(value);
}

}  // namespace

FieldNames field_names(const Section& section, const Rule& rule, std::size_t field) {
  FieldNames out{field == kArguments ? "ip" : fmt::format("arg{}", field), nullptr};
  const decoders::ArgSpec* first = nullptr;
  bool same_name = true;
  bool same_table = true;
  for (const Range& range : rule.numbers) {
    const auto* spec = range.first == range.last
                           ? find_argument(section, static_cast<std::uint32_t>(range.first), field)
                           : nullptr;
    if (spec == nullptr) {
      return out;
    }
    first = first == nullptr ? spec : first;
    same_name = same_name && spec->name == first->name;
    same_table = same_table && spec->constants == first->constants;
  }
  if (first == nullptr) {
    return out;
  }
  const bool reserved =
      std::find(kReserved.begin(), kReserved.end(), first->name) != kReserved.end();
  if (same_name && !reserved) {
    out.name = first->name;
  }
  out.constants = same_table ? first->constants : nullptr;
  return out;
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
