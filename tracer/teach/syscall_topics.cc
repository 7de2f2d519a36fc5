#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "decoders/registry.h"
#include "tracer/base/error_text.h"
#include "tracer/base/text.h"
#include "tracer/teach/topic.h"

namespace boxtrace::teach {
namespace {

struct AbiLabel {
  raw::Abi abi;
  std::string_view label;
};
constexpr std::array<AbiLabel, 3> kAbis = {
    {{raw::Abi::X86_64, "x86-64"}, {raw::Abi::I386, "i386"}, {raw::Abi::Aarch64, "aarch64"}}};

constexpr std::size_t kWordsPerArgument = 8;
constexpr std::size_t kRelated = 12;
/// Themes that are narrow enough for their calls to be related.
constexpr std::uint32_t kNarrowThemes = decoders::kNamespace | decoders::kMount | decoders::kCaps |
                                        decoders::kSeccomp | decoders::kCreds;

std::string words_of(const decoders::ConstantTable& table) {
  std::vector<std::string> names;
  for (const decoders::Constant& constant : table.constants) {
    if (names.size() == kWordsPerArgument) {
      names.emplace_back("...");
      break;
    }
    names.emplace_back(constant.name);
  }
  return fmt::format("{}: {}", table.name, base::join(names, ", "));
}

std::vector<std::string> relatives(const decoders::SyscallSpec& spec) {
  std::vector<std::string> names;
  for (const decoders::SyscallSpec* other : decoders::all_syscalls()) {
    const bool kin = (spec.classes & other->classes & kNarrowThemes) != 0;
    const std::string name(other->name);
    if (kin && other->name != spec.name && names.size() < kRelated &&
        std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(name);
    }
  }
  return names;
}

Topic make_topic(const std::vector<const decoders::SyscallSpec*>& rows) {
  const decoders::SyscallSpec& spec = *rows.front();
  Topic topic;
  topic.kind = Topic::Kind::Syscall;
  topic.name = std::string(spec.name);
  topic.category = "system call";
  for (const AbiLabel& abi : kAbis) {
    for (const decoders::SyscallSpec* row : rows) {
      if (const int nr = decoders::number_in(*row, abi.abi); nr >= 0) {
        topic.numbers.push_back(fmt::format("{} {}", abi.label, nr));
      }
    }
  }
  topic.explain = spec.explain;
  topic.man = std::string(spec.man);
  topic.kernel = std::string(spec.kernel);
  for (std::size_t i = 0; i < spec.arg_count(); ++i) {
    const decoders::ArgSpec& arg = spec.args[i];
    topic.arguments.emplace_back(arg.name,
                                 arg.constants == nullptr ? "" : words_of(*arg.constants));
  }
  topic.related = relatives(spec);
  topic.traces_as = {topic.name};
  return topic;
}

}  // namespace

std::vector<Topic> syscall_topics(std::string_view name) {
  const auto rows = decoders::find_syscalls(name);
  return rows.empty() ? std::vector<Topic>{} : std::vector<Topic>{make_topic(rows)};
}

std::vector<Topic> numbered_topics(std::uint64_t nr, std::vector<std::string>& other) {
  std::vector<Topic> topics;
  for (const AbiLabel& abi : kAbis) {
    const decoders::SyscallSpec* const row = decoders::find_syscall(abi.abi, nr);
    if (row == nullptr) {
      continue;
    }
    if (topics.empty()) {
      topics = syscall_topics(row->name);
    } else {
      other.push_back(fmt::format("{} is {} on {}", nr, row->name, abi.label));
    }
  }
  if (nr > 0 && nr < 4096) {
    if (const std::string_view error = base::errno_name(static_cast<int>(nr)); !error.empty()) {
      other.push_back(fmt::format("{} is the error {}", nr, error));
    }
  }
  return topics;
}

}  // namespace boxtrace::teach
