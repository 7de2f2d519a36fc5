#pragma once
// A filesystem that behaves like resctrl of a machine with one L3 cache of 20 bits and three
// classes of service: mkdir fills groups with files, rmdir empties them, and what is refused is
// explained in info/last_cmd_status. Served through /dev/fuse by a process of its own.
//
// It is mounted in a mount namespace of its own, where nobody else gets a copy of it. Its type is
// fuse, so boxrun is given a mountinfo that says otherwise, bound over its own.
//
// Whoever makes the directory that the file `hold` names stands right after that, with `held` there
// to show it, until there is `go_on`.

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
  /// As boxrun sees it, and as the test reaches it.
  [[nodiscard]] std::string path(const std::string& below = {}) const { return root_ + below; }
  [[nodiscard]] std::string file(const std::string& below) const;
  /// Makes a command see it as resctrl.
  [[nodiscard]] std::vector<std::string> seen_by(const std::vector<std::string>& command) const;

 private:
  std::string root_;
  std::string mountinfo_;
  pid_t server_ = 0;
};

}  // namespace boxrun::tests
