#include "runtime/exec/seccomp_program.h"

#include <errno.h>
#include <fmt/format.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "runtime/exec/seccomp_future.h"
#include "tracer/os/file.h"

namespace boxrun::exec {
namespace {

struct ReleaseFilter {
  void operator()(void* filter) const { ::seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, ReleaseFilter>;

Error seccomp_error(int result, std::string what) { return Error{-result, std::move(what), {}}; }

Result<void> add_architectures(const config::Seccomp& seccomp, scmp_filter_ctx filter) {
  for (std::size_t i = 0; i < seccomp.architectures.size(); ++i) {
    const int result = ::seccomp_arch_add(filter, seccomp.architectures[i]);
    if (result != 0 && result != -EEXIST) {
      return seccomp_error(result,
                           fmt::format("/linux/seccomp/architectures/{}: seccomp_arch_add()", i));
    }
  }
  return {};
}

scmp_arg_cmp comparison(const config::SeccompArg& argument) {
  scmp_arg_cmp compare{};
  compare.arg = argument.index;
  compare.op = static_cast<scmp_compare>(argument.op);
  compare.datum_a = argument.value;
  compare.datum_b = argument.value_two;
  return compare;
}

/// libseccomp joins the comparisons of one rule by "and", and refuses two on the same argument.
/// Profiles mean "or" there (docker's rule for personality(2)): one rule each.
bool has_repeated_argument(const config::SeccompRule& rule) {
  unsigned seen = 0;
  for (const config::SeccompArg& argument : rule.args) {
    if ((seen >> argument.index & 1U) != 0) {
      return true;
    }
    seen |= 1U << argument.index;
  }
  return false;
}

int add_rule(scmp_filter_ctx filter, const config::SeccompRule& rule, int number) {
  std::vector<scmp_arg_cmp> comparisons;
  for (const config::SeccompArg& argument : rule.args) {
    comparisons.push_back(comparison(argument));
  }
  if (!has_repeated_argument(rule)) {
    return ::seccomp_rule_add_array(filter, rule.action, number,
                                    static_cast<unsigned>(comparisons.size()), comparisons.data());
  }
  for (const scmp_arg_cmp& one : comparisons) {
    const int result = ::seccomp_rule_add_array(filter, rule.action, number, 1, &one);
    if (result != 0) {
      return result;
    }
  }
  return 0;
}

Result<void> add_rules(const config::Seccomp& seccomp, scmp_filter_ctx filter,
                       std::vector<std::string>& unknown) {
  for (std::size_t i = 0; i < seccomp.rules.size(); ++i) {
    const config::SeccompRule& rule = seccomp.rules[i];
    if (rule.action == seccomp.default_action) {
      continue;
    }
    for (const std::string& name : rule.names) {
      const int number = ::seccomp_syscall_resolve_name(name.c_str());
      if (number == __NR_SCMP_ERROR) {
        unknown.push_back(name);
        continue;
      }
      const int result = add_rule(filter, rule, number);
      // EDOM: the call does not exist in one of the architectures.
      if (result != 0 && result != -EDOM) {
        return seccomp_error(result, fmt::format("/linux/seccomp/syscalls/{}: seccomp_rule_add({})",
                                                 i, base::quote(name)));
      }
    }
  }
  return {};
}

Result<std::vector<sock_filter>> export_instructions(scmp_filter_ctx filter) {
  const os::UniqueFd file{::memfd_create("boxrun-seccomp", MFD_CLOEXEC)};
  if (!file) {
    return os::errno_error("memfd_create(\"boxrun-seccomp\")");
  }
  const int result = ::seccomp_export_bpf(filter, file.get());
  if (result != 0) {
    return seccomp_error(result, "/linux/seccomp: seccomp_export_bpf()");
  }
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  std::vector<sock_filter> instructions(static_cast<std::size_t>(size) / sizeof(sock_filter));
  if (::pread(file.get(), instructions.data(), instructions.size() * sizeof(sock_filter), 0) !=
      size) {
    return os::errno_error("pread(seccomp program)");
  }
  return instructions;
}

unsigned flag_bits(const config::Seccomp& seccomp) {
  unsigned flags = 0;
  for (const std::string& word : seccomp.flags) {
    // TSYNC is for other threads, and init has none to keep.
    if (word == "SECCOMP_FILTER_FLAG_LOG") {
      flags |= SECCOMP_FILTER_FLAG_LOG;
    } else if (word == "SECCOMP_FILTER_FLAG_SPEC_ALLOW") {
      flags |= SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    } else if (word == "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV") {
      flags |= 1U << 5;  // newer than Debian 12's header
    }
  }
  if (!seccomp.listener_path.empty()) {
    flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
  }
  return flags;
}

}  // namespace

Result<SeccompProgram> compile_seccomp(const config::Seccomp& seccomp) {
  const Filter filter{::seccomp_init(seccomp.default_action)};
  if (filter == nullptr) {
    return Error{
        EINVAL,
        fmt::format("/linux/seccomp/defaultAction: seccomp_init(0x{:x})", seccomp.default_action),
        "this kernel or libseccomp does not know the action"};
  }
  // no_new_privs is a setting of its own; the child decides.
  ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_NNP, 0);
  // A tree of comparisons and not a list. Loading it takes a quarter of the time: the kernel runs a
  // new filter for every system call there is, to find those that it always allows.
  // kernel/seccomp.c: seccomp_cache_prepare().
  ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  TRY_OK(add_architectures(seccomp, filter.get()));
  SeccompProgram program;
  TRY_OK(add_rules(seccomp, filter.get(), program.unknown_names));
  TRY(const auto instructions, export_instructions(filter.get()));
  program.instructions = refuse_future_calls(seccomp);
  program.instructions.insert(program.instructions.end(), instructions.begin(), instructions.end());
  if (program.instructions.size() > BPF_MAXINSNS) {
    return Error{0,
                 fmt::format("/linux/seccomp: the filter has {} instructions, the kernel takes {}",
                             program.instructions.size(), BPF_MAXINSNS),
                 "use fewer rules with arguments"};
  }
  program.flags = flag_bits(seccomp);
  return program;
}

}  // namespace boxrun::exec
