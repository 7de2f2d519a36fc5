#pragma once
// What `checkpoint` and `restore` have in common: options, and how criu is found and told.

#include <sys/types.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "runtime/aliases.h"
#include "runtime/commands/options.h"
#include "runtime/config/config.h"
#include "runtime/criu/rpc.h"
#include "tracer/os/fd.h"

namespace boxrun::commands {

struct CriuOptions {
  std::string image_path = "checkpoint";
  std::string work_path;
  std::string cgroups_mode = "soft";
  std::vector<std::string> empty_ns;
  bool tcp_established = false;
  bool ext_unix_sk = false;
  bool shell_job = false;
  bool file_locks = false;
  bool auto_dedup = false;
  bool lazy_pages = false;
};
void add_criu_options(CLI::App& verb, CriuOptions& options);

/// The folders that criu reads and writes, open as long as it works.
struct CriuFolders {
  os::UniqueFd images;
  os::UniqueFd work;
  std::string log;  ///< path of the log that criu will write

  /// The same as `criu` sees them. In another mount namespace it could not mount there otherwise.
  [[nodiscard]] Result<void> open_as_seen_by(pid_t criu);

  /// @param make  where there is none; with `shared` so that root of a user namespace can come to
  ///              the files, which belong to root alone
  [[nodiscard]] static Result<CriuFolders> open(const CriuOptions& options, const char* log,
                                                bool make, bool shared);
};

/// In the folder of the images: what the standard streams were, as other runtimes have it.
inline constexpr const char* kStreamsFile = "descriptors.json";

/// The key of a namespace that is not part of the checkpoint, as other runtimes have it.
[[nodiscard]] std::string external_namespace_key(config::NamespaceKind kind);
inline constexpr config::NamespaceKind kExternalKinds[] = {config::NamespaceKind::Network,
                                                           config::NamespaceKind::Pid};

/// Checks that criu can work here at all. @errors  an option that is not supported; not root; as
/// criu::read_version()
[[nodiscard]] Result<int> check_criu(const Session& session, const CriuOptions& options);

/// The part of a request that the options and the config determine for both.
[[nodiscard]] criu::Options common_request(const CriuOptions& options,
                                           const config::Config& config);
void add_folders(const CriuFolders& folders, criu::Options& request);

}  // namespace boxrun::commands
