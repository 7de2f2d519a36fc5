#pragma once
// A row is the product. One SyscallSpec holds all that the project knows of one system call; the
// decoder, the tracer's filters, observation, `explain`, the documentation, the fuzzers and the
// completeness tests iterate over rows. Rows live in decoders/families, one file a theme.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "decoders/constants.h"
#include "decoders/value.h"
#include "tracer/raw/event.h"

namespace boxtrace::decoders {

/// What a decoder may do, chosen by the user and part of the trace's header.
struct Options {
  std::size_t string_limit = 256;  ///< bytes of a buffer or string argument; paths are read whole
  std::size_t list_limit = 512;    ///< elements of an array
  bool env_values = false;         ///< read `NAME=value` of environments, not only NAME
};

/// What an argument's decoder sees.
struct CallContext {
  const raw::Call& call;
  const raw::Memory& memory;  ///< as of entry, or of exit when `outcome` is set
  const Options& options;
  const raw::Outcome* outcome = nullptr;  ///< null while decoding at entry
};

struct ArgSpec;

/// Decodes argument `index` of the call. Total: any registers, any memory.
using ArgDecoder = Value (*)(const CallContext& context, const ArgSpec& arg, std::size_t index);

enum class Direction : std::uint8_t {
  In,   ///< decoded at entry
  Out,  ///< Pending at entry, decoded at exit
  /// Decoded at both; Changed if they differ. Pending at entry: only exit can tell. Pending at
  /// exit: nothing was written.
  InOut,
};

struct ArgSpec {
  std::string_view name;                     ///< as in the man page
  ArgDecoder decode = nullptr;               ///< from decoders/args.h, or the family's own
  const ConstantTable* constants = nullptr;  ///< for the decoders that name numbers
  std::int8_t size_arg = -1;                 ///< the argument that holds this one's length
  Direction direction = Direction::In;
};

/// Themes, for `-e trace=%namespace`, for the zoom levels and for folding. A call may have several.
enum Class : std::uint32_t {
  kNamespace = 1U << 0,  ///< makes, enters or configures namespaces
  kMount = 1U << 1,      ///< changes or reads the mount table
  kCaps = 1U << 2,       ///< capability sets, securebits, no_new_privs
  kSeccomp = 1U << 3,
  kCgroup = 1U << 4,   ///< only by what it is applied to: write, mkdir, open in cgroupfs
  kProcess = 1U << 5,  ///< life and death: clone, exec, exit, wait
  kCreds = 1U << 6,    ///< user and group ids, keyrings
  kFile = 1U << 7,     ///< takes a path
  kDesc = 1U << 8,     ///< takes a descriptor
  kNetwork = 1U << 9,
  kSignal = 1U << 10,
  kMemory = 1U << 11,
  kIpc = 1U << 12,
  kSync = 1U << 13,  ///< futex, epoll, poll, nanosleep: waiting
  kTime = 1U << 14,
  kLimits = 1U << 15,  ///< rlimits, scheduling, oom score
  kBpf = 1U << 16,
  kInfo = 1U << 17,  ///< asks, changes nothing
};

/// What the tracer reads from /proc around the call, because the call may have changed it.
enum Observe : std::uint32_t {
  kObserveNs = 1U << 0,      ///< after: /proc/TID/ns
  kObserveStatus = 1U << 1,  ///< after: /proc/TID/status
  kObserveIdMaps = 1U << 2,  ///< after: uid_map, gid_map
  kObserveCgroup = 1U << 3,  ///< after: /proc/TID/cgroup
  kObserveRoot = 1U << 4,    ///< after: /proc/TID/{root,cwd}
  kObserveMounts = 1U << 5,  ///< after: mountinfo
  kObserveFdArgs =
      1U << 6,  ///< before: targets of descriptors and /proc/self/fd paths in arguments
};

/// What the result is.
enum class Returns : std::uint8_t { Zero, Number, Fd, Pid, Size, Address, Flags, Never };

// The order is the one in which a row reads; a few bytes of padding are worth it.
struct SyscallSpec {  // NOLINT(clang-analyzer-optin.performance.Padding)
  std::string_view name;
  /// Numbers per ABI: x86-64, i386, aarch64; -1 where the call does not exist. x32 calls share the
  /// x86-64 numbers but for 512..547, which decoders/registry.cc maps.
  struct Numbers {
    std::int16_t x86_64 = -1;
    std::int16_t i386 = -1;
    std::int16_t aarch64 = -1;
  } nr;
  std::uint32_t classes = 0;
  std::array<ArgSpec, 6> args{};  ///< an empty name ends the list
  Returns returns = Returns::Zero;
  std::uint32_t observe = 0;
  /// Where the first argument is an operation: those that change what `classes` and `observe` are
  /// about; the others ask, or change something else. Empty: not told apart.
  std::span<const std::uint32_t> operations{};
  std::string_view man;     ///< `unshare(2)`; `none` where no manual page exists
  std::string_view kernel;  ///< `kernel/fork.c: ksys_unshare`
  Explanation explain{};
  /// How many arguments count in this call, for those where the first ones decide: open's mode
  /// without O_CREAT, prctl's five. The others hold whatever the registers held. Null: all.
  std::size_t (*used_args)(const CallContext& context) = nullptr;

  [[nodiscard]] constexpr std::size_t arg_count() const {
    std::size_t count = 0;
    while (count < args.size() && !args[count].name.empty()) {
      ++count;
    }
    return count;
  }
};

}  // namespace boxtrace::decoders
