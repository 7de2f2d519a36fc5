// The one list of tables. To add a table, write tables/<kernel header>.{h,cc} and name it here.

#include <array>

#include "decoders/constants.h"
#include "decoders/tables/capability.h"
#include "decoders/tables/eventpoll.h"
#include "decoders/tables/fcntl.h"
#include "decoders/tables/file_events.h"
#include "decoders/tables/files.h"
#include "decoders/tables/futex.h"
#include "decoders/tables/io_uring.h"
#include "decoders/tables/ipc.h"
#include "decoders/tables/landlock.h"
#include "decoders/tables/mempolicy.h"
#include "decoders/tables/mman.h"
#include "decoders/tables/mount.h"
#include "decoders/tables/pidfd.h"
#include "decoders/tables/ptrace.h"
#include "decoders/tables/sched.h"
#include "decoders/tables/scheduling.h"
#include "decoders/tables/sigaction.h"
#include "decoders/tables/signals.h"
#include "decoders/tables/socket.h"
#include "decoders/tables/system.h"
#include "decoders/tables/time.h"
#include "decoders/tables/wait.h"

namespace boxtrace::decoders {

std::span<const ConstantTable* const> all_tables() {
  static constexpr std::array kAll = {
      &kCloneFlags,
      &kClone3Flags,
      &kUnshareFlags,
      &kNamespaceFlags,
      &kMountFlags,
      &kUmountFlags,
      &kMountAttributes,
      &kPropagation,
      &kMoveMountFlags,
      &kOpenTreeFlags,
      &kMountSetattrFlags,
      &kFsopenFlags,
      &kFspickFlags,
      &kFsmountFlags,
      &kFsconfigCommands,
      &kStatmountMask,
      &kStatmountFlags,
      &kListmountFlags,
      &kCapabilities,
      &kCapabilitySet,
      &kCapabilityHeader,
      &kSecurebits,
      &kSignals,
      &kWaitOptions,
      &kWaitidOptions,
      &kWaitidTypes,
      &kChildCodes,
      &kSignalCodes,
      &kPidfdOpenFlags,
      &kPidfdSignalFlags,
      &kAtFlags,
      &kEpollCreateFlags,
      &kEpollOps,
      &kEpollEvents,
      &kPollEvents,
      &kEventfdFlags,
      &kSignalfdFlags,
      &kInotifyInitFlags,
      &kInotifyMask,
      &kFanotifyInitFlags,
      &kFanotifyMarkFlags,
      &kFanotifyMask,
      &kSeekWhence,
      &kFallocateMode,
      &kSpliceFlags,
      &kSyncFileRangeFlags,
      &kFadvice,
      &kFlockOps,
      &kStatxMask,
      &kStatxAttributes,
      &kStatFlags,
      &kHandleFlags,
      &kXattrFlags,
      &kInodeFlags,
      &kFutexOps,
      &kFutex2Flags,
      &kRseqFlags,
      &kIoUringSetupFlags,
      &kIoUringEnterFlags,
      &kIoUringRegisterOps,
      &kIpcGetFlags,
      &kShmgetFlags,
      &kShmatFlags,
      &kMsgOpFlags,
      &kSemOpFlags,
      &kShmctlCommands,
      &kSemctlCommands,
      &kMsgctlCommands,
      &kIpcCalls,
      &kLandlockCreateFlags,
      &kLandlockRuleTypes,
      &kLandlockRestrictFlags,
      &kLandlockAccessFs,
      &kLandlockAccessNet,
      &kLandlockScopes,
      &kLsmAttributes,
      &kLsmFlags,
      &kMempolicyModes,
      &kMbindFlags,
      &kGetMempolicyFlags,
      &kMmapProt,
      &kMmapFlags,
      &kMremapFlags,
      &kMsyncFlags,
      &kMlockallFlags,
      &kMlock2Flags,
      &kMadviseAdvice,
      &kPkeyRights,
      &kMemfdSecretFlags,
      &kShadowStackFlags,
      &kMembarrierCommands,
      &kMembarrierFlags,
      &kUserfaultfdFlags,
      &kPtraceRequests,
      &kPtraceOptions,
      &kKcmpTypes,
      &kPerfEventFlags,
      &kPerfEventTypes,
      &kSchedPolicies,
      &kSchedAttrFlags,
      &kPriorityWhich,
      &kIoprioWhich,
      &kIoprioClasses,
      &kPersonalities,
      &kSigprocmaskHow,
      &kSigactionFlags,
      &kSignalHandlers,
      &kSigaltstackFlags,
      &kAddressFamilies,
      &kSocketTypes,
      &kSocketFlags,
      &kIpProtocols,
      &kNetlinkProtocols,
      &kMsgFlags,
      &kShutdownHow,
      &kSocketLevels,
      &kSocketOptions,
      &kIpOptions,
      &kIpv6Options,
      &kTcpOptions,
      &kNetlinkOptions,
      &kControlTypes,
      &kSocketCalls,
      &kRandomFlags,
      &kSyslogActions,
      &kRebootMagic,
      &kRebootMagic2,
      &kRebootCommands,
      &kModuleInitFlags,
      &kModuleDeleteFlags,
      &kKexecFlags,
      &kKexecFileFlags,
      &kSwapFlags,
      &kArchPrctlCodes,
      &kModifyLdtFunctions,
      &kClockIds,
      &kTimerFlags,
      &kTimerfdCreateFlags,
      &kTimerfdSettimeFlags,
      &kItimers,
      &kRusageWho,
      &kUtimeNanoseconds,
  };
  return kAll;
}

}  // namespace boxtrace::decoders
