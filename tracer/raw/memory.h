#pragma once
// Memory is a decoder's only door to a tracee. Live, it is the tracee's memory wrapped in a
// RecordingMemory, which keeps what was read with the event; at replay it is that recording; in
// tests it is a RecordedMemory filled by hand; in fuzzers random bytes. A decoder thereby defines
// what a trace captures, and a newer decoder that asks an old trace for more gets NotCaptured,
// which is distinct from EFAULT and never a wrong answer.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tracer/base/bytes.h"
#include "tracer/base/ids.h"

namespace boxtrace::raw {

/// Why memory could not be read.
enum class Unreadable : std::uint8_t {
  Fault,        ///< nothing is mapped there (EFAULT, EIO)
  NotCaptured,  ///< the recording does not hold it
  NotDumpable,  ///< the kernel refuses us: EPERM after PR_SET_DUMPABLE 0. ptrace(2), prctl(2)
  Gone,         ///< the tracee died before it could be read (ESRCH)
};

/// Bytes read from an address, as many as could be read. `failure` says why there are fewer than
/// were asked for; it is empty when all were read.
struct Chunk {
  base::Bytes bytes;
  std::optional<Unreadable> failure;
};

/// A NUL-terminated string, without the NUL. `truncated`: there was more than the limit; a string
/// of exactly that length is whole. `failure`: memory ended before a NUL; `bytes` holds what came
/// before.
struct CString {
  std::string bytes;
  bool truncated = false;
  std::optional<Unreadable> failure;
};

class Memory {
 public:
  Memory() = default;
  Memory(const Memory&) = default;
  Memory& operator=(const Memory&) = default;
  Memory(Memory&&) = default;
  Memory& operator=(Memory&&) = default;
  virtual ~Memory() = default;

  /// Up to `size` bytes at `addr`.
  [[nodiscard]] virtual Chunk read(base::Addr addr, std::size_t size) const = 0;

  /// The bytes at `addr` up to, not including, the first NUL or `stop`, at most `limit`. Nothing
  /// after `stop` is captured, which is how values of environment variables stay out of traces.
  [[nodiscard]] virtual CString read_cstring(base::Addr addr, std::size_t limit,
                                             char stop = '\0') const = 0;
};

/// What was read for one event: pieces in the order of the reads.
struct Snapshot {
  struct Piece {
    base::Addr addr;
    base::Bytes bytes;
    std::optional<Unreadable> failure;  ///< reading on after `bytes` fails like this
    friend bool operator==(const Piece&, const Piece&) = default;
  };
  std::vector<Piece> pieces;
  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

/// Answers from a snapshot; what it does not hold is NotCaptured.
class RecordedMemory final : public Memory {
 public:
  /// Keeps a reference: `snapshot` must outlive this object.
  explicit RecordedMemory(const Snapshot& snapshot) : snapshot_(&snapshot) {}
  [[nodiscard]] Chunk read(base::Addr addr, std::size_t size) const override;
  [[nodiscard]] CString read_cstring(base::Addr addr, std::size_t limit, char stop) const override;

 private:
  const Snapshot* snapshot_;
};

/// Passes reads on to `live` and keeps their answers in a snapshot. A read that the snapshot
/// already answers is not repeated. For strings it keeps the bytes and the terminator that ended
/// them.
class RecordingMemory final : public Memory {
 public:
  RecordingMemory(const Memory& live, Snapshot& into) : live_(&live), into_(&into) {}
  [[nodiscard]] Chunk read(base::Addr addr, std::size_t size) const override;
  [[nodiscard]] CString read_cstring(base::Addr addr, std::size_t limit, char stop) const override;

 private:
  const Memory* live_;
  Snapshot* into_;
};

}  // namespace boxtrace::raw
