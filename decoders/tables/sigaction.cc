// How signals are handled and held back. The signals themselves are in tables/signals.

#include "decoders/tables/sigaction.h"

namespace boxtrace::decoders {
namespace {

constexpr Constant kSigprocmaskHowRows[] = {
    {0, "SIG_BLOCK"},
    {1, "SIG_UNBLOCK"},
    {2, "SIG_SETMASK"},
};

constexpr Constant kSigactionFlagsRows[] = {
    {1, "SA_NOCLDSTOP"},
    {2, "SA_NOCLDWAIT"},
    {4, "SA_SIGINFO"},
    {0x400, "SA_UNSUPPORTED"},
    {0x800, "SA_EXPOSE_TAGBITS"},
    {0x04000000, "SA_RESTORER"},
    {0x08000000, "SA_ONSTACK"},
    {0x10000000,
     "SA_RESTART",
     {"Calls that the signal interrupts are started again instead of failing with EINTR."}},
    {0x40000000, "SA_NODEFER"},
    {0x80000000, "SA_RESETHAND"},
};

constexpr Constant kSignalHandlersRows[] = {
    {0, "SIG_DFL"},
    {1, "SIG_IGN"},
};

constexpr Constant kSigaltstackFlagsRows[] = {
    {1, "SS_ONSTACK"},
    {2, "SS_DISABLE"},
    {0x80000000, "SS_AUTODISARM"},
};

}  // namespace

const ConstantTable kSigprocmaskHow{
    "signal mask changes",       ConstantTable::Kind::Enum, "SIG_???",
    "asm-generic/signal-defs.h", "sigprocmask(2)",          kSigprocmaskHowRows};
const ConstantTable kSigactionFlags{"sigaction flags", ConstantTable::Kind::Flags,
                                    "SA_???",          "asm-generic/signal-defs.h",
                                    "sigaction(2)",    kSigactionFlagsRows};
const ConstantTable kSignalHandlers{"signal handlers with names",
                                    ConstantTable::Kind::Enum,
                                    "SIG_???",
                                    "asm-generic/signal-defs.h",
                                    "sigaction(2)",
                                    kSignalHandlersRows};
const ConstantTable kSigaltstackFlags{
    "alternate stack flags", ConstantTable::Kind::Flags, "SS_???",
    "linux/signal.h",        "sigaltstack(2)",           kSigaltstackFlagsRows};

}  // namespace boxtrace::decoders
