// Whose refusal was it? A program makes calls that fail for a reason that it knows, and says which;
// the trace must come to the same.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "decoders/bpf/outcome.h"
#include "tracer/base/error_text.h"
#include "tracer/cli/trace_file.h"
#include "tracer/model/filter_answer.h"
#include "tracer/timeline/analysis.h"

namespace boxtrace::cli {
namespace {

class Judge final : public timeline::Listener {
 public:
  void on_step(const timeline::Step& step) override {
    const model::Task* task = step.model.task(step.event.task);
    if (task == nullptr || step.call == nullptr ||
        step.syscall->outcome.kind != raw::Outcome::Kind::Failed ||
        (task->comm != "seccomp" && task->comm != "kernel")) {
      return;
    }
    const auto answer = model::ask_filters(*task, step.syscall->call);
    ASSERT_TRUE(answer.has_value());
    EXPECT_TRUE(answer->certain) << "the filters were not all captured";
    const auto refusal = model::find_refusal(*task, *step.syscall);
    const std::string what =
        step.call->name + " " +
        std::string(base::errno_name(static_cast<int>(step.syscall->outcome.value)));
    EXPECT_EQ(refusal.has_value(), task->comm == "seccomp") << what;
    (task->comm == "seccomp" ? by_seccomp : by_kernel) += 1;
    if (refusal && step.call->name == "chmod") {
      EXPECT_EQ(refusal->filter, 1U) << "the newer of two refusals counts";
      EXPECT_EQ(bpf::render_outcome(refusal->result), "ERRNO(EACCES)");
    }
    if (refusal && step.call->name == "fchmod") {
      EXPECT_EQ(refusal->filter, 0U);
    }
  }
  int by_seccomp = 0;
  int by_kernel = 0;
};

TEST(SeccompAttribution, TellsTheFiltersRefusalsFromTheKernels) {
  const auto trace = std::filesystem::temp_directory_path() / "boxtrace-causes-test.jsonl";
  const std::string command = std::string("timeout 60 ") + BOXTRACE_PROGRAM + " record -o " +
                              trace.string() + " -- " + BOXTRACE_CAUSES + " >/dev/null 2>&1";
  ASSERT_EQ(std::system(command.c_str()), 0);  // NOLINT(cert-env33-c): our own words
  timeline::Analysis analysis;
  Judge judge;
  analysis.add_listener(judge);
  const auto summary = read_trace(trace.string(), analysis);
  ASSERT_TRUE(summary.ok()) << summary.error().what;
  analysis.finish();
  EXPECT_EQ(judge.by_seccomp, 18);
  EXPECT_GE(judge.by_kernel, 30);
  std::filesystem::remove(trace);
}

}  // namespace
}  // namespace boxtrace::cli
