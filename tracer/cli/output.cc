#include "tracer/cli/output.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "tracer/base/error_text.h"
#include "tracer/os/file.h"

namespace boxtrace::cli {
namespace {

constexpr std::size_t kBlock = std::size_t{64} << 10;
constexpr std::size_t kUsualColumns = 100;
constexpr std::size_t kFewestColumns = 60;

bool is_set(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

}  // namespace

base::Result<Output> Output::to_command(const std::string& command) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return os::errno_error("pipe2()");
  }
  const os::UniqueFd reader{ends[0]};
  os::UniqueFd writer{ends[1]};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, reader.get(), STDIN_FILENO);
  std::string shell = "sh";
  std::string dash_c = "-c";
  std::string text = command;
  const std::array<char*, 4> argv = {shell.data(), dash_c.data(), text.data(), nullptr};
  pid_t pid = 0;
  const int err = ::posix_spawn(&pid, "/bin/sh", &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (err != 0) {
    return base::Error{err, "cannot start the command for the output: posix_spawn(/bin/sh)", {}};
  }
  const int fd = writer.get();
  Output output(std::move(writer), fd, "to " + command, Flush::Lines);
  output.command_ = pid;
  output.keeps_ = true;  // a pipe holds nothing
  return output;
}

bool names_command(std::string_view output) {
  return output.starts_with('|') || output.starts_with('!');
}

base::Result<Output> Output::open(const std::string& name, Begin begin) {
  return names_command(name) ? to_command(name.substr(1)) : create(name, begin);
}

base::Result<Output> Output::create(const std::string& path, Begin begin) {
  if (path == "-") {
    return base::Error{0, "cannot record to standard output",
                       "the command writes there too; name a file, or use /dev/fd/3 with 3>FILE"};
  }
  const bool existed = ::access(path.c_str(), F_OK) == 0;
  TRY(os::UniqueFd file,
      os::open_file(path, O_WRONLY | O_CREAT | (begin == Begin::AtEnd ? O_APPEND : 0)));
  const int fd = file.get();
  Output output(std::move(file), fd, path, Flush::Blocks);
  output.made_ = !existed;
  output.keeps_ = begin == Begin::AtEnd;
  return output;
}

Output Output::stream(int fd, Flush flush) {
  return {os::UniqueFd(), fd, fd == STDOUT_FILENO ? "standard output" : "standard error", flush};
}

void Output::write(std::string_view text) {
  held_ += text;
  if (flush_ == Flush::Lines || held_.size() >= kBlock) {
    flush();
  }
}

void Output::flush() {
  if (held_.empty() || failed_) {
    held_.clear();
    return;
  }
  if (!begun_ && owned_ && !keeps_) {
    // Only regular files have content to drop; a pipe or a terminal refuses, which is as well.
    std::ignore = ::ftruncate(fd_, 0);
  }
  begun_ = true;
  if (auto written = os::write_all(os::BorrowedFd{fd_}, held_); !written) {
    failed_ = true;
    if (written.error().err != EPIPE) {
      failure_ = std::move(written).within("while writing " + name_);
    }
  }
  held_.clear();
}

base::Result<void> Output::finish() {
  flush();
  if (command_ > 0) {
    owned_.reset();
    while (::waitpid(command_, nullptr, 0) < 0 && errno == EINTR) {
    }
    command_ = 0;
  }
  return failure_;
}

void Output::discard() {
  if (made_ && !begun_) {
    ::unlink(name_.c_str());
  }
}

bool wants_color(Color color, int fd) {
  if (color != Color::Auto) {
    return color == Color::Always;
  }
  if (is_set("NO_COLOR")) {
    return false;
  }
  if (is_set("CLICOLOR_FORCE")) {
    return true;
  }
  const char* const terminal = std::getenv("TERM");
  return ::isatty(fd) == 1 && terminal != nullptr && std::string_view(terminal) != "dumb";
}

std::size_t columns_of(int fd) {
  winsize size{};
  if (::isatty(fd) != 1 || ::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
    return kUsualColumns;
  }
  return std::clamp(std::size_t{size.ws_col}, kFewestColumns, kUsualColumns);
}

void print_error(const base::Error& error) { print_note(base::render_error(error)); }

void print_note(std::string_view note) {
  const std::string text = fmt::format("boxtrace: {}\n", note);
  std::ignore = os::write_all(os::BorrowedFd{STDERR_FILENO}, text);
}

}  // namespace boxtrace::cli
