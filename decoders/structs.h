#pragma once
// Structs and arrays in the tracee's memory, described as data. A layout is a list of fields; their
// offsets follow from their widths and the ABI's alignment, so that one description serves 64-bit
// and 32-bit callers.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "decoders/spec.h"
#include "decoders/value.h"

namespace boxtrace::decoders {

/// How a field reads.
enum class Show : std::uint8_t {
  Signed,
  Unsigned,
  Hex,
  Octal,
  Pointer,
  Fd,
  DirFd,
  Pid,
  Id,        ///< uid or gid: -1 is "leave as it is"
  Signal,    ///< a signal number
  Constant,  ///< by the field's table
  Hidden,    ///< padding
};

/// Width::Word is `long` or a pointer of the caller's ABI. U64 is aligned to 4 on i386, as the
/// System V i386 ABI does; Aligned64 is `__aligned_u64`.
enum class Width : std::uint8_t { W8, W16, W32, W64, Aligned64, Word };

struct FieldSpec {
  std::string_view name;
  Width width = Width::W32;
  Show show = Show::Signed;
  const ConstantTable* constants = nullptr;
};

/// The bytes that the fields take, with padding between them but not after the last.
[[nodiscard]] std::size_t layout_size(std::span<const FieldSpec> layout, raw::Abi abi);

/// The struct at `addr`: Pointer for NULL, Missing when not a byte of it could be read. `size` is
/// what the caller declared, for structs that carry their size; 0 means the layout's own. Fields
/// that do not fit into `size` are left out; bytes beyond the layout are `extra` when they are not
/// zero. At most a page is read.
[[nodiscard]] Value decode_struct(const CallContext& context, base::Addr addr,
                                  std::span<const FieldSpec> layout, std::uint64_t size = 0);

/// `bytes` as the fields of `layout`, for structs inside others. `failure` says why bytes are
/// missing at the end.
[[nodiscard]] Struct decode_fields(std::span<const FieldSpec> layout, raw::Abi abi,
                                   base::ByteView bytes,
                                   std::optional<raw::Unreadable> failure = std::nullopt);

/// `count` numbers at `addr`, as many as Options::list_limit allows.
[[nodiscard]] Value decode_array(const CallContext& context, base::Addr addr, std::uint64_t count,
                                 const FieldSpec& element);

/// `count` structs at `addr`, `stride` bytes apart (0: the layout's size).
[[nodiscard]] Value decode_struct_array(const CallContext& context, base::Addr addr,
                                        std::uint64_t count, std::span<const FieldSpec> layout,
                                        std::size_t stride = 0);

/// `value`, or `plain` when nothing of it was captured, because the recording is older than the
/// decoder that asks for it.
[[nodiscard]] Value if_captured(Value value, Value plain);

/// The fields of `layout` at `addr` added to `value`, if it is a struct; left out when they were
/// not captured, for layouts that have grown.
void append_fields(const CallContext& context, Value& value, base::Addr addr,
                   std::span<const FieldSpec> layout);

/// One number as `show` says. `raw` is zero-extended; `bits` is its width.
[[nodiscard]] Value decode_number(Show show, std::uint64_t raw, unsigned bits,
                                  const ConstantTable* constants = nullptr);

/// A device number as {major, minor}. Source: linux/kdev_t.h: new_decode_dev.
[[nodiscard]] Value decode_device(std::uint32_t device);

/// The register of argument `index`, cut to 32 bits for i386 callers.
[[nodiscard]] std::uint64_t word(const CallContext& context, std::size_t index);
/// The same cut to 32 bits: what the kernel sees where a parameter is an `int`.
[[nodiscard]] std::uint32_t low32(const CallContext& context, std::size_t index);
/// The same as an address.
[[nodiscard]] base::Addr address(const CallContext& context, std::size_t index);

/// The string at `addr`; Pointer for NULL, Missing when not a byte could be read.
[[nodiscard]] Value decode_string(const CallContext& context, base::Addr addr, std::size_t limit,
                                  Text::Kind kind = Text::Kind::String);

/// `size` bytes at `addr`, of which at most `limit` are kept.
[[nodiscard]] Value decode_buffer(const CallContext& context, base::Addr addr, std::uint64_t size,
                                  std::size_t limit, Text::Kind kind = Text::Kind::Buffer);

/// The longest path the kernel takes, its NUL not counted. Source: linux/limits.h, PATH_MAX.
inline constexpr std::size_t kPathLimit = 4095;
inline constexpr std::size_t kPageSize = 4096;

}  // namespace boxtrace::decoders
