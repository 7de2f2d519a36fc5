#include "tracer/cli/strace_expressions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "decoders/tables/signals.h"
#include "tracer/base/text.h"

namespace boxtrace::cli {
namespace {

using sinks::StraceFilter;

/// One of a qualifier's words and what it switches on.
struct Word {
  std::string_view name;
  unsigned bits;
};

/// `[!]word,word`, `all`, `none` as the bits of the words.
base::Result<unsigned> parse_words(std::string_view qualifier, std::string_view value,
                                   const std::vector<Word>& words) {
  unsigned every = 0;
  std::vector<std::string> names;
  for (const Word& word : words) {
    every |= word.bits;
    names.emplace_back(word.name);
  }
  const bool negated = !value.empty() && value.front() == '!';
  unsigned chosen = 0;
  for (const std::string_view name : base::split(negated ? value.substr(1) : value, ',')) {
    const auto word = std::find_if(words.begin(), words.end(), [name](const Word& candidate) {
      return candidate.name == name;
    });
    if (word == words.end() && name != "all" && name != "none") {
      return base::Error{0,
                         fmt::format("-e {}={}: \"{}\" is no word for it", qualifier, value, name),
                         "one of all, none, " + base::join(names, ", ")};
    }
    chosen |= name == "all" ? every : name == "none" ? 0 : word->bits;
  }
  return negated ? every & ~chosen : chosen;
}

/// SIGCHLD, chld, CHLD, 17.
std::optional<std::size_t> parse_signal(std::string_view text) {
  if (const auto number = base::parse_u64(text)) {
    return *number < StraceFilter::kSignals ? std::optional<std::size_t>(*number) : std::nullopt;
  }
  std::string name(text);
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  if (name.rfind("SIG", 0) != 0) {
    name.insert(0, "SIG");
  }
  const decoders::Constant* known = decoders::kSignals.find(std::string_view(name));
  return known == nullptr ? std::nullopt : std::optional<std::size_t>(known->value);
}

base::Result<void> trace(StraceRequest& request, std::string_view value) {
  TRY(decoders::CallSelection set, decoders::CallSelection::parse(value));
  request.notes.insert(request.notes.end(), set.notes().begin(), set.notes().end());
  request.filter.calls = std::move(set);
  return {};
}

base::Result<void> abbrev(StraceRequest& request, std::string_view value) {
  TRY(request.filter.abbreviated, decoders::CallSelection::parse(value));
  return {};
}

base::Result<void> verbose(StraceRequest& request, std::string_view value) {
  TRY(request.filter.dereferenced, decoders::CallSelection::parse(value));
  return {};
}

base::Result<void> raw(StraceRequest& request, std::string_view value) {
  TRY(request.filter.raw, decoders::CallSelection::parse(value));
  return {};
}

base::Result<void> signal(StraceRequest& request, std::string_view value) {
  const bool negated = !value.empty() && value.front() == '!';
  std::bitset<StraceFilter::kSignals> set;
  for (const std::string_view name : base::split(negated ? value.substr(1) : value, ',')) {
    if (name == "all") {
      set.set();
    } else if (name != "none") {
      const auto number = parse_signal(name);
      if (!number) {
        return base::Error{0, fmt::format("-e signal=: there is no signal \"{}\"", name),
                           "a name with or without SIG, or a number up to 64"};
      }
      set.set(*number);
    }
  }
  request.filter.signals = negated ? ~set : set;
  return {};
}

base::Result<void> status(StraceRequest& request, std::string_view value) {
  TRY(request.filter.statuses, parse_words("status", value,
                                           {{"successful", sinks::kSuccessful},
                                            {"failed", sinks::kFailed},
                                            {"unfinished", sinks::kUnfinished},
                                            {"unavailable", sinks::kUnavailable},
                                            {"detached", sinks::kDetached}}));
  return {};
}

base::Result<void> quiet(StraceRequest& request, std::string_view value) {
  constexpr unsigned kAttach = 1, kExit = 2, kPersonality = 4, kSuperseded = 8, kPaths = 16;
  TRY(const unsigned chosen, parse_words("quiet", value,
                                         {{"attach", kAttach},
                                          {"exit", kExit},
                                          {"exits", kExit},
                                          {"personality", kPersonality},
                                          {"path-resolution", kPaths},
                                          {"thread-execve", kSuperseded},
                                          {"superseded", kSuperseded}}));
  request.look.quiet_attach = (chosen & kAttach) != 0;
  request.look.quiet_exit = (chosen & kExit) != 0;
  request.look.quiet_personality = (chosen & kPersonality) != 0;
  request.look.quiet_paths = (chosen & kPaths) != 0;
  request.look.quiet_superseded = (chosen & kSuperseded) != 0;
  request.quiet_was_chosen = true;
  return {};
}

base::Result<void> decode_fds(StraceRequest& request, std::string_view value) {
  constexpr unsigned kPath = 1, kSocket = 2, kDevice = 4, kPidfd = 8;
  TRY(const unsigned chosen,
      parse_words("decode-fds", value,
                  {{"path", kPath}, {"socket", kSocket}, {"dev", kDevice}, {"pidfd", kPidfd}}));
  if ((chosen & kSocket) != 0) {
    if (value != "all") {
      return base::Error{0,
                         "-e decode-fds=socket (addresses of sockets) is not an option of boxtrace",
                         "-e decode-fds=path,dev,pidfd; calls on sockets show their addresses"};
    }
    request.notes.emplace_back("of sockets, only the inode numbers are shown");
  }
  request.look.fd_paths = (chosen & kPath) != 0;
  request.look.fd_sockets = (chosen & kSocket) != 0;
  request.look.fd_devices = (chosen & kDevice) != 0;
  request.look.fd_pids = (chosen & kPidfd) != 0;
  return {};
}

base::Result<void> decode_pids(StraceRequest& request, std::string_view value) {
  constexpr unsigned kComm = 1, kNamespaces = 2;
  TRY(const unsigned chosen,
      parse_words("decode-pids", value, {{"comm", kComm}, {"pidns", kNamespaces}}));
  request.look.pid_comm = (chosen & kComm) != 0;
  request.look.pid_namespaces = (chosen & kNamespaces) != 0;
  return {};
}

/// `[!]3,5`, `all`, `none`.
base::Result<sinks::DescriptorSet> parse_descriptors(std::string_view value) {
  sinks::DescriptorSet set;
  const bool negated = !value.empty() && value.front() == '!';
  set.all_but = negated;
  for (const std::string_view word : base::split(negated ? value.substr(1) : value, ',')) {
    if (word == "all") {
      set = {{}, !negated};
    } else if (word != "none") {
      const auto number = base::parse_u64(word);
      if (!number || *number > std::numeric_limits<std::int32_t>::max()) {
        return base::Error{0, fmt::format("invalid descriptor '{}'", base::printable(word)),
                           "numbers of descriptors with commas between, all, none"};
      }
      set.named.insert(static_cast<std::int32_t>(*number));
    }
  }
  return set;
}

base::Result<void> dump_reads(StraceRequest& request, std::string_view value) {
  TRY(request.filter.read, parse_descriptors(value));
  return {};
}

base::Result<void> dump_writes(StraceRequest& request, std::string_view value) {
  TRY(request.filter.write, parse_descriptors(value));
  return {};
}

base::Result<void> no_kvm(StraceRequest&, std::string_view) {
  return base::Error{0, "-e kvm= (exit reasons of virtual CPUs) is not an option of boxtrace",
                     "use strace -e kvm=vcpu"};
}

base::Result<void> inject(StraceRequest& request, std::string_view value) {
  TRY(ptrace::Injection injection, ptrace::parse_injection(value, 0));
  request.injections.push_back(std::move(injection));
  return {};
}

base::Result<void> fault(StraceRequest& request, std::string_view value) {
  constexpr int kNoSuchCall = 38;  // ENOSYS, what strace takes
  TRY(ptrace::Injection injection, ptrace::parse_injection(value, kNoSuchCall));
  if (!injection.error || injection.retval) {
    return base::Error{0, "-e fault= makes calls fail", "-e inject= can do more"};
  }
  request.injections.push_back(std::move(injection));
  return {};
}

struct Qualifier {
  std::string_view names;  ///< separated by blanks
  base::Result<void> (*apply)(StraceRequest& request, std::string_view value);
  bool own = false;  ///< our own style has it, too
};

// Source: strace(1), -e.
constexpr std::array kQualifiers = std::to_array<Qualifier>({
    {"trace t", trace, true},
    {"abbrev a", abbrev},
    {"verbose v", verbose},
    {"raw x", raw},
    {"signal signals s", signal, true},
    {"read reads r", dump_reads},
    {"write writes w", dump_writes},
    {"status", status, true},
    {"inject", inject, true},
    {"fault", fault, true},
    {"quiet silent silence q", quiet},
    {"decode-fds decode-fd", decode_fds},
    {"decode-pids decode-pid", decode_pids},
    {"kvm", no_kvm},
});

base::Result<const Qualifier*> find_qualifier(std::string_view qualifier) {
  std::vector<std::string> names;
  for (const Qualifier& each : kQualifiers) {
    for (const std::string_view name : base::split_blanks(each.names)) {
      if (name == qualifier) {
        return &each;
      }
      names.emplace_back(name);
    }
  }
  const auto near = base::nearest(qualifier, names, 1);
  return base::Error{0, fmt::format("-e {}=: no such qualifier", base::printable(qualifier)),
                     near.empty()
                         ? "trace, signal, status, inject, quiet, ... see boxtrace-strace(1)"
                         : "did you mean " + near.front() + "?"};
}

/// `open` means `trace=open`.
std::pair<std::string_view, std::string_view> split_expression(std::string_view text) {
  const std::size_t equals = text.find('=');
  // `/a=b` is a pattern, not a qualifier.
  if (equals == std::string_view::npos || (!text.empty() && text.front() == '/')) {
    return {"trace", text};
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

}  // namespace

base::Result<void> apply_qualifier(StraceRequest& request, std::string_view qualifier,
                                   std::string_view value) {
  TRY(const Qualifier* found, find_qualifier(qualifier));
  return found->apply(request, value);
}

base::Result<void> apply_expression(StraceRequest& request, std::string_view text) {
  const auto [qualifier, value] = split_expression(text);
  return apply_qualifier(request, qualifier, value);
}

base::Result<void> apply_own_expression(StraceRequest& request, std::string_view text) {
  const auto [qualifier, value] = split_expression(text);
  TRY(const Qualifier* found, find_qualifier(qualifier));
  if (!found->own) {
    return base::Error{0, fmt::format("-e {}= says how strace's text looks", qualifier),
                       fmt::format("boxtrace --style=strace -e {} CMD", base::printable(text))};
  }
  return found->apply(request, value);
}

base::Result<sinks::StraceOptions::Precision> parse_precision(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, sinks::StraceOptions::Precision>, 4> kUnits = {
      {{"s", 0}, {"ms", 3}, {"us", 6}, {"ns", 9}}};
  for (const auto& [name, digits] : kUnits) {
    if (name == word) {
      return digits;
    }
  }
  return base::Error{0, fmt::format("\"{}\" is no precision of times", base::printable(word)),
                     "one of s, ms, us, ns"};
}

}  // namespace boxtrace::cli
