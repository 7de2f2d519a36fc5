#pragma once
// Sending and receiving messages; see plan/message.h for the words.

#include <span>

#include "runtime/aliases.h"
#include "runtime/plan/message.h"
#include "tracer/os/fd.h"

namespace boxrun::exec {

using plan::Message;
using plan::MessageKind;
using plan::render_kind;

struct ChannelPair {
  os::UniqueFd boxrun;
  os::UniqueFd child;
};
[[nodiscard]] Result<ChannelPair> make_channel();

/// @returns false when the other side is gone, with errno set.
[[nodiscard]] bool send_message(os::BorrowedFd channel, const Message& message,
                                std::span<const int> descriptors = {});

enum class Receipt : std::uint8_t { Got, Closed, Broken };
/// Blocks for the next message. `Closed` when no process holds the other end any more: for boxrun
/// that is the sign that execve(2) succeeded, because the child's end closes on exec.
[[nodiscard]] Receipt receive_message(os::BorrowedFd channel, Message& message,
                                      std::span<os::UniqueFd> descriptors = {});

}  // namespace boxrun::exec
