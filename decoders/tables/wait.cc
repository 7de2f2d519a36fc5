// Waiting for children. Sources: include/uapi/linux/wait.h, asm-generic/siginfo.h; wait(2),
// sigaction(2).

#include "decoders/tables/wait.h"

#include <array>

namespace boxtrace::decoders {
namespace {

constexpr Constant kNoHang{
    0x1, "WNOHANG", {"Ask, do not wait: 0 when no child has changed its state.", "", ""}};
constexpr Constant kExited{0x4, "WEXITED", {"Children that have ended.", "", ""}};
constexpr Constant kContinued{0x8, "WCONTINUED", {"Children that SIGCONT has set going.", "", ""}};
constexpr Constant kNoWait{
    0x1000000,
    "WNOWAIT",
    {"Look only: the child can be waited for again.", "The zombie stays in /proc.", ""}};
constexpr Constant kNoThread{0x20000000,
                             "__WNOTHREAD",
                             {"Only children of this thread, not those of its siblings.", "", ""}};
constexpr Constant kAll{
    0x40000000, "__WALL", {"All children, whatever signal they send when they end.", "", ""}};
constexpr Constant kClone{
    0x80000000,
    "__WCLONE",
    {"Only children that do not send SIGCHLD when they end.", "",
     "A child cloned with another exit signal, or none, is invisible to a plain wait."}};

constexpr std::array kWait4 = {
    kNoHang,    Constant{0x2, "WUNTRACED", {"Stopped children too, not only dead ones.", "", ""}},
    kContinued, kNoThread,
    kAll,       kClone};
constexpr std::array kWaitid = {
    kNoHang, Constant{0x2, "WSTOPPED", {"Children that have been stopped.", "", ""}},
    kExited, kContinued,
    kNoWait, kNoThread,
    kAll,    kClone};

constexpr Constant kTypes[] = {
    {0, "P_ALL", {"Any child.", "", ""}},
    {1, "P_PID", {"The child of that pid.", "", ""}},
    {2, "P_PGID", {"Any child of that process group.", "", ""}},
    {3, "P_PIDFD", {"The child that a pidfd stands for.", "", ""}},
};

constexpr Constant kChild[] = {
    {1, "CLD_EXITED"},  {2, "CLD_KILLED"},  {3, "CLD_DUMPED"},
    {4, "CLD_TRAPPED"}, {5, "CLD_STOPPED"}, {6, "CLD_CONTINUED"},
};

constexpr std::uint64_t minus(std::int64_t n) { return static_cast<std::uint64_t>(-n); }

constexpr Constant kCodes[] = {
    {0, "SI_USER", {"Sent by kill(2).", "", ""}},
    {0x80, "SI_KERNEL", {"Sent by the kernel itself.", "", ""}},
    {minus(1), "SI_QUEUE", {"Sent by sigqueue(3), with a value.", "", ""}},
    {minus(2), "SI_TIMER"},
    {minus(3), "SI_MESGQ"},
    {minus(4), "SI_ASYNCIO"},
    {minus(5), "SI_SIGIO"},
    {minus(6), "SI_TKILL", {"Sent to one thread, by tkill(2) or tgkill(2).", "", ""}},
};

}  // namespace

const ConstantTable kWaitOptions{
    "wait options", ConstantTable::Kind::Flags, "W???", "linux/wait.h", "wait4(2)", kWait4};
const ConstantTable kWaitidOptions{
    "waitid options", ConstantTable::Kind::Flags, "W???", "linux/wait.h", "waitid(2)", kWaitid};
const ConstantTable kWaitidTypes{
    "waitid types", ConstantTable::Kind::Enum, "P_???", "linux/wait.h", "waitid(2)", kTypes};
const ConstantTable kChildCodes{"child signal codes",
                                ConstantTable::Kind::Enum,
                                "CLD_???",
                                "asm-generic/siginfo.h",
                                "sigaction(2)",
                                kChild};
const ConstantTable kSignalCodes{"signal codes", ConstantTable::Kind::Enum,
                                 "SI_???",       "asm-generic/siginfo.h",
                                 "sigaction(2)", kCodes};

}  // namespace boxtrace::decoders
