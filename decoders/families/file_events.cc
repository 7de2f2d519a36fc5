// Being told of file events: inotify(7) and fanotify(7).

#include "decoders/tables/file_events.h"
#include "decoders/args.h"
#include "decoders/families/families.h"
#include "decoders/tables/fcntl.h"

namespace boxtrace::decoders {
namespace {

constexpr SyscallSpec kRows[] = {
    {.name = "inotify_init",
     .nr = {253, 291, -1},
     .classes = kDesc,
     .returns = Returns::Fd,
     .man = "inotify_init(2)",
     .kernel = "fs/notify/inotify/inotify_user.c: inotify_init",
     .explain = {"Makes an inotify instance: a descriptor from which file events are read."}},
    {.name = "inotify_init1",
     .nr = {294, 332, 26},
     .classes = kDesc,
     .args = {{{"flags", arg_constant, &kInotifyInitFlags}}},
     .returns = Returns::Fd,
     .man = "inotify_init(2)",
     .kernel = "fs/notify/inotify/inotify_user.c: inotify_init1",
     .explain = {"Makes an inotify instance, close-on-exec or non-blocking when asked."}},
    {.name = "inotify_add_watch",
     .nr = {254, 292, 27},
     .classes = kFile | kDesc,
     .args = {{{"fd", arg_fd}, {"pathname", arg_path}, {"mask", arg_constant, &kInotifyMask}}},
     .returns = Returns::Number,
     .man = "inotify_add_watch(2)",
     .kernel = "fs/notify/inotify/inotify_user.c: inotify_add_watch",
     .explain = {"Watches a file or directory, or changes the mask of a watch that exists, and "
                 "returns the watch's number."}},
    {.name = "inotify_rm_watch",
     .nr = {255, 293, 28},
     .classes = kDesc,
     .args = {{{"fd", arg_fd}, {"wd", arg_int}}},
     .man = "inotify_rm_watch(2)",
     .kernel = "fs/notify/inotify/inotify_user.c: inotify_rm_watch",
     .explain = {"Removes a watch; an IN_IGNORED event follows."}},
    {.name = "fanotify_init",
     .nr = {300, 338, 262},
     .classes = kDesc,
     .args = {{{"flags", arg_constant, &kFanotifyInitFlags},
               {"event_f_flags", arg_constant, &kOpenFlags}}},
     .returns = Returns::Fd,
     .man = "fanotify_init(2)",
     .kernel = "fs/notify/fanotify/fanotify_user.c: fanotify_init",
     .explain = {"Makes a fanotify group, which can watch whole mounts and filesystems and may "
                 "veto opens."}},
    {.name = "fanotify_mark",
     .nr = {301, -1, 263},
     .classes = kFile | kDesc,
     .args = {{{"fanotify_fd", arg_fd},
               {"flags", arg_constant, &kFanotifyMarkFlags},
               {"mask", arg_constant_long, &kFanotifyMask},
               {"dirfd", arg_dirfd},
               {"pathname", arg_path}}},
     .man = "fanotify_mark(2)",
     .kernel = "fs/notify/fanotify/fanotify_user.c: fanotify_mark",
     .explain =
         {"Adds, removes or flushes marks on inodes, mounts, filesystems or mount namespaces."}},
    {.name = "fanotify_mark",
     .nr = {-1, 339, -1},
     .classes = kFile | kDesc,
     .args = {{{"fanotify_fd", arg_fd},
               {"flags", arg_constant, &kFanotifyMarkFlags},
               {"mask_low", arg_constant, &kFanotifyMask},
               {"mask_high", arg_hex},
               {"dirfd", arg_dirfd},
               {"pathname", arg_path}}},
     .man = "fanotify_mark(2)",
     .kernel = "fs/notify/fanotify/fanotify_user.c: fanotify_mark",
     .explain = {"Adds, removes or flushes marks on inodes, mounts, filesystems or mount "
                 "namespaces; the mask comes in halves."}},
};

}  // namespace

const std::span<const SyscallSpec> kFileEventSyscalls{kRows};

}  // namespace boxtrace::decoders
