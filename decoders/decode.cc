#include "decoders/decode.h"

#include <algorithm>

#include "decoders/registry.h"
#include "decoders/render.h"
#include "tracer/base/text.h"

namespace boxtrace::decoders {
namespace {

/// A call that no row describes: all six registers, since nobody knows how many count.
DecodedCall decode_unknown(const raw::Call& call) {
  static constexpr std::array<std::string_view, 6> kNames = {"arg0", "arg1", "arg2",
                                                             "arg3", "arg4", "arg5"};
  DecodedCall decoded;
  decoded.name = "syscall_" + base::to_hex(call.nr);
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    decoded.args.push_back({kNames[i], Number{call.args[i], Number::Style::Hex}});
  }
  return decoded;
}

bool has_ended(const raw::Outcome& outcome) {
  return outcome.kind == raw::Outcome::Kind::Returned || outcome.kind == raw::Outcome::Kind::Failed;
}

/// A sleep that a signal interrupts tells how much of it remains, though the kernel goes on with it
/// by itself. Source: linux/errno.h: ERESTART_RESTARTBLOCK; kernel/time/hrtimer.c:
/// nanosleep_copyout.
bool leaves_a_rest(const raw::Outcome& outcome) {
  constexpr std::int64_t kRestartBlock = 516;
  return outcome.kind == raw::Outcome::Kind::Restarting && outcome.value == kRestartBlock;
}

}  // namespace

const Value* DecodedCall::arg(std::string_view arg_name) const {
  for (const Field& field : args) {
    if (field.name == arg_name) {
      return &field.value;
    }
  }
  return nullptr;
}

DecodedCall decode_entry(const raw::Call& call, const raw::Memory& memory, const Options& options) {
  const SyscallSpec* spec = find_syscall(call.abi, call.nr);
  if (spec == nullptr) {
    return decode_unknown(call);
  }
  const CallContext context{call, memory, options, nullptr};
  DecodedCall decoded;
  decoded.spec = spec;
  decoded.name = spec->name;
  const std::size_t count = spec->used_args != nullptr
                                ? std::min(spec->used_args(context), spec->arg_count())
                                : spec->arg_count();
  decoded.args.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const ArgSpec& arg = spec->args[i];
    if (arg.direction == Direction::Out) {
      const std::uint64_t addr =
          call.abi == raw::Abi::I386 ? call.args[i] & 0xffffffffU : call.args[i];
      decoded.args.push_back(
          {arg.name, addr == 0 ? Value{Pointer{{addr}}} : Value{Pending{{addr}}}});
    } else {
      decoded.args.push_back({arg.name, arg.decode(context, arg, i)});
    }
  }
  return decoded;
}

void decode_exit(DecodedCall& decoded, const raw::Call& call, const raw::Outcome& outcome,
                 const raw::Memory& memory, const Options& options) {
  if (decoded.spec == nullptr || !(has_ended(outcome) || leaves_a_rest(outcome))) {
    return;
  }
  const CallContext context{call, memory, options, &outcome};
  for (std::size_t i = 0; i < decoded.args.size(); ++i) {
    const ArgSpec& arg = decoded.spec->args[i];
    Value& value = decoded.args[i].value;
    if (arg.direction == Direction::Out && outcome.kind != raw::Outcome::Kind::Failed) {
      Value after = arg.decode(context, arg, i);
      if (outcome.kind == raw::Outcome::Kind::Returned || after.as<Missing>() == nullptr) {
        value = std::move(after);
      }
    } else if (arg.direction == Direction::InOut) {
      // Some calls write even when they fail: capget(2) names the version it would have liked.
      Value after = arg.decode(context, arg, i);
      if (after.as<Pending>() != nullptr) {
        continue;
      }
      if (value.as<Pending>() != nullptr) {
        value = std::move(after);
      } else if (render(after) != render(value)) {
        value = Changed{std::make_shared<const Value>(std::move(value)),
                        std::make_shared<const Value>(std::move(after))};
      }
    }
  }
}

DecodedCall decode(const raw::Syscall& syscall, const Options& options) {
  DecodedCall decoded = decode_entry(syscall.call, raw::RecordedMemory(syscall.in), options);
  if (!syscall.injected) {  // nothing was written by a call that did not run
    decode_exit(decoded, syscall.call, syscall.outcome, raw::RecordedMemory(syscall.out), options);
  }
  return decoded;
}

}  // namespace boxtrace::decoders
