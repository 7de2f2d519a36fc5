#include "tracer/stacks/cfi.h"

#include <libunwind.h>

#include <array>
#include <span>

#include "tracer/base/bytes.h"
#include "tracer/base/check.h"

// Exported by libunwind, declared in none of its headers; linux/tools/perf/util/unwind-libunwind.c
// does the same.
extern "C" int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t space, unw_word_t ip,
                                                  unw_dyn_info_t* table, unw_proc_info_t* found,
                                                  int need_unwind_info, void* context);

namespace boxtrace::stacks {
namespace {

// DW_EH_PE_*: udata4, and sdata4 relative to the header. LSB Core "DWARF Exception Header
// Encoding".
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kOmitted = 0xff;
constexpr std::uint8_t kFormMask = 0x0f;
constexpr std::uint8_t kUnsigned4 = 0x03;
constexpr std::uint8_t kSigned4 = 0x0b;
constexpr std::uint8_t kSigned4FromHeader = 0x3b;
constexpr std::uint64_t kEntrySize = sizeof(FrameTable::Entry);
// Where a table of our own seems to be: no program can have memory at such addresses.
constexpr std::uint64_t kOwnTable = 0xfffe'0000'0000'0000;
constexpr std::uint64_t kMostEntries = std::uint64_t{1} << 24;
// An honest step reads some hundred words.
constexpr std::size_t kMostReads = 20'000;

/// What the callbacks of one step work on.
struct Context {
  const ByteSource& memory;
  const FrameTable& table;
  const raw::Registers& registers;
  std::size_t reads = 0;
  std::uint64_t function = 0;
};

Context& context_of(void* arg) { return *static_cast<Context*>(arg); }

int find_proc_info(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t* found,
                   int need_unwind_info, void* arg) {
  Context& context = context_of(arg);
  unw_dyn_info_t table{};
  table.format = UNW_INFO_FORMAT_REMOTE_TABLE;
  table.start_ip = 0;
  table.end_ip = ~unw_word_t{0};
  table.u.rti.segbase = context.table.base;
  table.u.rti.table_data = context.table.own != nullptr ? kOwnTable : context.table.entries;
  table.u.rti.table_len = context.table.count * kEntrySize / sizeof(unw_word_t);
  const int status =
      UNW_OBJ(dwarf_search_unwind_table)(space, ip, &table, found, need_unwind_info, arg);
  if (status >= 0) {
    context.function = found->start_ip;
  }
  return status;
}

// libunwind frees what it allocated for a table itself.
void put_unwind_info(unw_addr_space_t /*space*/, unw_proc_info_t* /*found*/, void* /*arg*/) {}

int get_dyn_info_list_addr(unw_addr_space_t /*space*/, unw_word_t* /*list*/, void* /*arg*/) {
  return -UNW_ENOINFO;
}

std::optional<unw_word_t> read_word(const Context& context, std::uint64_t at) {
  if (context.table.own == nullptr || at < kOwnTable) {
    return read_value<unw_word_t>(context.memory, at);
  }
  const auto bytes = std::as_bytes(std::span{*context.table.own});
  return base::read_le<unw_word_t>(bytes, static_cast<std::size_t>(at - kOwnTable));
}

int access_mem(unw_addr_space_t /*space*/, unw_word_t at, unw_word_t* value, int write, void* arg) {
  Context& context = context_of(arg);
  if (write != 0 || ++context.reads > kMostReads) {
    return -UNW_EINVAL;
  }
  const auto word = read_word(context, at);
  *value = word.value_or(0);
  return word ? UNW_ESUCCESS : -UNW_EINVAL;
}

int access_reg(unw_addr_space_t /*space*/, unw_regnum_t number, unw_word_t* value, int write,
               void* arg) {
  const raw::Registers& registers = context_of(arg).registers;
  if (write != 0 || number < 0 || number >= static_cast<int>(raw::Registers::kCount)) {
    return -UNW_EBADREG;
  }
  *value = registers.values.at(static_cast<std::size_t>(number));
  return UNW_ESUCCESS;
}

int access_fpreg(unw_addr_space_t /*space*/, unw_regnum_t /*number*/, unw_fpreg_t* /*value*/,
                 int /*write*/, void* /*arg*/) {
  return -UNW_EBADREG;
}

int resume(unw_addr_space_t /*space*/, unw_cursor_t* /*cursor*/, void* /*arg*/) {
  return -UNW_EINVAL;
}

int get_proc_name(unw_addr_space_t /*space*/, unw_word_t /*at*/, char* /*name*/,
                  std::size_t /*size*/, unw_word_t* /*offset*/, void* /*arg*/) {
  return -UNW_EUNSPEC;
}

}  // namespace

struct CfiUnwinder::Space {
  unw_accessors_t accessors{};
  unw_addr_space_t space = nullptr;
};

CfiUnwinder::CfiUnwinder() : space_(std::make_unique<Space>()) {
  static_assert(static_cast<int>(raw::Registers::kRip) == static_cast<int>(UNW_X86_64_RIP));
  space_->accessors = {find_proc_info, put_unwind_info, get_dyn_info_list_addr,
                       access_mem,     access_reg,      access_fpreg,
                       resume,         get_proc_name};
  space_->space = unw_create_addr_space(&space_->accessors, 0);
  BT_CHECK(space_->space != nullptr, "libunwind makes no address space");
  // It would keep what it learned by address, and a library may be replaced there.
  unw_set_caching_policy(space_->space, UNW_CACHE_NONE);
}

CfiUnwinder::~CfiUnwinder() { unw_destroy_addr_space(space_->space); }

CfiStep CfiUnwinder::step(const ByteSource& memory, const FrameTable& table,
                          const raw::Registers& registers) const {
  using Outcome = CfiStep::Outcome;
  CfiStep result;
  Context context{memory, table, registers};
  unw_cursor_t cursor;
  if (unw_init_remote(&cursor, space_->space, &context) < 0) {
    result.outcome = Outcome::Broken;
    return result;
  }
  const int status = unw_step(&cursor);
  result.function = context.function;
  if (context.function == 0) {
    return result;
  }
  if (status == 0) {
    result.outcome = Outcome::Bottom;
    return result;
  }
  for (std::size_t i = 0; i < raw::Registers::kCount; ++i) {
    unw_word_t value = 0;
    const bool known =
        status > 0 && unw_get_reg(&cursor, static_cast<unw_regnum_t>(i), &value) >= 0;
    // A scratch register that nobody saved has no value any more; nothing will ask for it.
    if (!known && (i == raw::Registers::kRip || i == raw::Registers::kRsp)) {
      result.outcome = Outcome::Broken;
      return result;
    }
    result.registers.values.at(i) = value;
  }
  result.outcome = Outcome::Stepped;
  return result;
}

std::optional<FrameTable> parse_frame_table(const ByteSource& memory, std::uint64_t header) {
  const auto form = read_value<std::array<std::uint8_t, 4>>(memory, header);
  if (!form || (*form)[0] != kVersion || (*form)[2] != kUnsigned4 ||
      (*form)[3] != kSigned4FromHeader) {
    return std::nullopt;
  }
  const std::uint8_t pointer = (*form)[1];
  const bool is_four = (pointer & kFormMask) == kSigned4 || (pointer & kFormMask) == kUnsigned4;
  if (pointer == kOmitted || !is_four) {
    return std::nullopt;
  }
  const auto count = read_value<std::uint32_t>(memory, header + 8);
  if (!count || *count == 0 || *count > kMostEntries) {
    return std::nullopt;
  }
  return FrameTable{header, header + 12, *count, nullptr};
}

}  // namespace boxtrace::stacks
