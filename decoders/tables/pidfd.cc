// Descriptors that stand for processes. Source: include/uapi/linux/pidfd.h; pidfd_open(2).

#include "decoders/tables/pidfd.h"

namespace boxtrace::decoders {
namespace {

constexpr Constant kOpen[] = {
    {0x80,
     "PIDFD_THREAD",
     {"The descriptor stands for one thread, not for the whole process. Since Linux 6.9.", "", ""}},
    {0x800, "PIDFD_NONBLOCK", {"waitid on it answers EAGAIN where it would have to wait.", "", ""}},
};

constexpr Constant kSignal[] = {
    {0x1, "PIDFD_SIGNAL_THREAD", {"Signal the one thread.", "", ""}},
    {0x2, "PIDFD_SIGNAL_THREAD_GROUP", {"Signal the whole process.", "", ""}},
    {0x4, "PIDFD_SIGNAL_PROCESS_GROUP", {"Signal the process group that it leads.", "", ""}},
};

}  // namespace

const ConstantTable kPidfdOpenFlags{"pidfd flags",   ConstantTable::Kind::Flags,
                                    "PIDFD_???",     "linux/pidfd.h",
                                    "pidfd_open(2)", kOpen};
const ConstantTable kPidfdSignalFlags{"pidfd signal flags",   ConstantTable::Kind::Flags,
                                      "PIDFD_SIGNAL_???",     "linux/pidfd.h",
                                      "pidfd_send_signal(2)", kSignal};

}  // namespace boxtrace::decoders
