// Reading and setting capability sets.
//
// The header names a version. Version 1 has sets of 32 bits in one struct; versions 2 and 3 have 64
// bits cut into two structs, the low halves first, which are merged here: `effective` is one set of
// names. A version that the kernel does not know makes it write the one it prefers into the header
// and, if data was given, fail with EINVAL: the C library probes so.
//
// Sources: kernel/capability.c; capget(2).

#include "decoders/args.h"
#include "decoders/families/families.h"
#include "decoders/structs.h"
#include "decoders/tables/capability.h"

namespace boxtrace::decoders {
namespace {

constexpr std::uint32_t kVersion1 = 0x19980330;
constexpr std::uint32_t kVersion2 = 0x20071026;
constexpr std::uint32_t kVersion3 = 0x20080522;

constexpr FieldSpec kHeader[] = {{"version", Width::W32, Show::Constant, &kCapabilityHeader},
                                 {"pid", Width::W32, Show::Pid}};

Value arg_cap_header(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_struct(context, address(context, index), kHeader);
}

/// One or two structs of three words {effective, permitted, inheritable}, as three sets.
Value arg_cap_data(const CallContext& context, const ArgSpec&, std::size_t index) {
  const base::Addr addr = address(context, index);
  if (addr.value == 0) {
    return Pointer{addr};
  }
  const raw::Chunk header = context.memory.read(address(context, 0), 4);
  const std::uint32_t version = base::read_le<std::uint32_t>(header.bytes, 0).value_or(0);
  const bool wide = version == kVersion2 || version == kVersion3;
  if (!wide && version != kVersion1) {
    return Pointer{addr};  // the kernel does not look at it either
  }
  const raw::Chunk chunk = context.memory.read(addr, wide ? 24 : 12);
  if (chunk.bytes.empty()) {
    return Missing{addr, chunk.failure.value_or(raw::Unreadable::Fault)};
  }
  static constexpr std::array<std::string_view, 3> kNames = {"effective", "permitted",
                                                             "inheritable"};
  Struct sets;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    const auto low = base::read_le<std::uint32_t>(chunk.bytes, i * 4);
    const auto high = base::read_le<std::uint32_t>(chunk.bytes, 12 + i * 4);
    if (!low || (wide && !high)) {
      sets.failure = chunk.failure;
      break;
    }
    const std::uint64_t upper = wide ? std::uint64_t{*high} << 32 : 0;
    sets.fields.push_back({kNames.at(i), decode_constant(kCapabilitySet, upper | *low)});
  }
  return sets;
}

constexpr SyscallSpec kRows[] = {
    {.name = "capget",
     .nr = {125, 184, 90},
     .classes = kCaps | kInfo,
     .args = {{{"hdrp", arg_cap_header, nullptr, -1, Direction::InOut},
               {"datap", arg_cap_data, nullptr, -1, Direction::Out}}},
     .man = "capget(2)",
     .kernel = "kernel/capability.c: capget",
     .explain = {"Reads the effective, permitted and inheritable capability sets of a process.",
                 "The same as CapEff, CapPrm and CapInh in /proc/PID/status.",
                 "Bounding and ambient set are not in it: they are asked for bit by bit, with "
                 "prctl, which is why traces show forty PR_CAPBSET_READ in a row."}},
    {.name = "capset",
     .nr = {126, 185, 91},
     .classes = kCaps,
     .args = {{{"hdrp", arg_cap_header, nullptr, -1, Direction::InOut}, {"datap", arg_cap_data}}},
     .observe = kObserveStatus,
     .man = "capset(2)",
     .kernel = "kernel/capability.c: capset",
     .explain =
         {"Sets the caller's effective, permitted and inheritable capability sets.",
          "CapEff, CapPrm and CapInh in /proc/PID/status; CapAmb loses what is no longer both "
          "permitted and inheritable.",
          "Permitted can only shrink. EPERM means that the new permitted set holds "
          "something that the old one lacks, or that inheritable would exceed what bounding "
          "set and permitted set allow: compare the sets, the kernel does not say which "
          "bit."}},
};

}  // namespace

const std::span<const SyscallSpec> kCapabilitySyscalls{kRows};

}  // namespace boxtrace::decoders
