#include "tracer/ptrace/call_in_progress.h"

#include <vector>

#include "tracer/base/text.h"
#include "tracer/ptrace/tracee_memory.h"

namespace boxtrace::ptrace {

std::optional<raw::Call> parse_call(std::string_view text, std::uint32_t arch) {
  // NR ARG0 .. ARG5 SP PC
  const std::vector<std::string_view> words = base::split_blanks(base::trim(text));
  constexpr std::size_t kArgs = 6;
  if (words.size() != 1 + kArgs + 2) {
    return std::nullopt;
  }
  const auto nr = base::parse_u64(words[0]);
  if (!nr) {
    return std::nullopt;
  }
  raw::Call call;
  call.abi = raw::abi_of(arch, *nr);
  call.nr = call.abi == raw::Abi::X32 ? *nr & ~raw::kX32SyscallBit : *nr;
  for (std::size_t i = 0; i < kArgs; ++i) {
    call.args.at(i) = base::parse_u64(words[1 + i]).value_or(0);
  }
  call.stack_pointer = base::parse_u64(words[1 + kArgs]).value_or(0);
  call.instruction_pointer = base::parse_u64(words[2 + kArgs]).value_or(0);
  return call;
}

std::optional<CallInFlight> call_in_progress(Kernel& kernel, const Observer& observer,
                                             base::HostTid tid, const decoders::Options& options) {
  const auto info = kernel.syscall_info(tid);
  const auto text = info ? observer.text_of(tid, "syscall") : std::nullopt;
  const auto call = text ? parse_call(*text, info->arch) : std::nullopt;
  if (!call) {
    return std::nullopt;
  }
  CallInFlight found;
  found.call = *call;
  const TraceeMemory live{kernel, tid};
  found.decoded = decoders::decode_entry(found.call, raw::RecordingMemory{live, found.in}, options);
  return found;
}

}  // namespace boxtrace::ptrace
