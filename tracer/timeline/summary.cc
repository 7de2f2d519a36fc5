#include "tracer/timeline/summary.h"

#include <bit>

#include "tracer/base/text.h"
#include "tracer/timeline/rule.h"

namespace boxtrace::timeline {
namespace {

using Origin = model::NsAtExec::Origin;

std::string kinds(const model::ExecState& state, Origin origin) {
  std::vector<std::string> out;
  for (const raw::NsKind kind : model::all_ns_kinds()) {
    if (state.namespaces[static_cast<std::size_t>(kind)].origin == origin) {
      out.emplace_back(model::ns_kind_name(kind));
    }
  }
  return base::join(out, " ");
}

RichText containment(const model::ExecState& state) {
  RichText out("contained: ");
  const std::string made = kinds(state, Origin::New);
  out.add(Piece::Kind::Good, made.empty() ? "nothing" : made);
  const std::string joined = kinds(state, Origin::Joined);
  if (!joined.empty()) {
    out.add(" \u00b7 joined: ").add(Piece::Kind::Ns, joined);
  }
  const std::string shared = kinds(state, Origin::Host);
  out.add(" \u00b7 shared with the host: ").add(shared.empty() ? "nothing" : shared);
  return out;
}

// `1001`, or `1001 (0 inside)` where its user namespace has another number for it.
std::string both_ids(std::uint32_t id, const std::vector<base::IdMapLine>& map) {
  constexpr std::uint64_t kOverflowId = 65534;  // of ids without a mapping: user_namespaces(7)
  std::uint64_t inside = map.empty() ? id : kOverflowId;
  for (const base::IdMapLine& line : map) {
    if (id >= line.outside && id - line.outside < line.count) {
      inside = line.inside + (id - line.outside);
    }
  }
  return std::to_string(id) + (inside == id ? "" : " (" + std::to_string(inside) + " inside)");
}

RichText privileges(const model::ExecState& state) {
  RichText out("at exec: uid " + both_ids(state.uid[1], state.uid_map) + " gid " +
               both_ids(state.gid[1], state.gid_map));
  const int caps = std::popcount(state.caps.effective);
  out.add(" \u00b7 capabilities: ");
  out.add(caps == 0 ? Piece::Kind::Good : Piece::Kind::Plain,
          caps == 0 ? "none" : std::to_string(caps));
  out.add(" \u00b7 no_new_privs ").add(state.no_new_privs ? "on" : "off");
  out.add(" \u00b7 seccomp ");
  out.add(state.seccomp_mode == 2
              ? count_of(static_cast<std::size_t>(state.seccomp_filters), "filter")
          : state.seccomp_mode == 1 ? "strict"
                                    : "off");
  if (!state.fds.empty()) {
    out.add(" \u00b7 " + count_of(state.fds.size(), "descriptor"));
  }
  return out;
}

RichText left_out(const Totals& totals) {
  RichText out;
  out.add(Piece::Kind::Faint,
          count_of(totals.processes, "process", "processes") + ", " +
              count_of(totals.threads, "thread") + ", " + count_of(totals.signals, "signal"),
          count_of(totals.processes, "process", "processes"));
  out.add(Piece::Kind::Faint,
          " \u00b7 -v shows " + count_of(totals.relevant, "event") + ", -vv every call", "");
  return out;
}

}  // namespace

std::vector<RichText> make_summary(const std::optional<model::ExecState>& contained,
                                   const Totals& totals) {
  std::vector<RichText> out;
  if (contained) {
    out.push_back(containment(*contained));
    out.push_back(privileges(*contained));
  } else {
    out.emplace_back("no container: no program was started in new namespaces");
  }
  out.push_back(left_out(totals));
  return out;
}

}  // namespace boxtrace::timeline
