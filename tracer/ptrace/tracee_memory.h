#pragma once
// A stopped tracee's memory, as raw::Memory: what decoders see live.

#include "tracer/ptrace/kernel.h"
#include "tracer/raw/memory.h"

namespace boxtrace::ptrace {

class TraceeMemory final : public raw::Memory {
 public:
  /// Keeps a reference: `kernel` must outlive this object.
  TraceeMemory(Kernel& kernel, base::HostTid tid) : kernel_(&kernel), tid_(tid) {}

  [[nodiscard]] raw::Chunk read(base::Addr addr, std::size_t size) const override;
  /// Reads up to the end of a page at a time, so that a string in front of an unmapped page is
  /// found, and a short one costs one call.
  [[nodiscard]] raw::CString read_cstring(base::Addr addr, std::size_t limit,
                                          char stop) const override;

 private:
  Kernel* kernel_;
  base::HostTid tid_;
};

}  // namespace boxtrace::ptrace
