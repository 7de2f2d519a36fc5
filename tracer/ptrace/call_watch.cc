#include "tracer/ptrace/call_watch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <span>
#include <utility>

#include "decoders/registry.h"
#include "tracer/base/bytes.h"
#include "tracer/base/text.h"
#include "tracer/os/file.h"
#include "tracer/os/tracefs.h"

namespace boxtrace::ptrace {
namespace {

constexpr std::size_t kRingPages = 8;  // a power of two; some 300 records

// A sample is: u32 pid, tid; u64 time; u32 size of what follows; the tracepoint's fields. Of these
// the first is its id (u16), and at 8 begin `long id` and six `unsigned long` or one `long`.
constexpr std::size_t kSampleTid = 4;
constexpr std::size_t kSampleTime = 8;
constexpr std::size_t kSampleFields = 20;
constexpr std::size_t kFieldNr = kSampleFields + 8;
constexpr std::size_t kFieldRest = kSampleFields + 16;

std::size_t page_size() {
  static const auto kSize = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return kSize;
}

void on_sigio(int /*signal*/) {}

base::Result<std::uint64_t> tracepoint_id(os::BorrowedFd tracefs, const std::string& name) {
  TRY(const std::string text, os::read_file_at(tracefs, "events/raw_syscalls/" + name + "/id"));
  const auto id = base::parse_u64(base::trim(text));
  if (!id) {
    return base::Error{0, "the id of the tracepoint " + name + " is no number", ""};
  }
  return *id;
}

base::Result<os::UniqueFd> open_event(base::HostTid tid, std::uint64_t id,
                                      const std::string& filter) {
  perf_event_attr attr{};
  attr.size = sizeof(attr);
  attr.type = PERF_TYPE_TRACEPOINT;
  attr.config = id;
  attr.sample_period = 1;
  attr.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_RAW;
  attr.disabled = 1;
  attr.wakeup_events = 1;
  attr.use_clockid = 1;
  attr.clockid = CLOCK_MONOTONIC;
  os::UniqueFd event{static_cast<int>(
      ::syscall(SYS_perf_event_open, &attr, tid.value, -1, -1, PERF_FLAG_FD_CLOEXEC))};
  if (!event) {
    return os::errno_error("perf_event_open()");
  }
  if (::ioctl(event.get(), PERF_EVENT_IOC_SET_FILTER, filter.c_str()) != 0) {
    return os::errno_error("ioctl(PERF_EVENT_IOC_SET_FILTER)");
  }
  const f_owner_ex us{F_OWNER_TID, ::gettid()};
  if (::fcntl(event.get(), F_SETOWN_EX, &us) != 0 ||
      ::fcntl(event.get(), F_SETFL, O_NONBLOCK | O_ASYNC) != 0) {
    return os::errno_error("fcntl(O_ASYNC)");
  }
  return event;
}

}  // namespace

/// Two events of a thread, and the ring that both write into.
class CallWatch::Ring {
 public:
  static base::Result<std::unique_ptr<Ring>> open(base::HostTid tid, const CallWatch& watch) {
    TRY(os::UniqueFd entry, open_event(tid, watch.entry_id_, watch.filter_));
    TRY(os::UniqueFd exit, open_event(tid, watch.exit_id_, watch.filter_));
    void* const memory = ::mmap(nullptr, (1 + kRingPages) * page_size(), PROT_READ | PROT_WRITE,
                                MAP_SHARED, entry.get(), 0);
    if (memory == MAP_FAILED) {
      return os::errno_error("mmap() of a perf event");
    }
    auto ring = std::make_unique<Ring>(tid, std::move(entry), std::move(exit), memory);
    if (::ioctl(ring->exit_.get(), PERF_EVENT_IOC_SET_OUTPUT, ring->entry_.get()) != 0 ||
        ::ioctl(ring->exit_.get(), PERF_EVENT_IOC_ENABLE, 0) != 0 ||
        ::ioctl(ring->entry_.get(), PERF_EVENT_IOC_ENABLE, 0) != 0) {
      return os::errno_error("ioctl() of a perf event");
    }
    return ring;
  }

  Ring(base::HostTid tid, os::UniqueFd entry, os::UniqueFd exit, void* memory)
      : tid_(tid), entry_(std::move(entry)), exit_(std::move(exit)), memory_(memory) {}
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  Ring(Ring&&) = delete;
  Ring& operator=(Ring&&) = delete;
  ~Ring() { ::munmap(memory_, (1 + kRingPages) * page_size()); }

  [[nodiscard]] bool has_news() const {
    return std::atomic_ref{page()->data_head}.load(std::memory_order_acquire) != page()->data_tail;
  }

  void take(std::uint64_t entry_id, std::vector<WatchedCall>& into) {
    const std::uint64_t head = std::atomic_ref{page()->data_head}.load(std::memory_order_acquire);
    std::uint64_t tail = page()->data_tail;
    while (tail < head) {
      perf_event_header header{};
      copy(tail, std::as_writable_bytes(std::span{&header, 1}));
      std::vector<std::byte> body(header.size - sizeof(header));
      copy(tail + sizeof(header), body);
      add_record(header.type, body, entry_id, into);
      tail += header.size;
    }
    std::atomic_ref{page()->data_tail}.store(tail, std::memory_order_release);
  }

 private:
  [[nodiscard]] perf_event_mmap_page* page() const {
    return static_cast<perf_event_mmap_page*>(memory_);
  }

  // A record may begin at the end of the ring and go on at its beginning.
  void copy(std::uint64_t from, std::span<std::byte> into) const {
    const std::byte* const ring = static_cast<const std::byte*>(memory_) + page_size();
    for (std::size_t i = 0; i < into.size(); ++i) {
      into[i] = ring[(from + i) % (kRingPages * page_size())];
    }
  }

  void add_record(std::uint32_t type, const std::vector<std::byte>& body, std::uint64_t entry_id,
                  std::vector<WatchedCall>& into) const {
    const auto word = [&body](std::size_t at) {
      return base::read_le<std::uint64_t>(body, at).value_or(0);
    };
    WatchedCall call;
    call.tid = tid_;
    if (type == PERF_RECORD_LOST) {
      call.kind = WatchedCall::Kind::Lost;
      call.nr = word(8);  // u64 id; u64 lost
      call.time = into.empty() ? 0 : into.back().time;
      into.push_back(call);
    }
    // A thread that a watched one has made is not watched by the event, but be sure.
    const auto tid = base::read_le<std::uint32_t>(body, kSampleTid);
    if (type != PERF_RECORD_SAMPLE || tid != static_cast<std::uint32_t>(tid_.value)) {
      return;
    }
    const bool is_entry = base::read_le<std::uint16_t>(body, kSampleFields) == entry_id;
    call.kind = is_entry ? WatchedCall::Kind::Entry : WatchedCall::Kind::Exit;
    call.time = static_cast<std::int64_t>(word(kSampleTime));
    call.nr = word(kFieldNr);
    if (is_entry) {
      for (std::size_t i = 0; i < call.args.size(); ++i) {
        call.args.at(i) = word(kFieldRest + 8 * i);
      }
    } else {
      call.result = static_cast<std::int64_t>(word(kFieldRest));
    }
    into.push_back(call);
  }

  base::HostTid tid_;
  os::UniqueFd entry_;
  os::UniqueFd exit_;
  void* memory_;
};

CallWatch::CallWatch(std::uint64_t entry_id, std::uint64_t exit_id, std::string filter)
    : entry_id_(entry_id), exit_id_(exit_id), filter_(std::move(filter)) {
  struct sigaction nothing {};
  nothing.sa_handler = on_sigio;  // no SA_RESTART: wait4 must return
  ::sigaction(SIGIO, &nothing, &old_action_);
}

CallWatch::~CallWatch() {
  rings_.clear();
  // One that is on its way would kill us under the default action.
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGIO, &ignore, nullptr);
  ::sigaction(SIGIO, &old_action_, nullptr);
}

base::Result<std::unique_ptr<CallWatch>> CallWatch::open(
    const std::vector<std::string_view>& names) {
  std::string filter;
  for (const std::string_view name : names) {
    for (const decoders::SyscallSpec* spec : decoders::find_syscalls(name)) {
      if (const int nr = decoders::number_in(*spec, kWatchedAbi); nr >= 0) {
        filter += fmt::format("{}id == {}", filter.empty() ? "" : " || ", nr);
      }
    }
  }
  TRY(const os::UniqueFd tracefs, os::open_tracefs());
  TRY(const std::uint64_t entry, tracepoint_id(tracefs, "sys_enter"));
  TRY(const std::uint64_t exit, tracepoint_id(tracefs, "sys_exit"));
  return std::unique_ptr<CallWatch>{new CallWatch{entry, exit, std::move(filter)}};
}

base::Result<void> CallWatch::add(base::HostTid tid) {
  TRY(auto ring, Ring::open(tid, *this));
  rings_[tid] = std::move(ring);
  return {};
}

void CallWatch::remove(base::HostTid tid) { rings_.erase(tid); }

bool CallWatch::has_news_of(base::HostTid tid) const {
  const auto ring = rings_.find(tid);
  return ring != rings_.end() && ring->second->has_news();
}

std::vector<WatchedCall> CallWatch::take() {
  std::vector<WatchedCall> calls;
  for (const auto& [tid, ring] : rings_) {
    if (ring->has_news()) {
      ring->take(entry_id_, calls);
    }
  }
  std::stable_sort(calls.begin(), calls.end(),
                   [](const WatchedCall& a, const WatchedCall& b) { return a.time < b.time; });
  return calls;
}

}  // namespace boxtrace::ptrace
