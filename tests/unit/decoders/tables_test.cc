// Every constant that the system's headers define has the value that the tables give it.

#include <gtest/gtest.h>
#include <linux/io_uring.h>
#include <linux/kcmp.h>
#include <linux/landlock.h>
#include <linux/membarrier.h>
#include <linux/mempolicy.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "decoders/constants.h"
#include "decoders/tables/capability.h"
#include "decoders/tables/fcntl.h"
#include "tests/unit/decoders/system_macros.h"

namespace boxtrace::decoders {
namespace {

TEST(Tables, AgreeWithTheMacrosOfTheSystemHeaders) {
  const Macros macros = read_macros("constants");
  if (macros.empty()) {
    GTEST_SKIP() << "this system has no kernel headers";
  }
  std::size_t compared = 0;
  for (const ConstantTable* table : all_tables()) {
    if (table == &kOpenFlagsArm) {
      continue;  // the headers are those of the machine the test runs on
    }
    for (const Constant& constant : table->constants) {
      const std::string name{constant.name};
      const auto value = macros.count(name) != 0 ? value_of(macros, name) : std::nullopt;
      if (!value) {
        continue;  // newer than the header, or an enumerator
      }
      ++compared;
      // Headers number the capabilities; a set of them has a bit for each. And they write some
      // 32-bit words as negative ints.
      const bool is_bit = table == &kCapabilitySet && constant.value == std::uint64_t{1} << *value;
      const bool same = is_bit || constant.value == *value ||
                        (constant.value <= 0xffffffffU && constant.value == (*value & 0xffffffffU));
      EXPECT_TRUE(same) << table->name << ": " << name << " is " << *value << " in the headers, "
                        << constant.value << " here";
    }
  }
  constexpr std::size_t kFewest = 700;
  EXPECT_GE(compared, kFewest);
}

/// Enumerators have no macro; these are the ones of Linux 6.1 that tables hold.
#define HEADER_VALUE(name) \
  { #name, static_cast < std::uint64_t>(name) }
const std::map<std::string, std::uint64_t>& enumerators() {
  static const std::map<std::string, std::uint64_t> kValues = {
      HEADER_VALUE(IORING_REGISTER_BUFFERS),
      HEADER_VALUE(IORING_REGISTER_FILES),
      HEADER_VALUE(IORING_REGISTER_PROBE),
      HEADER_VALUE(IORING_REGISTER_RESTRICTIONS),
      HEADER_VALUE(IORING_REGISTER_ENABLE_RINGS),
      HEADER_VALUE(IORING_REGISTER_RING_FDS),
      HEADER_VALUE(IORING_REGISTER_SYNC_CANCEL),
      HEADER_VALUE(IORING_REGISTER_FILE_ALLOC_RANGE),
      HEADER_VALUE(KCMP_FILE),
      HEADER_VALUE(KCMP_EPOLL_TFD),
      HEADER_VALUE(LANDLOCK_RULE_PATH_BENEATH),
      HEADER_VALUE(MEMBARRIER_CMD_QUERY),
      HEADER_VALUE(MEMBARRIER_CMD_GLOBAL),
      HEADER_VALUE(MEMBARRIER_CMD_PRIVATE_EXPEDITED),
      HEADER_VALUE(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ),
      HEADER_VALUE(MPOL_DEFAULT),
      HEADER_VALUE(MPOL_PREFERRED),
      HEADER_VALUE(MPOL_BIND),
      HEADER_VALUE(MPOL_INTERLEAVE),
      HEADER_VALUE(MPOL_LOCAL),
      HEADER_VALUE(MPOL_PREFERRED_MANY),
      HEADER_VALUE(PERF_TYPE_HARDWARE),
      HEADER_VALUE(PERF_TYPE_TRACEPOINT),
      HEADER_VALUE(PERF_TYPE_BREAKPOINT),
      HEADER_VALUE(MSG_OOB),
      HEADER_VALUE(MSG_PEEK),
      HEADER_VALUE(MSG_CTRUNC),
      HEADER_VALUE(MSG_TRUNC),
      HEADER_VALUE(MSG_DONTWAIT),
      HEADER_VALUE(MSG_EOR),
      HEADER_VALUE(MSG_WAITALL),
      HEADER_VALUE(MSG_CONFIRM),
      HEADER_VALUE(MSG_ERRQUEUE),
      HEADER_VALUE(MSG_NOSIGNAL),
      HEADER_VALUE(MSG_MORE),
      HEADER_VALUE(MSG_WAITFORONE),
      HEADER_VALUE(MSG_BATCH),
      HEADER_VALUE(MSG_ZEROCOPY),
      HEADER_VALUE(MSG_FASTOPEN),
      HEADER_VALUE(MSG_CMSG_CLOEXEC),
      HEADER_VALUE(SHUT_RD),
      HEADER_VALUE(SHUT_WR),
      HEADER_VALUE(SHUT_RDWR),
      HEADER_VALUE(SOCK_STREAM),
      HEADER_VALUE(SOCK_DGRAM),
      HEADER_VALUE(SOCK_RAW),
      HEADER_VALUE(SOCK_SEQPACKET),
      HEADER_VALUE(SOCK_NONBLOCK),
      HEADER_VALUE(SOCK_CLOEXEC),
      HEADER_VALUE(SCM_RIGHTS),
      HEADER_VALUE(IPPROTO_TCP),
      HEADER_VALUE(IPPROTO_UDP),
      HEADER_VALUE(IPPROTO_MPTCP),
      HEADER_VALUE(IPPROTO_RAW),
  };
  return kValues;
}
#undef HEADER_VALUE

TEST(Tables, AgreeWithTheEnumeratorsOfTheSystemHeaders) {
  std::set<std::string> seen;
  for (const ConstantTable* table : all_tables()) {
    for (const Constant& constant : table->constants) {
      const auto found = enumerators().find(std::string{constant.name});
      if (found != enumerators().end()) {
        seen.insert(found->first);
        EXPECT_EQ(constant.value, found->second) << table->name << ": " << constant.name;
      }
    }
  }
  EXPECT_EQ(seen.size(), enumerators().size());
}

TEST(Tables, SayWhatTheyAreAndWhereTheyAreFrom) {
  for (const ConstantTable* table : all_tables()) {
    EXPECT_FALSE(table->name.empty());
    EXPECT_FALSE(table->source.empty()) << table->name;
    EXPECT_FALSE(table->man.empty()) << table->name;
    EXPECT_FALSE(table->constants.empty()) << table->name;
  }
}

TEST(Tables, NameNothingTwice) {
  for (const ConstantTable* table : all_tables()) {
    std::set<std::string_view> names;
    std::set<std::pair<std::uint64_t, std::uint64_t>> values;
    for (const Constant& constant : table->constants) {
      EXPECT_TRUE(names.insert(constant.name).second) << table->name << ": " << constant.name;
      EXPECT_TRUE(values.insert({constant.value, constant.mask}).second)
          << table->name << ": a second name for the value of " << constant.name;
    }
  }
}

TEST(Tables, FieldsOfSeveralBitsLieWithinTheirMasks) {
  for (const ConstantTable* table : all_tables()) {
    for (const Constant& constant : table->constants) {
      if (constant.mask != 0) {
        EXPECT_EQ(constant.value & ~constant.mask, 0U) << table->name << ": " << constant.name;
      }
    }
  }
}

TEST(Tables, EveryConstantIsDecodedAsItself) {
  for (const ConstantTable* table : all_tables()) {
    for (const Constant& constant : table->constants) {
      const Value value = decode_constant(*table, constant.value);
      if (const auto* symbol = value.as<Symbol>()) {
        EXPECT_EQ(symbol->name, constant.name) << table->name;
      } else {
        const auto* flags = value.as<Flags>();
        ASSERT_NE(flags, nullptr) << table->name;
        EXPECT_EQ(flags->unknown, 0U) << table->name << ": " << constant.name;
        EXPECT_NE(std::find(flags->names.begin(), flags->names.end(), constant.name),
                  flags->names.end())
            << table->name << ": " << constant.name;
      }
    }
  }
}

}  // namespace
}  // namespace boxtrace::decoders
