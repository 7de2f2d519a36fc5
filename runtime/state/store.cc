#include "runtime/state/store.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "runtime/cgroup/freezer.h"
#include "tracer/os/file.h"

namespace boxrun::state {
namespace {

/// What can be done about a state directory that takes no more.
Error explain_full(Error error) {
  if (error.err == ENOSPC || error.err == EDQUOT) {
    error.hint =
        "the state directory is full: see `df` and `df -i` for it, or choose another one with "
        "--root";
  } else if (error.err == EROFS) {
    error.hint = "choose a state directory that can be written with --root";
  }
  return std::move(error).within("keep the container's state");
}

/// The file that is to become `path`.
std::string draft_of(const std::string& path) { return path + ".new"; }

Result<void> write_draft(const std::string& path, std::string_view text) {
  auto written = os::write_file(draft_of(path), text, 0600);
  return written.ok() ? Result<void>{} : explain_full(std::move(written).error());
}

/// Where there is an old file the two change places: ext4 writes a file to the disk before it lets
/// it replace another one.
Result<void> put_in_place(const std::string& path) {
  const std::string fresh = draft_of(path);
  if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE) == 0) {
    ::unlink(fresh.c_str());
    return {};
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) {
    return os::errno_error(fmt::format("rename({})", base::quote(path)));
  }
  return {};
}

Result<void> replace_file(const std::string& path, std::string_view text) {
  TRY_OK(write_draft(path, text));
  return put_in_place(path);
}

Error no_such_container(const std::string& id) {
  return Error{0, fmt::format("container \"{}\" does not exist", base::printable(id)), {}};
}

bool exists(const std::string& path) {
  struct stat seen {};
  return ::stat(path.c_str(), &seen) == 0;
}

Result<void> make_root(const std::string& root) {
  for (std::size_t slash = root.find('/', 1);; slash = root.find('/', slash + 1)) {
    const std::string prefix = root.substr(0, slash);
    if (::mkdir(prefix.c_str(), 0700) != 0 && errno != EEXIST) {
      return os::errno_error(fmt::format("mkdir({})", base::quote(prefix)),
                             "choose another state directory with --root");
    }
    if (slash == std::string::npos) {
      break;
    }
  }
  // In /tmp a stranger may have been faster.
  struct stat seen {};
  if (::stat(root.c_str(), &seen) == 0 && seen.st_uid != ::geteuid() && ::geteuid() != 0) {
    return Error{EPERM, fmt::format("the state directory {} belongs to another user", root),
                 "choose another one with --root"};
  }
  return {};
}

}  // namespace

bool has_rights_of_root() {
  const auto map = os::read_file("/proc/self/uid_map");
  const bool is_first = map.ok() && base::split_blanks(base::trim(map.value())) ==
                                        std::vector<std::string_view>{"0", "0", "4294967295"};
  return ::geteuid() == 0 && is_first;
}

std::string default_root() {
  const char* runtime_dir = std::getenv("XDG_RUNTIME_DIR");
  if (!has_rights_of_root() && runtime_dir != nullptr && *runtime_dir == '/') {
    return fmt::format("{}/boxrun", runtime_dir);
  }
  if (::geteuid() == 0) {
    return "/run/boxrun";
  }
  return fmt::format("/tmp/boxrun-{}", ::geteuid());
}

Result<void> Entry::write_state(const State& state) const {
  TRY_OK(draft_state(state));
  return publish_state();
}

Result<void> Entry::draft_state(const State& state) const {
  return write_draft(path_ + "/state.json", render_state_file(state));
}

Result<void> Entry::publish_state() const { return put_in_place(path_ + "/state.json"); }

Result<void> Entry::write_config(std::string_view text) const {
  return replace_file(config_path(), text);
}

Result<void> Entry::make_fifo() const {
  if (::mkfifo(fifo_path().c_str(), 0600) != 0) {
    return explain_full(os::errno_error(fmt::format("mkfifo({})", base::quote(fifo_path()))));
  }
  return {};
}

Result<void> Entry::remove() const {
  ::unlink((notify_path() + "/notify.sock").c_str());
  ::rmdir(notify_path().c_str());
  const auto names = os::list_directory(path_);
  if (names.ok()) {
    for (const std::string& name : names.value()) {
      ::unlink((path_ + "/" + name).c_str());
    }
  }
  if (::rmdir(path_.c_str()) != 0 && errno != ENOENT) {
    return os::errno_error(fmt::format("rmdir({})", base::quote(path_)));
  }
  return {};
}

Result<Entry> Store::create(const std::string& id) const {
  TRY_OK(make_root(root_));
  const std::string path = root_ + "/" + id;
  if (::mkdir(path.c_str(), 0711) != 0) {
    if (errno == EEXIST) {
      return Error{0, fmt::format("container \"{}\" exists already", id),
                   fmt::format("choose another id, or remove it with `boxrun delete {}`", id)};
    }
    return explain_full(os::errno_error(fmt::format("mkdir({})", base::quote(path))));
  }
  return lock(id);
}

Result<Entry> Store::lock(const std::string& id, std::chrono::milliseconds limit) const {
  const std::string path = root_ + "/" + id;
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (;;) {
    auto opened = os::open_file(path, O_RDONLY | O_DIRECTORY);
    if (!opened.ok()) {
      return opened.error().err == ENOENT ? no_such_container(id) : std::move(opened).error();
    }
    os::UniqueFd fd = std::move(opened).value();
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
      // While we waited the directory may have been deleted, even made anew: then this is a lock on
      // nothing.
      struct stat held {};
      struct stat present {};
      if (::fstat(fd.get(), &held) == 0 && ::stat(path.c_str(), &present) == 0 &&
          held.st_ino == present.st_ino && held.st_dev == present.st_dev) {
        return Entry{std::move(fd), path};
      }
      continue;
    }
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return os::errno_error(fmt::format("flock({})", base::quote(path)));
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return Error{EBUSY, fmt::format("container \"{}\" is in use", id),
                   "another boxrun command works on it"};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
}

Result<State> Store::read(const std::string& id) const {
  const auto text = os::read_file(root_ + "/" + id + "/state.json");
  if (!text.ok()) {
    return text.error().err == ENOENT ? no_such_container(id) : text.error();
  }
  return parse_state_file(text.value());
}

std::string Store::fifo_path(const std::string& id) const {
  return root_ + "/" + id + "/exec.fifo";
}

Result<std::vector<std::string>> Store::ids() const {
  auto names = os::list_directory(root_);
  if (!names.ok() && names.error().err == ENOENT) {
    return std::vector<std::string>{};
  }
  if (names.ok()) {
    std::erase(names.value(), kCacheName);
  }
  return names;
}

std::optional<std::uint64_t> read_start_ticks(int pid) {
  const auto text = os::read_file(fmt::format("/proc/{}/stat", pid));
  if (!text.ok()) {
    return std::nullopt;
  }
  // The name, field 2, may hold blanks and parentheses: count from its end.
  const std::string_view line = text.value();
  const auto name_end = line.rfind(')');
  if (name_end == std::string_view::npos) {
    return std::nullopt;
  }
  const auto fields = base::split_blanks(base::trim(line.substr(name_end + 1)));
  constexpr std::size_t kStateField = 0;
  constexpr std::size_t kStartField = 19;
  if (fields.size() <= kStartField || fields[kStateField] == "Z" || fields[kStateField] == "X") {
    return std::nullopt;
  }
  return base::parse_u64(fields[kStartField]);
}

Status read_status(const State& state, const std::string& fifo_path) {
  const auto ticks = state.pid > 0 ? read_start_ticks(state.pid) : std::nullopt;
  const bool is_alive = ticks && *ticks == state.start_ticks;
  if (!state.complete) {
    return is_alive || state.pid == 0 ? Status::Creating : Status::Stopped;
  }
  if (!is_alive) {
    return Status::Stopped;
  }
  if (cgroup::is_frozen(state.cgroup)) {
    return Status::Paused;
  }
  return exists(fifo_path) ? Status::Created : Status::Running;
}

std::vector<std::string> read_own_streams() {
  std::vector<std::string> streams;
  for (const int fd : {0, 1, 2}) {
    const auto link = os::read_link(fmt::format("/proc/self/fd/{}", fd));
    streams.push_back(link.ok() ? link.value() : std::string{});
  }
  return streams;
}

std::string read_timestamp() {
  // Not gmtime(3), which reads the file of the local time zone.
  namespace chrono = std::chrono;
  const auto now = chrono::system_clock::now();
  const auto midnight = chrono::floor<chrono::days>(now);
  const chrono::year_month_day day{midnight};
  const chrono::hh_mm_ss time{chrono::duration_cast<chrono::nanoseconds>(now - midnight)};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", int{day.year()},
                     unsigned{day.month()}, unsigned{day.day()}, time.hours().count(),
                     time.minutes().count(), time.seconds().count(), time.subseconds().count());
}

}  // namespace boxrun::state
