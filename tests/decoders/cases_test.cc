// Runs the *.cases files beside it; README.md describes their format.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "decoders/decode.h"
#include "decoders/registry.h"
#include "decoders/render.h"
#include "tracer/base/error_text.h"
#include "tracer/base/text.h"

namespace boxtrace::decoders {
namespace {

namespace fs = std::filesystem;

struct Case {
  int line = 0;
  std::string name;
  Options options;
  raw::Snapshot in;
  raw::Snapshot out;  ///< over `in`
  raw::Call call;
  raw::Outcome outcome;
  std::string expected;
};

/// Memory with nothing but the pieces of a case: everything else faults.
class CaseMemory final : public raw::Memory {
 public:
  explicit CaseMemory(const raw::Snapshot& snapshot) : recorded_(snapshot) {}
  [[nodiscard]] raw::Chunk read(base::Addr addr, std::size_t size) const override {
    raw::Chunk chunk = recorded_.read(addr, size);
    chunk.failure = without_gaps(chunk.failure);
    return chunk;
  }
  [[nodiscard]] raw::CString read_cstring(base::Addr addr, std::size_t limit,
                                          char stop) const override {
    raw::CString string = recorded_.read_cstring(addr, limit, stop);
    string.failure = without_gaps(string.failure);
    return string;
  }

 private:
  static std::optional<raw::Unreadable> without_gaps(std::optional<raw::Unreadable> failure) {
    return failure == raw::Unreadable::NotCaptured ? raw::Unreadable::Fault : failure;
  }
  raw::RecordedMemory recorded_;
};

/// Reads one file. What is wrong with the file itself is a test failure at its line.
class CaseParser {
 public:
  explicit CaseParser(fs::path path) : path_(std::move(path)) {}

  std::vector<Case> parse() {
    std::ifstream file(path_);
    std::vector<Case> cases;
    std::optional<Case> current;
    std::string line;
    while (std::getline(file, line)) {
      ++line_;
      if (line.empty()) {
        if (current) {
          complain("the case before this line has no `=>`");
        }
        current.reset();
        continue;
      }
      if (!current) {
        current.emplace();
      }
      parse_line(line, *current);
      if (!current->expected.empty()) {
        cases.push_back(std::move(*current));
        current.reset();
      }
    }
    return cases;
  }

 private:
  void complain(const std::string& what) const { ADD_FAILURE_AT(path_.c_str(), line_) << what; }

  std::uint64_t number(std::string_view text) const {
    text = base::trim(text);
    if (const auto value = base::parse_u64(text)) {
      return *value;
    }
    if (const auto value = base::parse_i64(text)) {
      return static_cast<std::uint64_t>(*value);
    }
    complain(fmt::format("`{}` is not a number", text));
    return 0;
  }

  static bool takes(std::string_view& line, std::string_view word) {
    if (line.substr(0, word.size()) != word) {
      return false;
    }
    line.remove_prefix(word.size());
    return true;
  }

  void parse_line(std::string_view line, Case& into) {
    if (takes(line, "# ")) {
      into.name += (into.name.empty() ? "" : " ") + std::string{line};
    } else if (takes(line, "abi ")) {
      const auto abi = raw::parse_abi(line);
      abi ? into.call.abi = *abi : (complain("no such abi"), raw::Abi::Unknown);
    } else if (takes(line, "options ")) {
      parse_options(line, into.options);
    } else if (takes(line, "mem ")) {
      into.in.pieces.push_back(parse_piece(line));
    } else if (takes(line, "out ")) {
      into.out.pieces.push_back(parse_piece(line));
    } else if (takes(line, "=> ")) {
      into.expected = line;
    } else {
      into.line = line_;
      parse_call(line, into);
    }
  }

  void parse_options(std::string_view text, Options& options) const {
    for (const std::string_view word : base::split_blanks(text)) {
      const std::size_t equals = word.find('=');
      const std::string_view key = word.substr(0, equals);
      const std::uint64_t value = number(word.substr(std::min(word.size(), equals + 1)));
      if (key == "string_limit") {
        options.string_limit = value;
      } else if (key == "list_limit") {
        options.list_limit = value;
      } else if (key == "env_values") {
        options.env_values = value != 0;
      } else {
        complain(fmt::format("no such option: {}", key));
      }
    }
  }

  /// Splits at ` | `, but not within quotes.
  static std::vector<std::string> split_items(std::string_view text) {
    std::vector<std::string> items(1);
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\\' && i + 1 < text.size()) {
        items.back() += text[i++];
      } else if (text[i] == '"') {
        quoted = !quoted;
      } else if (text[i] == '|' && !quoted) {
        items.emplace_back();
        continue;
      }
      items.back() += text[i];
    }
    return items;
  }

  [[nodiscard]] std::string unquote(std::string_view text) const {
    text = base::trim(text);
    if (text.size() < 2 || text.front() != '"' || text.back() != '"') {
      complain("text must be in double quotes");
      return {};
    }
    text = text.substr(1, text.size() - 2);
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '\\' || i + 1 == text.size()) {
        out += text[i];
        continue;
      }
      const char escape = text[++i];
      if (escape == 'x' && i + 2 < text.size() + 0) {
        const auto byte = base::parse_u64("0x" + std::string{text.substr(i + 1, 2)});
        out += static_cast<char>(byte.value_or(0));
        i += 2;
      } else {
        out += escape == 'n' ? '\n' : escape == 't' ? '\t' : escape == '0' ? '\0' : escape;
      }
    }
    return out;
  }

  [[nodiscard]] raw::Snapshot::Piece parse_piece(std::string_view text) const {
    static const std::map<std::string_view, raw::Unreadable> kFailures = {
        {"fault", raw::Unreadable::Fault},
        {"nondumpable", raw::Unreadable::NotDumpable},
        {"gone", raw::Unreadable::Gone}};
    static const std::map<std::string_view, std::size_t> kWidths = {
        {"u8", 1}, {"u16", 2}, {"u32", 4}, {"u64", 8}};
    raw::Snapshot::Piece piece;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) {
      complain("`mem ADDR = ITEMS`");
      return piece;
    }
    piece.addr = base::Addr{number(text.substr(0, equals))};
    std::string bytes;
    for (const std::string& padded : split_items(text.substr(equals + 1))) {
      const std::string_view item = base::trim(padded);
      const std::size_t blank = std::min(item.find(' '), item.size());
      const std::string_view kind = item.substr(0, blank);
      const std::string_view rest = item.substr(blank);
      if (const auto failure = kFailures.find(kind); failure != kFailures.end()) {
        piece.failure = failure->second;
      } else if (const auto width = kWidths.find(kind); width != kWidths.end()) {
        const std::uint64_t value = number(rest);
        bytes.append(reinterpret_cast<const char*>(&value), width->second);
      } else if (kind == "str") {
        bytes += unquote(rest) + '\0';
      } else if (kind == "bytes") {
        bytes += unquote(rest);
      } else if (kind == "pad") {
        bytes.append(number(rest), '\0');
      } else {
        complain(fmt::format("no such item: {}", kind));
      }
    }
    piece.bytes = base::to_bytes(bytes);
    return piece;
  }

  void parse_call(std::string_view text, Case& into) const {
    const std::size_t open = text.find('(');
    const std::size_t close = text.rfind(") = ");
    if (open == std::string_view::npos || close == std::string_view::npos) {
      complain("neither a known word nor `name(args) = outcome`");
      return;
    }
    parse_number(text.substr(0, open), into.call);
    std::size_t count = 0;
    const std::string_view args = text.substr(open + 1, close - open - 1);
    for (const std::string_view arg : base::split(args, ',')) {
      if (!base::trim(arg).empty() && count < into.call.args.size()) {
        into.call.args.at(count++) = number(arg);
      }
    }
    into.outcome = parse_outcome(text.substr(close + 4));
  }

  void parse_number(std::string_view name, raw::Call& call) const {
    if (takes(name, "nr_")) {
      call.nr = number(name);
      return;
    }
    for (const SyscallSpec* spec : find_syscalls(name)) {
      if (number_in(*spec, call.abi) >= 0) {
        call.nr = static_cast<std::uint64_t>(number_in(*spec, call.abi));
        return;
      }
    }
    complain(fmt::format("{} has no system call {}", raw::abi_name(call.abi), name));
  }

  [[nodiscard]] raw::Outcome parse_outcome(std::string_view text) const {
    using Kind = raw::Outcome::Kind;
    static const std::map<std::string_view, std::int64_t> kRestarts = {
        {"-ERESTARTSYS", 512},
        {"-ERESTARTNOINTR", 513},
        {"-ERESTARTNOHAND", 514},
        {"-ERESTART_RESTARTBLOCK", 516}};
    if (text == "?") {
      return {Kind::NoReturn, 0};
    }
    if (const auto restart = kRestarts.find(text); restart != kRestarts.end()) {
      return {Kind::Restarting, restart->second};
    }
    if (text.substr(0, 2) == "-E") {
      const int err = base::parse_errno(text.substr(1));
      if (err == 0) {
        complain(fmt::format("no such errno: {}", text));
      }
      return {Kind::Failed, err};
    }
    return {Kind::Returned, static_cast<std::int64_t>(number(text))};
  }

  fs::path path_;
  int line_ = 0;
};

std::vector<fs::path> case_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(BOXTRACE_SOURCE_DIR "/tests/decoders")) {
    if (entry.path().extension() == ".cases") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string render_line(const DecodedCall& decoded, const raw::Outcome& outcome) {
  return render_call(decoded) + " " + render_outcome(decoded, outcome);
}

std::string decode_through(const Case& example, const raw::Memory& in, const raw::Memory& out) {
  DecodedCall decoded = decode_entry(example.call, in, example.options);
  decode_exit(decoded, example.call, example.outcome, out, example.options);
  return render_line(decoded, example.outcome);
}

class CasesOf : public testing::TestWithParam<fs::path> {};

TEST_P(CasesOf, DecodeToTheirLines) {
  const std::vector<Case> cases = CaseParser(GetParam()).parse();
  EXPECT_FALSE(cases.empty());
  for (const Case& example : cases) {
    raw::Snapshot at_exit = example.out;
    at_exit.pieces.insert(at_exit.pieces.end(), example.in.pieces.begin(), example.in.pieces.end());
    const CaseMemory in(example.in);
    const CaseMemory out(at_exit);
    const std::string line = decode_through(example, in, out);
    if (line != example.expected) {
      ADD_FAILURE_AT(GetParam().c_str(), example.line)
          << example.name << "\n  expected " << example.expected << "\n  decoded  " << line;
    }
    raw::Syscall recorded;
    recorded.call = example.call;
    recorded.outcome = example.outcome;
    EXPECT_EQ(decode_through(example, raw::RecordingMemory(in, recorded.in),
                             raw::RecordingMemory(out, recorded.out)),
              line)
        << example.name << ": recording changes the answer";
    EXPECT_EQ(render_line(decode(recorded, example.options), example.outcome), line)
        << example.name << ": the recording lacks something";
  }
}

INSTANTIATE_TEST_SUITE_P(Files, CasesOf, testing::ValuesIn(case_files()), [](const auto& test) {
  std::string name = test.param.stem().string();
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
});

TEST(Cases, CoverEveryRowThatContainersAreMadeOf) {
  std::set<const SyscallSpec*> seen;
  for (const fs::path& file : case_files()) {
    for (const Case& example : CaseParser(file).parse()) {
      seen.insert(find_syscall(example.call.abi, example.call.nr));
    }
  }
  constexpr std::uint32_t kContainer = kNamespace | kMount | kCaps | kSeccomp | kProcess | kCreds;
  for (const SyscallSpec* spec : all_syscalls()) {
    if ((spec->classes & kContainer) != 0) {
      EXPECT_EQ(seen.count(spec), 1U) << spec->name << " (x86_64 " << spec->nr.x86_64 << ", i386 "
                                      << spec->nr.i386 << ") has no case";
    }
  }
}

}  // namespace
}  // namespace boxtrace::decoders
