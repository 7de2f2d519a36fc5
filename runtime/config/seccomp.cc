// The section /linux/seccomp: which system calls the container may make.

#include <errno.h>
#include <fmt/format.h>
#include <seccomp.h>

#include <algorithm>

#include "runtime/config/names.h"
#include "runtime/config/sections.h"

namespace boxrun::config {
namespace {

constexpr std::uint32_t kMaxArguments = 6;
constexpr std::uint32_t kMaxErrno = 4095;  // include/linux/err.h: MAX_ERRNO

/// An action with its errno; `errno_key` is read only where the action uses it.
std::uint32_t parse_action(const Node& node, std::string_view key, std::string_view errno_key) {
  const std::string word = node.required_text(key);
  const auto errno_value = node.number<std::uint32_t>(errno_key);
  if (errno_value && word != "SCMP_ACT_ERRNO" && word != "SCMP_ACT_TRACE") {
    node.fail_at(errno_key, fmt::format("{} returns no errno", base::printable(word)),
                 "only SCMP_ACT_ERRNO and SCMP_ACT_TRACE take a number");
  }
  if (errno_value && *errno_value > kMaxErrno) {
    node.fail_at(errno_key, fmt::format("{} is not an errno", *errno_value));
  }
  const auto action = parse_seccomp_action(word, errno_value.value_or(EPERM));
  if (!action) {
    node.fail_at(key, fmt::format("unknown seccomp action \"{}\"", base::printable(word)),
                 suggest(word, seccomp_action_words()));
  }
  return action.value_or(0);
}

SeccompArg parse_argument(const Node& node) {
  SeccompArg argument;
  argument.index = node.required_number<std::uint32_t>("index");
  if (argument.index >= kMaxArguments) {
    node.fail_at("index", fmt::format("{} is not in the range from 0 to 5: a system call has six "
                                      "arguments",
                                      argument.index));
  }
  argument.value = node.required_number<std::uint64_t>("value");
  argument.value_two = node.number<std::uint64_t>("valueTwo").value_or(0);
  const std::string word = node.required_text("op");
  const auto op = parse_seccomp_operator(word);
  if (!op) {
    node.fail_at("op", fmt::format("unknown comparison \"{}\"", base::printable(word)),
                 suggest(word, seccomp_operator_words()));
  }
  argument.op = op.value_or(0);
  return argument;
}

SeccompRule parse_rule(const Node& node) {
  SeccompRule rule;
  rule.names = node.texts("names");
  if (rule.names.empty()) {
    node.fail_at("names", "must name at least one system call");
  }
  rule.action = parse_action(node, "action", "errnoRet");
  for (const Node& argument : node.elements("args")) {
    rule.args.push_back(parse_argument(argument));
  }
  return rule;
}

void parse_flags(const Node& seccomp, Seccomp& parsed) {
  const std::vector<std::string> known = seccomp_flag_words();
  for (const Node& node : seccomp.elements("flags")) {
    const std::string word = node.as_text();
    if (std::find(known.begin(), known.end(), word) == known.end()) {
      node.fail(fmt::format("unknown seccomp flag \"{}\"", base::printable(word)),
                suggest(word, known));
    }
    parsed.flags.push_back(word);
  }
}

/// A call that is notified waits for an answer; without a listener it would fail with ENOSYS. A
/// listener without such calls is ignored, as the specification has it.
void check_listener(const Node& node, Seccomp& seccomp) {
  const bool notifies = seccomp.default_action == SCMP_ACT_NOTIFY ||
                        std::ranges::any_of(seccomp.rules, [](const SeccompRule& rule) {
                          return rule.action == SCMP_ACT_NOTIFY;
                        });
  if (notifies && seccomp.listener_path.empty()) {
    node.fail_at("listenerPath", "is required: a rule has the action SCMP_ACT_NOTIFY",
                 "name the Unix socket of the program that answers notifications");
  } else if (seccomp.listener_path.empty() && !seccomp.listener_metadata.empty()) {
    node.fail_at("listenerMetadata", "needs a listenerPath to be sent to");
  } else if (!notifies) {
    seccomp.listener_path.clear();
  }
}

}  // namespace

void parse_seccomp(const Node& linux_node, Config& config) {
  const auto node = linux_node.object("seccomp");
  if (!node) {
    return;
  }
  Seccomp seccomp;
  seccomp.default_action = parse_action(*node, "defaultAction", "defaultErrnoRet");
  for (const Node& element : node->elements("architectures")) {
    const std::string word = element.as_text();
    const auto architecture = parse_seccomp_architecture(word);
    if (!architecture) {
      element.fail(fmt::format("unknown architecture \"{}\"", base::printable(word)),
                   suggest(word, seccomp_architecture_words()));
    }
    seccomp.architectures.push_back(architecture.value_or(0));
  }
  parse_flags(*node, seccomp);
  seccomp.listener_path = node->text("listenerPath");
  if (!seccomp.listener_path.empty()) {
    check_absolute(*node, "listenerPath", seccomp.listener_path);
  }
  seccomp.listener_metadata = node->text("listenerMetadata");
  for (const Node& element : node->elements("syscalls")) {
    seccomp.rules.push_back(parse_rule(element));
  }
  check_listener(*node, seccomp);
  config.seccomp = std::move(seccomp);
}

}  // namespace boxrun::config
