#pragma once
// The state of all traced tasks, advanced by one event at a time. Pure: it never asks the machine;
// what /proc says reaches it as Observation events.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "decoders/call_set.h"
#include "decoders/decode.h"
#include "tracer/base/ids.h"
#include "tracer/model/exec_state.h"
#include "tracer/model/facts.h"
#include "tracer/model/namespaces.h"
#include "tracer/model/roles.h"
#include "tracer/model/task.h"
#include "tracer/raw/event.h"

namespace boxtrace::model {

class Model {
 public:
  Model();
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
  Model(Model&&) = delete;
  Model& operator=(Model&&) = delete;

  /// Advances the state and says what changed. `call` is the decoded form of a Syscall event and
  /// null for all others.
  std::vector<Fact> apply(const raw::Event& event, const decoders::DecodedCall* call);

  /// The task, also after its death; null for a number that never was.
  [[nodiscard]] const Task* task(base::TaskId id) const;
  /// The leader of its thread group; null as above.
  [[nodiscard]] const Task* process_of(base::TaskId id) const;
  [[nodiscard]] const std::map<base::TaskId, Task>& tasks() const;
  [[nodiscard]] const Namespaces& namespaces() const;
  [[nodiscard]] const raw::Header& header() const;
  /// The strip of a task's namespaces; `????????` for an unknown one.
  [[nodiscard]] std::string strip(base::TaskId id) const;
  /// The living task with that pid as `viewer` sees it.
  [[nodiscard]] std::optional<base::TaskId> find_pid(base::TaskId viewer, std::int32_t pid) const;
  /// A path argument of `syscall`: `/proc/self/fd/N` and descriptors replaced by what they are.
  [[nodiscard]] Path resolve(base::TaskId task, const raw::Syscall& syscall,
                             const decoders::DecodedCall& call, std::string_view path_arg,
                             std::string_view dirfd_arg = {}) const;
  /// The state of `task`, which has just exec'd.
  [[nodiscard]] ExecState exec_state(base::TaskId task) const;

  struct State;  ///< see state.h; for the files of this folder only

 private:
  std::unique_ptr<State> state_;
};

/// Adds the calls that change the model's state.
void add_calls_with_effects(decoders::CallSet& calls);

}  // namespace boxtrace::model
