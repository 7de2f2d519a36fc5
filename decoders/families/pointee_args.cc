#include "decoders/families/pointee_args.h"

#include <algorithm>

#include "decoders/structs.h"

namespace boxtrace::decoders {
namespace {

constexpr FieldSpec kIovec[] = {{"iov_base", Width::Word, Show::Pointer},
                                {"iov_len", Width::Word, Show::Unsigned}};

}  // namespace

Value arg_int_at(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_array(context, address(context, index), 1, {"", Width::W32, Show::Signed});
}

Value arg_unsigned_at(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_array(context, address(context, index), 1, {"", Width::W32, Show::Unsigned});
}

Value arg_offset_at(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_array(context, address(context, index), 1, {"", Width::W64, Show::Signed});
}

Value arg_word_at(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_array(context, address(context, index), 1, {"", Width::Word, Show::Hex});
}

Value decode_kernel_longs(const CallContext& context, base::Addr addr,
                          std::span<const FieldSpec> layout) {
  raw::Call call = context.call;
  call.abi = call.abi == raw::Abi::X32 ? raw::Abi::X86_64 : call.abi;
  return decode_struct({call, context.memory, context.options, context.outcome}, addr, layout);
}

Value decode_iovecs(const CallContext& context, base::Addr addr, std::uint64_t count,
                    std::uint64_t available) {
  Value value = decode_struct_array(context, addr, count, kIovec);
  auto* list = value.as<List>();
  if (list == nullptr) {
    return value;
  }
  for (Value& item : list->items) {
    auto& fields = item.as<Struct>()->fields;
    if (fields.size() < 2) {
      break;
    }
    const std::uint64_t size = std::min(fields[1].value.raw().value_or(0), available);
    fields[0].value = decode_buffer(context, fields[0].value.as<Pointer>()->addr, size,
                                    context.options.string_limit);
    available -= size;
  }
  return value;
}

}  // namespace boxtrace::decoders
