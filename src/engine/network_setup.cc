// The options of `run` and `create` on networks → what the container's record says.
#include <algorithm>

#include "base/text.h"
#include "engine/hosts.h"
#include "engine/network_store.h"
#include "engine/networks.h"
#include "engine/ports.h"
#include "engine/user_network.h"

namespace engine {
namespace {

using base::Kind;
using base::Result;
using Status = base::Status;

bool is_mac(std::string_view text) {
  auto parts = base::split(text, ':');
  return parts.size() == 6 && std::all_of(parts.begin(), parts.end(), [](auto part) {
           return part.size() == 2 && base::parse<std::uint8_t>(part, 16).has_value();
         });
}

class Reading {
 public:
  Reading(const Context& context, const NetworkWishes& wishes) : context_(context), in_(wishes) {}

  Result<NetworkSetup> read(const std::vector<std::string>& exposed) {
    TRY(mode());
    TRY(ports(exposed));
    TRY(addresses());
    TRY(names());
    for (const auto& wish : out_.networks) TRY(check_wish(context_, wish));
    return std::move(out_);
  }

 private:
  // What `--net` says in a word of its own; false for the name of a network.
  Result<bool> special(const std::string& word) {
    constexpr std::string_view kContainer = "container:";
    if (word == "host") {
      out_.mode = NetworkMode::Host;
    } else if (word == kSlirp || word == kPasta) {
      out_.mode = NetworkMode::User;
      out_.program = word;
    } else if (word.starts_with(kContainer)) {
      auto other = TRY(Containers(context_).find(word.substr(kContainer.size())), "--net");
      out_.mode = NetworkMode::Container;
      out_.container = other.record.id;
    } else if (word != "none") {
      return false;
    }
    return true;
  }

  Status usual() {
    if (rules_network_namespace()) {
      out_.networks.push_back({.network = kDefaultNetwork});
      return {};
    }
    out_.mode = NetworkMode::User;
    out_.program = TRY(choose_user_program(context_));
    return {};
  }

  Status mode() {
    if (in_.networks.empty()) return usual();
    for (const auto& word : in_.networks) {
      bool alone = TRY(special(word));
      if (alone && in_.networks.size() > 1)
        return base::usage_error("--net ", word, ": cannot be had together with another network");
      if (alone) return {};
      auto name = word == "default" ? kDefaultNetwork : word;
      if (!rules_network_namespace())
        return base::unsupported("--net ", word,
                                 ": networks of bridges need root; without, there are slirp4netns, "
                                 "pasta, host, none and container:NAME");
      for (const auto& known : out_.networks)
        if (known.network == name) return base::usage_error("--net ", word, ": is said twice");
      out_.networks.push_back({.network = name, .aliases = in_.aliases});
    }
    return {};
  }

  // What the options need a network of its own for.
  std::string why_none() const {
    if (out_.mode == NetworkMode::Host) return "with --net host";
    if (out_.mode == NetworkMode::Container) return "with --net container";
    if (out_.mode == NetworkMode::Own && out_.networks.empty()) return "with --net none";
    return {};
  }

  Status ports(const std::vector<std::string>& exposed) {
    for (const auto& text : in_.publish) {
      auto more = TRY(parse_ports(text));
      TRY(add_ports(out_.ports, more));
    }
    if (in_.publish_all) {
      for (const auto& port : TRY(exposed_ports(exposed))) {
        bool known = std::any_of(out_.ports.begin(), out_.ports.end(), [&](const auto& one) {
          return one.container == port.container && one.protocol == port.protocol;
        });
        if (!known) out_.ports.push_back(port);
      }
    }
    if (out_.ports.empty()) return {};
    auto why = why_none();
    if (!why.empty()) return base::usage_error("-p: ports cannot be published ", why);
    return check_ports();
  }

  Status check_ports() const {
    bool six = false, taken = out_.mode == NetworkMode::User;
    for (const auto& wish : out_.networks) {
      auto network = TRY(Networks(context_).find(wish.network), "--net");
      if (taken) break;
      taken = network.takes_ports();
      six = network.six();
    }
    if (!taken)
      return base::usage_error("-p: ports cannot be published into network ",
                               out_.networks.front().network, ", which is internal or no bridge");
    for (const auto& port : out_.ports)
      if (port.host_ip.find(':') != std::string::npos && !six)
        return base::usage_error("-p ", show_outside(port), ":", show_inside(port),
                                 ": the network has no IPv6 address for the container");
    return {};
  }

  Status addresses() {
    if (in_.ip.empty() && in_.mac.empty() && in_.aliases.empty()) return {};
    auto option = !in_.ip.empty() ? "--ip" : !in_.mac.empty() ? "--mac-address" : "--network-alias";
    if (out_.networks.empty())
      return base::usage_error(option, ": needs a network that is a bridge, macvlan or ipvlan");
    if (in_.ip.empty() && in_.mac.empty()) {
      for (auto& wish : out_.networks) wish.aliases = in_.aliases;
      return {};
    }
    if (out_.networks.size() > 1)
      return base::usage_error(option, ": which of the ", out_.networks.size(),
                               " networks it is for cannot be told");
    auto& wish = out_.networks.front();
    wish.ip = in_.ip;
    wish.mac = in_.mac;
    wish.aliases = in_.aliases;
    return {};
  }

  Status names() {
    bool shared = out_.mode == NetworkMode::Container;
    bool any = !in_.dns.empty() || !in_.dns_search.empty() || !in_.dns_options.empty() ||
               !in_.hosts.empty();
    if (shared && any)
      return base::usage_error(
          "--dns and --add-host: cannot be had with --net container, whose names are the other's");
    for (const auto& server : in_.dns) {
      auto address = TRY(parse_address(server), "--dns");
      out_.dns.push_back(show(address));
    }
    out_.dns_search = in_.dns_search;
    out_.dns_options = in_.dns_options;
    for (const auto& text : in_.hosts) {
      auto host = TRY(parse_extra_host(text));
      out_.extra_hosts.push_back(std::move(host));
    }
    return {};
  }

  const Context& context_;
  const NetworkWishes& in_;
  NetworkSetup out_{};
};

}  // namespace

Status check_wish(const Context& context, const NetworkWish& wish) {
  auto network = TRY(Networks(context).find(wish.network));
  if (!wish.ip.empty()) {
    auto address = TRY(parse_address(wish.ip), "--ip");
    bool inside = std::any_of(network.subnets.begin(), network.subnets.end(),
                              [&](const auto& one) { return contains(one.subnet, address); });
    if (!inside)
      return base::usage_error("--ip ", wish.ip, ": is in no subnet of network ", network.name);
  }
  if (!wish.mac.empty() && !is_mac(wish.mac))
    return base::usage_error("--mac-address ", base::quote(wish.mac),
                             ": must be six numbers, as in 92:d0:c6:0a:29:33");
  if (!wish.mac.empty() && network.driver == "ipvlan")
    return base::usage_error("--mac-address: in ipvlan network ", network.name,
                             " all have the address of the interface that they are on");
  for (const auto& alias : wish.aliases) TRY(check_name("--network-alias", alias));
  return {};
}

Result<NetworkSetup> network_setup(const Context& context, const NetworkWishes& wishes,
                                   const image::ImageConfig& image) {
  return Reading(context, wishes).read(image.config.exposed_ports);
}

}  // namespace engine
