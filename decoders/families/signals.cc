// Signal handlers, masks and waiting for signals. Sending them is with processes.

#include "decoders/args.h"
#include "decoders/families/families.h"
#include "decoders/families/signal_args.h"
#include "decoders/families/time_args.h"
#include "decoders/structs.h"
#include "decoders/tables/eventpoll.h"
#include "decoders/tables/sigaction.h"

namespace boxtrace::decoders {
namespace {

constexpr FieldSpec kSigaction[] = {
    {"sa_handler", Width::Word, Show::Constant, &kSignalHandlers},
    {"sa_flags", Width::Word, Show::Constant, &kSigactionFlags},
    {"sa_restorer", Width::Word, Show::Pointer},
    {"sa_mask", Width::W64, Show::Hex},
};

// The order of the first i386 form: the mask stands second.
constexpr FieldSpec kOldSigaction[] = {
    {"sa_handler", Width::W32, Show::Constant, &kSignalHandlers},
    {"sa_mask", Width::W32, Show::Hex},
    {"sa_flags", Width::W32, Show::Constant, &kSigactionFlags},
    {"sa_restorer", Width::W32, Show::Pointer},
};

/// The kernel's struct sigaction, not the C library's: see rt_sigaction in sigaction(2), NOTES.
Value decode_sigaction(const CallContext& context, base::Addr addr,
                       std::span<const FieldSpec> layout, unsigned mask_bits) {
  Value value = decode_struct(context, addr, layout);
  if (auto* fields = value.as<Struct>()) {
    for (Field& field : fields->fields) {
      const auto* handler = field.value.as<Symbol>();
      if (field.name == "sa_mask") {
        field.value = decode_sigset(field.value.raw().value_or(0), mask_bits);
      } else if (handler != nullptr && handler->name.empty()) {
        field.value = Pointer{base::Addr{handler->raw}};
      }
    }
  }
  return value;
}

Value arg_sigaction(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_sigaction(context, address(context, index), kSigaction, 64);
}

Value arg_old_sigaction(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_sigaction(context, address(context, index), kOldSigaction, 32);
}

constexpr FieldSpec kStack[] = {
    {"ss_sp", Width::Word, Show::Pointer},
    {"ss_flags", Width::W32, Show::Constant, &kSigaltstackFlags},
    {"ss_size", Width::Word, Show::Unsigned},
};

Value arg_stack(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_struct(context, address(context, index), kStack);
}

// x86-64: when the handler has returned, the stack pointer is at the ucontext; the mask lies behind
// its flags, link, alternate stack and machine context. Source: asm-generic/ucontext.h.
constexpr std::uint64_t kMaskInUcontext = 296;

base::Addr sigreturn_mask(const CallContext& context) {
  return {context.call.stack_pointer + kMaskInUcontext};
}

Value arg_sigreturn_mask(const CallContext& context, const ArgSpec&, std::size_t) {
  const raw::Chunk chunk = context.memory.read(sigreturn_mask(context), 8);
  const auto bits = base::read_le<std::uint64_t>(chunk.bytes, 0);
  if (!bits) {
    return Missing{sigreturn_mask(context), chunk.failure.value_or(raw::Unreadable::Fault)};
  }
  Struct frame;
  frame.fields.push_back({"mask", decode_sigset(*bits)});
  return frame;
}

/// The frame is no argument, but it is what the call acts on; shown where we know its form.
std::size_t used_sigreturn(const CallContext& context) {
  if (context.call.abi != raw::Abi::X86_64) {
    return 0;
  }
  const raw::Chunk chunk = context.memory.read(sigreturn_mask(context), 8);
  return chunk.failure == raw::Unreadable::NotCaptured ? 0 : 1;
}

constexpr SyscallSpec kRows[] = {
    {.name = "rt_sigaction",
     .nr = {13, 174, 134},
     .classes = kSignal,
     .args = {{{"signum", arg_signal},
               {"act", arg_sigaction},
               {.name = "oldact", .decode = arg_sigaction, .direction = Direction::Out},
               {"sigsetsize", arg_size}}},
     .man = "sigaction(2)",
     .kernel = "kernel/signal.c: rt_sigaction",
     .explain = {"Sets what a signal does to the process: its handler, ignored or default; "
                 "handlers are reset by execve, ignored signals are not."}},
    {.name = "rt_sigprocmask",
     .nr = {14, 175, 135},
     .classes = kSignal,
     .args = {{{"how", arg_constant, &kSigprocmaskHow},
               {.name = "set", .decode = arg_sigset, .size_arg = 3},
               {.name = "oldset", .decode = arg_sigset, .size_arg = 3, .direction = Direction::Out},
               {"sigsetsize", arg_size}}},
     .man = "sigprocmask(2)",
     .kernel = "kernel/signal.c: rt_sigprocmask",
     .explain = {"Changes the set of signals that are held back from the calling thread; children "
                 "and new programs inherit it."}},
    {.name = "rt_sigreturn",
     .nr = {15, 173, 139},
     .classes = kSignal,
     .args = {{{"frame", arg_sigreturn_mask}}},
     .returns = Returns::Number,
     .man = "sigreturn(2)",
     .kernel = "arch/x86/kernel/signal_64.c: rt_sigreturn",
     .explain =
         {"Ends a signal handler: restores the registers and mask that the kernel put on the "
          "stack; the result is whatever the interrupted code had in its result register."},
     .used_args = used_sigreturn},
    {.name = "rt_sigpending",
     .nr = {127, 176, 136},
     .classes = kSignal | kInfo,
     .args = {{{.name = "set", .decode = arg_sigset, .size_arg = 1, .direction = Direction::Out},
               {"sigsetsize", arg_size}}},
     .man = "sigpending(2)",
     .kernel = "kernel/signal.c: rt_sigpending",
     .explain = {"Tells which blocked signals are waiting."}},
    {.name = "rt_sigsuspend",
     .nr = {130, 179, 133},
     .classes = kSignal | kSync,
     .args = {{{.name = "mask", .decode = arg_sigset, .size_arg = 1}, {"sigsetsize", arg_size}}},
     .man = "sigsuspend(2)",
     .kernel = "kernel/signal.c: rt_sigsuspend",
     .explain = {"Waits for a signal with another mask in force; it always ends with EINTR."}},
    {.name = "rt_sigtimedwait",
     .nr = {128, 177, 137},
     .classes = kSignal | kSync,
     .args = {{{.name = "set", .decode = arg_sigset, .size_arg = 3},
               {.name = "info", .decode = arg_pointer, .direction = Direction::Out},
               {"timeout", arg_timespec},
               {"sigsetsize", arg_size}}},
     .returns = Returns::Number,
     .man = "sigwaitinfo(2)",
     .kernel = "kernel/signal.c: rt_sigtimedwait",
     .explain =
         {"Waits until a signal of the set is pending and takes it without running a handler."}},
    {.name = "rt_sigtimedwait_time64",
     .nr = {-1, 421, -1},
     .classes = kSignal | kSync,
     .args = {{{.name = "set", .decode = arg_sigset, .size_arg = 3},
               {.name = "info", .decode = arg_pointer, .direction = Direction::Out},
               {"timeout", arg_timespec64},
               {"sigsetsize", arg_size}}},
     .returns = Returns::Number,
     .man = "sigwaitinfo(2)",
     .kernel = "kernel/signal.c: rt_sigtimedwait",
     .explain = {"The 32-bit rt_sigtimedwait with 64-bit seconds."}},
    {.name = "sigaltstack",
     .nr = {131, 186, 132},
     .classes = kSignal,
     .args = {{{"ss", arg_stack},
               {.name = "old_ss", .decode = arg_stack, .direction = Direction::Out}}},
     .man = "sigaltstack(2)",
     .kernel = "kernel/signal.c: sigaltstack",
     .explain = {"Sets the stack on which handlers installed with SA_ONSTACK run; Go runtimes set "
                 "one per thread."}},
    {.name = "signalfd",
     .nr = {282, 321, -1},
     .classes = kSignal | kDesc,
     .args = {{{"fd", arg_fd},
               {.name = "mask", .decode = arg_sigset, .size_arg = 2},
               {"sizemask", arg_size}}},
     .returns = Returns::Fd,
     .man = "signalfd(2)",
     .kernel = "fs/signalfd.c: signalfd",
     .explain =
         {"Makes a descriptor, or changes one, from which signals are read instead of handled."}},
    {.name = "signalfd4",
     .nr = {289, 327, 74},
     .classes = kSignal | kDesc,
     .args = {{{"fd", arg_fd},
               {.name = "mask", .decode = arg_sigset, .size_arg = 2},
               {"sizemask", arg_size},
               {"flags", arg_constant, &kSignalfdFlags}}},
     .returns = Returns::Fd,
     .man = "signalfd(2)",
     .kernel = "fs/signalfd.c: signalfd4",
     .explain = {"Makes a descriptor from which blocked signals are read, close-on-exec or "
                 "non-blocking when asked."}},
    {.name = "pause",
     .nr = {34, 29, -1},
     .classes = kSignal | kSync,
     .returns = Returns::Number,
     .man = "pause(2)",
     .kernel = "kernel/signal.c: pause",
     .explain = {"Sleeps until a signal handler has run; a container that only holds namespaces "
                 "open sits in it."}},
    {.name = "signal",
     .nr = {-1, 48, -1},
     .classes = kSignal,
     .args = {{{"signum", arg_signal}, {"handler", arg_pointer}}},
     .returns = Returns::Address,
     .man = "signal(2)",
     .kernel = "kernel/signal.c: signal",
     .explain = {"Sets a one-shot handler that is reset before it runs; sigaction replaced it."}},
    {.name = "sigaction",
     .nr = {-1, 67, -1},
     .classes = kSignal,
     .args = {{{"signum", arg_signal},
               {"act", arg_old_sigaction},
               {.name = "oldact", .decode = arg_old_sigaction, .direction = Direction::Out}}},
     .man = "sigaction(2)",
     .kernel = "kernel/signal.c: sigaction",
     .explain = {"The 32-bit sigaction from before real-time signals, with a mask of 32 signals."}},
    {.name = "sigprocmask",
     .nr = {-1, 126, -1},
     .classes = kSignal,
     .args = {{{"how", arg_constant, &kSigprocmaskHow},
               {"set", arg_old_sigset},
               {.name = "oldset", .decode = arg_old_sigset, .direction = Direction::Out}}},
     .man = "sigprocmask(2)",
     .kernel = "kernel/signal.c: sigprocmask",
     .explain = {"The 32-bit sigprocmask from before real-time signals."}},
    {.name = "sigpending",
     .nr = {-1, 73, -1},
     .classes = kSignal | kInfo,
     .args = {{{.name = "set", .decode = arg_old_sigset, .direction = Direction::Out}}},
     .man = "sigpending(2)",
     .kernel = "kernel/signal.c: sigpending",
     .explain = {"The 32-bit sigpending from before real-time signals."}},
    {.name = "sigsuspend",
     .nr = {-1, 72, -1},
     .classes = kSignal | kSync,
     .args = {{{"unused1", arg_hex}, {"unused2", arg_hex}, {"mask", arg_hex}}},
     .man = "sigsuspend(2)",
     .kernel = "kernel/signal.c: sigsuspend",
     .explain =
         {"The 32-bit sigsuspend from before real-time signals, with the mask in a register."}},
    {.name = "sigreturn",
     .nr = {-1, 119, -1},
     .classes = kSignal,
     .returns = Returns::Number,
     .man = "sigreturn(2)",
     .kernel = "arch/x86/kernel/signal_32.c: sigreturn",
     .explain = {"Ends a 32-bit signal handler that was set up without SA_SIGINFO."}},
    {.name = "sgetmask",
     .nr = {-1, 68, -1},
     .classes = kSignal | kInfo,
     .returns = Returns::Number,
     .man = "sgetmask(2)",
     .kernel = "kernel/signal.c: sgetmask",
     .explain = {"Returns the lowest 32 bits of the signal mask."}},
    {.name = "ssetmask",
     .nr = {-1, 69, -1},
     .classes = kSignal,
     .args = {{{"newmask", arg_hex}}},
     .returns = Returns::Number,
     .man = "sgetmask(2)",
     .kernel = "kernel/signal.c: ssetmask",
     .explain = {"Replaces the lowest 32 bits of the signal mask and returns the old ones."}},
};

}  // namespace

const std::span<const SyscallSpec> kSignalSyscalls{kRows};

}  // namespace boxtrace::decoders
