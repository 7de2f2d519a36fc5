#include "tracer/ptrace/fd_references.h"

#include <algorithm>
#include <string_view>
#include <variant>

#include "tracer/base/text.h"

namespace boxtrace::ptrace {
namespace {

// Takes `prefix` off the front of `text`, if it is there.
bool take(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) {
    return false;
  }
  text.remove_prefix(prefix.size());
  return true;
}

// Takes a path component and the slash behind it.
std::string_view take_component(std::string_view& text) {
  const std::size_t slash = text.find('/');
  const std::string_view component = text.substr(0, slash);
  text.remove_prefix(slash == std::string_view::npos ? text.size() : slash + 1);
  return component;
}

class Collector {
 public:
  explicit Collector(const std::vector<base::NsPid>& own_pids) : own_pids_(&own_pids) {}

  void visit(const decoders::Value& value) {
    if (const auto* fd = value.as<decoders::Fd>()) {
      add(base::FdNum{fd->number});
    } else if (const auto* text = value.as<decoders::Text>()) {
      if (text->kind == decoders::Text::Kind::Path) {
        if (const auto number = fd_in_path(text->bytes, *own_pids_)) {
          add(*number);
        }
      }
    } else if (const auto* fields = value.as<decoders::Struct>()) {
      for (const decoders::Field& field : fields->fields) {
        visit(field.value);
      }
    } else if (const auto* list = value.as<decoders::List>()) {
      for (const decoders::Value& item : list->items) {
        visit(item);
      }
    }
  }

  [[nodiscard]] std::vector<base::FdNum> take_found() { return std::move(found_); }

 private:
  void add(base::FdNum fd) {
    if (fd.value >= 0 && std::find(found_.begin(), found_.end(), fd) == found_.end()) {
      found_.push_back(fd);
    }
  }

  const std::vector<base::NsPid>* own_pids_;
  std::vector<base::FdNum> found_;
};

}  // namespace

std::vector<base::FdNum> fd_references(const decoders::DecodedCall& decoded,
                                       const std::vector<base::NsPid>& own_pids) {
  Collector collector{own_pids};
  for (const decoders::Field& arg : decoded.args) {
    collector.visit(arg.value);
  }
  return collector.take_found();
}

std::optional<base::FdNum> fd_in_path(std::string_view path,
                                      const std::vector<base::NsPid>& own_pids) {
  if (!take(path, "/dev/")) {
    static_cast<void>(take(path, "/proc/"));
    const std::string_view owner = take_component(path);
    const auto pid = base::parse_i64(owner);
    const bool is_own = owner == "self" || owner == "thread-self" ||
                        (pid && std::any_of(own_pids.begin(), own_pids.end(),
                                            [&pid](base::NsPid own) { return own.value == *pid; }));
    if (!is_own) {
      return std::nullopt;
    }
    if (take(path, "task/")) {
      static_cast<void>(take_component(path));
    }
  }
  if (!take(path, "fd/")) {
    return std::nullopt;
  }
  const auto number = base::parse_i64(take_component(path));
  if (!number || *number < 0 || *number > INT32_MAX) {
    return std::nullopt;
  }
  return base::FdNum{static_cast<std::int32_t>(*number)};
}

void add_fd_target(const Observer& observer, const Tracee& tracee, base::FdNum fd, FdDetail detail,
                   std::vector<raw::FdTarget>& targets) {
  auto target = observer.fd_target(tracee.tid, fd);
  const bool is_there = std::any_of(targets.begin(), targets.end(),
                                    [fd](const raw::FdTarget& other) { return other.fd == fd; });
  if (target && !is_there) {
    std::string more =
        detail == FdDetail::Details ? observer.fd_detail(tracee.tid, fd, *target) : std::string{};
    targets.push_back({fd, std::move(*target), std::move(more)});
  }
}

std::vector<raw::FdTarget> read_fd_targets(const Observer& observer, const Tracee& tracee,
                                           const CallInFlight& call, FdDetail detail) {
  std::vector<raw::FdTarget> targets;
  for (const base::FdNum fd : fd_references(call.decoded, tracee.own_pids)) {
    add_fd_target(observer, tracee, fd, detail, targets);
  }
  const bool at_cwd = std::any_of(call.decoded.args.begin(), call.decoded.args.end(),
                                  [](const decoders::Field& arg) {
                                    const auto* fd = arg.value.as<decoders::Fd>();
                                    return fd != nullptr && fd->at_cwd;
                                  });
  if (at_cwd && detail != FdDetail::Needed) {
    constexpr base::FdNum kCwd{-100};  // linux/fcntl.h: AT_FDCWD
    const raw::Observation seen =
        observer.observe(tracee.tid, decoders::kObserveRoot, raw::Observation::At::Call);
    if (seen.cwd) {
      targets.push_back({kCwd, *seen.cwd});
    }
  }
  return targets;
}

}  // namespace boxtrace::ptrace
