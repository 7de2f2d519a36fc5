#include "runtime/commands/program_output.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "tracer/os/argv.h"
#include "tracer/os/file.h"

namespace boxrun::commands {

Result<std::string> read_output(std::vector<std::string> args) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return os::errno_error("pipe2()");
  }
  const os::UniqueFd reader{ends[0]};
  os::UniqueFd writer{ends[1]};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, writer.get(), STDOUT_FILENO);
  const std::vector<char*> words = os::make_argv(args);
  pid_t child = 0;
  const int err = ::posix_spawnp(&child, words[0], &actions, nullptr, words.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (err != 0) {
    return Error{err, fmt::format("posix_spawn({})", base::quote(args.front())), {}};
  }
  writer.reset();
  auto text = os::read_all(reader);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (text.ok() && (!WIFEXITED(status) || WEXITSTATUS(status) != 0)) {
    return Error{0, fmt::format("{} failed", base::join(args, " ")), {}};
  }
  return text;
}

}  // namespace boxrun::commands
