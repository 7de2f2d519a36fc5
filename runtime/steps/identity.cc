// Users and groups.
//
// Order: groups, gid, uid; after setresuid(2) the right to change the others is gone. Leaving uid 0
// clears the permitted capabilities unless PR_SET_KEEPCAPS is set, and the effective ones always;
// SetCapabilities, which follows, gives back what the config grants.
//
// Groups that are not mapped cannot be set, but kept: files that the caller may read through one of
// his groups stay readable, although the group has no number inside.
//
// In a user namespace whose gid_map was written without privilege, setgroups(2) is denied:
// otherwise a user could drop a group that a file's mode uses to lock its members out.
//
// Sources: credentials(7); capabilities(7), "Effect of user ID changes on capabilities";
// user_namespaces(7), "The /proc/pid/setgroups file".

#include <errno.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/steps/steps.h"

namespace boxrun::steps {
namespace {

Outcome refuse_id(int err, const char* call, std::uint32_t id) {
  Outcome outcome = Outcome::refused(err, "%s(%u)", call, id);
  if (err == EINVAL) {
    outcome.hint("id %u is not mapped in the user namespace: extend uidMappings and gidMappings",
                 id);
  } else if (err == EPERM) {
    outcome.hint("needs CAP_SETUID and CAP_SETGID");
  }
  return outcome;
}

Outcome set_ids(std::uint32_t uid, std::uint32_t gid) {
  if (::syscall(SYS_setresgid, gid, gid, gid) != 0) {
    return refuse_id(errno, "setresgid", gid);
  }
  if (::syscall(SYS_setresuid, uid, uid, uid) != 0) {
    return refuse_id(errno, "setresuid", uid);
  }
  return Outcome::done();
}

}  // namespace

Outcome run(const plan::BecomeRoot&, Inside&) {
  STEP_OK(set_ids(0, 0));
  // A rootless boxrun has just written the maps into our /proc, which it could not have done had we
  // been undumpable. From here on nobody in the new namespaces may look into this process.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return Outcome::refused(errno, "prctl(PR_SET_DUMPABLE, 0)");
  }
  return Outcome::done();
}

Outcome run(const plan::SetUser& step, Inside& inside) {
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) {
    return Outcome::refused(errno, "prctl(PR_SET_KEEPCAPS, 1)");
  }
  const auto& groups = step.user.additional_gids;
  using Groups = plan::SetUser::Groups;
  if (step.groups == Groups::Set) {
    static_assert(sizeof(gid_t) == sizeof(std::uint32_t));
    if (::syscall(SYS_setgroups, groups.size(), groups.data()) != 0) {
      const int err = errno;
      // EPERM with nothing to set: the gid_map was written without setgroups.
      if (err != EPERM || !groups.empty()) {
        return Outcome::refused(err, "setgroups(%zu groups)", groups.size())
            .hint("%s", err == EINVAL ? "a group is not mapped in the user namespace"
                                      : "needs CAP_SETGID and a user namespace that allows it");
      }
    }
  } else if (!groups.empty()) {
    inside.warn("/process/user/additionalGids: %s",
                step.groups == Groups::Kept
                    ? "left out: the annotation run.oci.keep_original_groups keeps the caller's"
                    : "a user namespace of a single id cannot have additional groups");
  }
  STEP_OK(set_ids(step.user.uid, step.user.gid));
  // The change of ids has set this to fs.suid_dumpable, which an administrator may have opened.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return Outcome::refused(errno, "prctl(PR_SET_DUMPABLE, 0)");
  }
  return Outcome::done();
}

Outcome run(const plan::SetUmask& step, Inside&) {
  ::umask(static_cast<mode_t>(step.mask));
  return Outcome::done();
}

}  // namespace boxrun::steps
