// The engine's bookkeeping, on scripted stops in orders that a live kernel produces rarely.

#include "tracer/ptrace/tracer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "decoders/registry.h"
#include "tests/unit/ptrace/fake_kernel.h"
#include "tracer/ptrace/keeper.h"

namespace boxtrace::ptrace {
namespace {

using test::FakeKernel;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

constexpr int kCommand = 100;
constexpr std::uint64_t kThreadFlags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;

/// Each event as a short line: `T1 started`, `T2 ended code 0`, `T1 getpid = 5`.
std::string summary(const raw::Event& event) {
  const std::string task = fmt::format("T{} ", event.task.value);
  if (const auto* started = std::get_if<raw::TaskStarted>(&event.body)) {
    const char* cause = started->cause == raw::TaskStarted::Cause::Launched ? "launched"
                        : started->cause == raw::TaskStarted::Cause::Found  ? "found"
                                                                            : "born";
    return task + cause + (started->creator ? fmt::format(" of T{}", started->creator->value) : "");
  }
  if (const auto* exited = std::get_if<raw::TaskExited>(&event.body)) {
    switch (exited->cause) {
      case raw::TaskExited::Cause::Code:
        return task + fmt::format("ended code {}", exited->value);
      case raw::TaskExited::Cause::Signal:
        return task + fmt::format("ended signal {}", exited->value);
      case raw::TaskExited::Cause::Superseded:
        return task + "superseded";
      case raw::TaskExited::Cause::Detached:
        return task + "detached";
    }
  }
  if (const auto* call = std::get_if<raw::Syscall>(&event.body)) {
    const auto* spec = decoders::find_syscall(call->call.abi, call->call.nr);
    const std::string name{spec != nullptr ? spec->name : "?"};
    switch (call->outcome.kind) {
      case raw::Outcome::Kind::NoReturn:
        return task + name + " never returns";
      case raw::Outcome::Kind::Unknown:
        return task + name + " unknown";
      default:
        return task + fmt::format("{} = {}", name, call->outcome.value);
    }
  }
  if (const auto* signal = std::get_if<raw::Signal>(&event.body)) {
    return task + fmt::format("{} {}", signal->stopped ? "stopped by" : "signal", signal->signo);
  }
  if (std::holds_alternative<raw::TaskExeced>(event.body)) {
    return task + "execed";
  }
  if (std::holds_alternative<raw::Gap>(event.body)) {
    return task + "gap";
  }
  return task + "observed";
}

class Log final : public raw::EventSink {
 public:
  void on_event(const raw::Event& event) override {
    if (!std::holds_alternative<raw::Observation>(event.body)) {
      lines.push_back(summary(event));
    }
  }
  std::vector<std::string> lines;
};

/// A tracer whose command, tid 100, has execed. /proc is an empty directory: nothing is observed.
class TracerTest : public testing::Test {
 protected:
  explicit TracerTest(bool filtered = false) : filtered_(filtered) {}
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "boxtrace-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    proc_ = pattern;
    auto observer = Observer::open(proc_);
    ASSERT_TRUE(observer.ok());
    observer_.emplace(std::move(observer).value());
    emitter_.emplace(kernel_, log_);
    tracer_.emplace(kernel_, *observer_, *emitter_, decoders::Options{});
    tracer_->adopt_command(base::HostTid{kCommand}, filtered_);
    kernel_.traps(kCommand);
    static_cast<void>(filtered_ ? kernel_.filter_stops(kCommand, SYS_execve)
                                : kernel_.enters(kCommand, SYS_execve));
    kernel_.execs(kCommand, kCommand).returns(kCommand, 0);
    play();
    log_.lines.clear();
    kernel_.asked.clear();
  }
  void TearDown() override { std::filesystem::remove_all(proc_); }

  /// Feeds the script to the tracer; true when it says that there is nothing left to trace.
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

  bool filtered_;
  std::string proc_;
  FakeKernel kernel_;
  Log log_;
  std::optional<Observer> observer_;
  std::optional<Emitter> emitter_;
  std::optional<Tracer> tracer_;
};

TEST_F(TracerTest, ChildsStopWaitsForItsCreatorsReport) {
  kernel_.enters(kCommand, SYS_fork).traps(101);
  play();
  EXPECT_THAT(kernel_.asked, ElementsAre("100: resume"));  // the child is kept
  EXPECT_THAT(log_.lines, IsEmpty());
  kernel_.reports_child(kCommand, 101).returns(kCommand, 101);
  play();
  EXPECT_THAT(log_.lines, ElementsAre("T2 born of T1", "T1 fork = 101"));
  EXPECT_THAT(kernel_.asked,
              ElementsAre("100: resume", "100: resume", "101: resume", "100: resume"));
}

TEST_F(TracerTest, ChildThatDiesBeforeItsCreatorsReportIsNotLost) {
  kernel_.enters(kCommand, SYS_fork)
      .traps(101)
      .ends(101, killed_status(SIGKILL))
      .reports_child(kCommand, 101);
  play();
  EXPECT_THAT(log_.lines, ElementsAre("T2 born of T1", "T2 ended signal 9"));
}

TEST_F(TracerTest, ChildOfACreatorThatWasKilledIsFound) {
  kernel_.enters(kCommand, SYS_fork).traps(101).ends(kCommand, killed_status(SIGKILL));
  EXPECT_FALSE(play());
  EXPECT_THAT(log_.lines, ElementsAre("T1 fork never returns", "T1 ended signal 9", "T2 found"));
  EXPECT_THAT(kernel_.asked, Contains("101: resume"));
}

TEST_F(TracerTest, ChildThatIsKilledInTheStopThatWaitsForItsCreatorIsNotLost) {
  kernel_.enters(kCommand, SYS_fork)
      .traps(101)
      .is_about_to_end(101, killed_status(SIGKILL))
      .reports_child(kCommand, 101)
      .ends(101, killed_status(SIGKILL));
  play();
  EXPECT_THAT(log_.lines, ElementsAre("T2 born of T1", "T2 ended signal 9"));
}

TEST_F(TracerTest, WaitsForAChildThatMayHaveBeenMadeByAKilledTask) {
  kernel_.enters(kCommand, SYS_fork).ends(kCommand, killed_status(SIGKILL));
  EXPECT_FALSE(play()) << "the table is empty, yet a child may still report";
  kernel_.traps(101).enters(101, SYS_exit_group).ends(101, exited_status(0));
  play();
  EXPECT_THAT(log_.lines, Contains("T2 found"));
  EXPECT_THAT(log_.lines, Contains("T2 ended code 0"));
}

TEST_F(TracerTest, EndOfAStrangersChildIsIgnored) {
  kernel_.ends(55, exited_status(1)).enters(kCommand, SYS_getpid).returns(kCommand, 5);
  play();
  EXPECT_THAT(log_.lines, ElementsAre("T1 getpid = 5"));
}

TEST_F(TracerTest, AReusedTidIsANewTask) {
  kernel_.enters(kCommand, SYS_fork)
      .reports_child(kCommand, 101)
      .returns(kCommand, 101)
      .traps(101)
      .ends(101, exited_status(0))
      .enters(kCommand, SYS_fork)
      .reports_child(kCommand, 101)
      .returns(kCommand, 101)
      .traps(101)
      .ends(101, exited_status(1));
  play();
  EXPECT_THAT(log_.lines, ElementsAre("T2 born of T1", "T1 fork = 101", "T2 ended code 0",
                                      "T3 born of T1", "T1 fork = 101", "T3 ended code 1"));
}

TEST_F(TracerTest, ExecByAThreadEndsTheOthersAndRenumbersIt) {
  for (int tid : {101, 102}) {
    kernel_.enters(kCommand, SYS_clone, {kThreadFlags})
        .reports_child(kCommand, tid)
        .returns(kCommand, tid)
        .traps(tid);
  }
  play();
  log_.lines.clear();
  kernel_.enters(kCommand, SYS_pause)
      .enters(102, SYS_execve)
      .is_about_to_end(101, exited_status(0))
      .ends(101, exited_status(0))
      .execs(kCommand, 102)
      .returns(kCommand, 0)
      .enters(kCommand, SYS_exit_group)
      .is_about_to_end(kCommand, exited_status(3))
      .ends(kCommand, exited_status(3));
  EXPECT_TRUE(play());
  EXPECT_THAT(log_.lines,
              ElementsAre("T2 superseded", "T1 pause never returns", "T1 superseded", "T3 execed",
                          "T3 execve = 0", "T3 exit_group never returns", "T3 ended code 3"));
  EXPECT_EQ(tracer_->command_end().code, 3);
}

TEST_F(TracerTest, ThreadThatExitsWhileAnotherExecsEndedByItself) {
  kernel_.enters(kCommand, SYS_clone, {kThreadFlags})
      .reports_child(kCommand, 101)
      .returns(kCommand, 101)
      .traps(101)
      .enters(101, SYS_exit)
      .is_about_to_end(101, exited_status(0))
      .enters(kCommand, SYS_execve)
      .ends(101, exited_status(0));
  play();
  EXPECT_EQ(log_.lines.back(), "T2 ended code 0");
}

TEST_F(TracerTest, TaskKilledBetweenReportAndQuestionIsLeftToItsEnd) {
  kernel_.kill_silently(kCommand)
      .enters(kCommand, SYS_getpid)
      .ends(kCommand, killed_status(SIGKILL));
  EXPECT_TRUE(play());
  EXPECT_THAT(kernel_.asked, IsEmpty());
  EXPECT_THAT(log_.lines, ElementsAre("T1 ended signal 9"));
}

TEST_F(TracerTest, CallInFlightAtDeathDidNotReturn) {
  kernel_.enters(kCommand, SYS_pause).ends(kCommand, killed_status(SIGKILL));
  EXPECT_TRUE(play());
  EXPECT_THAT(log_.lines, ElementsAre("T1 pause never returns", "T1 ended signal 9"));
}

TEST_F(TracerTest, EntryAfterEntryKeepsBothCalls) {
  kernel_.enters(kCommand, SYS_getpid).enters(kCommand, SYS_getuid).returns(kCommand, 0);
  play();
  EXPECT_THAT(log_.lines, ElementsAre("T1 getpid unknown", "T1 getuid = 0"));
}

TEST_F(TracerTest, ReturnWithoutAnEntryIsNotInvented) {
  kernel_.returns(kCommand, 7);
  play();
  EXPECT_THAT(log_.lines, IsEmpty());
  EXPECT_THAT(kernel_.asked, ElementsAre("100: resume"));
}

TEST_F(TracerTest, SignalIsDeliveredOnceAndOnlyFromItsOwnStop) {
  kernel_.gets_signal(kCommand, SIGUSR1).enters(kCommand, SYS_getpid).returns(kCommand, 1);
  play();
  EXPECT_THAT(kernel_.asked, ElementsAre("100: resume with 10", "100: resume", "100: resume"));
  EXPECT_THAT(log_.lines, ElementsAre("T1 signal 10", "T1 getpid = 1"));
}

TEST_F(TracerTest, GroupStopIsListenedToAndItsEndResumed) {
  kernel_.gets_signal(kCommand, SIGSTOP)
      .group_stops(kCommand, SIGSTOP)
      .traps(kCommand)
      .gets_signal(kCommand, SIGCONT);
  play();
  EXPECT_THAT(kernel_.asked, ElementsAre("100: resume with 19", "100: listen", "100: resume",
                                         "100: resume with 18"));
}

TEST_F(TracerTest, ChildMadeUntracedIsAGap) {
  kernel_.enters(kCommand, SYS_clone, {CLONE_UNTRACED | SIGCHLD}).returns(kCommand, 101);
  play();
  EXPECT_THAT(log_.lines, ElementsAre("T1 gap", "T1 clone = 101"));
}

TEST_F(TracerTest, SignalsToUsGoToTheCommand) {
  tracer_->on_signals({{SIGTERM, 1, false}});
  EXPECT_THAT(kernel_.asked, ElementsAre("100: kill 15"));
}

TEST_F(TracerTest, SignalsOfTheTerminalAndOfTraceesAreNotPassedOn) {
  tracer_->on_signals({{SIGINT, 0, true}, {SIGTERM, kCommand, false}});
  EXPECT_THAT(kernel_.asked, IsEmpty());
}

TEST_F(TracerTest, WithoutTheCommandASignalMakesUsLetGoOfTheRest) {
  kernel_.enters(kCommand, SYS_fork)
      .reports_child(kCommand, 101)
      .returns(kCommand, 101)
      .traps(101)
      .ends(kCommand, exited_status(0));
  play();
  kernel_.asked.clear();
  log_.lines.clear();
  tracer_->on_signals({{SIGTERM, 1, false}});
  EXPECT_THAT(kernel_.asked, ElementsAre("101: interrupt"));
  kernel_.gets_signal(101, SIGUSR2);
  EXPECT_TRUE(play());
  EXPECT_THAT(kernel_.asked, ElementsAre("101: interrupt", "101: detach with 12"));
  EXPECT_THAT(log_.lines, ElementsAre("T2 signal 12", "T2 detached"));
}

TEST_F(TracerTest, EveryTaskBornWhileLettingGoIsLetGoToo) {
  kernel_.enters(kCommand, SYS_fork)
      .reports_child(kCommand, 101)
      .returns(kCommand, 101)
      .traps(101)
      .ends(kCommand, exited_status(0));
  play();
  kernel_.enters(101, SYS_fork);
  play();
  tracer_->on_signals({{SIGTERM, 1, false}});
  kernel_.reports_child(101, 102).traps(102).traps(101);
  EXPECT_TRUE(play());
  EXPECT_THAT(kernel_.asked, Contains("101: detach"));
  EXPECT_THAT(kernel_.asked, Contains("102: detach"));
}

/// The command has installed our filter of calls before its execve.
class FilteredTracerTest : public TracerTest {
 protected:
  FilteredTracerTest() : TracerTest(true) {}

  static constexpr std::uint64_t kProgram = 0x7000;
  static constexpr std::uint64_t kTsync = 1;
  void make_thread(int tid) {
    kernel_.filter_stops(kCommand, SYS_clone, {kThreadFlags}).reports_child(kCommand, tid);
    kernel_.traps(tid).returns(kCommand, tid);
    play();
    log_.lines.clear();
    kernel_.asked.clear();
  }
};

TEST_F(FilteredTracerTest, StopsAgainOnlyForTheReturn) {
  kernel_.filter_stops(kCommand, SYS_mkdir).returns(kCommand, 0);
  play();
  EXPECT_THAT(log_.lines, ElementsAre("T1 mkdir = 0"));
  EXPECT_THAT(kernel_.asked, ElementsAre("100: resume", "100: continue"));
}

TEST_F(FilteredTracerTest, CallThatNeverReturnsIsNotWaitedFor) {
  kernel_.filter_stops(kCommand, SYS_exit_group).is_about_to_end(kCommand, exited_status(3));
  play();
  EXPECT_THAT(kernel_.asked, ElementsAre("100: continue", "100: continue"));
}

TEST_F(FilteredTracerTest, SignalInACallKeepsItsReturnInSight) {
  kernel_.filter_stops(kCommand, SYS_openat).gets_signal(kCommand, SIGALRM).returns(kCommand, -4);
  kernel_.gets_signal(kCommand, SIGALRM);
  play();
  EXPECT_THAT(kernel_.asked, ElementsAre("100: resume", "100: resume with 14", "100: continue",
                                         "100: continue with 14"));
}

TEST_F(FilteredTracerTest, ChildIsFilteredAsItsCreatorIs) {
  kernel_.filter_stops(kCommand, SYS_fork).reports_child(kCommand, 101).traps(101);
  play();
  EXPECT_THAT(kernel_.asked, ElementsAre("100: resume", "100: resume", "101: continue"));
}

TEST_F(FilteredTracerTest, TaskWithAFilterOfItsOwnStopsAtEveryCall) {
  kernel_.filter_stops(kCommand, SYS_seccomp, {1, 0, kProgram}).returns(kCommand, 0);
  kernel_.enters(kCommand, SYS_mkdir).returns(kCommand, -EPERM);
  play();
  EXPECT_THAT(log_.lines, ElementsAre("T1 seccomp = 0", "T1 mkdir = 1"));
  EXPECT_THAT(kernel_.asked, Not(Contains("100: continue")));
}

TEST_F(FilteredTracerTest, ItsChildrenDoSoToo) {
  kernel_.filter_stops(kCommand, SYS_prctl, {22, 2, kProgram}).returns(kCommand, 0);
  kernel_.enters(kCommand, SYS_fork).filter_stops(kCommand, SYS_fork);
  kernel_.reports_child(kCommand, 101).traps(101);
  play();
  EXPECT_THAT(kernel_.asked, Contains("101: resume"));
  EXPECT_THAT(kernel_.asked, Not(Contains("101: continue")));
}

TEST_F(FilteredTracerTest, FilterThatWasRefusedChangesNothing) {
  kernel_.filter_stops(kCommand, SYS_seccomp, {1, 0, 0}).returns(kCommand, -EFAULT);
  play();
  EXPECT_THAT(kernel_.asked, ElementsAre("100: resume", "100: continue"));
}

TEST_F(FilteredTracerTest, CallThatBothStopAtIsRecordedOnce) {
  kernel_.filter_stops(kCommand, SYS_seccomp, {1, 0, kProgram}).returns(kCommand, 0);
  kernel_.enters(kCommand, SYS_mkdir).filter_stops(kCommand, SYS_mkdir).returns(kCommand, 0);
  play();
  EXPECT_THAT(log_.lines, ElementsAre("T1 seccomp = 0", "T1 mkdir = 0"));
}

TEST_F(FilteredTracerTest, FilterForAllThreadsStopsTheOthersBeforeItIsThere) {
  make_thread(101);
  kernel_.filter_stops(kCommand, SYS_seccomp, {1, kTsync, kProgram});
  play();
  EXPECT_THAT(kernel_.asked, ElementsAre("101: interrupt", "100: resume"));
  kernel_.asked.clear();
  kernel_.traps(101);
  play();
  EXPECT_THAT(kernel_.asked, ElementsAre("101: resume"));
}

TEST_F(FilteredTracerTest, QuestionWhetherThatCanBeDoneLeavesThemAlone) {
  make_thread(101);
  kernel_.filter_stops(kCommand, SYS_seccomp, {1, kTsync, 0}).returns(kCommand, -EFAULT);
  play();
  EXPECT_THAT(kernel_.asked, ElementsAre("100: resume", "100: continue"));
}

TEST_F(FilteredTracerTest, CallForWhichItsOwnFilterAsksForATracerFailsAsWithoutOne) {
  kernel_.filter_stops(kCommand, SYS_seccomp, {1, 0, kProgram}).returns(kCommand, 0);
  kernel_.enters(kCommand, SYS_mkdir).filter_stops(kCommand, SYS_mkdir, {}, 7);
  kernel_.returns(kCommand, -ENOSYS);
  play();
  EXPECT_THAT(kernel_.asked, Contains("100: refuse call"));
  EXPECT_THAT(log_.lines, Contains("T1 mkdir = 38"));
}

TEST_F(FilteredTracerTest, TasksAreKeptAndNotLetGo) {
  make_thread(101);
  kernel_.ends(kCommand, killed_status(SIGKILL));
  play();
  tracer_->on_signals({{SIGTERM, 1, false, false}});
  EXPECT_TRUE(tracer_->keeps());
  EXPECT_THAT(log_.lines, Contains("T2 detached"));
  EXPECT_THAT(kernel_.asked, Not(Contains("101: interrupt")));
}

TEST_F(FilteredTracerTest, TasksAreKeptWhenTheFrontIsGone) {
  tracer_->on_signals({{SIGUSR1, 0, false, true}});
  EXPECT_TRUE(tracer_->keeps());
  EXPECT_THAT(log_.lines, ElementsAre("T1 detached"));
}

TEST(Keeper, ResumesWhateverStops) {
  FakeKernel kernel;
  kernel.filter_stops(5, SYS_mkdir)
      .gets_signal(5, SIGUSR1)
      .group_stops(5, SIGSTOP)
      .filter_stops(5, SYS_mkdir, {}, 7)
      .returns(5, 0)
      .traps(6)
      .ends(6, exited_status(0));
  keep_running(kernel);
  EXPECT_THAT(kernel.asked,
              ElementsAre("5: continue", "5: continue with 10", "5: listen", "5: refuse call",
                          "5: continue", "5: continue", "6: continue"));
}

TEST(TracerLaunch, NothingIsSaidOfACommandThatCouldNotBeExeced) {
  FakeKernel kernel;
  Log log;
  auto observer = Observer::open("/proc");
  ASSERT_TRUE(observer.ok());
  Emitter emitter{kernel, log};
  Tracer tracer{kernel, observer.value(), emitter, decoders::Options{}};
  tracer.adopt_command(base::HostTid{kCommand});
  kernel.traps(kCommand)
      .enters(kCommand, SYS_read)
      .returns(kCommand, 1)
      .enters(kCommand, SYS_execve)
      .returns(kCommand, -ENOEXEC)
      .enters(kCommand, SYS_exit_group)
      .ends(kCommand, exited_status(127));
  while (tracer.step(next_report(kernel, true))) {
  }
  EXPECT_EQ(tracer.exec_failure(), ENOEXEC);
  EXPECT_THAT(log.lines, IsEmpty());
}

}  // namespace
}  // namespace boxtrace::ptrace
