#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

/// The eight kinds by their names in /proc/PID/ns; the values are their CLONE_NEW* flags.
extern const ConstantTable kNamespaces;

/// The letters of the strip `MUIPNCST`, in the order of raw::NsKind: mnt, uts, ipc, pid, net,
/// cgroup, user (S, since U is taken), time.
inline constexpr std::string_view kNamespaceLetters = "MUIPNCST";

}  // namespace boxtrace::decoders
