#include "tracer/ptrace/tracee_memory.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

namespace boxtrace::ptrace {
namespace {

// Most paths are shorter; an argument that is longer costs a second call.
constexpr std::size_t kFirstPiece = 256;
constexpr std::size_t kPageSize = 4096;
// A decoder asks for what a size argument says, which may be anything. Grow with what is there.
constexpr std::size_t kGrowth = std::size_t{1} << 20;

raw::Unreadable reason(int err) {
  switch (err) {
    case ESRCH:
      return raw::Unreadable::Gone;
    case EPERM:
    case EACCES:
      return raw::Unreadable::NotDumpable;
    default:
      return raw::Unreadable::Fault;
  }
}

}  // namespace

raw::Chunk TraceeMemory::read(base::Addr addr, std::size_t size) const {
  raw::Chunk chunk;
  while (chunk.bytes.size() < size) {
    const std::size_t have = chunk.bytes.size();
    chunk.bytes.resize(have + std::min(size - have, kGrowth));
    const MemoryRead got =
        kernel_->read_memory(tid_, addr.value + have, std::span{chunk.bytes}.subspan(have));
    chunk.bytes.resize(have + got.size);
    if (got.err != 0) {
      chunk.failure = reason(got.err);
      break;
    }
  }
  return chunk;
}

raw::CString TraceeMemory::read_cstring(base::Addr addr, std::size_t limit, char stop) const {
  raw::CString text;
  std::array<std::byte, kPageSize> buffer{};
  std::size_t want = kFirstPiece;
  std::uint64_t at = addr.value;
  // One byte more than the limit: it tells whether the string ends there.
  while (text.bytes.size() <= limit) {
    const std::size_t to_page_end = kPageSize - static_cast<std::size_t>(at % kPageSize);
    const std::size_t take = std::min({want, to_page_end, limit + 1 - text.bytes.size()});
    const MemoryRead got = kernel_->read_memory(tid_, at, std::span{buffer}.first(take));
    const std::string_view piece =
        base::as_chars(std::span<const std::byte>{buffer}.first(got.size));
    const auto end =
        std::find_if(piece.begin(), piece.end(), [stop](char c) { return c == '\0' || c == stop; });
    text.bytes.append(piece.begin(), end);
    if (end != piece.end()) {
      return text;
    }
    if (got.err != 0 && text.bytes.size() < limit) {
      text.failure = reason(got.err);
      return text;
    }
    if (got.err != 0) {
      break;
    }
    at += take;
    want = kPageSize;
  }
  text.bytes.resize(limit);
  text.truncated = true;
  return text;
}

}  // namespace boxtrace::ptrace
