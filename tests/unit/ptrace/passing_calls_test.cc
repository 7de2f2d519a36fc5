#include "tracer/ptrace/passing_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "decoders/call_set.h"
#include "decoders/registry.h"
#include "tracer/ptrace/fd_references.h"

namespace boxtrace::ptrace {
namespace {

const decoders::SyscallSpec& row_of(std::size_t nr) {
  const decoders::SyscallSpec* const spec = decoders::find_syscall(raw::Abi::X86_64, nr);
  EXPECT_NE(spec, nullptr) << nr;
  return *spec;
}

/// A call as the shape has it, with its path at 0x1000, and other arguments that are no null
/// pointers.
raw::Call call_of(const PassingShape& shape, std::size_t nr, std::uint64_t operation) {
  raw::Call call;
  call.abi = raw::Abi::X86_64;
  call.nr = nr;
  call.args.fill(0x5000);
  const auto set = [&call](std::uint8_t argument, std::uint64_t value) {
    if (argument != PassingShape::kNone) {
      call.args.at(argument) = value;
    }
  };
  if (shape.operations[0] != 0) {
    call.args[0] = operation;
  }
  set(shape.path, 0x1000);
  set(shape.directory, static_cast<std::uint64_t>(-100));
  set(shape.null, 0);
  return call;
}

TEST(PassingCalls, NeedNothingButTheirPath) {
  const std::vector<PassingShape> shapes = make_passing_calls();
  std::size_t rows = 0;
  for (std::size_t nr = 0; nr < shapes.size(); ++nr) {
    const PassingShape& shape = shapes[nr];
    if (shape.passes == 0) {
      continue;
    }
    ++rows;
    const decoders::SyscallSpec& row = row_of(nr);
    raw::Snapshot memory;
    const auto path = std::as_bytes(std::span{"/some/where"});
    memory.pieces.push_back({base::Addr{0x1000}, {path.begin(), path.end()}, std::nullopt});
    for (const std::uint64_t operation : shape.operations) {
      const raw::Call call = call_of(shape, nr, operation);
      raw::Snapshot read;
      const raw::RecordedMemory recorded{memory};
      const auto decoded =
          decoders::decode_entry(call, raw::RecordingMemory{recorded, read}, decoders::Options{});
      for (const raw::Snapshot::Piece& piece : read.pieces) {
        EXPECT_NE(piece.failure, raw::Unreadable::NotCaptured) << row.name;
        EXPECT_EQ(piece.addr.value, 0x1000U) << row.name;
      }
      EXPECT_THAT(fd_references(decoded, {}), testing::IsEmpty()) << row.name;
      const std::uint32_t observed = decoders::observe_after(row, call);
      if (shape.only_failed == 0) {
        EXPECT_EQ(observed, shape.changes_status != 0 ? decoders::kObserveStatus : 0U) << row.name;
      }
    }
  }
  EXPECT_GE(rows, 5U);
}

}  // namespace
}  // namespace boxtrace::ptrace
