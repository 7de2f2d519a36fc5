// Resource limits. struct rlimit holds two words of the caller's ABI, struct rlimit64 two numbers
// of 64 bits; a word of all ones is "no limit" in both.
//
// Sources: kernel/sys.c: do_prlimit; getrlimit(2).

#include "decoders/args.h"
#include "decoders/families/families.h"
#include "decoders/structs.h"
#include "decoders/tables/resource.h"

namespace boxtrace::decoders {
namespace {

Value decode_limit(std::uint64_t raw, unsigned width) {
  if (width == 4 && raw == 0xffffffffU) {
    return Symbol{raw, "RLIM_INFINITY", {}};
  }
  const Constant* named = width == 8 ? kLimitValues.find(raw) : nullptr;
  return named != nullptr ? Value{Symbol{raw, named->name, {}}}
                          : Value{Number{raw, Number::Style::Unsigned}};
}

Value decode_limits(const CallContext& context, base::Addr addr, unsigned width) {
  const FieldSpec half{"rlim_cur", width == 4 ? Width::W32 : Width::W64, Show::Unsigned};
  const FieldSpec layout[] = {half, {"rlim_max", half.width, Show::Unsigned}};
  Value value = decode_struct(context, addr, layout);
  if (auto* fields = value.as<Struct>()) {
    for (Field& field : fields->fields) {
      field.value = decode_limit(field.value.raw().value_or(0), width);
    }
  }
  return value;
}

Value arg_rlimit(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_limits(context, address(context, index), raw::word_size(context.call.abi));
}

Value arg_rlimit64(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_limits(context, address(context, index), 8);
}

constexpr Explanation kGet{
    "Reads a soft limit, which counts, and a hard one, up to which it may be raised.",
    "/proc/PID/limits.", ""};

constexpr SyscallSpec kRows[] = {
    {.name = "prlimit64",
     .nr = {302, 340, 261},
     .classes = kLimits,
     .args = {{{"pid", arg_pid},
               {"resource", arg_constant, &kResourceLimits},
               {"new_limit", arg_rlimit64},
               {"old_limit", arg_rlimit64, nullptr, -1, Direction::Out}}},
     .man = "prlimit(2)",
     .kernel = "kernel/sys.c: prlimit64",
     .explain =
         {"Sets or reads a limit of any process; pid 0 is the caller.", "/proc/PID/limits.",
          "Raising a hard limit needs CAP_SYS_RESOURCE in the first user namespace: root of a "
          "container in a user namespace cannot, whatever it holds."}},
    {.name = "setrlimit",
     .nr = {160, 75, 164},
     .classes = kLimits,
     .args = {{{"resource", arg_constant, &kResourceLimits}, {"rlim", arg_rlimit}}},
     .man = "setrlimit(2)",
     .kernel = "kernel/sys.c: setrlimit",
     .explain = {"Sets a soft and a hard limit.", "/proc/PID/limits.",
                 "Raising a hard limit is EPERM without CAP_SYS_RESOURCE."}},
    {.name = "getrlimit",
     .nr = {97, -1, 163},
     .classes = kLimits | kInfo,
     .args = {{{"resource", arg_constant, &kResourceLimits},
               {"rlim", arg_rlimit, nullptr, -1, Direction::Out}}},
     .man = "getrlimit(2)",
     .kernel = "kernel/sys.c: getrlimit",
     .explain = kGet},
    {.name = "ugetrlimit",
     .nr = {-1, 191, -1},
     .classes = kLimits | kInfo,
     .args = {{{"resource", arg_constant, &kResourceLimits},
               {"rlim", arg_rlimit, nullptr, -1, Direction::Out}}},
     .man = "getrlimit(2)",
     .kernel = "kernel/sys.c: getrlimit",
     .explain = kGet},
    {.name = "getrlimit",
     .nr = {-1, 76, -1},
     .classes = kLimits | kInfo,
     .args = {{{"resource", arg_constant, &kResourceLimits},
               {"rlim", arg_rlimit, nullptr, -1, Direction::Out}}},
     .man = "getrlimit(2)",
     .kernel = "kernel/sys.c: old_getrlimit",
     .explain = {kGet.what, kGet.proc,
                 "The old i386 call knows no limit above 2 GiB: it cuts to 0x7fffffff."}},
};

}  // namespace

const std::span<const SyscallSpec> kLimitSyscalls{kRows};

}  // namespace boxtrace::decoders
