#pragma once
// What `boxtrace explain` knows of one word, gathered from the rows and tables of decoders and from
// the lessons of this folder.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "decoders/constants.h"

namespace boxtrace::teach {

struct Topic {
  enum class Kind : std::uint8_t { Syscall, Constant, Namespace, Errno };
  Kind kind = Kind::Constant;
  std::string name;                  ///< `unshare`, `CLONE_NEWPID`, `pid namespace`, `EPERM`
  std::string category;              ///< `system call`, `clone flag`, `capability`, `error`
  std::vector<std::string> numbers;  ///< `x86-64 272`, `0x20000000`
  decoders::Explanation explain;
  std::string man;
  std::string kernel;  ///< where the source is
  /// Of a system call: the name of an argument, and the words that it takes.
  std::vector<std::pair<std::string, std::string>> arguments;
  std::vector<std::string> used_by;  ///< calls that take the constant: `unshare`, `clone3`
  std::vector<std::string> related;
  /// Names by which a trace uses the topic: of calls, constants or errors.
  std::vector<std::string> traces_as;
};

struct Search {
  std::vector<Topic> topics;             ///< what the word means, the likeliest first
  std::vector<std::string> other;        ///< further meanings, one line each
  std::vector<std::string> suggestions;  ///< when there are no topics: words that look like it
};

/// Finds what `word` means: a system call by name or x86-64 number, a constant with or without its
/// prefix, a namespace, an error, a signal; in upper or lower case.
[[nodiscard]] Search find_topics(std::string_view word);

// The parts of find_topics, a file each.

[[nodiscard]] std::vector<Topic> syscall_topics(std::string_view name);
/// By number; what the number means to other ABIs goes to `other`.
[[nodiscard]] std::vector<Topic> numbered_topics(std::uint64_t nr, std::vector<std::string>& other);
/// By whole name in any case.
[[nodiscard]] std::vector<Topic> constant_topics(std::string_view word);
/// Names of constants that are `word` (upper case) behind a prefix: SYS_ADMIN gives CAP_SYS_ADMIN.
[[nodiscard]] std::vector<std::string> constants_ending_in(std::string_view word);
/// `pid namespace`, `pidns`, `pid_namespaces`, `user`.
[[nodiscard]] std::vector<Topic> namespace_topics(std::string_view phrase);
[[nodiscard]] std::vector<Topic> errno_topics(std::string_view name);
/// Every word that find_topics knows, for suggestions.
[[nodiscard]] std::vector<std::string> all_words();

}  // namespace boxtrace::teach
