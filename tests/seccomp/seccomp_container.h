#pragma once
// A container with a seccomp profile, run under boxtrace by each runtime in turn (the parameter).

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace boxtrace::cli {

/// A shell command's exit status, and what it printed.
struct Ended {
  int status = -1;
  std::string text;
};
[[nodiscard]] Ended run_shell(const std::string& command);

class SeccompContainer : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override;
  void TearDown() override;

  [[nodiscard]] std::string bundle() const { return folder_ + "/bundle"; }
  /// A file in the container's root, there called /hosts, of mode 0644 when a container starts.
  [[nodiscard]] std::string file() const { return bundle() + "/rootfs/hosts"; }
  [[nodiscard]] unsigned mode() const;

  /// Runs a container with a profile, by a shell command that begins with `before`.
  Ended run(const std::string& before, const nlohmann::json& profile,
            const std::vector<std::string>& args);
  /// The same under boxtrace. @returns the container's exit status and the story, with what the
  /// container printed in between.
  Ended tell(const nlohmann::json& profile, const std::vector<std::string>& args);

  /// A profile of tests/filters.
  [[nodiscard]] static nlohmann::json read_profile(const std::string& name);

  std::string runtime_;
  std::string folder_;
  bool has_busybox_ = false;
};

inline std::string runtime_name(const ::testing::TestParamInfo<const char*>& which) {
  return which.param;
}

}  // namespace boxtrace::cli
