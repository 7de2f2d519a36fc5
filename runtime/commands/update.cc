// `boxrun update`: other limits for a container that is there.
//
// What is not mentioned stays as it is, and 0 counts as not mentioned, because engines send every
// field they know. The new values are merged into the container's copy of its config, so that what
// belongs together is written together (cgroup v2 has quota and period in one line) also when a
// later update mentions only a part of it.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "runtime/cgroup/limits.h"
#include "runtime/cgroup/stats.h"
#include "runtime/commands/options.h"
#include "runtime/config/parse.h"
#include "runtime/config/sections.h"
#include "runtime/systemd/scope.h"
#include "tracer/os/file.h"

namespace boxrun::commands {
namespace {

using nlohmann::json;

enum class Unit : std::uint8_t { Number, Bytes, Text };

/// Options and where their values go in the section /linux/resources.
constexpr struct Setting {
  const char* option;
  const char* pointer;
  Unit unit;
  const char* description;
} kSettings[] = {
    {"--blkio-weight", "/blockIO/weight", Unit::Number, "weight for block devices, 10 to 1000"},
    {"--cpu-period", "/cpu/period", Unit::Number, "length of a period, in microseconds"},
    {"--cpu-quota", "/cpu/quota", Unit::Number, "CPU time in a period, in microseconds; -1: any"},
    {"--cpu-burst", "/cpu/burst", Unit::Number, "quota that may be saved up, in microseconds"},
    {"--cpu-share", "/cpu/shares", Unit::Number, "share of the CPUs, relative to others"},
    {"--cpu-rt-period", "/cpu/realtimePeriod", Unit::Number, "the same for real-time programs"},
    {"--cpu-rt-runtime", "/cpu/realtimeRuntime", Unit::Number, "the same for real-time programs"},
    {"--cpuset-cpus", "/cpu/cpus", Unit::Text, "CPUs to run on, such as 0-2,4"},
    {"--cpuset-mems", "/cpu/mems", Unit::Text, "memory nodes to use"},
    {"--cpu-idle", "/cpu/idle", Unit::Number, "1: run only when nobody else wants to"},
    {"--memory", "/memory/limit", Unit::Bytes, "limit, such as 64m; -1: none"},
    {"--memory-reservation", "/memory/reservation", Unit::Bytes, "soft limit"},
    {"--memory-swap", "/memory/swap", Unit::Bytes, "memory and swap together; -1: any"},
    {"--pids-limit", "/pids/limit", Unit::Number, "most processes and threads; -1: any"},
};

/// Options and the fields of /linux/intelRdt that they set.
constexpr struct Share {
  const char* option;
  const char* field;
  const char* description;
} kShares[] = {
    {"--l3-cache-schema", "l3CacheSchema", "part of each L3 cache, such as L3:0=7f0;1=1f"},
    {"--mem-bw-schema", "memBwSchema", "memory bandwidth, such as MB:0=20;1=70"},
};

struct Options {
  std::string id;
  std::string file;
  std::map<const Setting*, std::string> values;
  std::map<std::string, std::string> shares;  ///< by field
};

/// `1.5g`, `64MiB`, `1000`: powers of 1024.
std::optional<std::int64_t> parse_bytes(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) {
    return std::nullopt;
  }
  std::string_view unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
  constexpr std::string_view kUnits = "bkmgtp";
  if (!unit.empty()) {
    const auto power = kUnits.find(static_cast<char>(unit.front() | 0x20));
    unit.remove_prefix(1);
    if (power == std::string_view::npos ||
        !(unit.empty() || unit == "b" || unit == "B" || unit == "iB" || unit == "ib")) {
      return std::nullopt;
    }
    for (std::size_t i = 0; i < power; ++i) {
      number *= 1024;
    }
  }
  constexpr double kMost = 9.2e18;
  return number < kMost ? std::optional{static_cast<std::int64_t>(number)} : std::nullopt;
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional{number}
                                                                  : std::nullopt;
}

Result<json> parse_value(const Setting& setting, const std::string& text) {
  if (setting.unit == Unit::Text) {
    return json(text);  // with braces it would be an array
  }
  const auto number =
      setting.unit == Unit::Bytes && text != "-1" ? parse_bytes(text) : parse_number(text);
  if (!number) {
    return Error{
        0, fmt::format("{}: {} is not a number", setting.option, base::quote(text)),
        setting.unit == Unit::Bytes ? "bytes, or with a unit: 64m, 1.5g; -1 for no limit" : ""};
  }
  return json(*number);
}

/// What engines send for "leave it": null, 0 and nothing. They say 0 only if they mean it where it
/// is a value like others.
void drop_unset(json& value) {
  if (!value.is_object()) {
    return;
  }
  for (auto field = value.begin(); field != value.end();) {
    drop_unset(*field);
    const auto* word = field->get_ptr<const std::string*>();
    const bool is_empty = field->is_structured() && field->empty();
    const bool means_zero = field.key() == "burst" || field.key() == "idle";
    const bool is_unset = field->is_null() || (*field == 0 && !means_zero) ||
                          (word != nullptr && word->empty()) || is_empty;
    field = is_unset ? value.erase(field) : std::next(field);
  }
}

Result<json> read_wishes(const Options& options) {
  json wishes = json::object();
  if (options.file.empty()) {
    for (const auto& [setting, text] : options.values) {
      TRY(wishes[json::json_pointer{setting->pointer}], parse_value(*setting, text));
    }
  } else {
    Result<std::string> text = options.file == "-" ? os::read_all(os::BorrowedFd{STDIN_FILENO})
                                                   : os::read_file(options.file);
    if (!text.ok()) {
      return std::move(text).error().within("--resources");
    }
    wishes = json::parse(text.value(), nullptr, /*allow_exceptions=*/false);
    if (!wishes.is_object()) {
      return Error{0, fmt::format("--resources {}: not a JSON object", options.file),
                   "it holds what stands in /linux/resources of a config.json"};
    }
    wishes.erase("devices");  // a container's devices are chosen when it is made
  }
  drop_unset(wishes);
  return wishes;
}

/// In version 1 swap is counted together with memory, and its limit cannot be below.
void lift_swap_with_memory(json& wishes, const json& resources) {
  const json::json_pointer limit{"/memory/limit"};
  const json::json_pointer swap{"/memory/swap"};
  if (wishes.contains(limit) && wishes[limit] == -1 && !wishes.contains(swap) &&
      resources.contains(swap)) {
    wishes[swap] = -1;
  }
}

Result<config::Resources> parse_resources(const json& resources) {
  const json section = {{"resources", resources}};
  config::Mistakes mistakes;
  config::Config parsed;
  config::parse_resources(config::Node{section, "/linux", mistakes}, parsed);
  if (mistakes.first()) {
    return *mistakes.first();
  }
  return parsed.resources.value_or(config::Resources{});
}

/// In version 1 the kernel refuses a limit below what is in use; in version 2 it starts to kill.
Result<void> check_use(const config::Memory& memory, const cgroup::Cgroup& cgroup) {
  if (!memory.check_before_update || !memory.limit || *memory.limit < 0 ||
      cgroup.find("memory") != nullptr) {
    return {};
  }
  const auto use = cgroup::read_stats(cgroup).memory.usage;
  if (use && *use > static_cast<std::uint64_t>(*memory.limit)) {
    return Error{
        EBUSY,
        fmt::format("/linux/resources/memory/limit: {} is below the {} bytes in use", *memory.limit,
                    *use),
        "checkBeforeUpdate asks for this check; without it the kernel would kill processes"};
  }
  return {};
}

/// All of them or, if one is refused, none.
Result<void> write_all_limits(const Session& session, const std::vector<cgroup::Limit>& limits,
                              const cgroup::Cgroup& cgroup) {
  auto before = cgroup::read_limits(limits, cgroup);
  std::vector<std::string> warnings;
  auto written = cgroup::write_limits(limits, cgroup, warnings);
  for (const std::string& warning : warnings) {
    session.log.warn(warning);
  }
  if (!written.ok()) {
    std::ranges::reverse(before);
    const auto restored = cgroup::write_limits(before, cgroup, warnings);
    if (!restored.ok()) {
      session.log.warn("not all limits are what they were: " + restored.error().what);
    }
  }
  return written;
}

/// The new lines of schemata; they are checked like those of a config.json, into which they go.
Result<std::vector<config::Schema>> merge_shares(const Options& options, const state::State& state,
                                                 json& document) {
  if (options.shares.empty()) {
    return std::vector<config::Schema>{};
  }
  if (!state.resctrl.created) {
    return Error{0,
                 state.resctrl.root.empty()
                     ? "/linux/intelRdt: the container was made without it"
                     : fmt::format("/linux/intelRdt: the resctrl group {} was there before the "
                                   "container",
                                   base::quote(state.resctrl.control)),
                 state.resctrl.root.empty() ? "make the container with intelRdt"
                                            : "others may use it: change its file schemata"};
  }
  json& section = document["linux"]["intelRdt"];
  json changed = json::object();
  for (const auto& [field, text] : options.shares) {
    section[field] = text;
    changed[field] = text;
  }
  const json linux_section = {{"intelRdt", changed}};
  config::Mistakes mistakes;
  config::Config parsed;
  config::parse_intel_rdt(config::Node{linux_section, "/linux", mistakes}, parsed);
  if (mistakes.first()) {
    return *mistakes.first();
  }
  return parsed.intel_rdt->schemata;
}

void write_back(const resctrl::Groups& groups, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    static_cast<void>(resctrl::set_schema(groups, line));  // it was like that
  }
}

/// All of them or none. @returns the lines that were there before
Result<std::vector<std::string>> write_schemata(const std::vector<config::Schema>& schemata,
                                                const resctrl::Groups& groups) {
  if (schemata.empty()) {
    return std::vector<std::string>{};
  }
  TRY(const auto before, resctrl::read_schemata(groups));
  for (const config::Schema& schema : schemata) {
    auto written = resctrl::set_schema(groups, schema.line);
    if (!written.ok()) {
      write_back(groups, before);
      return std::move(written).error().within(schema.setting);
    }
  }
  return before;
}

Result<void> set_limits(const Session& session, const state::State& state,
                        const std::vector<cgroup::Limit>& limits, const config::Resources& merged) {
  TRY_OK(write_all_limits(session, limits, state.cgroup));
  if (!state.cgroup.unit.name.empty()) {
    // Only then, when it is clear that they can be had; systemd writes what it makes of them.
    TRY_OK(systemd::update_scope(state.cgroup, merged));
    TRY_OK(write_all_limits(session, limits, state.cgroup));
  }
  return {};
}

Result<void> update(const Session& session, const Options& options) {
  TRY_OK(config::parse_container_id(options.id));
  TRY(json wishes, read_wishes(options));
  TRY(const state::Entry entry, session.store.lock(options.id));
  TRY(const state::State state, session.store.read(options.id));
  const auto status = state::read_status(state, entry.fifo_path());
  if (status == state::Status::Stopped || status == state::Status::Creating) {
    return Error{0,
                 fmt::format("container \"{}\" cannot be updated: it is {}", options.id,
                             state::render_status(status)),
                 {}};
  }
  TRY(const std::string text, os::read_file(entry.config_path()));
  json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) {
    return Error{0, "the container's config.json is damaged", {}};
  }
  TRY(const auto shares, merge_shares(options, state, document));
  json& resources = document["linux"]["resources"];
  lift_swap_with_memory(wishes, resources);
  resources.merge_patch(wishes);
  TRY(const config::Resources merged, parse_resources(resources));
  std::vector<cgroup::Limit> limits;
  constexpr std::string_view kSection = "/linux/resources";
  for (cgroup::Limit& limit : cgroup::make_limits(merged)) {
    const json::json_pointer pointer{limit.setting.substr(kSection.size())};
    // The parts of one line of version 2 may have been mentioned under another name.
    const json::json_pointer parent = pointer.parent_pointer();
    if (wishes.contains(pointer) || (limit.version2 && wishes.contains(parent))) {
      limits.push_back(std::move(limit));
    }
  }
  if (wishes.contains(json::json_pointer{"/memory/limit"})) {
    TRY_OK(check_use(merged.memory, state.cgroup));
  }
  TRY(const auto before, write_schemata(shares, state.resctrl));
  auto limited = set_limits(session, state, limits, merged);
  if (!limited.ok()) {
    write_back(state.resctrl, before);
    return limited;
  }
  return entry.write_config(document.dump());
}

}  // namespace

void add_update(CLI::App& app, Verb& chosen) {
  CLI::App* verb = app.add_subcommand("update", "change the limits of a container");
  const auto options = std::make_shared<Options>();
  verb->add_option("id", options->id, "the container")->required();
  verb->add_option("-r,--resources", options->file,
                   "JSON file with new /linux/resources, - for standard input");
  for (const Setting& setting : kSettings) {
    verb->add_option_function<std::string>(
        setting.option,
        [options, &setting](const std::string& text) { options->values[&setting] = text; },
        setting.description);
  }
  for (const Share& share : kShares) {
    verb->add_option_function<std::string>(
        share.option,
        [options, &share](const std::string& text) { options->shares[share.field] = text; },
        share.description);
  }
  verb->callback([options, &chosen] {
    chosen = [options](const Session& session) {
      const auto updated = update(session, *options);
      return updated.ok() ? 0 : fail(session, updated.error());
    };
  });
}

}  // namespace boxrun::commands
