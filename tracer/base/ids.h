#pragma once
// Numbers that the kernel hands out, each with a type of its own, because a pid seen from outside
// and a pid seen from inside a container are both `int` and must never be compared.

#include <compare>
#include <cstdint>
#include <functional>

namespace boxtrace::base {

/// An integer that only mixes with its own kind. `Tag` is never defined.
template <typename Tag, typename Rep>
struct Id {
  Rep value{};
  friend constexpr auto operator<=>(const Id&, const Id&) = default;
};

/// A thread's number in the pid namespace of the tracer.
using HostTid = Id<struct HostTidTag, std::int32_t>;
/// A thread group's number in the pid namespace of the tracer.
using HostPid = Id<struct HostPidTag, std::int32_t>;
/// A pid as a task inside some other pid namespace sees it; which one is known from context.
using NsPid = Id<struct NsPidTag, std::int32_t>;
/// A traced thread, counted from 1 in the order of its birth. Never reused, unlike a tid.
using TaskId = Id<struct TaskIdTag, std::uint32_t>;
/// A file descriptor number inside a tracee. Not ours to close.
using FdNum = Id<struct FdNumTag, std::int32_t>;
/// An address in a tracee's memory.
using Addr = Id<struct AddrTag, std::uint64_t>;
/// The inode number of a namespace on nsfs; 0 means "not known". Source: namespaces(7).
using NsInode = Id<struct NsInodeTag, std::uint64_t>;
/// The position of a record in a trace, from 0 (the header) without gaps.
using Seq = Id<struct SeqTag, std::uint64_t>;

/// Nanoseconds of CLOCK_MONOTONIC since the trace began.
struct Nanos {
  std::int64_t value = 0;
  friend constexpr auto operator<=>(const Nanos&, const Nanos&) = default;
  friend constexpr Nanos operator-(Nanos a, Nanos b) { return {a.value - b.value}; }
  friend constexpr Nanos operator+(Nanos a, Nanos b) { return {a.value + b.value}; }
};

}  // namespace boxtrace::base

template <typename Tag, typename Rep>
struct std::hash<boxtrace::base::Id<Tag, Rep>> {
  std::size_t operator()(const boxtrace::base::Id<Tag, Rep>& id) const noexcept {
    return std::hash<Rep>{}(id.value);
  }
};
