#include "runtime/plan/message.h"

namespace boxrun::plan {

std::string_view render_kind(MessageKind kind) {
  switch (kind) {
    case MessageKind::Failed:
      return "failed";
    case MessageKind::Warning:
      return "warning";
    case MessageKind::UserNamespaceReady:
      return "user namespace ready";
    case MessageKind::IdMapsWritten:
      return "id maps written";
    case MessageKind::InitBorn:
      return "init born";
    case MessageKind::Adopted:
      return "init adopted";
    case MessageKind::CgroupMade:
      return "cgroup made";
    case MessageKind::NetworkReady:
      return "network ready";
    case MessageKind::NetworkDone:
      return "network done";
    case MessageKind::SourceCloned:
      return "source cloned";
    case MessageKind::SourceMapped:
      return "source mapped";
    case MessageKind::MountsDone:
      return "mounts done";
    case MessageKind::HooksDone:
      return "hooks done";
    case MessageKind::Ready:
      return "ready";
    case MessageKind::Proceed:
      return "proceed";
  }
  return "unknown";
}

}  // namespace boxrun::plan
