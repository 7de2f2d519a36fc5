#pragma once
// Seccomp profiles: what people write, and what a runtime makes a filter of.
//
// Three forms of JSON. The OCI's `linux.seccomp` (alone or inside a config.json); docker's own,
// where a rule can hold only with or without a capability, from a kernel version on, or on some
// architectures; and its old one with one `name` a rule. What they mean is what libseccomp does
// with them, which is not always what they say: arguments of one rule are joined by "and", but two
// conditions on the same argument make it several rules; a rule without conditions beats those
// with; a rule that says what is the default anyway is dropped; on i386, socket calls also mean
// socketcall(2) with their number; calls of an architecture that is not listed kill the thread.
//
// Sources: OCI runtime-spec config-linux.md; libseccomp src/{db,arch-x86}.c; runc
// libcontainer/seccomp; moby profiles/seccomp.

#include <string>
#include <string_view>
#include <vector>

#include "decoders/bpf/policy.h"
#include "tracer/base/result.h"

namespace boxtrace::bpf {

enum class Compare : std::uint8_t {
  NotEqual,
  Less,
  LessEqual,
  Equal,
  GreaterEqual,
  Greater,
  Masked
};

struct ProfileArgument {
  std::size_t index = 0;
  Compare op = Compare::Equal;
  std::uint64_t value = 0;  ///< with Masked: the mask
  std::uint64_t value_two = 0;
};

struct ProfileRule {
  std::vector<std::string> names;
  std::uint32_t result = 0;
  std::vector<ProfileArgument> arguments;
  /// Why the rule does not count here (docker's includes and excludes); empty when it does.
  std::string left_out;
};

struct Profile {
  std::uint32_t otherwise = 0;
  std::vector<std::string> architectures;  ///< names of Architecture, and `x32`
  std::vector<ProfileRule> rules;
};

/// What docker's conditions are about.
struct ProfileContext {
  std::vector<std::string> capabilities;  ///< `CAP_SYS_ADMIN`
  std::string architecture = "x86_64";
  unsigned kernel_major = 6;
  unsigned kernel_minor = 1;
};

/// A container of `docker run` without options.
[[nodiscard]] ProfileContext docker_defaults();

/// @errors  a text that is no JSON or no profile, with the JSON path.
[[nodiscard]] base::Result<Profile> parse_profile(std::string_view json,
                                                  const ProfileContext& context);

/// The policy of a filter that libseccomp would make of it.
[[nodiscard]] Policy policy_of(const Profile& profile);

/// A policy as the OCI's JSON, and what of it cannot be said there.
struct ProfileText {
  std::string json;
  std::vector<std::string> lost;
};
[[nodiscard]] ProfileText render_profile(const Policy& policy);
[[nodiscard]] std::string render_profile(const Profile& profile);

}  // namespace boxtrace::bpf
