#include "decoders/structs.h"

#include <algorithm>
#include <limits>

#include "decoders/tables/signals.h"

namespace boxtrace::decoders {
namespace {

using base::Addr;

constexpr std::int32_t kAtFdCwd = -100;  // linux/fcntl.h: AT_FDCWD

std::size_t size_of(Width width, raw::Abi abi) {
  switch (width) {
    case Width::W8:
      return 1;
    case Width::W16:
      return 2;
    case Width::W32:
      return 4;
    case Width::W64:
    case Width::Aligned64:
      return 8;
    case Width::Word:
      break;
  }
  return raw::word_size(abi);
}

std::size_t alignment_of(Width width, raw::Abi abi) {
  return width == Width::W64 && abi == raw::Abi::I386 ? 4 : size_of(width, abi);
}

std::size_t align_up(std::size_t offset, std::size_t alignment) {
  return (offset + alignment - 1) / alignment * alignment;
}

std::uint64_t read_unsigned(base::ByteView bytes, std::size_t offset, std::size_t size) {
  switch (size) {
    case 1:
      return base::read_le<std::uint8_t>(bytes, offset).value_or(0);
    case 2:
      return base::read_le<std::uint16_t>(bytes, offset).value_or(0);
    case 4:
      return base::read_le<std::uint32_t>(bytes, offset).value_or(0);
    default:
      return base::read_le<std::uint64_t>(bytes, offset).value_or(0);
  }
}

std::uint64_t sign_extend(std::uint64_t raw, unsigned bits) {
  if (bits >= 64) {
    return raw;
  }
  const std::uint64_t sign = std::uint64_t{1} << (bits - 1);
  const std::uint64_t low = raw & ((sign << 1) - 1);
  return (low ^ sign) - sign;
}

std::int32_t as_i32(std::uint64_t raw) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(raw));
}

/// Reads `size` bytes, of which at most `limit` at all. NotCaptured and its kin only count as a
/// failure when they cut what was wanted.
raw::Chunk read_capped(const CallContext& context, Addr addr, std::uint64_t size,
                       std::size_t limit) {
  return context.memory.read(addr, static_cast<std::size_t>(std::min<std::uint64_t>(size, limit)));
}

}  // namespace

std::uint64_t word(const CallContext& context, std::size_t index) {
  const std::uint64_t raw = context.call.args.at(index);
  return context.call.abi == raw::Abi::I386 ? raw & 0xffffffffU : raw;
}

std::uint32_t low32(const CallContext& context, std::size_t index) {
  return static_cast<std::uint32_t>(context.call.args.at(index));
}

Addr address(const CallContext& context, std::size_t index) { return Addr{word(context, index)}; }

Value decode_number(Show show, std::uint64_t raw, unsigned bits, const ConstantTable* constants) {
  switch (show) {
    case Show::Signed:
      return Number{sign_extend(raw, bits), Number::Style::Signed};
    case Show::Unsigned:
    case Show::Hidden:
      return Number{raw, Number::Style::Unsigned};
    case Show::Hex:
      return Number{raw, Number::Style::Hex};
    case Show::Octal:
      return Number{raw, Number::Style::Octal};
    case Show::Pointer:
      return Pointer{Addr{raw}};
    case Show::Fd:
      return Fd{as_i32(raw), false};
    case Show::DirFd:
      return Fd{as_i32(raw), as_i32(raw) == kAtFdCwd};
    case Show::Pid:
      return Pid{as_i32(raw)};
    case Show::Id: {
      // (uid_t)-1 means "leave it"; every other id is unsigned. 16-bit ids have a -1 of their own.
      const bool leave = raw == (bits == 16 ? 0xffffU : 0xffffffffU);
      return leave ? Number{std::numeric_limits<std::uint64_t>::max(), Number::Style::Signed}
                   : Number{raw, Number::Style::Unsigned};
    }
    case Show::Signal:
      return decode_constant(kSignals, raw);
    case Show::Constant:
      break;
  }
  if (constants == nullptr) {
    return Number{raw, Number::Style::Hex};
  }
  // Tables hold negative numbers sign-extended; a 32-bit word that equals one is that one.
  if (constants->kind == ConstantTable::Kind::Enum && constants->find(raw) == nullptr &&
      constants->find(sign_extend(raw, bits)) != nullptr) {
    return decode_constant(*constants, sign_extend(raw, bits));
  }
  return decode_constant(*constants, raw);
}

Value decode_device(std::uint32_t device) {
  const std::uint32_t major = (device & 0xfff00U) >> 8;
  const std::uint32_t minor = (device & 0xffU) | ((device >> 12) & 0xfff00U);
  Struct pair;
  pair.fields.push_back({"major", Number{major, Number::Style::Unsigned}});
  pair.fields.push_back({"minor", Number{minor, Number::Style::Unsigned}});
  return pair;
}

std::size_t layout_size(std::span<const FieldSpec> layout, raw::Abi abi) {
  std::size_t offset = 0;
  for (const FieldSpec& field : layout) {
    offset = align_up(offset, alignment_of(field.width, abi)) + size_of(field.width, abi);
  }
  return offset;
}

Struct decode_fields(std::span<const FieldSpec> layout, raw::Abi abi, base::ByteView bytes,
                     std::optional<raw::Unreadable> failure) {
  Struct result;
  std::size_t offset = 0;
  for (const FieldSpec& field : layout) {
    const std::size_t size = size_of(field.width, abi);
    offset = align_up(offset, alignment_of(field.width, abi));
    if (offset + size > bytes.size()) {
      result.failure = failure;
      return result;
    }
    if (field.show != Show::Hidden) {
      result.fields.push_back(
          {field.name, decode_number(field.show, read_unsigned(bytes, offset, size),
                                     static_cast<unsigned>(size * 8), field.constants)});
    }
    offset += size;
  }
  const base::ByteView rest = bytes.subspan(std::min(offset, bytes.size()));
  if (std::any_of(rest.begin(), rest.end(), [](std::byte b) { return b != std::byte{0}; })) {
    result.extra.assign(rest.begin(), rest.end());
  }
  result.failure = failure;
  return result;
}

Value decode_struct(const CallContext& context, Addr addr, std::span<const FieldSpec> layout,
                    std::uint64_t size) {
  if (addr.value == 0) {
    return Pointer{addr};
  }
  const std::uint64_t wanted = size != 0 ? size : layout_size(layout, context.call.abi);
  const raw::Chunk chunk = read_capped(context, addr, wanted, kPageSize);
  if (chunk.bytes.empty() && chunk.failure) {
    return Missing{addr, *chunk.failure};
  }
  return decode_fields(layout, context.call.abi, chunk.bytes, chunk.failure);
}

Value if_captured(Value value, Value plain) {
  const auto* missing = value.as<Missing>();
  const bool is_left_out = missing != nullptr && missing->why == raw::Unreadable::NotCaptured;
  return is_left_out ? std::move(plain) : std::move(value);
}

void append_fields(const CallContext& context, Value& value, Addr addr,
                   std::span<const FieldSpec> layout) {
  auto* fields = value.as<Struct>();
  if (fields == nullptr || fields->failure) {
    return;
  }
  Value more = decode_struct(context, addr, layout);
  if (auto* tail = more.as<Struct>()) {
    std::move(tail->fields.begin(), tail->fields.end(), std::back_inserter(fields->fields));
    fields->failure = tail->failure;
  } else if (const auto* missing = more.as<Missing>();
             missing != nullptr && missing->why != raw::Unreadable::NotCaptured) {
    fields->failure = missing->why;
  }
}

Value decode_array(const CallContext& context, Addr addr, std::uint64_t count,
                   const FieldSpec& element) {
  if (addr.value == 0) {
    return Pointer{addr};
  }
  const std::size_t size = size_of(element.width, context.call.abi);
  const std::uint64_t shown = std::min<std::uint64_t>(count, context.options.list_limit);
  const raw::Chunk chunk = context.memory.read(addr, static_cast<std::size_t>(shown) * size);
  if (chunk.bytes.size() < size && chunk.failure) {
    return Missing{addr, *chunk.failure};
  }
  List list;
  list.truncated = shown < count;
  list.failure = chunk.failure;
  for (std::size_t offset = 0; offset + size <= chunk.bytes.size(); offset += size) {
    list.items.push_back(decode_number(element.show, read_unsigned(chunk.bytes, offset, size),
                                       static_cast<unsigned>(size * 8), element.constants));
  }
  return list;
}

Value decode_struct_array(const CallContext& context, Addr addr, std::uint64_t count,
                          std::span<const FieldSpec> layout, std::size_t stride) {
  if (addr.value == 0) {
    return Pointer{addr};
  }
  const std::size_t step = stride != 0 ? stride : layout_size(layout, context.call.abi);
  const std::uint64_t shown = std::min<std::uint64_t>(count, context.options.list_limit);
  const raw::Chunk chunk = context.memory.read(addr, static_cast<std::size_t>(shown) * step);
  if (chunk.bytes.empty() && chunk.failure) {
    return Missing{addr, *chunk.failure};
  }
  List list;
  list.truncated = shown < count;
  list.failure = chunk.failure;
  const base::ByteView bytes{chunk.bytes};
  for (std::size_t offset = 0; offset < bytes.size(); offset += step) {
    const base::ByteView item = bytes.subspan(offset, std::min(step, bytes.size() - offset));
    list.items.push_back(decode_fields(layout, context.call.abi, item,
                                       item.size() < step ? chunk.failure : std::nullopt));
  }
  return list;
}

Value decode_string(const CallContext& context, Addr addr, std::size_t limit, Text::Kind kind) {
  if (addr.value == 0) {
    return Pointer{addr};
  }
  raw::CString string = context.memory.read_cstring(addr, limit);
  if (string.bytes.empty() && string.failure) {
    return Missing{addr, *string.failure};
  }
  return Text{kind, std::move(string.bytes), string.truncated, string.failure};
}

Value decode_buffer(const CallContext& context, Addr addr, std::uint64_t size, std::size_t limit,
                    Text::Kind kind) {
  if (addr.value == 0) {
    return Pointer{addr};
  }
  const raw::Chunk chunk = read_capped(context, addr, size, limit);
  if (chunk.bytes.empty() && chunk.failure) {
    return Missing{addr, *chunk.failure};
  }
  return Text{kind, std::string{base::as_chars(chunk.bytes)}, size > limit, chunk.failure};
}

}  // namespace boxtrace::decoders
