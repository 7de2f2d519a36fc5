#pragma once
// What no row or table of decoders can hold: the eight namespaces, and what errors mean when a
// container is made.

#include <span>
#include <string_view>

#include "decoders/constants.h"

namespace boxtrace::teach {

struct NamespaceLesson {
  std::string_view name;   ///< as in /proc/PID/ns: `mnt`
  std::string_view title;  ///< as people say it: `mount`
  char letter;             ///< in the strip MUIPNCST
  std::string_view flag;   ///< `CLONE_NEWNS`
  std::string_view man;
  std::string_view kernel;
  decoders::Explanation explain;
};
[[nodiscard]] std::span<const NamespaceLesson> namespace_lessons();

struct ErrnoLesson {
  std::string_view name;
  decoders::Explanation explain;
};
[[nodiscard]] std::span<const ErrnoLesson> errno_lessons();

}  // namespace boxtrace::teach
