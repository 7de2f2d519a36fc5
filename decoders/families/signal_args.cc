#include "decoders/families/signal_args.h"

#include "decoders/families/pointee_args.h"
#include "decoders/tables/signals.h"

namespace boxtrace::decoders {
namespace {

using base::Addr;

List members(std::uint64_t bits, unsigned width) {
  List list;
  for (unsigned bit = 0; bit < width; ++bit) {
    if ((bits >> bit & 1) != 0) {
      list.items.push_back(decode_constant(kSignals, std::uint64_t{bit} + 1));
    }
  }
  return list;
}

Value read_sigset(const CallContext& context, Addr addr, std::size_t size) {
  if (addr.value == 0) {
    return Pointer{addr};
  }
  const raw::Chunk chunk = context.memory.read(addr, size);
  if (size == 4) {
    const auto bits = base::read_le<std::uint32_t>(chunk.bytes, 0);
    return bits ? decode_sigset(*bits, 32)
                : Value{Missing{addr, chunk.failure.value_or(raw::Unreadable::Fault)}};
  }
  const auto bits = base::read_le<std::uint64_t>(chunk.bytes, 0);
  return bits ? decode_sigset(*bits)
              : Value{Missing{addr, chunk.failure.value_or(raw::Unreadable::Fault)}};
}

constexpr FieldSpec kSetAndSize[] = {{"ss", Width::Word, Show::Pointer},
                                     {"ss_len", Width::Word, Show::Unsigned}};

}  // namespace

Value decode_sigset(std::uint64_t bits, unsigned width) {
  List list = members(bits, width);
  if (list.items.size() <= width / 2) {
    return list;
  }
  Struct complement;
  complement.fields.push_back({"all_but", members(~bits, width)});
  return complement;
}

Value arg_sigset(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  const Addr addr = address(context, index);
  // Any other size is refused with EINVAL before the set is read.
  const bool sized =
      arg.size_arg >= 0 && word(context, static_cast<std::size_t>(arg.size_arg)) == 8;
  return sized ? read_sigset(context, addr, 8) : Value{Pointer{addr}};
}

Value arg_old_sigset(const CallContext& context, const ArgSpec&, std::size_t index) {
  return read_sigset(context, address(context, index), 4);
}

Value arg_sigset_and_size(const CallContext& context, const ArgSpec&, std::size_t index) {
  Value value = decode_kernel_longs(context, address(context, index), kSetAndSize);
  auto* fields = value.as<Struct>();
  if (fields == nullptr || fields->fields.size() < 2) {
    return value;
  }
  if (fields->fields[1].value.raw() == std::uint64_t{8}) {
    fields->fields[0].value = read_sigset(context, fields->fields[0].value.as<Pointer>()->addr, 8);
  }
  return value;
}

}  // namespace boxtrace::decoders
