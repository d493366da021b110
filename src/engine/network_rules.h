// What the packet filter is told of a bridge: its containers' way out by masquerading, and which
// ways there are between bridges. The bridge plugin's own masquerading (ipMasq) is not used: it
// leaves its rules behind when a container's namespace ends before it is asked to undo them.
#pragma once
#include <string>

#include "base/result.h"
#include "engine/context.h"
#include "engine/network.h"

namespace engine {

// Sees to it that the rules of this network are there. Only a bridge with a way out has any.
// Kind::NotFound: iptables is not installed.
base::Status add_rules(const Context& context, const Network& network);
// Takes them away; none is fine.
void remove_rules(const Context& context, const Network& network);

// What iptables-restore is given, for one family; empty where the network has no subnet of it.
std::string rules_text(const Network& network, bool six);

}  // namespace engine
