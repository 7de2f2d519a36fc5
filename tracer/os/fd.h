#pragma once
// Descriptors of our own process. UniqueFd owns one and closes it; BorrowedFd lends it out. Numbers
// of descriptors inside a tracee are base::FdNum and never meet these.

#include <initializer_list>
#include <utility>

namespace boxtrace::os {

/// A descriptor that someone else closes. AT_FDCWD is a valid one where a directory is asked for.
class BorrowedFd {
 public:
  constexpr explicit BorrowedFd(int fd) : fd_(fd) {}
  [[nodiscard]] constexpr int get() const { return fd_; }

 private:
  int fd_;
};

/// The working directory, for calls that take a directory descriptor. openat(2), AT_FDCWD.
inline constexpr BorrowedFd kWorkingDirectory{-100};

/// Closes its descriptor when it dies. Empty (-1) when default-constructed or moved from.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  ~UniqueFd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  explicit operator bool() const { return is_open(); }
  [[nodiscard]] BorrowedFd borrow() const { return BorrowedFd{fd_}; }
  operator BorrowedFd() const { return borrow(); }  // NOLINT(google-explicit-constructor)

  /// Gives the descriptor away: the caller closes it.
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  /// Closes it now. Keeps errno, so that it can stand between a failure and its report.
  void reset();

 private:
  int fd_ = -1;
};

/// Points descriptors of ours at /dev/null: who waits for the other end of a pipe is no longer held
/// up by us, and the number is not free for the next open(2). Without a /dev/null they are closed.
void give_up(std::initializer_list<int> fds);

}  // namespace boxtrace::os
