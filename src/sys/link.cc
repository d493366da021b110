#include "sys/link.h"

#include <linux/netlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

#include "sys/call.h"

namespace sys {

base::Status bring_up(const std::string& interface) {
  base::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return failed("socket");
  struct ifreq request {};
  if (interface.size() >= sizeof request.ifr_name)
    return base::config_error("interface ", base::quote(interface), ": the name is too long");
  std::memcpy(request.ifr_name, interface.c_str(), interface.size() + 1);
  if (::ioctl(socket.raw(), SIOCGIFFLAGS, &request) < 0)
    return failed("ioctl SIOCGIFFLAGS", interface);
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  if (::ioctl(socket.raw(), SIOCSIFFLAGS, &request) < 0)
    return failed("ioctl SIOCSIFFLAGS", interface);
  return {};
}

base::Result<base::Fd> route_socket() {
  base::Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return failed("socket", AF_NETLINK);
  int on = 1;
  for (int option : {NETLINK_EXT_ACK, NETLINK_CAP_ACK})
    if (::setsockopt(socket.raw(), SOL_NETLINK, option, &on, sizeof on) < 0)
      return failed("setsockopt", socket, option);
  return socket;
}

}  // namespace sys
