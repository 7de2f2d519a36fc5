#pragma once
// Values that differ in every run, renamed by where they come from.
//
// A comparison must not see that the container is called c1 here and c2 there, that its rootfs lies
// in another directory or that its process has another number. Masking such things by their look
// (any run of digits, any long hexadecimal word) would also hide real differences: the wrong
// network namespace, the wrong limit. So a value is renamed only if the trace says what it is: the
// id that the runtime was given, the directory that became the root, the number of a traced
// process. Each has one symbol wherever it appears.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tracer/diff/subject.h"

namespace boxtrace::diff {

class Symbols {
 public:
  /// Finds the values of `subject` that have symbols: `<root>`, `<bundle>`, `<id>`, and
  /// `<pid of ROLE>`.
  explicit Symbols(const Subject& subject);

  /// A path with its leading directories renamed, and then the parts of its components.
  [[nodiscard]] std::string rename_path(std::string_view path) const;
  /// Text in which the id may stand: a host name, a cgroup, an argument.
  [[nodiscard]] std::string rename_text(std::string_view text) const;
  /// A phrase of words that may be paths: `bind /var/lib/c1/rootfs, proc /proc`.
  [[nodiscard]] std::string rename_words(std::string_view phrase) const;
  /// What a descriptor refers to: `pipe`, `socket`, a renamed path.
  [[nodiscard]] std::string rename_target(std::string_view target) const;

  /// A renamed value and its symbol, for reports and tests.
  struct Symbol {
    std::string value;
    std::string name;
  };
  [[nodiscard]] const std::vector<Symbol>& directories() const { return directories_; }
  [[nodiscard]] const std::vector<Symbol>& ids() const { return ids_; }

 private:
  [[nodiscard]] std::string rename_component(std::string_view component) const;

  std::vector<Symbol> directories_;                              ///< longest first
  std::vector<Symbol> ids_;                                      ///< longest first
  std::vector<std::pair<std::string, std::string>> pids_;        ///< decimal pid, role
  std::vector<std::pair<std::string, std::string>> namespaces_;  ///< decimal inode, alias
};

/// The container ids that commands like `runc --root R create --bundle B ID` name.
[[nodiscard]] std::vector<std::string> container_ids(
    const std::vector<std::vector<std::string>>& commands);

}  // namespace boxtrace::diff
