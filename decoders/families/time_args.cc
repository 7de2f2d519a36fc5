#include "decoders/families/time_args.h"

#include "decoders/structs.h"
#include "decoders/tables/time.h"

namespace boxtrace::decoders {
namespace {

constexpr FieldSpec kTimespecWords[] = {{"tv_sec", Width::Word}, {"tv_nsec", Width::Word}};
constexpr FieldSpec kTimespec64[] = {{"tv_sec", Width::W64}, {"tv_nsec", Width::W64}};
constexpr FieldSpec kTimevalWords[] = {{"tv_sec", Width::Word}, {"tv_usec", Width::Word}};
constexpr FieldSpec kTimeval64[] = {{"tv_sec", Width::W64}, {"tv_usec", Width::W64}};
// UTIME_NOW and UTIME_OMIT stand where nanoseconds stand.
constexpr FieldSpec kUtimeWords[] = {{"tv_sec", Width::Word},
                                     {"tv_nsec", Width::Word, Show::Constant, &kUtimeNanoseconds}};
constexpr FieldSpec kUtime64[] = {{"tv_sec", Width::W64},
                                  {"tv_nsec", Width::W64, Show::Constant, &kUtimeNanoseconds}};

constexpr FieldSpec kRusageCounters[] = {
    {"ru_maxrss", Width::Word}, {"ru_ixrss", Width::Word},   {"ru_idrss", Width::Word},
    {"ru_isrss", Width::Word},  {"ru_minflt", Width::Word},  {"ru_majflt", Width::Word},
    {"ru_nswap", Width::Word},  {"ru_inblock", Width::Word}, {"ru_oublock", Width::Word},
    {"ru_msgsnd", Width::Word}, {"ru_msgrcv", Width::Word},  {"ru_nsignals", Width::Word},
    {"ru_nvcsw", Width::Word},  {"ru_nivcsw", Width::Word},
};

using Layout = std::span<const FieldSpec>;

/// The layout of a plain time for the caller's ABI.
Layout plain(const CallContext& context, Layout words, Layout wide) {
  return context.call.abi == raw::Abi::X32 ? wide : words;
}

/// Two times that follow each other, named `first` and `second`.
Value decode_pair(const CallContext& context, base::Addr addr, Layout layout,
                  std::string_view first, std::string_view second) {
  Value value = decode_struct_array(context, addr, 2, layout);
  auto* list = value.as<List>();
  if (list == nullptr) {
    return value;
  }
  Struct pair;
  pair.failure = list->failure;
  for (Value& item : list->items) {
    pair.fields.push_back({pair.fields.empty() ? first : second, std::move(item)});
  }
  return pair;
}

/// Seconds with nanoseconds that may be a word of their own: a plain number when they are not.
Value decode_utimes(const CallContext& context, base::Addr addr, Layout layout) {
  Value value = decode_struct_array(context, addr, 2, layout);
  if (auto* list = value.as<List>()) {
    for (Value& item : list->items) {
      for (Field& field : item.as<Struct>()->fields) {
        const auto* symbol = field.value.as<Symbol>();
        if (symbol != nullptr && symbol->name.empty()) {
          field.value = Number{symbol->raw, Number::Style::Unsigned};
        }
      }
    }
  }
  return value;
}

}  // namespace

Value arg_timespec(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_struct(context, address(context, index),
                       plain(context, kTimespecWords, kTimespec64));
}

Value arg_timespec64(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_struct(context, address(context, index), kTimespec64);
}

Value arg_timespec_pair(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_utimes(context, address(context, index), plain(context, kUtimeWords, kUtime64));
}

Value arg_timespec64_pair(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_utimes(context, address(context, index), kUtime64);
}

Value arg_timeval(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_struct(context, address(context, index), plain(context, kTimevalWords, kTimeval64));
}

Value arg_timeval_pair(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_struct_array(context, address(context, index), 2,
                             plain(context, kTimevalWords, kTimeval64));
}

Value arg_itimerspec(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_pair(context, address(context, index), plain(context, kTimespecWords, kTimespec64),
                     "it_interval", "it_value");
}

Value arg_itimerspec64(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_pair(context, address(context, index), kTimespec64, "it_interval", "it_value");
}

Value arg_itimerval(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_pair(context, address(context, index), plain(context, kTimevalWords, kTimeval64),
                     "it_interval", "it_value");
}

Value arg_rusage(const CallContext& context, const ArgSpec&, std::size_t index) {
  raw::Call call = context.call;
  call.abi = call.abi == raw::Abi::X32 ? raw::Abi::X86_64 : call.abi;  // its words are kernel longs
  const CallContext words{call, context.memory, context.options, context.outcome};
  const base::Addr addr = address(words, index);
  Value value = decode_pair(words, addr, kTimevalWords, "ru_utime", "ru_stime");
  const std::size_t times = 2 * layout_size(kTimevalWords, call.abi);
  append_fields(words, value, base::Addr{addr.value + times}, kRusageCounters);
  return value;
}

}  // namespace boxtrace::decoders
