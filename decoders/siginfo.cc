#include "decoders/siginfo.h"

#include "decoders/structs.h"
#include "decoders/tables/siginfo.h"
#include "decoders/tables/wait.h"

namespace boxtrace::decoders {
namespace {

using Layout = std::span<const FieldSpec>;

// Source: asm/signal.h, asm-generic/siginfo.h.
enum Signal : int {
  kIll = 4,
  kTrapped = 5,
  kBusError = 7,
  kFpe = 8,
  kSegv = 11,
  kChld = 17,
  kPollable = 29,
  kSys = 31
};
enum Code : int { kUser = 0, kKernel = 0x80, kTimerCode = -2, kTkill = -6, kExited = 1 };
constexpr std::size_t kSiginfoSize = 128;  // asm-generic/siginfo.h: SI_MAX_SIZE

constexpr FieldSpec kHead[] = {{"si_signo", Width::W32, Show::Signal}, {"si_errno"}, {"si_code"}};

constexpr FieldSpec kSender[] = {{"si_pid", Width::W32, Show::Pid},
                                 {"si_uid", Width::W32, Show::Id}};
constexpr FieldSpec kSent[] = {{"si_pid", Width::W32, Show::Pid},
                               {"si_uid", Width::W32, Show::Id},
                               {"si_value", Width::Word, Show::Hex}};
constexpr FieldSpec kTimer[] = {
    {"si_timerid", Width::W32, Show::Hex}, {"si_overrun"}, {"si_value", Width::Word, Show::Hex}};
constexpr FieldSpec kChild[] = {
    {"si_pid", Width::W32, Show::Pid}, {"si_uid", Width::W32, Show::Id}, {"si_status"}};
constexpr FieldSpec kChildKilled[] = {{"si_pid", Width::W32, Show::Pid},
                                      {"si_uid", Width::W32, Show::Id},
                                      {"si_status", Width::W32, Show::Signal}};
constexpr FieldSpec kChildTimes[] = {{"si_utime", Width::Word}, {"si_stime", Width::Word}};
constexpr FieldSpec kFault[] = {{"si_addr", Width::Word, Show::Pointer}};
constexpr FieldSpec kPoll[] = {{"si_band", Width::Word}, {"si_fd", Width::W32, Show::Fd}};
constexpr FieldSpec kCall[] = {{"si_call_addr", Width::Word, Show::Pointer},
                               {"si_syscall"},
                               {"si_arch", Width::W32, Show::Constant, &kAuditArchitectures}};

/// Codes that only the kernel can give mean different things with each signal.
const ConstantTable& codes_of(int signo, int code) {
  if (code > 0 && code != kKernel) {
    switch (signo) {
      case kChld:
        return kChildCodes;
      case kSegv:
        return kSegmentationCodes;
      case kBusError:
        return kBusCodes;
      case kIll:
        return kIllegalCodes;
      case kFpe:
        return kFloatCodes;
      case kTrapped:
        return kTrapCodes;
      case kPollable:
        return kPollCodes;
      case kSys:
        return kSeccompCodes;
      default:
        break;
    }
  }
  return kSignalCodes;
}

Layout layout_of(int signo, int code) {
  if (code == kUser || code == kTkill) {
    return kSender;
  }
  if (code <= 0) {
    return code == kTimerCode ? Layout{kTimer} : Layout{kSent};
  }
  switch (signo) {
    case kChld:
      return code == kExited || code == kKernel ? Layout{kChild} : Layout{kChildKilled};
    case kSegv:
    case kBusError:
    case kIll:
    case kFpe:
    case kTrapped:
      return kFault;
    case kPollable:
      return kPoll;
    case kSys:
      return kCall;
    default:
      return {};
  }
}

int number_of(const Field& field) { return static_cast<int>(field.value.raw().value_or(0)); }

}  // namespace

Value decode_siginfo(const CallContext& context, base::Addr addr) {
  Value value = decode_struct(context, addr, kHead);
  auto* head = value.as<Struct>();
  if (head == nullptr || head->fields.size() < std::size(kHead)) {
    return value;
  }
  const int signo = number_of(head->fields[0]);
  const int err = number_of(head->fields[1]);
  const int code = number_of(head->fields[2]);
  if (signo == 0) {
    head->fields.clear();
    return value;
  }
  // The code is signed; its table holds negative numbers sign-extended.
  head->fields[2].value =
      decode_constant(codes_of(signo, code), static_cast<std::uint64_t>(std::int64_t{code}));
  std::swap(head->fields[1], head->fields[2]);
  if (err == 0) {
    head->fields.pop_back();
  }
  const raw::Abi abi = context.call.abi;
  const base::Addr body{addr.value + (raw::word_size(abi) == 4 ? 12 : 16)};  // a union, aligned
  const Layout layout = layout_of(signo, code);
  append_fields(context, value, body, layout);
  if (layout.size() == std::size(kChild) && layout.back().name == "si_status") {
    append_fields(context, value, {body.value + (raw::word_size(abi) == 4 ? 12 : 16)}, kChildTimes);
  }
  return value;
}

Value decode_siginfo(base::ByteView bytes, raw::Abi abi) {
  base::Bytes whole{bytes.begin(), bytes.end()};
  whole.resize(kSiginfoSize);
  raw::Snapshot snapshot;
  const base::Addr addr{kSiginfoSize};  // any but NULL
  snapshot.pieces.push_back({addr, std::move(whole), std::nullopt});
  raw::Call none;
  none.abi = abi;
  const Options options;
  return decode_siginfo({none, raw::RecordedMemory(snapshot), options}, addr);
}

}  // namespace boxtrace::decoders
