#pragma once
// The memory of a stopped process in pages. An unwinder asks for some hundred words, most of them
// in a few pages of stack and of tables; each page is fetched once. Pages of files that the process
// cannot write to stay good from stop to stop.

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tracer/ptrace/kernel.h"
#include "tracer/stacks/byte_source.h"

namespace boxtrace::ptrace {

class ProcessMemory final : public stacks::ByteSource {
 public:
  /// Keeps a reference.
  explicit ProcessMemory(Kernel& kernel) : kernel_(&kernel) {}

  /// A thread of the process is stopped: read through it from now on. What can have changed since
  /// the last stop is forgotten.
  void begin_stop(base::HostTid tid);
  /// Forgets everything: the process has other mappings now.
  void clear();

  /// Pages in `[begin, end)` cannot change while the mappings stay.
  void mark_stable(std::uint64_t begin, std::uint64_t end);

  [[nodiscard]] std::size_t read(std::uint64_t at, std::span<std::byte> into) const override;

 private:
  static constexpr std::size_t kPageSize = 4096;
  struct Page {
    std::size_t size = 0;  ///< 0: cannot be read
    std::array<std::byte, kPageSize> bytes{};
  };
  [[nodiscard]] const Page& page(std::uint64_t address) const;
  [[nodiscard]] bool is_stable(std::uint64_t address) const;

  Kernel* kernel_;
  base::HostTid tid_{};
  std::vector<std::pair<std::uint64_t, std::uint64_t>> stable_;  ///< sorted
  // A cache: reading does not change what is read.
  mutable std::unordered_map<std::uint64_t, std::unique_ptr<Page>> kept_;
  mutable std::unordered_map<std::uint64_t, std::unique_ptr<Page>> passing_;
  mutable std::uint64_t last_address_ = 1;
  mutable const Page* last_ = nullptr;
};

}  // namespace boxtrace::ptrace
