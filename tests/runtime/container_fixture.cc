#include "tests/runtime/container_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "runtime/aliases.h"
#include "tracer/os/argv.h"

namespace boxrun::tests {

namespace fs = std::filesystem;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

namespace {

constexpr const char* kBusybox = "/bin/busybox";

[[noreturn]] void become(const Command& command, int out, int err) {
  // Not /dev/null: some runtimes give their standard input to the container's user, and it would
  // be the machine's.
  std::array<int, 2> nothing{};
  if (::pipe2(nothing.data(), O_CLOEXEC) == 0) {
    ::dup2(nothing[0], 0);
  }
  ::dup2(out, 1);
  ::dup2(err, 2);
  ::close_range(3, ~0U, 0);  // what whoever started the test left open is no leak of this command
  for (const auto& [fd, path] : command.open_directories) {
    // Not close-on-exec: that is the leak.
    if (const int opened = ::open(path.c_str(), O_RDONLY | O_DIRECTORY); opened != fd) {
      ::dup2(opened, fd);
      ::close(opened);
    }
  }
  if (command.uid != 0) {
    if (::setgid(command.uid) != 0 || ::setuid(command.uid) != 0) {
      ::_exit(126);
    }
  }
  const std::vector<char*> args = os::make_argv(command.args);
  ::execvp(args[0], args.data());
  ::_exit(127);
}

/// Reads both pipes until they are closed or time is up. A container in the background keeps them
/// open, so the end of the program itself ends the wait too.
void collect(Ended& ended, int out, int err, pid_t pid, Clock::time_point deadline, int& status,
             bool& reaped) {
  std::array<pollfd, 2> pipes = {pollfd{out, POLLIN, 0}, pollfd{err, POLLIN, 0}};
  std::array<std::string*, 2> texts = {&ended.out, &ended.err};
  std::array<char, 4096> buffer{};
  int open = 2;
  while (open > 0 && Clock::now() < deadline) {
    const bool was_reaped = reaped;  // then all that it wrote is in the pipes by now
    const int ready = ::poll(pipes.data(), pipes.size(), 20);
    for (std::size_t i = 0; ready > 0 && i < pipes.size(); ++i) {
      if (pipes[i].fd < 0 || pipes[i].revents == 0) {
        continue;
      }
      const ssize_t got = ::read(pipes[i].fd, buffer.data(), buffer.size());
      if (got > 0) {
        texts[i]->append(buffer.data(), static_cast<std::size_t>(got));
      } else {
        pipes[i].fd = -1;
        --open;
      }
    }
    if (ready == 0 && !reaped && ::waitpid(pid, &status, WNOHANG) == pid) {
      reaped = true;
    }
    if (ready == 0 && was_reaped) {
      return;
    }
  }
}

}  // namespace

Ended run_command(const Command& command) {
  std::array<int, 2> out{};
  std::array<int, 2> err{};
  if (::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(err.data(), O_CLOEXEC) != 0) {
    return {};
  }
  const pid_t pid = ::fork();
  if (pid == 0) {
    become(command, out[1], err[1]);
  }
  ::close(out[1]);
  ::close(err[1]);
  Ended ended;
  int status = 0;
  bool reaped = false;
  const auto deadline = Clock::now() + command.limit;
  collect(ended, out[0], err[0], pid, deadline, status, reaped);
  while (!reaped && Clock::now() < deadline) {
    reaped = ::waitpid(pid, &status, WNOHANG) == pid;
    if (!reaped) {
      ::usleep(5000);
    }
  }
  if (reaped) {
    ended.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  } else {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  ::close(out[0]);
  ::close(err[0]);
  return ended;
}

std::string read_text(const std::string& path) {
  std::ifstream file{path};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_text(const std::string& path, const std::string& text) { std::ofstream{path} << text; }

std::vector<std::string> find_traces(const std::string& mark) {
  std::vector<std::string> traces;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator{"/proc", ignored}) {
    const std::string name = entry.path().filename();
    if (!std::all_of(name.begin(), name.end(), ::isdigit)) {
      continue;
    }
    // A zombie holds nothing, and when it is reaped is up to the machine's init.
    const std::string stat = read_text("/proc/" + name + "/stat");
    if (stat.find(") Z ") != std::string::npos) {
      continue;
    }
    for (const char* file : {"cgroup", "mountinfo"}) {
      if (read_text("/proc/" + name + "/" + file).find(mark) != std::string::npos) {
        traces.push_back("process " + name + " (" + read_text("/proc/" + name + "/comm") + ") by " +
                         file);
        break;
      }
    }
  }
  for (fs::recursive_directory_iterator it{"/sys/fs/cgroup", ignored}, end; it != end;
       it.increment(ignored)) {
    if (it->is_directory(ignored) &&
        it->path().filename().string().find(mark) != std::string::npos) {
      traces.push_back("cgroup " + it->path().string());
    }
  }
  return traces;
}

MappableFolder::MappableFolder(std::string path) : path_(std::move(path)) {
  std::filesystem::create_directory(path_);
  int major = 0;
  int minor = 0;
  utsname kernel{};
  is_tmpfs_ = ::uname(&kernel) == 0 && std::sscanf(kernel.release, "%d.%d", &major, &minor) == 2 &&
              std::pair{major, minor} >= std::pair{6, 3} &&
              ::mount("tmpfs", path_.c_str(), "tmpfs", 0, nullptr) == 0;
}

MappableFolder::~MappableFolder() {
  if (is_tmpfs_) {
    ::umount2(path_.c_str(), MNT_DETACH);
  }
}

bool has_cgroup2_alone() { return std::filesystem::exists("/sys/fs/cgroup/cgroup.procs"); }

void ContainerTest::SetUp() {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  if (::access(kBusybox, X_OK) != 0) {
    GTEST_SKIP() << "needs " << kBusybox << " (package busybox-static)";
  }
  std::string pattern = "/tmp/boxrun-test-XXXXXX";
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  folder = pattern;
  ::chmod(folder.c_str(), 0755);
  mark = folder.substr(folder.rfind('/') + 1);
  id = mark + ".c";
  const Ended made = run_command({{BOXRUN_PROGRAM, "bundle", "--busybox", folder + "/bundle"}});
  ASSERT_EQ(made.status, 0) << made.err;
  config = json::parse(read_text(folder + "/bundle/config.json"));
}

void ContainerTest::TearDown() {
  if (folder.empty()) {
    return;
  }
  const auto ids = boxrun({"list", "-q"});
  std::istringstream lines{ids.out};
  for (std::string one; std::getline(lines, one);) {
    const Ended removed = boxrun({"delete", "--force", one});
    EXPECT_EQ(removed.status, 0) << removed.err;
  }
  // Whoever is just dying may take a moment.
  std::vector<std::string> traces;
  for (int attempt = 0; attempt < 40; ++attempt) {
    traces = find_traces(mark);
    if (traces.empty()) {
      break;
    }
    ::usleep(50'000);
  }
  EXPECT_TRUE(traces.empty()) << "left behind: " << ::testing::PrintToString(traces);
  std::error_code ignored;
  fs::remove_all(folder + "/state/@seccomp", ignored);  // filters outlive their containers
  EXPECT_TRUE(!fs::exists(folder + "/state", ignored) || fs::is_empty(folder + "/state", ignored))
      << "a state directory is left";
  fs::remove_all(folder, ignored);
}

Ended ContainerTest::boxrun(std::vector<std::string> args) {
  std::vector<std::string> words = {BOXRUN_PROGRAM, "--root", folder + "/state"};
  words.insert(words.end(), args.begin(), args.end());
  return run_command({words});
}

void ContainerTest::write_config() { write_text(folder + "/bundle/config.json", config.dump(2)); }

Ended ContainerTest::run() {
  write_config();
  return boxrun({"run", "--bundle", folder + "/bundle", id});
}

Ended ContainerTest::run_script(const std::string& script) {
  config["process"]["args"] = {"sh", "-c", script};
  return run();
}

std::string ContainerTest::output_of(const std::string& script) {
  const Ended ended = run_script(script);
  EXPECT_EQ(ended.status, 0) << "script: " << script << "\n" << ended.err;
  std::string text = ended.out;
  while (text.ends_with('\n')) {
    text.pop_back();
  }
  return text;
}

int ContainerTest::start_background(const std::string& container, const std::string& script) {
  config["process"]["args"] = {"sh", "-c", script};
  write_config();
  const Ended ended =
      boxrun({"run", "-d", "--pid-file", folder + "/pid", "-b", folder + "/bundle", container});
  EXPECT_EQ(ended.status, 0) << ended.err;
  return std::atoi(read_text(folder + "/pid").c_str());
}

std::string ContainerTest::rootfs(const std::string& path) const {
  return folder + "/bundle/rootfs" + path;
}

void ContainerTest::drop_namespace(const std::string& type) {
  json& list = config["linux"]["namespaces"];
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i]["type"] == type) {
      list.erase(i);
      return;
    }
  }
}

void ContainerTest::join_namespace(const std::string& type, const std::string& path) {
  drop_namespace(type);
  config["linux"]["namespaces"].push_back({{"type", type}, {"path", path}});
}

void ContainerTest::add_namespace(const std::string& type) {
  if (!has_namespace(type)) {
    config["linux"]["namespaces"].push_back({{"type", type}});
  }
}

bool ContainerTest::has_namespace(const std::string& type) const {
  const json& list = config["linux"]["namespaces"];
  return std::any_of(list.begin(), list.end(),
                     [&type](const json& entry) { return entry["type"] == type; });
}

void ContainerTest::map_users(unsigned outside, unsigned count) {
  add_namespace("user");
  const json mapping = {{"containerID", 0}, {"hostID", outside}, {"size", count}};
  config["linux"]["uidMappings"] = json::array({mapping});
  config["linux"]["gidMappings"] = json::array({mapping});
}

void ContainerTest::grant_all_capabilities() {
  json all = json::array();
  for (const char* name : {"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL", "CAP_SETGID",
                           "CAP_SETUID", "CAP_SETPCAP", "CAP_NET_ADMIN", "CAP_NET_RAW",
                           "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_ADMIN", "CAP_MKNOD"}) {
    all.push_back(name);
  }
  config["process"]["capabilities"] = {{"bounding", all}, {"effective", all}, {"permitted", all}};
}

}  // namespace boxrun::tests
