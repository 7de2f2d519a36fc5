#pragma once
// The reader's side of a BPF_MAP_TYPE_RINGBUF: records that eBPF programs write on any CPU, in one
// order, read where they lie.
//
// Two numbers that only grow say how far it is written and how far we have read; a record begins
// with a word that holds its size, and a bit while its program is still at it. The kernel maps the
// pages of records twice in a row, so that each record lies in one piece. When the ring is full,
// programs are told so and nothing is overwritten.
//
// Source: kernel/bpf/ringbuf.c, bpf_ringbuf_reserve(), in bpf-helpers(7).

#include <linux/bpf.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "tracer/base/result.h"
#include "tracer/os/fd.h"

namespace boxtrace::ptrace {

class BpfRing {
 public:
  /// `size`: its max_entries, in bytes.
  [[nodiscard]] static base::Result<BpfRing> map(os::UniqueFd ring, std::size_t size);
  BpfRing(const BpfRing&) = delete;
  BpfRing& operator=(const BpfRing&) = delete;
  BpfRing(BpfRing&& other) noexcept;
  BpfRing& operator=(BpfRing&&) = delete;
  ~BpfRing();

  [[nodiscard]] int fd() const { return fd_.get(); }

  /// Calls `visit(const void* record)` for those that are complete, and gives their room back.
  template <typename Visit>
  void consume(Visit visit) {
    const std::atomic_ref written{*static_cast<std::uint64_t*>(theirs_)};
    std::atomic_ref read{*static_cast<std::uint64_t*>(ours_)};
    std::uint64_t at = read.load(std::memory_order_relaxed);
    while (at < written.load(std::memory_order_acquire)) {
      std::byte* const place = static_cast<std::byte*>(theirs_) + page_ + (at & (size_ - 1));
      const std::atomic_ref head{*reinterpret_cast<std::uint32_t*>(place)};
      const std::uint32_t state = head.load(std::memory_order_acquire);
      if ((state & BPF_RINGBUF_BUSY_BIT) != 0) {
        return;
      }
      if ((state & BPF_RINGBUF_DISCARD_BIT) == 0) {
        visit(static_cast<const void*>(place + BPF_RINGBUF_HDR_SZ));
      }
      const std::uint64_t size = state & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
      at += (size + BPF_RINGBUF_HDR_SZ + 7) & ~std::uint64_t{7};
      read.store(at, std::memory_order_release);
    }
  }

 private:
  BpfRing(os::UniqueFd fd, std::size_t size, std::size_t page, void* ours, void* theirs)
      : fd_(std::move(fd)), size_(size), page_(page), ours_(ours), theirs_(theirs) {}

  os::UniqueFd fd_;
  std::size_t size_;
  std::size_t page_;
  void* ours_;    ///< how far we have read
  void* theirs_;  ///< how far it is written; the records from the second page on
};

}  // namespace boxtrace::ptrace
