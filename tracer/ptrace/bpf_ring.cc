#include "tracer/ptrace/bpf_ring.h"

#include <sys/mman.h>
#include <unistd.h>

#include <utility>

#include "tracer/os/file.h"

namespace boxtrace::ptrace {

base::Result<BpfRing> BpfRing::map(os::UniqueFd ring, std::size_t size) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const ours = ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, ring.get(), 0);
  if (ours == MAP_FAILED) {
    return os::errno_error("mmap() of the reader's page of a BPF_MAP_TYPE_RINGBUF");
  }
  void* const theirs =
      ::mmap(nullptr, page + 2 * size, PROT_READ, MAP_SHARED, ring.get(), static_cast<off_t>(page));
  if (theirs == MAP_FAILED) {
    base::Error error = os::errno_error("mmap() of the records of a BPF_MAP_TYPE_RINGBUF");
    ::munmap(ours, page);
    return error;
  }
  return BpfRing{std::move(ring), size, page, ours, theirs};
}

BpfRing::BpfRing(BpfRing&& other) noexcept
    : fd_(std::move(other.fd_)),
      size_(other.size_),
      page_(other.page_),
      ours_(std::exchange(other.ours_, nullptr)),
      theirs_(std::exchange(other.theirs_, nullptr)) {}

BpfRing::~BpfRing() {
  if (ours_ != nullptr) {
    ::munmap(ours_, page_);
    ::munmap(theirs_, page_ + 2 * size_);
  }
}

}  // namespace boxtrace::ptrace
