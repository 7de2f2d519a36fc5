#include "tracer/diff/symbols.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "tracer/base/text.h"

namespace boxtrace::diff {
namespace {

constexpr std::size_t kEngineIdLength = 64;
constexpr std::size_t kShortIdLength = 12;  // what engines print and give as host name

std::string_view base_name(std::string_view path) {
  return path.substr(path.find_last_of('/') + 1);
}

/// Programs with the command line of the OCI runtimes: VERB comes before the id.
bool is_oci_runtime(std::string_view program) {
  constexpr std::array<std::string_view, 6> kRuntimes = {"runc",  "crun",  "boxrun",
                                                         "youki", "runsc", "kata-runtime"};
  return std::find(kRuntimes.begin(), kRuntimes.end(), base_name(program)) != kRuntimes.end();
}

bool takes_new_id(std::string_view verb) { return verb == "run" || verb == "create"; }

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

/// `text` with `value` replaced by `name` where it stands between characters that are not letters
/// or digits, so that the id `c1` is not found in `abc12`.
std::string replace_words(std::string_view text, std::string_view value, std::string_view name) {
  std::string out;
  std::size_t from = 0;
  for (std::size_t at = text.find(value); at != std::string_view::npos;
       at = text.find(value, at + 1)) {
    const std::size_t end = at + value.size();
    const bool begins = at == 0 || !is_word(text[at - 1]);
    const bool ends = end == text.size() || !is_word(text[end]);
    if (at < from || !begins || !ends) {
      continue;
    }
    out += text.substr(from, at - from);
    out += name;
    from = end;
  }
  out += text.substr(from);
  return out;
}

bool is_below(std::string_view path, std::string_view directory) {
  return path.size() >= directory.size() && path.substr(0, directory.size()) == directory &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

void longest_first(std::vector<Symbols::Symbol>& symbols) {
  std::stable_sort(symbols.begin(), symbols.end(),
                   [](const Symbols::Symbol& a, const Symbols::Symbol& b) {
                     return a.value.size() > b.value.size();
                   });
}

}  // namespace

std::vector<std::string> container_ids(const std::vector<std::vector<std::string>>& commands) {
  std::vector<std::string> ids;
  for (const std::vector<std::string>& argv : commands) {
    if (argv.size() < 3 || !is_oci_runtime(argv.front())) {
      continue;
    }
    // The verb is the first such word behind global options; the id is the last argument.
    const bool makes = std::any_of(argv.begin() + 1, argv.end() - 1, takes_new_id);
    const std::string& id = argv.back();
    if (makes && !id.empty() && id.front() != '-' &&
        std::find(ids.begin(), ids.end(), id) == ids.end()) {
      ids.push_back(id);
    }
  }
  return ids;
}

Symbols::Symbols(const Subject& subject) {
  for (const std::string& id : container_ids(subject.commands)) {
    const std::string name = ids_.empty() ? "<id>" : fmt::format("<id{}>", ids_.size() + 1);
    ids_.push_back({id, name});
    if (id.size() == kEngineIdLength) {
      ids_.push_back({id.substr(0, kShortIdLength), name});
    }
  }
  longest_first(ids_);
  if (subject.final_exec) {
    const std::string& root = subject.final_exec->root;
    if (root.size() > 1) {
      directories_.push_back({root, "<root>"});
      if (const std::size_t slash = root.find_last_of('/');
          slash > 0 && base_name(root) == "rootfs") {
        directories_.push_back({root.substr(0, slash), "<bundle>"});
      }
    }
    for (const model::NsAtExec& ns : subject.final_exec->namespaces) {
      if (ns.inode.value != 0 && !ns.alias.empty()) {
        namespaces_.emplace_back(std::to_string(ns.inode.value), ns.alias);
      }
    }
  }
  longest_first(directories_);
  for (const auto& [pid, role] : subject.roles) {
    pids_.emplace_back(std::to_string(pid.value), role);
  }
}

std::string Symbols::rename_component(std::string_view component) const {
  std::string text(component);
  for (const Symbol& id : ids_) {
    text = replace_words(text, id.value, id.name);
  }
  return text;
}

std::string Symbols::rename_text(std::string_view text) const {
  return text.find('/') == 0 ? rename_path(text) : rename_component(text);
}

std::string Symbols::rename_words(std::string_view phrase) const {
  std::string out;
  bool first = true;
  for (std::string_view word : base::split(phrase, ' ')) {
    out += first ? "" : " ";
    first = false;
    const bool comma = !word.empty() && word.back() == ',';
    word.remove_suffix(comma ? 1 : 0);
    out += rename_text(word);
    out += comma ? "," : "";
  }
  return out;
}

std::string Symbols::rename_path(std::string_view path) const {
  std::string out;
  const auto directory =
      std::find_if(directories_.begin(), directories_.end(),
                   [&](const Symbol& symbol) { return is_below(path, symbol.value); });
  if (directory != directories_.end()) {
    out = directory->name;
    path.remove_prefix(directory->value.size());
  }
  bool below_proc = false;
  bool first = true;
  for (const std::string_view component : base::split(path, '/')) {
    out += first ? "" : "/";
    first = false;
    const auto pid = std::find_if(pids_.begin(), pids_.end(),
                                  [&](const auto& entry) { return entry.first == component; });
    out += below_proc && pid != pids_.end() ? fmt::format("<pid of {}>", pid->second)
                                            : rename_component(component);
    below_proc = component == "proc";
  }
  return out;
}

std::string Symbols::rename_target(std::string_view target) const {
  if (!target.empty() && target.front() == '/') {
    return rename_path(target);
  }
  // `pipe:[4711]`: the kind and an inode number, which only namespaces have a name for.
  const std::size_t bracket = target.find(":[");
  if (bracket == std::string_view::npos || target.back() != ']') {
    return rename_text(target);
  }
  const std::string_view kind = target.substr(0, bracket);
  const std::string_view inode = target.substr(bracket + 2, target.size() - bracket - 3);
  if (!base::parse_u64(inode)) {
    return rename_text(target);  // `anon_inode:[eventpoll]`
  }
  for (const auto& [number, alias] : namespaces_) {
    if (number == inode) {
      return fmt::format("{}:{}", kind, alias);
    }
  }
  return std::string(kind);
}

}  // namespace boxtrace::diff
