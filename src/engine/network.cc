#include "engine/network.h"

#include <algorithm>

#include "base/text.h"

namespace engine {
namespace {

using base::Json;
using base::Place;
using base::Result;

constexpr const char* kOurs = "coracle";  // our own member of a list
constexpr const char* kVersion = "1.0.0";

std::string option(const Network& network, std::string_view name) {
  for (const auto& [key, value] : network.options)
    if (key == name) return value;
  return {};
}

Json address_management(const Network& network) {
  auto ranges = Json::array();
  auto routes = Json::array();
  for (const auto& one : network.subnets) {
    auto range = Json::object();
    range.set("subnet", show(one.subnet));
    range.set_some("rangeStart", one.first);
    range.set_some("rangeEnd", one.last);
    range.set_some("gateway", one.gateway);
    ranges.push(Json(Json::Array{std::move(range)}));
    bool six = one.subnet.first.six;
    if (!network.internal) routes.push(Json::object().set("dst", six ? "::/0" : "0.0.0.0/0"));
  }
  auto out = Json::object();
  out.set("type", "host-local").set("ranges", std::move(ranges));
  out.set_some("routes", std::move(routes));
  return out;
}

Json main_plugin(const Network& network) {
  auto out = Json::object();
  out.set("type", network.driver);
  if (network.driver == "bridge") {
    out.set("bridge", network.interface).set("hairpinMode", true);
    if (!network.internal) out.set("isGateway", true);
  } else {
    out.set_some("master", network.interface);
    out.set_some("mode", option(network, "mode"));
  }
  if (auto mtu = base::parse<std::uint32_t>(option(network, "mtu"))) out.set("mtu", *mtu);
  out.set("ipam", address_management(network));
  auto capabilities = Json::object();
  capabilities.set("ips", true);
  if (network.driver != "ipvlan") capabilities.set("mac", true);
  out.set("capabilities", std::move(capabilities));
  return out;
}

// Of ipam, in both forms that host-local takes.
Result<std::vector<NetworkSubnet>> subnets_of(const Place& ipam) {
  std::vector<NetworkSubnet> out;
  auto add = [&](const Place& range) -> base::Status {
    NetworkSubnet one;
    auto text = TRY(range.string_or("subnet", ""));
    if (text.empty()) return {};
    one.subnet = TRY(parse_subnet(text));
    one.gateway = TRY(range.string_or("gateway", ""));
    if (one.gateway.empty()) one.gateway = show(later(one.subnet.first, 1));
    one.first = TRY(range.string_or("rangeStart", ""));
    one.last = TRY(range.string_or("rangeEnd", ""));
    out.push_back(std::move(one));
    return {};
  };
  TRY(add(ipam));
  auto ranges = TRY(ipam.find("ranges"));
  if (!ranges) return out;
  for (const auto& set : TRY(ranges->items()))
    for (const auto& range : TRY(set.items())) TRY(add(range));
  return out;
}

base::Status read_main_plugin(const Place& plugin, Network& out) {
  auto type = TRY(plugin.at("type"));
  out.driver = TRY(type.string());
  auto link = out.driver == "bridge" ? "bridge" : "master";
  out.interface = TRY(plugin.string_or(link, ""));
  auto ipam = TRY(plugin.find("ipam"));
  if (ipam) out.subnets = TRY(subnets_of(*ipam));
  return {};
}

base::Status read_ours(const Place& ours, Network& out) {
  out.created = TRY(ours.string_or("created", ""));
  out.internal = TRY(ours.opt_bool("internal")).value_or(false);
  out.options = TRY(ours.opt_string_map("options"));
  out.labels = TRY(ours.opt_string_map("labels"));
  return {};
}

}  // namespace

bool Network::six() const {
  return std::any_of(subnets.begin(), subnets.end(),
                     [](const auto& one) { return one.subnet.first.six; });
}

bool Network::takes_ports() const {
  auto plugins = plugins_of(config);
  return std::any_of(plugins.begin(), plugins.end(),
                     [](const auto& plugin) { return has_capability(plugin, "portMappings"); });
}

void write_config(Network& network) {
  auto plugins = Json::array();
  plugins.push(main_plugin(network));
  if (network.driver == "bridge" && !network.internal)
    plugins.push(Json::object()
                     .set("type", "portmap")
                     .set("capabilities", Json::object().set("portMappings", true)));
  auto ours = Json::object();
  ours.set("created", network.created);
  if (network.internal) ours.set("internal", true);
  ours.set_some("options", network.options);
  ours.set_some("labels", network.labels);
  network.config = Json::object();
  network.config.set("cniVersion", kVersion).set("name", network.name);
  network.config.set("plugins", std::move(plugins)).set(kOurs, std::move(ours));
}

Result<Network> read_network(std::string_view text) {
  Network out;
  out.config = TRY(base::parse_json(text));
  Place place(out.config);
  auto name = TRY(place.at("name"));
  out.name = TRY(name.string());
  auto plugins = TRY(place.at("plugins"));
  auto items = TRY(plugins.items());
  if (items.empty()) return plugins.error("must name a plugin");
  TRY(read_main_plugin(items.front(), out));
  auto ours = TRY(place.find(kOurs));
  if (ours) TRY(read_ours(*ours, out));
  return out;
}

bool has_capability(const Json& plugin, std::string_view capability) {
  auto capabilities = plugin.find("capabilities");
  auto wanted = capabilities ? capabilities->find(capability) : nullptr;
  return wanted && wanted->boolean() && *wanted->boolean();
}

std::span<const Json> plugins_of(const Json& config) {
  auto plugins = config.find("plugins");
  if (!plugins || !plugins->array_items()) return {};
  return *plugins->array_items();
}

}  // namespace engine
