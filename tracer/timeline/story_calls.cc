#include "tracer/timeline/story_calls.h"

#include "decoders/registry.h"
#include "tracer/model/model.h"
#include "tracer/timeline/relevance.h"
#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

decoders::CallSet make_story_calls() {
  decoders::CallSet calls;
  for (const decoders::SyscallSpec* spec : decoders::all_syscalls()) {
    if (concerns_containers(*spec)) {
      calls.add(*spec, decoders::changes_something(*spec));
    }
  }
  model::add_calls_with_effects(calls);
  for (const auto& rule : make_rules()) {
    calls.add(rule->watches());
  }
  return calls;
}

}  // namespace

const decoders::CallSet& story_calls() {
  static const decoders::CallSet kCalls = make_story_calls();
  return kCalls;
}

}  // namespace boxtrace::timeline
