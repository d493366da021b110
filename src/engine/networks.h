// The networks of containers: what is wished, made, and undone.
#pragma once
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "engine/containers.h"
#include "engine/context.h"
#include "engine/make_command.h"
#include "image/image_config.h"

namespace engine {

// Reads the wishes: networks that there are, ports, addresses. Kind::Usage or NotFound name the
// option.
base::Result<NetworkSetup> network_setup(const Context& context, const NetworkWishes& wishes,
                                         const image::ImageConfig& image);

// Sockets that hold the ports of the host, found free where none was asked for, and state.ports of
// the record. Whoever holds them keeps others from taking the ports. Kind::System: "port 8080 is
// already in use".
base::Result<std::vector<base::Fd>> hold_ports(const Context& context, Record& record);

// Between create and start: makes the interfaces in the network namespace of init, fills in
// state.attachments (and state.network), and writes hosts and resolv.conf; peers in the same
// networks learn of it. Before each step the record is saved: disconnect undoes whatever became of
// it.
base::Status connect(const Context& context, Container& container, pid_t init);

// Undoes it, as far as it goes: after the namespace is gone, too. What failed becomes a note.
void disconnect(const Context& context, Container& container);

// One more network for a container, which is locked: an interface at once where it runs, else at
// its next start. On failure nothing has changed.
base::Status join_network(const Context& context, Container& container, const NetworkWish& wish);
// Out of it again.
base::Status leave_network(const Context& context, Container& container,
                           const std::string& network);

// Checks the wish against the network. Kind::Usage.
base::Status check_wish(const Context& context, const NetworkWish& wish);

// The containers whose record says that they are in this network now.
base::Result<std::vector<Container>> members_of_network(const Context& context,
                                                        const std::string& network);

}  // namespace engine
