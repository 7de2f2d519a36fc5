// System V IPC and POSIX message queues: the objects that an ipc namespace isolates.

#include "decoders/tables/ipc.h"
#include "decoders/args.h"
#include "decoders/families/families.h"
#include "decoders/families/pointee_args.h"
#include "decoders/families/time_args.h"
#include "decoders/structs.h"
#include "decoders/tables/fcntl.h"

namespace boxtrace::decoders {
namespace {

/// A System V key: IPC_PRIVATE is 0 and means a new object that no key finds.
Value arg_ipc_key(const CallContext& context, const ArgSpec&, std::size_t index) {
  const std::uint32_t key = low32(context, index);
  return key == 0 ? Value{Symbol{0, "IPC_PRIVATE", ""}} : decode_number(Show::Hex, key, 32);
}

/// Flags in the high bits, the mode of a new object in the low nine.
Value arg_ipc_flags(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  constexpr std::uint32_t kModeBits = 0777;
  const std::uint32_t raw = low32(context, index);
  Struct out;
  out.fields.push_back({"flags", decode_constant(*arg.constants, raw & ~kModeBits)});
  out.fields.push_back({"mode", Number{raw & kModeBits, Number::Style::Octal}});
  return out;
}

/// A control command; libraries of 32-bit callers add IPC_64 (0x100) to ask for the newer struct.
Value arg_ipc_command(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  constexpr std::uint32_t kIpc64 = 0x100;
  const std::uint32_t raw = low32(context, index);
  Value value = decode_constant(*arg.constants, raw & ~kIpc64);
  value.as<Symbol>()->raw = raw;
  return value;
}

constexpr FieldSpec kSembuf[] = {
    {"sem_num", Width::W16, Show::Unsigned},
    {"sem_op", Width::W16, Show::Signed},
    {"sem_flg", Width::W16, Show::Constant, &kSemOpFlags},
};

Value arg_sembufs(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  return decode_struct_array(context, address(context, index),
                             low32(context, static_cast<std::size_t>(arg.size_arg)), kSembuf);
}

constexpr FieldSpec kMqAttr[] = {
    {"mq_flags", Width::Word, Show::Hex},
    {"mq_maxmsg", Width::Word},
    {"mq_msgsize", Width::Word},
    {"mq_curmsgs", Width::Word},
};

Value arg_mq_attr(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_kernel_longs(context, address(context, index), kMqAttr);
}

/// The call in the low 16 bits; a version of its interface above.
Value arg_ipc_call(const CallContext& context, const ArgSpec&, std::size_t index) {
  const std::uint32_t raw = low32(context, index);
  Value value = decode_constant(kIpcCalls, raw & 0xffffU);
  value.as<Symbol>()->raw = raw;
  return value;
}

/// Mode and attributes count only for a queue that may be made. mq_open(3).
std::size_t used_mq_open(const CallContext& context) {
  constexpr std::uint32_t kCreate = 0x40;  // O_CREAT
  return (low32(context, 1) & kCreate) != 0 ? 4 : 2;
}

/// Commands that take no fourth argument. semctl(2).
std::size_t used_semctl(const CallContext& context) {
  switch (low32(context, 2) & 0xffU) {
    case 0:   // IPC_RMID
    case 11:  // GETPID
    case 12:  // GETVAL
    case 14:  // GETNCNT
    case 15:  // GETZCNT
      return 3;
    default:
      return 4;
  }
}

constexpr SyscallSpec kRows[] = {
    {.name = "shmget",
     .nr = {29, 395, 194},
     .classes = kIpc | kMemory,
     .args = {{{"key", arg_ipc_key}, {"size", arg_size}, {"shmflg", arg_ipc_flags, &kShmgetFlags}}},
     .returns = Returns::Number,
     .man = "shmget(2)",
     .kernel = "ipc/shm.c: shmget",
     .explain = {"Finds or makes a shared memory segment by key, in the caller's ipc namespace."}},
    {.name = "shmat",
     .nr = {30, 397, 196},
     .classes = kIpc | kMemory,
     .args = {{{"shmid", arg_int},
               {"shmaddr", arg_pointer},
               {"shmflg", arg_constant, &kShmatFlags}}},
     .returns = Returns::Address,
     .man = "shmop(2)",
     .kernel = "ipc/shm.c: shmat",
     .explain = {"Maps a shared memory segment into the address space."}},
    {.name = "shmctl",
     .nr = {31, 396, 195},
     .classes = kIpc,
     .args = {{{"shmid", arg_int},
               {"cmd", arg_ipc_command, &kShmctlCommands},
               {"buf", arg_pointer}}},
     .returns = Returns::Number,
     .man = "shmctl(2)",
     .kernel = "ipc/shm.c: shmctl",
     .explain = {"Reads, changes, locks or removes a shared memory segment; a removed one lives "
                 "until the last detach."}},
    {.name = "shmdt",
     .nr = {67, 398, 197},
     .classes = kIpc | kMemory,
     .args = {{{"shmaddr", arg_pointer}}},
     .man = "shmop(2)",
     .kernel = "ipc/shm.c: shmdt",
     .explain = {"Unmaps a shared memory segment."}},
    {.name = "semget",
     .nr = {64, 393, 190},
     .classes = kIpc,
     .args = {{{"key", arg_ipc_key}, {"nsems", arg_int}, {"semflg", arg_ipc_flags, &kIpcGetFlags}}},
     .returns = Returns::Number,
     .man = "semget(2)",
     .kernel = "ipc/sem.c: semget",
     .explain = {"Finds or makes a set of semaphores by key, in the caller's ipc namespace."}},
    {.name = "semop",
     .nr = {65, -1, 193},
     .classes = kIpc | kSync,
     .args = {{{"semid", arg_int},
               {.name = "sops", .decode = arg_sembufs, .size_arg = 2},
               {"nsops", arg_unsigned}}},
     .man = "semop(2)",
     .kernel = "ipc/sem.c: semop",
     .explain =
         {"Performs several semaphore operations at once, waiting until all of them can be done."}},
    {.name = "semtimedop",
     .nr = {220, -1, 192},
     .classes = kIpc | kSync,
     .args = {{{"semid", arg_int},
               {.name = "sops", .decode = arg_sembufs, .size_arg = 2},
               {"nsops", arg_unsigned},
               {"timeout", arg_timespec}}},
     .man = "semop(2)",
     .kernel = "ipc/sem.c: semtimedop",
     .explain = {"Performs semaphore operations, waiting no longer than a timeout."}},
    {.name = "semtimedop_time64",
     .nr = {-1, 420, -1},
     .classes = kIpc | kSync,
     .args = {{{"semid", arg_int},
               {.name = "sops", .decode = arg_sembufs, .size_arg = 2},
               {"nsops", arg_unsigned},
               {"timeout", arg_timespec64}}},
     .man = "semop(2)",
     .kernel = "ipc/sem.c: semtimedop",
     .explain = {"The 32-bit semtimedop with 64-bit seconds."}},
    {.name = "semctl",
     .nr = {66, 394, 191},
     .classes = kIpc,
     .args = {{{"semid", arg_int},
               {"semnum", arg_int},
               {"cmd", arg_ipc_command, &kSemctlCommands},
               {"arg", arg_hex}}},
     .returns = Returns::Number,
     .man = "semctl(2)",
     .kernel = "ipc/sem.c: semctl",
     .explain = {"Reads or sets semaphore values, or reads, changes or removes the set."},
     .used_args = used_semctl},
    {.name = "msgget",
     .nr = {68, 399, 186},
     .classes = kIpc,
     .args = {{{"key", arg_ipc_key}, {"msgflg", arg_ipc_flags, &kIpcGetFlags}}},
     .returns = Returns::Number,
     .man = "msgget(2)",
     .kernel = "ipc/msg.c: msgget",
     .explain = {"Finds or makes a message queue by key, in the caller's ipc namespace."}},
    {.name = "msgsnd",
     .nr = {69, 400, 189},
     .classes = kIpc | kSync,
     .args = {{{"msqid", arg_int},
               {"msgp", arg_pointer},
               {"msgsz", arg_size},
               {"msgflg", arg_constant, &kMsgOpFlags}}},
     .man = "msgop(2)",
     .kernel = "ipc/msg.c: msgsnd",
     .explain = {"Puts a message into a queue, waiting for room unless told not to."}},
    {.name = "msgrcv",
     .nr = {70, 401, 188},
     .classes = kIpc | kSync,
     .args = {{{"msqid", arg_int},
               {.name = "msgp", .decode = arg_pointer, .direction = Direction::Out},
               {"msgsz", arg_size},
               {"msgtyp", arg_long},
               {"msgflg", arg_constant, &kMsgOpFlags}}},
     .returns = Returns::Size,
     .man = "msgop(2)",
     .kernel = "ipc/msg.c: msgrcv",
     .explain = {"Takes a message out of a queue, by type if one is given."}},
    {.name = "msgctl",
     .nr = {71, 402, 187},
     .classes = kIpc,
     .args = {{{"msqid", arg_int},
               {"cmd", arg_ipc_command, &kMsgctlCommands},
               {"buf", arg_pointer}}},
     .returns = Returns::Number,
     .man = "msgctl(2)",
     .kernel = "ipc/msg.c: msgctl",
     .explain = {"Reads, changes or removes a message queue."}},
    {.name = "mq_open",
     .nr = {240, 277, 180},
     .classes = kIpc | kDesc,
     .args = {{{"name", arg_string},
               {"oflag", arg_constant, &kOpenFlags},
               {"mode", arg_mode},
               {"attr", arg_mq_attr}}},
     .returns = Returns::Fd,
     .man = "mq_open(3)",
     .kernel = "ipc/mqueue.c: mq_open",
     .explain = {"Opens or makes a POSIX message queue, a file of the mqueue filesystem of the "
                 "caller's ipc namespace; the name comes without its slash."},
     .used_args = used_mq_open},
    {.name = "mq_unlink",
     .nr = {241, 278, 181},
     .classes = kIpc,
     .args = {{{"name", arg_string}}},
     .man = "mq_unlink(3)",
     .kernel = "ipc/mqueue.c: mq_unlink",
     .explain = {"Removes the name of a POSIX message queue."}},
    {.name = "mq_timedsend",
     .nr = {242, 279, 182},
     .classes = kIpc | kDesc | kSync,
     .args = {{{"mqdes", arg_fd},
               {.name = "msg_ptr", .decode = arg_buffer, .size_arg = 2},
               {"msg_len", arg_size},
               {"msg_prio", arg_unsigned},
               {"abs_timeout", arg_timespec}}},
     .man = "mq_send(3)",
     .kernel = "ipc/mqueue.c: mq_timedsend",
     .explain = {"Puts a message with a priority into a POSIX message queue, waiting for room "
                 "until a moment."}},
    {.name = "mq_timedreceive",
     .nr = {243, 280, 183},
     .classes = kIpc | kDesc | kSync,
     .args =
         {{{"mqdes", arg_fd},
           {.name = "msg_ptr", .decode = arg_buffer, .size_arg = 2, .direction = Direction::Out},
           {"msg_len", arg_size},
           {.name = "msg_prio", .decode = arg_unsigned_at, .direction = Direction::Out},
           {"abs_timeout", arg_timespec}}},
     .returns = Returns::Size,
     .man = "mq_receive(3)",
     .kernel = "ipc/mqueue.c: mq_timedreceive",
     .explain =
         {"Takes the oldest message of the highest priority, waiting for one until a moment."}},
    {.name = "mq_timedsend_time64",
     .nr = {-1, 418, -1},
     .classes = kIpc | kDesc | kSync,
     .args = {{{"mqdes", arg_fd},
               {.name = "msg_ptr", .decode = arg_buffer, .size_arg = 2},
               {"msg_len", arg_size},
               {"msg_prio", arg_unsigned},
               {"abs_timeout", arg_timespec64}}},
     .man = "mq_send(3)",
     .kernel = "ipc/mqueue.c: mq_timedsend",
     .explain = {"The 32-bit mq_timedsend with 64-bit seconds."}},
    {.name = "mq_timedreceive_time64",
     .nr = {-1, 419, -1},
     .classes = kIpc | kDesc | kSync,
     .args =
         {{{"mqdes", arg_fd},
           {.name = "msg_ptr", .decode = arg_buffer, .size_arg = 2, .direction = Direction::Out},
           {"msg_len", arg_size},
           {.name = "msg_prio", .decode = arg_unsigned_at, .direction = Direction::Out},
           {"abs_timeout", arg_timespec64}}},
     .returns = Returns::Size,
     .man = "mq_receive(3)",
     .kernel = "ipc/mqueue.c: mq_timedreceive",
     .explain = {"The 32-bit mq_timedreceive with 64-bit seconds."}},
    {.name = "mq_notify",
     .nr = {244, 281, 184},
     .classes = kIpc | kDesc,
     .args = {{{"mqdes", arg_fd}, {"sevp", arg_pointer}}},
     .man = "mq_notify(3)",
     .kernel = "ipc/mqueue.c: mq_notify",
     .explain = {"Asks to be told when a message arrives in an empty queue."}},
    {.name = "mq_getsetattr",
     .nr = {245, 282, 185},
     .classes = kIpc | kDesc,
     .args = {{{"mqdes", arg_fd},
               {"newattr", arg_mq_attr},
               {.name = "oldattr", .decode = arg_mq_attr, .direction = Direction::Out}}},
     .man = "mq_getsetattr(2)",
     .kernel = "ipc/mqueue.c: mq_getsetattr",
     .explain = {"Reads the attributes of a POSIX message queue and can make it non-blocking."}},
    {.name = "ipc",
     .nr = {-1, 117, -1},
     .classes = kIpc,
     .args = {{{"call", arg_ipc_call, &kIpcCalls},
               {"first", arg_int},
               {"second", arg_hex},
               {"third", arg_hex},
               {"ptr", arg_pointer},
               {"fifth", arg_hex}}},
     .returns = Returns::Number,
     .man = "ipc(2)",
     .kernel = "ipc/syscall.c: ipc",
     .explain = {"One entry for all System V IPC calls of 32-bit x86; the number of the call is in "
                 "the low 16 bits, a version above."}},
};

}  // namespace

const std::span<const SyscallSpec> kIpcSyscalls{kRows};

}  // namespace boxtrace::decoders
