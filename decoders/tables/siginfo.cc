// Why the kernel sent a signal: si_code, which means something else with each signal.
//
// Sources: asm-generic/siginfo.h, linux/audit.h; sigaction(2).

#include "decoders/tables/siginfo.h"

namespace boxtrace::decoders {
namespace {

constexpr Constant kSegmentation[] = {
    {1, "SEGV_MAPERR", {"Nothing is mapped at the address."}},
    {2, "SEGV_ACCERR", {"The mapping forbids this kind of access."}},
    {3, "SEGV_BNDERR"},
    {4, "SEGV_PKUERR"},
    {5, "SEGV_ACCADI"},
    {6, "SEGV_ADIDERR"},
    {7, "SEGV_ADIPERR"},
    {8, "SEGV_MTEAERR"},
    {9, "SEGV_MTESERR"},
    {10, "SEGV_CPERR"},
};
constexpr Constant kBus[] = {
    {1, "BUS_ADRALN"},    {2, "BUS_ADRERR", {"The mapped file ends before the address."}},
    {3, "BUS_OBJERR"},    {4, "BUS_MCEERR_AR"},
    {5, "BUS_MCEERR_AO"},
};
constexpr Constant kIllegal[] = {
    {1, "ILL_ILLOPC"}, {2, "ILL_ILLOPN"}, {3, "ILL_ILLADR"}, {4, "ILL_ILLTRP"},
    {5, "ILL_PRVOPC"}, {6, "ILL_PRVREG"}, {7, "ILL_COPROC"}, {8, "ILL_BADSTK"},
};
constexpr Constant kFloat[] = {
    {1, "FPE_INTDIV"}, {2, "FPE_INTOVF"}, {3, "FPE_FLTDIV"}, {4, "FPE_FLTOVF"},
    {5, "FPE_FLTUND"}, {6, "FPE_FLTRES"}, {7, "FPE_FLTINV"}, {8, "FPE_FLTSUB"},
};
constexpr Constant kTrap[] = {
    {1, "TRAP_BRKPT"},  {2, "TRAP_TRACE"}, {3, "TRAP_BRANCH"},
    {4, "TRAP_HWBKPT"}, {5, "TRAP_UNK"},   {6, "TRAP_PERF"},
};
constexpr Constant kPoll[] = {
    {1, "POLL_IN"},  {2, "POLL_OUT"}, {3, "POLL_MSG"},
    {4, "POLL_ERR"}, {5, "POLL_PRI"}, {6, "POLL_HUP"},
};
constexpr Constant kSeccomp[] = {
    {1, "SYS_SECCOMP", {"A seccomp filter said SECCOMP_RET_TRAP."}},
    {2, "SYS_USER_DISPATCH"},
};
constexpr Constant kArchitectures[] = {
    {0xc000003e, "AUDIT_ARCH_X86_64"},
    {0x40000003, "AUDIT_ARCH_I386"},
    {0xc00000b7, "AUDIT_ARCH_AARCH64"},
    {0x40000028, "AUDIT_ARCH_ARM"},
};

constexpr auto kEnum = ConstantTable::Kind::Enum;
constexpr std::string_view kSource = "asm-generic/siginfo.h";
constexpr std::string_view kManual = "sigaction(2)";

}  // namespace

const ConstantTable kSegmentationCodes{"SIGSEGV codes", kEnum,   "SEGV_???",
                                       kSource,         kManual, kSegmentation};
const ConstantTable kBusCodes{"SIGBUS codes", kEnum, "BUS_???", kSource, kManual, kBus};
const ConstantTable kIllegalCodes{"SIGILL codes", kEnum, "ILL_???", kSource, kManual, kIllegal};
const ConstantTable kFloatCodes{"SIGFPE codes", kEnum, "FPE_???", kSource, kManual, kFloat};
const ConstantTable kTrapCodes{"SIGTRAP codes", kEnum, "TRAP_???", kSource, kManual, kTrap};
const ConstantTable kPollCodes{"SIGPOLL codes", kEnum, "POLL_???", kSource, kManual, kPoll};
const ConstantTable kSeccompCodes{"SIGSYS codes", kEnum, "SYS_???", kSource, kManual, kSeccomp};
const ConstantTable kAuditArchitectures{"architectures", kEnum,        "AUDIT_ARCH_???",
                                        "linux/audit.h", "seccomp(2)", kArchitectures};

}  // namespace boxtrace::decoders
