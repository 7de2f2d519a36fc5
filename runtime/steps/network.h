#pragma once
// The loopback interface.
//
// A new network namespace has one, `lo`, and it is down: 127.0.0.1 answers nobody. The kernel gives
// it its addresses when it comes up. Engines that make networks do this themselves; it does no harm
// to do it twice.
//
// Sources: network_namespaces(7); netdevice(7), SIOCSIFFLAGS; net/ipv4/devinet.c: inetdev_event().

#include "runtime/steps/outcome.h"

namespace boxrun::steps {

/// Brings up `lo` of the present network namespace.
Outcome raise_loopback();

}  // namespace boxrun::steps
