// A path argument can mean four things. The text may go through a magic link (`/proc/self/fd/6`) or
// be relative to a descriptor or to the working directory; all of these end at a place in the
// caller's mount namespace. That place has a name outside, which differs from the first as soon as
// pivot_root has run, and a name inside the container, which exists before pivot_root already: the
// runtime works on `<rootfs>/proc` and means `/proc`.
//
// readlink of /proc/PID/fd/N is done by the tracer, from another mount namespace. The kernel then
// prints the path from the root of the mount namespace the file lives in, so it is a path "in the
// mount namespace", whatever chroot the process is in. Source: proc(5), fs/d_path.c: prepend_path.

#include <algorithm>
#include <utility>

#include "tracer/base/text.h"
#include "tracer/model/state.h"

namespace boxtrace::model {
namespace {

constexpr std::int32_t kAtFdCwd = -100;  // linux/fcntl.h

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string target_of(const raw::Syscall& syscall, std::int32_t fd) {
  for (const raw::FdTarget& known : syscall.fds) {
    if (known.fd.value == fd) {
      return known.target;
    }
  }
  return {};
}

// The rest of `/proc/self/fd/6/rest`, with its slash, and the number.
struct Magic {
  std::int32_t fd = -1;
  std::string_view rest;
};

std::optional<Magic> parse_magic(std::string_view path) {
  std::string_view rest;
  if (path.starts_with("/dev/fd/")) {
    rest = path.substr(8);
  } else if (path.starts_with("/proc/")) {
    rest = path.substr(6);
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos) {
      return std::nullopt;
    }
    const std::string_view who = rest.substr(0, slash);
    if (who != "self" && who != "thread-self" && !is_number(who)) {
      return std::nullopt;
    }
    rest = rest.substr(slash + 1);
    if (!rest.starts_with("fd/")) {
      return std::nullopt;
    }
    rest = rest.substr(3);
  } else {
    return std::nullopt;
  }
  const std::size_t slash = rest.find('/');
  const std::string_view number = rest.substr(0, slash);
  const std::optional<std::int64_t> fd = base::parse_i64(number);
  if (!fd || *fd < 0 || *fd > 0x7fffffff) {
    return std::nullopt;
  }
  return Magic{static_cast<std::int32_t>(*fd),
               slash == std::string_view::npos ? std::string_view{} : rest.substr(slash)};
}

}  // namespace

std::string normalise(std::string_view path) {
  std::vector<std::string_view> pieces;
  for (const std::string_view piece : base::split(path, '/')) {
    if (piece.empty() || piece == ".") {
      continue;
    }
    if (piece == "..") {
      if (!pieces.empty()) {
        pieces.pop_back();
      }
      continue;
    }
    pieces.push_back(piece);
  }
  std::string out;
  for (const std::string_view piece : pieces) {
    out += '/';
    out += piece;
  }
  return out.empty() ? "/" : out;
}

std::optional<std::string> below(std::string_view path, std::string_view prefix) {
  if (prefix.empty() || prefix == "/") {
    return std::string(path);
  }
  if (!path.starts_with(prefix)) {
    return std::nullopt;
  }
  const std::string_view rest = path.substr(prefix.size());
  if (rest.empty()) {
    return "/";
  }
  if (rest.front() != '/') {
    return std::nullopt;
  }
  return std::string(rest);
}

std::string join_path(std::string_view prefix, std::string_view path) {
  if (prefix.empty() || prefix == "/") {
    return std::string(path.empty() ? "/" : path);
  }
  if (path.empty() || path == "/") {
    return std::string(prefix);
  }
  return std::string(prefix) + (path.front() == '/' ? "" : "/") + std::string(path);
}

std::optional<std::int32_t> magic_fd(std::string_view path) {
  const std::optional<Magic> magic = parse_magic(path);
  return magic ? std::optional(magic->fd) : std::nullopt;
}

Path place(const Model::State& state, const Task& process, std::string given,
           std::string_view ns_path) {
  Path path{std::move(given), {}, {}};
  if (ns_path.empty() || ns_path.front() != '/') {
    path.outside = std::string(ns_path);  // `pipe:[7]`, `anon_inode:...`: no place, but a meaning
    return path;
  }
  const MountView view = state.mount_view(process);
  const std::string clean = normalise(ns_path);
  if (!view.old_root.empty()) {
    if (std::optional<std::string> old = below(clean, view.old_root)) {
      path.outside = *old;
      return path;
    }
  }
  path.outside = join_path(view.root, clean);
  if (!process.root.empty() && process.root != "/") {  // chroot
    path.inside = below(clean, process.root).value_or("");
  } else if (!view.new_root.empty()) {
    path.inside = below(clean, view.new_root).value_or("");
  } else if (view.pivoted) {
    path.inside = clean;
  }
  return path;
}

std::string ns_path_of(const Model::State& state, const Task& process, const Path& path) {
  const MountView view = state.mount_view(process);
  if (path.outside.empty() || path.outside.front() != '/') {
    return {};
  }
  if (const std::optional<std::string> in_ns = below(path.outside, view.root)) {
    return *in_ns;
  }
  return {};
}

Path resolve_path(const Model::State& state, const Task& process, const raw::Syscall& syscall,
                  std::string_view given, std::optional<std::int32_t> dirfd) {
  const std::string text(given);
  if (const std::optional<Magic> magic = parse_magic(given)) {
    const std::string target = target_of(syscall, magic->fd);
    if (!target.empty()) {
      return place(state, process, text, target + std::string(magic->rest));
    }
    return place(state, process, text, text);
  }
  if (!given.empty() && given.front() == '/') {
    return place(state, process, text, join_path(process.root, given));
  }
  std::string from = process.cwd;
  if (dirfd && *dirfd != kAtFdCwd) {
    from = target_of(syscall, *dirfd);
  }
  if (from.empty()) {
    return Path{text, {}, {}};
  }
  if (from.front() != '/') {
    return place(state, process, text, from);
  }
  return place(state, process, text, given.empty() ? from : join_path(from, "/" + text));
}

}  // namespace boxtrace::model
