#include <algorithm>
#include <cctype>
#include <string>

#include "decoders/registry.h"
#include "tracer/base/text.h"
#include "tracer/teach/topic.h"

namespace boxtrace::teach {
namespace {

constexpr std::size_t kTopicsShown = 3;

std::string to_lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::string to_upper(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return upper;
}

/// `unshare(2)` and `unshare()` are what people copy from elsewhere.
std::string_view without_parentheses(std::string_view word) {
  return word.substr(0, word.find('('));
}

std::vector<std::string> suggest(std::string_view word) {
  std::vector<std::string> words = all_words();
  std::vector<std::string> lower;
  lower.reserve(words.size());
  for (const std::string& known : words) {
    lower.push_back(to_lower(known));
  }
  std::vector<std::string> suggestions;
  for (const std::string& near : base::nearest(to_lower(word), lower)) {
    const auto found = std::find(lower.begin(), lower.end(), near);
    suggestions.push_back(words[static_cast<std::size_t>(found - lower.begin())]);
  }
  return suggestions;
}

}  // namespace

Search find_topics(std::string_view word) {
  Search search;
  const std::string_view plain = base::trim(without_parentheses(word));
  if (plain.empty()) {
    return search;
  }
  if (const auto number = base::parse_u64(plain)) {
    search.topics = numbered_topics(*number, search.other);
    return search;
  }
  // SHMGET is an operation of ipc(2), shmget a call: who writes capitals means the constant.
  const std::string lower = to_lower(plain);
  if (lower != plain) {
    if (search.topics = constant_topics(plain);
        !search.topics.empty() && search.topics.front().name == plain) {
      return search;
    }
    search.topics.clear();
  }
  const std::string upper = to_upper(plain);
  for (auto* const find : {&syscall_topics, &namespace_topics}) {
    if (search.topics = find(lower); !search.topics.empty()) {
      return search;
    }
  }
  for (auto* const find : {&constant_topics, &errno_topics}) {
    if (search.topics = find(upper); !search.topics.empty()) {
      return search;
    }
  }
  for (const std::string& name : constants_ending_in(upper)) {
    if (search.topics.size() < kTopicsShown) {
      const auto topics = constant_topics(name);
      search.topics.insert(search.topics.end(), topics.begin(), topics.end());
    } else {
      search.other.push_back(name);
    }
  }
  if (search.topics.empty()) {
    search.suggestions = suggest(plain);
  }
  return search;
}

}  // namespace boxtrace::teach
