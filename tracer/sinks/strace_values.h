#pragma once
// Values in strace's notation. It is near to ours (decoders/render.h) by intention, and where it is
// not, the reason is history: sets of signals without commas, `1<<CAP_KILL`, htons(). Most of that
// hangs on the name of a struct's member and is the same in every call; what belongs to one call
// alone is in strace_calls.h.

#include <functional>
#include <string>
#include <string_view>

#include "decoders/value.h"
#include "tracer/raw/event.h"
#include "tracer/sinks/strace_options.h"

namespace boxtrace::sinks {

class StraceValues {
 public:
  explicit StraceValues(const StraceOptions& options) : options_(&options) {}

  /// `syscall` has the targets of descriptors (-y); null where there is no call.
  [[nodiscard]] std::string render(const decoders::Value& value, const raw::Syscall* syscall) const;

  /// `"text"...`: at most -s bytes, if `limited`; escapes as -x asks.
  [[nodiscard]] std::string quote(std::string_view bytes, bool limited, bool truncated) const;

  /// `3`, with -y `3</etc/passwd>`.
  [[nodiscard]] std::string descriptor(const decoders::Fd& fd, const raw::Syscall* syscall) const;

  /// The same of a descriptor that the call has made from another: what that refers to.
  [[nodiscard]] std::string duplicate(std::int32_t fd, std::int32_t original,
                                      const raw::Syscall& syscall) const;

  /// `S_IFREG|0644`; as -X asks.
  [[nodiscard]] std::string mode(std::uint64_t raw) const;

  /// `A|B`, `0x7 /* A_??? */`; as -X asks.
  [[nodiscard]] std::string flags(const decoders::Flags& flags) const;
  [[nodiscard]] std::string symbol(const decoders::Symbol& symbol) const;

  /// ` /* 1970-01-01T00:00:01+0000 */`; empty for the time 0.
  [[nodiscard]] std::string date(std::int64_t seconds, std::int64_t nanoseconds) const;

  /// What to write behind a process id as the caller of `syscall` sees it: `<sh>`, or the id that
  /// we know the process by.
  using PidNote = std::function<std::string(std::int32_t pid)>;
  void annotate_pids(PidNote note) { pid_note_ = std::move(note); }
  [[nodiscard]] std::string process(std::int32_t pid) const;

  [[nodiscard]] const StraceOptions& options() const { return *options_; }

 private:
  const StraceOptions* options_;
  PidNote pid_note_;
};

struct Calendar {
  int year;
  unsigned month, day;
  int hour, minute, second;
};
/// A time in seconds since 1970 as a date, without any time zone.
[[nodiscard]] Calendar make_calendar(std::int64_t seconds);

/// `makedev(0x1, 0x3)`. Source: linux/kdev_t.h: new_decode_dev.
[[nodiscard]] std::string render_strace_device(std::uint64_t device);

}  // namespace boxtrace::sinks
