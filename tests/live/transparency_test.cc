// A traced command does what it does without a tracer: transparent_commands.txt, command by
// command, bare and in every mode.

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <string>
#include <tuple>
#include <vector>

#include "tests/live/processes.h"
#include "tests/live/programs.h"
#include "tracer/base/text.h"
#include "tracer/os/argv.h"
#include "tracer/os/file.h"

namespace boxtrace::test {
namespace {

namespace fs = std::filesystem;

const std::string kBoxtrace = BOXTRACE_BINARY_DIR "/tracer/cli/boxtrace";

struct Command {
  std::string name;
  std::string text;
};

std::string text_of(const fs::path& path) {
  const auto text = os::read_file(path);
  return text.ok() ? text.value() : "(missing)";
}

std::vector<Command> read_commands() {
  const std::string file = text_of(BOXTRACE_SOURCE_DIR "/tests/live/transparent_commands.txt");
  std::vector<Command> commands;
  for (const std::string_view line : base::split(file, '\n')) {
    if (line.empty() || line.front() == '#') {
      continue;
    }
    const std::size_t name = line.find(' ');
    Command command{std::string(line.substr(0, name)), std::string(base::trim(line.substr(name)))};
    constexpr std::string_view kPrograms = "PROGRAMS/";
    if (command.text.rfind(kPrograms, 0) == 0) {
      command.text = program(command.text.substr(kPrograms.size()));
    }
    commands.push_back(std::move(command));
  }
  return commands;
}

/// What a command leaves to compare.
struct Outcome {
  int status = 0;  ///< as wait(2) has it, without the flag of a core dump
  std::string out;
  std::string err;
  std::string files;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

std::ostream& operator<<(std::ostream& stream, const Outcome& outcome) {
  return stream << fmt::format("status {:#x}\nout: {}\nerr: {}\nfiles: {}\n", outcome.status,
                               outcome.out, outcome.err, outcome.files);
}

class Transparency : public ::testing::Test {
 protected:
  Transparency() : folder_(fs::temp_directory_path() / fmt::format("transparent_{}", ::getpid())) {
    fs::create_directories(folder_);
    std::ignore = os::write_file(folder_ / "in", "one\ntwo\nthree\n");
  }
  ~Transparency() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  /// Runs `tracer sh -c text` in a session of its own, in a folder that is empty and always the
  /// same.
  Outcome run(std::vector<std::string> tracer, const std::string& text) const {
    const fs::path work = folder_ / "work";
    fs::remove_all(work);
    fs::create_directory(work);
    std::vector<std::string> words = std::move(tracer);
    words.insert(words.end(), {"sh", "-c", text});
    const pid_t child = ::fork();
    if (child == 0) {
      become(words, work);
    }
    int status = 0;
    const bool ended = becomes_true([&] { return ::waitpid(child, &status, WNOHANG) == child; });
    if (!ended) {
      ::kill(-child, SIGKILL);
      ::waitpid(child, &status, 0);
      status = -1;
    }
    constexpr int kCoreFlag = 0x80;
    Outcome outcome{ended && WIFSIGNALED(status) ? status & ~kCoreFlag : status,
                    text_of(folder_ / "out"),
                    text_of(folder_ / "err"),
                    {}};
    for (const auto& entry : fs::recursive_directory_iterator(work)) {
      outcome.files += entry.path().filename().string() + "\n";
    }
    return outcome;
  }

 private:
  [[noreturn]] void become(const std::vector<std::string>& words, const fs::path& work) const {
    ::setsid();
    const auto open_as = [this](const char* name, int flags, int as) {
      const int fd = ::open((folder_ / name).c_str(), flags | O_CLOEXEC, 0600);
      ::dup2(fd, as);
    };
    open_as("in", O_RDONLY, STDIN_FILENO);
    open_as("out", O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
    open_as("err", O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
    ::close_range(STDERR_FILENO + 1, ~0U, 0);
    const std::vector<char*> argv = os::make_argv(words);
    const bool is_there = ::chdir(work.c_str()) == 0;
    if (is_there) {
      ::execvp(argv.front(), argv.data());
    }
    ::_exit(126);
  }

  fs::path folder_;
};

// Every way to trace: behind the filter, every call, with stacks, in strace's language.
constexpr std::array kModes = {"--story /dev/null", "--story /dev/null -vv", "-q -k -o /dev/null",
                               "--style=strace -f -y -o /dev/null"};

TEST_F(Transparency, OfEveryCommandInEveryMode) {
  const std::vector<Command> commands = read_commands();
  ASSERT_GE(commands.size(), 150U);
  for (const Command& command : commands) {
    const Outcome bare = run({}, command.text);
    for (const std::string_view mode : kModes) {
      std::vector<std::string> tracer = {kBoxtrace};
      for (const std::string_view word : base::split_blanks(mode)) {
        tracer.emplace_back(word);
      }
      Outcome traced = run(tracer, command.text);
      // Who kills its whole group kills the front, and the tracer says that it stays behind.
      if (traced.err.rfind("boxtrace: tasks live on", 0) == 0) {
        traced.err.erase(0, traced.err.find('\n') + 1);
      }
      EXPECT_EQ(traced, bare) << command.name << ": boxtrace " << mode << " sh -c '" << command.text
                              << "'";
    }
  }
}

}  // namespace
}  // namespace boxtrace::test
