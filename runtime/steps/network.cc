#include "runtime/steps/network.h"

#include <errno.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

#include "runtime/steps/steps.h"
#include "tracer/os/fd.h"

namespace boxrun::steps {

Outcome raise_loopback() {
  // Any socket will do, and this kind exists in every kernel.
  const os::UniqueFd socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  if (!socket || ::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) {
    return Outcome::refused(errno, "ioctl(\"lo\", SIOCGIFFLAGS)");
  }
  const unsigned flags = static_cast<unsigned short>(request.ifr_flags) | unsigned{IFF_UP};
  request.ifr_flags = static_cast<short>(flags);
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) {
    return Outcome::refused(errno, "ioctl(\"lo\", SIOCSIFFLAGS, IFF_UP)");
  }
  return Outcome::done();
}

Outcome run(const plan::RaiseLoopback&, Inside& inside) {
  const Outcome outcome = raise_loopback();
  if (outcome.failed()) {
    inside.warn("the loopback interface stays down: %s: %s", outcome.call(),
                strerrordesc_np(outcome.err()));
  }
  return Outcome::done();
}

}  // namespace boxrun::steps
