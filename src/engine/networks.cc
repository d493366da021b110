#include "engine/networks.h"

#include "base/text.h"
#include "engine/make_command.h"

namespace engine {

base::Result<NetworkSetup> network_setup(const Context&, const NetworkWishes& wishes,
                                         const image::ImageConfig&) {
  NetworkSetup out;
  for (const auto& network : wishes.networks) {
    if (network == "host") out.mode = NetworkMode::Host;
  }
  return out;
}

base::Result<std::vector<base::Fd>> hold_ports(const Context&, Record&) {
  return std::vector<base::Fd>();
}

base::Status connect(const Context&, Container&, pid_t) { return {}; }

void disconnect(const Context&, Container&) {}

}  // namespace engine
