#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "tracer/cli/following.h"
#include "tracer/cli/options.h"
#include "tracer/cli/strace_options.h"
#include "tracer/cli/verbs.h"

namespace boxtrace::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Verbs, AreOnlyTheFirstWord) {
  EXPECT_NE(find_verb(Arguments{"show", "x"}), nullptr);
  EXPECT_NE(find_verb(Arguments{"explain"}), nullptr);
  EXPECT_EQ(find_verb(Arguments{"--", "diff", "a", "b"}), nullptr);
  EXPECT_EQ(find_verb(Arguments{"-v", "show"}), nullptr);
  EXPECT_EQ(find_verb(Arguments{"runc", "show"}), nullptr);
  EXPECT_EQ(find_verb(Arguments{}), nullptr);
}

struct Launch {
  std::optional<int> status;
  std::string file;
  int verbose = 0;
  std::vector<std::string> environment;
  std::vector<std::string> command;
};

Launch parse_launch(const Arguments& words) {
  CLI::App app{"", "boxtrace"};
  Launch launch;
  ViewOptions view;
  CaptureOptions capture;
  app.add_option("-o,--output", launch.file);
  add_view_options(app, view);
  add_capture_options(app, capture);
  launch.status = parse_prefix(app, words, launch.command);
  launch.verbose = view.verbose;
  launch.environment = capture.environment;
  return launch;
}

TEST(Launch, OptionsEndAtTheCommand) {
  const Launch launch = parse_launch({"-o", "f", "-vv", "ls", "-v", "-o", "g"});
  EXPECT_EQ(launch.status, std::nullopt);
  EXPECT_EQ(launch.file, "f");
  EXPECT_EQ(launch.verbose, 2);
  EXPECT_THAT(launch.command, ElementsAre("ls", "-v", "-o", "g"));
}

TEST(Launch, DashesEndOptionsAndTheCommandsOwnStay) {
  EXPECT_THAT(parse_launch({"-v", "--", "ls", "-v"}).command, ElementsAre("ls", "-v"));
  EXPECT_THAT(parse_launch({"--", "-weird"}).command, ElementsAre("-weird"));
  EXPECT_THAT(parse_launch({"ls", "--", "-x"}).command, ElementsAre("ls", "--", "-x"));
  EXPECT_THAT(parse_launch({"--", "ls", "--", "-x"}).command, ElementsAre("ls", "--", "-x"));
  EXPECT_THAT(parse_launch({"-v"}).command, ElementsAre());
}

TEST(Launch, EnvironmentOptionTakesOneWordEach) {
  const Launch launch = parse_launch({"-E", "A=1", "-E", "B", "env", "C=2"});
  EXPECT_THAT(launch.environment, ElementsAre("A=1", "B"));
  EXPECT_THAT(launch.command, ElementsAre("env", "C=2"));
}

TEST(Launch, UnknownOptionsAreRefused) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(parse_launch({"-f", "ls"}).status, kToolFailure);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "boxtrace: -f (in strace: follow children) is not an option of boxtrace\n"
            "hint: leave it out: boxtrace always follows all children and threads\n");
  testing::internal::CaptureStderr();
  EXPECT_EQ(parse_launch({"--color=sometimes", "ls"}).status, kToolFailure);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("--color"));
}

TEST(StraceOptions, AreRefusedInEverySpelling) {
  for (const char* const word : {"-e", "-etrace=open", "-y", "-yy", "-fyy", "-ttt", "--trace=open",
                                 "--inject=open:error=1", "-c"}) {
    const base::Error error = refuse_option(word);
    EXPECT_THAT(error.what, HasSubstr("is not an option of boxtrace")) << word;
    EXPECT_FALSE(error.hint.empty()) << word;
  }
}

TEST(StraceOptions, AnUnknownOneGetsASuggestion) {
  EXPECT_EQ(refuse_option("--stabel").hint, "did you mean --stable?");
  EXPECT_EQ(refuse_option("--stabel").what, "unknown option --stabel");
  EXPECT_EQ(refuse_option("-7").hint, "boxtrace --help lists the options");
}

TEST(Following, PidsComeInListsAsPidofPrintsThem) {
  const auto pids = parse_pids({"12 13", "14,15", "16"});
  ASSERT_TRUE(pids.ok());
  EXPECT_THAT(pids.value(), ElementsAre(base::HostPid{12}, base::HostPid{13}, base::HostPid{14},
                                        base::HostPid{15}, base::HostPid{16}));
  for (const char* const wrong : {"x", "12,", "-1", "0", "12.5", "99999999999", "", " "}) {
    EXPECT_FALSE(parse_pids({wrong}).ok()) << wrong;
  }
}

TEST(Following, UntilIsAMomentOrATime) {
  EXPECT_EQ(parse_until("started", true).value().until, StopCondition::Until::Started);
  EXPECT_EQ(parse_until("exit", false).value().until, StopCondition::Until::Exited);
  EXPECT_TRUE(parse_until("exit", true).value().command_ends);
  EXPECT_EQ(parse_until("1.5", true).value().time, std::chrono::milliseconds{1500});
  for (const char* const wrong : {"start", "0", "-1", "1s", "inf", "nan", "1e300", "1 2"}) {
    EXPECT_FALSE(parse_until(wrong, true).ok()) << wrong;
  }
}

TEST(Following, ContradictionsAreRefused) {
  FollowOptions options;
  options.light = true;
  options.full = true;
  EXPECT_FALSE(make_following(options, {}, nullptr).ok());
  options.full = false;
  options.detach_on = "fork";
  EXPECT_EQ(make_following(options, {}, nullptr).error().hint,
            "execve is the only call to let go at");
}

TEST(Views, ZoomFollowsTheNumberOfVs) {
  using Zoom = sinks::TextOptions::Zoom;
  ViewOptions view;
  EXPECT_EQ(text_options(view, -1).zoom, Zoom::Story);
  view.verbose = 1;
  EXPECT_EQ(text_options(view, -1).zoom, Zoom::Events);
  view.verbose = 7;
  EXPECT_EQ(text_options(view, -1).zoom, Zoom::Calls);
  EXPECT_EQ(text_options(view, -1).width, 100U);
  view.width = 0;
  EXPECT_EQ(text_options(view, -1).width, 0U);
}

TEST(Colors, FollowTheConventions) {
  ::setenv("TERM", "xterm", 1);
  ::unsetenv("NO_COLOR");
  ::unsetenv("CLICOLOR_FORCE");
  EXPECT_FALSE(wants_color(Color::Auto, -1));
  EXPECT_TRUE(wants_color(Color::Always, -1));
  ::setenv("CLICOLOR_FORCE", "1", 1);
  EXPECT_TRUE(wants_color(Color::Auto, -1));
  EXPECT_FALSE(wants_color(Color::Never, -1));
  ::setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(wants_color(Color::Auto, -1));
  ::unsetenv("NO_COLOR");
  ::unsetenv("CLICOLOR_FORCE");
}

}  // namespace
}  // namespace boxtrace::cli
