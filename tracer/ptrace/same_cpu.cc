#include "tracer/ptrace/same_cpu.h"

#include <linux/capability.h>
#include <sys/sysinfo.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <tuple>

#include "decoders/registry.h"
#include "tracer/base/procfs_text.h"
#include "tracer/base/text.h"
#include "tracer/os/file.h"

namespace boxtrace::ptrace {
namespace {

// They show the affinity of the caller, set it, or hand it on to a new task.
constexpr std::array kSeeing =
    std::to_array<std::string_view>({"clone", "clone3", "fork", "vfork", "io_uring_setup",
                                     "sched_getaffinity", "sched_setaffinity"});

// Enough stops of one task to say that it is alone at work, and of ever other tasks to say that
// several are.
constexpr unsigned kInARow = 3;
constexpr unsigned kApart = 3;

cpu_set_t everywhere() {
  cpu_set_t set;
  std::memset(&set, 0xff, sizeof(set));
  return set;
}

bool may_set_affinity_of_others() {
  const auto status = os::read_file("/proc/self/status");
  const auto field =
      status.ok() ? base::parse_status_field(status.value(), "CapEff") : std::nullopt;
  const auto capabilities = field ? base::parse_hex_mask(*field) : std::nullopt;
  return capabilities && (*capabilities >> CAP_SYS_NICE & 1) != 0;
}

void set_affinity(std::int32_t tid, const cpu_set_t& set) {
  // ESRCH is the only refusal there can be: the task was killed.
  std::ignore = ::sched_setaffinity(tid, sizeof(set), &set);
}

}  // namespace

void widen_after_death(const NarrowedTask& record) {
  if (const std::int32_t tid = record.tid.load(); tid != 0) {
    set_affinity(tid, everywhere());
  }
}

SameCpu::SameCpu(NarrowedTask* record) : record_(record) {
  cpus_ = ::get_nprocs();
  if (record_ != nullptr &&
      (cpus_ < 2 || !may_set_affinity_of_others() || ::sched_getscheduler(0) != SCHED_OTHER ||
       ::sched_getaffinity(0, sizeof(own_), &own_) != 0)) {
    record_ = nullptr;
  }
}

SameCpu::~SameCpu() { move_freely(); }

void SameCpu::on_stop(base::HostTid tid) {
  may_see_ = false;
  if (tid == last_) {
    ++in_a_row_;
    apart_ = 0;
    return;
  }
  last_ = tid;
  in_a_row_ = 1;
  if (++apart_ >= kApart) {
    move_freely();
  }
}

void SameCpu::on_entry(raw::Abi abi, std::uint64_t nr) {
  const decoders::SyscallSpec* const spec = decoders::find_syscall(abi, nr);
  may_see_ =
      spec == nullptr || std::find(kSeeing.begin(), kSeeing.end(), spec->name) != kSeeing.end();
}

bool SameCpu::narrow(base::HostTid tid) {
  if (record_ == nullptr || tid != last_ || in_a_row_ < kInARow || may_see_) {
    return false;
  }
  cpu_set_t its{};
  if (::sched_getaffinity(tid.value, sizeof(its), &its) != 0 || CPU_COUNT(&its) != cpus_) {
    return false;
  }
  if (!keeps_to_cpu_ && !keep_to_this_cpu()) {
    record_ = nullptr;
    return false;
  }
  record_->tid.store(tid.value);
  set_affinity(tid.value, here_);
  return true;
}

void SameCpu::widen(base::HostTid tid) {
  set_affinity(tid.value, everywhere());
  record_->tid.store(0);
}

bool SameCpu::keep_to_this_cpu() {
  sched_param lowest{};
  lowest.sched_priority = 1;
  if (::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &lowest) != 0) {
    return false;
  }
  CPU_ZERO(&here_);
  CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &here_);
  set_affinity(0, here_);
  keeps_to_cpu_ = true;
  return true;
}

void SameCpu::move_freely() {
  if (keeps_to_cpu_) {
    const sched_param none{};
    std::ignore = ::sched_setscheduler(0, SCHED_OTHER, &none);
    set_affinity(0, own_);
    keeps_to_cpu_ = false;
  }
}

}  // namespace boxtrace::ptrace
