#pragma once
// The common kinds of arguments: decoders that rows of all families use. Each is total; see
// ArgDecoder.

#include "decoders/spec.h"

namespace boxtrace::decoders {

[[nodiscard]] Value arg_int(const CallContext&, const ArgSpec&, std::size_t);  ///< 32-bit signed
[[nodiscard]] Value arg_unsigned(const CallContext&, const ArgSpec&, std::size_t);  ///< 32-bit
[[nodiscard]] Value arg_long(const CallContext&, const ArgSpec&, std::size_t);   ///< word, signed
[[nodiscard]] Value arg_size(const CallContext&, const ArgSpec&, std::size_t);   ///< word, unsigned
[[nodiscard]] Value arg_hex(const CallContext&, const ArgSpec&, std::size_t);    ///< word, hex
[[nodiscard]] Value arg_hex32(const CallContext&, const ArgSpec&, std::size_t);  ///< int, hex
[[nodiscard]] Value arg_mode(const CallContext&, const ArgSpec&, std::size_t);   ///< octal
[[nodiscard]] Value arg_pointer(const CallContext&, const ArgSpec&, std::size_t);  ///< not read
[[nodiscard]] Value arg_fd(const CallContext&, const ArgSpec&, std::size_t);
[[nodiscard]] Value arg_dirfd(const CallContext&, const ArgSpec&,
                              std::size_t);  ///< may be AT_FDCWD
[[nodiscard]] Value arg_pid(const CallContext&, const ArgSpec&, std::size_t);
[[nodiscard]] Value arg_id(const CallContext&, const ArgSpec&,
                           std::size_t);  ///< uid or gid, -1 signed
[[nodiscard]] Value arg_signal(const CallContext&, const ArgSpec&, std::size_t);
[[nodiscard]] Value arg_device(const CallContext&, const ArgSpec&, std::size_t);  ///< makedev(3)
/// A number named by `constants`: Symbol or Flags. 32 bits wide; arg_constant_long for a word.
[[nodiscard]] Value arg_constant(const CallContext&, const ArgSpec&, std::size_t);
[[nodiscard]] Value arg_constant_long(const CallContext&, const ArgSpec&, std::size_t);
[[nodiscard]] Value arg_path(const CallContext&, const ArgSpec&, std::size_t);  ///< up to PATH_MAX
[[nodiscard]] Value arg_string(const CallContext&, const ArgSpec&, std::size_t);
/// Bytes whose length is in `size_arg`. For Out, the result says how many were written.
[[nodiscard]] Value arg_buffer(const CallContext&, const ArgSpec&, std::size_t);
/// A NULL-terminated array of strings, and the same for environments (names only, unless asked).
[[nodiscard]] Value arg_argv(const CallContext&, const ArgSpec&, std::size_t);
[[nodiscard]] Value arg_envp(const CallContext&, const ArgSpec&, std::size_t);
/// Two descriptors written by the call: pipe, socketpair.
[[nodiscard]] Value arg_fd_pair(const CallContext&, const ArgSpec&, std::size_t);

}  // namespace boxtrace::decoders
