#include "tracer/model/roles.h"

#include <algorithm>
#include <iterator>

#include "tracer/base/text.h"

namespace boxtrace::model {
namespace {

// One rule. Every part that is not empty must hold; the first rule whose parts hold wins.
struct Rule {
  std::string_view program;  // base name of the executable or of argv[0]; may end with `*`
  std::string_view words;    // arguments that must be there, one behind the other
  std::string_view comm;     // the thread's name starts like this
  RoleKind kind = RoleKind::Program;
  std::string_view name;  // empty: the comm as it is
  std::string_view purpose;
  bool is_daemon = false;
};

// Stages first: a stage names itself and still has its runtime's program and arguments.
constexpr Rule kRules[] = {
    {"", "", "runc:[0:PARENT]", RoleKind::Stage, "", "stage 0: stays outside for id maps"},
    {"", "", "runc:[1:CHILD]", RoleKind::Stage, "", "stage 1: makes the namespaces"},
    {"", "", "runc:[2:INIT]", RoleKind::Stage, "", "stage 2: will be the container"},
    {"", "", "boxrun:[1", RoleKind::Stage, "", "stage 1: makes the namespaces"},
    {"", "", "boxrun:[2", RoleKind::Stage, "", "stage 2: will be the container"},
    {"", "", "boxrun:[", RoleKind::Stage, "", "a stage of boxrun"},
    {"", "", "crun:[", RoleKind::Stage, "", "a stage of crun"},

    {"buildah-chroot-runtime", "", "", RoleKind::Stage, "buildah-chroot-runtime",
     "buildah's own runtime: makes a chroot"},
    {"buildah-chroot-exec", "", "", RoleKind::Stage, "buildah-chroot-exec", "will be the command"},
    {"buildah-oci-runtime", "", "", RoleKind::Stage, "buildah-oci-runtime",
     "buildah, minding a runtime"},

    {"runc", "init", "", RoleKind::Stage, "runc init", "the runtime, started again inside"},
    {"runc", "run", "", RoleKind::Runtime, "runc run", "OCI runtime: create and start in one"},
    {"runc", "create", "", RoleKind::Runtime, "runc create",
     "OCI runtime: makes the container, does not start it"},
    {"runc", "start", "", RoleKind::Runtime, "runc start",
     "OCI runtime: lets the waiting container go"},
    {"runc", "exec", "", RoleKind::Runtime, "runc exec",
     "OCI runtime: one more process in a container"},
    {"runc", "delete", "", RoleKind::Runtime, "runc delete", "OCI runtime: removes what is left"},
    {"runc", "kill", "", RoleKind::Runtime, "runc kill", "OCI runtime: sends a signal"},
    {"runc", "", "", RoleKind::Runtime, "runc", "OCI runtime"},
    {"crun", "run", "", RoleKind::Runtime, "crun run", "OCI runtime: create and start in one"},
    {"crun", "create", "", RoleKind::Runtime, "crun create",
     "OCI runtime: makes the container, does not start it"},
    {"crun", "start", "", RoleKind::Runtime, "crun start",
     "OCI runtime: lets the waiting container go"},
    {"crun", "exec", "", RoleKind::Runtime, "crun exec",
     "OCI runtime: one more process in a container"},
    {"crun", "delete", "", RoleKind::Runtime, "crun delete", "OCI runtime: removes what is left"},
    {"crun", "", "", RoleKind::Runtime, "crun", "OCI runtime"},
    {"boxrun", "run", "", RoleKind::Runtime, "boxrun run", "OCI runtime: create and start in one"},
    {"boxrun", "create", "", RoleKind::Runtime, "boxrun create",
     "OCI runtime: makes the container, does not start it"},
    {"boxrun", "start", "", RoleKind::Runtime, "boxrun start",
     "OCI runtime: lets the waiting container go"},
    {"boxrun", "delete", "", RoleKind::Runtime, "boxrun delete",
     "OCI runtime: removes what is left"},
    {"boxrun", "kill", "", RoleKind::Runtime, "boxrun kill", "OCI runtime: sends a signal"},
    {"boxrun", "", "", RoleKind::Runtime, "boxrun", "OCI runtime"},
    {"youki", "", "", RoleKind::Runtime, "youki", "OCI runtime"},
    {"bwrap", "", "", RoleKind::Sandbox, "bwrap", "makes a sandbox without a daemon or a bundle"},
    {"unshare", "", "", RoleKind::Sandbox, "unshare", "makes namespaces, runs a command in them"},
    {"nsenter", "", "", RoleKind::Sandbox, "nsenter", "joins namespaces, runs a command in them"},
    {"setpriv", "", "", RoleKind::Sandbox, "setpriv", "changes privileges, runs a command"},
    {"chroot", "", "", RoleKind::Sandbox, "chroot", "changes the root directory, runs a command"},
    {"systemd-nspawn", "", "", RoleKind::Sandbox, "systemd-nspawn", "boots a container"},
    {"lxc-start", "", "", RoleKind::Sandbox, "lxc-start", "starts a container's init"},
    {"lxc-execute", "", "", RoleKind::Sandbox, "lxc-execute", "runs a command in a container"},
    {"lxc-attach", "", "", RoleKind::Sandbox, "lxc-attach", "joins a container"},
    {"lxc-usernsexec", "", "", RoleKind::Sandbox, "lxc-usernsexec",
     "runs a command in a user namespace"},
    {"firejail", "", "", RoleKind::Sandbox, "firejail", "set-user-ID sandbox"},
    {"minijail0", "", "", RoleKind::Sandbox, "minijail0", "runs a command in a sandbox"},
    {"nsjail", "", "", RoleKind::Sandbox, "nsjail", "runs a command in a sandbox"},
    {"capsh", "", "", RoleKind::Sandbox, "capsh", "changes capabilities, runs a command"},
    {"schroot", "", "", RoleKind::Sandbox, "schroot", "runs a command in a chroot of its list"},
    {"ch-run", "", "", RoleKind::Sandbox, "ch-run", "runs a command in an unpacked image"},
    {"rootlesskit", "", "", RoleKind::Sandbox, "rootlesskit", "namespaces for a rootless engine"},
    {"podman", "unshare", "", RoleKind::Sandbox, "podman unshare",
     "runs a command in podman's user namespace"},
    {"buildah", "unshare", "", RoleKind::Sandbox, "buildah unshare",
     "runs a command in buildah's user namespace"},
    {"buildah-in-a-user-namespace", "unshare", "", RoleKind::Sandbox, "buildah unshare",
     "runs a command in buildah's user namespace"},
    {"lxc-monitord", "", "", RoleKind::Monitor, "lxc-monitord", "says what becomes of containers"},
    // What firejail runs inside on the way: generates filters, copies files, sets up the network.
    {"fseccomp", "", "", RoleKind::Aide, "fseccomp", "writes a seccomp filter for firejail"},
    {"fsec-optimize", "", "", RoleKind::Aide, "fsec-optimize", "shortens a filter for firejail"},
    {"fsec-print", "", "", RoleKind::Aide, "fsec-print", "prints a filter for firejail"},
    {"fcopy", "", "", RoleKind::Aide, "fcopy", "copies files for firejail"},
    {"fldd", "", "", RoleKind::Aide, "fldd", "lists libraries for firejail"},
    {"fnet", "", "", RoleKind::Aide, "fnet", "sets up interfaces for firejail"},
    {"fnetfilter", "", "", RoleKind::Aide, "fnetfilter", "firewall rules for firejail"},

    {"containerd-shim*", "start", "", RoleKind::Monitor, "shim start",
     "forks the real shim and exits", true},
    {"containerd-shim*", "delete", "", RoleKind::Monitor, "shim delete", "cleans up after a shim",
     true},
    {"containerd-shim*", "", "", RoleKind::Monitor, "shim",
     "stays with the container, keeps its stdio and exit status", true},
    {"conmon", "", "", RoleKind::Monitor, "conmon",
     "stays with the container, keeps its stdio and exit status", true},
    {"conmonrs", "", "", RoleKind::Monitor, "conmonrs", "stays with the containers of a pod", true},
    {"dockerd", "", "", RoleKind::Engine, "dockerd", "the engine: images, networks, the API", true},
    {"containerd", "", "", RoleKind::Engine, "containerd", "supervises containers through shims",
     true},
    {"buildah", "", "", RoleKind::Engine, "buildah", "builds images without a daemon"},
    {"buildah-in-a-user-namespace", "", "", RoleKind::Engine, "buildah", "buildah, inside"},
    {"buildkitd", "", "", RoleKind::Engine, "buildkitd", "builds images in containers", true},
    {"crio", "", "", RoleKind::Engine, "crio", "engine for Kubernetes", true},
    {"docker", "", "", RoleKind::Engine, "docker", "client: asks dockerd over a socket"},
    {"podman", "system service", "", RoleKind::Engine, "podman service", "podman, serving its API",
     true},
    {"podman", "", "", RoleKind::Engine, "podman", "engine without a daemon"},
    // Both are dockerd by another name: a program whose own start takes a thousand calls.
    {"libnetwork-setkey", "", "", RoleKind::Aide, "libnetwork-setkey",
     "hook: hands the network namespace to dockerd", true},
    {"set-ipv6", "", "", RoleKind::Aide, "set-ipv6", "dockerd, stepping into the network namespace",
     true},
    {"docker-proxy", "", "", RoleKind::Aide, "docker-proxy", "forwards a published port"},
    {"newuidmap", "", "", RoleKind::Aide, "newuidmap",
     "writes the uid map with privilege, within /etc/subuid"},
    {"newgidmap", "", "", RoleKind::Aide, "newgidmap",
     "writes the gid map with privilege, within /etc/subgid"},
    {"fuse-overlayfs", "", "", RoleKind::Aide, "fuse-overlayfs",
     "overlay filesystem without privilege"},
    {"slirp4netns", "", "", RoleKind::Aide, "slirp4netns", "network without privilege"},
    {"iptables", "", "", RoleKind::Aide, "iptables", "firewall rules"},
};

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// `containerd-current`, `docker-runc`, `runc.amd64` are old names of the same programs.
bool is_program(std::string_view name, std::string_view wanted) {
  constexpr std::string_view kSuffix = "-current";
  constexpr std::string_view kPrefix = "docker-";
  if (wanted.ends_with('*')) {
    return name.starts_with(wanted.substr(0, wanted.size() - 1));
  }
  if (name == wanted) {
    return true;
  }
  if (name.ends_with(kSuffix)) {
    name.remove_suffix(kSuffix.size());
  }
  if (name.starts_with(kPrefix) && wanted != "docker-proxy") {
    name.remove_prefix(kPrefix.size());
  }
  return name == wanted;
}

bool has_words(const std::vector<std::string>& argv, std::string_view words) {
  const std::vector<std::string_view> wanted = base::split(words, ' ');
  return std::search(argv.begin() + (argv.empty() ? 0 : 1), argv.end(), wanted.begin(),
                     wanted.end()) != argv.end();
}

// The first rule that fits a process of this program; null if there is none.
const Rule* find_rule(std::string_view program, const RoleInput& input) {
  const auto* const found =
      std::find_if(std::begin(kRules), std::end(kRules), [&](const Rule& rule) {
        return (rule.program.empty() || is_program(program, rule.program)) &&
               (rule.words.empty() || has_words(input.argv, rule.words)) &&
               (rule.comm.empty() || input.comm.starts_with(rule.comm));
      });
  return found == std::end(kRules) ? nullptr : found;
}

}  // namespace

Role find_role(const RoleInput& input) {
  const std::string_view program =
      input.argv.empty() ? base_name(input.exe) : base_name(input.argv.front());
  const bool hook = input.in_parents_pid_ns && (input.parent_role.starts_with("runc:[2") ||
                                                input.parent_role.starts_with("boxrun:[2"));
  // argv[0] comes first: dockerd starts itself under the names of its helpers. A container's
  // program may be called anything, but then its executable is none of ours.
  const Rule* rule = find_rule(program, input);
  if (rule == nullptr && !input.exe.empty()) {
    rule = find_rule(base_name(input.exe), input);
  }
  if (rule != nullptr) {
    return {rule->kind, std::string(rule->name.empty() ? input.comm : rule->name),
            std::string(rule->purpose), rule->is_daemon};
  }
  if (hook) {
    return {RoleKind::Aide, std::string(program), "hook, run inside the container", false};
  }
  return {RoleKind::Program, std::string(program.empty() ? input.comm : program), "", false};
}

}  // namespace boxtrace::model
