#include "decoders/by_option.h"

#include <algorithm>

#include "decoders/args.h"
#include "decoders/structs.h"

namespace boxtrace::decoders {
namespace {

const OptionArgs* find_option(std::span<const OptionArgs> options, std::uint64_t option) {
  const auto found =
      std::find_if(options.begin(), options.end(),
                   [option](const OptionArgs& candidate) { return candidate.option == option; });
  return found != options.end() ? &*found : nullptr;
}

bool has_failed(const CallContext& context) {
  return context.outcome->kind != raw::Outcome::Kind::Returned;
}

}  // namespace

Value decode_by_option(std::span<const OptionArgs> options, const CallContext& context,
                       std::size_t option_index, std::size_t index) {
  const base::Addr addr = address(context, index);
  const OptionArgs* option = find_option(options, low32(context, option_index));
  const std::size_t slot = index - option_index - 1;
  const bool described =
      option != nullptr && slot < option->args.size() && option->args.at(slot).decode != nullptr;
  if (!described) {
    return context.outcome == nullptr ? arg_hex(context, {}, index) : Value{Pending{addr}};
  }
  const ArgSpec& arg = option->args.at(slot);
  if (context.outcome == nullptr) {
    if (arg.direction == Direction::Out && addr.value != 0) {
      return Pending{addr};
    }
    return arg.decode(context, arg, index);
  }
  if (arg.direction == Direction::In || (arg.direction == Direction::Out && has_failed(context))) {
    return Pending{addr};
  }
  return arg.decode(context, arg, index);
}

std::size_t count_by_option(std::span<const OptionArgs> options, const CallContext& context,
                            std::size_t option_index) {
  const OptionArgs* option = find_option(options, low32(context, option_index));
  if (option == nullptr) {
    return context.call.args.size();
  }
  const auto* end = std::find_if(option->args.begin(), option->args.end(),
                                 [](const ArgSpec& arg) { return arg.name.empty(); });
  return option_index + 1 + static_cast<std::size_t>(std::distance(option->args.begin(), end));
}

}  // namespace boxtrace::decoders
