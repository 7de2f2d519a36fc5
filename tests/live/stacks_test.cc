// Call stacks of real programs, of all the shapes that runtimes show.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/live/programs.h"
#include "tests/support/bundle.h"
#include "tests/support/trace_program.h"

namespace boxtrace::test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using End = raw::Stack::End;

Trace trace_with_stacks(std::vector<std::string> command) {
  ptrace::LaunchOptions options;
  options.command = std::move(command);
  options.stacks.stacks = true;
  options.stacks.sites = true;
  return trace_program(options);
}

std::vector<std::string> functions(const raw::Stack& stack) {
  std::vector<std::string> names;
  for (const raw::Frame& frame : stack.frames) {
    names.push_back(frame.function);
  }
  return names;
}

/// The call of the shape that stack_shapes.c has in it.
const raw::Syscall* shape_call(const Trace& trace) {
  for (const auto& call : all_of<raw::Syscall>(trace)) {
    if (name_of(*call.body) == "getppid") {
      return call.body;
    }
  }
  return nullptr;
}

class StackShapes : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(ElfKinds, StackShapes,
                         ::testing::Values("stack_shapes", "stack_shapes_static_pie",
                                           "stack_shapes_static", "stack_shapes_no_pie"),
                         [](const auto& test) { return test.param; });

/// The names from the call outwards, the C library's own left out at the inner end.
void expect_plain(const Trace& trace, bool through_main = true) {
  const raw::Syscall* const call = shape_call(trace);
  ASSERT_NE(call, nullptr) << render_events(trace);
  ASSERT_TRUE(call->stack);
  const std::vector<std::string> names = functions(*call->stack);
  ASSERT_GE(names.size(), 5U) << fmt::format("{}", names.size());
  EXPECT_EQ(names[0], "syscall");
  EXPECT_EQ(names[1], "shape_inner");
  EXPECT_EQ(names[2], "shape_middle");
  EXPECT_EQ(names[3], "shape_outer");
  EXPECT_EQ(names[4], through_main ? "main" : "in_thread");
  EXPECT_EQ(call->stack->end, End::Bottom);
  EXPECT_EQ(call->stack->entry, raw::Stack::Entry::Syscall);
  if (through_main) {
    EXPECT_EQ(names.back(), "_start");
  }
  for (const raw::Frame& frame : call->stack->frames) {
    EXPECT_FALSE(frame.guessed) << frame.function;
    EXPECT_FALSE(frame.module.empty());
  }
}

TEST_P(StackShapes, PlainCallsLeadToStart) {
  expect_plain(trace_with_stacks({program(GetParam()), "plain"}));
}

TEST_P(StackShapes, AThreadHasAStackOfItsOwn) {
  expect_plain(trace_with_stacks({program(GetParam()), "thread"}), false);
}

TEST_P(StackShapes, ProgramsWithoutAPathHaveStacks) {
  for (const char* way : {"memfd", "deleted"}) {
    SCOPED_TRACE(way);
    expect_plain(trace_with_stacks({program(GetParam()), way}));
  }
}

TEST_P(StackShapes, ASignalHandlerWasCalledByWhatItInterrupted) {
  const Trace trace = trace_with_stacks({program(GetParam()), "signal"});
  const raw::Syscall* const call = shape_call(trace);
  ASSERT_NE(call, nullptr) << render_events(trace);
  const std::vector<std::string> names = functions(*call->stack);
  EXPECT_THAT(names, Contains("shape_inner"));
  EXPECT_THAT(names, Contains("on_signal"));
  EXPECT_THAT(names, Contains("shape_raises"));
  EXPECT_EQ(names.back(), "_start");
}

TEST(Stacks, SayHowTheKernelWasEntered) {
  ptrace::LaunchOptions options;
  const Trace trace = trace_with_stacks({program("stack_shapes"), "int80"});
  for (const auto& call : all_of<raw::Syscall>(trace)) {
    if (call.body->call.abi != raw::Abi::I386) {
      continue;
    }
    EXPECT_EQ(call.body->stack->entry, raw::Stack::Entry::Int80);
    EXPECT_EQ(functions(*call.body->stack).front(), "shape_int80");
    ASSERT_TRUE(call.body->site);
    EXPECT_EQ(call.body->site->registers[raw::Registers::kRax], 64U);
    return;
  }
  GTEST_SKIP() << "this kernel runs no int 0x80";
}

TEST(Stacks, OfAGarbledStackIsWhatIsCertain) {
  const Trace trace = trace_with_stacks({program("stack_shapes"), "garbage"});
  const raw::Syscall* const call = shape_call(trace);
  ASSERT_NE(call, nullptr) << render_events(trace);
  EXPECT_THAT(functions(*call->stack), ElementsAre("shape_garbage"));
}

TEST(Stacks, AreKeptOfTheChosenCallsOnly) {
  ptrace::LaunchOptions options;
  options.command = {program("namespace_steps")};
  options.stacks.stacks = true;
  options.stacks.calls.emplace().add({{"unshare"}});
  const Trace trace = trace_program(options);
  std::size_t kept = 0;
  for (const auto& call : all_of<raw::Syscall>(trace)) {
    EXPECT_EQ(call.body->stack.has_value(), name_of(*call.body) == "unshare");
    kept += call.body->stack ? 1U : 0U;
    EXPECT_FALSE(call.body->site);
  }
  EXPECT_GT(kept, 0U);
}

/// Shell quoting is not needed: all names here are ours.
std::string output_of(const std::string& command) {
  std::string text;
  FILE* const pipe = ::popen(command.c_str(), "r");
  std::array<char, 4096> buffer{};
  while (const std::size_t got = ::fread(buffer.data(), 1, buffer.size(), pipe)) {
    text.append(buffer.data(), got);
  }
  return ::pclose(pipe) == 0 ? text : "";
}

TEST(Stacks, AreRefusedInWordsWhereTheDisassemblerIsMissing) {
  const std::string hidden =
      "unshare --mount sh -c '"
      "for library in $(/sbin/ldconfig -p | sed -n \"s/.*libcapstone.*=> //p\"); do"
      " mount --bind /dev/null $library || exit 77; done; " BOXTRACE_BINARY_DIR
      "/tracer/cli/boxtrace {} true 2>&1; test $? = {}'";
  if (::geteuid() != 0) {
    GTEST_SKIP() << "hides a library by a mount, as root";
  }
  EXPECT_THAT(output_of(fmt::format(fmt::runtime(hidden), "-k", 125)),
              AllOf(HasSubstr("cannot read machine code: "), HasSubstr("libcapstone.so"),
                    HasSubstr("\nhint: install libcapstone")));
  EXPECT_THAT(output_of(fmt::format(fmt::runtime(hidden), "", 0)), HasSubstr("exits 0"));
}

constexpr const char* kGoProgram = R"(package main

import (
	"fmt"
	"os"
	"syscall"
)

type box struct{ depth int }

func small() { syscall.Syscall(syscall.SYS_GETPPID, 0, 0, 0) }

//go:noinline
func (b *box) descend() {
	if b.depth > 0 {
		b.depth--
		b.descend()
		return
	}
	func() {
		small()
	}()
	fmt.Fprint(os.Stdout, "")
}

func main() {
	done := make(chan bool)
	go func() {
		(&box{3}).descend()
		done <- true
	}()
	<-done
	(&box{1}).descend()
}
)";

// It asks for the time of a vdso that cannot read the clock, as that of an emulator, and of none.
constexpr const char* kGoClock = R"(package main

import (
	"time"
	_ "unsafe"
)

//go:linkname vdso runtime.vdsoClockgettimeSym
var vdso uintptr

func slowClock() uintptr

//go:noinline
func ask() { time.Now() }

func main() {
	vdso = slowClock()
	ask()
	done := make(chan bool)
	go func() {
		ask()
		done <- true
	}()
	<-done
	vdso = 0
	ask()
}
)";
constexpr const char* kSlowClock = R"(#include "textflag.h"

TEXT clock_gettime<>(SB), NOSPLIT, $0
	MOVL $228, AX
	SYSCALL
	RET

TEXT ·slowClock(SB), NOSPLIT, $0-8
	LEAQ clock_gettime<>(SB), AX
	MOVQ AX, ret+0(FP)
	RET
)";

/// A Go program, compiled with these flags into a folder that is removed with it.
class GoProgram {
 public:
  explicit GoProgram(const std::string& flags, const std::string& source = kGoProgram,
                     const std::string& assembly = "") {
    std::string name = (std::filesystem::temp_directory_path() / "go.XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    std::ofstream(folder_ + "/main.go") << source;
    if (!assembly.empty()) {
      std::ofstream(folder_ + "/assembly.s") << assembly;
    }
    built_ = std::system(fmt::format("cd {0} && HOME={0} GO111MODULE=off GOFLAGS= CGO_ENABLED=0 "
                                     "go build {1} -o program > log 2>&1",
                                     folder_, flags)
                             .c_str()) == 0;
  }
  ~GoProgram() { std::filesystem::remove_all(folder_); }
  GoProgram(const GoProgram&) = delete;
  GoProgram& operator=(const GoProgram&) = delete;
  GoProgram(GoProgram&&) = delete;
  GoProgram& operator=(GoProgram&&) = delete;
  [[nodiscard]] bool is_built() const { return built_; }
  [[nodiscard]] std::string path() const { return folder_ + "/program"; }

 private:
  std::string folder_;
  bool built_ = false;
};

void expect_go_stacks(const Trace& trace) {
  std::size_t seen = 0;
  for (const auto& call : calls_of(trace, "getppid")) {
    ASSERT_TRUE(call.body->stack);
    const auto names = functions(*call.body->stack);
    EXPECT_THAT(names, IsSupersetOf({"main.small", "main.(*box).descend", "runtime.goexit"}));
    EXPECT_THAT(names.back(), "runtime.goexit");
    EXPECT_EQ(call.body->stack->end, End::Bottom);
    ++seen;
  }
  EXPECT_EQ(seen, 2U);
}

TEST(GoStacks, AreWholeWithoutSymbolsAndInAnyPlace) {
  if (output_of("go version 2>&1").empty()) {
    GTEST_SKIP() << "Go is not installed";
  }
  for (const char* flags : {"", "-ldflags='-s -w'", "-buildmode=pie -ldflags='-s -w'"}) {
    SCOPED_TRACE(flags);
    const GoProgram go(flags);
    if (!go.is_built()) {
      GTEST_SKIP() << "this Go does not build with " << flags;
    }
    expect_go_stacks(trace_with_stacks({go.path()}));
  }
}

TEST(GoStacks, OfReadingTheClockGoOnWhereTheGoroutineIs) {
  const GoProgram go("", kGoClock, kSlowClock);
  if (!go.is_built()) {
    GTEST_SKIP() << "Go is not installed, or lets nobody at its vdso";
  }
  const Trace trace = trace_with_stacks({go.path()});
  std::size_t asked = 0;
  for (const auto& call : calls_of(trace, "clock_gettime")) {
    ASSERT_TRUE(call.body->stack);
    const auto names = functions(*call.body->stack);
    SCOPED_TRACE(fmt::format("{}", fmt::join(names, " < ")));
    EXPECT_EQ(call.body->stack->end, End::Bottom);
    for (const raw::Frame& frame : call.body->stack->frames) {
      EXPECT_FALSE(frame.guessed);
    }
    if (std::find(names.begin(), names.end(), "time.now") != names.end()) {
      ++asked;
      EXPECT_THAT(names, IsSupersetOf({"main.ask", "runtime.goexit"}));
    }
  }
  EXPECT_EQ(asked, 6U);  // each time for two clocks
}

TEST(GoStacks, NameWhatTheToolsOfGoName) {
  const GoProgram go("");
  if (!go.is_built()) {
    GTEST_SKIP() << "Go is not installed";
  }
  const Trace trace = trace_with_stacks({go.path()});
  std::string asked;
  std::string expected;
  for (const auto& call : all_of<raw::Syscall>(trace)) {
    if (!call.body->stack) {
      continue;
    }
    const std::vector<raw::Frame>& frames = call.body->stack->frames;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const bool is_innermost = i == 0 || !frames[i - 1].inlined;
      if (frames[i].kind != raw::Frame::Kind::Go || !is_innermost || frames[i].file.empty()) {
        continue;
      }
      // addr2line names the function that has the frame, and the innermost line in it.
      std::size_t outer = i;
      while (frames[outer].inlined) {
        ++outer;
      }
      asked += fmt::format("{:#x}\n", frames[i].offset - 1);
      expected +=
          fmt::format("{}\n{}:{}\n", frames[outer].function, frames[i].file, frames[i].line);
    }
  }
  ASSERT_FALSE(asked.empty());
  std::ofstream(go.path() + ".asked") << asked;
  std::string answer =
      output_of(fmt::format("HOME=/tmp go tool addr2line {0} < {0}.asked 2>&1", go.path()));
  // The symbol table marks assembly by a suffix that the run-time's own table leaves out.
  for (std::size_t at = 0; (at = answer.find(".abi0\n", at)) != std::string::npos;) {
    answer.erase(at, 5);
  }
  EXPECT_EQ(answer, expected);
}

/// A container of this runtime under the tracer, `true` in it; skips without a runtime or bundle.
class StacksOfRuntimes : public ::testing::Test {
 protected:
  void run(std::vector<std::string> command) {
    auto bundle = Bundle::make({"/bin/busybox", "true"});
    if (!bundle.ok()) {
      GTEST_SKIP() << "no bundle: " << bundle.error().what;
    }
    bundle_ = std::move(bundle).value();
    for (const std::string& word : {std::string("--root"), bundle_->state(), std::string("run"),
                                    std::string("-b"), bundle_->path(), std::string("stacks-1")}) {
      command.push_back(word);
    }
    trace_ = trace_with_stacks(std::move(command));
    if (!trace_.end.ok() || calls_of(trace_, "pivot_root").empty()) {
      GTEST_SKIP() << "this runtime makes no container here";
    }
  }
  /// Every stack ends where a program, a thread or a goroutine begins, and no frame is a guess.
  /// But for busybox, which has no frame information.
  void expect_whole_stacks() const {
    std::size_t seen = 0;
    for (const auto& call : all_of<raw::Syscall>(trace_)) {
      const std::optional<raw::Stack>& stack = call.body->stack;
      if (!stack || stack->frames[0].module.ends_with("busybox")) {
        continue;
      }
      ++seen;
      EXPECT_NE(stack->end, End::Lost)
          << name_of(*call.body) << ": " << fmt::format("{}", fmt::join(functions(*stack), " < "));
      // glibc ends the frame information of clone3() before the call that has two returns: without
      // its debugging symbols, the caller is a guess. Source: clone3.S, cfi_endproc.
      const bool ends_early = name_of(*call.body).starts_with("clone");
      for (const raw::Frame& frame : stack->frames) {
        EXPECT_FALSE(frame.guessed && !ends_early)
            << name_of(*call.body) << " in " << frame.function;
      }
    }
    EXPECT_GT(seen, 100U);
  }
  /// Of the first call of that name.
  [[nodiscard]] std::vector<std::string> callers_of(std::string_view name) const {
    for (const auto& call : calls_of(trace_, name)) {
      if (call.body->stack) {
        return functions(*call.body->stack);
      }
    }
    return {};
  }

  std::unique_ptr<Bundle> bundle_;
  Trace trace_;
};

TEST_F(StacksOfRuntimes, RuncIsGoAndItsFirstStagesAreC) {
  run({"runc"});
  if (IsSkipped()) {
    return;
  }
  expect_whole_stacks();
  EXPECT_THAT(callers_of("pivot_root"),
              AllOf(Contains(HasSubstr("libcontainer.pivotRoot")), Contains("runtime.goexit")));
  EXPECT_THAT(callers_of("unshare"), AllOf(Contains("nsexec"), Contains("_start")));
}

TEST_F(StacksOfRuntimes, CrunIsStrippedAndRunsFromACopy) {
  // It refuses a hierarchy that is half v1, half v2.
  run({"unshare", "-m", "--propagation", "private", "sh", "-c",
       "umount /sys/fs/cgroup/unified 2>&- || mount -t tmpfs none /sys/fs/cgroup/unified 2>&-; "
       "exec crun \"$@\"",
       "sh"});
  if (IsSkipped()) {
    return;
  }
  expect_whole_stacks();
  // clone3 where the container is born into its cgroup, clone where the hierarchies are of v1.
  const bool has_clone3 = !calls_of(trace_, "clone3").empty();
  for (const char* name : {has_clone3 ? "clone3" : "clone", "pivot_root"}) {
    const std::vector<std::string> callers = callers_of(name);
    EXPECT_GE(callers.size(), 9U) << name;
    EXPECT_THAT(callers, AllOf(Contains("main"), Contains("_start")));
  }
}

TEST_F(StacksOfRuntimes, BoxrunIsWhole) {
  const std::string boxrun = std::string(BOXTRACE_BINARY_DIR) + "/runtime/boxrun";
  if (!std::filesystem::exists(boxrun)) {
    GTEST_SKIP() << "boxrun is not built";
  }
  run({boxrun});
  if (IsSkipped()) {
    return;
  }
  expect_whole_stacks();
  EXPECT_THAT(callers_of("pivot_root"), Contains("_start"));
}

}  // namespace
}  // namespace boxtrace::test
