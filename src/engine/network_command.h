// The commands on networks, as typed.
#pragma once
#include <string>
#include <vector>

namespace engine {

struct NetworkCreateCommand {
  std::string name{};
  std::string driver = "bridge";
  std::vector<std::string> subnets{};
  std::vector<std::string> gateways{};
  std::vector<std::string> ranges{};
  bool internal = false;
  bool six = false;
  std::vector<std::string> options{};  // KEY=VALUE
  std::vector<std::string> labels{};
};

struct NetworkListCommand {
  bool quiet = false;
  bool json = false;
  std::vector<std::string> filters{};  // name=, id=, driver=, label=
};

struct NetworkInspectCommand {
  std::vector<std::string> networks{};
};

struct NetworkRemoveCommand {
  std::vector<std::string> networks{};
  bool force = false;  // no complaint about those that are not there
};

struct NetworkPruneCommand {
  bool force = false;  // nothing is asked anyway
};

struct NetworkConnectCommand {
  std::string network{};
  std::string container{};
  std::string ip{};
  std::vector<std::string> aliases{};
};

struct NetworkDisconnectCommand {
  bool force = false;  // it is always done at once
  std::string network{};
  std::string container{};
};

struct PortCommand {
  std::string container{};
  std::string port{};  // of the container: "80", "53/udp"; empty: all
};

}  // namespace engine
