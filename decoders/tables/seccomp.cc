// Filters on system calls. Sources: include/uapi/linux/seccomp.h; seccomp(2), seccomp_unotify(2).

#include "decoders/tables/seccomp.h"

namespace boxtrace::decoders {
namespace {

constexpr Constant kOperations[] = {
    {0,
     "SECCOMP_SET_MODE_STRICT",
     {"From now on only read, write, exit and sigreturn.", "Seccomp: 1 in /proc/PID/status.", ""}},
    {1,
     "SECCOMP_SET_MODE_FILTER",
     {"Adds a filter to those that the thread has. All of them are run for each call, the most "
      "severe "
      "answer counts.",
      "Seccomp: 2 and Seccomp_filters: N in /proc/PID/status.",
      "It needs no_new_privs or CAP_SYS_ADMIN in its user namespace, else EACCES: therefore a "
      "runtime without no_new_privs loads the "
      "filter before it drops capabilities, and the filter must then permit the dropping."}},
    {2,
     "SECCOMP_GET_ACTION_AVAIL",
     {"Does this kernel know that action? Changes nothing.", "", ""}},
    {3, "SECCOMP_GET_NOTIF_SIZES", {"How long are the structs of notifications here?", "", ""}},
};

constexpr Constant kFilterFlags[] = {
    {0x1,
     "SECCOMP_FILTER_FLAG_TSYNC",
     {"Gives the filter to all threads of the process at once.",
      "Seccomp_filters: in each /proc/PID/task/TID/status.",
      "Without it only the calling thread is filtered. If a sibling has filters of its own the "
      "call "
      "returns that thread's id, a positive number that is an error."}},
    {0x2, "SECCOMP_FILTER_FLAG_LOG", {"Log what the filter refuses.", "", ""}},
    {0x4,
     "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
     {"Do not switch on the mitigation of speculative store bypass that filters bring.",
      "Speculation_Store_Bypass: in /proc/PID/status.", ""}},
    {0x8,
     "SECCOMP_FILTER_FLAG_NEW_LISTENER",
     {"Returns a descriptor on which another process answers the calls that the filter hands over "
      "(SECCOMP_RET_USER_NOTIF).",
      "", "While nobody reads the descriptor, those calls wait."}},
    {0x10,
     "SECCOMP_FILTER_FLAG_TSYNC_ESRCH",
     {"Report a failed TSYNC as ESRCH, since with a listener the positive number would be taken "
      "for a descriptor.",
      "", ""}},
    {0x20,
     "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
     {"Once the supervisor has read a notification, only fatal signals interrupt the waiting call. "
      "Since Linux 5.19.",
      "", "Without it the Go runtime's SIGURG can interrupt and restart a call again and again."}},
};

constexpr Constant kModes[] = {
    {0, "SECCOMP_MODE_DISABLED"}, {1, "SECCOMP_MODE_STRICT"}, {2, "SECCOMP_MODE_FILTER"}};

constexpr Constant kActions[] = {
    {0x80000000,
     "SECCOMP_RET_KILL_PROCESS",
     {"The process dies of SIGSYS at once.", "",
      "The most severe answer: it outranks all others."}},
    {0x00000000,
     "SECCOMP_RET_KILL_THREAD",
     {"The thread dies of SIGSYS.", "", "The rest of the process lives on, often in a deadlock."}},
    {0x00030000,
     "SECCOMP_RET_TRAP",
     {"The call is not made; the thread gets SIGSYS and may handle it.", "", ""}},
    {0x00050000,
     "SECCOMP_RET_ERRNO",
     {"The call is not made; it returns the errno in the low 16 bits.", "",
      "A program cannot tell it from the kernel's own refusal. EPERM for a call the kernel is new "
      "to "
      "breaks fall-backs that ENOSYS would have started."}},
    {0x7fc00000,
     "SECCOMP_RET_USER_NOTIF",
     {"Another process decides, through a listener descriptor.", "", ""}},
    {0x7ff00000,
     "SECCOMP_RET_TRACE",
     {"A ptrace tracer decides; without one the call fails with ENOSYS.", "",
      "It ranks below ERRNO and KILL: what a container's filter refuses, a tracer that relies on "
      "RET_TRACE never sees."}},
    {0x7ffc0000, "SECCOMP_RET_LOG", {"Permitted, and logged.", "", ""}},
    {0x7fff0000,
     "SECCOMP_RET_ALLOW",
     {"Permitted.", "", "The least severe answer: any other filter's wins."}},
};

}  // namespace

const ConstantTable kSeccompOperations{"seccomp operations", ConstantTable::Kind::Enum,
                                       "SECCOMP_???",        "linux/seccomp.h",
                                       "seccomp(2)",         kOperations};
const ConstantTable kSeccompFilterFlags{"seccomp filter flags",
                                        ConstantTable::Kind::Flags,
                                        "SECCOMP_FILTER_FLAG_???",
                                        "linux/seccomp.h",
                                        "seccomp(2)",
                                        kFilterFlags};
const ConstantTable kSeccompModes{"seccomp modes",    ConstantTable::Kind::Enum,
                                  "SECCOMP_MODE_???", "linux/seccomp.h",
                                  "prctl(2)",         kModes};
const ConstantTable kSeccompActions{"seccomp actions", ConstantTable::Kind::Enum,
                                    "SECCOMP_RET_???", "linux/seccomp.h",
                                    "seccomp(2)",      kActions};

}  // namespace boxtrace::decoders
