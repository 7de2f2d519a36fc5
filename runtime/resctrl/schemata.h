#pragma once
// The lines of the file `schemata`: what part of each cache and of the memory bandwidth a group may
// use, `L3:0=7f0;1=1f`. Pure.
//
// What is read is not what was written: the kernel pads names with blanks and masks with zeros,
// lists every cache, and rounds bandwidth up to what the hardware can do. So lines are compared by
// their values, for the caches that the wish mentions.
//
// Source: Documentation/filesystems/resctrl.rst, "Schemata files - general concepts"; Linux,
// fs/resctrl/ctrlmondata.c: show_doms(), bw_validate().

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace boxrun::resctrl {

/// The lines of the file, without the blanks around them.
[[nodiscard]] std::vector<std::string> parse_schemata(std::string_view text);

/// The line of that resource, or nothing. @param name  `L3`
[[nodiscard]] std::optional<std::string> find_schema(const std::vector<std::string>& schemata,
                                                     std::string_view name);
/// `L3` of `L3:0=f`.
[[nodiscard]] std::string_view name_of_schema(std::string_view line);

/// Whether a group has what a line asks for.
///
/// @param step  bandwidth is rounded up to a multiple of it; 0: it is not
[[nodiscard]] bool has_values(std::string_view present, std::string_view wish, std::uint64_t step);

}  // namespace boxrun::resctrl
