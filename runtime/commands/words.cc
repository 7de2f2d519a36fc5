#include "runtime/commands/words.h"

#include <string_view>

namespace boxrun::commands {
namespace {

/// Verbs whose own options end at the container's id; what follows belongs to another program.
bool ends_at_id(const CLI::App& app) { return app.get_name() == "exec" || app.get_name() == "ps"; }

/// The option that `word` names, dashes stripped and value cut off, by its long or short name.
const CLI::Option* find_option(const CLI::App& app, const std::string& name) {
  return app.get_option_no_throw((name.size() == 1 ? "-" : "--") + name);
}

class Normalizer {
 public:
  Normalizer(const CLI::App& app, const std::vector<std::string>& words)
      : app_(&app), words_(words) {}

  std::vector<std::string> run() && {
    while (next_ < words_.size() && !is_over_) {
      const std::string& word = words_[next_++];
      if (word.size() > 1 && word.front() == '-') {
        take_option(word);
      } else {
        take_positional(word);
      }
    }
    normal_.insert(normal_.end(), words_.begin() + static_cast<std::ptrdiff_t>(next_),
                   words_.end());
    return std::move(normal_);
  }

 private:
  void take_option(const std::string& word) {
    if (word == "--") {
      normal_.push_back(word);
      is_over_ = true;
      return;
    }
    const std::string bare = word.substr(word.find_first_not_of('-'));
    const auto equals = bare.find('=');
    const CLI::Option* option = find_option(*app_, bare.substr(0, equals));
    if (option == nullptr) {
      normal_.push_back(word);  // several short ones in one word, or a mistake that CLI11 names
      return;
    }
    const std::string name = option->get_lnames().empty() ? "-" + option->get_snames().front()
                                                          : "--" + option->get_lnames().front();
    const bool takes_value = option->get_items_expected_min() > 0;
    if (!takes_value && equals == std::string::npos) {
      normal_.push_back(name);
      return;
    }
    std::string value;
    if (equals != std::string::npos) {
      value = bare.substr(equals + 1);
    } else if (next_ < words_.size()) {
      value = words_[next_++];
    } else {
      normal_.push_back(name);  // the value is missing, which CLI11 says
      return;
    }
    if (value.empty()) {
      normal_.insert(normal_.end(), {name, value});
    } else {
      normal_.push_back(name + "=" + value);
    }
  }

  void take_positional(const std::string& word) {
    normal_.push_back(word);
    if (!has_verb_) {
      has_verb_ = true;
      const auto verbs =
          app_->get_subcommands([&word](const CLI::App* verb) { return verb->check_name(word); });
      app_ = verbs.empty() ? app_ : verbs.front();
      return;
    }
    if (ends_at_id(*app_)) {
      normal_.emplace_back("--");
      is_over_ = true;
      if (next_ < words_.size() && words_[next_] == "--") {
        ++next_;
      }
    }
  }

  const CLI::App* app_;
  const std::vector<std::string>& words_;
  std::vector<std::string> normal_;
  std::size_t next_ = 0;
  bool has_verb_ = false;
  bool is_over_ = false;
};

}  // namespace

std::vector<std::string> normalize_words(const CLI::App& app,
                                         const std::vector<std::string>& words) {
  return Normalizer{app, words}.run();
}

}  // namespace boxrun::commands
