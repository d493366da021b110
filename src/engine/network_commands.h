// The commands on networks.
#pragma once
#include "base/result.h"
#include "engine/context.h"
#include "engine/network.h"
#include "engine/network_command.h"

namespace engine {

base::Result<int> execute(const Context& context, const NetworkCreateCommand& command);
base::Result<int> execute(const Context& context, const NetworkListCommand& command);
base::Result<int> execute(const Context& context, const NetworkInspectCommand& command);
base::Result<int> execute(const Context& context, const NetworkRemoveCommand& command);
base::Result<int> execute(const Context& context, const NetworkPruneCommand& command);
base::Result<int> execute(const Context& context, const NetworkConnectCommand& command);
base::Result<int> execute(const Context& context, const NetworkDisconnectCommand& command);
base::Result<int> execute(const Context& context, const PortCommand& command);

// What `network create` asks for, checked: subnets with their gateways and ranges, options that the
// driver knows. A subnet with prefix 0 is to be chosen. Kind::Usage names the option.
base::Result<Network> network_wish(const NetworkCreateCommand& command);

}  // namespace engine
