#pragma once
// How strace's text looks: what strace(1) lets its user choose, in its own terms. What to trace at
// all is a filter of its own, strace_filter.h.

#include <cstddef>
#include <cstdint>
#include <optional>

namespace boxtrace::sinks {

struct StraceOptions {
  std::size_t string_limit = 32;  ///< -s
  std::size_t column = 40;        ///< -a: where results begin
  // The next three differ from call to call, see StraceFilter.
  bool unabbreviated = false;  ///< -v, -e abbrev=
  bool dereferenced = true;    ///< -e verbose=: structs are taken apart
  bool raw = false;            ///< -e raw=: arguments are numbers

  enum class Hex : std::uint8_t {
    None,           ///< octal escapes for what is no printable ASCII
    NonAsciiChars,  ///< hexadecimal escapes in their place
    NonAscii,       ///< -x: strings that hold such a character, wholly in hexadecimal
    All,            ///< -xx
  };
  Hex hex = Hex::None;

  enum class Constants : std::uint8_t { Abbreviated, Raw, Verbose };
  Constants constants = Constants::Abbreviated;  ///< -X

  bool fd_paths = false;        ///< -y
  bool fd_sockets = false;      ///< -yy: addresses of sockets,
  bool fd_devices = false;      ///< numbers of devices,
  bool fd_pids = false;         ///< processes of pidfds
  bool pid_comm = false;        ///< -Y
  bool pid_namespaces = false;  ///< --decode-pids=pidns

  /// Digits behind the decimal point of a time: 0, 3, 6 or 9.
  using Precision = std::uint8_t;
  enum class Clock : std::uint8_t { None, TimeOfDay, Unix };
  Clock clock = Clock::None;  ///< -t, -tt, -ttt
  Precision clock_precision = 0;
  std::optional<Precision> relative;  ///< -r
  std::optional<Precision> duration;  ///< -T
  bool call_number = false;           ///< -n
  bool instruction_pointer = false;   ///< -i

  bool follow = false;  ///< -f: children too, else only the command itself
  /// Lines begin with a pid: with -f, or if several processes are attached to.
  bool tells_pids = false;
  bool separate = false;  ///< -ff with -o: a file per process, which needs no pids in lines
  bool to_file = false;   ///< -o: pids are written `123 `, not `[pid 123] `

  /// How far local time is ahead of UTC, in seconds, at a time in seconds since 1970. Only the
  /// caller knows the time zone.
  std::int64_t (*utc_offset)(std::int64_t seconds) = [](std::int64_t) { return std::int64_t{0}; };

  enum class Summary : std::uint8_t { None, Only, Also };
  Summary summary = Summary::None;  ///< -c, -C
  bool stacks = false;              ///< -k

  /// -q, -e quiet=
  bool quiet_attach = false;
  bool quiet_exit = false;
  bool quiet_superseded = false;
  bool quiet_personality = false;
  bool quiet_paths = false;
};

}  // namespace boxtrace::sinks
