#include "decoders/call_selection.h"

#include <fmt/format.h>
#include <regex.h>

#include <algorithm>
#include <array>

#include "decoders/registry.h"
#include "tracer/base/text.h"

namespace boxtrace::decoders {
namespace {

constexpr std::uint8_t k64 = 1, k32 = 2, kX32 = 4, kOther = 8;
constexpr std::uint8_t kAnyAbi = k64 | k32 | kX32 | kOther;
/// Set besides the ABIs: only where it is applied to a cgroup.
constexpr std::uint8_t kInCgroups = 0x80;

std::uint8_t bit_of(raw::Abi abi) {
  switch (abi) {
    case raw::Abi::X86_64:
      return k64;
    case raw::Abi::I386:
      return k32;
    case raw::Abi::X32:
      return kX32;
    default:
      return kOther;
  }
}

/// A class is made of the rows with one of the bits, with and without the calls that are named.
struct CallClass {
  std::string_view name;
  std::uint32_t bits = 0;
  std::string_view with = {};
  std::string_view without = {};
};

constexpr std::string_view kBirthsAndExecs =
    "clone clone3 fork vfork execve execveat exit exit_group";
constexpr std::string_view kCgroupCalls =
    "open openat openat2 creat mkdir mkdirat rmdir unlinkat write pwrite64 writev";

// Those of strace hold what strace 6.1 puts into them, tests/unit/decoders/call_selection_test.cc;
// our own themes sort a little otherwise. Source: strace(1), -e trace=.
constexpr std::array kClasses = std::to_array<CallClass>({
    {"file", kFile, "fsconfig",
     "landlock_add_rule landlock_create_ruleset landlock_restrict_self sync umask"},
    {"process", 0,
     "clone clone3 execve execveat exit exit_group fork vfork kill tkill tgkill rt_sigqueueinfo "
     "rt_tgsigqueueinfo pidfd_send_signal wait4 waitid waitpid"},
    {"network", kNetwork, "getpmsg putpmsg sendfile sendfile64", "nfsservctl"},
    {"net", kNetwork, "getpmsg putpmsg sendfile sendfile64", "nfsservctl"},
    {"signal", kSignal, "io_uring_enter", "alarm setitimer timer_create"},
    {"ipc", kIpc, {}, "mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink"},
    {"desc", kDesc,
     "bpf faccessat faccessat2 fchmodat fchownat fsopen landlock_add_rule landlock_create_ruleset "
     "landlock_restrict_self linkat mkdirat mknodat pidfd_open readlinkat renameat renameat2 "
     "symlinkat unlinkat",
     "accept accept4 bind close_range connect getpeername getsockname getsockopt io_cancel "
     "io_destroy io_getevents io_pgetevents io_setup io_submit listen recvfrom recvmmsg recvmsg "
     "sendmmsg sendmsg sendto setsockopt shutdown socket socketpair vhangup"},
    {"memory", kMemory, "io_destroy io_setup io_uring_register",
     "membarrier memfd_secret modify_ldt pkey_alloc pkey_free process_madvise process_mrelease "
     "process_vm_readv process_vm_writev shmget swapoff swapon userfaultfd vmsplice"},
    {"creds", kCreds, "capget capset prctl", "add_key keyctl request_key"},
    {"stat", 0, "stat stat64 oldstat"},
    {"lstat", 0, "lstat lstat64 oldlstat"},
    {"fstat", 0, "fstat fstat64 oldfstat fstatat64 newfstatat statx"},
    {"%stat", 0,
     "stat stat64 oldstat lstat lstat64 oldlstat fstat fstat64 oldfstat fstatat64 newfstatat "
     "statx"},
    {"statfs", 0, "statfs statfs64"},
    {"fstatfs", 0, "fstatfs fstatfs64"},
    {"%statfs", 0, "statfs statfs64 fstatfs fstatfs64 ustat"},
    {"clock", 0,
     "adjtimex clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime "
     "clock_gettime64 clock_settime clock_settime64 gettimeofday settimeofday stime time"},
    {"pure", 0,
     "getegid geteuid getgid getpgrp getpid getppid gettid getuid getegid32 geteuid32 getgid32 "
     "getuid32"},
    {"namespace", kNamespace},
    {"mount", kMount},
    {"caps", kCaps, "prctl"},
    {"seccomp", kSeccomp, "prctl"},
    {"cgroup", kCgroup, kCgroupCalls},
    {"container", kNamespace | kMount | kCaps | kSeccomp | kCreds, kBirthsAndExecs},
});

bool holds_word(std::string_view words, std::string_view word) {
  const auto list = base::split_blanks(words);
  return std::find(list.begin(), list.end(), word) != list.end();
}

const CallClass* find_class(std::string_view name) {
  const auto* const found =
      std::find_if(kClasses.begin(), kClasses.end(),
                   [name](const CallClass& candidate) { return candidate.name == name; });
  return found == kClasses.end() ? nullptr : found;
}

/// Words that strace takes for classes even without `%`, as it did when it was young.
bool is_old_class(std::string_view name) {
  constexpr std::array<std::string_view, 7> kOld = {"file", "process", "network", "signal",
                                                    "ipc",  "desc",    "memory"};
  return std::find(kOld.begin(), kOld.end(), name) != kOld.end();
}

/// A POSIX extended regular expression.
class Pattern {
 public:
  explicit Pattern(const std::string& text)
      : error_(::regcomp(&regex_, text.c_str(), REG_EXTENDED | REG_NOSUB)) {}
  ~Pattern() {
    if (error_ == 0) {
      ::regfree(&regex_);
    }
  }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;
  Pattern(Pattern&&) = delete;
  Pattern& operator=(Pattern&&) = delete;

  [[nodiscard]] std::string error() const {
    std::array<char, 128> text{};
    if (error_ != 0) {
      ::regerror(error_, &regex_, text.data(), text.size());
    }
    return text.data();
  }
  [[nodiscard]] bool matches(std::string_view name) const {
    return error_ == 0 && ::regexec(&regex_, std::string(name).c_str(), 0, nullptr, 0) == 0;
  }

 private:
  regex_t regex_{};
  int error_;
};

/// The rows that one element of a list names, each with the ABIs in which it is meant.
struct Chosen {
  std::vector<std::pair<const SyscallSpec*, std::uint8_t>> rows;
  bool everything = false;
  std::string note;
};

base::Error unknown_class(std::string_view word) {
  std::vector<std::string> names = call_class_names();
  std::string all = "%" + base::join(names, " %");
  return {0, fmt::format("-e trace=: there is no class %{}", word), "classes: " + all};
}

base::Error unknown_call(std::string_view word) {
  std::vector<std::string> names;
  for (const SyscallSpec* spec : all_syscalls()) {
    names.emplace_back(spec->name);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  const std::vector<std::string> near = base::nearest(word, names);
  return {0, fmt::format("-e trace=: there is no system call \"{}\"", word),
          near.empty() ? "?NAME leaves out what does not exist; %CLASS and /REGEX choose many"
                       : "did you mean " + base::join(near, ", ") + "?"};
}

void choose_class(const CallClass& wanted, Chosen& into) {
  for (const SyscallSpec* spec : all_syscalls()) {
    const bool themed = (spec->classes & wanted.bits) != 0;
    const bool named = holds_word(wanted.with, spec->name);
    if ((themed || named) && !holds_word(wanted.without, spec->name)) {
      const bool by_place = wanted.name == "cgroup" && named;
      into.rows.emplace_back(spec, by_place ? kAnyAbi | kInCgroups : kAnyAbi);
    }
  }
}

void choose_number(std::uint64_t number, Chosen& into) {
  for (const raw::Abi abi : {raw::Abi::X86_64, raw::Abi::I386, raw::Abi::X32}) {
    if (const SyscallSpec* spec = find_syscall(abi, number)) {
      into.rows.emplace_back(spec, bit_of(abi));
    }
  }
}

void choose_name(std::string_view name, Chosen& into) {
  const auto add = [&into](std::string_view each) {
    for (const SyscallSpec* spec : find_syscalls(each)) {
      into.rows.emplace_back(spec, kAnyAbi);
    }
  };
  add(name);
  if (name == "clone") {
    add("clone3");
    add("fork");
    add("vfork");
    into.note =
        "clone stands for clone3, fork and vfork, too: C libraries choose freely "
        "(/^clone$ is clone alone)";
  }
}

base::Result<Chosen> choose(std::string_view word) {
  Chosen chosen;
  if (word == "all") {
    chosen.everything = true;
  } else if (word == "none" || word.empty()) {
    return chosen;
  } else if (word.front() == '%') {
    const CallClass* wanted = find_class(word.substr(1));
    if (wanted == nullptr) {
      return unknown_class(word.substr(1));
    }
    choose_class(*wanted, chosen);
  } else if (word.front() == '/') {
    const Pattern pattern{std::string(word.substr(1))};
    if (!pattern.error().empty()) {
      return base::Error{0, fmt::format("-e trace={}: {}", word, pattern.error()),
                         "/ begins an extended regular expression, see regex(7)"};
    }
    for (const SyscallSpec* spec : all_syscalls()) {
      if (pattern.matches(spec->name)) {
        chosen.rows.emplace_back(spec, kAnyAbi);
      }
    }
  } else if (const auto number = base::parse_u64(word)) {
    choose_number(*number, chosen);
  } else {
    choose_name(word, chosen);
    if (chosen.rows.empty() && is_old_class(word)) {
      choose_class(*find_class(word), chosen);
    }
  }
  if (chosen.rows.empty() && !chosen.everything) {
    return unknown_call(word);
  }
  return chosen;
}

/// Takes `@64` and its kin off the end of `word`. Nothing for an ABI that does not exist.
base::Result<std::uint8_t> take_abi(std::string_view& word) {
  const std::size_t at = word.front() == '/' ? std::string_view::npos : word.rfind('@');
  if (at == std::string_view::npos) {
    return kAnyAbi;
  }
  const std::string_view abi = word.substr(at + 1);
  word = word.substr(0, at);
  if (abi == "64") {
    return k64;
  }
  if (abi == "32") {
    return k32;
  }
  if (abi == "x32") {
    return kX32;
  }
  return base::Error{0, fmt::format("-e trace=: @{} is no ABI of this machine", abi),
                     "use @64, @32 or @x32"};
}

std::size_t row_index(const SyscallSpec* spec) {
  static const std::vector<const SyscallSpec*> sorted = [] {
    std::vector<const SyscallSpec*> rows = all_syscalls();
    std::sort(rows.begin(), rows.end(), std::less<>());
    return rows;
  }();
  return static_cast<std::size_t>(
      std::lower_bound(sorted.begin(), sorted.end(), spec, std::less<>()) - sorted.begin());
}

}  // namespace

std::vector<std::string> call_class_names() {
  std::vector<std::string> names;
  for (const CallClass& each : kClasses) {
    names.emplace_back(each.name);
  }
  return names;
}

CallSelection::CallSelection(bool unknown) : unknown_(unknown), by_row_(all_syscalls().size()) {}

CallSelection CallSelection::everything() {
  CallSelection set(true);
  std::fill(set.by_row_.begin(), set.by_row_.end(), kAnyAbi);
  return set;
}

CallSelection CallSelection::nothing() { return CallSelection(false); }

base::Result<CallSelection> CallSelection::parse(std::string_view text) {
  CallSelection set(false);
  const bool negated = !text.empty() && text.front() == '!';
  for (std::string_view word : base::split(negated ? text.substr(1) : text, ',')) {
    if (word.empty()) {
      return base::Error{0, fmt::format("-e trace={}: an element of the list is empty", text),
                         "none is the set of no calls"};
    }
    const bool optional = word.front() == '?';
    while (!word.empty() && word.front() == '?') {
      word.remove_prefix(1);
    }
    if (word.empty()) {
      return base::Error{0, fmt::format("-e trace={}: no name behind the ?", text), {}};
    }
    TRY(const std::uint8_t abis, take_abi(word));
    auto chosen = choose(word);
    if (!chosen) {
      if (optional) {
        continue;
      }
      return chosen.error();
    }
    if (chosen.value().everything) {
      for (const SyscallSpec* spec : all_syscalls()) {
        set.add(*spec, abis);
      }
      set.unknown_ = set.unknown_ || abis == kAnyAbi;
    }
    for (const auto& [spec, in] : chosen.value().rows) {
      set.add(*spec, static_cast<std::uint8_t>(in & (abis | kInCgroups)));
    }
    if (!chosen.value().note.empty()) {
      set.notes_.push_back(chosen.value().note);
    }
  }
  if (negated) {
    set.invert();
  }
  return set;
}

void CallSelection::add(const SyscallSpec& spec, std::uint8_t abis) {
  std::uint8_t& entry = by_row_[row_index(&spec)];
  // Chosen without condition and chosen with one: the condition falls.
  const bool conditional = (abis & kInCgroups) != 0 && (entry == 0 || (entry & kInCgroups) != 0);
  entry = static_cast<std::uint8_t>(((entry | abis) & kAnyAbi) |
                                    (conditional ? kInCgroups : std::uint8_t{0}));
}

void CallSelection::invert() {
  for (std::uint8_t& entry : by_row_) {
    // What is chosen in cgroups only is not shown there; elsewhere it would be, which nobody can
    // have meant: it stays out.
    entry = static_cast<std::uint8_t>(~entry & kAnyAbi);
  }
  unknown_ = !unknown_;
}

void CallSelection::add(const CallSelection& other) {
  for (const SyscallSpec* spec : all_syscalls()) {
    if (const std::uint8_t abis = other.by_row_[row_index(spec)]; abis != 0) {
      add(*spec, abis);
    }
  }
  unknown_ = unknown_ || other.unknown_;
  notes_.insert(notes_.end(), other.notes_.begin(), other.notes_.end());
}

bool CallSelection::has(raw::Abi abi, std::uint64_t nr) const {
  const SyscallSpec* spec = find_syscall(abi, nr);
  return spec == nullptr ? unknown_ : (by_row_[row_index(spec)] & bit_of(abi)) != 0;
}

bool CallSelection::only_in_cgroups(raw::Abi abi, std::uint64_t nr) const {
  const SyscallSpec* spec = find_syscall(abi, nr);
  return spec != nullptr && (by_row_[row_index(spec)] & kInCgroups) != 0;
}

bool CallSelection::is_everything() const {
  return unknown_ && std::all_of(by_row_.begin(), by_row_.end(),
                                 [](std::uint8_t abis) { return abis == kAnyAbi; });
}

bool CallSelection::add_to(CallSet& calls) const {
  for (const SyscallSpec* spec : all_syscalls()) {
    if (by_row_[row_index(spec)] != 0) {
      calls.add(*spec, {});
    }
  }
  return !unknown_;
}

bool CallSelection::empty() const {
  return !unknown_ &&
         std::all_of(by_row_.begin(), by_row_.end(), [](std::uint8_t abis) { return abis == 0; });
}

}  // namespace boxtrace::decoders
