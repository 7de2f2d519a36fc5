// Option words. mount(8) and the OCI specification speak of one list of words, but the kernel has
// four different doors for them, and a word sent through the wrong one is refused or, worse,
// ignored:
//
//   - flags of mount(2): `ro`, `nosuid`. For a bind mount they count only in a second call with
//     MS_REMOUNT; the first one ignores all but MS_BIND and MS_REC.
//   - propagation: `rslave`. A call of its own, which must carry no other flag.
//   - recursive attributes: `rro`. Only mount_setattr(2) with AT_RECURSIVE can apply them to the
//     mounts below a bind mount; plain `ro` on `rbind` leaves those writable.
//   - text for the filesystem: `size=64k`. Everything that is none of the above.
//
// Sources: mount(2); mount(8), "Filesystem-independent mount options"; mount_setattr(2);
// runtime-spec config.md, "Linux mount options".

#include "runtime/config/mount_options.h"

#include <sys/mount.h>

#include <algorithm>
#include <array>

namespace boxrun::config {
namespace {

struct FlagWord {
  std::string_view word;
  bool clear;
  std::uint64_t flag;
};

constexpr std::array kFlagWords = {
    FlagWord{"async", true, MS_SYNCHRONOUS},
    FlagWord{"atime", true, MS_NOATIME},
    FlagWord{"bind", false, MS_BIND},
    FlagWord{"defaults", false, 0},
    FlagWord{"dev", true, MS_NODEV},
    FlagWord{"diratime", true, MS_NODIRATIME},
    FlagWord{"dirsync", false, MS_DIRSYNC},
    FlagWord{"exec", true, MS_NOEXEC},
    FlagWord{"iversion", false, MS_I_VERSION},
    FlagWord{"lazytime", false, MS_LAZYTIME},
    FlagWord{"loud", true, MS_SILENT},
    FlagWord{"mand", false, MS_MANDLOCK},
    FlagWord{"noatime", false, MS_NOATIME},
    FlagWord{"nodev", false, MS_NODEV},
    FlagWord{"nodiratime", false, MS_NODIRATIME},
    FlagWord{"noexec", false, MS_NOEXEC},
    FlagWord{"noiversion", true, MS_I_VERSION},
    FlagWord{"nolazytime", true, MS_LAZYTIME},
    FlagWord{"nomand", true, MS_MANDLOCK},
    FlagWord{"norelatime", true, MS_RELATIME},
    FlagWord{"nostrictatime", true, MS_STRICTATIME},
    FlagWord{"nosuid", false, MS_NOSUID},
    FlagWord{"nosymfollow", false, MS_NOSYMFOLLOW},
    FlagWord{"rbind", false, MS_BIND | MS_REC},
    FlagWord{"relatime", false, MS_RELATIME},
    FlagWord{"remount", false, MS_REMOUNT},
    FlagWord{"ro", false, MS_RDONLY},
    FlagWord{"rw", true, MS_RDONLY},
    FlagWord{"silent", false, MS_SILENT},
    FlagWord{"strictatime", false, MS_STRICTATIME},
    FlagWord{"suid", true, MS_NOSUID},
    FlagWord{"symfollow", true, MS_NOSYMFOLLOW},
    FlagWord{"sync", false, MS_SYNCHRONOUS},
};

constexpr std::array kPropagationWords = {
    FlagWord{"private", false, MS_PRIVATE},
    FlagWord{"rprivate", false, MS_PRIVATE | MS_REC},
    FlagWord{"rshared", false, MS_SHARED | MS_REC},
    FlagWord{"rslave", false, MS_SLAVE | MS_REC},
    FlagWord{"runbindable", false, MS_UNBINDABLE | MS_REC},
    FlagWord{"shared", false, MS_SHARED},
    FlagWord{"slave", false, MS_SLAVE},
    FlagWord{"unbindable", false, MS_UNBINDABLE},
};

// The attributes of mount_setattr(2). The access time is one field of several bits, so that every
// word about it first clears the whole field.
constexpr std::array kRecursiveWords = {
    FlagWord{"ratime", true, MOUNT_ATTR_NOATIME},
    FlagWord{"rdev", true, MOUNT_ATTR_NODEV},
    FlagWord{"rdiratime", true, MOUNT_ATTR_NODIRATIME},
    FlagWord{"rexec", true, MOUNT_ATTR_NOEXEC},
    FlagWord{"rnoatime", false, MOUNT_ATTR_NOATIME},
    FlagWord{"rnodev", false, MOUNT_ATTR_NODEV},
    FlagWord{"rnodiratime", false, MOUNT_ATTR_NODIRATIME},
    FlagWord{"rnoexec", false, MOUNT_ATTR_NOEXEC},
    FlagWord{"rnorelatime", true, MOUNT_ATTR_RELATIME},
    FlagWord{"rnostrictatime", true, MOUNT_ATTR_STRICTATIME},
    FlagWord{"rnosuid", false, MOUNT_ATTR_NOSUID},
    FlagWord{"rnosymfollow", false, MOUNT_ATTR_NOSYMFOLLOW},
    FlagWord{"rrelatime", false, MOUNT_ATTR_RELATIME},
    FlagWord{"rro", false, MOUNT_ATTR_RDONLY},
    FlagWord{"rrw", true, MOUNT_ATTR_RDONLY},
    FlagWord{"rstrictatime", false, MOUNT_ATTR_STRICTATIME},
    FlagWord{"rsuid", true, MOUNT_ATTR_NOSUID},
    FlagWord{"rsymfollow", true, MOUNT_ATTR_NOSYMFOLLOW},
};

template <typename Words>
const FlagWord* find_word(const Words& words, std::string_view word) {
  const auto* found = std::ranges::find(words, word, &FlagWord::word);
  return found == words.end() ? nullptr : found;
}

bool is_access_time(std::string_view recursive_word) {
  return recursive_word.ends_with("atime") && !recursive_word.ends_with("diratime");
}

void apply_recursive(const FlagWord& word, MountOptions& options) {
  if (is_access_time(word.word)) {
    options.recursive_set &= ~std::uint64_t{MOUNT_ATTR__ATIME};
    options.recursive_clear |= MOUNT_ATTR__ATIME;
    options.recursive_set |= word.clear ? 0 : word.flag;
  } else if (word.clear) {
    options.recursive_set &= ~word.flag;
    options.recursive_clear |= word.flag;
  } else {
    options.recursive_set |= word.flag;
    options.recursive_clear &= ~word.flag;
  }
}

}  // namespace

MountOptions parse_mount_options(const std::vector<std::string>& words) {
  MountOptions options;
  for (const std::string& word : words) {
    if (const FlagWord* flag = find_word(kFlagWords, word)) {
      if (flag->clear) {
        options.set_flags &= ~flag->flag;
        options.clear_flags |= flag->flag;
      } else {
        options.set_flags |= flag->flag;
        options.clear_flags &= ~flag->flag;
      }
    } else if (const FlagWord* propagation = find_word(kPropagationWords, word)) {
      options.propagation.push_back(propagation->flag);
    } else if (const FlagWord* recursive = find_word(kRecursiveWords, word)) {
      apply_recursive(*recursive, options);
    } else if (word == "tmpcopyup") {
      options.tmpcopyup = true;
    } else if (word == "idmap") {
      options.idmap = true;
    } else if (word == "ridmap") {
      options.recursive_idmap = true;
    } else {
      options.filesystem += options.filesystem.empty() ? word : "," + word;
    }
  }
  return options;
}

std::string render_mount_flags(std::uint64_t flags) {
  if ((flags & MS_BIND) != 0 && (flags & MS_REC) != 0) {
    flags &= ~std::uint64_t{MS_BIND | MS_REC};
    const std::string rest = render_mount_flags(flags);
    return rest.empty() ? "rbind" : "rbind," + rest;
  }
  std::vector<std::string> names;
  for (const FlagWord& word : kFlagWords) {
    if (!word.clear && word.flag != 0 && word.word != "rbind" && (flags & word.flag) == word.flag) {
      names.emplace_back(word.word);
    }
  }
  for (const FlagWord& word : kPropagationWords) {
    const std::uint64_t kinds = MS_SHARED | MS_SLAVE | MS_PRIVATE | MS_UNBINDABLE;
    if ((flags & kinds) != 0 && (flags & (kinds | MS_REC)) == word.flag) {
      names.emplace_back(word.word);
    }
  }
  return base::join(names, ",");
}

std::vector<std::string> mount_option_words() {
  std::vector<std::string> words = {"idmap", "ridmap", "tmpcopyup"};
  const auto add = [&words](const auto& table) {
    for (const FlagWord& word : table) {
      words.emplace_back(word.word);
    }
  };
  add(kFlagWords);
  add(kPropagationWords);
  add(kRecursiveWords);
  std::ranges::sort(words);
  return words;
}

}  // namespace boxrun::config
