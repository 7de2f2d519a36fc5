#include "tracer/sinks/strace_filter.h"

#include <algorithm>

namespace boxtrace::sinks {
namespace {

unsigned status_of(const raw::Outcome& outcome) {
  switch (outcome.kind) {
    case raw::Outcome::Kind::Returned:
      return kSuccessful;
    case raw::Outcome::Kind::Failed:
    case raw::Outcome::Kind::Restarting:
      return kFailed;
    case raw::Outcome::Kind::NoReturn:
      return kUnfinished;
    case raw::Outcome::Kind::Unknown:
      break;
  }
  return kDetached | kUnavailable;
}

bool names_path(const decoders::DecodedCall& call, const std::string& path) {
  return std::any_of(call.args.begin(), call.args.end(), [&path](const decoders::Field& arg) {
    const auto* text = arg.value.as<decoders::Text>();
    return text != nullptr && text->kind == decoders::Text::Kind::Path && text->bytes == path;
  });
}

bool has_descriptor_of(const raw::Syscall& syscall, const std::string& path) {
  return std::any_of(syscall.fds.begin(), syscall.fds.end(),
                     [&path](const raw::FdTarget& fd) { return fd.target == path; });
}

/// A path or descriptor below the place where cgroup hierarchies are mounted. cgroups(7).
bool is_in_cgroups(const raw::Syscall& syscall, const decoders::DecodedCall& call) {
  static constexpr std::string_view kMount = "/sys/fs/cgroup";
  const auto below = [](std::string_view path) { return path.substr(0, kMount.size()) == kMount; };
  return std::any_of(call.args.begin(), call.args.end(),
                     [&](const decoders::Field& arg) {
                       const std::string* text = arg.value.text();
                       return text != nullptr && below(*text);
                     }) ||
         std::any_of(syscall.fds.begin(), syscall.fds.end(),
                     [&](const raw::FdTarget& fd) { return below(fd.target); });
}

}  // namespace

bool StraceFilter::admits_entry(const raw::Syscall& syscall,
                                const decoders::DecodedCall& call) const {
  const raw::Call& made = syscall.call;
  if (!calls.has(made.abi, made.nr) ||
      (calls.only_in_cgroups(made.abi, made.nr) && !is_in_cgroups(syscall, call))) {
    return false;
  }
  return paths.empty() || std::any_of(paths.begin(), paths.end(), [&](const std::string& path) {
           return names_path(call, path) || has_descriptor_of(syscall, path);
         });
}

bool StraceFilter::admits(const raw::Syscall& syscall, const decoders::DecodedCall& call) const {
  return (statuses & status_of(syscall.outcome)) != 0 && admits_entry(syscall, call);
}

bool StraceFilter::admits(const raw::Signal& signal) const {
  const auto number = static_cast<std::size_t>(signal.signo);
  return signal.signo < 0 || number >= kSignals || signals.test(number);
}

}  // namespace boxtrace::sinks
