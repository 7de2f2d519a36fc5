#pragma once
// Which system calls are shown or meddled with (which ones the tracer stops at is a CallSet),
// chosen by name, class or pattern in the notation of strace(1), -e trace=:
//
//   open,close    these          !open    all others       ?open     if there is such a call
//   %file         a class        all      every call       none      no call
//   /^rt_         a pattern      mount@64 of one ABI: 64, 32 or x32
//
// Classes are those of strace and ours: %container %namespace %mount %caps %seccomp %cgroup. Only
// x86 callers are told apart by ABI; calls that no row describes belong to the set of all.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "decoders/call_set.h"
#include "decoders/spec.h"
#include "tracer/base/result.h"
#include "tracer/raw/event.h"

namespace boxtrace::decoders {

class CallSelection {
 public:
  CallSelection() : CallSelection(everything()) {}
  [[nodiscard]] static CallSelection everything();
  [[nodiscard]] static CallSelection nothing();

  /// @errors  an unknown name, with the nearest ones as a hint; an unknown class, with all of them;
  ///          a pattern that is no regular expression.
  [[nodiscard]] static base::Result<CallSelection> parse(std::string_view text);

  /// `nr` without the x32 bit, as in raw::Call.
  [[nodiscard]] bool has(raw::Abi abi, std::uint64_t nr) const;
  /// It is in the set for what it may be applied to (%cgroup), and counts only if it is.
  [[nodiscard]] bool only_in_cgroups(raw::Abi abi, std::uint64_t nr) const;
  [[nodiscard]] bool is_everything() const;
  /// No call at all.
  [[nodiscard]] bool empty() const;

  /// Adds what is selected to `calls`, at which the tracer stops. False when that is not all of it,
  /// because calls without a row are selected, too.
  bool add_to(CallSet& calls) const;

  /// What the user should be told: that `clone` was taken for the whole family.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

  void add(const CallSelection& other);

 private:
  explicit CallSelection(bool unknown);
  void add(const SyscallSpec& spec, std::uint8_t abis);
  void invert();

  bool unknown_;                      ///< calls without a row
  std::vector<std::uint8_t> by_row_;  ///< for each row, the ABIs in which it belongs to the set
  std::vector<std::string> notes_;
};

/// The names of the classes, without `%`.
[[nodiscard]] std::vector<std::string> call_class_names();

}  // namespace boxtrace::decoders
