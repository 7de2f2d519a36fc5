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
  EXPECT_EQ(parse_launch({"-c", "ls"}).status, kToolFailure);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "boxtrace: -c (count calls) belongs to strace's language and needs --style=strace\n"
            "hint: boxtrace --style=strace -c CMD\n");
  testing::internal::CaptureStderr();
  EXPECT_EQ(parse_launch({"--color=sometimes", "ls"}).status, kToolFailure);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("--color"));
}

TEST(StraceOptions, WithoutUseInTheStoryNameTheirStyle) {
  for (const char* const word : {"-t", "-ttt", "-T", "-z", "-P", "-a40", "--syscall-times=ns"}) {
    const base::Error error = refuse_option(word);
    EXPECT_THAT(error.what, HasSubstr("needs --style=strace")) << word;
    EXPECT_THAT(error.hint, HasSubstr("boxtrace --style=strace ")) << word;
  }
}

TEST(StraceOptions, ThatAreMissingNameWhatComesNearest) {
  for (const char* const word : {"-d", "-u", "--tips", "-O"}) {
    const base::Error error = refuse_option(word);
    EXPECT_THAT(error.what, HasSubstr("is not an option of boxtrace")) << word;
    EXPECT_FALSE(error.hint.empty()) << word;
    EXPECT_FALSE(parse_strace({word, "x", "ls"}).ok()) << word;
  }
}

TEST(StraceOptions, OfDumpsTakeDescriptors) {
  const auto request = parse_strace({"-e", "read=0,5", "-e", "write=!1", "ls"});
  ASSERT_TRUE(request.ok());
  const sinks::StraceFilter& filter = request.value().filter;
  EXPECT_TRUE(filter.read.has(0) && filter.read.has(5) && !filter.read.has(1));
  EXPECT_TRUE(filter.write.has(0) && !filter.write.has(1));
  EXPECT_TRUE(parse_strace({"-ewrite=all", "ls"}).value().filter.write.has(7));
  EXPECT_TRUE(parse_strace({"-ewrite=none", "ls"}).value().filter.write.empty());
  for (const char* const wrong : {"-eread=", "-ewrite=x", "-ewrite=1,,2", "-eread=-1"}) {
    EXPECT_FALSE(parse_strace({wrong, "ls"}).ok()) << wrong;
  }
}

TEST(StraceOptions, OfClocksAddUp) {
  const auto look =
      parse_strace({"--absolute-timestamps=precision:ms", "--absolute-timestamps=unix", "ls"});
  ASSERT_TRUE(look.ok());
  EXPECT_EQ(look.value().look.clock, sinks::StraceOptions::Clock::Unix);
  EXPECT_EQ(look.value().look.clock_precision, 3);
}

TEST(StraceOptions, ForAFilterNeedToFollow) {
  EXPECT_TRUE(parse_strace({"--seccomp-bpf", "-f", "ls"}).value().seccomp_filter);
  const auto alone = parse_strace({"--seccomp-bpf", "ls"});
  EXPECT_FALSE(alone.value().seccomp_filter);
  EXPECT_EQ(alone.value().notes.size(), 1U);
}

TEST(StraceOptions, AreListedOnRequest) {
  EXPECT_THAT(parse_strace({"-h"}).value().answer, HasSubstr("--string-limit=VALUE"));
  EXPECT_THAT(parse_strace({"-V"}).value().answer, HasSubstr(" -- version "));
  EXPECT_EQ(parse_strace({"ls"}).value().answer, "");
}

TEST(StraceStyle, IsLookedForAmongTheOptionsOnly) {
  EXPECT_TRUE(has_strace_style({"--style=strace", "ls"}));
  EXPECT_TRUE(has_strace_style({"-o", "f", "-fv", "--style", "strace", "ls"}));
  EXPECT_FALSE(has_strace_style({"ls", "--style=strace"}));
  EXPECT_FALSE(has_strace_style({"-o", "--style=strace", "ls"}));
  EXPECT_FALSE(has_strace_style({"--", "--style=strace"}));
  EXPECT_FALSE(has_strace_style({"--style=story", "ls"}));
}

TEST(StraceStyle, ParsesAsStraceDoes) {
  const auto parsed = parse_strace({"--style=strace", "-fttTv", "-s", "100", "-o", "out", "-eopen",
                                    "-e", "signal=!chld", "--relative-timestamps=ns", "ls", "-l"});
  ASSERT_TRUE(parsed.ok());
  const StraceRequest& request = parsed.value();
  EXPECT_THAT(request.command, ElementsAre("ls", "-l"));
  EXPECT_TRUE(request.look.follow);
  EXPECT_EQ(request.look.clock, sinks::StraceOptions::Clock::TimeOfDay);
  EXPECT_EQ(request.look.clock_precision, 6);
  EXPECT_EQ(request.look.relative, 9);
  EXPECT_EQ(request.look.duration, 6);
  EXPECT_EQ(request.look.string_limit, 100U);
  EXPECT_EQ(request.output, "out");
  EXPECT_TRUE(request.look.quiet_attach) << "-o keeps quiet, as in strace";
  EXPECT_FALSE(request.filter.signals.test(17));
  EXPECT_TRUE(request.filter.signals.test(2));
  EXPECT_TRUE(request.filter.calls.has(raw::Abi::X86_64, 2));
  EXPECT_FALSE(request.filter.calls.has(raw::Abi::X86_64, 0));
}

TEST(StraceStyle, RefusesWhatMakesNoSense) {
  const auto hint = [](const Arguments& words) {
    const auto parsed = parse_strace(words);
    return parsed.ok() ? std::string("(taken)") : parsed.error().hint;
  };
  EXPECT_EQ(hint({"-e", "openn", "ls"}).substr(0, 12), "did you mean");
  EXPECT_EQ(hint({"-e", "trac=open", "ls"}), "did you mean trace?");
  EXPECT_EQ(hint({"--folow-forks", "ls"}), "did you mean --follow-forks?");
  EXPECT_EQ(hint({"-ff", "-o", "|cat", "ls"}), "-f -o '|COMMAND', or -ff -o FILE");
  EXPECT_EQ(hint({"-A", "ls"}), "-A -o FILE");
  EXPECT_EQ(hint({"-c", "-C", "ls"}), "-c: the table only; -C: calls too");
  EXPECT_EQ(hint({"-ff", "-c", "-o", "f", "ls"}), "-f with -c or -C");
  EXPECT_EQ(hint({"-u", "nobody", "ls"}), "boxtrace setpriv --reuid=USER --init-groups CMD");
  EXPECT_EQ(hint({"-T", "ls"}), "(taken)");
}

TEST(StraceStyle, WordsForHowTextLooksAreNotForTheStory) {
  const auto chosen = [](std::vector<std::string> expressions) {
    ViewOptions view;
    view.expressions = std::move(expressions);
    const auto done = choose(view);
    return done.ok() && view.chosen ? view.chosen : std::nullopt;
  };
  EXPECT_FALSE(chosen({}));
  EXPECT_FALSE(chosen({"inject=mount:error=EPERM"})) << "nothing is chosen by it";
  EXPECT_FALSE(chosen({"abbrev=none"}));
  ASSERT_TRUE(chosen({"trace=%mount", "signal=none"}));
  EXPECT_TRUE(chosen({"trace=%mount"})->calls.has(raw::Abi::X86_64, 165));
  EXPECT_FALSE(chosen({"trace=%mount"})->calls.has(raw::Abi::X86_64, 0));
  EXPECT_FALSE(chosen({"trace=%mount", "signal=none"})->signals.test(17));
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
