#include "runtime/exec/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/exec/clone.h"
#include "tracer/os/argv.h"
#include "tracer/os/file.h"

namespace boxrun::exec {
namespace {

using config::IdMapping;

std::string render_map(const std::vector<IdMapping>& mappings) {
  std::string text;
  for (const IdMapping& mapping : mappings) {
    text += fmt::format("{} {} {}\n", mapping.container_id, mapping.host_id, mapping.size);
  }
  return text;
}

/// What the kernel allows without privilege: one line that maps the writer himself.
bool is_own_id(const std::vector<IdMapping>& mappings, std::uint32_t id) {
  return mappings.size() == 1 && mappings.front().size == 1 && mappings.front().host_id == id;
}

/// newuidmap PID INSIDE OUTSIDE COUNT ...
Result<void> run_map_program(const char* program, pid_t pid,
                             const std::vector<IdMapping>& mappings) {
  std::vector<std::string> words = {program, std::to_string(pid)};
  for (const IdMapping& mapping : mappings) {
    words.push_back(std::to_string(mapping.container_id));
    words.push_back(std::to_string(mapping.host_id));
    words.push_back(std::to_string(mapping.size));
  }
  const std::vector<char*> args = os::make_argv(words);
  pid_t child = 0;
  const int err = ::posix_spawnp(&child, program, nullptr, nullptr, args.data(), environ);
  if (err != 0) {
    return Error{err, fmt::format("posix_spawn({})", program),
                 "mapping other ids than one's own takes newuidmap and newgidmap (package uidmap), "
                 "or map only your own id with size 1"};
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return Error{0, fmt::format("{} refused the mapping", program),
                 "it has to be granted in /etc/subuid and /etc/subgid"};
  }
  return {};
}

Result<void> write_map(pid_t pid, const char* file, const std::vector<IdMapping>& mappings) {
  auto written =
      os::write_control_file(fmt::format("/proc/{}/{}", pid, file), render_map(mappings));
  if (!written.ok()) {
    Error error = std::move(written).error();
    if (error.err == EPERM) {
      error.hint =
          "the ids are not all ours to give: they must be mapped in our own user namespace";
    }
    return error;
  }
  return {};
}

}  // namespace

Result<void> write_id_maps(pid_t pid, const std::vector<IdMapping>& uid,
                           const std::vector<IdMapping>& gid) {
  if (::geteuid() == 0) {
    TRY_OK(write_map(pid, "uid_map", uid));
    return write_map(pid, "gid_map", gid);
  }
  if (is_own_id(uid, ::geteuid())) {
    TRY_OK(write_map(pid, "uid_map", uid));
  } else {
    TRY_OK(run_map_program("newuidmap", pid, uid));
  }
  if (!is_own_id(gid, ::getegid())) {
    return run_map_program("newgidmap", pid, gid);
  }
  TRY_OK(os::write_control_file(fmt::format("/proc/{}/setgroups", pid), "deny"));
  return write_map(pid, "gid_map", gid);
}

Result<void> map_tree(os::BorrowedFd tree, const config::Mount& mount,
                      const config::Config& fallback) {
  const auto& uid = mount.uid_mappings.empty() ? fallback.uid_mappings : mount.uid_mappings;
  const auto& gid = mount.gid_mappings.empty() ? fallback.gid_mappings : mount.gid_mappings;
  if (uid.empty() || gid.empty()) {
    return Error{0, "an id-mapped mount needs uidMappings and gidMappings",
                 "give them with the mount, or map a user namespace"};
  }
  // The mapping is that of a user namespace; one with nobody in it will do.
  const pid_t child = clone_process(CLONE_NEWUSER, -1);
  if (child < 0) {
    return os::errno_error("clone3(CLONE_NEWUSER)");
  }
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  const auto written = write_id_maps(child, uid, gid);
  auto space = os::open_file(fmt::format("/proc/{}/ns/user", child));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  TRY_OK(written);
  if (!space.ok()) {
    return std::move(space).error();
  }
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<__u64>(space.value().get());
  const unsigned deep = mount.options.recursive_idmap ? AT_RECURSIVE : 0;
  if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH | deep, &attributes, sizeof attributes) != 0) {
    const int err = errno;
    return Error{err, fmt::format("mount_setattr({}, MOUNT_ATTR_IDMAP)", base::quote(mount.source)),
                 err == EINVAL ? "the filesystem of the source cannot be id-mapped, or a mount of "
                                 "the tree is id-mapped already"
                               : ""};
  }
  return {};
}

Result<os::UniqueFd> make_idmapped_tree(const config::Mount& mount, const std::string& source,
                                        const config::Config& fallback) {
  const unsigned deep = (mount.options.set_flags & MS_REC) != 0 ? AT_RECURSIVE : 0;
  os::UniqueFd tree{
      ::open_tree(AT_FDCWD, source.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | deep)};
  if (!tree) {
    return os::errno_error(fmt::format("open_tree({}, OPEN_TREE_CLONE)", base::quote(source)));
  }
  TRY_OK(map_tree(tree, mount, fallback));
  return tree;
}

}  // namespace boxrun::exec
