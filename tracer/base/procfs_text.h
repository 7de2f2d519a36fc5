#pragma once
// Parsers of what /proc prints: text in, values out, no file access. Total: a line that does not
// look as proc(5) describes is left out of lists, and a missing field keeps its default.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tracer/base/ids.h"

namespace boxtrace::base {

/// The inode in the target of a namespace link, `mnt:[4026531841]`; nothing on any other text.
[[nodiscard]] std::optional<NsInode> parse_ns_link(std::string_view target);

/// The value of `Name:` in text of lines `Name:\tvalue`, trimmed; nothing when there is no such
/// line.
[[nodiscard]] std::optional<std::string_view> parse_status_field(std::string_view status,
                                                                 std::string_view name);

/// All numbers of a blank-separated list; stops at the first piece that is none.
[[nodiscard]] std::vector<std::uint64_t> parse_number_list(std::string_view text);

/// A hexadecimal mask without prefix, as in `CapEff:\t000001ffffffffff`.
[[nodiscard]] std::optional<std::uint64_t> parse_hex_mask(std::string_view text);

/// One line of uid_map or gid_map: `count` ids from `inside` on are `outside` and following in the
/// user namespace of the reader. Source: user_namespaces(7).
struct IdMapLine {
  std::uint64_t inside = 0;
  std::uint64_t outside = 0;
  std::uint64_t count = 0;
  friend bool operator==(const IdMapLine&, const IdMapLine&) = default;
};
[[nodiscard]] std::vector<IdMapLine> parse_id_map(std::string_view text);

/// One line of mountinfo. Source: proc(5), /proc/pid/mountinfo. Octal escapes are undone.
struct MountInfo {
  std::uint64_t id = 0;
  std::uint64_t parent = 0;
  std::string device;       ///< `major:minor`
  std::string root;         ///< the part of the filesystem that is mounted
  std::string target;       ///< relative to the task's root
  std::string options;      ///< per mount
  std::string propagation;  ///< optional fields: `shared:1 master:2`, empty for private
  std::string fstype;
  std::string source;
  std::string super_options;
  friend bool operator==(const MountInfo&, const MountInfo&) = default;
};
[[nodiscard]] std::vector<MountInfo> parse_mountinfo(std::string_view text);
/// Those of them that a path reaches: no later mount covers them.
[[nodiscard]] std::vector<MountInfo> parse_visible_mounts(std::string_view text);

/// Undoes the octal escapes of mountinfo: `\040` is a blank.
[[nodiscard]] std::string parse_octal_escapes(std::string_view text);

/// One line of /proc/PID/maps. Source: proc(5).
struct MemoryMapping {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;  ///< exclusive, above `begin`
  bool readable = false, writable = false, executable = false;
  std::uint64_t offset = 0;  ///< in the file
  std::string device;        ///< `fe:00`
  std::uint64_t inode = 0;   ///< 0: not of a file
  std::string path;          ///< ` (deleted)` at its end is the kernel's; `[vdso]`; or empty
  [[nodiscard]] bool contains(std::uint64_t at) const { return begin <= at && at < end; }
  friend bool operator==(const MemoryMapping&, const MemoryMapping&) = default;
};
[[nodiscard]] std::vector<MemoryMapping> parse_maps(std::string_view text);

/// Rows of /proc/PID/limits: the limit's name (`Max open files`) and `soft:hard`.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> parse_limits(std::string_view text);

}  // namespace boxtrace::base
