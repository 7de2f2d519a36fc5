// Attaching and following lightly, on a /proc made of files and with scripted stops.

#include "tracer/ptrace/attach.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/unit/ptrace/fake_kernel.h"
#include "tracer/os/file.h"
#include "tracer/ptrace/attach_refusal.h"
#include "tracer/ptrace/call_in_progress.h"
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

}  // namespace
}  // namespace boxtrace::ptrace
