#pragma once
// An OCI bundle in a temporary directory: what `runc spec` writes, around a root filesystem that
// holds a static busybox and nothing else.

#include <memory>
#include <string>
#include <vector>

#include "tracer/base/result.h"

namespace boxtrace::test {

class Bundle {
 public:
  /// A bundle whose process runs `args`, without a terminal.
  /// @errors  when runc or a static busybox is not installed, or nothing can be written.
  [[nodiscard]] static base::Result<std::unique_ptr<Bundle>> make(
      const std::vector<std::string>& args);

  Bundle(const Bundle&) = delete;
  Bundle& operator=(const Bundle&) = delete;
  Bundle(Bundle&&) = delete;
  Bundle& operator=(Bundle&&) = delete;
  ~Bundle();

  [[nodiscard]] std::string path() const { return root_ + "/bundle"; }
  /// A directory for the runtime's state, so that no test meets another's containers.
  [[nodiscard]] std::string state() const { return root_ + "/state"; }

 private:
  explicit Bundle(std::string root) : root_(std::move(root)) {}

  std::string root_;
};

}  // namespace boxtrace::test
