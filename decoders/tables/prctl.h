#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kPrctlOptions;      ///< prctl(2)
extern const ConstantTable kPrctlAmbient;      ///< PR_CAP_AMBIENT
extern const ConstantTable kPrctlMm;           ///< PR_SET_MM
extern const ConstantTable kPrctlSpeculation;  ///< PR_SET_SPECULATION_CTRL: which
extern const ConstantTable kPrctlSpecControl;  ///< PR_SET_SPECULATION_CTRL: what
extern const ConstantTable kPrctlMceKill;      ///< PR_MCE_KILL
extern const ConstantTable kPrctlMcePolicy;    ///< PR_MCE_KILL_SET
extern const ConstantTable kPrctlTsc;          ///< PR_SET_TSC
extern const ConstantTable kPrctlMdwe;         ///< PR_SET_MDWE
extern const ConstantTable kPrctlSchedCore;    ///< PR_SCHED_CORE
extern const ConstantTable kPrctlDispatch;     ///< PR_SET_SYSCALL_USER_DISPATCH
extern const ConstantTable kPrctlVma;          ///< PR_SET_VMA
extern const ConstantTable kPrctlPtracer;      ///< PR_SET_PTRACER_ANY
extern const ConstantTable kPrctlDumpable;     ///< PR_SET_DUMPABLE
extern const ConstantTable kPrctlTimerIds;     ///< PR_TIMER_CREATE_RESTORE_IDS
extern const ConstantTable kPrctlFutexHash;    ///< PR_FUTEX_HASH
extern const ConstantTable kPrctlThp;          ///< PR_SET_THP_DISABLE

}  // namespace boxtrace::decoders
