#pragma once
// What boxrun asks of criu(8) and what that answers. A request is a message with a type, options
// and, as the answer to a notification, whether to go on. While criu works it notifies of the
// stages that it comes to, and waits at each for the answer.
//
// Source: criu, images/rpc.proto; the numbers here are its field numbers.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/aliases.h"

namespace boxrun::criu {

enum class RequestType : std::uint8_t {
  Dump = 1,
  Restore = 2,
  Notify = 6,
  FeatureCheck = 9,
  Version = 10,
  SinglePreDump = 13,
};

/// How the cgroups of the tasks are made again. criu(8), --manage-cgroups.
enum class CgroupMode : std::uint8_t { Ignore = 0, Soft = 3, Full = 4, Strict = 5 };
/// `soft`, `full`, `strict` or `ignore`.
[[nodiscard]] std::optional<CgroupMode> parse_cgroup_mode(std::string_view word);

struct Pair {
  std::string key;
  std::string value;
};

struct InheritedFd {
  std::string key;
  int fd = -1;  ///< in criu
};

/// Descriptors are boxrun's, except where it says otherwise. Empty, 0 and -1 stand for "not asked".
struct Options {
  int images_fd = -1;
  int work_fd = -1;
  int pid = 0;
  std::string log_file;
  std::string root;
  std::string parent_images;  ///< relative to the images
  std::string config_file;
  std::string freeze_cgroup;
  std::string page_server;  ///< address, with the port below
  int page_server_port = 0;
  std::string lsm_profile;
  std::string lsm_mount_context;
  bool leave_running = false;
  bool external_unix_sockets = false;
  bool tcp_established = false;
  bool shell_job = false;
  bool file_locks = false;
  bool auto_dedup = false;
  bool track_memory = false;
  bool is_restore = false;  ///< init becomes boxrun's child; files of devices may be others
  CgroupMode cgroups = CgroupMode::Soft;
  std::vector<Pair> cgroup_roots;      ///< controller, path in its hierarchy
  std::uint32_t empty_namespaces = 0;  ///< CLONE_NEW*
  std::vector<Pair> external_mounts;   ///< to dump: place inside, name; to restore: name, source
  std::vector<std::string> external;   ///< other things that are not part of the container
  std::vector<Pair> joined;            ///< kind of namespace, path
  std::vector<InheritedFd> inherited;
};

[[nodiscard]] std::string render_request(RequestType type, const Options& options);
/// Asks for what FeatureCheck can tell.
[[nodiscard]] std::string render_feature_request();
/// To a notification.
[[nodiscard]] std::string render_reply(bool success);

struct Answer {
  int type = 0;
  bool success = false;
  int err = 0;          ///< errno of criu's failure, if it has one
  std::string message;  ///< of criu's failure, if it has one
  std::string script;   ///< of a notification: `post-dump`
  int pid = 0;          ///< of a notification and of a restored container
  bool can_track_memory = false;
  int version = 0;  ///< 31701 is 3.17.1
};
[[nodiscard]] Result<Answer> parse_answer(std::string_view bytes);

}  // namespace boxrun::criu
