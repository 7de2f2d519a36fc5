#include "tracer/ptrace/passing_calls.h"

#include <sys/prctl.h>

#include <algorithm>
#include <string_view>

#include "decoders/registry.h"
#include "tracer/base/check.h"

namespace boxtrace::ptrace {
namespace {

struct Row {
  std::string_view name;
  PassingShape shape;
};

constexpr Row kRows[] = {
    {"open", {.passes = 1, .path = 0}},
    {"openat", {.passes = 1, .path = 1, .directory = 0}},
    {"mkdir", {.passes = 1, .path = 0}},
    {"mkdirat", {.passes = 1, .path = 1, .directory = 0}},
    {"rmdir", {.passes = 1, .path = 0}},
    {"unlinkat", {.passes = 1, .path = 1, .directory = 0}},
    {"seccomp", {.passes = 1, .only_failed = 1, .null = 2}},
    {"prctl", {.passes = 1, .changes_status = 1, .operations = {PR_CAPBSET_DROP, PR_CAP_AMBIENT}}},
};

}  // namespace

std::vector<PassingShape> make_passing_calls() {
  std::vector<PassingShape> shapes;
  for (const Row& row : kRows) {
    for (const decoders::SyscallSpec* spec : decoders::find_syscalls(row.name)) {
      const int number = decoders::number_in(*spec, raw::Abi::X86_64);
      if (number >= 0) {
        const auto place = static_cast<std::size_t>(number);
        shapes.resize(std::max(shapes.size(), place + 1));
        shapes[place] = row.shape;
      }
    }
  }
  BT_CHECK(!shapes.empty(), "calls that pass have no rows");
  return shapes;
}

}  // namespace boxtrace::ptrace
