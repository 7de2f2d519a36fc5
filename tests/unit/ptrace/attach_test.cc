// Attaching and following lightly, on a /proc made of files and with scripted stops.

#include "tracer/ptrace/attach.h"

#include <elf.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "decoders/call_set.h"
#include "decoders/registry.h"
#include "tests/unit/ptrace/fake_kernel.h"
#include "tracer/os/file.h"
#include "tracer/ptrace/attach_refusal.h"
#include "tracer/ptrace/call_in_progress.h"
#include "tracer/ptrace/return_stops.h"
#include "tracer/ptrace/tracer.h"

namespace boxtrace::ptrace {
namespace {

namespace fs = std::filesystem;
using test::FakeKernel;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr base::HostPid kProcess{300};

class AttachTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "boxtrace-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    proc_ = pattern;
    fs::create_symlink(std::to_string(::getpid()), proc_ + "/self");
    thread(300, "State:\tS (sleeping)\nTgid:\t300\nPPid:\t1\nTracerPid:\t0\nUid:\t0\t0\t0\t0\n");
  }
  void TearDown() override { fs::remove_all(proc_); }

  void thread(int tid, const std::string& status) {
    fs::create_directories(proc_ + fmt::format("/300/task/{}", tid));
    write(tid, "status", status);
  }
  void write(int tid, const std::string& file, const std::string& text) {
    fs::create_directories(proc_ + fmt::format("/{}", tid));
    ASSERT_TRUE(os::write_file(proc_ + fmt::format("/{}/{}", tid, file), text).ok());
  }
  base::Result<SeizedProcess> seize(base::HostPid pid = kProcess) {
    const Observer observer = Observer::open(proc_).value();
    return seize_process(kernel_, observer, pid);
  }

  std::string proc_;
  FakeKernel kernel_;
};

TEST_F(AttachTest, EndedAndDyingThreadsAreLeftOut) {
  thread(301, "State:\tS (sleeping)\nTgid:\t300\nTracerPid:\t0\n");
  thread(302, "State:\tZ (zombie)\nTgid:\t300\nTracerPid:\t0\n");
  fs::create_directories(proc_ + "/300/task/303");  // gone before its status was read
  kernel_.seize_errors[302] = {EPERM};
  kernel_.seize_errors[303] = {ESRCH};
  const auto seized = seize();
  ASSERT_TRUE(seized.ok());
  EXPECT_THAT(seized.value().threads, ElementsAre(base::HostTid{300}, base::HostTid{301}));
}

TEST_F(AttachTest, ThreadThatWasBornOursIsLeftToItsCreator) {
  thread(301, fmt::format("State:\tt (tracing stop)\nTgid:\t300\nTracerPid:\t{}\n", ::gettid()));
  kernel_.seize_errors[301] = {EPERM};
  const auto seized = seize();
  ASSERT_TRUE(seized.ok());
  EXPECT_THAT(seized.value().threads, ElementsAre(base::HostTid{300}));
}

TEST_F(AttachTest, RefusalThatPassesIsTriedAgain) {
  kernel_.seize_errors[300] = {EPERM, 0};
  EXPECT_TRUE(seize().ok());
}

TEST_F(AttachTest, AThreadsNumberMeansItsProcess) {
  thread(301, "State:\tS (sleeping)\nTgid:\t300\nTracerPid:\t0\n");
  const auto seized = seize(base::HostPid{301});
  ASSERT_TRUE(seized.ok());
  EXPECT_EQ(seized.value().pid, kProcess);
}

TEST_F(AttachTest, OtherTracerIsNamed) {
  thread(300, "State:\tS (sleeping)\nTgid:\t300\nPPid:\t1\nTracerPid:\t77\n");
  write(300, "comm", "sleep\n");
  write(77, "comm", "strace\n");
  kernel_.seize_errors[300] = {EPERM, EPERM, EPERM};
  EXPECT_EQ(seize().error().what,
            "cannot attach to sleep (300): it is traced already, by strace (77)");
}

TEST_F(AttachTest, KernelThreadIsCalledOne) {
  thread(300, "State:\tS (sleeping)\nTgid:\t300\nPPid:\t2\nTracerPid:\t0\n");
  kernel_.seize_errors[300] = {EPERM, EPERM, EPERM};
  EXPECT_THAT(seize().error().what, HasSubstr("it is a kernel thread"));
}

TEST_F(AttachTest, MissingRightsAreToldApart) {
  const int self = ::getpid();
  const auto refused = [&](const std::string& own, const std::string& target) {
    thread(300, "State:\tS (sleeping)\nTgid:\t300\nPPid:\t1\nTracerPid:\t0\n" + target);
    write(self, "status", "PPid:\t1\nTracerPid:\t0\n" + own);
    kernel_.seize_errors[300] = {EPERM, EPERM, EPERM};
    return seize().error().what;
  };
  constexpr const char* kNone = "CapEff:\t0000000000000000\n";
  EXPECT_THAT(refused(std::string{"Uid:\t1000\t1000\t1000\t1000\n"} + kNone, "Uid:\t0\t0\t0\t0\n"),
              HasSubstr("it belongs to uid 0, and boxtrace runs as uid 1000"));
  EXPECT_THAT(refused(std::string{"Uid:\t0\t0\t0\t0\n"} + kNone,
                      "Uid:\t0\t0\t0\t0\nCapPrm:\t0000000000000001\n"),
              HasSubstr("capabilities that boxtrace lacks"));
  EXPECT_THAT(refused("Uid:\t0\t0\t0\t0\nCapEff:\t0000000000080000\n", "Uid:\t0\t0\t0\t0\n"),
              HasSubstr("user namespace that boxtrace has no rights in"));
}

TEST_F(AttachTest, LoopsAreRefusedBeforeAnythingIsSeized) {
  const int self = ::getpid();
  write(self, "status", "PPid:\t300\nTracerPid:\t0\n");
  EXPECT_THAT(seize().error().what, HasSubstr("it has started boxtrace"));
  write(self, "status", "PPid:\t1\nTracerPid:\t300\n");
  EXPECT_THAT(seize().error().what, HasSubstr("it traces boxtrace"));
  EXPECT_THAT(kernel_.asked, ElementsAre());
}

TEST(CallInProgress, IsReadFromProc) {
  const auto call = parse_call("56 0x1200011 0x0 0x0 0x7f00 0x0 0x0 0x7ffe 0x7fab\n", test::kX86);
  ASSERT_TRUE(call);
  EXPECT_EQ(call->nr, 56U);
  EXPECT_EQ(call->args[0], 0x1200011U);
  EXPECT_EQ(call->instruction_pointer, 0x7fabU);
  EXPECT_FALSE(parse_call("running\n", test::kX86));
  EXPECT_FALSE(parse_call("-1 0x7ffe 0x7fab\n", test::kX86));
}

/// A daemon that is followed lightly, with two threads.
class LightTest : public AttachTest {
 protected:
  void SetUp() override {
    AttachTest::SetUp();
    observer_.emplace(Observer::open(proc_).value());
    emitter_.emplace(kernel_, log_);
    Following following;
    following.light = Following::Light::Always;
    tracer_.emplace(kernel_, *observer_, *emitter_, decoders::Options{}, following);
    tracer_->adopt_process({kProcess, {base::HostTid{300}, base::HostTid{301}}});
  }
  bool play() {
    for (;;) {
      Report report = next_report(kernel_, false);
      if (std::holds_alternative<NotYet>(report)) {
        return false;
      }
      if (!tracer_->step(std::move(report))) {
        return true;
      }
    }
  }
  /// The births that were reported: tid and creator.
  std::vector<std::string> births() {
    std::vector<std::string> lines;
    for (const raw::Event& event : log_.events) {
      if (const auto* started = std::get_if<raw::TaskStarted>(&event.body)) {
        lines.push_back(
            fmt::format("{}{}", started->tid.value,
                        started->creator ? fmt::format(" of T{}", started->creator->value) : ""));
      }
    }
    return lines;
  }

  class Log final : public raw::EventSink {
   public:
    void on_event(const raw::Event& event) override { events.push_back(event); }
    std::vector<raw::Event> events;
  };
  Log log_;
  std::optional<Observer> observer_;
  std::optional<Emitter> emitter_;
  std::optional<Tracer> tracer_;
};

TEST_F(LightTest, IsNeverAskedToStop) {
  EXPECT_THAT(kernel_.asked, ElementsAre());
  tracer_->let_go();
  EXPECT_THAT(kernel_.asked, ElementsAre());
}

TEST_F(LightTest, ThreadsRunFreeAndProcessesStopAtCalls) {
  // The flags of the clone come from /proc/TID/syscall.
  write(300, "syscall",
        fmt::format("56 {:#x} 0 0 0 0 0 0x1 0x2\n", CLONE_VM | CLONE_SIGHAND | CLONE_THREAD));
  write(301, "syscall", fmt::format("56 {:#x} 0 0 0 0 0 0x1 0x2\n", 17));
  SyscallInfo in_call;
  in_call.arch = test::kX86;
  kernel_.reports_child_in(300, 302, in_call).traps(302).reports_child_in(301, 303, in_call);
  kernel_.traps(303);
  play();
  EXPECT_THAT(kernel_.asked,
              ElementsAre("300: continue", "302: continue", "301: continue", "303: resume"));
  EXPECT_THAT(births(), ElementsAre("300", "301", "302 of T1", "303 of T2"));
}

TEST_F(LightTest, ChildsStopWaitsForItsCreatorsReportThoughNoCallIsSeen) {
  SyscallInfo in_call;
  in_call.arch = test::kX86;
  write(300, "syscall", "57 0 0 0 0 0 0 0x1 0x2\n");
  kernel_.traps(305);
  play();
  EXPECT_THAT(births(), ElementsAre("300", "301"));
  kernel_.reports_child_in(300, 305, in_call);
  play();
  EXPECT_THAT(births(), ElementsAre("300", "301", "305 of T1"));
}

TEST_F(LightTest, UnclaimedChildIsFoundInTheEnd) {
  kernel_.traps(305);
  play();
  kernel_.pass(600'000'000);
  kernel_.gets_signal(300, SIGCHLD);
  play();
  EXPECT_THAT(births(), ElementsAre("300", "301", "305"));
  EXPECT_THAT(kernel_.asked, ElementsAre("300: continue with 17", "305: resume"));
}

// Its creator was killed before it could report, with the rest of their process.
TEST_F(LightTest, ThreadOfAProcessThatEndsIsNotKeptWaiting) {
  write(305, "status", "Tgid:\t304\n");
  kernel_.is_about_to_end(305, killed_status(SIGKILL));
  play();
  kernel_.pass(6'000'000);
  kernel_.gets_signal(300, SIGCHLD);
  play();
  EXPECT_THAT(kernel_.asked, ElementsAre("300: continue with 17", "305: resume"));
}

/// Returns of calls as a test has them happen.
class FakeReturnStops final : public ReturnStops {
 public:
  bool begin(base::HostTid tid, Calls calls, Now now) override {
    log.push_back(fmt::format("{}: {}{}", tid.value, calls == Calls::Light ? "light" : "chosen",
                              now.is_blocked ? ", blocked" : ""));
    return has_room;
  }
  void end(base::HostTid tid) override { log.push_back(fmt::format("{}: end", tid.value)); }
  std::optional<ReturnedCall> take(base::HostTid /*tid*/) override {
    return std::exchange(returned, std::nullopt);
  }
  std::uint64_t take_unseen(base::HostTid /*tid*/) override { return std::exchange(unseen, 0); }
  std::uint64_t births(base::HostTid /*tid*/) override { return 0; }
  std::vector<PassedCall> take_passed() override { return std::exchange(passed, {}); }
  void set_unobserved(base::HostTid /*tid*/, std::optional<std::uint64_t> number) override {
    unobserved = number;
  }

  void returns(std::string_view name, std::int64_t result) {
    returned.emplace();
    returned->call.abi = raw::Abi::X86_64;
    returned->call.nr = static_cast<std::uint64_t>(
        decoders::number_in(*decoders::find_syscalls(name).front(), raw::Abi::X86_64));
    returned->result = result;
  }

  bool has_room = true;
  std::optional<ReturnedCall> returned;
  std::uint64_t unseen = 0;
  std::vector<PassedCall> passed;
  std::optional<std::uint64_t> unobserved;
  std::vector<std::string> log;
};

/// The same daemon, built by Go, where calls can be told by eBPF, and its child 303.
class ReturnsTest : public LightTest {
 protected:
  void SetUp() override {
    AttachTest::SetUp();
    for (const int tid : {300, 301, 303}) {
      write(tid, "exe", go_program());
      write(tid, "status", "State:\tS (sleeping)\nSeccomp:\t0\nSigBlk:\t0000000000000000\n");
    }
    observer_.emplace(Observer::open(proc_).value());
    emitter_.emplace(kernel_, log_);
    Following following;
    following.light = Following::Light::Always;
    tracer_.emplace(kernel_, *observer_, *emitter_, decoders::Options{}, following);
    decoders::CallSet chosen;
    chosen.add(decoders::CallChoice{"sethostname"});
    chosen.add(decoders::CallChoice{"seccomp"});
    tracer_->choose_calls(chosen);
    tracer_->stop_at_returns(returns_);
    tracer_->adopt_process({kProcess, {base::HostTid{300}, base::HostTid{301}}});
    write(301, "syscall", fmt::format("56 {:#x} 0 0 0 0 0 0x1 0x2\n", 17));
    SyscallInfo in_call;
    in_call.arch = test::kX86;
    kernel_.reports_child_in(301, 303, in_call).traps(303);
    play();
    kernel_.asked.clear();
    first_observations_ = observations();
  }
  /// The first page of a program: an ELF header, a segment with all of it, the note of Go's linker.
  static std::string go_program() {
    std::string page(4096, '\0');
    const auto put = [&page](std::size_t at, const auto& value) {
      std::memcpy(page.data() + at, &value, sizeof(value));
    };
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_phoff = sizeof(header);
    header.e_ehsize = sizeof(header);
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 2;
    put(0, header);
    Elf64_Phdr segment{};
    segment.p_type = PT_LOAD;
    segment.p_flags = PF_R | PF_X;
    segment.p_filesz = segment.p_memsz = page.size();
    put(header.e_phoff, segment);
    Elf64_Phdr note{};
    note.p_type = PT_NOTE;
    note.p_offset = note.p_vaddr = 1024;
    note.p_filesz = note.p_memsz = 20;
    put(header.e_phoff + sizeof(segment), note);
    put(1024, Elf64_Nhdr{4, 4, 4});
    std::memcpy(page.data() + 1024 + sizeof(Elf64_Nhdr), "Go\0\0test", 8);
    return page;
  }
  std::vector<std::string> events() {
    std::vector<std::string> lines;
    for (const raw::Event& event : log_.events) {
      if (const auto* call = std::get_if<raw::Syscall>(&event.body)) {
        lines.push_back(fmt::format("call {} {}", call->call.nr, call->outcome.value));
      } else if (const auto* signal = std::get_if<raw::Signal>(&event.body)) {
        lines.push_back(fmt::format("signal {}", signal->signo));
      }
    }
    return lines;
  }

  std::size_t observations() {
    return static_cast<std::size_t>(std::count_if(log_.events.begin(), log_.events.end(),
                                                  [](const raw::Event& event) {
                                                    return std::holds_alternative<raw::Observation>(
                                                        event.body);
                                                  })) -
           first_observations_;
  }

  FakeReturnStops returns_;
  std::size_t first_observations_ = 0;  ///< those of SetUp()
};

TEST_F(ReturnsTest, ThreadsOfTheDaemonStopForFewCallsAndItsChildrenForTheChosen) {
  EXPECT_THAT(returns_.log, ElementsAre("300: light", "301: light", "303: chosen"));
}

TEST_F(ReturnsTest, TheSignalIsTakenAwayAndTheCallReported) {
  returns_.returns("sethostname", -EPERM);
  kernel_.gets_signal(303, SIGWINCH, SI_KERNEL);
  play();
  EXPECT_THAT(kernel_.asked, ElementsAre("303: continue"));
  EXPECT_THAT(events(), ElementsAre("call 170 1"));
  // The terminal's is another one.
  kernel_.gets_signal(303, SIGWINCH, SI_KERNEL);
  play();
  EXPECT_THAT(kernel_.asked, ElementsAre("303: continue", "303: continue with 28"));
}

TEST_F(ReturnsTest, AnotherSignalMayComeFirst) {
  returns_.returns("sethostname", 0);
  kernel_.gets_signal(303, SIGTERM).gets_signal(303, SIGWINCH, SI_KERNEL);
  play();
  EXPECT_THAT(kernel_.asked, ElementsAre("303: continue with 15", "303: continue"));
  EXPECT_THAT(events(), ElementsAre("call 170 0", "signal 15"));
}

TEST_F(ReturnsTest, OneThatIsSentByAProcessIsPassedOn) {
  returns_.returns("sethostname", 0);
  kernel_.gets_signal(303, SIGWINCH, SI_TKILL);
  play();
  EXPECT_THAT(kernel_.asked, ElementsAre("303: continue with 28"));
}

TEST_F(ReturnsTest, AFilterOfItsOwnNeedsNoMoreStops) {
  returns_.returns("seccomp", 0);
  returns_.returned->call.args = {1, 0, 0};
  kernel_.gets_signal(303, SIGWINCH, SI_KERNEL);
  play();
  returns_.returns("getppid", -EPERM);  // which it denies
  kernel_.gets_signal(303, SIGWINCH, SI_KERNEL);
  play();
  EXPECT_EQ(returns_.log.back(), "303: chosen");
  EXPECT_THAT(kernel_.asked, ElementsAre("303: continue", "303: continue"));
  EXPECT_THAT(events(), ElementsAre("call 317 0", "call 110 1"));
}

TEST_F(ReturnsTest, ButAProgramThatIsNotOfGoIsThenTracedCallByCall) {
  returns_.returns("seccomp", 0);
  returns_.returned->call.args = {1, 0, 0};
  kernel_.gets_signal(303, SIGWINCH, SI_KERNEL);
  play();
  write(303, "exe", "#!/bin/sh\n");
  kernel_.execs(303, 303).enters(303, SYS_getppid).returns(303, -EPERM);
  play();
  EXPECT_EQ(returns_.log.back(), "303: end");
  EXPECT_THAT(kernel_.asked,
              ElementsAre("303: continue", "303: resume", "303: resume", "303: resume"));
  EXPECT_THAT(events(), ElementsAre("call 317 0", "call 110 1"));
}

TEST_F(ReturnsTest, WhatItsFilterKillsItForDoesNotReturn) {
  returns_.returns("getppid", 110);
  kernel_.is_about_to_end(303, killed_status(SIGSYS));
  play();
  const auto* const call = std::get_if<raw::Syscall>(&log_.events.back().body);
  ASSERT_NE(call, nullptr);
  EXPECT_EQ(call->outcome.kind, raw::Outcome::Kind::NoReturn);
}

TEST_F(ReturnsTest, CallsThatPassComeBeforeTheNextStop) {
  returns_.returns("mkdir", -EEXIST);
  PassedCall passed;
  passed.tid.value = 303;
  passed.returned = *std::exchange(returns_.returned, std::nullopt);
  passed.returned.call.args = {0x1000};
  const auto path = std::as_bytes(std::span{"/some/where"});
  passed.memory.pieces.push_back({base::Addr{0x1000}, {path.begin(), path.end()}, std::nullopt});
  returns_.passed = {passed};
  kernel_.gets_signal(303, SIGTERM);
  play();
  EXPECT_THAT(events(), ElementsAre("call 83 17", "signal 15"));
  EXPECT_THAT(kernel_.asked, ElementsAre("303: continue with 15"));
  const auto& call = std::get<raw::Syscall>(log_.events[log_.events.size() - 2].body);
  EXPECT_EQ(call.in, passed.memory);
}

// The state after a run of drops is told once; after a call that changes more, it is no longer
// theirs.
TEST_F(ReturnsTest, WhatIsUnobservedHoldsUpOtherCalls) {
  const auto returns = [&](const char* name, const std::array<std::uint64_t, 6>& args) {
    returns_.returns(name, 0);
    returns_.returned->call.args = args;
    kernel_.gets_signal(303, SIGWINCH, SI_KERNEL);
    play();
  };
  returns("prctl", {PR_CAPBSET_DROP, 5});
  EXPECT_EQ(returns_.unobserved, SYS_prctl);
  EXPECT_EQ(observations(), 0U);
  returns("prctl", {PR_CAPBSET_DROP, 6});
  EXPECT_EQ(observations(), 0U);
  returns("capset", {});
  EXPECT_EQ(observations(), 0U);
  EXPECT_EQ(returns_.unobserved, SYS_capset);
  returns("sethostname", {});
  EXPECT_EQ(observations(), 1U);
  EXPECT_EQ(returns_.unobserved, std::nullopt);
}

TEST_F(ReturnsTest, NobodyIsLetGoOfBeforeTheSignalIsTakenAway) {
  tracer_->let_go();
  returns_.returns("sethostname", 0);
  kernel_.traps(303).gets_signal(303, SIGWINCH, SI_KERNEL);
  play();
  EXPECT_THAT(kernel_.asked, ElementsAre("303: interrupt", "303: continue", "303: detach"));
  EXPECT_THAT(events(), ElementsAre("call 170 0"));
}

TEST_F(ReturnsTest, WhatCouldNotBeToldIsAGap) {
  returns_.unseen = 2;
  kernel_.gets_signal(303, SIGTERM);
  play();
  const auto* const gap = std::get_if<raw::Gap>(&log_.events[log_.events.size() - 2].body);
  ASSERT_NE(gap, nullptr);
  EXPECT_THAT(gap->reason, HasSubstr("2 calls that returned while"));
}

}  // namespace
}  // namespace boxtrace::ptrace
