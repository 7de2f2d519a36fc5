#include "decoders/bpf/lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "decoders/bpf/outcome.h"
#include "tracer/base/text.h"

namespace boxtrace::bpf {
namespace {

using Names = std::vector<std::string>;

/// Calls that do the same, or as much. The first is the one that people think of.
struct Family {
  std::string_view what;
  std::array<std::string_view, 10> calls;
  bool equal = false;  ///< any of them will do; else the later ones can do more
};
constexpr std::array kFamilies = {
    Family{"changes the mode of a file", {"chmod", "fchmod", "fchmodat", "fchmodat2"}, true},
    Family{"changes the owner of a file", {"chown", "fchown", "lchown", "fchownat"}, true},
    Family{"opens a file", {"open", "openat", "openat2", "creat", "open_by_handle_at"}},
    Family{"makes a process", {"clone", "clone3", "fork", "vfork"}},
    Family{"executes a program", {"execve", "execveat"}, true},
    Family{"makes a mount",
           {"mount", "fsopen", "fsmount", "move_mount", "open_tree", "mount_setattr", "fspick"}},
    Family{"unmounts", {"umount2", "umount"}},
    Family{"makes a device node", {"mknod", "mknodat"}, true},
    Family{"renames", {"rename", "renameat", "renameat2"}, true},
    Family{"removes a file", {"unlink", "unlinkat"}, true},
    Family{"makes a link", {"link", "linkat"}, true},
    Family{"makes a symbolic link", {"symlink", "symlinkat"}, true},
    Family{"sets extended attributes", {"setxattr", "lsetxattr", "fsetxattr", "setxattrat"}, true},
    Family{"loads a kernel module", {"init_module", "finit_module"}, true},
    Family{"loads another kernel", {"kexec_load", "kexec_file_load"}},
    Family{"reaches into another process",
           {"ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd"}},
    Family{"sends a signal", {"kill", "tkill", "tgkill", "rt_sigqueueinfo", "pidfd_send_signal"}},
    Family{"sets the user id", {"setuid", "setreuid", "setresuid"}},
    Family{"joins or leaves namespaces", {"unshare", "setns"}},
    Family{"makes a socket", {"socket", "socketpair"}},
};

constexpr std::array<std::string_view, 25> kDangerous = {"bpf",
                                                         "kexec_load",
                                                         "kexec_file_load",
                                                         "init_module",
                                                         "finit_module",
                                                         "delete_module",
                                                         "open_by_handle_at",
                                                         "mount",
                                                         "move_mount",
                                                         "pivot_root",
                                                         "setns",
                                                         "unshare",
                                                         "userfaultfd",
                                                         "perf_event_open",
                                                         "keyctl",
                                                         "add_key",
                                                         "request_key",
                                                         "reboot",
                                                         "swapon",
                                                         "iopl",
                                                         "ioperm",
                                                         "io_uring_setup",
                                                         "process_vm_writev",
                                                         "settimeofday",
                                                         "quotactl"};

/// Arguments that the kernel takes as 32 bits, however long the register is.
struct Parameter {
  std::string_view call;
  std::size_t index;
};
constexpr std::array kNarrow = {
    Parameter{"ioctl", 1},      Parameter{"socket", 0},     Parameter{"socket", 1},
    Parameter{"socket", 2},     Parameter{"socketpair", 0}, Parameter{"personality", 0},
    Parameter{"prctl", 0},      Parameter{"fcntl", 1},      Parameter{"kill", 1},
    Parameter{"setsockopt", 1}, Parameter{"setsockopt", 2}, Parameter{"open", 1},
    Parameter{"openat", 2},     Parameter{"umount2", 1},    Parameter{"setns", 1},
    Parameter{"reboot", 0},     Parameter{"reboot", 2},     Parameter{"chmod", 1},
    Parameter{"fchmod", 1},     Parameter{"mprotect", 2}};
/// And such that count in full.
constexpr std::array kWide = {Parameter{"prctl", 1},    Parameter{"prctl", 2},
                              Parameter{"mmap", 1},     Parameter{"mmap", 5},
                              Parameter{"ioctl", 2},    Parameter{"ptrace", 2},
                              Parameter{"mprotect", 0}, Parameter{"madvise", 0}};

/// No call has this number yet.
constexpr std::uint32_t kFutureNumber = 1000;
/// "There is no such call": a program takes another way, which is no refusal of what it wants.
constexpr std::uint64_t kEnosys = kErrno | 38;

class Linter {
 public:
  explicit Linter(const Explanation& explained)
      : diagram_(*explained.solution.diagram),
        order_(explained.solution.order),
        root_(explained.root),
        policy_(*explained.policy) {}

  std::vector<Finding> run() {
    check_other_architectures();
    check_second_abi("x32", "x32-open", "the kernel may have x32 (CONFIG_X86_X32_ABI)");
    check_second_abi("i386", "i386-open", "any 64-bit program can execute `int $0x80`");
    check_dead_abi();
    check_families();
    check_multiplexers();
    check_widths();
    check_unknown_numbers();
    check_pretended();
    check_unfiltered();
    check_dangerous();
    return std::move(findings_);
  }

 private:
  [[nodiscard]] const Section* section(std::string_view name) const {
    const auto found =
        std::find_if(policy_.sections.begin(), policy_.sections.end(),
                     [name](const Section& candidate) { return candidate.name == name; });
    return found == policy_.sections.end() ? nullptr : &*found;
  }

  [[nodiscard]] std::uint64_t answer(const Input& input) const {
    return answer_for(diagram_, order_, root_, input);
  }

  [[nodiscard]] static std::optional<Input> call(std::string_view abi, std::string_view name) {
    const Section there = *make_section(abi);
    const auto nr = number_in(there, name);
    if (!nr) {
      return std::nullopt;
    }
    Input input{};
    input[kNumberWord] = *nr;
    input[kArchWord] = static_cast<std::uint32_t>(there.archs.front().first);
    return input;
  }

  static bool permits(std::uint64_t result) { return result == kAllow || result == kLog; }

  enum class Stand : std::uint8_t { Absent, Permitted, Refused, Depends };

  /// What happens to a call whatever its arguments are.
  [[nodiscard]] Stand stand(std::string_view abi, std::string_view name) const {
    const auto input = call(abi, name);
    if (!input) {
      return Stand::Absent;
    }
    Node n = root_;
    while (!diagram_.is_end(n) && diagram_.level(n) < kArgumentLevel) {
      const InputBit at = bit_at(order_, diagram_.level(n));
      n = (input->at(at.word) >> at.bit & 1U) != 0 ? diagram_.high(n) : diagram_.low(n);
    }
    if (!diagram_.is_end(n)) {
      return Stand::Depends;
    }
    return permits(diagram_.value(n)) ? Stand::Permitted : Stand::Refused;
  }

  void add(std::string id, std::string text, std::string why, std::string example = {}) {
    findings_.push_back({std::move(id), std::move(text), std::move(why), std::move(example)});
  }

  void check_other_architectures() {
    Input input{};
    input[kArchWord] = 0x12345678;
    if (permits(answer(input))) {
      add("arch-unchecked",
          policy_.sections.size() == 1
              ? "the architecture is not checked: numbers mean the same on all of them"
              : "calls of architectures that are not named are permitted",
          "the same number is another call on i386, which any 64-bit program can make");
    }
  }

  void check_second_abi(std::string_view abi, std::string id, std::string why) {
    Names open;
    for (std::uint32_t nr = 0; nr < syscall_limit(raw::Abi::X86_64); ++nr) {
      const std::string_view name = syscall_name(raw::Abi::X86_64, nr);
      if (!name.empty() && stand("x86_64", name) == Stand::Refused &&
          stand(abi, name) == Stand::Permitted) {
        open.emplace_back(name);
      }
    }
    if (!open.empty()) {
      add(std::move(id),
          fmt::format("{} calls that x86_64 refuses are permitted on {}: {}", open.size(), abi,
                      shorten(open)),
          std::move(why), open.front());
    }
  }

  static std::string shorten(Names names) {
    constexpr std::size_t kShown = 12;
    const std::size_t more = names.size() > kShown ? names.size() - kShown : 0;
    names.resize(names.size() - more);
    return base::join(names, ", ") + (more > 0 ? fmt::format(" and {} more", more) : "");
  }

  void check_dead_abi() {
    Input input = *call("i386", "read");
    const std::uint64_t result = answer(input);
    if ((result == kKillThread || result == kKillProcess) &&
        permits(answer(*call("x86_64", "read")))) {
      add("i386-killed", "every call of a 32-bit program is killed",
          "usually the profile has no `architectures`, or not SCMP_ARCH_X86", "read");
    }
  }

  void check_families() {
    Input unknown = *call("x86_64", "read");
    unknown[kNumberWord] = kFutureNumber;
    const std::uint64_t otherwise = answer(unknown);
    const bool lists_refusals = permits(otherwise);
    for (const Family& family : kFamilies) {
      Names refused;
      Names open;
      for (const std::string_view name : family.calls) {
        const Stand here = name.empty() ? Stand::Absent : stand("x86_64", name);
        // A list of what is permitted leaves out what its programs do not use, and the newest
        // calls: only a refusal that is not the default's is meant.
        const bool matters = !refused.empty() || (family.equal && lists_refusals);
        const std::uint64_t result = here == Stand::Refused ? answer(*call("x86_64", name)) : 0;
        if (here == Stand::Refused && result != kEnosys && result != otherwise) {
          refused.emplace_back(name);
        } else if (here == Stand::Permitted && matters) {
          open.emplace_back(name);
        }
      }
      if (!open.empty() && !refused.empty()) {
        add("sibling-open",
            fmt::format("{} {} refused, but {} {} not", base::join(refused, ", "),
                        refused.size() > 1 ? "are" : "is", base::join(open, ", "),
                        open.size() > 1 ? "are" : "is"),
            fmt::format("each of them {}", family.what), open.back());
      }
    }
    if (stand("x86_64", "io_uring_setup") == Stand::Permitted &&
        (stand("x86_64", "openat") == Stand::Refused ||
         stand("x86_64", "connect") == Stand::Refused)) {
      add("io-uring-open", "io_uring_setup is permitted where openat or connect is not",
          "requests of an io_uring pass no filter", "io_uring_setup");
    }
  }

  void check_multiplexers() {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kPairs = {
        {{"socketcall", "socket"},
         {"socketcall", "connect"},
         {"ipc", "shmget"},
         {"ipc", "msgget"}}};
    for (const auto& [through, name] : kPairs) {
      const Stand direct = stand("i386", name);
      if (stand("i386", through) == Stand::Permitted &&
          (direct == Stand::Refused || direct == Stand::Depends)) {
        add("multiplexed",
            fmt::format("on i386 {} is {}, and {} is permitted", name,
                        direct == Stand::Refused ? "refused" : "permitted for some arguments only",
                        through),
            fmt::format("{}(2) does the same, with its arguments in memory", through),
            std::string(through));
      }
    }
  }

  /// The values that `name` is compared with: one of each way that the policy goes.
  [[nodiscard]] std::vector<std::uint64_t> low_values(std::string_view name,
                                                      std::size_t index) const {
    std::vector<std::uint64_t> values;
    const auto input = call("x86_64", name);
    for (const Section& candidate : policy_.sections) {
      for (const Rule& rule : candidate.rules) {
        const bool about =
            input && std::any_of(rule.numbers.begin(), rule.numbers.end(), [&](const Range& range) {
              const std::uint64_t nr = (*input)[kNumberWord];
              return range.first <= nr && nr <= range.last;
            });
        for (const Conjunction& conjunction : about ? rule.when : Condition{}) {
          for (const Term& term : conjunction) {
            for (const Range& range : term.field == index ? term.ranges : std::vector<Range>{}) {
              values.push_back(range.first & 0xffffffff);
              values.push_back(range.last & 0xffffffff);
            }
          }
        }
      }
    }
    return values;
  }

  void check_widths() {
    constexpr std::uint64_t kHigh = std::uint64_t{1} << 32;
    const auto outcome = [&](const Parameter& p, std::uint64_t value) {
      Input input = *call("x86_64", p.call);
      set_argument(input, p.index, value, false);
      return permits(answer(input));
    };
    for (const Parameter& p : kNarrow) {
      for (const std::uint64_t value : low_values(p.call, p.index)) {
        if (!outcome(p, value) && outcome(p, value | kHigh)) {
          add("int-by-64-bits",
              fmt::format("argument {} of {} is refused as 0x{:x} and permitted as 0x{:x}", p.index,
                          p.call, value, value | kHigh),
              "the kernel looks at the low 32 bits only: both are the same call",
              with_argument(p, value | kHigh));
          break;
        }
      }
    }
    for (const Parameter& p : kWide) {
      for (const std::uint64_t value : low_values(p.call, p.index)) {
        const bool permitted = outcome(p, value);
        if (permitted && outcome(p, value | kHigh) && !outcome(p, value ^ 0x5a5a5a5a) &&
            !outcome(p, (value ^ 0x5a5a5a5a) | kHigh)) {
          add("long-by-32-bits",
              fmt::format("argument {} of {} has 64 bits, and only its low half is looked at",
                          p.index, p.call),
              fmt::format("0x{:x} passes as if it were 0x{:x}", value | kHigh, value),
              with_argument(p, value | kHigh));
          break;
        }
      }
    }
  }

  static std::string with_argument(const Parameter& p, std::uint64_t value) {
    std::string out(p.call);
    for (std::size_t i = 0; i < p.index; ++i) {
      out += " 0";
    }
    return out + " " + base::to_hex(value);
  }

  void check_unknown_numbers() {
    Input input{};
    input[kArchWord] = 0xC000003E;
    input[kNumberWord] = kFutureNumber;
    const std::uint64_t result = answer(input);
    if (permits(result)) {
      add("future-open", "calls that do not exist yet are permitted",
          "the filter is a list of what is refused: each new kernel opens it further", "1000");
    } else if (result != kEnosys) {
      add("future-not-enosys",
          fmt::format("calls that do not exist yet answer {}",
                      render_outcome(static_cast<std::uint32_t>(result))),
          "libraries fall back to an older call when a new one is ENOSYS, and give up otherwise",
          "1000");
    }
  }

  void check_pretended() {
    for (const Node end : diagram_.ends(root_)) {
      if (diagram_.value(end) == kErrno) {
        add("pretended", "some calls are not made and report success (ERRNO(0))",
            "a program that drops privileges goes on believing that it did");
      }
    }
  }

  void check_unfiltered() {
    Names refused;
    for (const std::string_view name : {"uretprobe", "uprobe"}) {
      if (stand("x86_64", name) == Stand::Refused) {
        refused.emplace_back(name);
      }
    }
    if (!refused.empty()) {
      add("never-filtered", base::join(refused, ", ") + " are refused in vain",
          "newer kernels show them to no filter, as they only continue probes of the kernel's own",
          refused.front());
    }
  }

  void check_dangerous() {
    Names open;
    for (const std::string_view name : kDangerous) {
      if (stand("x86_64", name) == Stand::Permitted) {
        open.emplace_back(name);
      }
    }
    if (!open.empty()) {
      add("dangerous-open", "permitted: " + base::join(open, ", "),
          "only capabilities, if those, stand between them and the host", open.front());
    }
  }

  const Diagram& diagram_;
  Order order_;
  Node root_;
  const Policy& policy_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> find_mistakes(const Explanation& explained) {
  return explained.policy ? Linter(explained).run() : std::vector<Finding>{};
}

}  // namespace boxtrace::bpf
