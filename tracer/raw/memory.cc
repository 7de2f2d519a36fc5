#include "tracer/raw/memory.h"

#include <algorithm>
#include <limits>

namespace boxtrace::raw {
namespace {

using base::Addr;

constexpr std::uint64_t kTop = std::numeric_limits<std::uint64_t>::max();

std::uint64_t end_of(const Snapshot::Piece& piece) { return piece.addr.value + piece.bytes.size(); }

/// The piece that holds the byte at `pos`: the first one, so that a position keeps its answer when
/// later reads add pieces.
const Snapshot::Piece* piece_at(const Snapshot& snapshot, std::uint64_t pos) {
  for (const Snapshot::Piece& piece : snapshot.pieces) {
    if (pos >= piece.addr.value && pos - piece.addr.value < piece.bytes.size()) {
      return &piece;
    }
  }
  return nullptr;
}

/// Why the byte at `pos` is not there: what ended a piece just before it, or NotCaptured.
Unreadable reason_at(const Snapshot& snapshot, std::uint64_t pos) {
  for (const Snapshot::Piece& piece : snapshot.pieces) {
    if (piece.failure && end_of(piece) == pos) {
      return *piece.failure;
    }
  }
  return Unreadable::NotCaptured;
}

/// How many bytes from `pos`, at most `wanted`, the snapshot says nothing about. Live reads stop
/// there, so that pieces never overlap and every position has one answer for ever.
std::size_t gap_at(const Snapshot& snapshot, std::uint64_t pos, std::size_t wanted) {
  std::size_t gap = wanted;
  for (const Snapshot::Piece& piece : snapshot.pieces) {
    for (const std::uint64_t edge : {piece.addr.value, end_of(piece)}) {
      if (edge > pos && edge - pos < gap) {
        gap = static_cast<std::size_t>(edge - pos);
      }
    }
  }
  return gap;
}

/// Adds what a live read gave, to the piece that ends where it starts if there is one.
void keep(Snapshot& snapshot, std::uint64_t pos, base::ByteView bytes,
          std::optional<Unreadable> failure) {
  for (Snapshot::Piece& piece : snapshot.pieces) {
    if (!piece.failure && !piece.bytes.empty() && end_of(piece) == pos) {
      piece.bytes.insert(piece.bytes.end(), bytes.begin(), bytes.end());
      piece.failure = failure;
      return;
    }
  }
  snapshot.pieces.push_back({Addr{pos}, base::Bytes(bytes.begin(), bytes.end()), failure});
}

/// `size` cut so that `addr + size` does not pass the end of the address space.
std::size_t clamp_size(Addr addr, std::size_t size) {
  return static_cast<std::size_t>(std::min<std::uint64_t>(size, kTop - addr.value));
}

}  // namespace

Chunk RecordedMemory::read(Addr addr, std::size_t size) const {
  const std::size_t reachable = clamp_size(addr, size);
  Chunk chunk;
  while (chunk.bytes.size() < reachable) {
    const std::uint64_t pos = addr.value + chunk.bytes.size();
    const Snapshot::Piece* piece = piece_at(*snapshot_, pos);
    if (piece == nullptr) {
      chunk.failure = reason_at(*snapshot_, pos);
      return chunk;
    }
    const auto offset = static_cast<std::size_t>(pos - piece->addr.value);
    const std::size_t count =
        std::min(piece->bytes.size() - offset, reachable - chunk.bytes.size());
    const base::ByteView part = base::ByteView{piece->bytes}.subspan(offset, count);
    chunk.bytes.insert(chunk.bytes.end(), part.begin(), part.end());
  }
  if (reachable < size) {
    chunk.failure = Unreadable::Fault;
  }
  return chunk;
}

CString RecordedMemory::read_cstring(Addr addr, std::size_t limit, char stop) const {
  CString string;
  while (true) {
    const std::uint64_t pos = addr.value + string.bytes.size();
    const Snapshot::Piece* piece =
        pos < addr.value || pos == kTop ? nullptr : piece_at(*snapshot_, pos);
    if (piece == nullptr) {
      // The byte after the last one that was wanted only tells whether there was more.
      if (string.bytes.size() == limit) {
        string.truncated = true;
      } else {
        string.failure =
            pos < addr.value || pos == kTop ? Unreadable::Fault : reason_at(*snapshot_, pos);
      }
      return string;
    }
    const base::ByteView rest =
        base::ByteView{piece->bytes}.subspan(static_cast<std::size_t>(pos - piece->addr.value));
    for (const char c : base::as_chars(rest)) {
      if (c == '\0' || c == stop) {
        return string;
      }
      if (string.bytes.size() == limit) {
        string.truncated = true;
        return string;
      }
      string.bytes.push_back(c);
    }
  }
}

Chunk RecordingMemory::read(Addr addr, std::size_t size) const {
  const RecordedMemory recorded(*into_);
  while (true) {
    Chunk chunk = recorded.read(addr, size);
    if (chunk.failure != Unreadable::NotCaptured) {
      return chunk;
    }
    const std::uint64_t pos = addr.value + chunk.bytes.size();
    const std::size_t wanted = gap_at(*into_, pos, clamp_size(addr, size) - chunk.bytes.size());
    Chunk fresh = live_->read(Addr{pos}, wanted);
    fresh.bytes.resize(std::min(fresh.bytes.size(), wanted));
    if (fresh.bytes.size() < wanted && !fresh.failure) {
      fresh.failure = Unreadable::Fault;
    }
    if (fresh.failure == Unreadable::NotCaptured) {  // live is a recording itself
      keep(*into_, pos, fresh.bytes, std::nullopt);
      return recorded.read(addr, size);
    }
    keep(*into_, pos, fresh.bytes, fresh.bytes.size() < wanted ? fresh.failure : std::nullopt);
  }
}

CString RecordingMemory::read_cstring(Addr addr, std::size_t limit, char stop) const {
  const RecordedMemory recorded(*into_);
  while (true) {
    CString string = recorded.read_cstring(addr, limit, stop);
    // At the limit the next byte must be known too: it decides between "all of it" and "there was
    // more", and a replay must decide alike.
    const std::uint64_t pos = addr.value + string.bytes.size();
    const bool undecided = string.truncated && pos != kTop && pos >= addr.value &&
                           piece_at(*into_, pos) == nullptr &&
                           reason_at(*into_, pos) == Unreadable::NotCaptured;
    if (string.failure != Unreadable::NotCaptured && !undecided) {
      return string;
    }
    const std::size_t wanted =
        gap_at(*into_, pos, clamp_size(Addr{pos}, limit - string.bytes.size() + 1));
    CString fresh = live_->read_cstring(Addr{pos}, wanted, stop);
    fresh.bytes.resize(std::min(fresh.bytes.size(), wanted));
    if (fresh.failure == Unreadable::NotCaptured) {
      keep(*into_, pos, base::as_bytes(fresh.bytes), std::nullopt);
      return recorded.read_cstring(addr, limit, stop);
    }
    if (fresh.bytes.size() < wanted && !fresh.failure) {
      // Which of the two terminators it was, the answer does not say.
      char terminator = '\0';
      if (stop != '\0') {
        const Chunk last = live_->read(Addr{pos + fresh.bytes.size()}, 1);
        terminator = base::as_chars(last.bytes) == std::string_view{&stop, 1} ? stop : '\0';
      }
      fresh.bytes.push_back(terminator);
    }
    keep(*into_, pos, base::as_bytes(fresh.bytes),
         fresh.bytes.size() < wanted ? fresh.failure : std::nullopt);
  }
}

}  // namespace boxtrace::raw
