#include "decoders/constants.h"

namespace boxtrace::decoders {
namespace {

Value decode_flags(const ConstantTable& table, std::uint64_t value) {
  Flags flags;
  flags.raw = value;
  flags.label = table.label;
  std::uint64_t rest = value;
  const Constant* zero = nullptr;
  for (const Constant& constant : table.constants) {
    if (constant.value == 0 && constant.mask == 0) {
      zero = &constant;
      continue;
    }
    const std::uint64_t mask = constant.mask != 0 ? constant.mask : constant.value;
    // A constant of several bits claims them all: what an earlier, wider one has taken is not named
    // again by a narrower one (O_SYNC contains O_DSYNC). Names of value 0 take no bits.
    const bool taken = constant.value != 0 && (rest & mask) != (value & mask);
    if ((value & mask) == constant.value && !taken) {
      flags.names.push_back(constant.name);
      rest &= ~mask;
    }
  }
  if (value == 0 && flags.names.empty() && zero != nullptr) {
    flags.names.push_back(zero->name);
  }
  flags.unknown = rest;
  return flags;
}

}  // namespace

const Constant* ConstantTable::find(std::uint64_t value) const {
  for (const Constant& constant : constants) {
    if (constant.value == value) {
      return &constant;
    }
  }
  return nullptr;
}

const Constant* ConstantTable::find(std::string_view constant_name) const {
  for (const Constant& constant : constants) {
    if (constant.name == constant_name) {
      return &constant;
    }
  }
  return nullptr;
}

Value decode_constant(const ConstantTable& table, std::uint64_t value) {
  if (table.kind == ConstantTable::Kind::Flags) {
    return decode_flags(table, value);
  }
  const Constant* constant = table.find(value);
  return Symbol{value, constant != nullptr ? constant->name : std::string_view{}, table.label};
}

}  // namespace boxtrace::decoders
