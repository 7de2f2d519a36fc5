#include "decoders/args.h"

#include <algorithm>
#include <utility>

#include "decoders/structs.h"

namespace boxtrace::decoders {
namespace {

using base::Addr;

unsigned word_bits(const CallContext& context) {
  return context.call.abi == raw::Abi::I386 ? 32 : 64;
}

/// The number that argument `index` holds, 0 when the row names no such argument.
std::uint64_t size_argument(const CallContext& context, std::int8_t index) {
  return index < 0 ? 0 : word(context, static_cast<std::size_t>(index));
}

/// A NULL-terminated array of strings. Pointers are read one at a time: what lies behind the NULL
/// is nobody's business.
Value decode_strings(const CallContext& context, Addr addr, char stop, std::size_t limit) {
  if (addr.value == 0) {
    return Pointer{addr};
  }
  const std::size_t size = raw::word_size(context.call.abi);
  std::vector<Addr> pointers;
  List list;
  while (true) {
    const std::uint64_t offset = pointers.size() * size;
    const raw::Chunk chunk = context.memory.read(Addr{addr.value + offset}, size);
    if (chunk.bytes.size() < size) {
      list.failure = chunk.failure.value_or(raw::Unreadable::Fault);
      break;
    }
    const std::uint64_t pointer = size == 4
                                      ? base::read_le<std::uint32_t>(chunk.bytes, 0).value_or(0)
                                      : base::read_le<std::uint64_t>(chunk.bytes, 0).value_or(0);
    if (pointer == 0) {
      break;
    }
    if (pointers.size() == context.options.list_limit) {
      list.truncated = true;
      break;
    }
    pointers.push_back(Addr{pointer});
  }
  if (pointers.empty() && list.failure) {
    return Missing{addr, *list.failure};
  }
  for (const Addr pointer : pointers) {
    raw::CString string = context.memory.read_cstring(pointer, limit, stop);
    if (string.bytes.empty() && string.failure) {
      list.items.emplace_back(Missing{pointer, *string.failure});
    } else {
      list.items.emplace_back(
          Text{Text::Kind::String, std::move(string.bytes), string.truncated, string.failure});
    }
  }
  return list;
}

}  // namespace

Value arg_int(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_number(Show::Signed, low32(context, index), 32);
}

Value arg_unsigned(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_number(Show::Unsigned, low32(context, index), 32);
}

Value arg_long(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_number(Show::Signed, word(context, index), word_bits(context));
}

Value arg_size(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_number(Show::Unsigned, word(context, index), word_bits(context));
}

Value arg_hex(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_number(Show::Hex, word(context, index), word_bits(context));
}

Value arg_hex32(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_number(Show::Hex, low32(context, index), 32);
}

Value arg_mode(const CallContext& context, const ArgSpec&, std::size_t index) {
  // umode_t is 16 bits wide; the bits above are shown, though the kernel drops them.
  return decode_number(Show::Octal, low32(context, index), 32);
}

Value arg_pointer(const CallContext& context, const ArgSpec&, std::size_t index) {
  return Pointer{address(context, index)};
}

Value arg_fd(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_number(Show::Fd, low32(context, index), 32);
}

Value arg_dirfd(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_number(Show::DirFd, low32(context, index), 32);
}

Value arg_pid(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_number(Show::Pid, low32(context, index), 32);
}

Value arg_id(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_number(Show::Id, low32(context, index), 32);
}

Value arg_signal(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_number(Show::Signal, low32(context, index), 32);
}

Value arg_device(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_device(low32(context, index));
}

Value arg_constant(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  return decode_number(Show::Constant, low32(context, index), 32, arg.constants);
}

Value arg_constant_long(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  return decode_number(Show::Constant, word(context, index), word_bits(context), arg.constants);
}

Value arg_path(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_string(context, address(context, index), kPathLimit, Text::Kind::Path);
}

Value arg_string(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_string(context, address(context, index), context.options.string_limit);
}

Value arg_buffer(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  std::uint64_t size = size_argument(context, arg.size_arg);
  if (arg.direction == Direction::Out && context.outcome != nullptr) {
    const auto written =
        static_cast<std::uint64_t>(std::max<std::int64_t>(context.outcome->value, 0));
    size = std::min(size, written);
  }
  return decode_buffer(context, address(context, index), size, context.options.string_limit);
}

Value arg_argv(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_strings(context, address(context, index), '\0', context.options.string_limit);
}

Value arg_envp(const CallContext& context, const ArgSpec&, std::size_t index) {
  const char stop = context.options.env_values ? '\0' : '=';
  return decode_strings(context, address(context, index), stop, context.options.string_limit);
}

Value arg_fd_pair(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_array(context, address(context, index), 2, {"", Width::W32, Show::Fd});
}

}  // namespace boxtrace::decoders
