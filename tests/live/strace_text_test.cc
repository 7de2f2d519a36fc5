// --style=strace prints what strace prints: a program that makes the calls of the container family
// runs under both, and every line must be equal, or stand in docs/strace-differences.md with its
// reason. See there for what is made equal before: process ids, stack addresses, times.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "tests/live/programs.h"
#include "tracer/base/text.h"

namespace boxtrace::test {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// One line of output, put together again if it was cut by another task, and whose it is.
struct Line {
  std::string pid;
  std::string text;
};

/// Lines of `strace -f -o`, which begin with a pid.
std::vector<Line> parse_lines(const std::string& output) {
  static const std::regex kLine("^(\\d+) +(.*)$");
  static const std::regex kResumed("^<\\.\\.\\. \\w+ resumed>(.*)$");
  static const std::string kCut = " <unfinished ...>";
  std::vector<Line> lines;
  std::map<std::string, std::string> unfinished;
  for (const std::string_view each : base::split(output, '\n')) {
    const std::string line(each);
    std::smatch match;
    if (!std::regex_match(line, match, kLine)) {
      EXPECT_TRUE(line.empty()) << line;
      continue;
    }
    const std::string pid = match[1];
    std::string text = match[2];
    if (text.size() > kCut.size() && text.substr(text.size() - kCut.size()) == kCut) {
      unfinished[pid] = text.substr(0, text.size() - kCut.size());
      continue;
    }
    if (std::regex_match(text, match, kResumed)) {
      text = unfinished[pid] + match[1].str();
      unfinished.erase(pid);
    }
    lines.push_back({pid, text});
  }
  return lines;
}

/// The lines from the program's first own call on, task by task, with everything that differs from
/// run to run made equal.
std::vector<std::string> normalised(const std::string& output) {
  const std::vector<Line> lines = parse_lines(output);
  std::map<std::string, std::size_t> ids;
  for (const Line& line : lines) {
    ids.emplace(line.pid, ids.size() + 1);
  }
  static const std::regex kColumn("\\) +=");
  static const std::regex kNumber("\\b\\d{2,}\\b");
  static const std::regex kStack("0x7ff[0-9a-f]{9}");
  static const std::regex kTimes(
      "(tv_usec|ru_maxrss|ru_minflt|ru_nvcsw|ru_nivcsw|st_ino|stx_ino|st_.time_nsec)=\\d+");
  static const std::regex kDates("(st_.time)=\\d+ /\\*[^*]*\\*/");
  // Of a quick machine they are 0, of a slow one not, and then strace says the seconds, too.
  static const std::regex kTicks("(si_[us]time)=\\d+( /\\*[^*]*\\*/)?");
  static const std::regex kKeyring("^(keyctl.*= )\\d+$");
  std::map<std::size_t, std::vector<std::string>> by_task;
  bool begun = false;
  for (const Line& line : lines) {
    begun = begun || line.text.find("strace_family_dir\")") != std::string::npos;
    if (!begun) {
      continue;
    }
    std::string text;
    std::string rest = line.text;
    std::smatch match;
    while (std::regex_search(rest, match, kNumber)) {
      const auto id = ids.find(match.str());
      text += match.prefix().str();
      text += id != ids.end() ? "P" + std::to_string(id->second) : match.str();
      rest = match.suffix();
    }
    text += rest;
    text = std::regex_replace(text, kColumn, ") =");
    text = std::regex_replace(text, kDates, "$1=N");
    text = std::regex_replace(text, kTimes, "$1=N");
    text = std::regex_replace(text, kTicks, "$1=N");
    text = std::regex_replace(text, kKeyring, "$1N");
    text = std::regex_replace(text, kStack, "STACK");
    by_task[ids[line.pid]].push_back(text);
  }
  std::vector<std::string> all;
  for (const auto& [id, texts] : by_task) {
    for (const std::string& text : texts) {
      all.push_back("P" + std::to_string(id) + " " + text);
    }
  }
  return all;
}

/// A process id of one run is an ordinary number in the other (1000, 1024), from which it cannot be
/// told. Ids of the other run it cannot be, because no id comes back so soon.
bool is_ambiguous(const std::string& output, const std::string& other) {
  std::set<std::string> ids;
  for (const Line& line : parse_lines(output)) {
    ids.insert(line.pid);
  }
  static const std::regex kNumber("\\b\\d{2,}\\b");
  return std::any_of(std::sregex_iterator(other.begin(), other.end(), kNumber),
                     std::sregex_iterator(),
                     [&ids](const std::smatch& number) { return ids.contains(number.str()); });
}

/// A directory for the program, mounts on it gone when this ends.
class Ground {
 public:
  Ground() : path_(fs::temp_directory_path() / ("strace_text_" + std::to_string(::getpid()))) {
    fs::create_directories(path_);
  }
  ~Ground() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Ground(const Ground&) = delete;
  Ground& operator=(const Ground&) = delete;
  Ground(Ground&&) = delete;
  Ground& operator=(Ground&&) = delete;

  /// What `tracer` writes about the program, which always finds the same empty directory.
  [[nodiscard]] std::string trace(const std::string& tracer, const std::string& options) const {
    const fs::path work = path_ / "strace_family_dir";
    fs::remove_all(work);
    fs::create_directories(work);
    const std::string log = (path_ / "log").string();
    fs::remove(log);
    const std::string command = "cd '" + path_.string() +
                                "' && env -i PATH=/usr/bin:/bin timeout 60 " + tracer + " -f " +
                                options + " -o '" + log + "' '" + program("strace_family") +
                                "' strace_family_dir </dev/null >/dev/null 2>'" + log + ".err'";
    const int status = std::system(command.c_str());
    EXPECT_EQ(status, 0) << command << "\n" << read_text(log + ".err");
    return read_text(log);
  }

 private:
  fs::path path_;
};

bool has_strace() { return std::system("strace -V >/dev/null 2>&1") == 0; }

const std::string kBoxtrace = BOXTRACE_BINARY_DIR "/tracer/cli/boxtrace --style=strace";

struct Difference {
  std::string options;
  std::string strace;
  std::string boxtrace;
  std::string reason;
};

/// The rows of the table in docs/strace-differences.md.
std::vector<Difference> known_differences() {
  const auto cell = [](std::string text) {
    text = std::string(base::trim(text));
    if (text.size() > 1 && text.front() == '`') {
      text = text.substr(1, text.size() - 2);
    }
    return std::regex_replace(text, std::regex("\\\\\\|"), "|");
  };
  std::vector<Difference> rows;
  const std::string table = read_text(fs::path(BOXTRACE_SOURCE_DIR) / "docs/strace-differences.md");
  for (const std::string_view each : base::split(table, '\n')) {
    const std::string line(each);
    static const std::regex kRow("^\\| (.*?) \\| (`.*`) \\| (`.*`) \\| (.*) \\|$");
    std::smatch match;
    if (std::regex_match(line, match, kRow)) {
      rows.push_back({match[1], cell(match[2]), cell(match[3]), match[4]});
    }
  }
  return rows;
}

struct Look {
  const char* name;
  const char* options;
};

void PrintTo(const Look& look, std::ostream* out) { *out << look.name; }

class StraceText : public testing::TestWithParam<Look> {
 protected:
  void SetUp() override {
    if (!has_strace()) {
      GTEST_SKIP() << "strace is not installed";
    }
  }
};

TEST_P(StraceText, EqualsWhatStracePrints) {
  const Ground ground;
  constexpr int kAttempts = 20;  // each takes other ids
  std::string theirs;
  std::string ours;
  for (int i = 0;
       i < kAttempts && (ours.empty() || is_ambiguous(theirs, ours) || is_ambiguous(ours, theirs));
       ++i) {
    theirs = ground.trace("strace", GetParam().options);
    ours = ground.trace(kBoxtrace, GetParam().options);
  }
  const std::vector<std::string> expected = normalised(theirs);
  const std::vector<std::string> actual = normalised(ours);
  ASSERT_FALSE(expected.empty());
  EXPECT_EQ(expected.size(), actual.size());
  const std::vector<Difference> known = known_differences();
  for (std::size_t i = 0; i < std::min(expected.size(), actual.size()); ++i) {
    const bool listed = std::any_of(known.begin(), known.end(), [&](const Difference& row) {
      const bool applies =
          row.options == "any" || row.options == "`" + std::string(GetParam().options) + "`";
      return applies && expected[i].substr(expected[i].find(' ') + 1) == row.strace &&
             actual[i].substr(actual[i].find(' ') + 1) == row.boxtrace;
    });
    if (expected[i] != actual[i] && !listed) {
      ADD_FAILURE() << "line " << i << "\n  strace:   " << expected[i]
                    << "\n  boxtrace: " << actual[i];
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Looks, StraceText,
    testing::Values(Look{"Plain", ""}, Look{"Hex", "-x"}, Look{"ShortStrings", "-s 5"},
                    Look{"LongStrings", "-s 200"}, Look{"Signals", "-e signal='!SIGUSR1,CHLD'"},
                    Look{"Quiet", "-qq"}, Look{"Column", "-a 60"}),
    [](const testing::TestParamInfo<Look>& look) { return std::string(look.param.name); });

TEST(StraceTextProgram, MakesSixtyDifferentCallsAndMore) {
  if (!has_strace()) {
    GTEST_SKIP() << "strace is not installed";
  }
  const Ground ground;
  std::set<std::string> names;
  static const std::regex kCall("^P\\d+ (\\w+)\\(.*");
  for (const std::string& line : normalised(ground.trace(kBoxtrace, ""))) {
    std::smatch match;
    if (std::regex_match(line, match, kCall)) {
      names.insert(match[1]);
    }
  }
  EXPECT_GT(names.size(), 150U);
  for (const char* const name :
       {"unshare", "setns", "clone", "clone3", "mount", "umount2", "pivot_root", "chroot",
        "sethostname", "capset", "prctl", "seccomp", "execve", "fsopen", "move_mount",
        "mount_setattr", "setgroups", "mknodat"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST(StraceDifferences, AllHaveAReason) {
  const std::vector<Difference> rows = known_differences();
  EXPECT_FALSE(rows.empty());
  for (const Difference& row : rows) {
    EXPECT_GT(row.reason.size(), 20U) << row.strace;
    EXPECT_NE(row.strace, row.boxtrace);
  }
}

}  // namespace
}  // namespace boxtrace::test
