#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "decoders/bpf/listing.h"
#include "decoders/bpf/program_file.h"
#include "decoders/bpf/verdict.h"
#include "tracer/cli/seccomp/source.h"
#include "tracer/cli/seccomp/verbs.h"
#include "tracer/os/file.h"

namespace boxtrace::cli::seccomp {
namespace {

constexpr const char* kDescription =
    R"(Prints the instructions of a filter with the names of what they look at. The text can be
edited and read again by every other verb.

Examples:
  boxtrace seccomp disasm filter.bpf
  boxtrace seccomp disasm filter.bpf | boxtrace seccomp dump --raw - > same.bpf)";

/// A file may hold what the kernel would refuse: it is shown all the same, and the reason.
base::Result<std::string> list_file(const std::string& file, bpf::Paint paint) {
  TRY(const std::string bytes,
      file == "-" ? os::read_all(os::BorrowedFd{STDIN_FILENO}) : os::read_file(file));
  TRY(const bpf::Program program, bpf::parse_program_file(bytes));
  const auto refusal = bpf::find_refusal(program);
  return (refusal ? "; the kernel refuses this program: " + bpf::render_refusal(*refusal) + "\n"
                  : "") +
         bpf::render_listing(program, paint);
}

}  // namespace

int run_disasm(const Arguments& words) {
  CLI::App app{kDescription, "boxtrace seccomp disasm"};
  set_usage(app, "boxtrace seccomp disasm [OPTIONS] FILE | -p PID");
  SourceOptions source;
  ViewOptions view;
  add_source_options(app, source);
  add_layout_options(app, view);
  if (const auto status = parse(app, words, kToolFailure)) {
    return *status;
  }
  const bpf::Paint paint =
      text_options(view, STDOUT_FILENO).color ? bpf::Paint::Colors : bpf::Paint::Plain;
  if (!source.pid && source.files.size() == 1) {
    if (auto listed = list_file(source.files.front(), paint)) {
      return print(listed.value());
    }
  }
  const auto stacks = read_stacks(source);
  if (!stacks) {
    print_error(stacks.error());
    return kToolFailure;
  }
  std::string text;
  for (const Stack& stack : stacks.value()) {
    for (std::size_t i = 0; i < stack.filters.size(); ++i) {
      const LoadedFilter& filter = stack.filters[i];
      text += fmt::format("; {}, filter {} of {}{}{}\n", stack.title, i + 1, stack.filters.size(),
                          filter.origin.empty() ? "" : ": ", filter.origin);
      text += bpf::render_listing(filter.program, paint);
    }
  }
  return print(text);
}

}  // namespace boxtrace::cli::seccomp
