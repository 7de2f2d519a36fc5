// System V IPC: flags that also carry permission bits, and control commands.
// Sources: linux/ipc.h, linux/shm.h, linux/sem.h, linux/msg.h; svipc(7).

#include "decoders/tables/ipc.h"

namespace boxtrace::decoders {
namespace {

constexpr Constant kIpcGetFlagsRows[] = {
    {0x200, "IPC_CREAT"},
    {0x400, "IPC_EXCL"},
    {0x800, "IPC_NOWAIT"},
};

constexpr Constant kShmgetFlagsRows[] = {
    {0x200, "IPC_CREAT"},
    {0x400, "IPC_EXCL"},
    {0x800, "SHM_HUGETLB"},
    {0x1000, "SHM_NORESERVE"},
};

constexpr Constant kShmatFlagsRows[] = {
    {0x1000, "SHM_RDONLY"},
    {0x2000, "SHM_RND"},
    {0x4000, "SHM_REMAP"},
    {0x8000, "SHM_EXEC"},
};

constexpr Constant kMsgOpFlagsRows[] = {
    {0x800, "IPC_NOWAIT"},
    {0x1000, "MSG_NOERROR"},
    {0x2000, "MSG_EXCEPT"},
    {0x4000, "MSG_COPY"},
};

constexpr Constant kSemOpFlagsRows[] = {
    {0x800, "IPC_NOWAIT"},
    {0x1000, "SEM_UNDO"},
};

constexpr Constant kShmctlCommandsRows[] = {
    {0, "IPC_RMID"},    {1, "IPC_SET"},   {2, "IPC_STAT"},  {3, "IPC_INFO"},      {11, "SHM_LOCK"},
    {12, "SHM_UNLOCK"}, {13, "SHM_STAT"}, {14, "SHM_INFO"}, {15, "SHM_STAT_ANY"},
};

constexpr Constant kSemctlCommandsRows[] = {
    {0, "IPC_RMID"}, {1, "IPC_SET"},   {2, "IPC_STAT"},  {3, "IPC_INFO"},      {11, "GETPID"},
    {12, "GETVAL"},  {13, "GETALL"},   {14, "GETNCNT"},  {15, "GETZCNT"},      {16, "SETVAL"},
    {17, "SETALL"},  {18, "SEM_STAT"}, {19, "SEM_INFO"}, {20, "SEM_STAT_ANY"},
};

constexpr Constant kMsgctlCommandsRows[] = {
    {0, "IPC_RMID"},  {1, "IPC_SET"},   {2, "IPC_STAT"},      {3, "IPC_INFO"},
    {11, "MSG_STAT"}, {12, "MSG_INFO"}, {13, "MSG_STAT_ANY"},
};

constexpr Constant kIpcCallsRows[] = {
    {1, "SEMOP"},   {2, "SEMGET"},  {3, "SEMCTL"},  {4, "SEMTIMEDOP"},
    {11, "MSGSND"}, {12, "MSGRCV"}, {13, "MSGGET"}, {14, "MSGCTL"},
    {21, "SHMAT"},  {22, "SHMDT"},  {23, "SHMGET"}, {24, "SHMCTL"},
};

}  // namespace

const ConstantTable kIpcGetFlags{"IPC get flags", ConstantTable::Kind::Flags,
                                 "IPC_???",       "linux/ipc.h",
                                 "svipc(7)",      kIpcGetFlagsRows};
const ConstantTable kShmgetFlags{"shmget flags", ConstantTable::Kind::Flags,
                                 "SHM_???",      "linux/shm.h",
                                 "shmget(2)",    kShmgetFlagsRows};
const ConstantTable kShmatFlags{"shmat flags", ConstantTable::Kind::Flags,
                                "SHM_???",     "linux/shm.h",
                                "shmop(2)",    kShmatFlagsRows};
const ConstantTable kMsgOpFlags{
    "message queue flags", ConstantTable::Kind::Flags, "MSG_???", "linux/msg.h", "msgop(2)",
    kMsgOpFlagsRows};
const ConstantTable kSemOpFlags{"semaphore operation flags",
                                ConstantTable::Kind::Flags,
                                "SEM_???",
                                "linux/sem.h",
                                "semop(2)",
                                kSemOpFlagsRows};
const ConstantTable kShmctlCommands{"shmctl commands", ConstantTable::Kind::Enum,
                                    "SHM_???",         "linux/shm.h",
                                    "shmctl(2)",       kShmctlCommandsRows};
const ConstantTable kSemctlCommands{"semctl commands", ConstantTable::Kind::Enum,
                                    "SEM_???",         "linux/sem.h",
                                    "semctl(2)",       kSemctlCommandsRows};
const ConstantTable kMsgctlCommands{"msgctl commands", ConstantTable::Kind::Enum,
                                    "MSG_???",         "linux/msg.h",
                                    "msgctl(2)",       kMsgctlCommandsRows};
const ConstantTable kIpcCalls{
    "numbers of ipc(2)", ConstantTable::Kind::Enum, "IPC_CALL_???", "linux/ipc.h", "ipc(2)",
    kIpcCallsRows};

}  // namespace boxtrace::decoders
