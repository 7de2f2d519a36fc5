// Requests that complete later: Linux AIO and io_uring. What a ring does is not visible as system
// calls.

#include "decoders/args.h"
#include "decoders/families/families.h"
#include "decoders/families/signal_args.h"
#include "decoders/families/time_args.h"
#include "decoders/structs.h"
#include "decoders/tables/io_uring.h"

namespace boxtrace::decoders {
namespace {

constexpr FieldSpec kIoUringParams[] = {
    {"sq_entries", Width::W32, Show::Unsigned},
    {"cq_entries", Width::W32, Show::Unsigned},
    {"flags", Width::W32, Show::Constant, &kIoUringSetupFlags},
    {"sq_thread_cpu", Width::W32, Show::Unsigned},
    {"sq_thread_idle", Width::W32, Show::Unsigned},
    {"features", Width::W32, Show::Hex},
    {"wq_fd", Width::W32, Show::Unsigned},
};

/// The head of struct io_uring_params; the offsets into the rings that follow are left out.
Value arg_io_uring_params(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_struct(context, address(context, index), kIoUringParams);
}

constexpr SyscallSpec kRows[] = {
    {.name = "io_setup",
     .nr = {206, 245, 0},
     .classes = kDesc,
     .args = {{{"nr_events", arg_unsigned}, {"ctx_idp", arg_pointer}}},
     .man = "io_setup(2)",
     .kernel = "fs/aio.c: io_setup",
     .explain = {"Makes an asynchronous I/O context that can hold a number of requests."}},
    {.name = "io_destroy",
     .nr = {207, 246, 1},
     .classes = kDesc,
     .args = {{{"ctx_id", arg_hex}}},
     .man = "io_destroy(2)",
     .kernel = "fs/aio.c: io_destroy",
     .explain = {"Cancels what it can of a context's requests, waits for the rest and removes the "
                 "context."}},
    {.name = "io_submit",
     .nr = {209, 248, 2},
     .classes = kDesc,
     .args = {{{"ctx_id", arg_hex}, {"nr", arg_long}, {"iocbpp", arg_pointer}}},
     .returns = Returns::Number,
     .man = "io_submit(2)",
     .kernel = "fs/aio.c: io_submit",
     .explain =
         {"Submits requests to an asynchronous I/O context and returns how many were taken."}},
    {.name = "io_cancel",
     .nr = {210, 249, 3},
     .classes = kDesc,
     .args = {{{"ctx_id", arg_hex},
               {"iocb", arg_pointer},
               {.name = "result", .decode = arg_pointer, .direction = Direction::Out}}},
     .man = "io_cancel(2)",
     .kernel = "fs/aio.c: io_cancel",
     .explain = {"Tries to cancel one submitted request."}},
    {.name = "io_getevents",
     .nr = {208, -1, 4},
     .classes = kDesc | kSync,
     .args = {{{"ctx_id", arg_hex},
               {"min_nr", arg_long},
               {"nr", arg_long},
               {.name = "events", .decode = arg_pointer, .direction = Direction::Out},
               {"timeout", arg_timespec}}},
     .returns = Returns::Number,
     .man = "io_getevents(2)",
     .kernel = "fs/aio.c: io_getevents",
     .explain =
         {"Waits for completions of a context, at least the minimum unless the timeout passes."}},
    {.name = "io_getevents",
     .nr = {-1, 247, -1},
     .classes = kDesc | kSync,
     .args = {{{"ctx_id", arg_hex},
               {"min_nr", arg_long},
               {"nr", arg_long},
               {.name = "events", .decode = arg_pointer, .direction = Direction::Out},
               {"timeout", arg_timespec}}},
     .returns = Returns::Number,
     .man = "io_getevents(2)",
     .kernel = "fs/aio.c: io_getevents_time32",
     .explain =
         {"Waits for completions of a context, at least the minimum unless the timeout passes."}},
    {.name = "io_pgetevents",
     .nr = {333, 385, 292},
     .classes = kDesc | kSync,
     .args = {{{"ctx_id", arg_hex},
               {"min_nr", arg_long},
               {"nr", arg_long},
               {.name = "events", .decode = arg_pointer, .direction = Direction::Out},
               {"timeout", arg_timespec},
               {"usig", arg_sigset_and_size}}},
     .returns = Returns::Number,
     .man = "io_getevents(2)",
     .kernel = "fs/aio.c: io_pgetevents",
     .explain = {"Waits for completions like io_getevents, with a signal mask that is in force "
                 "only while it waits."}},
    {.name = "io_pgetevents_time64",
     .nr = {-1, 416, -1},
     .classes = kDesc | kSync,
     .args = {{{"ctx_id", arg_hex},
               {"min_nr", arg_long},
               {"nr", arg_long},
               {.name = "events", .decode = arg_pointer, .direction = Direction::Out},
               {"timeout", arg_timespec64},
               {"usig", arg_sigset_and_size}}},
     .returns = Returns::Number,
     .man = "io_getevents(2)",
     .kernel = "fs/aio.c: io_pgetevents",
     .explain = {"The 32-bit io_pgetevents with 64-bit seconds."}},
    {.name = "io_uring_setup",
     .nr = {425, 425, 425},
     .classes = kDesc,
     .args = {{{"entries", arg_unsigned},
               {.name = "params", .decode = arg_io_uring_params, .direction = Direction::InOut}}},
     .returns = Returns::Fd,
     .man = "io_uring_setup(2)",
     .kernel = "io_uring/io_uring.c: io_uring_setup",
     .explain = {"Makes a pair of rings shared with the kernel; operations put there do not appear "
                 "as system calls, which is why the default seccomp profiles refuse it."}},
    {.name = "io_uring_enter",
     .nr = {426, 426, 426},
     .classes = kDesc | kSync,
     .args = {{{"fd", arg_fd},
               {"to_submit", arg_unsigned},
               {"min_complete", arg_unsigned},
               {"flags", arg_constant, &kIoUringEnterFlags},
               {"argp", arg_pointer},
               {"argsz", arg_size}}},
     .returns = Returns::Number,
     .man = "io_uring_enter(2)",
     .kernel = "io_uring/io_uring.c: io_uring_enter",
     .explain = {"Submits entries of the submission ring, waits for completions, or both."}},
    {.name = "io_uring_register",
     .nr = {427, 427, 427},
     .classes = kDesc,
     .args = {{{"fd", arg_fd},
               {"opcode", arg_constant, &kIoUringRegisterOps},
               {"arg", arg_pointer},
               {"nr_args", arg_unsigned}}},
     .returns = Returns::Number,
     .man = "io_uring_register(2)",
     .kernel = "io_uring/register.c: io_uring_register",
     .explain = {"Gives a ring buffers, files, an eventfd or restrictions in advance, or takes "
                 "them back."}},
};

}  // namespace

const std::span<const SyscallSpec> kAsyncIoSyscalls{kRows};

}  // namespace boxtrace::decoders
