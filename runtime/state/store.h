#pragma once
// The state directories: `<root>/<id>/` with state.json, a copy of config.json and, until `start`,
// exec.fifo.
//
// state.json is replaced by rename(2) only, so that it can be read at any time without a lock.
// Commands that change a container hold a lock on its directory (flock(2) on the directory itself,
// so that there is no lock file to leave behind); a boxrun that is killed loses it with its
// descriptors.

#include <chrono>
#include <string>
#include <vector>

#include "runtime/aliases.h"
#include "runtime/state/state.h"
#include "tracer/os/fd.h"

namespace boxrun::state {

/// Uid 0 in the first user namespace. Root of another one may less: it is the root of an ordinary
/// user, as engines make one for themselves before they call a runtime.
[[nodiscard]] bool has_rights_of_root();

/// /run/boxrun for root, else $XDG_RUNTIME_DIR/boxrun, else a directory of the user's own in /tmp.
[[nodiscard]] std::string default_root();

/// `@` is in no container id.
inline constexpr std::string_view kCacheName = "@seccomp";

/// A locked state directory.
class Entry {
 public:
  Entry(os::UniqueFd directory, std::string path)
      : directory_(std::move(directory)), path_(std::move(path)) {}

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string fifo_path() const { return path_ + "/exec.fifo"; }
  [[nodiscard]] std::string config_path() const { return path_ + "/config.json"; }
  /// Holds the container's socket for a service manager, where one waits.
  [[nodiscard]] std::string notify_path() const { return path_ + "/notify"; }
  /// Beside the containers, of which none can have this name: compiled seccomp filters.
  [[nodiscard]] std::string cache_path() const {
    return path_.substr(0, path_.rfind('/') + 1) + std::string{kCacheName};
  }
  /// The descriptor that holds the lock; a child has to close its copy.
  [[nodiscard]] int lock_fd() const { return directory_.get(); }

  [[nodiscard]] Result<void> write_state(const State& state) const;
  /// The same in two parts: what takes time, and one rename(2).
  [[nodiscard]] Result<void> draft_state(const State& state) const;
  [[nodiscard]] Result<void> publish_state() const;
  [[nodiscard]] Result<void> write_config(std::string_view text) const;
  [[nodiscard]] Result<void> make_fifo() const;
  /// Removes the directory with all in it.
  [[nodiscard]] Result<void> remove() const;
  /// Lets other commands in.
  void unlock() { directory_.reset(); }

 private:
  os::UniqueFd directory_;
  std::string path_;
};

class Store {
 public:
  explicit Store(std::string root) : root_(std::move(root)) {}

  /// @errors  EEXIST when the id is taken
  [[nodiscard]] Result<Entry> create(const std::string& id) const;
  /// Waits for the lock. @errors ENOENT: no such container; EBUSY: locked for longer than `limit`
  [[nodiscard]] Result<Entry> lock(const std::string& id,
                                   std::chrono::milliseconds limit = std::chrono::seconds{
                                       10}) const;
  [[nodiscard]] Result<State> read(const std::string& id) const;
  [[nodiscard]] std::string fifo_path(const std::string& id) const;
  [[nodiscard]] Result<std::vector<std::string>> ids() const;

 private:
  std::string root_;
};

/// What the container is doing now, from state.json, exec.fifo, /proc and the freezer.
[[nodiscard]] Status read_status(const State& state, const std::string& fifo_path);

/// Field 22 of /proc/PID/stat, or nothing when the process is gone or a zombie.
[[nodiscard]] std::optional<std::uint64_t> read_start_ticks(int pid);

/// What descriptors 0, 1 and 2 of boxrun are: `pipe:[1234]`, a path, or nothing where closed.
[[nodiscard]] std::vector<std::string> read_own_streams();

/// Now, as RFC 3339 in UTC with nanoseconds.
[[nodiscard]] std::string read_timestamp();

}  // namespace boxrun::state
