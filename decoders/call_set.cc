#include "decoders/call_set.h"

#include <algorithm>

#include "decoders/registry.h"
#include "tracer/base/check.h"

namespace boxtrace::decoders {

bool ArgTest::passes(const raw::Call& call) const {
  const std::uint64_t whole = call.args.at(arg);
  const auto low = static_cast<std::uint32_t>(whole);
  switch (kind) {
    case Kind::Always:
      return true;
    case Kind::OneOf:
      return std::find(values.begin(), values.end(), low) != values.end();
    case Kind::AnyBit:
      return (low & operand) != 0;
    case Kind::NoBit:
      return (low & operand) == 0;
    case Kind::Below:
      return whole < operand;
    case Kind::NonZero:
      return whole != 0;
  }
  return true;
}

void CallSet::add(const CallChoice& choice) {
  const auto specs = find_syscalls(choice.name);
  BT_CHECK(!specs.empty(), "a call was chosen that no row has");
  for (const SyscallSpec* spec : specs) {
    add(*spec, choice.when);
  }
}

void CallSet::add(std::span<const CallChoice> choices) {
  for (const CallChoice& choice : choices) {
    add(choice);
  }
}

void CallSet::add(const SyscallSpec& spec, const ArgTest& when) {
  std::vector<ArgTest>& tests = tests_[&spec];
  if (when.kind == ArgTest::Kind::Always) {
    tests.assign(1, when);  // the others have nothing to add
  } else if (tests.empty() || tests.front().kind != ArgTest::Kind::Always) {
    tests.push_back(when);
  }
}

bool CallSet::contains(const SyscallSpec& spec, const raw::Call& call) const {
  const auto tests = tests_of(spec);
  return std::any_of(tests.begin(), tests.end(),
                     [&call](const ArgTest& test) { return test.passes(call); });
}

std::span<const ArgTest> CallSet::tests_of(const SyscallSpec& spec) const {
  const auto found = tests_.find(&spec);
  return found == tests_.end() ? std::span<const ArgTest>{} : found->second;
}

ArgTest changes_something(const SyscallSpec& spec) {
  return spec.operations.empty() ? ArgTest{} : ArgTest{ArgTest::Kind::OneOf, 0, 0, spec.operations};
}

std::uint32_t observe_after(const SyscallSpec& spec, const raw::Call& call) {
  return changes_something(spec).passes(call) ? spec.observe & ~kObserveFdArgs : 0;
}

}  // namespace boxtrace::decoders
