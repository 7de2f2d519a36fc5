#pragma once
// A filesystem that behaves like resctrl of a machine with one L3 cache of 20 bits and three
// classes of service: mkdir fills groups with files, rmdir empties them, and what is refused is
// explained in info/last_cmd_status. Served through /dev/fuse by a process of its own.
//
// Its type is fuse, so it is given to boxrun by a mountinfo that says otherwise, bound over that of
// boxrun in a mount namespace.

#include <string>
#include <vector>

#include <sys/types.h>

namespace boxrun::tests {

class FakeResctrl {
 public:
  explicit FakeResctrl(const std::string& folder);
  ~FakeResctrl();
  FakeResctrl(const FakeResctrl&) = delete;
  FakeResctrl& operator=(const FakeResctrl&) = delete;

  /// False where there is no /dev/fuse, or no right to mount.
  [[nodiscard]] bool is_mounted() const { return server_ > 0; }
  [[nodiscard]] std::string path(const std::string& below = {}) const { return root_ + below; }
  /// Makes a command see it as resctrl.
  [[nodiscard]] std::vector<std::string> seen_by(const std::vector<std::string>& command) const;

 private:
  std::string root_;
  std::string mountinfo_;
  pid_t server_ = 0;
};

}  // namespace boxrun::tests
