#include "engine/network_commands.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "cli/table.h"
#include "engine/commands.h"
#include "engine/filters.h"
#include "engine/host_routes.h"
#include "engine/journal.h"
#include "engine/network_rules.h"
#include "engine/network_store.h"
#include "engine/networks.h"
#include "engine/phase.h"
#include "engine/ports.h"

namespace engine {
namespace {

using base::Json;
using base::Result;
using Status = base::Status;

void note(const Context& context, const Network& network, const char* action) {
  note_event(context, {.type = "network",
                       .action = action,
                       .id = network.name,
                       .attributes = {{"name", network.name}, {"type", network.driver}}});
}

Result<std::vector<Network>> all_networks(const Context& context) {
  // The default one is there for whoever asks.
  (void)TRY(Networks(context).find(kDefaultNetwork));
  return Networks(context).list();
}

Status remove(const Context& context, const Network& network) {
  if (network.name == kDefaultNetwork)
    return base::usage_error("network ", network.name, ": the default network cannot be removed");
  auto locked = TRY(Networks(context).lock());
  auto members = TRY(members_of_network(context, network.name));
  if (!members.empty())
    return base::state_error("network ", network.name, ": container ", members.front().record.name,
                             " is in it");
  TRY(Networks(context).remove(network.name));
  remove_rules(context, network);
  if (network.driver == "bridge") TRY(delete_link(network.interface));
  note(context, network, "remove");
  return {};
}

bool has_label(const Network& network, std::string_view wanted) {
  auto equals = wanted.find('=');
  return std::any_of(network.labels.begin(), network.labels.end(), [&](const auto& label) {
    return label.first == wanted.substr(0, equals) &&
           (equals == std::string_view::npos || label.second == wanted.substr(equals + 1));
  });
}

Result<bool> matches(const Network& network, const Filter& filter) {
  const auto& name = filter.name;
  const auto& value = filter.value;
  if (name == "name") return network.name.find(value) != std::string::npos;
  if (name == "driver") return network.driver == value;
  if (name == "label") return has_label(network, value);
  return base::usage_error("--filter: ", base::quote(name), " is none of name, driver, label");
}

std::string show_subnets(const Network& network) {
  std::vector<std::string> out;
  for (const auto& one : network.subnets) out.push_back(show(one.subnet));
  return base::join(out, ",");
}

Json pairs(const Pairs& all) {
  auto out = Json::object();
  for (const auto& [name, value] : all) out.set(name, value);
  return out;
}

Json subnets(const Network& network) {
  auto out = Json::array();
  for (const auto& one : network.subnets) {
    auto item = Json::object();
    item.set("subnet", show(one.subnet));
    if (!network.internal) item.set_some("gateway", one.gateway);
    item.set_some("first", one.first);
    item.set_some("last", one.last);
    out.push(std::move(item));
  }
  return out;
}

Json describe(const Network& network, const std::vector<Container>& members) {
  auto out = Json::object();
  out.set("name", network.name).set("driver", network.driver);
  out.set_some("created", network.created);
  out.set("interface", network.interface).set("internal", network.internal);
  out.set("ipv6", network.six()).set("subnets", subnets(network));
  out.set("options", pairs(network.options)).set("labels", pairs(network.labels));
  auto containers = Json::object();
  for (const auto& member : members) {
    for (const auto& attachment : member.record.state.attachments) {
      if (attachment.network != network.name) continue;
      auto one = Json::object();
      one.set("name", member.record.name).set("interface", attachment.interface);
      one.set("mac", attachment.mac).set("addresses", Json(attachment.addresses));
      containers.set(member.record.id, std::move(one));
    }
  }
  out.set("containers", std::move(containers));
  return out;
}

// Does it to each network, whatever becomes of the others.
template <class Errand>
Result<int> each_network(const Context& context, const std::vector<std::string>& names,
                         const Errand& errand) {
  int code = 0;
  for (const auto& name : names) {
    auto done = [&]() -> Status {
      auto network = TRY(Networks(context).find(name));
      return errand(network);
    }();
    if (done) continue;
    complain(done.error().text());
    code = 1;
  }
  return code;
}

}  // namespace

Result<int> execute(const Context& context, const NetworkCreateCommand& command) {
  auto wish = TRY(network_wish(command));
  auto made = TRY(Networks(context).make(std::move(wish)));
  note(context, made, "create");
  TRY(print(made.name + "\n"));
  return 0;
}

Result<int> execute(const Context& context, const NetworkListCommand& command) {
  std::vector<Network> networks;
  for (auto& network : TRY(all_networks(context))) {
    bool wanted = TRY(
        passes(command.filters, [&](const Filter& filter) { return matches(network, filter); }));
    if (wanted) networks.push_back(std::move(network));
  }
  if (command.quiet) {
    for (const auto& network : networks) TRY(print(network.name + "\n"));
    return 0;
  }
  if (command.json) {
    auto out = Json::array();
    for (const auto& network : networks) {
      auto members = TRY(members_of_network(context, network.name));
      out.push(describe(network, members));
    }
    TRY(print(base::dump(out, 2) + "\n"));
    return 0;
  }
  std::vector<std::vector<std::string>> cells{{"NAME", "DRIVER", "SUBNET", "INTERFACE"}};
  for (const auto& network : networks)
    cells.push_back({network.name, network.driver, show_subnets(network), network.interface});
  TRY(print(cli::table(cells)));
  return 0;
}

Result<int> execute(const Context& context, const NetworkInspectCommand& command) {
  auto out = Json::array();
  auto take = [&](const Network& network) -> Status {
    auto members = TRY(members_of_network(context, network.name));
    out.push(describe(network, members));
    return {};
  };
  auto code = TRY(each_network(context, command.networks, take));
  TRY(print(base::dump(out, 2) + "\n"));
  return code;
}

Result<int> execute(const Context& context, const NetworkRemoveCommand& command) {
  auto names = command.networks;
  if (command.force) {
    auto networks = TRY(all_networks(context));
    std::erase_if(names, [&](const auto& name) {
      return std::none_of(networks.begin(), networks.end(),
                          [&](const auto& one) { return one.name == name; });
    });
  }
  return each_network(context, names, [&](const Network& network) -> Status {
    TRY(remove(context, network));
    return print(network.name + "\n");
  });
}

Result<int> execute(const Context& context, const NetworkPruneCommand&) {
  auto containers = TRY(Containers(context).list());
  for (const auto& network : TRY(Networks(context).list())) {
    // Also by those that will want it at their next start.
    bool used = std::any_of(containers.begin(), containers.end(), [&](const auto& container) {
      const auto& wishes = container.record.network.networks;
      return std::any_of(wishes.begin(), wishes.end(),
                         [&](const auto& wish) { return wish.network == network.name; });
    });
    if (used || network.name == kDefaultNetwork) continue;
    TRY(remove(context, network));
    TRY(print(network.name + "\n"));
  }
  return 0;
}

Result<int> execute(const Context& context, const NetworkConnectCommand& command) {
  auto container = TRY(Containers(context).find(command.container));
  TRY(container.lock());
  NetworkWish wish{.network = command.network, .aliases = command.aliases, .ip = command.ip};
  TRY(join_network(context, container, wish));
  return 0;
}

Result<int> execute(const Context& context, const NetworkDisconnectCommand& command) {
  auto container = TRY(Containers(context).find(command.container));
  TRY(container.lock());
  TRY(leave_network(context, container, command.network));
  return 0;
}

Result<int> execute(const Context& context, const PortCommand& command) {
  auto container = TRY(Containers(context).find(command.container));
  auto phase = TRY(phase_now(container));
  bool runs = phase == Phase::Running || phase == Phase::Paused;
  std::string out;
  auto wanted = command.port;
  if (!wanted.empty() && wanted.find('/') == std::string::npos) wanted += "/tcp";
  for (const auto& port : container.record.state.ports) {
    if (!runs) break;
    if (wanted.empty()) out += base::cat(show_inside(port), " -> ", show_outside(port), "\n");
    if (wanted == show_inside(port)) out += show_outside(port) + "\n";
  }
  if (!wanted.empty() && out.empty())
    return base::state_error("container ", container.record.name, ": no port of the host leads to ",
                             wanted);
  TRY(print(out));
  return 0;
}

}  // namespace engine
