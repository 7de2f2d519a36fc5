#pragma once
// D-Bus messages as bytes and back. Pure.
//
// A message is a header and a body. The header begins with 16 bytes that say how long both are, and
// goes on with fields, each a number and a variant. Every value starts at a multiple of its own
// size, structs at one of 8, counted from the start of the message; the gaps are zeros. The sender
// chooses the byte order, in the first byte: `l` or `B`.
//
// Written here because what is needed of D-Bus is small and fixed for good by its specification,
// and the libraries for it do not fit: they are not to be had for a static boxrun, and a shared one
// has to be loaded and relocated at every start, also by those who want no systemd.
//
// Source: D-Bus specification, "Marshaling (Wire Format)" and "Message Format".

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/aliases.h"
#include "runtime/dbus/value.h"

namespace boxrun::dbus {

enum class Kind : std::uint8_t { Call = 1, Reply = 2, Error = 3, Signal = 4 };

struct Message {
  Kind kind = Kind::Call;
  std::uint32_t serial = 0;        ///< chosen by the sender, not 0
  std::uint32_t reply_serial = 0;  ///< the call that a reply or an error answers
  std::string path;
  std::string interface;
  std::string member;  ///< the method or the signal
  std::string error_name;
  std::string destination;
  std::string sender;
  std::vector<Value> body;
};

/// In little endian.
[[nodiscard]] std::string render_message(const Message& message);

/// So many bytes say how long a message is.
inline constexpr std::size_t kFixedHeader = 16;

/// The length of the whole message that starts with `header`, of kFixedHeader bytes.
///
/// @errors  EBADMSG: not the start of a message, or one of more than 1 MiB, which nobody sends us
[[nodiscard]] Result<std::size_t> parse_length(std::string_view header);

/// @param bytes  one message, complete
/// @errors  EBADMSG: anything that the specification does not allow. A header field of an unknown
///          number is no error.
[[nodiscard]] Result<Message> parse_message(std::string_view bytes);

}  // namespace boxrun::dbus
