// Ports of the host, held by sockets.
#pragma once
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "engine/context.h"
#include "engine/record.h"

namespace engine {

// Binds each, finding a free one where none is named (and writing it down). Packets for a container
// are turned away before they reach such a socket: it only keeps others out. Kind::System: "port
// 8080/tcp of the host is already in use", with the container that has it.
base::Result<std::vector<base::Fd>> bind_ports(const Context& context, std::vector<Port>& ports);

}  // namespace engine
