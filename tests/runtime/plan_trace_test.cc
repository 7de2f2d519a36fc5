// The plan, checked against the trace of its execution: boxrun prints its plan (--dry-run),
// boxtrace records it as it works, and each step has to be found in the calls of the process that
// it was for, in its order; what is left over, and could matter, was done without being planned.
//
// A step is known by its line in the plan, and a row of the table says which calls have to be made
// for it and which may be. Calls are written as text:
//
//   mount(proc, ROOT/proc, "proc", , "")      descriptors, /proc/self/fd/N too, are what they show
//   clone3(new mount, pid)                    flags of namespaces as the plan writes them
//
// where ROOT is the root filesystem and STATE boxrun's state directory.

#include <gmock/gmock.h>

#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "tests/runtime/container_fixture.h"
#include "tests/runtime/fake_resctrl.h"

namespace boxrun::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

// ---- calls ----

struct Call {
  std::string text;
  bool matters = false;  ///< it changes something: without a step it is a failure
};

/// Calls that change the process, its namespaces, mounts, rights or files, and those by which
/// boxrun's processes wait for each other.
const std::set<std::string> kMattering = {
    "mount",       "umount2",       "move_mount",  "mount_setattr", "open_tree",
    "fsopen",      "fsmount",       "pivot_root",  "chroot",        "unshare",
    "setns",       "clone",         "clone3",      "fork",          "vfork",
    "setresuid",   "setresgid",     "setuid",      "setgid",        "setreuid",
    "setregid",    "setgroups",     "setfsuid",    "capset",        "seccomp",
    "sethostname", "setdomainname", "mknodat",     "mknod",         "symlinkat",
    "symlink",     "mkdirat",       "mkdir",       "rmdir",         "unlink",
    "unlinkat",    "rename",        "renameat2",   "linkat",        "personality",
    "prlimit64",   "set_mempolicy", "ioprio_set",  "sched_setattr", "sched_setaffinity",
    "keyctl",      "setsid",        "umask",       "chdir",         "fchdir",
    "fchown",      "fchownat",      "fchmod",      "fchmodat",      "write",
    "execve",      "execveat",      "close_range", "sendto",        "recvfrom",
    "sendmsg",     "recvmsg",       "ptrace",      "bpf",           "process_vm_writev",
    "kill"};

/// Looking at something: the only sign of a step that finds nothing to do.
const std::set<std::string> kLooking = {"openat2", "faccessat2", "getcwd"};

const std::map<std::string, std::string> kNamespaceWords = {
    {"CLONE_NEWNS", "mount"},  {"CLONE_NEWPID", "pid"},      {"CLONE_NEWNET", "network"},
    {"CLONE_NEWIPC", "ipc"},   {"CLONE_NEWUTS", "uts"},      {"CLONE_NEWUSER", "user"},
    {"CLONE_NEWTIME", "time"}, {"CLONE_NEWCGROUP", "cgroup"}};

/// `new mount, pid`, in the plan's order, whatever other flags there are.
std::string render_namespaces(const json& flags) {
  std::string text;
  for (const char* word : {"mount", "pid", "network", "ipc", "uts", "user", "cgroup", "time"}) {
    for (const json& flag : flags) {
      const auto found = kNamespaceWords.find(flag.get<std::string>());
      if (found != kNamespaceWords.end() && found->second == word) {
        text += (text.empty() ? "new " : ", ") + found->second;
      }
    }
  }
  return text.empty() ? "no new namespaces" : text;
}

class CallReader {
 public:
  CallReader(std::string rootfs, std::string state)
      : rootfs_(std::move(rootfs)), state_(std::move(state)) {}

  [[nodiscard]] Call read(const json& record) const {
    const std::string name = record["name"];
    const bool done = record["outcome"] == "returned" && record["ret"].get<long>() >= 0;
    std::string arguments;
    for (const json& argument : record["args"]) {
      arguments += (arguments.empty() && &argument == &record["args"].front() ? "" : ", ") +
                   render(argument, record);
    }
    if (name == "clone3" || name == "unshare") {
      const json& first = record["args"][0];
      const json& flags = name == "clone3" ? first["struct"][0]["flags"] : first["flags"];
      arguments = render_namespaces(flags);
      arguments += std::ranges::find(flags, json("CLONE_INTO_CGROUP")) == flags.end()
                       ? ""
                       : ", in the cgroup";
    }
    std::ranges::replace(arguments, '\n', ' ');
    return {name + "(" + arguments + ")", done && matters(name, record)};
  }

 private:
  static bool matters(const std::string& name, const json& record) {
    const json& args = record["args"];
    if (name == "prctl") {
      const std::string what = args[0].value("sym", "");
      return what != "PR_CAPBSET_READ" && what != "PR_SET_NAME" && what != "PR_SET_PDEATHSIG" &&
             !what.starts_with("PR_GET");
    }
    if (name == "seccomp") {
      return args[0].value("sym", "") == "SECCOMP_SET_MODE_FILTER";
    }
    if (name == "prlimit64") {
      return args[2].contains("struct");
    }
    if (name == "openat") {
      return args[2].contains("flags") &&
             std::ranges::find(args[2]["flags"], json("O_CREAT")) != args[2]["flags"].end();
    }
    return kMattering.contains(name);
  }

  std::string render(const json& value, const json& record) const {
    if (value.contains("path")) {
      // What a link shall hold is a text.
      return record["name"] == "symlinkat" && value["n"] == "target"
                 ? value["path"].get<std::string>()
                 : shorten(value["path"], record);
    }
    if (value.contains("at_cwd")) {
      return "CWD";
    }
    if (value.contains("fd")) {
      return shorten("/proc/self/fd/" + std::to_string(value["fd"].get<int>()), record);
    }
    if (value.contains("flags")) {
      std::string text;
      for (const json& flag : value["flags"]) {
        const std::string word = flag;
        text += (text.empty() ? "" : word.starts_with("CAP_") ? " " : "|") + word;
      }
      return text;
    }
    if (value.contains("struct") || value.contains("list")) {
      std::string text;
      for (const json& member : value[value.contains("struct") ? "struct" : "list"]) {
        text += (text.empty() ? "" : " ") +
                (member.contains("n") ? member["n"].get<std::string>() + "=" : "") +
                render(member, record);
      }
      return "{" + text + "}";
    }
    for (const char* plain : {"sym", "oct", "hex"}) {
      if (value.contains(plain)) {
        return value[plain];
      }
    }
    for (const char* number : {"int", "pid"}) {
      if (value.contains(number)) {
        return value[number].dump();
      }
    }
    if (value.contains("s")) {
      return value["s"].is_string() ? "\"" + value["s"].get<std::string>() + "\"" : "bytes";
    }
    return value.value("ptr", "") == "0x0" ? "NULL" : "pointer";
  }

  std::string shorten(std::string path, const json& record) const {
    constexpr std::string_view kOwn = "/proc/self/fd/";
    if (path.starts_with(kOwn) && record.contains("fds")) {
      for (const json& known : record["fds"]) {
        if (std::to_string(known["fd"].get<int>()) == path.substr(kOwn.size())) {
          path = known["target"];
          break;
        }
      }
    }
    for (const auto& [folder, word] : {std::pair{rootfs_, "ROOT"}, {state_, "STATE"}}) {
      if (path.starts_with(folder)) {
        path.replace(0, folder.size(), word);
      }
    }
    return path;
  }

  std::string rootfs_;
  std::string state_;
};

// ---- steps ----

using Calls = std::vector<const char*>;

struct Row {
  const char* step;  ///< the line of the plan, as a regular expression
  Calls must;        ///< $1: what the first group has matched
  Calls may;         ///< besides those of `must`, which may come more than once
};

const bool kAlone = has_cgroup2_alone();
constexpr const char* kMakesGroup = "mkdir\\(/sys/fs/cgroup/(.*/)?$1, .*";
constexpr const char* kShowsGroup = "move_mount\\(/, , ROOT$1, .*";

// clang-format off
const Row kRows[] = {
    // boxrun
    {"boxrun begins", {}, {"open_tree\\(CWD, /proc/self/exe, .*", "mount_setattr\\(.*MOUNT_ATTR_RDONLY.*",
                           "execve(at)?\\(.*", "prctl\\(PR_SET_CHILD_SUBREAPER, 1\\)", "mkdir\\(STATE.*",
                           "openat\\((CWD, )?STATE/.*", "write\\((STATE|/memfd:boxrun-seccomp).*",
                           "rename(at)?\\(STATE/.*"}},
    {"make resctrl group (\\S+) unless it is there", {"mkdir\\(/.*/resctrl/$1, .*"},
     {"openat\\(CWD, STATE/.*", "write\\(STATE/.*", "rename(at2)?\\(.*STATE/.*"}},
    {"write schemata (\\S+) of resctrl group (\\S+), .*", {"write\\(/.*/resctrl/$2/schemata, \"$1 \", .*"}, {}},
    {"make (mon_groups/\\S+) in resctrl group (\\S+)", {"mkdir\\(/.*/resctrl/$2/$1, .*"},
     {"openat\\(CWD, STATE/.*", "write\\(STATE/.*", "rename(at2)?\\(.*STATE/.*", "unlink\\(STATE/.*"}},
    {"move init into resctrl group (\\S+) and its monitoring group",
     {"write\\(/.*/resctrl/$1/tasks, .*", "write\\(/.*/resctrl/$1/mon_groups/.*/tasks, .*"}, {}},
    // The directory of version 2 has to be there when clone3(2) puts the child into it.
    {"place cgroup (\\S+)", kAlone ? Calls{kMakesGroup} : Calls{},
     {"mkdir\\(/sys/fs/cgroup/.*", "openat\\(CWD, STATE/.*", "write\\((STATE|/sys/fs/cgroup)/.*", "rename(at2)?\\(.*STATE/.*",
      "unlink\\(STATE/.*"}},
    {"make cgroup (\\S+?)(: .*)?", kAlone ? Calls{} : Calls{kMakesGroup},
     {"mkdir\\(/sys/fs/cgroup/.*", "bpf\\(BPF_PROG_(LOAD|QUERY|ATTACH), .*", "write\\(/sys/fs/cgroup/.*", "openat\\(CWD, STATE/.*",
      "write\\(STATE/.*", "rename(at2)?\\(.*STATE/.*", "unlink\\(STATE/.*"}},
    {"clone \\S+ with ((new [a-z, ]*?|no new namespaces), in the cgroup)", {"clone3\\($1\\)"}, {}},
    // Into that of version 2, beside those of version 1, is no step of its own.
    {"clone \\S+ with (new [a-z, ]*?|no new namespaces)(, as a child of boxrun)?",
     {"clone3\\($1(, in the cgroup)?\\)"}, {}},
    {"write uid_map .*", {"write\\(/proc/\\d+/uid_map, .*", "write\\(/proc/\\d+/gid_map, .*"}, {}},
    {"raise the hard limit .*", {}, {"prlimit64\\(.*"}},
    {"write oom_score_adj (-?\\d+)", {"write\\(/proc/\\d+/oom_score_adj, \"$1\", .*"}, {}},
    {"record the state: created", {"renameat2\\(CWD, STATE/.*, CWD, STATE/.*state.json, RENAME_EXCHANGE\\)"},
     {"unlink\\(STATE/.*state.json.new\\)"}},
    {"tell: cgroup made", {"sendmsg\\(.*"},
     {"openat\\(CWD, STATE/.*", "write\\(STATE/.*", "rename\\(STATE/.*config.json\\)"}},
    {"tell: .*", {"sendmsg\\(.*"}, {}},
    {"wait: .*", {"recvmsg\\(.*"}, {}},
    {"boxrun ends", {}, {"recvmsg\\(.*", "rmdir\\((STATE|/sys/fs/cgroup|.*/resctrl)/.*", "unlink\\(STATE/.*"}},
    // the namespaces
    {"unshare: (new .*)", {"unshare\\($1\\)"}, {}},
    {"become root of the user namespace", {"setresgid\\(0, 0, 0\\)", "setresuid\\(0, 0, 0\\)"},
     {"prctl\\(PR_SET_DUMPABLE, .*"}},
    {"write timens_offsets .*", {"write\\(/proc/[^/]*/timens_offsets, .*"}, {"prctl\\(PR_SET_DUMPABLE, .*"}},
    // init
    {"init begins", {}, {"prctl\\(PR_SET_DUMPABLE, .*"}},
    {"move into the cgroup", {"write\\(/sys/fs/cgroup/.*/(tasks|cgroup.procs), \"0\", 1\\)"}, {}},
    {"move into the cgroup, unless made in it", {}, {}},
    {"bring up the loopback interface", {}, {}},
    {"start a new session", {"setsid\\(\\)"}, {}},
    {"join the session keyring (\\S+)", {"keyctl\\(KEYCTL_JOIN_SESSION_KEYRING, \"$1\"\\)"}, {}},
    {"write (/proc/sys/\\S+) (\".*\")", {"write\\($1, $2, .*"}, {}},
    {"make the copied mount table rslave", {"mount\\(NULL, /, NULL, MS_REC.MS_SLAVE, NULL\\)"}, {}},
    {"root filesystem (\\S+)", {"mount\\(ROOT, ROOT, NULL, MS_BIND.MS_REC, NULL\\)"},
     {"mount\\(NULL, .*, NULL, MS_PRIVATE, NULL\\)"}},
    {"mount cgroup on (\\S+) .*", kAlone ? Calls{kShowsGroup} : Calls{"mount\\([^,]*, ROOT$1, \"tmpfs\", .*", kShowsGroup},
     {"open_tree\\(CWD, /sys/fs/cgroup/.*", "mount_setattr\\(/, .*", "mount\\(.*, ROOT$1.*", "mkdirat\\(ROOT.*", "symlinkat\\([^,]*, ROOT$1, .*"}},
    {"mount (\\S+) on (\\S+)( .*)?", {"openat2\\(ROOT, $2, .*", "mount\\([^,]*, ROOT$2, \"$1\", .*"}, {"mkdirat\\(ROOT.*"}},
    {"bind (/\\S+) on (\\S+)( .*)?", {"openat2\\(ROOT, $2, .*", "mount\\($1, ROOT$2, NULL, MS_BIND.*"},
     {"mkdirat\\(ROOT.*", "openat\\(ROOT.*", "mount\\(NULL, ROOT$2, .*", "mount_setattr\\(ROOT$2, .*"}},
    {"make device (/\\S+)/([^/ ]+) \\(. (\\d+):(\\d+)\\)", {"mknodat\\(ROOT$1, $2, .*, \\{major=$3 minor=$4\\}\\)"},
     {"fchmodat\\(ROOT$1, $2, .*", "fchownat\\(ROOT$1, $2, .*"}},
    {"bind device (/\\S+) \\(.*", {"mount\\($1, ROOT$1, NULL, MS_BIND.*"}, {"openat\\(ROOT/dev, .*"}},
    {"link (/\\S+)/(\\S+) -> (\\S+)", {"symlinkat\\($3, ROOT$1, $2\\)"}, {}},
    {"run \\d+ \\S+ hooks?", {"(clone|clone3|vfork|fork)\\(.*"}, {"fchdir\\(ROOT\\)", "write\\(.*", "kill\\(.*"}},
    {"make read-only /", {"mount\\(NULL, [^,]*, NULL, .*MS_RDONLY.*"}, {}},
    {"make read-only (\\S+)", {"openat2\\(ROOT, $1, .*"}, {"open_tree\\(ROOT$1, .*", "mount_setattr\\(/, .*MOUNT_ATTR_RDONLY.*",
                                                           "move_mount\\(/, , ROOT$1, .*"}},
    {"mask (\\S+)", {"openat2\\(ROOT, $1, .*"}, {"mount\\([^,]*, ROOT$1, .*"}},
    {"pivot_root into .*", {"pivot_root\\(\\., \\.\\)", "umount2\\(\\., MNT_DETACH\\)"},
     {"fchdir\\(.*", "chdir\\(/\\)", "mount\\(NULL, \\., NULL, .*"}},
    {"make directory (\\S+) if missing", {"openat2\\(.*"}, {"mkdirat\\(.*"}},
    {"sethostname (\\S+)", {"sethostname\\(\"$1\", .*"}, {}},
    {"setdomainname (\\S+)", {"setdomainname\\(\"$1\", .*"}, {}},
    {"umask 0*(\\d+)", {"umask\\(0*$1\\)"}, {}},
    {"chdir (\\S+)", {"chdir\\($1\\)", "getcwd\\($1, .*"}, {}},
    {"verify the working directory .*", {}, {}},
    {"limit (\\S+) to (\\d+) \\(hard (\\d+)\\)", {"prlimit64\\(0, $1, \\{rlim_cur=$2 rlim_max=$3\\}, .*"}, {}},
    {"make standard streams the container's own: .*", {}, {"fchown\\(.*"}},
    {"set no_new_privs", {"prctl\\(PR_SET_NO_NEW_PRIVS, 1, .*"}, {}},
    {"bounding set: .*", {"prctl\\(PR_CAPBSET_DROP, .*"}, {}},
    {"become uid (\\d+), gid (\\d+).*", {"setgroups\\(.*", "setresgid\\($2, $2, $2\\)", "setresuid\\($1, $1, $1\\)"},
     {"prctl\\(PR_SET_KEEPCAPS, 1.*", "prctl\\(PR_SET_DUMPABLE, SUID_DUMP_DISABLE\\)"}},
    {"capabilities: effective ([^,]*), permitted ([^,]*), inheritable none, .*",
     {"capset\\(.*\\{effective=$1 permitted=$2 inheritable=\\}\\)"}, {"prctl\\(PR_CAP_AMBIENT, .*"}},
    {"find the program (\\S+)", {"faccessat2\\(.*$1, X_OK, .*"}, {}},
    {"close on exec: all descriptors from (\\d+) on", {"close_range\\($1, \\d+, CLOSE_RANGE_CLOEXEC\\)"}, {}},
    {"load the seccomp filter .*", {"seccomp\\(SECCOMP_SET_MODE_FILTER, .*"}, {}},
    {"execve (\\S+).*", {"execve\\(.*$1, .*"}, {}},
};
// clang-format on

std::string escape(const std::string& text) {
  static const std::regex kSpecial{R"([.^$|()\[\]{}*+?\\])"};
  return std::regex_replace(text, kSpecial, R"(\$&)");
}

/// A step of one plan: what its row says, with the step's own words put in.
struct Step {
  std::string line;
  std::vector<std::pair<std::regex, bool>> must;  ///< and whether it has been seen
  std::vector<std::regex> may;

  [[nodiscard]] bool takes(const std::string& call) {
    for (auto& [pattern, seen] : must) {
      if (std::regex_match(call, pattern)) {
        seen = true;
        return true;
      }
    }
    return std::ranges::any_of(
        may, [&call](const std::regex& pattern) { return std::regex_match(call, pattern); });
  }
  [[nodiscard]] bool is_done() const {
    return std::ranges::all_of(must, [](const auto& entry) { return entry.second; });
  }
};

/// @returns nothing when no row knows the step
std::optional<Step> make_step(const std::string& line) {
  for (const Row& row : kRows) {
    std::smatch groups;
    if (!std::regex_match(line, groups, std::regex{row.step})) {
      continue;
    }
    const auto pattern_of = [&groups](std::string pattern) {
      for (std::size_t i = 1; i < groups.size(); ++i) {
        const std::string place = "$" + std::to_string(i);
        const std::string text = groups[i] == "none" ? "" : escape(groups[i].str());
        for (auto at = pattern.find(place); at != std::string::npos;
             at = pattern.find(place, at + text.size())) {
          pattern.replace(at, place.size(), text);
        }
      }
      return std::regex{pattern};
    };
    Step step{line, {}, {}};
    for (const char* pattern : row.must) {
      step.must.emplace_back(pattern_of(pattern), false);
    }
    for (const char* pattern : row.may) {
      step.may.push_back(pattern_of(pattern));
    }
    return step;
  }
  return std::nullopt;
}

/// What is wrong between the steps of one process and its calls.
std::vector<std::string> compare(std::vector<Step> steps, const std::vector<Call>& calls) {
  std::vector<std::string> wrong;
  std::size_t at = 0;
  for (const Call& call : calls) {
    std::size_t found = at;
    while (found < steps.size() && !steps[found].takes(call.text)) {
      // The next step's calls begin only when this step's have all been made.
      found = steps[found].is_done() ? found + 1 : steps.size();
    }
    if (found < steps.size()) {
      at = found;
    } else if (call.matters) {
      wrong.push_back("not planned, in the step \"" + steps[at].line + "\": " + call.text);
    }
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (!steps[i].is_done()) {
      wrong.push_back("not done: " + steps[i].line);
    }
  }
  return wrong;
}

// ---- both ----

using Plan = std::map<std::string, std::vector<std::string>>;  ///< lines by who does them
using Words = std::vector<std::string>;

Plan parse_plan(const std::string& text) {
  static const std::regex kLine{R"(\s*\d+  (\S+)\s+(.*?)(  \[/[^ ]*\])?)"};
  Plan plan;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    std::smatch parts;
    EXPECT_TRUE(std::regex_match(line, parts, kLine)) << line;
    plan[parts[1]].push_back(parts[2]);
  }
  return plan;
}

/// Calls by who made them. A process is known by its birth: boxrun is the first, and each clone3(2)
/// of boxrun or of the stage makes the next in line.
std::map<std::string, std::vector<Call>> read_calls(const std::string& trace, bool staged,
                                                    const CallReader& reader) {
  const std::vector<std::string> kinds =
      staged ? std::vector<std::string>{"boxrun", "[1:NS]", "[2:INIT]"}
             : std::vector<std::string>{"boxrun", "[2:INIT]"};
  std::map<int, std::size_t> tasks = {{1, 0}};
  std::set<int> over;
  std::map<std::string, std::vector<Call>> calls;
  std::istringstream lines{trace};
  for (std::string line; std::getline(lines, line);) {
    const json record = json::parse(line);
    if (record["type"] != "syscall" || !tasks.contains(record["task"]) ||
        over.contains(record["task"])) {
      continue;
    }
    const std::size_t kind = tasks[record["task"]];
    const std::string name = record["name"];
    if (name == "clone3" && record.contains("child") && kind + 1 < kinds.size() &&
        tasks.size() == kind + 1) {
      tasks[record["child"]] = kind + 1;
    }
    const Call call = reader.read(record);
    if (call.matters || kLooking.contains(name)) {
      calls[kinds[kind]].push_back(call);
    }
    if (name == "execve" && record["ret"] == 0) {
      if (kind != 0) {
        over.insert(record["task"].get<int>());  // from here on it is the program
      } else if (call.text.starts_with("execve(" BOXRUN_PROGRAM)) {
        calls[kinds[kind]].clear();  // before, it was what becomes boxrun
      }
    }
  }
  return calls;
}

class PlanAndTrace : public ContainerTest {
 protected:
  /// The plan and the calls of one run of `config`, by boxrun or by what becomes boxrun.
  void run_and_record(const std::function<Words(const Words&)>& become_boxrun =
                          [](const Words& words) { return words; }) {
    config["process"]["args"] = {"true"};
    write_config();
    const Ended planned = boxrun({"run", "--dry-run", "-b", folder + "/bundle", id});
    ASSERT_EQ(planned.status, 0) << planned.err;
    plan = parse_plan(planned.out);
    Words words = {BOXTRACE_PROGRAM, "record", "--calls", "every", "-o", folder + "/trace", "--"};
    std::ranges::copy(become_boxrun({BOXRUN_PROGRAM, "--root", folder + "/state", "run", "-b",
                                     folder + "/bundle", id}),
                      std::back_inserter(words));
    const Ended recorded = run_command({words});
    ASSERT_EQ(recorded.status, 0) << recorded.err;
    calls = read_calls(read_text(folder + "/trace"), plan.contains("[1:NS]"),
                       CallReader{rootfs(), folder + "/state"});
  }

  /// A line for each.
  [[nodiscard]] std::string differences() const {
    std::string all;
    for (const auto& [actor, lines] : plan) {
      std::vector<Step> steps;
      const auto add = [&steps, &all](const std::string& line) {
        auto step = make_step(line);
        if (step) {
          steps.push_back(std::move(*step));
        } else {
          all += "no row for the step: " + line + "\n";
        }
      };
      add(actor == "boxrun" ? "boxrun begins" : "init begins");
      for (const std::string& line : lines) {
        add(line);
      }
      if (actor == "boxrun") {
        add("boxrun ends");
      }
      const auto made = calls.find(actor);
      for (const std::string& wrong :
           compare(std::move(steps), made == calls.end() ? std::vector<Call>{} : made->second)) {
        all += actor + ": " + wrong + "\n";
      }
    }
    return all;
  }

  Plan plan;
  std::map<std::string, std::vector<Call>> calls;
};

TEST_F(PlanAndTrace, TheDefaultConfigIsDoneAsPlannedAndNothingElse) {
  run_and_record();
  EXPECT_EQ(differences(), "");
}

TEST_F(PlanAndTrace, ConfigsWithMuchInThemAreDoneAsPlanned) {
  std::filesystem::create_directory(folder + "/bundle/data");
  config["root"]["readonly"] = false;
  config["mounts"].push_back({{"destination", "/data"},
                              {"type", "bind"},
                              {"source", "data"},
                              {"options", {"rbind", "ro", "nosuid"}}});
  config["process"]["cwd"] = "/made/for/it";
  config["process"]["user"] = {{"uid", 1000}, {"gid", 1001}, {"additionalGids", {5, 6}}};
  config["process"]["oomScoreAdj"] = 100;
  config["domainname"] = "example.org";
  config["hooks"] = {{"createRuntime", {{{"path", "/bin/true"}}}},
                     {"createContainer", {{{"path", "/bin/true"}}}}};
  config["linux"]["sysctl"] = {{"net.ipv4.ip_forward", "1"}};
  config["linux"]["resources"]["pids"] = {{"limit", 50}};
  config["linux"]["seccomp"] = {
      {"defaultAction", "SCMP_ACT_ALLOW"},
      {"syscalls", {{{"names", {"swapon"}}, {"action", "SCMP_ACT_ERRNO"}}}}};
  run_and_record();
  EXPECT_EQ(differences(), "");
}

TEST_F(PlanAndTrace, UserAndTimeNamespacesAreMadeAsPlanned) {
  map_users(100000, 65536);
  add_namespace("time");
  config["linux"]["timeOffsets"] = {{"boottime", {{"secs", 7200}, {"nanosecs", 5}}}};
  run_and_record();
  EXPECT_TRUE(plan.contains("[1:NS]"));
  EXPECT_EQ(differences(), "");
}

TEST_F(PlanAndTrace, GroupsOfResctrlAreMadeAsPlanned) {
  const FakeResctrl resctrl{folder};
  if (!resctrl.is_mounted()) {
    GTEST_SKIP() << "needs /dev/fuse";
  }
  config["linux"]["intelRdt"] = {
      {"l3CacheSchema", "L3:0=f"}, {"memBwSchema", "MB:0=20"}, {"enableMonitoring", true}};
  run_and_record([&resctrl](const Words& words) { return resctrl.seen_by(words); });
  EXPECT_EQ(differences(), "");
}

TEST_F(PlanAndTrace, AStepTooManyOrTooFewIsNoticed) {
  run_and_record();
  auto& steps = plan["[2:INIT]"];
  const auto hostname = std::ranges::find(steps, "sethostname boxrun");
  ASSERT_NE(hostname, steps.end());
  *hostname = "mask /proc/uptime";
  EXPECT_THAT(differences(), HasSubstr("[2:INIT]: not done: mask /proc/uptime\n"));
  steps.erase(hostname);
  EXPECT_EQ(
      differences(),
      "[2:INIT]: not planned, in the step \"make read-only /\": sethostname(\"boxrun\", 6)\n");
}

// ---- boxrun --trace ----

TEST_F(PlanAndTrace, BoxrunHasItselfRecorded) {
  const std::string path =
      "PATH=" + std::filesystem::path{BOXTRACE_PROGRAM}.parent_path().string() + ":/usr/bin:/bin";
  config["process"]["args"] = {"sh", "-c", "echo out; exit 7"};
  write_config();
  const Ended ended =
      run_command({{"env", path, BOXRUN_PROGRAM, "--root", folder + "/state", "--trace",
                    folder + "/trace-%p", "run", "-b", folder + "/bundle", id}});
  EXPECT_EQ(ended.status, 7) << ended.err;
  EXPECT_EQ(ended.out, "out\n");
  std::string trace;
  for (int attempt = 0; attempt < 200 && trace.find("\"type\":\"end\"") == std::string::npos;
       ++attempt) {
    ::usleep(20'000);
    for (const auto& entry : std::filesystem::directory_iterator{folder}) {
      if (entry.path().filename().string().starts_with("trace-")) {
        trace = read_text(entry.path());
      }
    }
  }
  for (const char* part : {"\"name\":\"pivot_root\"", "\"name\":\"capset\"", "\"name\":\"rmdir\"",
                           "\"type\":\"end\""}) {
    EXPECT_NE(trace.find(part), std::string::npos) << part;
  }
}

TEST_F(PlanAndTrace, WithoutARecorderOrAPlaceForItsTraceNothingRuns) {
  config["process"]["args"] = {"echo", "it ran"};
  write_config();
  const auto traced = [this](const std::string& path, const std::string& file) {
    return run_command({{"/usr/bin/env", "PATH=" + path, BOXRUN_PROGRAM, "--root",
                         folder + "/state", "--trace", file, "run", "-b", folder + "/bundle", id}});
  };
  const Ended without = traced("/nosuch", folder + "/trace");
  EXPECT_EQ(without.status, 1);
  EXPECT_THAT(without.err, HasSubstr("--trace: boxtrace is neither beside boxrun nor in PATH"));
  const Ended nowhere = traced(std::filesystem::path{BOXTRACE_PROGRAM}.parent_path().string(),
                               "/nosuch/folder/trace");
  EXPECT_EQ(nowhere.status, 1);
  EXPECT_THAT(nowhere.err, HasSubstr("/nosuch/folder/trace"));
  EXPECT_EQ(without.out + nowhere.out, "");
}

}  // namespace
}  // namespace boxrun::tests
