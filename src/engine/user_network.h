// The way out of an ordinary user's containers: a program that speaks for them, slirp4netns or
// pasta. man: slirp4netns(1), pasta(1)
#pragma once
#include <sys/types.h>

#include <string>

#include "base/result.h"
#include "engine/containers.h"
#include "engine/context.h"

namespace engine {

inline constexpr const char* kSlirp = "slirp4netns";
inline constexpr const char* kPasta = "pasta";

// Whether bridges and the like can be made: by who rules over our network namespace. man:
// ioctl_ns(2)
bool rules_network_namespace();

// The one of the two that is installed. Kind::NotFound names them.
base::Result<std::string> choose_user_program(const Context& context);

// Starts the program of record.network.program on the network namespace of this process, with the
// ports of state.ports; fills in state.network and an attachment.
base::Status start_user_network(const Context& context, Container& container, pid_t init);
// Ends it, if it runs.
void stop_user_network(const Context& context, const Container& container);

// The name server that it offers.
std::string user_network_server(const std::string& program);

}  // namespace engine
