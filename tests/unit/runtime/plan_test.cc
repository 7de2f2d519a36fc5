// Plans of whole configurations against golden text, and the orders that security rests on.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "runtime/config/default_spec.h"
#include "runtime/config/parse.h"
#include "runtime/plan/build.h"
#include "runtime/plan/render.h"

namespace boxrun::plan {
namespace {

const std::string kFolder = std::string{BOXTRACE_SOURCE_DIR} + "/tests/unit/runtime/plans/";

std::string read_text(const std::string& path) {
  std::ifstream file{path};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

config::Config parse(const std::string& text) {
  auto parsed = config::parse_config(text);
  if (!parsed.ok()) {
    ADD_FAILURE() << parsed.error().what;
    return {};
  }
  return std::move(parsed).value();
}

Circumstances circumstances() {
  Circumstances at;
  at.id = "c1";
  at.bundle = "/bundle";
  return at;
}

void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = kFolder + name;
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream{path} << text;
    ADD_FAILURE() << "updated " << path << "; review git diff";
    return;
  }
  EXPECT_EQ(text, read_text(path))
      << "if this change is meant: UPDATE_GOLDEN=1 ctest -R PlanGolden";
}

std::string plan_of(const std::string& config_text, const Circumstances& at) {
  return render_plan(make_plan(parse(config_text), at));
}

TEST(PlanGolden, DefaultSpecIsOneClone) {
  expect_golden("default.plan", plan_of(config::render_default_spec({}), circumstances()));
}

TEST(PlanGolden, RootlessSpecMapsIdsAndUnsharesLate) {
  config::SpecRequest request;
  request.rootless = config::SpecRequest::Rootless{1000, 1000};
  Circumstances at = circumstances();
  at.rootless = true;
  expect_golden("rootless.plan", plan_of(config::render_default_spec(request), at));
}

TEST(PlanGolden, EverythingAtOnceNeedsAStage) {
  Circumstances at = circumstances();
  at.wait_for_start = true;
  expect_golden("everything.plan", plan_of(read_text(kFolder + "everything.json"), at));
}

TEST(PlanGolden, JoinedNamespacesComeFirst) {
  expect_golden("joined.plan", plan_of(read_text(kFolder + "joined.json"), circumstances()));
}

/// The position of the first step of a kind, or -1.
template <typename Action>
int first(const Plan& plan) {
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    if (std::holds_alternative<Action>(plan.steps[i].action)) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

Plan plan_with(const char* process_extra, const char* linux_extra) {
  const std::string text = std::string{R"({"ociVersion": "1.0.2", "root": {"path": "rootfs"},
    "process": {"args": ["sh"], "cwd": "/", "capabilities": {"bounding": []})"} +
                           process_extra + R"(},
    "linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}])" +
                           linux_extra + "}}";
  return make_plan(parse(text), circumstances());
}

constexpr const char* kSeccomp = R"(, "seccomp": {"defaultAction": "SCMP_ACT_ALLOW"})";

TEST(Plan, WithoutNoNewPrivilegesOneCapabilityStaysForTheFilterAndGoesWithIt) {
  const Plan plan = plan_with("", kSeccomp);
  EXPECT_EQ(first<LoadSeccomp>(plan) + 1, first<Execute>(plan));
  const auto at = [&plan](int index) { return plan.steps[static_cast<std::size_t>(index)].action; };
  EXPECT_TRUE(std::get<SetCapabilities>(at(first<SetCapabilities>(plan))).keep_admin);
  EXPECT_TRUE(std::get<LoadSeccomp>(at(first<LoadSeccomp>(plan))).then.has_value());
}

TEST(Plan, WithNoNewPrivilegesTheFilterIsTheLastThingBeforeExecve) {
  const Plan plan = plan_with(R"(, "noNewPrivileges": true)", kSeccomp);
  EXPECT_EQ(first<LoadSeccomp>(plan) + 1, first<Execute>(plan));
  EXPECT_LT(first<NoNewPrivileges>(plan), first<LoadSeccomp>(plan));
}

TEST(Plan, HooksOfTheImageComeAfterAllThatConfinesTheProgram) {
  config::Config config = parse(R"({"ociVersion": "1.0.2", "root": {"path": "rootfs"},
    "process": {"args": ["sh"], "cwd": "/", "apparmorProfile": "profile"},
    "hooks": {"startContainer": [{"path": "/bin/true"}]},
    "linux": {"namespaces": [{"type": "mount"}],
              "seccomp": {"defaultAction": "SCMP_ACT_ALLOW"}}})");
  Circumstances at = circumstances();
  at.has_apparmor = true;
  const Plan plan = make_plan(config, at);
  const auto hooks = static_cast<std::size_t>(first<RunHooks>(plan));
  EXPECT_LT(first<SetCapabilities>(plan), first<RunHooks>(plan));
  EXPECT_LT(first<SetLabel>(plan), first<RunHooks>(plan));
  EXPECT_TRUE(std::get<RunHooks>(plan.steps[hooks].action).filter);
}

TEST(Plan, PathsInTheRootFilesystemAreKnownByTheirText) {
  EXPECT_EQ(path_in_root("/b/root", "/b/root/x/y"), "/x/y");
  EXPECT_EQ(path_in_root("/b/./root/", "/b//other/../root/x/"), "/x");
  EXPECT_EQ(path_in_root("/b/root", "/b/root"), "/");
  EXPECT_EQ(path_in_root("/b/root", "/b/rootless/x"), std::nullopt);
  EXPECT_EQ(path_in_root("/b/root", "/b/root/../x"), std::nullopt);
  EXPECT_EQ(path_in_root("/b/root", "/../.."), std::nullopt);
  EXPECT_EQ(path_in_root("/", "/x"), std::nullopt);
}

TEST(Plan, MasksAndReadOnlyPathsComeBeforeThePivot) {
  const Plan plan =
      plan_with("", R"(, "maskedPaths": ["/proc/kcore"], "readonlyPaths": ["/proc/sys"])");
  EXPECT_LT(first<Mask>(plan), first<EnterRootfs>(plan));
  EXPECT_LT(first<MakeReadonly>(plan), first<EnterRootfs>(plan));
}

TEST(Plan, SysctlsAreWrittenBeforeAnythingOfTheContainerIsMounted) {
  const std::string text = R"({"ociVersion": "1.0.2", "root": {"path": "rootfs"},
    "process": {"args": ["sh"], "cwd": "/"},
    "mounts": [{"destination": "/proc", "type": "proc"}],
    "linux": {"namespaces": [{"type": "mount"}, {"type": "network"}],
              "sysctl": {"net.ipv4.ip_forward": "1"}}})";
  const Plan plan = make_plan(parse(text), circumstances());
  EXPECT_LT(first<WriteSysctl>(plan), first<MountOne>(plan));
  EXPECT_EQ(
      std::get<WriteSysctl>(plan.steps[static_cast<std::size_t>(first<WriteSysctl>(plan))].action)
          .file,
      "net/ipv4/ip_forward");
}

TEST(Plan, OnVersion2AloneTheChildIsMadeInTheDirectoryThatIsThereBeforeIt) {
  for (const bool is_alone : {false, true}) {
    for (const char* file : {"everything.json", "joined.json"}) {
      Circumstances at = circumstances();
      at.cgroup2_alone = is_alone;
      const Plan plan = make_plan(parse(read_text(kFolder + file)), at);
      const int place = first<PlaceCgroup>(plan);
      const int spawn = first<Spawn>(plan);
      const int join = first<JoinCgroup>(plan);
      ASSERT_TRUE(place >= 0 && spawn > place && join > spawn) << file;
      const auto action = [&plan](int index) {
        return plan.steps[static_cast<std::size_t>(index)].action;
      };
      EXPECT_EQ(std::get<Spawn>(action(spawn)).into_cgroup, is_alone) << file;
      EXPECT_EQ(std::get<JoinCgroup>(action(join)).by_clone, is_alone) << file;
    }
  }
}

TEST(Plan, EveryStepThatRealisesASettingNamesIt) {
  const Plan plan = make_plan(parse(read_text(kFolder + "everything.json")), circumstances());
  const nlohmann::json document = nlohmann::json::parse(read_text(kFolder + "everything.json"));
  for (const Step& step : plan.steps) {
    if (step.setting.empty() || step.setting == "/linux/cgroupsPath" ||
        step.setting == "/process/user/umask") {
      continue;
    }
    EXPECT_TRUE(document.contains(nlohmann::json::json_pointer{step.setting})) << step.setting;
  }
}

/// Init has to exist for it, and joins it before its own cgroup shows in anything.
TEST(Plan, AScopeIsStartedAsSoonAsInitIsThere) {
  Circumstances at = circumstances();
  at.scope = ScopeName{"system.slice", "boxrun-c1.scope"};
  for (const char* file : {"everything.json", "joined.json"}) {
    const Plan plan = make_plan(parse(read_text(kFolder + file)), at);
    EXPECT_EQ(first<ReserveScope>(plan), 0) << file;
    EXPECT_EQ(first<PlaceCgroup>(plan), -1) << file;
    EXPECT_EQ(first<MakeCgroup>(plan), -1) << file;
    const int started = first<StartScope>(plan);
    EXPECT_GT(started, first<Spawn>(plan)) << file;
    const auto action = [&plan](int index) {
      return plan.steps[static_cast<std::size_t>(index)].action;
    };
    EXPECT_EQ(std::get<Tell>(action(started + 1)).message, MessageKind::CgroupMade) << file;
    EXPECT_LT(started, first<JoinCgroup>(plan)) << file;
  }
}

TEST(Plan, GroupsOfResctrlAreMadeFirstAndJoinedBeforeInitHasChildren) {
  const auto plan_of_rdt = [](const char* rdt, bool joins = false) {
    const std::string text = std::string{R"({"ociVersion": "1.0.2", "root": {"path": "rootfs"},
      "process": {"args": ["sh"], "cwd": "/"},
      "linux": {"namespaces": [{"type": "mount"}, {"type": "time"}], "intelRdt": )"} +
                             rdt + "}}";
    Circumstances at = circumstances();
    at.joins = joins;
    return make_plan(parse(text), at);
  };
  const auto action = [](const Plan& plan, int index) {
    return plan.steps[static_cast<std::size_t>(index)].action;
  };
  const Plan own = plan_of_rdt(R"({"schemata": ["L3:0=f", "MB:0=20"], "enableCMT": true})");
  EXPECT_EQ(render_action(action(own, 0)), "make resctrl group c1 unless it is there");
  EXPECT_EQ(render_action(action(own, 1)),
            "write schemata L3:0=f of resctrl group c1, or compare if it was there");
  EXPECT_EQ(render_action(action(own, 3)), "make mon_groups/c1 in resctrl group c1");
  EXPECT_FALSE(std::get<MakeResctrlGroup>(action(own, 0)).must_exist);
  EXPECT_EQ(own.steps[2].setting, "/linux/intelRdt/schemata/1");
  EXPECT_FALSE(std::get<SetSchema>(action(own, 2)).completes) << "it is removed with the container";
  EXPECT_EQ(own.steps[3].setting, "/linux/intelRdt/enableCMT");
  const int joined = first<JoinResctrlGroups>(own);
  EXPECT_GT(joined, first<Spawn>(own) + 1) << "init has to exist, not only the stage";
  EXPECT_LT(joined, first<MakeCgroup>(own));
  const Plan named = plan_of_rdt(R"({"closID": "gold", "schemata": ["L3:0=f", "MB:0=20"]})");
  EXPECT_FALSE(std::get<MakeResctrlGroup>(action(named, 0)).must_exist);
  EXPECT_FALSE(std::get<SetSchema>(action(named, 1)).completes);
  EXPECT_TRUE(std::get<SetSchema>(action(named, 2)).completes);
  EXPECT_EQ(first<MakeMonitorGroup>(named), -1);
  const Plan found = plan_of_rdt(R"({"closID": "gold"})");
  EXPECT_EQ(render_action(action(found, 0)), "find resctrl group gold");
  EXPECT_EQ(render_action(action(found, first<JoinResctrlGroups>(found))),
            "move init into resctrl group gold");
  EXPECT_FALSE(std::get<MakeResctrlGroup>(action(plan_of_rdt("{}"), 0)).must_exist);
  const Plan joining = plan_of_rdt(R"({"schemata": ["L3:0=f"]})", true);
  EXPECT_EQ(first<MakeResctrlGroup>(joining), -1);
  EXPECT_EQ(first<SetSchema>(joining), -1);
  EXPECT_GT(first<JoinResctrlGroups>(joining), -1);
}

TEST(Plan, TheChildNeverWaitsForWhatIsNeverSaid) {
  for (const char* file : {"everything.json", "joined.json"}) {
    const Plan plan = make_plan(parse(read_text(kFolder + file)), circumstances());
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
      const auto* await = std::get_if<Await>(&plan.steps[i].action);
      if (await == nullptr) {
        continue;
      }
      bool told = false;
      for (std::size_t j = 0; j < i; ++j) {
        const auto* tell = std::get_if<Tell>(&plan.steps[j].action);
        told = told || (tell != nullptr && tell->message == await->message);
      }
      EXPECT_TRUE(told) << file << ": " << plan::render_kind(await->message);
    }
  }
}

}  // namespace
}  // namespace boxrun::plan
