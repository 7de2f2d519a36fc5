#pragma once
// A bundle, a state directory and a way to run boxrun on them. After every test nothing may be
// left: no process, mount, cgroup or state directory.

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace boxrun::tests {

struct Ended {
  int status = -1;  ///< exit status, 128 + signal, or -1 when it had to be killed for its length
  std::string out;
  std::string err;
};

/// Runs a program to its end, with its standard error apart.
struct Command {
  std::vector<std::string> args;
  unsigned uid = 0;  ///< run as this user and group when not 0
  std::vector<std::pair<int, std::string>> open_directories = {};  ///< leaked as these descriptors
  std::chrono::seconds limit{60};
};
[[nodiscard]] Ended run_command(const Command& command);

[[nodiscard]] std::string read_text(const std::string& path);
void write_text(const std::string& path, const std::string& text);

/// What of the machine a container could leave behind, as far as it bears `mark` (a test's own
/// directory and container ids do).
[[nodiscard]] std::vector<std::string> find_traces(const std::string& mark);

/// No hierarchy of version 1 is mounted.
[[nodiscard]] bool has_cgroup2_alone();

/// A folder of a filesystem that can be id-mapped, where the kernel has one of which that is sure:
/// a tmpfs, since Linux 6.3. Before, one of the filesystem that is there.
class MappableFolder {
 public:
  explicit MappableFolder(std::string path);
  ~MappableFolder();
  MappableFolder(const MappableFolder&) = delete;
  MappableFolder& operator=(const MappableFolder&) = delete;

 private:
  std::string path_;
  bool is_tmpfs_ = false;
};

class ContainerTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  /// boxrun with this test's state directory.
  [[nodiscard]] Ended boxrun(std::vector<std::string> args);
  /// Writes `config` to the bundle and runs it in the foreground.
  [[nodiscard]] Ended run();
  /// The same with a shell script as the program.
  [[nodiscard]] Ended run_script(const std::string& script);
  /// The standard output of such a script, without the last newline. The script must succeed.
  [[nodiscard]] std::string output_of(const std::string& script);
  /// Creates a container in the background; its program waits. @returns the pid of init.
  [[nodiscard]] int start_background(const std::string& container,
                                     const std::string& script = "sleep 1000");
  void write_config();
  [[nodiscard]] std::string rootfs(const std::string& path = {}) const;
  [[nodiscard]] nlohmann::json::json_pointer at(const char* path) const {
    return nlohmann::json::json_pointer{path};
  }
  /// Removes a namespace from the config, or turns it into a joined one.
  void drop_namespace(const std::string& type);
  void join_namespace(const std::string& type, const std::string& path);
  void add_namespace(const std::string& type);
  void map_users(unsigned outside, unsigned count);
  void grant_all_capabilities();
  [[nodiscard]] bool has_namespace(const std::string& type) const;

  std::string folder;  ///< of this test, below /tmp; its name is the mark of find_traces()
  std::string mark;
  std::string id;  ///< of the container in run()
  nlohmann::json config;
};

}  // namespace boxrun::tests
