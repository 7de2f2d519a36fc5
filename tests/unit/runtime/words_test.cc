#include "runtime/commands/words.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "runtime/commands/exec_document.h"

namespace boxrun::commands {
namespace {

using Words = std::vector<std::string>;

/// A verb with each kind of option, and one whose options end at the id.
class CommandWords : public ::testing::Test {
 protected:
  void SetUp() override {
    app.add_option("--root", text);
    app.add_flag("--debug", flag);
    for (const char* name : {"run", "exec"}) {
      CLI::App* verb = app.add_subcommand(name, "");
      verb->add_option("id", text);
      verb->add_option("args", list);
      verb->add_option("-b,--bundle", text);
      verb->add_option("--quota", text);
      verb->add_flag("-d,--detach", flag);
      verb->add_flag("-t,--tty", flag);
    }
  }
  [[nodiscard]] Words normalize(const Words& words) const { return normalize_words(app, words); }

  CLI::App app{"test"};
  std::string text;
  Words list;
  bool flag = false;
};

TEST_F(CommandWords, OneDashOrTwoAndAnEqualsSignOrNoneMeanTheSame) {
  const Words wanted = {"run", "--bundle=x", "c"};
  for (const Words& words : {Words{"run", "-b", "x", "c"}, Words{"run", "-b=x", "c"},
                             Words{"run", "--b=x", "c"}, Words{"run", "-bundle", "x", "c"},
                             Words{"run", "-bundle=x", "c"}, Words{"run", "--bundle", "x", "c"}}) {
    EXPECT_EQ(normalize(words), wanted) << words[1];
  }
}

TEST_F(CommandWords, AValueMayLookLikeAnOption) {
  EXPECT_EQ(normalize({"run", "--quota", "-1", "c"}), (Words{"run", "--quota=-1", "c"}));
  EXPECT_EQ(normalize({"run", "-b", "--detach", "c"}), (Words{"run", "--bundle=--detach", "c"}));
}

TEST_F(CommandWords, AnEmptyValueStaysAWord) {
  EXPECT_EQ(normalize({"run", "-b", "", "c"}), (Words{"run", "--bundle", "", "c"}));
  EXPECT_EQ(normalize({"run", "--bundle=", "c"}), (Words{"run", "--bundle", "", "c"}));
}

TEST_F(CommandWords, FlagsTakeNoWordButMayBeToldTrueOrFalse) {
  EXPECT_EQ(normalize({"run", "-d", "c"}), (Words{"run", "--detach", "c"}));
  EXPECT_EQ(normalize({"run", "--detach=false", "c"}), (Words{"run", "--detach=false", "c"}));
  EXPECT_EQ(normalize({"run", "-td", "c"}), (Words{"run", "-td", "c"})) << "CLI11 takes it apart";
}

TEST_F(CommandWords, OptionsOfTheProgramAreNotOurs) {
  EXPECT_EQ(normalize({"exec", "-t", "c", "ls", "-b", "-d"}),
            (Words{"exec", "--tty", "c", "--", "ls", "-b", "-d"}));
  EXPECT_EQ(normalize({"exec", "c", "--", "ls"}), (Words{"exec", "c", "--", "ls"}));
  EXPECT_EQ(normalize({"exec", "--", "c", "-d"}), (Words{"exec", "--", "c", "-d"}));
}

TEST_F(CommandWords, OptionsOfBoxrunComeBeforeTheVerb) {
  EXPECT_EQ(normalize({"-root", "/r", "--debug", "run", "c"}),
            (Words{"--root=/r", "--debug", "run", "c"}));
  EXPECT_EQ(normalize({"run", "c", "run"}), (Words{"run", "c", "run"})) << "an id may be a verb";
}

TEST_F(CommandWords, MistakesAreLeftForCli11) {
  EXPECT_EQ(normalize({"run", "--nosuch", "x"}), (Words{"run", "--nosuch", "x"}));
  EXPECT_EQ(normalize({"run", "-b"}), (Words{"run", "--bundle"}));
  EXPECT_EQ(normalize({}), Words{});
}

// ---- what exec makes of a container's config ----

constexpr const char* kContainer = R"({
  "ociVersion": "1.2.0", "hostname": "h", "root": {"path": "rootfs"},
  "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
  "hooks": {"poststop": [{"path": "/x"}]},
  "process": {"terminal": true, "user": {"uid": 5, "gid": 6}, "args": ["sh"], "cwd": "/home",
              "env": ["PATH=/bin", "A=1"], "capabilities": {"bounding": ["CAP_KILL"],
              "effective": ["CAP_KILL"], "permitted": ["CAP_KILL"], "inheritable": []}},
  "linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}], "maskedPaths": ["/proc/keys"],
            "seccomp": {"defaultAction": "SCMP_ACT_ALLOW"}, "resources": {"pids": {"limit": 3}}}})";

nlohmann::json make_document(const ExecRequest& request) {
  const std::vector<config::Namespace> joined = {{config::NamespaceKind::Pid, "/proc/7/ns/pid"}};
  auto made = make_exec_document(kContainer, request, joined);
  EXPECT_TRUE(made.ok()) << made.error().what;
  return made.ok() ? nlohmann::json::parse(made.value()) : nlohmann::json{};
}

std::string refusal(const ExecRequest& request) {
  const auto made = make_exec_document(kContainer, request, {});
  return made.ok() ? "" : made.error().what;
}

TEST(ExecDocument, KeepsTheProcessAndTheFilterAndNothingThatMakesAContainer) {
  ExecRequest request;
  request.args = {"ls", "-l"};
  const nlohmann::json document = make_document(request);
  EXPECT_EQ(document["process"]["args"], nlohmann::json({"ls", "-l"}));
  EXPECT_EQ(document["process"]["cwd"], "/home");
  EXPECT_EQ(document["process"]["user"]["uid"], 5);
  EXPECT_EQ(document["process"]["terminal"], false) << "a terminal is asked for anew each time";
  EXPECT_EQ(document["linux"]["seccomp"]["defaultAction"], "SCMP_ACT_ALLOW");
  EXPECT_EQ(document["linux"]["namespaces"],
            nlohmann::json::parse(R"([{"type": "pid", "path": "/proc/7/ns/pid"}])"));
  for (const char* key : {"mounts", "hooks", "hostname"}) {
    EXPECT_FALSE(document.contains(key)) << key;
  }
  for (const char* key : {"maskedPaths", "resources"}) {
    EXPECT_FALSE(document["linux"].contains(key)) << key;
  }
}

TEST(ExecDocument, OptionsReplaceWhatTheContainerHas) {
  ExecRequest request;
  request.args = {"ls"};
  request.user = "1000:50";
  request.groups = {"4"};
  request.env = {"A=2", "B=3"};
  request.cwd = "/tmp";
  request.capabilities = {"CAP_NET_ADMIN", "kill"};
  request.no_new_privileges = true;
  const nlohmann::json process = make_document(request)["process"];
  EXPECT_EQ(process["user"]["uid"], 1000);
  EXPECT_EQ(process["user"]["gid"], 50);
  EXPECT_EQ(process["user"]["additionalGids"], nlohmann::json({4}));
  EXPECT_EQ(process["env"], nlohmann::json({"PATH=/bin", "A=2", "B=3"})) << "no name twice";
  EXPECT_EQ(process["cwd"], "/tmp");
  EXPECT_EQ(process["noNewPrivileges"], true);
  for (const char* set : {"bounding", "effective", "permitted"}) {
    EXPECT_EQ(process["capabilities"][set], nlohmann::json({"CAP_KILL", "CAP_NET_ADMIN"})) << set;
  }
  EXPECT_TRUE(process["capabilities"]["inheritable"].empty()) << "CVE-2022-29162";
}

TEST(ExecDocument, AUserWithoutAGroupKeepsTheContainersGroup) {
  ExecRequest request;
  request.args = {"ls"};
  request.user = "9";
  const nlohmann::json process = make_document(request)["process"];
  EXPECT_EQ(process["user"]["uid"], 9);
  EXPECT_EQ(process["user"]["gid"], 6);
}

TEST(ExecDocument, IdsAreReadStrictly) {
  for (const char* user : {"4294967296", "4294967295", "-1", "+1", " 1", "1 ", "1:", ":1", "1:-1",
                           "0x1", "1:2:3", "root", "18446744073709551616", "1.0"}) {
    ExecRequest request;
    request.args = {"id"};
    request.user = user;
    EXPECT_NE(refusal(request).find("is not an id"), std::string::npos) << user;
  }
  ExecRequest request;
  request.args = {"id"};
  request.groups = {"-1"};
  EXPECT_NE(refusal(request).find("--additional-gids"), std::string::npos);
}

TEST(ExecDocument, OtherMistakesAreNamed) {
  ExecRequest request;
  request.args = {"id"};
  request.env = {"NOEQUALS"};
  EXPECT_EQ(refusal(request), "--env: \"NOEQUALS\" is not of the form NAME=value");
  request.env.clear();
  request.capabilities = {"CAP_NOSUCH"};
  EXPECT_EQ(refusal(request), "--cap: unknown capability \"CAP_NOSUCH\"");
  request.capabilities.clear();
  request.process_text = "[]";
  EXPECT_EQ(refusal(request), "--process: the file does not hold a JSON object");
}

}  // namespace
}  // namespace boxrun::commands
