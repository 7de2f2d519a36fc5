#include "tracer/os/fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace boxtrace::os {

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void UniqueFd::reset() {
  if (fd_ >= 0) {
    const int saved = errno;
    // Linux frees the number whatever close(2) says; retrying on EINTR would close a stranger's.
    ::close(fd_);
    errno = saved;
    fd_ = -1;
  }
}

void give_up(std::initializer_list<int> fds) {
  const UniqueFd nothing{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  for (const int fd : fds) {
    if (!nothing || ::dup2(nothing.get(), fd) < 0) {
      ::close(fd);
    }
  }
}

}  // namespace boxtrace::os
