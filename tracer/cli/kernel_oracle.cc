#include "tracer/cli/kernel_oracle.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "decoders/bpf/outcome.h"
#include "tracer/os/file.h"

namespace boxtrace::cli {
namespace {

using base::Error;
using base::Result;
using bpf::Op;

constexpr std::uint32_t kAuditX86 = 0xC000003E;
constexpr std::uint32_t kAuditI386 = 0x40000003;

/// `sock_filter`s as the kernel wants them. They must outlive the call that hands them over.
std::vector<sock_filter> to_kernel(const bpf::Program& program) {
  std::vector<sock_filter> out;
  out.reserve(program.size());
  for (const bpf::Instruction& in : program) {
    out.push_back({in.code, in.jt, in.jf, in.k});
  }
  return out;
}

sock_fprog program_of(std::vector<sock_filter>& instructions) {
  return {static_cast<unsigned short>(instructions.size()), instructions.data()};
}

/// Every RET answers with `base` plus its own number.
bpf::Program numbered(bpf::Program program, std::uint32_t base) {
  const std::uint16_t ret = bpf::opcode_of(Op::ReturnConstant, false);
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    const Op op = bpf::decode_opcode(program[pc].code)->op;
    if (op == Op::ReturnConstant || op == Op::ReturnA) {
      program[pc] = {ret, 0, 0, base + static_cast<std::uint32_t>(pc)};
    }
  }
  return program;
}

/// For a socket the length is the datagram's, not that of struct seccomp_data.
void fix_length(bpf::Program& program) {
  for (bpf::Instruction& in : program) {
    const Op op = bpf::decode_opcode(in.code)->op;
    if (op == Op::LoadLength || op == Op::LoadXLength) {
      const Op constant = op == Op::LoadLength ? Op::LoadImmediate : Op::LoadXImmediate;
      in = {bpf::opcode_of(constant, false), 0, 0, bpf::kInputSize};
    }
  }
}

/// Memory that a child shares with us.
class SharedWords {
 public:
  explicit SharedWords(std::size_t count) : size_(std::max<std::size_t>(count, 1) * 4) {
    void* const memory =
        ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    words_ = memory == MAP_FAILED ? nullptr : static_cast<std::int32_t*>(memory);
  }
  SharedWords(const SharedWords&) = delete;
  SharedWords& operator=(const SharedWords&) = delete;
  ~SharedWords() {
    if (words_ != nullptr) {
      ::munmap(words_, size_);
    }
  }
  [[nodiscard]] std::int32_t* get() const { return words_; }

 private:
  std::size_t size_;
  std::int32_t* words_ = nullptr;
};

/// The child's last words: no system call, and a core dump of a broken test is not wanted.
[[noreturn]] void die() {
  for (;;) {
    __builtin_trap();
  }
}

struct Asked {
  std::int64_t result = 0;
  std::uint64_t pointer = 0;  ///< behind the instruction that made the call
};

#ifdef __x86_64__
// Both keep the address behind the instruction, which is what a filter sees as the instruction
// pointer. Not inlined, so that it is the same one for all calls.
[[gnu::noinline]] Asked call_64(std::uint32_t nr, const std::array<std::uint64_t, 6>& a) {
  Asked asked;
  register std::uint64_t r10 asm("r10") = a[3];
  register std::uint64_t r8 asm("r8") = a[4];
  register std::uint64_t r9 asm("r9") = a[5];
  asm volatile(
      "lea 1f(%%rip), %[ip]\n"
      "syscall\n"
      "1:\n"
      : "=a"(asked.result), [ip] "=&b"(asked.pointer)
      : "a"(static_cast<std::uint64_t>(nr)), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8),
        "r"(r9)
      : "rcx", "r11", "memory");
  return asked;
}

/// What call_32 hands over; the offsets are in the assembly.
struct Call32 {
  std::uint64_t bx, cx, dx, si, di, bp, nr, result, pointer;
};

[[gnu::noinline]] Asked call_32(std::uint32_t nr, const std::array<std::uint64_t, 6>& a) {
  Call32 call{a[0], a[1], a[2], a[3], a[4], a[5], nr, 0, 0};
  // rbx and rbp are the compiler's own; both are kept by hand, and the struct's address with them.
  asm volatile(
      "push %%rbx\n"
      "push %%rbp\n"
      "push %%rax\n"
      "lea 1f(%%rip), %%rbx\n"
      "mov %%rbx, 64(%%rax)\n"
      "mov 0(%%rax), %%rbx\n"
      "mov 8(%%rax), %%rcx\n"
      "mov 16(%%rax), %%rdx\n"
      "mov 24(%%rax), %%rsi\n"
      "mov 32(%%rax), %%rdi\n"
      "mov 40(%%rax), %%rbp\n"
      "mov 48(%%rax), %%rax\n"
      "int $0x80\n"
      "1:\n"
      "pop %%rcx\n"
      "mov %%rax, 56(%%rcx)\n"
      "pop %%rbp\n"
      "pop %%rbx\n"
      :
      : "a"(&call)
      : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
  return {static_cast<std::int32_t>(call.result), call.pointer};
}
#else
Asked call_64(std::uint32_t, const std::array<std::uint64_t, 6>&) { die(); }
Asked call_32(std::uint32_t, const std::array<std::uint64_t, 6>&) { die(); }
#endif

constexpr std::int32_t kUnasked = -1;
constexpr std::int32_t kStrange = -2;  ///< an answer that the filter cannot have given

bool can_ask(const bpf::Input& input) {
  // -1 is how the kernel marks a call that is to be skipped.
  return (input[bpf::kArchWord] == kAuditX86 || input[bpf::kArchWord] == kAuditI386) &&
         input[bpf::kNumberWord] != 0xffffffff && !is_never_filtered(input);
}

struct Question {
  std::uint32_t nr = 0;
  bool narrow = false;
  std::array<std::uint64_t, 6> arguments{};
};

[[noreturn]] void ask_all(sock_fprog& program, const std::vector<Question>& questions,
                          std::int32_t* answers, std::uint64_t* pointers) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
    answers[questions.size()] = errno;
    ::_exit(1);
  }
  // From here on no call is executed: each answers with the number of a RET.
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const Question& question = questions[i];
    const Asked asked = question.narrow ? call_32(question.nr, question.arguments)
                                        : call_64(question.nr, question.arguments);
    const bool answered = asked.result <= 0 && asked.result >= -4095;
    answers[i] = answered ? static_cast<std::int32_t>(-asked.result) : kStrange;
    pointers[question.narrow ? 1 : 0] = asked.pointer;
  }
  die();
}

Error fork_error() { return os::errno_error("fork()"); }

}  // namespace

bool is_never_filtered(const bpf::Input& input) {
  constexpr std::uint32_t kUretprobe = 335;
  constexpr std::uint32_t kUprobe = 336;
  return input[bpf::kArchWord] == kAuditX86 &&
         (input[bpf::kNumberWord] == kUretprobe || input[bpf::kNumberWord] == kUprobe);
}

Result<SocketOracle> SocketOracle::create(const bpf::Program& program) {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return os::errno_error("socketpair(AF_UNIX, SOCK_DGRAM)");
  }
  os::UniqueFd sender(pair[0]);
  os::UniqueFd receiver(pair[1]);
  // One more than the number: a length of 0 is a datagram that is dropped.
  bpf::Program changed = numbered(program, 1);
  fix_length(changed);
  std::vector<sock_filter> instructions = to_kernel(changed);
  const sock_fprog attached = program_of(instructions);
  if (::setsockopt(receiver.get(), SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof attached) != 0) {
    return os::errno_error(
        "setsockopt(SO_ATTACH_FILTER)",
        errno == EPERM || errno == EACCES ? "a security module may forbid socket filters"
        : errno == ENOMEM
            ? "the filter is larger than net.core.optmem_max: sysctl -w net.core.optmem_max=131072"
            : "");
  }
  return SocketOracle(std::move(sender), std::move(receiver),
                      std::max(program.size() + 1, bpf::kInputSize));
}

Result<EndedAt> SocketOracle::run(const bpf::Input& input) {
  // A socket filter loads words in network order.
  for (std::size_t i = 0; i < input.size(); ++i) {
    const std::uint32_t word = htonl(input.at(i));
    std::memcpy(datagram_.data() + 4 * i, &word, sizeof word);
  }
  if (::send(sender_.get(), datagram_.data(), datagram_.size(), 0) < 0) {
    return os::errno_error("send()");
  }
  std::byte first{};
  const ssize_t length = ::recv(receiver_.get(), &first, 1, MSG_TRUNC | MSG_DONTWAIT);
  if (length < 0 && errno == EAGAIN) {
    return EndedAt{};
  }
  if (length <= 0) {
    return os::errno_error("recv()");
  }
  return EndedAt{static_cast<std::size_t>(length - 1)};
}

Result<std::vector<std::optional<SeccompAnswer>>> run_under_seccomp(
    const bpf::Program& program, std::span<const bpf::Input> inputs) {
  std::vector<Question> questions;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (can_ask(inputs[i])) {
      Question question{inputs[i][bpf::kNumberWord], inputs[i][bpf::kArchWord] == kAuditI386, {}};
      for (std::size_t n = 0; n < bpf::kArguments; ++n) {
        question.arguments.at(n) = bpf::argument(inputs[i], n, false);
      }
      questions.push_back(question);
      places.push_back(i);
    }
  }
  std::vector<sock_filter> instructions = to_kernel(numbered(program, bpf::kErrno));
  sock_fprog installed = program_of(instructions);
  // Answers, the errno of a failed installation, and two addresses of two words each.
  const SharedWords shared(questions.size() + 6);
  if (shared.get() == nullptr) {
    return os::errno_error("mmap()");
  }
  std::fill_n(shared.get(), questions.size(), kUnasked);
  std::array<std::uint64_t, 2> pointers{};
  auto* const pointer_words = shared.get() + questions.size() + 1 + questions.size() % 2;
  auto* const shared_pointers = reinterpret_cast<std::uint64_t*>(
      reinterpret_cast<std::uintptr_t>(pointer_words + 1) & ~std::uintptr_t{7});
  const pid_t child = ::fork();
  if (child < 0) {
    return fork_error();
  }
  if (child == 0) {
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // it dies of SIGILL, which is no news
    ask_all(installed, questions, shared.get(), shared_pointers);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) {
    return Error{shared.get()[questions.size()], "seccomp(SECCOMP_SET_MODE_FILTER)", {}};
  }
  std::copy_n(shared_pointers, pointers.size(), pointers.begin());
  std::vector<std::optional<SeccompAnswer>> answers(inputs.size());
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const std::int32_t raw = shared.get()[i];
    SeccompAnswer answer{std::nullopt, inputs[places[i]]};
    if (raw >= 0) {
      answer.ended = static_cast<std::size_t>(raw);
    } else if (raw == kStrange) {
      return Error{0, "a call was answered by something else than the filter",
                   "is there another filter on this process?"};
    } else {
      break;  // KILL_THREAD by a division by zero ended the child
    }
    const bool narrow = questions[i].narrow;
    bpf::set_argument(answer.input, bpf::kArguments, pointers.at(narrow ? 1 : 0), false);
    for (std::size_t n = 0; n < bpf::kArguments && narrow; ++n) {
      answer.input.at(bpf::kArgumentWord + 2 * n + 1) = 0;
    }
    answers[places[i]] = answer;
  }
  return answers;
}

Result<std::vector<bool>> ask_verdicts(std::span<const bpf::Program> programs) {
  const SharedWords shared(programs.size());
  if (shared.get() == nullptr) {
    return os::errno_error("mmap()");
  }
  std::fill_n(shared.get(), programs.size(), kUnasked);
  const pid_t child = ::fork();
  if (child < 0) {
    return fork_error();
  }
  if (child == 0) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_NOFILE, &none);
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    for (std::size_t i = 0; i < programs.size(); ++i) {
      std::vector<sock_filter> instructions = to_kernel(programs[i]);
      sock_fprog asked = program_of(instructions);
      // A length of 65,536 would read as 0, which is also refused.
      const long result =
          ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &asked);
      shared.get()[i] = result == 0 ? kStrange : errno;
    }
    ::_exit(0);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  std::vector<bool> verdicts;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    const std::int32_t answer = shared.get()[i];
    if (answer != EMFILE && answer != EINVAL) {
      return Error{answer > 0 ? answer : 0, "seccomp(SECCOMP_SET_MODE_FILTER, NEW_LISTENER)",
                   "the kernel gave no verdict"};
    }
    verdicts.push_back(answer == EMFILE);
  }
  return verdicts;
}

}  // namespace boxtrace::cli
