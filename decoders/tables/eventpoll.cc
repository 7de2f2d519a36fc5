// Events of descriptors, for epoll and poll, and the flags of descriptors that carry events.

#include "decoders/tables/eventpoll.h"

namespace boxtrace::decoders {
namespace {

constexpr Constant kEpollCreateFlagsRows[] = {
    {0x80000, "EPOLL_CLOEXEC"},
};

constexpr Constant kEpollOpsRows[] = {
    {1, "EPOLL_CTL_ADD"},
    {2, "EPOLL_CTL_DEL"},
    {3, "EPOLL_CTL_MOD"},
};

constexpr Constant kEpollEventsRows[] = {
    {1, "EPOLLIN"},
    {2, "EPOLLPRI"},
    {4, "EPOLLOUT"},
    {8, "EPOLLERR"},
    {0x10, "EPOLLHUP"},
    {0x20, "EPOLLNVAL"},
    {0x40, "EPOLLRDNORM"},
    {0x80, "EPOLLRDBAND"},
    {0x100, "EPOLLWRNORM"},
    {0x200, "EPOLLWRBAND"},
    {0x400, "EPOLLMSG"},
    {0x2000, "EPOLLRDHUP"},
    {0x10000000, "EPOLLEXCLUSIVE"},
    {0x20000000, "EPOLLWAKEUP"},
    {0x40000000, "EPOLLONESHOT"},
    {0x80000000, "EPOLLET", {"Tell once when something becomes ready, not as long as it is."}},
};

constexpr Constant kPollEventsRows[] = {
    {1, "POLLIN"},         {2, "POLLPRI"},        {4, "POLLOUT"},       {8, "POLLERR"},
    {0x10, "POLLHUP"},     {0x20, "POLLNVAL"},    {0x40, "POLLRDNORM"}, {0x80, "POLLRDBAND"},
    {0x100, "POLLWRNORM"}, {0x200, "POLLWRBAND"}, {0x400, "POLLMSG"},   {0x1000, "POLLREMOVE"},
    {0x2000, "POLLRDHUP"},
};

constexpr Constant kEventfdFlagsRows[] = {
    {1, "EFD_SEMAPHORE", {"A read takes 1, not all."}},
    {0x800, "EFD_NONBLOCK"},
    {0x80000, "EFD_CLOEXEC"},
};

constexpr Constant kSignalfdFlagsRows[] = {
    {0x800, "SFD_NONBLOCK"},
    {0x80000, "SFD_CLOEXEC"},
};

}  // namespace

const ConstantTable kEpollCreateFlags{"epoll_create1 flags", ConstantTable::Kind::Flags,
                                      "EPOLL_???",           "linux/eventpoll.h",
                                      "epoll_create(2)",     kEpollCreateFlagsRows};
const ConstantTable kEpollOps{"epoll operations", ConstantTable::Kind::Enum,
                              "EPOLL_CTL_???",    "linux/eventpoll.h",
                              "epoll_ctl(2)",     kEpollOpsRows};
const ConstantTable kEpollEvents{"epoll events", ConstantTable::Kind::Flags,
                                 "EPOLL???",     "linux/eventpoll.h",
                                 "epoll_ctl(2)", kEpollEventsRows};
const ConstantTable kPollEvents{"poll events", ConstantTable::Kind::Flags,
                                "POLL???",     "asm-generic/poll.h",
                                "poll(2)",     kPollEventsRows};
const ConstantTable kEventfdFlags{"eventfd flags", ConstantTable::Kind::Flags,
                                  "EFD_???",       "linux/eventfd.h",
                                  "eventfd(2)",    kEventfdFlagsRows};
const ConstantTable kSignalfdFlags{"signalfd flags", ConstantTable::Kind::Flags,
                                   "SFD_???",        "linux/signalfd.h",
                                   "signalfd(2)",    kSignalfdFlagsRows};

}  // namespace boxtrace::decoders
