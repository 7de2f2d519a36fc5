#pragma once
// Namespaces: which exist, who is in which, and whose a joined one is. clone, clone3, unshare and
// setns all end here, so that the rest of the program has one notion of "new namespaces".
//
// The kernel keeps two more links per task: unshare(CLONE_NEWPID) and setns to a pid namespace do
// not move the caller, only the children it makes from then on (pid_for_children), because a
// process's pid must not change during its life; the same holds for time namespaces until the next
// execve. Tools that read /proc/PID/ns/pid after such a call therefore report that nothing
// happened.
//
// The model predicts the change from the call and gives the new namespace a name (`mnt#1`); its
// inode number is learned from the next observation of a member. Sources: namespaces(7),
// unshare(2), setns(2), pid_namespaces(7), time_namespaces(7).

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tracer/base/ids.h"
#include "tracer/raw/event.h"

namespace boxtrace::model {

/// A set of namespace kinds; bit N is NsKind N.
class NsMask {
 public:
  constexpr NsMask() = default;
  [[nodiscard]] constexpr bool has(raw::NsKind kind) const { return (bits_ & bit(kind)) != 0; }
  constexpr void add(raw::NsKind kind) { bits_ = static_cast<std::uint8_t>(bits_ | bit(kind)); }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  friend constexpr NsMask operator|(NsMask a, NsMask b) {
    a.bits_ = static_cast<std::uint8_t>(a.bits_ | b.bits_);
    return a;
  }
  [[nodiscard]] int count() const;
  /// The kinds whose CLONE_NEW* bit is in `flags`. CLONE_NEWTIME shares a bit with clone(2)'s exit
  /// signal, so give clone flags without the signal.
  [[nodiscard]] static NsMask from_clone_flags(std::uint64_t flags);
  friend constexpr bool operator==(NsMask, NsMask) = default;

 private:
  static constexpr std::uint8_t bit(raw::NsKind kind) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(kind));
  }
  std::uint8_t bits_ = 0;
};

/// `mnt uts ipc pid net cgroup user time`, in NsKind's order.
[[nodiscard]] std::string_view ns_kind_name(raw::NsKind kind);
/// `CLONE_NEWNS` and so on.
[[nodiscard]] std::string_view ns_flag_name(raw::NsKind kind);
/// The letter of the strip, upper case: `M U I P N C U(ser) T` as in `MUIPNCST` (S is user).
[[nodiscard]] char ns_letter(raw::NsKind kind);
[[nodiscard]] std::optional<raw::NsKind> parse_ns_kind(std::string_view name);
/// The kinds of a mask, as words: `mnt uts ipc`.
[[nodiscard]] std::string render_mask(NsMask mask, std::string_view separator = " ");
/// All kinds, in order.
[[nodiscard]] const std::array<raw::NsKind, raw::kNsKinds>& all_ns_kinds();

/// A namespace as the model knows it.
struct Namespace {
  enum class Origin : std::uint8_t {
    Host,     ///< the one the tracer itself is in
    Made,     ///< a traced task made it
    Foreign,  ///< it existed before, and is not the tracer's
  };
  raw::NsKind kind{};
  Origin origin = Origin::Foreign;
  base::NsInode inode;   ///< 0 until it was observed
  std::string alias;     ///< `mnt#1`, or `host`
  base::TaskId maker;    ///< for Made
  base::Seq made_at;     ///< for Made
  int members_ever = 0;  ///< tasks that were ever in it; the first in a pid namespace is pid 1
};

/// Names one Namespace of a Namespaces table; 0 is "unknown".
using NsRef = base::Id<struct NsRefTag, std::uint32_t>;

/// What one task is in, and what its children will be in.
struct NsSet {
  std::array<NsRef, raw::kNsKinds> own{};
  NsRef pid_for_children;
  NsRef time_for_children;
  [[nodiscard]] NsRef of(raw::NsKind kind) const { return own[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] NsRef& of(raw::NsKind kind) { return own[static_cast<std::size_t>(kind)]; }
};

/// One place where an observation contradicts the prediction.
struct NsMismatch {
  std::string link;  ///< `mnt`, `pid_for_children`
  std::string predicted;
  base::NsInode observed;
};

class Namespaces {
 public:
  /// The tracer's own namespaces. Before this is called nothing is "host".
  void set_host(const raw::NsLinks& links);
  [[nodiscard]] NsRef make(raw::NsKind kind, base::TaskId maker, base::Seq at);
  /// The namespace of that inode number; one that was never seen becomes Foreign.
  [[nodiscard]] NsRef by_inode(raw::NsKind kind, base::NsInode inode);
  /// The namespace that is known by that number, if there is one.
  [[nodiscard]] NsRef known_by(raw::NsKind kind, base::NsInode inode) const;
  /// Its number is free again: the kernel gives it to the next namespace. Source:
  /// fs/proc/generic.c: proc_alloc_inum().
  void free_inode(NsRef ref);
  [[nodiscard]] NsRef host(raw::NsKind kind) const;
  [[nodiscard]] const Namespace* find(NsRef ref) const;
  [[nodiscard]] bool is_host(NsRef ref) const;
  void add_member(NsRef ref);
  /// Learns inode numbers from an observation and reports where it contradicts `set`, which is
  /// corrected to what the kernel says.
  std::vector<NsMismatch> confirm(NsSet& set, const raw::NsLinks& links);
  /// `MUIPNCST` with lower case for what is the host's.
  [[nodiscard]] std::string strip(const NsSet& set) const;
  /// Kinds in which children will differ from the task: of Pid and Time.
  [[nodiscard]] static NsMask for_children(const NsSet& set);

 private:
  void confirm_link(NsRef& ref, raw::NsKind kind, std::string_view link, base::NsInode observed,
                    std::vector<NsMismatch>& mismatches);
  std::vector<Namespace> all_;
  std::map<std::pair<raw::NsKind, base::NsInode>, NsRef> by_inode_;
  std::array<NsRef, raw::kNsKinds> host_{};
  std::array<int, raw::kNsKinds> named_{};
};

}  // namespace boxtrace::model
