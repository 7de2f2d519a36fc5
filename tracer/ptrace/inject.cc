#include "tracer/ptrace/inject.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <string>

#include "decoders/registry.h"
#include "decoders/tables/signals.h"
#include "tracer/base/error_text.h"
#include "tracer/base/text.h"

namespace boxtrace::ptrace {
namespace {

constexpr std::uint32_t kMostCalls = 65535;  // strace(1)

base::Error wrong(std::string_view part, std::string hint) {
  return {0, fmt::format("inject: \"{}\" makes no sense", base::printable(part)), std::move(hint)};
}

/// `1.5ms`; without a unit it is microseconds. strace(1), "Time specification format".
base::Result<base::Nanos> parse_time(std::string_view text, std::string_view part) {
  const std::string number(text);
  char* end = nullptr;
  const double value = std::strtod(number.c_str(), &end);
  const std::string_view unit = end;
  constexpr std::array<std::pair<std::string_view, double>, 5> kUnits = {
      {{"", 1e3}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}}};
  for (const auto& [name, factor] : kUnits) {
    if (unit == name && end != number.c_str() && std::isfinite(value) && value >= 0 &&
        value * factor < 1e18) {
      return base::Nanos{static_cast<std::int64_t>(value * factor)};
    }
  }
  return wrong(part, "a time is a number of microseconds, or has a unit: s, ms, us, ns");
}

base::Result<std::uint32_t> parse_count(std::string_view text, std::string_view part) {
  const auto number = base::parse_u64(text);
  if (!number || *number == 0 || *number > kMostCalls) {
    return wrong(part, fmt::format("calls are counted from 1 to {}", kMostCalls));
  }
  return static_cast<std::uint32_t>(*number);
}

/// FIRST[..LAST][+[STEP]].
base::Result<Injection::When> parse_when(std::string_view text, std::string_view part) {
  Injection::When when;
  const std::size_t plus = text.find('+');
  const std::string_view range = text.substr(0, plus);
  const std::size_t dots = range.find("..");
  TRY(when.first, parse_count(range.substr(0, dots), part));
  if (dots != std::string_view::npos) {
    TRY(when.last, parse_count(range.substr(dots + 2), part));
    if (when.last < when.first) {
      return wrong(part, "the last call comes after the first");
    }
  }
  if (plus == std::string_view::npos) {
    when.step = dots == std::string_view::npos ? 0 : 1;
  } else if (plus + 1 < text.size()) {
    TRY(when.step, parse_count(text.substr(plus + 1), part));
  }
  return when;
}

base::Result<int> parse_error(std::string_view text, std::string_view part) {
  constexpr std::uint64_t kMostErrno = 4095;  // linux/err.h: MAX_ERRNO
  if (const auto number = base::parse_u64(text); number && *number > 0 && *number <= kMostErrno) {
    return static_cast<int>(*number);
  }
  const int err = base::parse_errno(text);
  return err != 0 ? base::Result<int>(err) : wrong(part, "an errno by name, or 1 to 4095");
}

base::Result<int> parse_signal(std::string_view text, std::string_view part) {
  if (const auto number = base::parse_u64(text); number && *number > 0 && *number <= 64) {
    return static_cast<int>(*number);
  }
  const decoders::Constant* known = decoders::kSignals.find(text);
  if (known == nullptr) {
    known = decoders::kSignals.find("SIG" + std::string(text));
  }
  return known != nullptr ? base::Result<int>(static_cast<int>(known->value))
                          : wrong(part, "a signal by name, or 1 to 64");
}

/// Calls that have no effect and always succeed.
base::Result<const decoders::SyscallSpec*> parse_pure(std::string_view name,
                                                      std::string_view part) {
  TRY(const decoders::CallSelection pure, decoders::CallSelection::parse("%pure"));
  const auto rows = decoders::find_syscalls(name);
  if (rows.empty() || rows.front()->nr.x86_64 < 0 ||
      !pure.has(raw::Abi::X86_64, static_cast<std::uint64_t>(rows.front()->nr.x86_64))) {
    return wrong(part, "only a call of the class %pure can stand in, such as getpid");
  }
  return rows.front();
}

base::Result<void> apply_part(Injection& injection, std::string_view part) {
  const std::size_t equals = part.find('=');
  const std::string_view name = part.substr(0, equals);
  const std::string_view value =
      equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1);
  if (name == "error" || name == "retval") {
    if (injection.replaces()) {
      return wrong(part, "one error= or retval= in an injection");
    }
    if (name == "error") {
      TRY(injection.error, parse_error(value, part));
      return {};
    }
    const auto number = base::parse_u64(value);
    if (!number || *number > static_cast<std::uint64_t>(INT64_MAX)) {
      return wrong(part, "a number that is not negative; error= makes a call fail");
    }
    injection.retval = static_cast<std::int64_t>(*number);
  } else if (name == "signal") {
    TRY(injection.signal, parse_signal(value, part));
  } else if (name == "syscall") {
    TRY(injection.instead, parse_pure(value, part));
  } else if (name == "delay_enter") {
    TRY(injection.delay_enter, parse_time(value, part));
  } else if (name == "delay_exit") {
    TRY(injection.delay_exit, parse_time(value, part));
  } else if (name == "when") {
    TRY(injection.when, parse_when(value, part));
  } else if (name == "poke_enter" || name == "poke_exit") {
    return base::Error{0,
                       fmt::format("inject: {}= (writing into memory) is not an option of "
                                   "boxtrace",
                                   name),
                       "use strace -e inject=...:poke_exit=..."};
  } else {
    return wrong(part,
                 "one of error=, retval=, signal=, syscall=, delay_enter=, delay_exit=, when=");
  }
  return {};
}

}  // namespace

base::Result<Injection> parse_injection(std::string_view text, int default_error) {
  // A pattern (`/...`) may hold colons itself; as in strace, the first one ends it all the same.
  const auto parts = base::split(text, ':');
  Injection injection;
  TRY(injection.calls, decoders::CallSelection::parse(parts.front()));
  for (std::size_t i = 1; i < parts.size(); ++i) {
    TRY_OK(apply_part(injection, parts[i]));
  }
  const bool delays = injection.delay_enter.value != 0 || injection.delay_exit.value != 0;
  if (!injection.replaces() && injection.signal == 0 && !delays) {
    if (default_error == 0) {
      return wrong(text,
                   "say what is to happen: error=, retval=, signal=, delay_enter= or "
                   "delay_exit=");
    }
    injection.error = default_error;
  }
  if (injection.instead != nullptr && !injection.replaces()) {
    return wrong(text, "syscall= goes with error= or retval=");
  }
  return injection;
}

const Injection* Injector::at_entry(base::TaskId task, raw::Abi abi, std::uint64_t nr) {
  const Injection* chosen = nullptr;
  for (const Injection& injection : injections_) {
    chosen = injection.calls.has(abi, nr) ? &injection : chosen;
  }
  if (chosen == nullptr) {
    return nullptr;
  }
  const std::uint32_t count = ++counts_[{task, abi, nr}];
  const Injection::When& when = chosen->when;
  if (count < when.first || count > when.last) {
    return nullptr;
  }
  const std::uint32_t past = count - when.first;
  const bool hit = when.step == 0 ? past == 0 : past % when.step == 0;
  return hit ? chosen : nullptr;
}

}  // namespace boxtrace::ptrace
