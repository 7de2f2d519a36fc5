// Data flows one way, and so do the includes. This test reads every #include of the tree and holds
// it against the table below, which is the picture of ARCHITECTURE.md in words.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace boxtrace::lint {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

enum class Kind {
  Pure,  ///< makes no system call, reads no clock and no environment
  Live,
};

struct Folder {
  std::string_view path;
  Kind kind;
  std::vector<std::string_view> may_include;  ///< besides itself: folders, or single headers
};

// A folder's sub-folders belong to it, unless they have a row of their own.
const std::vector<Folder>& folders() {
  static const std::vector<Folder> kFolders = {
      {"tracer/base", Kind::Pure, {}},
      {"tracer/os", Kind::Live, {"tracer/base"}},
      {"tracer/raw", Kind::Pure, {"tracer/base"}},
      {"decoders", Kind::Pure, {"tracer/base", "tracer/raw"}},
      {"decoders/bpf", Kind::Pure, {"tracer/base", "tracer/raw", "decoders"}},
      {"tracer/stacks", Kind::Pure, {"tracer/base", "tracer/raw"}},
      {"tracer/ptrace",
       Kind::Live,
       {"tracer/base", "tracer/os", "tracer/raw", "decoders", "tracer/stacks"}},
      {"tracer/trace", Kind::Pure, {"tracer/base", "tracer/raw", "decoders"}},
      {"tracer/model", Kind::Pure, {"tracer/base", "tracer/raw", "decoders"}},
      {"tracer/timeline", Kind::Pure, {"tracer/base", "tracer/raw", "decoders", "tracer/model"}},
      {"tracer/diff",
       Kind::Pure,
       {"tracer/base", "tracer/raw", "decoders", "tracer/trace", "tracer/model",
        "tracer/timeline"}},
      {"tracer/sinks",
       Kind::Pure,
       {"tracer/base", "tracer/raw", "decoders", "tracer/stacks", "tracer/trace", "tracer/model",
        "tracer/timeline"}},
      {"tracer/teach",
       Kind::Pure,
       {"tracer/base", "tracer/raw", "decoders", "tracer/trace", "tracer/model",
        "tracer/timeline"}},
      {"tracer/cli", Kind::Live, {"tracer", "decoders"}},
      {"runtime/toolbox", Kind::Live, {}},
      {"runtime/config",
       Kind::Pure,
       {"runtime/aliases.h", "tracer/base", "tracer/raw", "decoders",
        // For the constants that a configuration names; purity_test.sh sees that nothing is called.
        "sched.h", "signal.h", "sys/mount.h", "sys/personality.h", "sys/resource.h"}},
      {"runtime/plan",
       Kind::Pure,
       {"runtime/aliases.h", "runtime/config", "tracer/base", "tracer/raw", "decoders", "sched.h",
        "sys/mount.h"}},
      {"runtime/dbus", Kind::Pure, {"runtime/aliases.h", "tracer/base"}},
      {"runtime", Kind::Live, {"tracer/base", "tracer/os", "tracer/raw", "decoders"}},
  };
  return kFolders;
}

bool is_below(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && path.substr(folder.size()).starts_with('/');
}

/// The row with the longest matching path, or nullptr.
const Folder* find_folder(std::string_view path) {
  const Folder* best = nullptr;
  for (const Folder& folder : folders()) {
    if (is_below(path, folder.path) &&
        (best == nullptr || folder.path.size() > best->path.size())) {
      best = &folder;
    }
  }
  return best;
}

/// Headers that reach the operating system. <cstdio> and <sys/sysmacros.h> are not among them:
/// snprintf and makedev are innocent, and what is not shows in the object files (purity_test.sh).
bool is_os_header(const std::string& header) {
  static const std::regex kOsHeader(
      R"((sys/(?!sysmacros)|netinet/).*|(unistd|fcntl|dirent|poll|sched|signal|spawn|time|pthread)\.h|)"
      R"((pwd|grp|dlfcn|termios)\.h|csignal|ctime|fstream|filesystem|iostream|thread|mutex|)"
      R"(atomic|future|condition_variable|random)");
  return std::regex_match(header, kOsHeader);
}

/// What a pure folder must not say: a clock, the environment.
const std::regex& impure_words() {
  static const std::regex kWords(
      R"(\b(std::getenv|getenv|secure_getenv|environ|system_clock|steady_clock)\b)");
  return kWords;
}

bool may_include(const Folder& folder, const std::string& header) {
  return std::any_of(
      folder.may_include.begin(), folder.may_include.end(),
      [&header](std::string_view other) { return header == other || is_below(header, other); });
}

/// The line without its string literals and its comment, which may speak of anything.
std::string code_of(const std::string& line) {
  static const std::regex kLiteral(R"re("(?:[^"\\]|\\.)*")re");
  const std::string code = std::regex_replace(line, kLiteral, "\"\"");
  return code.substr(0, code.find("//"));
}

/// What is wrong with one line of a file in `folder`; empty when nothing is.
std::string judge_line(const Folder& folder, const std::string& line) {
  static const std::regex kInclude(R"re(^\s*#\s*include\s*(["<])([^">]+)[">])re");
  const bool pure = folder.kind == Kind::Pure;
  std::smatch include;
  if (!std::regex_search(line, include, kInclude)) {
    const bool impure = pure && std::regex_search(code_of(line), impure_words());
    return impure ? "a clock or the environment in a pure folder" : "";
  }
  const std::string header = include[2];
  if (may_include(folder, header)) {
    return "";
  }
  if (include[1] == "<") {
    return pure && is_os_header(header) ? "<" + header + "> in a pure folder" : "";
  }
  const bool own = find_folder(header) == &folder;
  const bool same_program = folder.path == "runtime" && is_below(header, "runtime");
  return own || same_program ? "" : std::string(folder.path) + " may not include " + header;
}

/// One sentence for each rule that the file `path` with this `text` breaks.
std::vector<std::string> find_violations(const std::string& path, const std::string& text) {
  const Folder* folder = find_folder(path);
  if (folder == nullptr) {
    return {path + ": its folder has no row in layering_test.cc"};
  }
  if (path == "tracer/stacks/capstone.cc") {
    return {};  // loads a library when it is wanted, instead of having it linked
  }
  std::vector<std::string> violations;
  std::istringstream lines(text);
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const std::string verdict = judge_line(*folder, line);
    if (!verdict.empty()) {
      violations.push_back(path + ":" + std::to_string(number) + ": " + verdict);
    }
  }
  return violations;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Layering, EveryIncludePointsLeft) {
  const std::filesystem::path root = BOXTRACE_SOURCE_DIR;
  std::size_t files = 0;
  for (const char* top : {"tracer", "decoders", "runtime"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / top)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".cc" && extension != ".h") {
        continue;
      }
      ++files;
      const std::string path = std::filesystem::relative(entry.path(), root).string();
      for (const std::string& violation : find_violations(path, read_file(entry.path()))) {
        ADD_FAILURE() << violation;
      }
    }
  }
  EXPECT_GT(files, 30U) << "the tree was not found";
}

TEST(Layering, NoticesAnArrowThatPointsRight) {
  EXPECT_THAT(find_violations("decoders/x.cc",
                              "#include \"tracer/base/text.h\"\n"
                              "#include \"tracer/model/model.h\"\n"),
              ElementsAre("decoders/x.cc:2: decoders may not include tracer/model/model.h"));
  EXPECT_THAT(find_violations("tracer/timeline/rules/x.cc", "#include \"tracer/sinks/text.h\"\n"),
              ElementsAre("tracer/timeline/rules/x.cc:1: tracer/timeline may not include "
                          "tracer/sinks/text.h"));
  EXPECT_THAT(find_violations("runtime/config/x.cc", "#include \"runtime/exec/child.h\"\n"),
              ElementsAre("runtime/config/x.cc:1: runtime/config may not include "
                          "runtime/exec/child.h"));
  EXPECT_THAT(find_violations("runtime/exec/x.cc", "#include \"tracer/ptrace/stop.h\"\n"),
              ElementsAre("runtime/exec/x.cc:1: runtime may not include tracer/ptrace/stop.h"));
}

TEST(Layering, NoticesTheOperatingSystemInAPureFolder) {
  EXPECT_THAT(find_violations("tracer/model/x.cc", "#include <sys/stat.h>\n#include <vector>\n"),
              ElementsAre("tracer/model/x.cc:1: <sys/stat.h> in a pure folder"));
  EXPECT_THAT(find_violations("tracer/sinks/x.cc", "auto home = std::getenv(\"HOME\");\n"),
              ElementsAre("tracer/sinks/x.cc:1: a clock or the environment in a pure folder"));
  EXPECT_THAT(find_violations("tracer/sinks/x.cc", "// as steady_clock would say\n"), IsEmpty());
  EXPECT_THAT(find_violations("tracer/os/x.cc", "#include <sys/stat.h>\n"), IsEmpty());
}

TEST(Layering, NoticesAFolderThatNobodyPlaced) {
  EXPECT_THAT(find_violations("tracer/extras/x.cc", ""),
              ElementsAre("tracer/extras/x.cc: its folder has no row in layering_test.cc"));
}

}  // namespace
}  // namespace boxtrace::lint
