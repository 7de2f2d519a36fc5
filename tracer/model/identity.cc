// Who a task is and what it may do: ids, capability sets, securebits, no_new_privs, seccomp.
//
// Ids are kept as the tracer sees them. A call names them as the caller sees them, so inside a new
// user namespace they go through its map; before the map is written every id reads as 65534.
// Sources: credentials(7), capabilities(7), user_namespaces(7), security/commoncap.c:
// cap_emulate_setxuid.

#include <algorithm>

#include "decoders/bpf/verdict.h"
#include "tracer/model/state.h"

namespace boxtrace::model {
namespace {

// linux/prctl.h
constexpr std::uint32_t kSetDumpable = 4;
constexpr std::uint32_t kSetKeepcaps = 8;
constexpr std::uint32_t kSetSeccomp = 22;
constexpr std::uint32_t kCapbsetDrop = 24;
constexpr std::uint32_t kSetSecurebits = 28;
constexpr std::uint32_t kSetNoNewPrivs = 38;
constexpr std::uint32_t kCapAmbient = 47;
constexpr std::uint64_t kAmbientRaise = 2;
constexpr std::uint64_t kAmbientLower = 3;
constexpr std::uint64_t kAmbientClearAll = 4;
constexpr std::uint64_t kSeccompModeStrict = 1;
constexpr std::uint64_t kSecureNoSetuidFixup = 1U << 2;  // linux/securebits.h

std::optional<std::uint32_t> to_outside(const std::vector<base::IdMapLine>& map,
                                        std::uint32_t inside) {
  for (const base::IdMapLine& line : map) {
    if (inside >= line.inside && inside - line.inside < line.count) {
      return static_cast<std::uint32_t>(line.outside + (inside - line.inside));
    }
  }
  return std::nullopt;
}

std::optional<std::uint32_t> outside_id(const Change& change, std::uint64_t inside, bool gid) {
  const auto id = static_cast<std::uint32_t>(inside);
  const NsRef ns = change.task.ns.of(raw::NsKind::User);
  if (change.state.namespaces.is_host(ns)) {
    return id;
  }
  const auto maps = change.state.id_maps.find(ns);
  if (maps == change.state.id_maps.end()) {
    return std::nullopt;
  }
  return to_outside(gid ? maps->second.gid : maps->second.uid, id);
}

void say_caps(Change& change, const CapSets& before) {
  if (!(change.task.creds.caps == before)) {
    change.say(CapsChanged{before, change.task.creds.caps});
  }
}

// Losing root loses capabilities. security/commoncap.c: cap_emulate_setxuid().
void fix_caps_after_setuid(Change& change, const std::array<std::uint32_t, 4>& old) {
  Credentials& creds = change.task.creds;
  const std::optional<std::uint32_t> root = outside_id(change, 0, false);
  if (!root || (creds.securebits & kSecureNoSetuidFixup) != 0) {
    return;
  }
  const auto is_root = [&](std::uint32_t uid) { return uid == *root; };
  const bool was = std::any_of(old.begin(), old.begin() + 3, is_root);
  const bool still = std::any_of(creds.uid.begin(), creds.uid.begin() + 3, is_root);
  const CapSets before = creds.caps;
  if (was && !still) {
    if (!creds.keep_caps) {
      creds.caps.permitted = 0;
      creds.caps.effective = 0;
    }
    creds.caps.ambient = 0;
  }
  if (is_root(old[1]) && !is_root(creds.uid[1])) {
    creds.caps.effective = 0;
  }
  if (!is_root(old[1]) && is_root(creds.uid[1])) {
    creds.caps.effective = creds.caps.permitted;
  }
  say_caps(change, before);
}

// `ids` in the order real, effective, saved; all ones leaves one as it is.
void set_ids(Change& change, const std::array<std::uint64_t, 3>& ids, bool gid) {
  Credentials& creds = change.task.creds;
  IdsChanged fact;
  fact.uid_before = creds.uid;
  fact.gid_before = creds.gid;
  std::array<std::uint32_t, 4>& mine = gid ? creds.gid : creds.uid;
  const std::array<std::uint32_t, 4> old = mine;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (static_cast<std::uint32_t>(ids[i]) == 0xffffffff) {
      continue;
    }
    const std::optional<std::uint32_t> outside = outside_id(change, ids[i], gid);
    if (!outside) {
      creds.ids_known = false;
      return;
    }
    mine[i] = *outside;
  }
  mine[3] = mine[1];
  fact.uid_after = creds.uid;
  fact.gid_after = creds.gid;
  if (mine != old) {
    change.say(fact);
    if (!gid) {
      fix_caps_after_setuid(change, old);
    }
  }
}

void apply_setuid(Change& change) {
  set_ids(change, {change.arg(0), change.arg(0), change.arg(0)}, false);
}
void apply_setgid(Change& change) {
  set_ids(change, {change.arg(0), change.arg(0), change.arg(0)}, true);
}
void apply_setreuid(Change& change) {
  set_ids(change, {change.arg(0), change.arg(1), change.arg(1)}, false);
}
void apply_setregid(Change& change) {
  set_ids(change, {change.arg(0), change.arg(1), change.arg(1)}, true);
}
void apply_setresuid(Change& change) {
  set_ids(change, {change.arg(0), change.arg(1), change.arg(2)}, false);
}
void apply_setresgid(Change& change) {
  set_ids(change, {change.arg(0), change.arg(1), change.arg(2)}, true);
}

void apply_setgroups(Change& change) {
  GroupsSet fact;
  const decoders::Value* value = change.value(1);
  if (const auto* list = value == nullptr ? nullptr : value->as<decoders::List>()) {
    for (const decoders::Value& item : list->items) {
      const auto inside = static_cast<std::uint32_t>(item.raw().value_or(0));
      fact.groups.push_back(outside_id(change, inside, true).value_or(inside));
    }
  }
  const bool same = change.task.creds.groups == fact.groups;
  change.task.creds.groups = fact.groups;
  if (!same) {
    change.say(std::move(fact));
  }
}

std::uint64_t field_of(const decoders::Value* value, std::string_view name) {
  const decoders::Value* field = value == nullptr ? nullptr : value->field(name);
  return field == nullptr ? 0 : field->raw().value_or(0);
}

void apply_capset(Change& change) {
  const decoders::Value* sets = change.value(1);
  if (sets == nullptr || sets->as<decoders::Struct>() == nullptr) {
    change.task.creds.caps_known = false;
    return;
  }
  CapSets& caps = change.task.creds.caps;
  const CapSets before = caps;
  caps.effective = field_of(sets, "effective");
  caps.permitted = field_of(sets, "permitted");
  caps.inheritable = field_of(sets, "inheritable");
  // A capability that is not both permitted and inheritable cannot be ambient. kernel/capability.c.
  caps.ambient &= caps.permitted & caps.inheritable;
  say_caps(change, before);
}

void apply_ambient(Change& change) {
  CapSets& caps = change.task.creds.caps;
  const CapSets before = caps;
  const std::uint64_t bit = change.arg(2) < 64 ? 1ULL << change.arg(2) : 0;
  if (change.arg(1) == kAmbientRaise) {
    caps.ambient |= bit;
  } else if (change.arg(1) == kAmbientLower) {
    caps.ambient &= ~bit;
  } else if (change.arg(1) == kAmbientClearAll) {
    caps.ambient = 0;
  }
  say_caps(change, before);
}

constexpr std::uint64_t kFlagTsync = 1;  // linux/seccomp.h
constexpr std::uint64_t kFlagNewListener = 8;

/// The instructions behind a struct sock_fprog if they are all there.
bpf::Program captured_program(const decoders::Value* program) {
  const decoders::Value* filter = program == nullptr ? nullptr : program->field("filter");
  const auto* text = filter == nullptr ? nullptr : filter->as<decoders::Text>();
  if (text == nullptr || text->truncated || text->failure) {
    return {};
  }
  auto parsed = bpf::parse_program(base::as_bytes(text->bytes));
  const bool taken = parsed.ok() && !bpf::find_refusal(parsed.value());
  return taken ? std::move(parsed).value() : bpf::Program{};
}

void add_filter(Credentials& creds, const std::shared_ptr<const InstalledFilter>& filter,
                std::uint64_t instructions) {
  creds.seccomp_mode = 2;
  ++creds.seccomp_filters;
  creds.seccomp_instructions.push_back(instructions);
  creds.filters.push_back(filter);
}

void install_filter(Change& change, const decoders::Value* program, bool by_prctl,
                    std::uint64_t flags) {
  const bool tsync = (flags & kFlagTsync) != 0;
  if (tsync && (flags & kFlagNewListener) == 0 && change.syscall.outcome.value > 0) {
    return;  // the number of a thread whose filters differ: nothing was installed
  }
  SeccompInstalled fact;
  fact.by_prctl = by_prctl;
  fact.flags = flags;
  const decoders::Value* length = program == nullptr ? nullptr : program->field("len");
  if (length != nullptr) {
    fact.instructions = length->raw();
  }
  auto filter = std::make_shared<InstalledFilter>();
  filter->program = captured_program(program);
  filter->by_prctl = by_prctl;
  filter->flags = flags;
  filter->no_new_privs = change.task.creds.no_new_privs;
  filter->at = change.event.seq;
  filter->task = change.task.id;
  fact.filter = filter;
  add_filter(change.task.creds, filter, fact.instructions.value_or(0));
  for (auto& [id, other] : change.state.tasks) {
    if (tsync && other.alive && other.leader == change.task.leader && id != change.task.id) {
      // The other threads get what the caller has: all of its filters, and its no_new_privs.
      other.creds.seccomp_mode = 2;
      other.creds.seccomp_filters = change.task.creds.seccomp_filters;
      other.creds.seccomp_instructions = change.task.creds.seccomp_instructions;
      other.creds.filters = change.task.creds.filters;
      other.creds.no_new_privs = other.creds.no_new_privs || change.task.creds.no_new_privs;
    }
  }
  fact.filters = change.task.creds.seccomp_filters;
  change.say(fact);
}

void install_strict(Change& change, bool by_prctl) {
  change.task.creds.seccomp_mode = 1;
  SeccompInstalled fact;
  fact.strict = true;
  fact.by_prctl = by_prctl;
  change.say(fact);
}

void apply_seccomp(Change& change) {
  constexpr std::uint32_t kOpStrict = 0;  // linux/seccomp.h
  constexpr std::uint32_t kOpFilter = 1;
  const auto operation = static_cast<std::uint32_t>(change.arg(0));
  if (operation == kOpStrict) {
    install_strict(change, false);
  } else if (operation == kOpFilter) {
    install_filter(change, change.value(2), false, change.arg(1));
  }
}

constexpr CallEffect kEffects[] = {
    {"setuid", apply_setuid},         {"setgid", apply_setgid},
    {"setreuid", apply_setreuid},     {"setregid", apply_setregid},
    {"setresuid", apply_setresuid},   {"setresgid", apply_setresgid},
    {"setgroups", apply_setgroups},   {"capset", apply_capset},
    {"seccomp", apply_seccomp, true},
};

}  // namespace

std::span<const CallEffect> identity_effects() { return kEffects; }

void apply_prctl_identity(Change& change) {
  Credentials& creds = change.task.creds;
  switch (static_cast<std::uint32_t>(change.arg(0))) {
    case kSetDumpable:
      change.say(DumpableSet{change.arg(1) != 0});
      break;
    case kSetKeepcaps:
      creds.keep_caps = change.arg(1) != 0;
      change.say(KeepCapsSet{creds.keep_caps});
      break;
    case kSetSeccomp:
      if (change.arg(1) == kSeccompModeStrict) {
        install_strict(change, true);
      } else {
        install_filter(change, change.value(2), true, 0);
      }
      break;
    case kCapbsetDrop:
      if (change.arg(1) < 64) {
        const CapSets before = creds.caps;
        creds.caps.bounding &= ~(1ULL << change.arg(1));
        say_caps(change, before);
      }
      break;
    case kSetSecurebits:
      creds.securebits = change.arg(1);
      change.say(SecurebitsSet{change.arg(1)});
      break;
    case kSetNoNewPrivs:
      if (!creds.no_new_privs) {
        creds.no_new_privs = true;
        change.say(NoNewPrivsSet{});
      }
      break;
    case kCapAmbient:
      apply_ambient(change);
      break;
    default:
      break;
  }
}

}  // namespace boxtrace::model
