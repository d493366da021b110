// Which subnets the host reaches already, and which links it has.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/addresses.h"

namespace engine {

// The text of /proc/net/route; default routes are left out. man: proc(5)
std::vector<Subnet> parse_routes(std::string_view text);
// The same of /proc/net/ipv6_route; so are link-local and multicast ones.
std::vector<Subnet> parse_routes6(std::string_view text);
// Of our network namespace.
std::vector<Subnet> host_routes();

bool has_link(const std::string& name);
// Absent is fine.
base::Status delete_link(const std::string& name);

}  // namespace engine
