#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string>

#include "decoders/registry.h"
#include "decoders/tables/capability.h"
#include "tracer/base/error_text.h"
#include "tracer/base/text.h"
#include "tracer/teach/lessons.h"
#include "tracer/teach/topic.h"

namespace boxtrace::teach {
namespace {

constexpr std::size_t kRelated = 12;

bool same_letters(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::toupper(x) == std::toupper(y);
  });
}

/// The spelling of the kernel, which is not all upper case: AF_DECnet.
std::string_view spelt(std::string_view name) {
  for (const decoders::ConstantTable* table : decoders::all_tables()) {
    for (const decoders::Constant& constant : table->constants) {
      if (same_letters(constant.name, name)) {
        return constant.name;
      }
    }
  }
  return name;
}

/// The tables that hold a constant of that name: clone's flags are in several.
std::vector<const decoders::ConstantTable*> tables_with(std::string_view name) {
  std::vector<const decoders::ConstantTable*> tables;
  for (const decoders::ConstantTable* table : decoders::all_tables()) {
    if (table->find(name) != nullptr) {
      tables.push_back(table);
    }
  }
  return tables;
}

void add_once(std::vector<std::string>& list, std::string_view item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) {
    list.emplace_back(item);
  }
}

/// `clone flags` names the table; one of them is a `clone flag`.
std::string singular(std::string_view plural) {
  if (plural.size() > 3 && plural.substr(plural.size() - 3) == "ies") {
    return std::string(plural.substr(0, plural.size() - 3)) + "y";
  }
  if (!plural.empty() && plural.back() == 's') {
    plural.remove_suffix(1);
  }
  return std::string(plural);
}

}  // namespace

std::vector<Topic> constant_topics(std::string_view word) {
  const std::string_view name = spelt(word);
  const auto tables = tables_with(name);
  if (tables.empty()) {
    return {};
  }
  const decoders::ConstantTable& first = *tables.front();
  const decoders::Constant& constant = *first.find(name);
  Topic topic;
  topic.kind = Topic::Kind::Constant;
  topic.name = std::string(constant.name);
  topic.category = singular(first.name);
  topic.numbers.push_back(first.kind == decoders::ConstantTable::Kind::Flags
                              ? base::to_hex(constant.value)
                              : std::to_string(constant.value));
  if (&first == &decoders::kCapabilities) {
    topic.numbers.push_back(base::to_hex(std::uint64_t{1} << constant.value) +
                            " in CapEff and the other sets of /proc/PID/status");
  }
  topic.man = std::string(first.man);
  topic.kernel = std::string(first.source);
  topic.traces_as = {topic.name};
  for (const decoders::ConstantTable* table : tables) {
    if (topic.explain.what.empty()) {
      topic.explain = table->find(name)->explain;
    }
    for (const decoders::SyscallSpec* row : decoders::all_syscalls()) {
      for (std::size_t i = 0; i < row->arg_count(); ++i) {
        if (row->args[i].constants == table) {
          add_once(topic.used_by, row->name);
        }
      }
    }
  }
  for (const NamespaceLesson& lesson : namespace_lessons()) {
    if (lesson.flag == name) {
      topic.related.push_back(fmt::format("{} namespace", lesson.title));
      topic.man = fmt::format("{}, {}", topic.man, lesson.man);
    }
  }
  for (const decoders::Constant& sibling : first.constants) {
    if (sibling.name != name && topic.related.size() < kRelated) {
      add_once(topic.related, sibling.name);
    }
  }
  return {topic};
}

std::vector<std::string> constants_ending_in(std::string_view word) {
  std::vector<std::string> names;
  for (const decoders::ConstantTable* table : decoders::all_tables()) {
    for (const decoders::Constant& constant : table->constants) {
      const std::string_view name = constant.name;
      if (name.size() <= word.size() || name.substr(name.size() - word.size()) != word) {
        continue;
      }
      const std::string_view prefix = name.substr(0, name.size() - word.size());
      if (prefix.back() == '_' || prefix == "SIG") {
        add_once(names, name);
      }
    }
  }
  return names;
}

std::vector<std::string> all_words() {
  std::vector<std::string> words;
  for (const decoders::SyscallSpec* row : decoders::all_syscalls()) {
    words.emplace_back(row->name);
  }
  for (const decoders::ConstantTable* table : decoders::all_tables()) {
    for (const decoders::Constant& constant : table->constants) {
      if (std::isupper(static_cast<unsigned char>(constant.name.front())) != 0) {
        words.emplace_back(constant.name);
      }
    }
  }
  for (const NamespaceLesson& lesson : namespace_lessons()) {
    words.push_back(fmt::format("{} namespace", lesson.title));
  }
  for (int err = 1; err < 4096; ++err) {
    if (const std::string_view name = base::errno_name(err); !name.empty()) {
      words.emplace_back(name);
    }
  }
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

}  // namespace boxtrace::teach
