#pragma once
// Calls that are many calls in one, told apart by a number: prctl(2), keyctl(2), fcntl(2). Each
// option lists its own arguments; the row's decoders look them up. In the row, arguments that any
// option writes to are InOut, and the option's own direction says what happens.

#include <array>
#include <cstdint>
#include <span>

#include "decoders/spec.h"

namespace boxtrace::decoders {

struct OptionArgs {
  std::uint64_t option = 0;
  std::array<ArgSpec, 4> args{};  ///< those after the option; an empty name ends the list
};

/// Argument `index` as the option in argument `option_index` has it; in hex for unknown options.
[[nodiscard]] Value decode_by_option(std::span<const OptionArgs> options,
                                     const CallContext& context, std::size_t option_index,
                                     std::size_t index);

/// How many arguments that option has, counting all up to itself; six for unknown ones.
[[nodiscard]] std::size_t count_by_option(std::span<const OptionArgs> options,
                                          const CallContext& context, std::size_t option_index);

}  // namespace boxtrace::decoders
