#include "tracer/cli/verbs.h"

#include <algorithm>
#include <array>

namespace boxtrace::cli {
namespace {

constexpr std::array<Verb, 6> kVerbs = {{
    {"record", run_record, "trace a command into a file"},
    {"show", run_show, "print the story of a recorded trace"},
    {"diff", run_diff, "compare two recorded traces"},
    {"explain", run_explain, "what a system call, flag, namespace, capability or error is about"},
    {"seccomp", run_seccomp, "read seccomp filters: rules, differences, findings, proofs"},
    {"schema", run_schema, "print the JSON Schema of trace files"},
}};

}  // namespace

const Verb* find_verb(std::string_view name) {
  const auto* const found = std::find_if(kVerbs.begin(), kVerbs.end(),
                                         [&](const Verb& verb) { return verb.name == name; });
  return found == kVerbs.end() ? nullptr : found;
}

const Verb* find_verb(const Arguments& words) {
  return words.empty() ? nullptr : find_verb(std::string_view(words.front()));
}

int run(const Arguments& words) {
  const Verb* const verb = find_verb(words);
  return verb == nullptr ? run_launch(words) : verb->run({words.begin() + 1, words.end()});
}

}  // namespace boxtrace::cli
