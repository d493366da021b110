// A network as a value, and as the list of network plugins that make it.
// spec: CNI specification 1.0.0, section 1, network configuration format
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "engine/addresses.h"
#include "engine/record.h"

namespace engine {

struct NetworkSubnet {
  Subnet subnet{};
  std::string gateway{};
  std::string first{};  // of the addresses that are given away; empty: all
  std::string last{};
};

struct Network {
  std::string name{};
  std::string driver = "bridge";  // bridge, macvlan, ipvlan; of a list by hand its first plugin
  std::string created{};
  std::string interface {};  // the bridge; of the others the host's interface that they are on
  std::vector<NetworkSubnet> subnets{};
  bool internal = false;  // no way out
  Pairs options{};        // mode, mtu, and such
  Pairs labels{};
  base::Json config{};  // the list of plugins

  bool six() const;
  // Whether ports of the host can lead into it.
  bool takes_ports() const;
};

// Writes `config` from the other members.
void write_config(Network& network);

// The text of a list, ours or one made by hand. Kind::Config.
base::Result<Network> read_network(std::string_view text);

// Whether a plugin has it. spec: CNI, "capabilities"
bool has_capability(const base::Json& plugin, std::string_view capability);
// Items of "plugins"; none when there are none.
std::span<const base::Json> plugins_of(const base::Json& config);

}  // namespace engine
