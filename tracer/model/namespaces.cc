#include "tracer/model/namespaces.h"

#include <bit>
#include <cctype>

namespace boxtrace::model {
namespace {

struct KindRow {
  raw::NsKind kind;
  std::string_view name;
  std::string_view flag_name;
  std::uint64_t flag;  // linux/sched.h
  char letter;
};

constexpr std::array<KindRow, raw::kNsKinds> kRows = {{
    {raw::NsKind::Mnt, "mnt", "CLONE_NEWNS", 0x00020000, 'M'},
    {raw::NsKind::Uts, "uts", "CLONE_NEWUTS", 0x04000000, 'U'},
    {raw::NsKind::Ipc, "ipc", "CLONE_NEWIPC", 0x08000000, 'I'},
    {raw::NsKind::Pid, "pid", "CLONE_NEWPID", 0x20000000, 'P'},
    {raw::NsKind::Net, "net", "CLONE_NEWNET", 0x40000000, 'N'},
    {raw::NsKind::Cgroup, "cgroup", "CLONE_NEWCGROUP", 0x02000000, 'C'},
    {raw::NsKind::User, "user", "CLONE_NEWUSER", 0x10000000, 'S'},
    {raw::NsKind::Time, "time", "CLONE_NEWTIME", 0x00000080, 'T'},
}};

const KindRow& row(raw::NsKind kind) { return kRows[static_cast<std::size_t>(kind)]; }

}  // namespace

int NsMask::count() const { return std::popcount(bits_); }

NsMask NsMask::from_clone_flags(std::uint64_t flags) {
  NsMask mask;
  for (const KindRow& candidate : kRows) {
    if ((flags & candidate.flag) != 0) {
      mask.add(candidate.kind);
    }
  }
  return mask;
}

std::string_view ns_kind_name(raw::NsKind kind) { return row(kind).name; }
std::string_view ns_flag_name(raw::NsKind kind) { return row(kind).flag_name; }
char ns_letter(raw::NsKind kind) { return row(kind).letter; }

std::optional<raw::NsKind> parse_ns_kind(std::string_view name) {
  for (const KindRow& candidate : kRows) {
    if (candidate.name == name) {
      return candidate.kind;
    }
  }
  return std::nullopt;
}

const std::array<raw::NsKind, raw::kNsKinds>& all_ns_kinds() {
  static constexpr std::array<raw::NsKind, raw::kNsKinds> kKinds = {
      raw::NsKind::Mnt, raw::NsKind::Uts,    raw::NsKind::Ipc,  raw::NsKind::Pid,
      raw::NsKind::Net, raw::NsKind::Cgroup, raw::NsKind::User, raw::NsKind::Time};
  return kKinds;
}

std::string render_mask(NsMask mask, std::string_view separator) {
  std::string out;
  for (const raw::NsKind kind : all_ns_kinds()) {
    if (mask.has(kind)) {
      if (!out.empty()) {
        out += separator;
      }
      out += ns_kind_name(kind);
    }
  }
  return out;
}

void Namespaces::set_host(const raw::NsLinks& links) {
  for (const raw::NsKind kind : all_ns_kinds()) {
    const base::NsInode inode = links.own[static_cast<std::size_t>(kind)];
    if (inode.value == 0) {
      continue;  // the kernel of the recording had no such kind
    }
    all_.push_back({kind, Namespace::Origin::Host, inode, "host", {}, {}, 0});
    const NsRef ref{static_cast<std::uint32_t>(all_.size())};
    by_inode_[{kind, inode}] = ref;
    host_[static_cast<std::size_t>(kind)] = ref;
  }
}

NsRef Namespaces::make(raw::NsKind kind, base::TaskId maker, base::Seq at) {
  const int number = ++named_[static_cast<std::size_t>(kind)];
  all_.push_back({kind,
                  Namespace::Origin::Made,
                  {},
                  std::string(ns_kind_name(kind)) + "#" + std::to_string(number),
                  maker,
                  at,
                  0});
  return {static_cast<std::uint32_t>(all_.size())};
}

NsRef Namespaces::by_inode(raw::NsKind kind, base::NsInode inode) {
  if (inode.value == 0) {
    return {};
  }
  const auto known = by_inode_.find({kind, inode});
  if (known != by_inode_.end()) {
    return known->second;
  }
  const int number = ++named_[static_cast<std::size_t>(kind)];
  all_.push_back({kind,
                  Namespace::Origin::Foreign,
                  inode,
                  std::string(ns_kind_name(kind)) + "#" + std::to_string(number),
                  {},
                  {},
                  0});
  const NsRef ref{static_cast<std::uint32_t>(all_.size())};
  by_inode_[{kind, inode}] = ref;
  return ref;
}

NsRef Namespaces::known_by(raw::NsKind kind, base::NsInode inode) const {
  const auto known = by_inode_.find({kind, inode});
  return known == by_inode_.end() ? NsRef{} : known->second;
}

void Namespaces::free_inode(NsRef ref) {
  if (const Namespace* ns = find(ref)) {
    by_inode_.erase({ns->kind, ns->inode});
  }
}

NsRef Namespaces::host(raw::NsKind kind) const { return host_[static_cast<std::size_t>(kind)]; }

const Namespace* Namespaces::find(NsRef ref) const {
  return ref.value == 0 || ref.value > all_.size() ? nullptr : &all_[ref.value - 1];
}

bool Namespaces::is_host(NsRef ref) const {
  const Namespace* ns = find(ref);
  return ns != nullptr && ns->origin == Namespace::Origin::Host;
}

void Namespaces::add_member(NsRef ref) {
  if (ref.value != 0 && ref.value <= all_.size()) {
    ++all_[ref.value - 1].members_ever;
  }
}

void Namespaces::confirm_link(NsRef& ref, raw::NsKind kind, std::string_view link,
                              base::NsInode observed, std::vector<NsMismatch>& mismatches) {
  if (observed.value == 0) {
    return;  // not readable, or pid_for_children before its first process
  }
  if (ref.value == 0) {
    ref = by_inode(kind, observed);
    return;
  }
  Namespace& ns = all_[ref.value - 1];
  if (ns.inode == observed) {
    return;
  }
  const bool elsewhere = by_inode_.contains({kind, observed});
  if (ns.inode.value == 0 && !elsewhere) {
    ns.inode = observed;
    by_inode_[{kind, observed}] = ref;
    return;
  }
  mismatches.push_back({std::string(link), ns.alias, observed});
  ref = by_inode(kind, observed);
}

std::vector<NsMismatch> Namespaces::confirm(NsSet& set, const raw::NsLinks& links) {
  std::vector<NsMismatch> mismatches;
  for (const raw::NsKind kind : all_ns_kinds()) {
    confirm_link(set.of(kind), kind, ns_kind_name(kind), links.own[static_cast<std::size_t>(kind)],
                 mismatches);
  }
  confirm_link(set.pid_for_children, raw::NsKind::Pid, "pid_for_children", links.pid_for_children,
               mismatches);
  confirm_link(set.time_for_children, raw::NsKind::Time, "time_for_children",
               links.time_for_children, mismatches);
  return mismatches;
}

std::string Namespaces::strip(const NsSet& set) const {
  std::string out;
  for (const raw::NsKind kind : all_ns_kinds()) {
    const NsRef ref = set.of(kind);
    if (ref.value == 0) {
      out += host(kind).value == 0 ? '-' : '?';
    } else {
      out += is_host(ref) ? static_cast<char>(std::tolower(ns_letter(kind))) : ns_letter(kind);
    }
  }
  return out;
}

NsMask Namespaces::for_children(const NsSet& set) {
  NsMask mask;
  if (set.pid_for_children.value != 0 && set.pid_for_children != set.of(raw::NsKind::Pid)) {
    mask.add(raw::NsKind::Pid);
  }
  if (set.time_for_children.value != 0 && set.time_for_children != set.of(raw::NsKind::Time)) {
    mask.add(raw::NsKind::Time);
  }
  return mask;
}

}  // namespace boxtrace::model
