#pragma once
// The inside of Model: what the files of this folder share. Each subsystem's file contributes a
// table of the calls it understands.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "decoders/call_set.h"
#include "decoders/decode.h"
#include "tracer/model/facts.h"
#include "tracer/model/model.h"
#include "tracer/model/namespaces.h"
#include "tracer/model/task.h"
#include "tracer/raw/event.h"

namespace boxtrace::model {

/// How paths inside one mount namespace relate to paths outside. See paths.cc.
struct MountView {
  std::string root;      ///< what its `/` is outside; empty: the same as outside
  std::string old_root;  ///< where pivot_root put the old root; empty when it is gone
  std::string new_root;  ///< a directory inside it that is about to become the root; may be empty
  bool pivoted = false;
  bool stacked = false;  ///< pivot_root(".", "."): the old root lies on the same place
  /// What the last mount bound onto itself; else empty. It may be the root to be, or it may only
  /// get flags such as read-only, which belong to mounts, not to directories: the next call tells.
  std::string self_bound{};
};

struct IdMaps {
  std::vector<base::IdMapLine> uid, gid;
};

/// A mount that exists only behind a descriptor so far: fsopen + fsmount, open_tree.
struct DetachedMount {
  std::string fstype;  ///< empty for a copy of an existing tree
  std::string source;  ///< of a copy
  std::string options;
  std::uint64_t flags = 0;
};

struct Model::State {
  raw::Header header;
  Namespaces namespaces;
  std::map<base::TaskId, Task> tasks;
  std::map<NsRef, MountView> mount_views;
  std::map<NsRef, IdMaps> id_maps;
  std::map<NsRef, std::string> hostnames;
  /// By thread group and descriptor number; fsopen contexts share the table with their mounts.
  std::map<std::pair<base::TaskId, std::int32_t>, DetachedMount> detached;
  std::set<base::TaskId> exec_pending;  ///< exec'd, and the execve call itself not seen yet

  [[nodiscard]] Task* task(base::TaskId id);
  [[nodiscard]] Task* leader_of(const Task& task);
  [[nodiscard]] const Task* leader_of(const Task& task) const;
  [[nodiscard]] MountView& mount_view(const Task& task);
  [[nodiscard]] MountView mount_view(const Task& task) const;
  [[nodiscard]] std::optional<base::TaskId> find_pid(const Task& viewer, std::int64_t pid) const;
  [[nodiscard]] std::optional<base::TaskId> find_ns_member(NsRef ref, base::TaskId except) const;
};

/// One successful call while its effect is worked out.
struct Change {
  Model::State& state;
  const raw::Event& event;
  const raw::Syscall& syscall;
  const decoders::DecodedCall& call;
  Task& task;     ///< who called
  Task& process;  ///< its leader
  std::vector<Fact>& facts;

  [[nodiscard]] std::uint64_t arg(std::size_t index) const { return syscall.call.args[index]; }
  /// The text of a string argument; empty when it is NULL or could not be read.
  [[nodiscard]] std::string text(std::size_t index) const;
  /// The fields of the argument if it is a struct, else null.
  [[nodiscard]] const decoders::Value* value(std::size_t index) const;
  /// Why some argument's memory could not be read, or not to its end; nothing when all was.
  [[nodiscard]] std::optional<raw::Unreadable> unread() const;
  /// What descriptor `fd` referred to at entry; empty when not recorded.
  [[nodiscard]] std::string fd_target(std::int32_t fd) const;
  /// The path of argument `index`, relative to the descriptor in `dirfd_index` if there is one.
  [[nodiscard]] Path path(std::size_t index, std::optional<std::size_t> dirfd_index = {}) const;
  template <typename F>
  void say(F fact) {
    facts.emplace_back(std::move(fact));
  }
};

/// What a successful call of that name does to the model. `when`: it does nothing in other cases;
/// by default in those of the row's operations that change nothing.
struct CallEffect {
  std::string_view name;
  void (*apply)(Change& change);
  /// Also to be applied when arguments could not be read: registers tell enough.
  bool without_memory = false;
  decoders::ArgTest when{};
};

[[nodiscard]] std::span<const CallEffect> process_effects();
[[nodiscard]] std::span<const CallEffect> namespace_effects();
[[nodiscard]] std::span<const CallEffect> mount_effects();
[[nodiscard]] std::span<const CallEffect> identity_effects();
[[nodiscard]] std::span<const CallEffect> file_effects();
[[nodiscard]] std::span<const CallEffect> limit_effects();

void apply_task_started(Model::State& state, const raw::Event& event,
                        const raw::TaskStarted& started, std::vector<Fact>& facts);
void apply_task_execed(Model::State& state, Task& task, const raw::TaskExeced& execed);
void apply_task_exited(Model::State& state, Task& task, const raw::TaskExited& exited,
                       std::vector<Fact>& facts);
/// The fact of an exec whose call was not seen or has just been seen.
void report_exec(Model::State& state, Task& task, const decoders::DecodedCall* call,
                 const raw::Syscall* syscall, std::vector<Fact>& facts);
/// Says what the executed file would have granted and did not.
void report_withheld_privilege(Model::State& state, const Task& task, std::vector<Fact>& facts);
void apply_observation(Model::State& state, Task& task, const raw::Observation& seen,
                       std::vector<Fact>& facts);
/// The program of `process` made or joined namespaces of these kinds: whatever its name is, that is
/// what sandboxes do.
void note_move(Task& process, NsMask kinds);
/// Gives the process the role that its program, arguments and name suggest.
void assign_role(Model::State& state, Task& process);

// ---- paths.cc ----

/// `path` without `.`, empty and `..` pieces; absolute paths only.
[[nodiscard]] std::string normalise(std::string_view path);
/// `path` below `prefix` as an absolute path (`/` for the prefix itself); nothing if it is not
/// below.
[[nodiscard]] std::optional<std::string> below(std::string_view path, std::string_view prefix);
/// `prefix` + `path` without a double slash.
[[nodiscard]] std::string join_path(std::string_view prefix, std::string_view path);
/// The descriptor that `/proc/self/fd/N` and its kin name.
[[nodiscard]] std::optional<std::int32_t> magic_fd(std::string_view path);
/// `given` in all its forms. `target` is what the magic link or the directory descriptor in front
/// of it referred to.
[[nodiscard]] Path resolve_path(const Model::State& state, const Task& process,
                                const raw::Syscall& syscall, std::string_view given,
                                std::optional<std::int32_t> dirfd);
/// A path within the process's mount namespace, in all its forms.
[[nodiscard]] Path place(const Model::State& state, const Task& process, std::string given,
                         std::string_view ns_path);
/// The same path within the process's mount namespace; empty when it is not known.
[[nodiscard]] std::string ns_path_of(const Model::State& state, const Task& process,
                                     const Path& path);

}  // namespace boxtrace::model
