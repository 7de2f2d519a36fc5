#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "decoders/bpf/program_file.h"
#include "tracer/base/bytes.h"
#include "tracer/cli/seccomp/source.h"
#include "tracer/cli/seccomp/verbs.h"
#include "tracer/os/file.h"

namespace boxtrace::cli::seccomp {
namespace {

constexpr const char* kDescription =
    R"(Prints filters in a form for other programs: hexadecimal, sixteen digits an instruction, unless
--raw or --json asks for another. Several filters stand one behind the other; --index picks one.

Examples:
  boxtrace seccomp dump -p 1234 --raw -o filter.bpf
  boxtrace seccomp dump --json demo.jsonl)";

}  // namespace

int run_dump(const Arguments& words) {
  CLI::App app{kDescription, "boxtrace seccomp dump"};
  set_usage(app, "boxtrace seccomp dump [OPTIONS] FILE | -p PID");
  SourceOptions source;
  bool raw = false;
  bool json = false;
  std::size_t index = 0;
  std::string file;
  add_source_options(app, source);
  auto* const as_raw = app.add_flag("--raw", raw, "The bytes that the kernel was given");
  app.add_flag("--json", json, "A list of instructions")->excludes(as_raw);
  app.add_option("--index", index, "Only the N-th filter, from 1, the oldest first")
      ->type_name("N");
  app.add_option("-o", file, "Write to a file")->type_name("FILE");
  if (const auto status = parse(app, words, kToolFailure)) {
    return *status;
  }
  const auto stacks = read_stacks(source);
  if (!stacks) {
    print_error(stacks.error());
    return kToolFailure;
  }
  std::string text;
  std::size_t number = 0;
  for (const Stack& stack : stacks.value()) {
    for (const LoadedFilter& filter : stack.filters) {
      if (++number != index && index != 0) {
        continue;
      }
      text += raw    ? std::string(base::as_chars(bpf::render_program(filter.program)))
              : json ? bpf::render_json(filter.program)
                     : bpf::render_hex(filter.program);
    }
  }
  if (text.empty()) {
    print_error(
        {0, fmt::format("there are {} filters, and none has number {}", number, index), {}});
    return kToolFailure;
  }
  if (file.empty()) {
    return print(text);
  }
  if (const auto written = os::write_file(file, text); !written) {
    print_error(written.error());
    return kToolFailure;
  }
  return 0;
}

}  // namespace boxtrace::cli::seccomp
