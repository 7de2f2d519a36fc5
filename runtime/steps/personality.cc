// What a process carries through execve(2) unseen: its execution domain and where its memory comes
// from.
//
// A personality changes what uname(2) answers (PER_LINUX32: the name of the 32-bit machine) and how
// memory is laid out; set-user-ID programs reset the dangerous bits, not the domain. A memory
// policy names the NUMA nodes of all pages that are touched from now on.
//
// Sources: personality(2); set_mempolicy(2); runtime-spec config-linux.md, "Personality".

#include <errno.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

#include "runtime/steps/steps.h"

namespace boxrun::steps {
namespace {

constexpr std::size_t kMaxNodes = 1024;
constexpr std::size_t kBitsPerWord = sizeof(unsigned long) * CHAR_BIT;

}  // namespace

Outcome run(const plan::SetPersonality& step, Inside&) {
  if (::personality(step.domain) < 0) {
    return Outcome::refused(errno, "personality(0x%x)", step.domain);
  }
  return Outcome::done();
}

Outcome run(const plan::SetMemoryPolicy& step, Inside&) {
  std::array<unsigned long, kMaxNodes / kBitsPerWord> mask{};
  unsigned long bits = 0;
  for (const std::uint32_t node : step.policy.nodes) {
    mask[node / kBitsPerWord] |= 1UL << (node % kBitsPerWord);
    bits = std::max(bits, static_cast<unsigned long>(node) + 1);
  }
  // The kernel reads one bit less than it is told: get_nodes() decrements.
  if (::syscall(SYS_set_mempolicy, step.policy.mode, bits == 0 ? nullptr : mask.data(),
                bits == 0 ? 0 : bits + 1) == 0) {
    return Outcome::done();
  }
  const int err = errno;
  return Outcome::refused(err, "set_mempolicy(%s, %zu nodes)", step.policy.name.c_str(),
                          step.policy.nodes.size())
      .hint("%s", err == EINVAL   ? "the mode may want nodes, or none; see /sys/devices/system/node"
                  : err == ENOSYS ? "this kernel is built without NUMA"
                                  : "");
}

}  // namespace boxrun::steps
