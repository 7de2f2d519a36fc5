#include "tracer/base/procfs_text.h"

#include <charconv>

#include "tracer/base/text.h"

namespace boxtrace::base {

std::optional<NsInode> parse_ns_link(std::string_view target) {
  const std::size_t open = target.find(":[");
  if (open == std::string_view::npos || !target.ends_with(']')) {
    return std::nullopt;
  }
  const auto number = parse_u64(target.substr(open + 2, target.size() - open - 3));
  if (!number) {
    return std::nullopt;
  }
  return NsInode{*number};
}

std::optional<std::string_view> parse_status_field(std::string_view status, std::string_view name) {
  for (const std::string_view line : split(status, '\n')) {
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':')) {
      return trim(line.substr(name.size() + 1));
    }
  }
  return std::nullopt;
}

std::vector<std::uint64_t> parse_number_list(std::string_view text) {
  std::vector<std::uint64_t> numbers;
  for (const std::string_view piece : split_blanks(text)) {
    const auto number = parse_u64(piece);
    if (!number) {
      break;
    }
    numbers.push_back(*number);
  }
  return numbers;
}

std::optional<std::uint64_t> parse_hex_mask(std::string_view text) {
  return parse_u64("0x" + std::string(text));
}

std::vector<IdMapLine> parse_id_map(std::string_view text) {
  std::vector<IdMapLine> lines;
  for (const std::string_view line : split(text, '\n')) {
    const std::vector<std::uint64_t> numbers = parse_number_list(line);
    if (numbers.size() == 3) {
      lines.push_back({numbers[0], numbers[1], numbers[2]});
    }
  }
  return lines;
}

std::string parse_octal_escapes(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const std::string_view digits = text.substr(std::min(i + 1, text.size()), 3);
    const auto [end, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 8);
    const bool whole = end == digits.data() + digits.size() && digits.size() == 3;
    if (text[i] == '\\' && failure == std::errc{} && whole && value < 256) {
      out += static_cast<char>(value);
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

namespace {

bool is_below(std::string_view path, std::string_view directory) {
  return path == directory || directory == "/" ||
         (path.starts_with(directory) && path[directory.size()] == '/');
}

/// Another mount was put over it, or over a directory on the way to it, later. Mounts are listed in
/// the order in which they were made, and those that are on top of the cover come after it.
bool is_covered(const std::vector<MountInfo>& mounts, std::size_t index) {
  for (std::size_t later = index + 1; later < mounts.size(); ++later) {
    if (is_below(mounts[index].target, mounts[later].target)) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::vector<MountInfo> parse_visible_mounts(std::string_view text) {
  const auto all = parse_mountinfo(text);
  std::vector<MountInfo> visible;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!is_covered(all, i)) {
      visible.push_back(all[i]);
    }
  }
  return visible;
}

std::vector<MountInfo> parse_mountinfo(std::string_view text) {
  std::vector<MountInfo> mounts;
  for (const std::string_view line : split(text, '\n')) {
    const std::vector<std::string_view> words = split_blanks(line);
    std::size_t dash = 6;
    while (dash < words.size() && words[dash] != "-") {
      ++dash;
    }
    const auto id = words.size() > dash + 2 ? parse_u64(words[0]) : std::nullopt;
    const auto parent = id ? parse_u64(words[1]) : std::nullopt;
    if (!parent) {
      continue;
    }
    MountInfo mount;
    mount.id = *id;
    mount.parent = *parent;
    mount.device = words[2];
    mount.root = parse_octal_escapes(words[3]);
    mount.target = parse_octal_escapes(words[4]);
    mount.options = words[5];
    for (std::size_t i = 6; i < dash; ++i) {
      mount.propagation += (i > 6 ? " " : "") + std::string(words[i]);
    }
    mount.fstype = words[dash + 1];
    // The kernel prints an empty source as nothing at all, which leaves one word fewer.
    const bool has_source = words.size() > dash + 3;
    mount.source = has_source ? parse_octal_escapes(words[dash + 2]) : "";
    mount.super_options = words[has_source ? dash + 3 : dash + 2];
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

namespace {

/// Takes the word in front of the next blank, and the blank, off `rest`.
std::string_view take_word(std::string_view& rest) {
  const std::size_t end = std::min(rest.find(' '), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

std::optional<MemoryMapping> parse_mapping(std::string_view rest) {
  const std::string_view range = take_word(rest);
  const std::string_view mode = take_word(rest);
  const std::size_t dash = range.find('-');
  const auto begin = parse_hex_mask(range.substr(0, dash));
  const auto end = dash < range.size() ? parse_hex_mask(range.substr(dash + 1)) : std::nullopt;
  const auto offset = parse_hex_mask(take_word(rest));
  MemoryMapping mapping;
  mapping.device = take_word(rest);
  const auto inode = parse_u64(take_word(rest));
  if (!begin || !end || *end <= *begin || mode.size() != 4 || !offset || !inode) {
    return std::nullopt;
  }
  mapping.begin = *begin;
  mapping.end = *end;
  mapping.readable = mode[0] == 'r';
  mapping.writable = mode[1] == 'w';
  mapping.executable = mode[2] == 'x';
  mapping.offset = *offset;
  mapping.inode = *inode;
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));  // padded to a column
  mapping.path = rest;
  constexpr std::string_view kNewline = "\\012";  // the only escape; show_map_vma() in the kernel
  for (std::size_t at = 0; (at = mapping.path.find(kNewline, at)) != std::string::npos; ++at) {
    mapping.path.replace(at, kNewline.size(), "\n");
  }
  return mapping;
}

}  // namespace

std::vector<MemoryMapping> parse_maps(std::string_view text) {
  std::vector<MemoryMapping> mappings;
  for (const std::string_view line : split(text, '\n')) {
    if (auto mapping = parse_mapping(line)) {
      mappings.push_back(*std::move(mapping));
    }
  }
  return mappings;
}

std::vector<std::pair<std::string, std::string>> parse_limits(std::string_view text) {
  // The name ends where two blanks follow; the numbers are the next two words.
  std::vector<std::pair<std::string, std::string>> limits;
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t end = line.find("  ");
    if (end == std::string_view::npos || line.starts_with("Limit ")) {
      continue;
    }
    const std::vector<std::string_view> words = split_blanks(line.substr(end));
    if (words.size() >= 2) {
      limits.emplace_back(std::string(line.substr(0, end)),
                          std::string(words[0]) + ":" + std::string(words[1]));
    }
  }
  return limits;
}

}  // namespace boxtrace::base
