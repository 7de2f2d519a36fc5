#include "tracer/ptrace/report_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <variant>
#include <vector>

#include "tests/unit/ptrace/fake_kernel.h"

namespace boxtrace::ptrace {
namespace {

using test::FakeKernel;
using testing::ElementsAre;

constexpr int kReportsBeforeCollecting = 31;

/// The tids of the next reports, each resumed.
std::vector<int> next_tids(ReportQueue& reports, int count) {
  std::vector<int> tids;
  for (int i = 0; i < count; ++i) {
    Report report = reports.next();
    if (auto* stop = std::get_if<Stop>(&report)) {
      tids.push_back(stop->stopped.tid().value);
      std::move(stop->stopped).forget();
    } else if (const auto* ended = std::get_if<Ended>(&report)) {
      tids.push_back(-ended->tid.value);
    }
  }
  return tids;
}

/// A queue that is about to collect what waits.
ReportQueue queue_after_one_busy_task(FakeKernel& kernel) {
  ReportQueue reports{kernel};
  for (int i = 0; i < kReportsBeforeCollecting; ++i) {
    kernel.traps(1);
  }
  EXPECT_EQ(next_tids(reports, kReportsBeforeCollecting),
            std::vector<int>(kReportsBeforeCollecting, 1));
  EXPECT_FALSE(reports.has_collected());
  return reports;
}

TEST(ReportQueue, ReportsInTheirOrderAllThatWaitsAndASignalAtOnce) {
  FakeKernel kernel;
  ReportQueue reports = queue_after_one_busy_task(kernel);
  kernel.traps(2).traps(3).gets_signal(4, SIGUSR1).traps(5).ends(6, exited_status(0));
  EXPECT_EQ(next_tids(reports, 1), std::vector<int>{4});
  EXPECT_TRUE(reports.has_collected());
  EXPECT_THAT(next_tids(reports, 2), ElementsAre(2, 3));
  EXPECT_FALSE(reports.has_collected());
  EXPECT_EQ(next_tids(reports, 1), std::vector<int>{5}) << "several compete: collected again";
  EXPECT_TRUE(reports.has_collected());
  EXPECT_EQ(next_tids(reports, 1), std::vector<int>{-6});
  EXPECT_TRUE(std::holds_alternative<NothingLeft>(reports.next()));
}

TEST(ReportQueue, WhoGetsSignalsAllTheTimeDoesNotHoldUpTheOthers) {
  FakeKernel kernel;
  ReportQueue reports = queue_after_one_busy_task(kernel);
  kernel.gets_signal(4, SIGUSR1).gets_signal(4, SIGUSR1).gets_signal(5, SIGUSR1).traps(2).traps(3);
  EXPECT_EQ(next_tids(reports, 1), std::vector<int>{4});
  EXPECT_FALSE(reports.has_collected());
  EXPECT_EQ(next_tids(reports, 1), std::vector<int>{4});
  EXPECT_TRUE(reports.has_collected());
  EXPECT_THAT(next_tids(reports, 3), ElementsAre(5, 2, 3));
}

TEST(ReportQueue, AStopThatSigkillHasEndedMeanwhileIsNone) {
  FakeKernel kernel;
  ReportQueue reports = queue_after_one_busy_task(kernel);
  kernel.traps(2).is_about_to_end(2, killed_status(SIGKILL));
  Report first = reports.next();
  ASSERT_TRUE(std::holds_alternative<Stop>(first));
  EXPECT_TRUE(std::holds_alternative<Vanished>(std::get<Stop>(first).kind));
  std::move(std::get<Stop>(first).stopped).forget();
  Report second = reports.next();
  ASSERT_TRUE(std::holds_alternative<Stop>(second));
  EXPECT_TRUE(std::holds_alternative<ExitStop>(std::get<Stop>(second).kind));
  std::move(std::get<Stop>(second).stopped).forget();
}

}  // namespace
}  // namespace boxtrace::ptrace
