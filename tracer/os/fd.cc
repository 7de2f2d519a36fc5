#include "tracer/os/fd.h"

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

}  // namespace boxtrace::os
