// Ports of the host that lead to ports of a container: as typed, and as shown.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/record.h"

namespace engine {

// What `-p` takes: "80", "8080:80", "8080:80/udp", "127.0.0.1:8080:80", "127.0.0.1::80",
// "[::1]:8080:80", "8000-8010:80-90". Kind::Usage. compat: docker run -p
base::Result<std::vector<Port>> parse_ports(const std::string& text);

// The ports that an image says it serves: "8080/tcp", "53/udp", "80", "8000-8010/tcp".
// Kind::Config.
base::Result<std::vector<Port>> exposed_ports(const std::vector<std::string>& exposed);

// Adds those that are not among them yet. Kind::Usage when a port of the host would lead to two.
base::Status add_ports(std::vector<Port>& ports, const std::vector<Port>& more);

// "80/tcp"
std::string show_inside(const Port& port);
// "0.0.0.0:8080", "[::1]:8080"
std::string show_outside(const Port& port);

}  // namespace engine
