// Source: include/uapi/linux/fcntl.h; open(2), openat(2).

#include "decoders/tables/fcntl.h"

namespace boxtrace::decoders {
namespace {

constexpr Constant kAt[] = {
    {0x100, "AT_SYMLINK_NOFOLLOW", {"Act on a symbolic link itself, not on what it names.", "", ""}},
    {0x1000,
     "AT_EMPTY_PATH",
     {"The path may be empty: then the descriptor itself is meant.", "",
      "For linkat it used to need CAP_DAC_READ_SEARCH in every case."}},
};

}  // namespace

const ConstantTable kAtFlags{"at flags",      ConstantTable::Kind::Flags, "AT_???",
                             "linux/fcntl.h", "openat(2)",                kAt};

}  // namespace boxtrace::decoders
