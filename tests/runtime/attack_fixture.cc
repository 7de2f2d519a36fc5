#include "tests/runtime/attack_fixture.h"

#include <filesystem>

namespace boxrun::tests {

using nlohmann::json;

void Attack::SetUp() {
  ContainerTest::SetUp();
  if (!IsSkipped()) {
    victim = folder + "/victim";
    std::filesystem::create_directory(victim);
    config["root"]["readonly"] = false;
  }
}

Ended Attack::run_with(Runtime runtime, Leaks leaked) {
  write_config();
  return run_command({command_of(runtime, folder + "/" + name_of(runtime),
                                 {"run", "-b", folder + "/bundle", id + name_of(runtime)}),
                      0, std::move(leaked)});
}

Ended Attack::run_weakly(const std::vector<std::string>& args, Leaks leaked) const {
  std::vector<std::string> words = {"unshare", "-m", "-p", "-f", "-R", rootfs(), "--mount-proc"};
  words.insert(words.end(), args.begin(), args.end());
  return run_command({words, 0, std::move(leaked)});
}

Ended Attack::run_trustingly(const std::string& script) {
  return run_command({{"unshare", "-m", "--propagation", "private", "sh", "-c", script}});
}

void Attack::add_mount(const std::string& destination, const std::string& type,
                       const std::string& source, const std::vector<std::string>& options) {
  config["mounts"].push_back(
      {{"destination", destination}, {"type", type}, {"source", source}, {"options", options}});
}

void Attack::drop_mounts_below(const std::string& destination) {
  json kept = json::array();
  for (const json& mount : config["mounts"]) {
    const std::string path = mount["destination"];
    if (path != destination && !path.starts_with(destination + "/")) {
      kept.push_back(mount);
    }
  }
  config["mounts"] = kept;
}

}  // namespace boxrun::tests
