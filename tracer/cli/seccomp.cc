#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "tracer/base/text.h"
#include "tracer/cli/options.h"
#include "tracer/cli/seccomp/verbs.h"

namespace boxtrace::cli {
namespace {

constexpr std::array<Verb, 8> kVerbs = {{
    {"explain", seccomp::run_explain, "what a filter permits, as rules that are proved"},
    {"disasm", seccomp::run_disasm, "a filter's instructions, as text that can be assembled"},
    {"diff", seccomp::run_diff, "where two filters or profiles differ, with a call that shows it"},
    {"test", seccomp::run_test, "what happens to one call"},
    {"verify", seccomp::run_verify, "check the rules against the kernel that runs here"},
    {"dump", seccomp::run_dump, "a filter as raw bytes, hexadecimal or JSON"},
    {"profile", seccomp::run_profile, "a filter or the calls of a trace as a JSON profile"},
    {"lint", seccomp::run_lint, "mistakes that filters often have"},
}};

std::string help() {
  std::string out =
      "Reads seccomp filters: from a file (raw instructions, hexadecimal, JSON, a listing), from "
      "a\n"
      "running process (-p PID), or from a trace that saw them being installed.\n\n"
      "Examples:\n"
      "  boxtrace seccomp explain -p $(pidof nginx)\n"
      "  boxtrace seccomp diff filter.bpf profile.json\n\n"
      "Usage: boxtrace seccomp VERB ...\n\nVerbs:\n";
  for (const Verb& verb : kVerbs) {
    out += "  " + std::string(verb.name) + std::string(10 - verb.name.size(), ' ') +
           std::string(verb.summary) + "\n";
  }
  return out + "\nboxtrace seccomp VERB --help describes each.\n";
}

}  // namespace

int run_seccomp(const Arguments& words) {
  const std::string word = words.empty() ? "" : words.front();
  const auto* const verb = std::find_if(
      kVerbs.begin(), kVerbs.end(), [&](const Verb& candidate) { return candidate.name == word; });
  if (verb != kVerbs.end()) {
    return verb->run({words.begin() + 1, words.end()});
  }
  if (word != "-h" && word != "--help") {
    std::vector<std::string> names;
    names.reserve(kVerbs.size());
    for (const Verb& known : kVerbs) {
      names.emplace_back(known.name);
    }
    const std::vector<std::string> near = base::nearest(word, names);
    print_error(
        {0,
         word.empty() ? "seccomp: which verb?" : "seccomp: there is no verb " + base::quote(word),
         near.empty() ? "boxtrace seccomp --help lists them"
                      : "did you mean " + base::join(near, ", ") + "?"});
    return kToolFailure;
  }
  Output out = Output::stream(STDOUT_FILENO, Output::Flush::Blocks);
  out.write(help());
  return out.finish().ok() ? 0 : kToolFailure;
}

}  // namespace boxtrace::cli
