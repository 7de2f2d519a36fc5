#pragma once
// The words that boxrun and the processes it clones say to each other, over one socket pair of type
// SOCK_SEQPACKET: a message is one packet, so there is nothing to frame and nothing to overflow.

#include <array>
#include <cstdint>
#include <string_view>

namespace boxrun::plan {

enum class MessageKind : std::uint8_t {
  Failed,              ///< child: step `step` was refused; the end
  Warning,             ///< child: something was left out, see `call`
  UserNamespaceReady,  ///< [1:NS]: the user namespace waits for its maps
  IdMapsWritten,       ///< boxrun
  InitBorn,            ///< [1:NS]: `number` is init's pid as boxrun sees it
  Adopted,             ///< boxrun: it knows init, which may speak from now on
  CgroupMade,          ///< boxrun: the cgroup is there; descriptors of its files come along
  NetworkReady,        ///< init: its network namespace is there
  NetworkDone,         ///< boxrun: the devices are there, too
  SourceCloned,        ///< init: a detached mount comes along
  SourceMapped,        ///< boxrun: its ids are mapped
  MountsDone,          ///< init: namespaces and mounts are complete, pivot_root comes next
  HooksDone,           ///< boxrun: hooks of the runtime namespace have run; `number` is init's pid
  Ready,               ///< init: only waiting and execve are left
  Proceed,             ///< boxrun
};

/// Fixed size, no pointers: written by a process that should not allocate.
struct Message {
  MessageKind kind = MessageKind::Failed;
  std::int32_t step = -1;    ///< index into Plan::steps
  std::int32_t err = 0;      ///< errno
  std::int32_t number = 0;   ///< a pid
  std::int32_t entry = -1;   ///< for a step that realises several settings: which one
  std::uint32_t places = 0;  ///< CgroupMade: bits of exec::Prepared::cgroup_places
  std::array<char, 512> call{};
  std::array<char, 384> hint{};
};

/// `id maps written`.
[[nodiscard]] std::string_view render_kind(MessageKind kind);

}  // namespace boxrun::plan
