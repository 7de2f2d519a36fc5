#include "decoders/bpf/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "decoders/bpf/outcome.h"
#include "tracer/base/text.h"

namespace boxtrace::bpf {
namespace {

using base::Error;
using base::Result;
using Json = nlohmann::json;

constexpr std::uint64_t kLowMask = 0xffffffff;
constexpr std::uint32_t kEperm = 1;

constexpr std::array<std::string_view, 7> kOperators = {
    "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",       "SCMP_CMP_EQ",
    "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"};

// --- reading

Error mistake(const std::string& path, std::string what) {
  return Error{0, path + ": " + std::move(what), {}};
}

Result<std::string> text_at(const Json& object, const char* key, const std::string& path) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) {
    return mistake(fmt::format("{}/{}", path, key), "a text is expected");
  }
  return found->get<std::string>();
}

Result<std::uint64_t> number_at(const Json& object, const char* key, const std::string& path,
                                std::uint64_t usual) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) {
    return usual;
  }
  if (!found->is_number_unsigned() &&
      !(found->is_number_integer() && found->get<std::int64_t>() >= 0)) {
    return mistake(fmt::format("{}/{}", path, key), "a number is expected, not negative");
  }
  return found->get<std::uint64_t>();
}

/// An array of texts, empty when it is not there.
Result<std::vector<std::string>> texts_at(const Json& object, const char* key,
                                          const std::string& path) {
  std::vector<std::string> out;
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) {
    return out;
  }
  if (!found->is_array()) {
    return mistake(fmt::format("{}/{}", path, key), "a list is expected");
  }
  for (const Json& item : *found) {
    if (!item.is_string()) {
      return mistake(fmt::format("{}/{}", path, key), "texts are expected");
    }
    out.push_back(item.get<std::string>());
  }
  return out;
}

Result<std::uint32_t> result_at(const Json& object, const char* key, const char* errno_key,
                                const std::string& path) {
  TRY(const std::string word, text_at(object, key, path));
  const auto action = parse_profile_word(word);
  if (!action) {
    return mistake(fmt::format("{}/{}", path, key), "there is no action " + base::quote(word));
  }
  TRY(const std::uint64_t err, number_at(object, errno_key, path, kEperm));
  const bool has_data = *action == kErrno || *action == kTrace;
  if (has_data && err > kDataMask) {
    return mistake(fmt::format("{}/{}", path, errno_key), "is more than 16 bits");
  }
  return effective(*action | (has_data ? static_cast<std::uint32_t>(err) : 0));
}

Result<ProfileArgument> read_argument(const Json& object, const std::string& path) {
  ProfileArgument argument;
  if (!object.is_object()) {
    return mistake(path, "an object is expected");
  }
  TRY(const std::uint64_t index, number_at(object, "index", path, 0));
  if (index >= kArguments) {
    return mistake(path + "/index", "a call has six arguments");
  }
  argument.index = static_cast<std::size_t>(index);
  TRY(argument.value, number_at(object, "value", path, 0));
  TRY(argument.value_two, number_at(object, "valueTwo", path, 0));
  TRY(const std::string op, text_at(object, "op", path));
  const auto* const found = std::find(kOperators.begin(), kOperators.end(), op);
  if (found == kOperators.end()) {
    return mistake(path + "/op", "there is no comparison " + base::quote(op));
  }
  argument.op = static_cast<Compare>(found - kOperators.begin());
  return argument;
}

/// docker's words for architectures, and the kernel's.
bool is_architecture(std::string_view docker, std::string_view ours) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kSame = {
      {{"amd64", "x86_64"},
       {"x86", "i386"},
       {"arm64", "aarch64"},
       {"x32", "x32"},
       {"riscv64", "riscv64"}}};
  return docker == ours || std::any_of(kSame.begin(), kSame.end(), [&](const auto& pair) {
           return pair.first == docker && pair.second == ours;
         });
}

/// Whether the kernel is at least the `minKernel` of a condition, `4.8`.
bool is_kernel_at_least(const std::string& wanted, const ProfileContext& context) {
  const std::vector<std::string_view> parts = base::split(wanted, '.');
  const std::uint64_t major = base::parse_u64(parts[0]).value_or(0);
  const std::uint64_t minor = parts.size() > 1 ? base::parse_u64(parts[1]).value_or(0) : 0;
  return std::pair<std::uint64_t, std::uint64_t>(context.kernel_major, context.kernel_minor) >=
         std::pair(major, minor);
}

/// The conditions of an `includes` or `excludes` that are met, and those that are not.
struct Conditions {
  std::vector<std::string> met;
  std::vector<std::string> unmet;
};

Result<Conditions> read_conditions(const Json& rule, const char* key, const std::string& path,
                                   const ProfileContext& context) {
  Conditions out;
  const auto found = rule.find(key);
  if (found == rule.end() || !found->is_object()) {
    return out;
  }
  const std::string inside = fmt::format("{}/{}", path, key);
  TRY(const auto caps, texts_at(*found, "caps", inside));
  TRY(const auto arches, texts_at(*found, "arches", inside));
  const auto& has = context.capabilities;
  for (const std::string& cap : caps) {
    const bool met = std::find(has.begin(), has.end(), cap) != has.end();
    (met ? out.met : out.unmet).push_back(cap);
  }
  if (!arches.empty()) {
    const bool met = std::any_of(arches.begin(), arches.end(), [&](const std::string& arch) {
      return is_architecture(arch, context.architecture);
    });
    (met ? out.met : out.unmet).push_back("architecture " + base::join(arches, " or "));
  }
  if (found->contains("minKernel")) {
    TRY(const std::string version, text_at(*found, "minKernel", inside));
    (is_kernel_at_least(version, context) ? out.met : out.unmet)
        .push_back("Linux " + version + " or newer");
  }
  return out;
}

Result<ProfileRule> read_rule(const Json& object, const std::string& path,
                              const ProfileContext& context) {
  ProfileRule rule;
  if (!object.is_object()) {
    return mistake(path, "an object is expected");
  }
  TRY(rule.names, texts_at(object, "names", path));
  if (object.contains("name") && object["name"].is_string() &&
      !object["name"].get<std::string>().empty()) {
    rule.names.push_back(object["name"].get<std::string>());
  }
  if (rule.names.empty()) {
    return mistake(path + "/names", "must name at least one system call");
  }
  TRY(rule.result, result_at(object, "action", "errnoRet", path));
  const auto args = object.find("args");
  if (args != object.end() && args->is_array()) {
    for (std::size_t i = 0; i < args->size(); ++i) {
      TRY(const ProfileArgument argument,
          read_argument((*args)[i], fmt::format("{}/args/{}", path, i)));
      rule.arguments.push_back(argument);
    }
  }
  TRY(const Conditions includes, read_conditions(object, "includes", path, context));
  TRY(const Conditions excludes, read_conditions(object, "excludes", path, context));
  if (!includes.unmet.empty()) {
    rule.left_out = "holds only with " + base::join(includes.unmet, ", ");
  } else if (!excludes.met.empty()) {
    rule.left_out = "does not hold with " + base::join(excludes.met, ", ");
  }
  return rule;
}

Result<std::vector<std::string>> read_architectures(const Json& profile, const std::string& path,
                                                    const ProfileContext& context) {
  std::vector<std::string> out;
  const auto add = [&out](const std::string& word) {
    const Architecture* arch = find_architecture(word);
    const std::string name = word == "SCMP_ARCH_X32" ? "x32"
                             : arch != nullptr       ? std::string(arch->name)
                                                     : "";
    if (!name.empty() && std::find(out.begin(), out.end(), name) == out.end()) {
      out.push_back(name);
    }
  };
  const auto map = profile.find("archMap");
  if (map != profile.end() && map->is_array()) {
    for (const Json& entry : *map) {
      const std::string inside = path + "/archMap";
      TRY(const std::string main, text_at(entry, "architecture", inside));
      const Architecture* arch = find_architecture(main);
      if (arch != nullptr && arch->name == context.architecture) {
        add(main);
        TRY(const auto more, texts_at(entry, "subArchitectures", inside));
        std::for_each(more.begin(), more.end(), add);
      }
    }
  }
  TRY(const auto words, texts_at(profile, "architectures", path));
  std::for_each(words.begin(), words.end(), add);
  // The native one is always there, last when it is not named: libseccomp begins with it.
  if (out.empty()) {
    out.push_back(context.architecture);
  }
  return out;
}

// --- meaning

/// Calls of i386 that are also reached through one that multiplexes. Sources: linux/net.h,
/// linux/ipc.h.
struct Multiplexed {
  std::string_view name;
  std::string_view through;
  std::uint64_t call;
};
constexpr std::array<Multiplexed, 32> kMultiplexed = {{
    {"socket", "socketcall", 1},
    {"bind", "socketcall", 2},
    {"connect", "socketcall", 3},
    {"listen", "socketcall", 4},
    {"accept", "socketcall", 5},
    {"getsockname", "socketcall", 6},
    {"getpeername", "socketcall", 7},
    {"socketpair", "socketcall", 8},
    {"send", "socketcall", 9},
    {"recv", "socketcall", 10},
    {"sendto", "socketcall", 11},
    {"recvfrom", "socketcall", 12},
    {"shutdown", "socketcall", 13},
    {"setsockopt", "socketcall", 14},
    {"getsockopt", "socketcall", 15},
    {"sendmsg", "socketcall", 16},
    {"recvmsg", "socketcall", 17},
    {"accept4", "socketcall", 18},
    {"recvmmsg", "socketcall", 19},
    {"sendmmsg", "socketcall", 20},
    {"semop", "ipc", 1},
    {"semget", "ipc", 2},
    {"semctl", "ipc", 3},
    {"semtimedop", "ipc", 4},
    {"msgsnd", "ipc", 11},
    {"msgrcv", "ipc", 12},
    {"msgget", "ipc", 13},
    {"msgctl", "ipc", 14},
    {"shmat", "ipc", 21},
    {"shmdt", "ipc", 22},
    {"shmget", "ipc", 23},
    {"shmctl", "ipc", 24},
}};

Term term_of(const ProfileArgument& argument, bool wide) {
  const std::uint64_t all = wide ? ~std::uint64_t{0} : kLowMask;
  const std::uint64_t value = argument.value & all;
  Term term{argument.index, all, false, {}};
  switch (argument.op) {
    case Compare::NotEqual:
      term.negated = true;
      term.ranges = {{value, value}};
      break;
    case Compare::Equal:
      term.ranges = {{value, value}};
      break;
    case Compare::Less:
      term.negated = true;
      term.ranges = {{value, all}};
      break;
    case Compare::GreaterEqual:
      term.ranges = {{value, all}};
      break;
    case Compare::LessEqual:
      term.ranges = {{0, value}};
      break;
    case Compare::Greater:
      term.negated = true;
      term.ranges = {{0, value}};
      break;
    case Compare::Masked:
      // libseccomp masks the value as well as the argument.
      term.mask = value;
      term.ranges = {{argument.value_two & value, argument.value_two & value}};
      break;
  }
  return term;
}

Condition condition_of(const ProfileRule& rule, bool wide) {
  std::set<std::size_t> indexes;
  bool repeated = false;
  Conjunction all;
  Condition any;
  for (const ProfileArgument& argument : rule.arguments) {
    repeated = !indexes.insert(argument.index).second || repeated;
    all.push_back(term_of(argument, wide));
    any.push_back({all.back()});
  }
  return repeated ? any : Condition{all};
}

/// The rules of one name, in an i386 section also through the multiplexer.
void add_name(const Section& section, const ProfileRule& rule, const std::string& name,
              std::vector<Rule>& out) {
  const auto nr = number_in(section, name);
  if (nr) {
    out.push_back({rule.result, {{*nr, *nr}}, condition_of(rule, section.wide)});
  }
  if (section.abi != raw::Abi::I386) {
    return;
  }
  const auto* const mux =
      std::find_if(kMultiplexed.begin(), kMultiplexed.end(),
                   [&](const Multiplexed& candidate) { return candidate.name == name; });
  const auto through = mux == kMultiplexed.end() ? std::nullopt : number_in(section, mux->through);
  if (!through) {
    return;
  }
  Condition when = condition_of(rule, section.wide);
  for (Conjunction& conjunction : when) {
    std::erase_if(conjunction, [](const Term& term) { return term.field == 0; });
    conjunction.insert(conjunction.begin(), {0, kLowMask, false, {{mux->call, mux->call}}});
  }
  out.push_back({rule.result, {{*through, *through}}, std::move(when)});
}

Section section_of(const Profile& profile, const std::string& name, bool with_x32) {
  Section section = *make_section(name);
  section.otherwise = profile.otherwise;
  std::vector<Rule> plain;
  std::vector<Rule> conditional;
  if (section.x32 == false && !with_x32) {
    // libseccomp lets nothing pass that has the sign bit, except -1.
    plain.push_back({kKillThread, {{0x80000000, 0xfffffffe}}, {{}}});
  }
  for (const ProfileRule& rule : profile.rules) {
    if (!rule.left_out.empty() || rule.result == profile.otherwise) {
      continue;
    }
    std::vector<Rule> rules;
    for (const std::string& call : rule.names) {
      add_name(section, rule, call, rules);
    }
    for (Rule& one : rules) {
      (is_always(one.when) ? plain : conditional).push_back(std::move(one));
    }
  }
  section.rules = std::move(plain);
  section.rules.insert(section.rules.end(), conditional.begin(), conditional.end());
  return section;
}

}  // namespace

ProfileContext docker_defaults() {
  return {{"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW",
           "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE",
           "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE"}};
}

Result<Profile> parse_profile(std::string_view text, const ProfileContext& context) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded() || !json.is_object()) {
    return Error{0, "this is not a JSON object", {}};
  }
  const Json* object = &json;
  std::string path;
  if (json.contains("linux") && json["linux"].is_object()) {
    if (!json["linux"].contains("seccomp") || !json["linux"]["seccomp"].is_object()) {
      return Error{0, "/linux/seccomp: this configuration has none", {}};
    }
    object = &json["linux"]["seccomp"];
    path = "/linux/seccomp";
  }
  Profile profile;
  TRY(profile.otherwise, result_at(*object, "defaultAction", "defaultErrnoRet", path));
  TRY(profile.architectures, read_architectures(*object, path, context));
  const auto rules = object->find("syscalls");
  if (rules != object->end() && rules->is_array()) {
    for (std::size_t i = 0; i < rules->size(); ++i) {
      TRY(ProfileRule rule,
          read_rule((*rules)[i], fmt::format("{}/syscalls/{}", path, i), context));
      profile.rules.push_back(std::move(rule));
    }
  }
  return profile;
}

Policy policy_of(const Profile& profile) {
  Policy policy;
  const auto& names = profile.architectures;
  const auto has = [&](std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const std::string& name : names) {
    policy.sections.push_back(section_of(profile, name, has("x32")));
  }
  // What libseccomp does with the half of AUDIT_ARCH_X86_64 that nobody asked for: kill, but for
  // -1, which is no x32 call.
  for (const auto& [name, other] : {std::pair{"x32", "x86_64"}, {"x86_64", "x32"}}) {
    if (!has(name) && has(other)) {
      Section section = *make_section(name);
      section.otherwise = kKillThread;
      if (section.x32 == false) {
        section.rules.push_back({profile.otherwise, {{0xffffffff, 0xffffffff}}, {{}}});
      }
      policy.sections.push_back(std::move(section));
    }
  }
  Section others = *make_section(kOthers);
  others.otherwise = kKillThread;
  policy.sections.push_back(std::move(others));
  return policy;
}

// --- writing

namespace {

Json json_of(std::uint32_t result, const char* key, const char* errno_key, Json object) {
  object[key] = profile_word(result);
  if ((result & kActionMask) == kErrno || (result & kActionMask) == kTrace) {
    object[errno_key] = result & kDataMask;
  }
  return object;
}

/// The comparisons that say a term, or nothing: a profile has no ranges with two ends, no sets, and
/// no negated mask.
std::optional<std::vector<ProfileArgument>> arguments_of(const Term& term, bool wide) {
  if (term.field >= kArguments) {
    return std::nullopt;
  }
  const std::uint64_t all = wide ? ~std::uint64_t{0} : kLowMask;
  std::vector<ProfileArgument> out;
  for (const Range& range : term.ranges) {
    const bool one = range.first == range.last;
    ProfileArgument argument{term.field, Compare::Equal, range.first, 0};
    if (term.mask != all) {
      if (!one || term.negated) {
        return std::nullopt;
      }
      argument = {term.field, Compare::Masked, term.mask, range.first};
    } else if (one) {
      argument.op = term.negated ? Compare::NotEqual : Compare::Equal;
    } else if (range.last == all) {
      argument.op = term.negated ? Compare::Less : Compare::GreaterEqual;
    } else if (range.first == 0) {
      argument = {term.field, term.negated ? Compare::Greater : Compare::LessEqual, range.last, 0};
    } else {
      return std::nullopt;
    }
    out.push_back(argument);
  }
  return out.size() == 1 || !term.negated ? std::optional(out) : std::nullopt;
}

/// A rule's alternatives, each a list of comparisons; nothing if there is no way to say it.
std::optional<std::vector<std::vector<ProfileArgument>>> alternatives_of(const Rule& rule,
                                                                         bool wide) {
  std::vector<std::vector<ProfileArgument>> out;
  for (const Conjunction& conjunction : rule.when) {
    std::vector<std::vector<ProfileArgument>> products = {{}};
    std::set<std::size_t> fields;
    for (const Term& term : conjunction) {
      const auto choices = arguments_of(term, wide);
      if (!choices || !fields.insert(term.field).second) {
        return std::nullopt;
      }
      std::vector<std::vector<ProfileArgument>> next;
      for (const auto& product : products) {
        for (const ProfileArgument& choice : *choices) {
          next.push_back(product);
          next.back().push_back(choice);
        }
      }
      products = std::move(next);
    }
    out.insert(out.end(), products.begin(), products.end());
  }
  return out;
}

/// Names of a rule's calls; numbers without one cannot be said.
std::vector<std::string> names_of(const Section& section, const Rule& rule,
                                  std::vector<std::string>& lost) {
  std::vector<std::string> names;
  for (const Range& range : rule.numbers) {
    const std::uint64_t end =
        syscall_limit(section.abi) + (section.x32.value_or(false) ? kX32Bit : 0);
    for (std::uint64_t nr = range.first; nr <= range.last && nr < end; ++nr) {
      const std::string_view name = name_in(section, static_cast<std::uint32_t>(nr));
      if (!name.empty()) {
        names.emplace_back(name);
      }
    }
    if (range.last >= end) {
      lost.push_back(fmt::format("{}: {} for numbers from {} on, which have no name", section.name,
                                 render_outcome(static_cast<std::uint32_t>(rule.result)),
                                 std::max(range.first, end)));
    }
  }
  return names;
}

}  // namespace

std::string render_profile(const Profile& profile) {
  Json json = json_of(profile.otherwise, "defaultAction", "defaultErrnoRet", Json::object());
  for (const std::string& name : profile.architectures) {
    const Architecture* arch = find_architecture(name);
    json["architectures"].push_back(name == "x32" ? "SCMP_ARCH_X32" : std::string(arch->profile));
  }
  json["syscalls"] = Json::array();
  for (const ProfileRule& rule : profile.rules) {
    Json object = json_of(rule.result, "action", "errnoRet", Json::object());
    object["names"] = rule.names;
    for (const ProfileArgument& argument : rule.arguments) {
      Json one = {{"index", argument.index},
                  {"value", argument.value},
                  {"op", kOperators.at(static_cast<std::size_t>(argument.op))}};
      if (argument.op == Compare::Masked) {
        one["valueTwo"] = argument.value_two;
      }
      object["args"].push_back(std::move(one));
    }
    json["syscalls"].push_back(std::move(object));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

ProfileText render_profile(const Policy& policy) {
  ProfileText out;
  Profile profile;
  std::map<std::string, bool> told;  // rules are by name for all architectures: once is enough
  for (const Section& section : policy.sections) {
    if (section.archs.empty()) {
      if (!section.rules.empty() || section.otherwise != kKillThread) {
        out.lost.push_back("calls of other architectures: libseccomp kills their thread");
      }
      continue;
    }
    const Architecture* arch =
        find_architecture(static_cast<std::uint32_t>(section.archs.front().first));
    const bool dead = section.like.empty() && section.otherwise == kKillThread &&
                      section.rules.empty() && section.x32 == true;
    if (arch == nullptr || arch->profile.empty()) {
      out.lost.push_back(section.name + ": profiles have no word for this architecture");
      continue;
    }
    if (dead) {
      continue;  // an architecture that is not listed
    }
    if (profile.architectures.empty()) {
      profile.otherwise = static_cast<std::uint32_t>(section.otherwise);
    } else if (section.otherwise != profile.otherwise) {
      out.lost.push_back(section.name + ": a default of its own");
    }
    profile.architectures.push_back(section.name);
    for (const Rule& rule : section.rules) {
      const auto alternatives = alternatives_of(rule, section.wide);
      std::vector<std::string> names = names_of(section, rule, out.lost);
      std::erase_if(names, [&](const std::string& name) {
        return profile.architectures.size() > 1 && told.contains(name);
      });
      if (names.empty()) {
        continue;
      }
      if (!alternatives) {
        out.lost.push_back(
            fmt::format("{}: the condition for {}", section.name, base::join(names, ", ")));
        continue;
      }
      for (const auto& arguments : *alternatives) {
        profile.rules.push_back({names, static_cast<std::uint32_t>(rule.result), arguments, {}});
      }
      for (const std::string& name : names) {
        told[name] = true;
      }
    }
  }
  out.json = render_profile(profile);
  return out;
}

}  // namespace boxtrace::bpf
