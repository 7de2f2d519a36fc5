#include "runtime/exec/seccomp_report.h"

#include <fmt/format.h>

#include "decoders/bpf/explain.h"
#include "decoders/bpf/lint.h"

namespace boxrun::exec {

std::vector<std::string> report_seccomp(const SeccompProgram& program) {
  namespace bpf = boxtrace::bpf;
  bpf::Program instructions;
  for (const sock_filter& in : program.instructions) {
    instructions.push_back({in.code, in.jt, in.jf, in.k});
  }
  const bpf::Explanation explained = bpf::explain(std::span(&instructions, 1));
  std::vector<std::string> lines = {fmt::format(
      "compiled to {} instructions: {}", instructions.size(),
      explained.policy ? bpf::render_summary(bpf::summarise(*explained.policy)) : explained.doubt)};
  for (const bpf::Finding& finding : bpf::find_mistakes(explained)) {
    lines.push_back(fmt::format("{}: {}; {}", finding.id, finding.text, finding.why));
  }
  return lines;
}

}  // namespace boxrun::exec
