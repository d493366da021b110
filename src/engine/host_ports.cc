#include "engine/host_ports.h"

#include <sys/socket.h>

#include <cerrno>

#include "base/text.h"
#include "engine/addresses.h"
#include "engine/containers.h"
#include "engine/phase.h"
#include "engine/ports.h"
#include "sys/socket.h"

namespace engine {
namespace {

using base::Fd;
using base::Result;

Result<Fd> bind_one(const Port& port) {
  Address address;
  if (!port.host_ip.empty()) address = TRY(parse_address(port.host_ip));
  std::span<const std::uint8_t> bytes(address.bytes.data(), address.bits() / 8);
  bool tcp = port.protocol == "tcp";
  auto bound = sys::bind_internet(bytes, port.host, tcp ? SOCK_STREAM : SOCK_DGRAM, false);
  if (bound || bound.error().code() != EADDRINUSE || !tcp) return bound;
  // Perhaps only connections of a server that has ended are in the way. Two sockets that may share
  // a port could both be bound to it: one that listens is alone.
  auto shared = TRY(sys::bind_internet(bytes, port.host, SOCK_STREAM, true));
  TRY(sys::listen(shared));
  return shared;
}

// " by container bird", or nothing when it is none of ours.
std::string holder(const Context& context, const Port& wanted) {
  auto containers = Containers(context).list();
  if (!containers) return {};
  for (const auto& container : containers.value()) {
    auto phase = phase_now(container);
    bool runs = phase && (phase.value() == Phase::Running || phase.value() == Phase::Paused);
    if (!runs) continue;
    for (const auto& port : container.record.state.ports)
      if (port.host == wanted.host && port.protocol == wanted.protocol)
        return " by container " + container.record.name;
  }
  return {};
}

Result<Fd> hold(const Context& context, Port& port) {
  auto bound = bind_one(port);
  if (!bound && bound.error().code() == EADDRINUSE)
    return base::system_error("port ", port.host, "/", port.protocol,
                              " of the host is already in use", holder(context, port));
  auto fd = TRY(std::move(bound), "port ", show_outside(port));
  port.host = TRY(sys::bound_port(fd));
  return fd;
}

}  // namespace

Result<std::vector<Fd>> bind_ports(const Context& context, std::vector<Port>& ports) {
  std::vector<Fd> out;
  // First those that are named: what is found free must not be one of them.
  for (bool named : {true, false}) {
    for (auto& port : ports) {
      if ((port.host != 0) != named) continue;
      auto fd = TRY(hold(context, port));
      out.push_back(std::move(fd));
    }
  }
  return out;
}

}  // namespace engine
