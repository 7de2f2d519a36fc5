#include "tracer/cli/trace_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "tracer/cli/output.h"
#include "tracer/os/file.h"

namespace boxtrace::cli {

base::Result<trace::ReadSummary> read_trace(const std::string& path, raw::EventSink& sink) {
  os::UniqueFd file;
  if (path != "-") {
    TRY(file, os::open_file(path));
  }
  const int fd = file ? file.get() : STDIN_FILENO;
  trace::TraceReader reader(sink);
  std::array<char, std::size_t{64} << 10> block{};
  for (;;) {
    const ssize_t count = ::read(fd, block.data(), block.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return os::errno_error("read(" + path + ")");
    }
    if (count == 0) {
      break;
    }
    reader.feed({block.data(), static_cast<std::size_t>(count)});
  }
  trace::ReadSummary summary = reader.finish();
  if (summary.refused()) {
    return base::Error{0, path + ": " + summary.problems.front().what,
                       summary.problems.front().hint};
  }
  return summary;
}

void print_problems(const std::string& path, const trace::ReadSummary& summary) {
  for (const std::string& line : trace::render_problems(summary)) {
    print_error({0, fmt::format("{}: {}", path, line), {}});
  }
}

}  // namespace boxtrace::cli
