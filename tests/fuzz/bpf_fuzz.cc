// Any bytes as a filter, and as the texts that describe one. A program that the kernel would take
// is solved within a small limit; the diagram, the emulator and the rules agree. What is printed
// can be read again.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "decoders/bpf/conditions.h"
#include "decoders/bpf/device_program.h"
#include "decoders/bpf/emulator.h"
#include "decoders/bpf/listing.h"
#include "decoders/bpf/outcome.h"
#include "decoders/bpf/profile.h"
#include "decoders/bpf/program_file.h"
#include "decoders/bpf/rules_text.h"
#include "decoders/bpf/solve.h"
#include "decoders/bpf/verdict.h"
#include "tracer/base/check.h"

namespace {

namespace bpf = boxtrace::bpf;
constexpr bpf::Effort kEffort = {60'000, 60'000};
constexpr std::size_t kLongest = 64;

void check_points(const bpf::Program& program, const bpf::Solution& solution) {
  bpf::Input input{};
  for (const bpf::Instruction& in : program) {
    for (std::size_t word = 0; word < bpf::kInputWords; ++word) {
      input.at(word) = in.k + static_cast<std::uint32_t>(word % 3) - 1;
    }
    const std::uint64_t answer =
        bpf::answer_for(*solution.diagram, solution.order, solution.roots.front(), input);
    BT_CHECK(
        answer == bpf::kUndecided || answer == bpf::effective(bpf::evaluate(program, input).result),
        "the diagram is not the program");
  }
}

void check_program(const bpf::Program& program) {
  const auto again = bpf::parse_listing(bpf::render_listing(program));
  BT_CHECK(again.ok() && again.value() == program, "a listing is not its program");
  if (program.size() > kLongest || bpf::find_refusal(program)) {
    return;
  }
  const bpf::Solution solution =
      bpf::solve(std::span(&program, 1), bpf::Answers::Effective, kEffort);
  check_points(program, solution);
  const auto policy = bpf::read_policy(*solution.diagram, solution.order, solution.roots.front());
  if (!policy) {
    return;
  }
  const auto rules = bpf::parse_rules(bpf::render_rules(*policy));
  BT_CHECK(rules.ok(), "rules of ours could not be read");
  const bpf::Node root = bpf::build(*solution.diagram, solution.order, rules.value());
  BT_CHECK(solution.diagram->overflowed() || root == solution.roots.front(),
           "the rules are not the program");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static_cast<void>(bpf::parse_rules(bytes));
  static_cast<void>(bpf::parse_profile(bytes, bpf::docker_defaults()));
  static_cast<void>(bpf::read_device_program(boxtrace::base::as_bytes(bytes)));
  if (const auto listed = bpf::parse_listing(bytes); listed.ok()) {
    check_program(listed.value());
  }
  if (const auto program = bpf::parse_program_file(bytes); program.ok()) {
    check_program(program.value());
  }
  return 0;
}
