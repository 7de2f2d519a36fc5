#include "tracer/diff/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tracer/diff/report.h"

namespace boxtrace::diff {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

timeline::Milestone milestone(std::string id, std::uint32_t task, std::string role,
                              std::vector<std::pair<std::string, std::string>> facts) {
  timeline::Milestone made;
  made.id = std::move(id);
  made.task = {task};
  made.role = std::move(role);
  made.facts = std::move(facts);
  made.evidence = {{task * 10}};
  return made;
}

/// A run of `runc run ID`; everything that differs from run to run differs with `run`.
Subject run_of_runc(int run) {
  const std::string id = "c" + std::to_string(run);
  const std::string bundle = "/tmp/bundle" + std::to_string(run);
  Subject made;
  made.name = "run" + std::to_string(run) + ".jsonl";
  made.complete = true;
  made.commands = {{"runc", "run", "-b", bundle, id}};
  made.milestones = {
      milestone("ns.new", 2, "runc:[1:CHILD]", {{"by", "unshare"}, {"kinds", "mnt pid"}}),
      milestone("mounts", 3, "runc:[2:INIT]", {{"mounts", "bind " + bundle + "/rootfs"}}),
  };
  model::ExecState& state = made.final_exec.emplace();
  state.root = bundle + "/rootfs";
  state.exe = "/bin/true";
  state.argv = {"true", id};
  state.env_names = {"PATH", "TERM"};
  state.pid = {1000 + run};
  state.pids = {{1000 + run}, {1}};
  for (model::NsAtExec& ns : state.namespaces) {
    ns.origin = model::NsAtExec::Origin::New;
    ns.inode = {std::uint64_t{4026532000} + static_cast<std::uint64_t>(run)};
  }
  state.caps.effective = 0x20000420;
  state.cgroup = {std::to_string(run) + ":memory:/a/" + id};
  state.hostname = id;
  state.fds = {{{0}, "pipe:[" + std::to_string(run) + "]"}};
  base::MountInfo mount;
  mount.id = 60 + static_cast<std::uint64_t>(run);
  mount.device = "0:" + std::to_string(run);
  mount.root = "/";
  mount.target = "/proc";
  mount.options = "rw,nosuid";
  mount.propagation = "master:" + std::to_string(run);
  mount.fstype = "proc";
  mount.source = "proc";
  mount.super_options = "rw";
  state.mounts = {mount};
  state.limits = {std::pair<const std::string, std::string>{"NOFILE", "1024:1024"}};
  return made;
}

TEST(Compare, RedirectionsOfTheCallerAreNoDifference) {
  Subject file = run_of_runc(1), terminal = run_of_runc(2);
  file.launch_fds = {{{1}, "/tmp/out"}, {{2}, "/tmp/err"}};
  terminal.launch_fds = {{{1}, "/dev/pts/3"}, {{2}, "/dev/pts/3"}};
  file.final_exec->fds = {{{1}, "/tmp/out"}, {{2}, "/tmp/err"}};
  terminal.final_exec->fds = {{{1}, "/dev/pts/3"}, {{2}, "/dev/pts/3"}};
  EXPECT_TRUE(compare(file, terminal).same());
  terminal.final_exec->fds[1].target = "/etc/passwd";  // not what it was launched with
  EXPECT_FALSE(compare(file, terminal).same());
}

TEST(Compare, TwoRunsOfOneCommandAreTheSame) {
  const Comparison comparison = compare(run_of_runc(1), run_of_runc(2));
  EXPECT_TRUE(comparison.same()) << render_report(comparison, {});
  EXPECT_EQ(render_report(comparison, {}), "same: 34 properties at the final exec, 2 milestones\n");
}

/// The changes when `edit` is applied to one side.
template <typename Edit>
Comparison after(Edit edit) {
  Subject right = run_of_runc(2);
  edit(right);
  return compare(run_of_runc(1), right);
}

std::vector<std::string> keys(const Comparison& comparison) {
  std::vector<std::string> list;
  for (const StateChange& change : comparison.state) {
    list.push_back(change.key);
  }
  return list;
}

TEST(Compare, SeesEachPartOfTheState) {
  const auto keys_after = [](auto edit) {
    return keys(after([&](Subject& subject) { edit(*subject.final_exec); }));
  };
  using State = model::ExecState;
  EXPECT_THAT(keys_after([](State& s) { s.caps.effective = 0x20000421; }),
              ElementsAre("capabilities effective"));
  EXPECT_THAT(keys_after([](State& s) { s.caps.ambient = 1; }),
              ElementsAre("capabilities ambient"));
  EXPECT_THAT(keys_after([](State& s) { s.no_new_privs = true; }), ElementsAre("no_new_privs"));
  EXPECT_THAT(keys_after([](State& s) { s.seccomp_mode = 2; }), ElementsAre("seccomp"));
  EXPECT_THAT(keys_after([](State& s) { s.namespaces[4].origin = model::NsAtExec::Origin::Host; }),
              ElementsAre("namespace net"));
  EXPECT_THAT(keys_after([](State& s) { s.hostname = "other"; }), ElementsAre("hostname"));
  EXPECT_THAT(keys_after([](State& s) { s.cgroup = {"2:memory:/b/c2"}; }),
              ElementsAre("cgroup memory"));
  EXPECT_THAT(keys_after([](State& s) { s.limits["NOFILE"] = "1024:4096"; }),
              ElementsAre("limit NOFILE"));
  EXPECT_THAT(keys_after([](State& s) {
                s.fds.push_back({{10}, "/etc/passwd"});
              }),
              ElementsAre("fd 10"));
  EXPECT_THAT(keys_after([](State& s) { s.uid[0] = 1000; }), ElementsAre("uid"));
  EXPECT_THAT(keys_after([](State& s) { s.uid_map = {{0, 1000, 1}}; }), ElementsAre("uid map"));
  EXPECT_THAT(keys_after([](State& s) { s.mounts[0].options = "rw"; }), ElementsAre("mount /proc"));
  EXPECT_THAT(keys_after([](State& s) { s.mounts[0].propagation = "shared:7"; }),
              ElementsAre("mount /proc"));
  EXPECT_THAT(keys_after([](State& s) { s.mounts.push_back(s.mounts[0]); }),
              ElementsAre("mount /proc (2)"));
  EXPECT_THAT(keys_after([](State& s) { s.env_names.push_back("LD_PRELOAD"); }),
              ElementsAre("environment"));
  EXPECT_THAT(keys_after([](State& s) { s.argv = {"c2", "true"}; }), ElementsAre("argv"));
  EXPECT_THAT(keys_after([](State& s) { s.cwd = "/tmp"; }), ElementsAre("cwd"));
  EXPECT_THAT(keys_after([](State& s) { s.root = "/"; }), ElementsAre("root"));
  EXPECT_THAT(keys_after([](State& s) { s.oom_score_adj = 0; }), ElementsAre("oom_score_adj"));
}

TEST(Compare, NamesTheItemsThatDiffer) {
  const Comparison comparison =
      after([](Subject& subject) { subject.final_exec->caps.effective = 0x20000021; });
  ASSERT_THAT(comparison.state, SizeIs(1));
  EXPECT_THAT(comparison.state[0].removed, ElementsAre("CAP_NET_BIND_SERVICE"));
  EXPECT_THAT(comparison.state[0].added, ElementsAre("CAP_CHOWN"));
}

TEST(Compare, NamesWhoMakesTheNamespacesAndHow) {
  const Comparison comparison = after([](Subject& subject) {
    subject.milestones[0] =
        milestone("ns.new", 1, "crun run", {{"by", "clone"}, {"kinds", "mnt pid"}});
  });
  EXPECT_THAT(comparison.state, IsEmpty());
  ASSERT_THAT(comparison.steps, SizeIs(1));
  const std::string text = render_report(comparison, {});
  EXPECT_THAT(text, HasSubstr("- runc:[1:CHILD], by: unshare, #20"));
  EXPECT_THAT(text, HasSubstr("+ crun run, by: clone, #10"));
  EXPECT_THAT(text, Not(HasSubstr("kinds")));
}

TEST(Compare, ATraceWithoutAFinalExecDiffersFromOneWithIt) {
  const Comparison comparison = after([](Subject& subject) { subject.final_exec.reset(); });
  EXPECT_FALSE(comparison.same());
  EXPECT_TRUE(comparison.left_state);
  EXPECT_FALSE(comparison.right_state);
}

TEST(Report, OtherKernelsAreANoteAndNoDifference) {
  Subject left = run_of_runc(1);
  Subject right = run_of_runc(2);
  left.header.kernel = "6.1.0";
  right.header.kernel = "6.18.0";
  const Comparison comparison = compare(left, right);
  EXPECT_TRUE(comparison.same());
  EXPECT_THAT(comparison.circumstances, ElementsAre("recorded on kernels 6.1.0 and 6.18.0"));
}

TEST(Report, JsonSaysTheSame) {
  EXPECT_THAT(render_json(compare(run_of_runc(1), run_of_runc(2))), HasSubstr("\"same\":true"));
  const std::string text = render_json(after([](Subject& s) { s.final_exec->hostname = "h"; }));
  EXPECT_THAT(text, HasSubstr(R"("same":false)"));
  EXPECT_THAT(text, HasSubstr(R"({"key":"hostname","a":["<id>"],"b":["h"],)"));
}

TEST(Report, EscapesWhatATraceMaySmuggleIn) {
  const std::string clear_screen = "\x1b[2J";
  const Comparison comparison = after([&](Subject& subject) {
    subject.header.kernel = clear_screen;
    subject.final_exec->hostname = clear_screen;
    subject.final_exec->mounts[0].target = clear_screen;
    subject.milestones[0].role = clear_screen;
  });
  EXPECT_THAT(render_report(comparison, {}), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace boxtrace::diff
