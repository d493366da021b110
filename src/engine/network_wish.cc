// The options of `network create` → a network.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "engine/containers.h"
#include "engine/network_commands.h"

namespace engine {
namespace {

using base::Result;
using Status = base::Status;
using Words = std::vector<std::string>;

constexpr std::size_t kLongestLink = 15;  // IFNAMSIZ, without its end

constexpr std::array<std::string_view, 3> kReserved{"none", "host", "default"};

Result<std::pair<std::string, std::string>> pair_of(const char* option, const std::string& text,
                                                    bool value_needed) {
  auto equals = text.find('=');
  if (equals == 0 || (value_needed && equals == std::string::npos))
    return base::usage_error(option, " ", base::quote(text), ": must be KEY=VALUE");
  if (equals == std::string::npos) return std::pair(text, std::string());
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

Status check_link(std::string_view what, const std::string& name) {
  bool good = !name.empty() && name.size() <= kLongestLink && name != "." && name != ".." &&
              name.find_first_of("/: \t\n") == std::string::npos;
  if (good) return {};
  return base::usage_error(what, ": ", base::quote(name), " is no name of a network interface");
}

Status check_mode(const Network& network, const std::string& mode) {
  constexpr std::array<std::string_view, 4> kMacvlan{"bridge", "private", "vepa", "passthru"};
  constexpr std::array<std::string_view, 3> kIpvlan{"l2", "l3", "l3s"};
  bool good = network.driver == "macvlan"
                  ? std::find(kMacvlan.begin(), kMacvlan.end(), mode) != kMacvlan.end()
                  : std::find(kIpvlan.begin(), kIpvlan.end(), mode) != kIpvlan.end();
  if (good) return {};
  return base::usage_error(
      "-o mode=", mode, ": must be ",
      network.driver == "macvlan" ? "bridge, private, vepa or passthru" : "l2, l3 or l3s");
}

// compat: docker network create -o
Status take_option(const std::string& text, Network& out) {
  auto [name, value] = TRY(pair_of("-o", text, true));
  bool bridge = out.driver == "bridge";
  if (name == "mtu" || name == "com.docker.network.driver.mtu") {
    auto mtu = base::parse<std::uint32_t>(value);
    if (!mtu || *mtu < 68 || *mtu > 65535)
      return base::usage_error("-o ", text, ": must be a number of bytes from 68 to 65535");
    out.options.emplace_back("mtu", value);
  } else if (bridge && (name == "bridge" || name == "com.docker.network.bridge.name")) {
    TRY(check_link("-o " + name, value));
    out.interface = value;
  } else if (!bridge && name == "parent") {
    TRY(check_link("-o parent", value));
    out.interface = value;
  } else if (!bridge && (name == "mode" || name == out.driver + "_mode")) {
    TRY(check_mode(out, value));
    out.options.emplace_back("mode", value);
  } else {
    return base::usage_error("-o ", base::quote(name), ": ", out.driver, " networks have ",
                             bridge ? "mtu and bridge" : "mtu, parent and mode");
  }
  return {};
}

NetworkSubnet* subnet_with(Network& network, const Address& address) {
  for (auto& one : network.subnets)
    if (contains(one.subnet, address)) return &one;
  return nullptr;
}

Status take_subnets(const NetworkCreateCommand& command, Network& out) {
  for (const auto& text : command.subnets) {
    auto subnet = TRY(parse_subnet(text), "--subnet");
    unsigned most = subnet.first.bits() - 2;
    if (subnet.prefix == 0 || subnet.prefix > most)
      return base::usage_error("--subnet ", text, ": must have a prefix from 1 to ", most,
                               ", so that there are addresses for containers");
    for (const auto& known : out.subnets)
      if (overlap(known.subnet, subnet))
        return base::usage_error("--subnet ", text, ": overlaps ", show(known.subnet));
    out.subnets.push_back({.subnet = subnet});
  }
  if (out.driver != "bridge") {
    if (!out.subnets.empty()) return {};
    return base::usage_error(
        "network create --driver ", out.driver,
        ": --subnet must say which addresses there are on the network outside");
  }
  bool four = std::any_of(out.subnets.begin(), out.subnets.end(),
                          [](const auto& one) { return !one.subnet.first.six; });
  if (!four) out.subnets.insert(out.subnets.begin(), NetworkSubnet());
  if (command.six && !out.six()) out.subnets.push_back({.subnet = {.first = {.six = true}}});
  return {};
}

Status take_gateways(const Words& gateways, Network& out) {
  for (const auto& text : gateways) {
    auto address = TRY(parse_address(text), "--gateway");
    auto subnet = subnet_with(out, address);
    if (!subnet) return base::usage_error("--gateway ", text, ": is in no --subnet");
    subnet->gateway = show(address);
  }
  return {};
}

Status take_ranges(const Words& ranges, Network& out) {
  for (const auto& text : ranges) {
    auto range = TRY(parse_subnet(text), "--ip-range");
    auto subnet = subnet_with(out, range.first);
    if (!subnet || range.prefix < subnet->subnet.prefix)
      return base::usage_error("--ip-range ", text, ": is in no --subnet");
    // The subnet's own two ends are no addresses of anybody.
    auto first = range.first, last = last_of(range);
    if (first == subnet->subnet.first) first = later(first, 1);
    if (last == last_of(subnet->subnet) && !last.six) last = earlier(last);
    subnet->first = show(first);
    subnet->last = show(last);
  }
  return {};
}

}  // namespace

Result<Network> network_wish(const NetworkCreateCommand& command) {
  TRY(check_name("network", command.name));
  for (auto word : kReserved)
    if (command.name == word)
      return base::usage_error("network ", command.name,
                               ": the name means something else to --net");
  Network out{.name = command.name, .driver = command.driver, .internal = command.internal};
  constexpr std::array<std::string_view, 3> kDrivers{"bridge", "macvlan", "ipvlan"};
  if (std::find(kDrivers.begin(), kDrivers.end(), out.driver) == kDrivers.end())
    return base::usage_error("--driver ", base::quote(out.driver),
                             ": must be bridge, macvlan or ipvlan");
  for (const auto& text : command.options) TRY(take_option(text, out));
  for (const auto& text : command.labels) {
    auto label = TRY(pair_of("--label", text, false));
    out.labels.push_back(std::move(label));
  }
  TRY(take_subnets(command, out));
  TRY(take_gateways(command.gateways, out));
  TRY(take_ranges(command.ranges, out));
  return out;
}

}  // namespace engine
