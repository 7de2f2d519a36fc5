#include "tracer/ptrace/process_memory.h"

#include <algorithm>

namespace boxtrace::ptrace {
namespace {

// Whoever asks for more at once searches a whole program, and will not come back.
constexpr std::size_t kLargeRead = std::size_t{1} << 16;
// 16 MiB a process: the tables of the largest engines, not their code.
constexpr std::size_t kMostPages = 4096;

}  // namespace

void ProcessMemory::begin_stop(base::HostTid tid) {
  tid_ = tid;
  passing_.clear();
  last_ = nullptr;
  last_address_ = 1;
}

void ProcessMemory::clear() {
  begin_stop(tid_);
  kept_.clear();
  stable_.clear();
}

void ProcessMemory::mark_stable(std::uint64_t begin, std::uint64_t end) {
  stable_.emplace_back(begin, end);
}

bool ProcessMemory::is_stable(std::uint64_t address) const {
  const auto after =
      std::upper_bound(stable_.begin(), stable_.end(), address,
                       [](std::uint64_t at, const auto& range) { return at < range.first; });
  return after != stable_.begin() && address < std::prev(after)->second;
}

const ProcessMemory::Page& ProcessMemory::page(std::uint64_t address) const {
  if (address == last_address_ && last_ != nullptr) {
    return *last_;
  }
  const bool stable = is_stable(address);
  if (stable && kept_.size() >= kMostPages) {
    kept_.clear();
  }
  auto& cache = stable ? kept_ : passing_;
  std::unique_ptr<Page>& entry = cache[address];
  if (entry == nullptr) {
    entry = std::make_unique<Page>();
    entry->size = kernel_->read_memory(tid_, address, entry->bytes).size;
  }
  last_address_ = address;
  last_ = entry.get();
  return *entry;
}

std::size_t ProcessMemory::read(std::uint64_t at, std::span<std::byte> into) const {
  if (into.size() >= kLargeRead) {
    return kernel_->read_memory(tid_, at, into).size;
  }
  std::size_t done = 0;
  while (done < into.size()) {
    const std::uint64_t from = at + done;
    const std::size_t offset = static_cast<std::size_t>(from % kPageSize);
    const Page& source = page(from - offset);
    if (offset >= source.size) {
      break;
    }
    const std::size_t take = std::min(source.size - offset, into.size() - done);
    std::copy_n(source.bytes.begin() + static_cast<std::ptrdiff_t>(offset), take,
                into.begin() + static_cast<std::ptrdiff_t>(done));
    done += take;
  }
  return done;
}

}  // namespace boxtrace::ptrace
