#pragma once
// The words for privilege that a file grants and a task did not get.

#include <string>
#include <string_view>

#include "tracer/model/facts.h"

namespace boxtrace::timeline {

/// `user id 0, CAP_NET_RAW`.
[[nodiscard]] std::string render_privilege(const model::PrivilegeWithheld& withheld);
/// `no_new_privs is set`.
[[nodiscard]] std::string_view render_reason(model::PrivilegeWithheld::Why why);

}  // namespace boxtrace::timeline
