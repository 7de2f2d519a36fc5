#pragma once
// What tests of attacks share: a directory of the host that must stay empty, the same attack on
// other runtimes, and a runtime that defends itself against nothing.

#include <string>
#include <utility>
#include <vector>

#include "tests/runtime/container_fixture.h"
#include "tests/runtime/other_runtimes.h"

namespace boxrun::tests {

class Attack : public ContainerTest {
 protected:
  using Leaks = std::vector<std::pair<int, std::string>>;  ///< descriptor, directory of the host

  void SetUp() override;

  /// Runs the bundle with a runtime whose caller leaks descriptors.
  [[nodiscard]] Ended run_with(Runtime runtime, Leaks leaked = {});
  /// A weak "runtime": new namespaces and a chroot, nothing else.
  [[nodiscard]] Ended run_weakly(const std::vector<std::string>& args, Leaks leaked = {}) const;
  /// A shell script on the host, in a mount namespace of its own: what trusts the image's paths.
  [[nodiscard]] static Ended run_trustingly(const std::string& script);

  void set_script(const std::string& script) { config["process"]["args"] = {"sh", "-c", script}; }
  void add_mount(const std::string& destination, const std::string& type, const std::string& source,
                 const std::vector<std::string>& options = {});
  void drop_mounts_below(const std::string& destination);

  std::string victim;  ///< a directory of the host that must stay empty
};

}  // namespace boxrun::tests
