#pragma once
// criu(8) as a child of boxrun that takes requests over a socket.
//
// The command line of criu could do most of this, but not all: only over the socket does it hand
// out the master of a restored terminal, make the restored init a child of whoever asked (so that
// boxrun can wait for it), and wait until hooks have run.
//
// To restore, criu wants the root filesystem to be a mount point. It is bound onto itself in a
// mount namespace that only criu is in: whatever happens, nothing of it is left on the host.
//
// Source: criu, criu/cr-service.c: cr_service_work(); criu(8), --root.

#include <sys/types.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/aliases.h"
#include "runtime/criu/rpc.h"
#include "tracer/os/fd.h"

namespace boxrun::criu {

/// Descriptors 0 and 1 of criu are boxrun's, 2 is listened to, 3 is the socket; those that are
/// handed over follow.
inline constexpr int kFirstHandedOver = 4;

struct Setup {
  std::string program = "criu";  ///< a path, or a name to look for in $PATH
  std::string root;              ///< to become a mount point; empty for no restore
  std::vector<int> handed_over;
};

class Service {
 public:
  /// @errors  there is no such program
  [[nodiscard]] static Result<Service> start(const Setup& setup);
  Service(Service&& other) noexcept
      : pid_(std::exchange(other.pid_, 0)),
        socket_(std::move(other.socket_)),
        complaints_(std::move(other.complaints_)) {}
  Service& operator=(Service&&) = delete;
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  /// Ends criu if it is still there.
  ~Service();

  [[nodiscard]] pid_t pid() const { return pid_; }

  /// What is to be done at a notification, with the descriptor that it may have brought.
  using Notified =
      std::function<Result<void>(const Answer& notification, const os::UniqueFd& brought)>;

  /// Sends a request and waits for its answer.
  ///
  /// @param log  path of the log that criu was told to write
  /// @errors  criu refuses or is gone, which its own words come with; what `notified` refuses
  [[nodiscard]] Result<Answer> ask(const std::string& request, const Notified& notified = {},
                                   const std::string& log = {});

 private:
  Service() = default;
  [[nodiscard]] Error explain(const Error& error, const std::string& log);
  void end();

  pid_t pid_ = 0;
  os::UniqueFd socket_;
  os::UniqueFd complaints_;  ///< a file in memory, criu's standard error
};

/// @errors  criu is missing, does not work on this machine, or is older than 3.15, which is the
///          first that does all that is asked of it here. @returns 31701 for 3.17.1
[[nodiscard]] Result<int> read_version(const std::string& program);

/// Of a log of criu, or what it has written to standard error: the error that all others follow
/// from; empty where there is none.
[[nodiscard]] std::string first_error(std::string_view log);
/// What to do about an error of criu's; empty where nothing is known to help.
[[nodiscard]] std::string hint_for(std::string_view error);

}  // namespace boxrun::criu
