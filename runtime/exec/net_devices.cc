#include "runtime/exec/net_devices.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <set>
#include <vector>

#include "tracer/os/fd.h"
#include "tracer/os/file.h"

namespace boxrun::exec {
namespace {

constexpr std::uint16_t kAsk = NLM_F_REQUEST | NLM_F_ACK;

/// A request of rtnetlink: a header, a body of fixed size and attributes behind it.
class Request {
 public:
  template <typename Body>
  Request(std::uint16_t type, std::uint16_t flags, const Body& body) {
    nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_flags = flags;
    append(&header, sizeof header);
    append(&body, sizeof body);
  }
  void add(std::uint16_t type, const void* bytes, std::size_t size) {
    rtattr head{};
    head.rta_type = type;
    head.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(size));
    append(&head, sizeof head);
    append(bytes, size);
  }
  void add_text(std::uint16_t type, const std::string& text) {
    add(type, text.c_str(), text.size() + 1);
  }
  [[nodiscard]] std::string_view finish() {
    const auto length = static_cast<std::uint32_t>(bytes_.size());
    std::memcpy(bytes_.data(), &length, sizeof length);
    return {bytes_.data(), bytes_.size()};
  }

 private:
  void append(const void* from, std::size_t size) {
    const std::size_t start = bytes_.size();
    bytes_.resize(start + NLMSG_ALIGN(size));
    std::memcpy(bytes_.data() + start, from, size);
  }

  std::vector<char> bytes_;
};

/// Sends and hands every message of the answer to `take`. @returns 0 or the errno of the kernel
using Take = std::function<void(std::uint16_t type, std::string_view body)>;
int converse(os::BorrowedFd socket, Request request, const Take& take = {}) {
  const std::string_view bytes = request.finish();
  if (::send(socket.get(), bytes.data(), bytes.size(), 0) < 0) {
    return errno;
  }
  std::vector<char> buffer(std::size_t{1} << 16);
  for (;;) {
    const ssize_t got = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return got < 0 ? errno : EPROTO;
    }
    std::string_view rest{buffer.data(), static_cast<std::size_t>(got)};
    while (rest.size() >= sizeof(nlmsghdr)) {
      nlmsghdr header{};
      std::memcpy(&header, rest.data(), sizeof header);
      if (header.nlmsg_len < sizeof header || header.nlmsg_len > rest.size()) {
        return EPROTO;
      }
      const std::string_view body = rest.substr(sizeof header, header.nlmsg_len - sizeof header);
      if (header.nlmsg_type == NLMSG_DONE) {
        return 0;
      }
      if (header.nlmsg_type == NLMSG_ERROR) {
        int error = EPROTO;
        if (body.size() >= sizeof error) {
          std::memcpy(&error, body.data(), sizeof error);
        }
        return -error;
      }
      if (take) {
        take(header.nlmsg_type, body);
      }
      rest.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), rest.size()));
    }
  }
}

/// An address as the kernel prints it and takes it again.
struct Address {
  ifaddrmsg head{};
  std::string local;  ///< the address itself
  std::string peer;   ///< IFA_ADDRESS: the same, or the other end of a point-to-point link
  std::string broadcast;
};

Address parse_address(std::string_view body) {
  Address address;
  if (body.size() < sizeof address.head) {
    return address;
  }
  std::memcpy(&address.head, body.data(), sizeof address.head);
  std::uint32_t flags = address.head.ifa_flags;
  body.remove_prefix(NLMSG_ALIGN(sizeof address.head));
  while (body.size() >= sizeof(rtattr)) {
    rtattr head{};
    std::memcpy(&head, body.data(), sizeof head);
    if (head.rta_len < sizeof head || head.rta_len > body.size()) {
      break;
    }
    const std::string value{body.substr(sizeof head, head.rta_len - sizeof head)};
    if (head.rta_type == IFA_LOCAL) {
      address.local = value;
    } else if (head.rta_type == IFA_ADDRESS) {
      address.peer = value;
    } else if (head.rta_type == IFA_BROADCAST) {
      address.broadcast = value;
    } else if (head.rta_type == IFA_FLAGS && value.size() == sizeof flags) {
      std::memcpy(&flags, value.data(), sizeof flags);
    }
    body.remove_prefix(std::min<std::size_t>(RTA_ALIGN(head.rta_len), body.size()));
  }
  if ((flags & IFA_F_PERMANENT) == 0) {
    address.local.clear();
    address.peer.clear();
  }
  return address;
}

Result<std::vector<Address>> read_addresses(os::BorrowedFd socket, unsigned index) {
  std::vector<Address> addresses;
  ifaddrmsg all{};
  const int err = converse(socket, Request{RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, all},
                           [&](std::uint16_t type, std::string_view body) {
                             Address address = parse_address(body);
                             const bool is_meant = type == RTM_NEWADDR &&
                                                   address.head.ifa_index == index &&
                                                   address.head.ifa_scope == RT_SCOPE_UNIVERSE;
                             if (is_meant && !(address.local.empty() && address.peer.empty())) {
                               addresses.push_back(std::move(address));
                             }
                           });
  if (err != 0) {
    return Error{err, "rtnetlink(RTM_GETADDR)", {}};
  }
  return addresses;
}

int add_address(os::BorrowedFd socket, const Address& address, unsigned index) {
  ifaddrmsg head{};
  head.ifa_family = address.head.ifa_family;
  head.ifa_prefixlen = address.head.ifa_prefixlen;
  head.ifa_scope = address.head.ifa_scope;
  head.ifa_index = index;
  Request request{RTM_NEWADDR, kAsk | NLM_F_CREATE | NLM_F_EXCL, head};
  if (!address.local.empty()) {
    request.add(IFA_LOCAL, address.local.data(), address.local.size());
  }
  if (!address.peer.empty()) {
    request.add(IFA_ADDRESS, address.peer.data(), address.peer.size());
  }
  if (!address.broadcast.empty()) {
    request.add(IFA_BROADCAST, address.broadcast.data(), address.broadcast.size());
  }
  return converse(socket, std::move(request));
}

int bring_up(os::BorrowedFd socket, unsigned index) {
  ifinfomsg head{};
  head.ifi_index = static_cast<int>(index);
  head.ifi_change = IFF_UP;
  head.ifi_flags = IFF_UP;
  return converse(socket, Request{RTM_NEWLINK, kAsk, head});
}

os::UniqueFd open_rtnetlink() {
  return os::UniqueFd{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
}

/// A socket belongs to the network namespace that it was made in. boxrun has one thread.
Result<os::UniqueFd> open_rtnetlink_in(os::BorrowedFd there) {
  TRY(const os::UniqueFd here, os::open_file("/proc/self/ns/net"));
  if (::setns(there.get(), CLONE_NEWNET) != 0) {
    return os::errno_error("setns(CLONE_NEWNET)");
  }
  os::UniqueFd socket = open_rtnetlink();
  const int err = errno;
  BT_CHECK(::setns(here.get(), CLONE_NEWNET) == 0, "the way back to the own network namespace");
  if (!socket) {
    return Error{err, "socket(AF_NETLINK)", {}};
  }
  return socket;
}

/// The indexes of the devices where `socket` is; with a name, only of the one that has it.
std::set<unsigned> list_devices(os::BorrowedFd socket, const std::string& name = {}) {
  const ifinfomsg any{};
  const int how = name.empty() ? NLM_F_REQUEST | NLM_F_DUMP : int{kAsk};
  Request request{RTM_GETLINK, static_cast<std::uint16_t>(how), any};
  if (!name.empty()) {
    request.add_text(IFLA_IFNAME, name);
  }
  std::set<unsigned> indexes;
  static_cast<void>(
      converse(socket, std::move(request), [&indexes](std::uint16_t type, std::string_view body) {
        ifinfomsg found{};
        if (type == RTM_NEWLINK && body.size() >= sizeof found) {
          std::memcpy(&found, body.data(), sizeof found);
          indexes.insert(static_cast<unsigned>(found.ifi_index));
        }
      }));
  return indexes;
}

const char* hint_for_move(int err) {
  return err == EEXIST   ? "the container has a device of this name: give it another with \"name\""
         : err == EINVAL ? "this kind of device belongs to its network namespace, as lo does"
         : err == EPERM  ? "needs CAP_NET_ADMIN on both sides"
                         : "";
}

int request_move(os::BorrowedFd socket, unsigned index, const std::string& name, int there) {
  ifinfomsg head{};
  head.ifi_index = static_cast<int>(index);
  Request request{RTM_NEWLINK, kAsk, head};
  request.add_text(IFLA_IFNAME, name);
  request.add(IFLA_NET_NS_FD, &there, sizeof there);
  return converse(socket, std::move(request));
}

}  // namespace

Result<void> move_network_device(const config::NetDevice& device, pid_t target) {
  const std::string& name = device.name.empty() ? device.host_name : device.name;
  TRY(const os::UniqueFd there, os::open_file(fmt::format("/proc/{}/ns/net", target)));
  TRY(const os::UniqueFd inside, open_rtnetlink_in(there));
  const os::UniqueFd host = open_rtnetlink();
  const std::set<unsigned> found = list_devices(host, device.host_name);
  if (found.empty()) {
    return Error{ENODEV, fmt::format("rtnetlink(RTM_GETLINK, {})", base::quote(device.host_name)),
                 "the host has no such network device: `ip link` lists them"};
  }
  TRY(const auto addresses, read_addresses(host, *found.begin()));
  const std::set<unsigned> before = list_devices(inside);
  // Asked before, because the kernel moves first and renames then.
  const bool is_taken = !list_devices(inside, name).empty();
  int err = is_taken ? EEXIST : request_move(host, *found.begin(), name, there.get());
  if (err != 0) {
    return Error{err,
                 fmt::format("rtnetlink(RTM_NEWLINK, {}, IFLA_IFNAME={}, IFLA_NET_NS_FD)",
                             base::quote(device.host_name), base::quote(name)),
                 hint_for_move(err)};
  }
  // Its index may be another one now, and of a name with %d the kernel has made its own.
  for (const unsigned index : list_devices(inside)) {
    if (before.contains(index)) {
      continue;
    }
    for (const Address& address : addresses) {
      err = err == 0 ? add_address(inside, address, index) : err;
    }
    err = err == 0 ? bring_up(inside, index) : err;
  }
  if (err != 0) {
    return Error{
        err, fmt::format("rtnetlink(RTM_NEWADDR, RTM_NEWLINK, {})", base::quote(name)), {}};
  }
  return {};
}

}  // namespace boxrun::exec
