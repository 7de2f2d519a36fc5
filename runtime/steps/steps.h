#pragma once
// The steps of the child, one function each, one file per kernel feature. All run between clone(2)
// and execve(2), in [1:NS] or in [2:INIT].

#include "runtime/steps/inside.h"

namespace boxrun::steps {

// namespaces.cc
Outcome run(const plan::JoinNamespaces& step, Inside& inside);
Outcome run(const plan::UnshareNamespaces& step, Inside& inside);
Outcome run(const plan::WriteTimeOffsets& step, Inside& inside);
// network.cc
Outcome run(const plan::RaiseLoopback& step, Inside& inside);
// cgroup_join.cc
Outcome run(const plan::JoinCgroup& step, Inside& inside);
// identity.cc
Outcome run(const plan::BecomeRoot& step, Inside& inside);
Outcome run(const plan::SetUser& step, Inside& inside);
Outcome run(const plan::SetUmask& step, Inside& inside);
// session.cc
Outcome run(const plan::NewSession& step, Inside& inside);
Outcome run(const plan::JoinKeyring& step, Inside& inside);
// rootfs.cc
Outcome run(const plan::PropagateRoot& step, Inside& inside);
Outcome run(const plan::BindRootfs& step, Inside& inside);
Outcome run(const plan::EnterRootfs& step, Inside& inside);
Outcome run(const plan::MakeDirectory& step, Inside& inside);
Outcome run(const plan::PropagateNewRoot& step, Inside& inside);
// mounts.cc
Outcome run(const plan::CloneSource& step, Inside& inside);
Outcome run(const plan::MountOne& step, Inside& inside);
// covered_paths.cc
Outcome run(const plan::MakeReadonly& step, Inside& inside);
Outcome run(const plan::Mask& step, Inside& inside);
// devices.cc
Outcome run(const plan::MakeDevice& step, Inside& inside);
Outcome run(const plan::MakeLink& step, Inside& inside);
// hostname.cc, sysctl.cc
Outcome run(const plan::SetHostname& step, Inside& inside);
Outcome run(const plan::SetDomainname& step, Inside& inside);
Outcome run(const plan::WriteSysctl& step, Inside& inside);
// personality.cc
Outcome run(const plan::SetPersonality& step, Inside& inside);
Outcome run(const plan::SetMemoryPolicy& step, Inside& inside);
// labels.cc
Outcome run(const plan::OpenLabel& step, Inside& inside);
Outcome run(const plan::SetLabel& step, Inside& inside);
// rlimits.cc
Outcome run(const plan::SetRlimit& step, Inside& inside);
// caps.cc
Outcome run(const plan::LimitBounding& step, Inside& inside);
Outcome run(const plan::SetCapabilities& step, Inside& inside);
// seccomp.cc
Outcome run(const plan::NoNewPrivileges& step, Inside& inside);
Outcome run(const plan::LoadSeccomp& step, Inside& inside);
/// In the process that becomes a hook.
Outcome load_for_hook(const plan::LoadSeccomp& step, const Inside& inside);
// console.cc
Outcome run(const plan::MakeConsole& step, Inside& inside);
Outcome run(const plan::OwnStreams& step, Inside& inside);
// program.cc
Outcome run(const plan::ChangeDirectory& step, Inside& inside);
Outcome run(const plan::FindProgram& step, Inside& inside);
Outcome run(const plan::CloseDescriptors& step, Inside& inside);
Outcome run(const plan::Execute& step, Inside& inside);
// hooks.cc
Outcome run(const plan::RunHooks& step, Inside& inside);

}  // namespace boxrun::steps
