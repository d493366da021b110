// The files of containers that are bound over /etc/hosts, /etc/hostname and /etc/resolv.conf.
#pragma once
#include "base/result.h"
#include "engine/containers.h"
#include "engine/context.h"

namespace engine {

// Writes those of this container, as its record says.
base::Status write_names(const Context& context, const Container& container);

// Writes anew the hosts of all that run and share a network with this one, and of those that share
// its namespace. They must find its record as it is to be told, on the disk. What fails becomes a
// note.
void tell_peers(const Context& context, const Container& container,
                const std::vector<std::string>& networks);

}  // namespace engine
