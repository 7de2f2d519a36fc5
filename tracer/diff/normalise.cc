#include "tracer/diff/normalise.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "decoders/tables/capability.h"
#include "tracer/base/text.h"
#include "tracer/model/namespaces.h"

namespace boxtrace::diff {
namespace {

std::string_view origin_word(model::NsAtExec::Origin origin) {
  switch (origin) {
    case model::NsAtExec::Origin::Host:
      return "shared with the host";
    case model::NsAtExec::Origin::New:
      return "new";
    case model::NsAtExec::Origin::Joined:
      return "joined";
    case model::NsAtExec::Origin::Unknown:
      break;
  }
  return "not known";
}

std::vector<std::string> capability_names(std::uint64_t set) {
  const decoders::Value value = decoders::decode_constant(decoders::kCapabilitySet, set);
  std::vector<std::string> names;
  if (const auto* flags = value.as<decoders::Flags>()) {
    names.assign(flags->names.begin(), flags->names.end());
    if (flags->unknown != 0) {
      names.push_back(base::to_hex(flags->unknown));
    }
  }
  return names;
}

template <typename Numbers>
std::vector<std::string> texts_of(const Numbers& numbers) {
  std::vector<std::string> texts;
  texts.reserve(numbers.size());
  for (const auto number : numbers) {
    texts.push_back(std::to_string(number));
  }
  return texts;
}

std::vector<std::string> id_map_lines(const std::vector<base::IdMapLine>& map) {
  std::vector<std::string> lines;
  lines.reserve(map.size());
  for (const base::IdMapLine& line : map) {
    lines.push_back(
        fmt::format("{} inside is {} outside, {} ids", line.inside, line.outside, line.count));
  }
  return lines;
}

/// Without the numbers of peer groups: `shared:12 master:3` is `shared`, `slave`.
std::vector<std::string> propagation_words(std::string_view fields) {
  std::vector<std::string> words;
  for (const std::string_view field : base::split_blanks(fields)) {
    const std::string_view word = field.substr(0, field.find(':'));
    if (word != "propagate_from") {
      words.emplace_back(word == "master" ? "slave" : word);
    }
  }
  if (words.empty()) {
    words.emplace_back("private");
  }
  return words;
}

class StateBuilder {
 public:
  StateBuilder(const model::ExecState& state, const Subject& subject, const Symbols& symbols)
      : state_(state), launch_fds_(subject.launch_fds), symbols_(symbols) {}

  std::vector<Property> build() {
    add_program();
    add_namespaces();
    add_identity();
    add_privilege();
    add_places();
    add_resources();
    add_mounts();
    return std::move(properties_);
  }

 private:
  void add(std::string key, std::vector<std::string> items, bool ordered = false) {
    if (!ordered) {
      std::sort(items.begin(), items.end());
    }
    properties_.push_back({std::move(key), std::move(items), ordered});
  }
  void add(std::string key, std::string value) {
    properties_.push_back({std::move(key), {std::move(value)}, false});
  }

  void add_program() {
    add("exe", symbols_.rename_path(state_.exe));
    std::vector<std::string> argv;
    for (const std::string& word : state_.argv) {
      argv.push_back(symbols_.rename_text(word));
    }
    add("argv", std::move(argv), /*ordered=*/true);
    add("environment", state_.env_names);
    // Outside, the number is an accident; inside a pid namespace of its own it is a fact.
    add("pid inside", state_.pids.size() > 1 ? std::to_string(state_.pids.back().value) : "none");
  }

  void add_namespaces() {
    for (const raw::NsKind kind : model::all_ns_kinds()) {
      const model::NsAtExec& ns = state_.namespaces[static_cast<std::size_t>(kind)];
      add(fmt::format("namespace {}", model::ns_kind_name(kind)),
          std::string(origin_word(ns.origin)));
    }
    add("uid map", id_map_lines(state_.uid_map));
    add("gid map", id_map_lines(state_.gid_map));
    add("hostname", symbols_.rename_text(state_.hostname));
  }

  void add_identity() {
    add("uid", texts_of(state_.uid), /*ordered=*/true);
    add("gid", texts_of(state_.gid), /*ordered=*/true);
    add("groups", texts_of(state_.groups));
  }

  void add_privilege() {
    add("capabilities effective", capability_names(state_.caps.effective));
    add("capabilities permitted", capability_names(state_.caps.permitted));
    add("capabilities inheritable", capability_names(state_.caps.inheritable));
    add("capabilities bounding", capability_names(state_.caps.bounding));
    add("capabilities ambient", capability_names(state_.caps.ambient));
    add("no_new_privs", state_.no_new_privs ? "on" : "off");
    constexpr std::array<std::string_view, 3> kModes = {"none", "strict", "filter"};
    const auto mode = static_cast<std::size_t>(state_.seccomp_mode);
    add("seccomp",
        mode < kModes.size() ? std::string(kModes.at(mode)) : std::to_string(state_.seccomp_mode));
    add("seccomp filters", std::to_string(state_.seccomp_filters));
    add("seccomp instructions", texts_of(state_.seccomp_instructions), /*ordered=*/true);
  }

  void add_places() {
    add("root", state_.root == "/" ? "the host's" : "<root>");
    add("cwd", symbols_.rename_path(state_.cwd));
    for (const raw::FdTarget& fd : state_.fds) {
      // Where the caller's shell had redirected it to is no property of the container.
      const bool inherited =
          std::find(launch_fds_.begin(), launch_fds_.end(), fd) != launch_fds_.end();
      add(fmt::format("fd {}", fd.fd.value),
          inherited ? "as launched" : symbols_.rename_target(fd.target));
    }
  }

  void add_resources() {
    for (const std::string& line : state_.cgroup) {
      // `4:memory:/path`; the number of the hierarchy depends on the boot.
      const auto parts = base::split(line, ':');
      if (parts.size() < 3) {
        continue;
      }
      const std::size_t path_at = parts[0].size() + parts[1].size() + 2;
      add(fmt::format("cgroup {}", parts[1].empty() ? "unified" : parts[1]),
          symbols_.rename_path(std::string_view(line).substr(path_at)));
    }
    for (const auto& [name, value] : state_.limits) {
      add(fmt::format("limit {}", name), value);
    }
    add("oom_score_adj", state_.oom_score_adj ? std::to_string(*state_.oom_score_adj) : "unseen");
  }

  void add_mounts() {
    std::map<std::string, int> stacked;  // mounts on one mount point, from the bottom up
    for (const base::MountInfo& mount : state_.mounts) {
      const std::string on = symbols_.rename_path(mount.target);
      const int level = ++stacked[on];
      const std::string key =
          level == 1 ? fmt::format("mount {}", on) : fmt::format("mount {} ({})", on, level);
      std::vector<std::string> items = {
          fmt::format("type {}", mount.fstype),
          fmt::format("source {}", symbols_.rename_path(mount.source)),
          fmt::format("of {}", symbols_.rename_path(mount.root)),
      };
      for (const std::string_view option : base::split(mount.options, ',')) {
        items.emplace_back(option);
      }
      for (const std::string_view option : base::split(mount.super_options, ',')) {
        items.push_back(fmt::format("superblock {}", symbols_.rename_text(option)));
      }
      for (std::string& word : propagation_words(mount.propagation)) {
        items.push_back(std::move(word));
      }
      add(key, std::move(items));
    }
  }

  const model::ExecState& state_;
  const std::vector<raw::FdTarget>& launch_fds_;
  const Symbols& symbols_;
  std::vector<Property> properties_;
};

}  // namespace

std::vector<Property> normalise_state(const Subject& subject, const Symbols& symbols) {
  return subject.final_exec ? StateBuilder(*subject.final_exec, subject, symbols).build()
                            : std::vector<Property>{};
}

std::vector<std::string> fact_items(const Step& step) {
  constexpr std::size_t kFewestWords = 3;  // `clone CLONE_PARENT` is one thing to say
  std::vector<std::string> items;
  for (const auto& [name, value] : step.facts) {
    // Facts list phrases with commas (`proc /proc, tmpfs /dev`), or words with blanks.
    const bool phrases = value.find(", ") != std::string::npos;
    auto parts = base::split(value, phrases ? ',' : ' ');
    if (!phrases && parts.size() < kFewestWords) {
      parts = {value};
    }
    for (const std::string_view part : parts) {
      items.push_back(fmt::format("{}: {}", name, base::trim(part)));
    }
  }
  return items;
}

std::vector<Step> normalise_milestones(const Subject& subject, const Symbols& symbols) {
  std::vector<Step> steps;
  for (const timeline::Milestone& milestone : subject.milestones) {
    Step& step = steps.emplace_back();
    step.id = milestone.id;
    step.title = milestone.title;
    step.role = milestone.role;
    step.process = milestone.task.value;
    for (const auto& [name, value] : milestone.facts) {
      step.facts.emplace_back(name, symbols.rename_words(value));
    }
    step.seq = milestone.evidence.empty() ? 0 : milestone.evidence.front().value;
  }
  return steps;
}

}  // namespace boxtrace::diff
