#include <CLI/CLI.hpp>

#include "cli/options.h"
#include "engine/cli_commands.h"

namespace engine {
namespace {

constexpr const char* kNetwork = "a network, by name";
constexpr const char* kContainer = "a container, by name or id";

template <class Command>
std::pair<CLI::App*, std::shared_ptr<Command>> add(CLI::App& app, Choice& choice, const char* name,
                                                   const char* what, const char* example) {
  auto command = cli::add_command(app, name, what, example);
  auto chosen = std::make_shared<Command>();
  command->final_callback([chosen, &choice] { choice.command = *chosen; });
  return {command, chosen};
}

CLI::Option* add_words(CLI::App* command, const char* name, std::vector<std::string>& words,
                       const char* shown, const char* what) {
  return command->add_option(name, words, what)->option_text(shown)->allow_extra_args(false);
}

void add_create(CLI::App& app, Choice& choice) {
  auto [command, create] = add<NetworkCreateCommand>(
      app, choice, "create", "make a network for containers",
      "engine network create --driver bridge --subnet 192.168.10.0/24 testbridge");
  command->add_option("NAME", create->name, "the new network's name")->required();
  command->add_option("-d,--driver", create->driver, "bridge, macvlan or ipvlan")
      ->option_text("DRIVER")
      ->capture_default_str();
  add_words(command, "--subnet", create->subnets, "SUBNET",
            "its addresses, such as 192.168.10.0/24 (else one that is free); may be repeated");
  add_words(command, "--gateway", create->gateways, "ADDRESS",
            "the host's address in it (else a subnet's first); may be repeated");
  add_words(command, "--ip-range", create->ranges, "SUBNET",
            "the part of a subnet that containers get addresses of; may be repeated");
  command->add_flag("--internal", create->internal, "no way out, and no published ports");
  command->add_flag("--ipv6", create->six, "IPv6 addresses, too");
  add_words(command, "-o,--opt", create->options, "KEY=VALUE",
            "an option of the driver: mtu, bridge, parent or mode; may be repeated");
  add_words(command, "--label", create->labels, "KEY=VALUE", "a label; may be repeated");
}

void add_showing(CLI::App& app, Choice& choice) {
  auto [listing, list] = add<NetworkListCommand>(app, choice, "ls", "list networks",
                                                 "engine network ls --filter driver=bridge");
  listing->add_flag("-q,--quiet", list->quiet, "only their names");
  listing->add_flag("--json", list->json, "as JSON");
  add_words(listing, "-f,--filter", list->filters, "NAME=VALUE",
            "name, driver or label; may be repeated");
  auto [inspecting, inspect] =
      add<NetworkInspectCommand>(app, choice, "inspect", "tell all about networks, as JSON",
                                 "engine network inspect testbridge");
  inspecting->add_option("NETWORK", inspect->networks, kNetwork)->required();
}

void add_removing(CLI::App& app, Choice& choice) {
  auto [removing, remove] = add<NetworkRemoveCommand>(
      app, choice, "rm", "remove networks that no container is in", "engine network rm testbridge");
  removing->add_flag("-f,--force", remove->force, "no complaint about those that are not there");
  removing->add_option("NETWORK", remove->networks, kNetwork)->required();
  auto [pruning, prune] = add<NetworkPruneCommand>(
      app, choice, "prune", "remove all networks that no container wants", "engine network prune");
  pruning->add_flag("-f,--force", prune->force, "for docker's callers: nothing is asked anyway");
}

void add_members(CLI::App& app, Choice& choice) {
  auto [connecting, connect] =
      add<NetworkConnectCommand>(app, choice, "connect", "put a container into one more network",
                                 "engine network connect --alias db testbridge bird");
  connecting->add_option("--ip", connect->ip, "its address there (else one that is free)")
      ->option_text("ADDRESS");
  add_words(connecting, "--alias", connect->aliases, "NAME",
            "one more name by which others there find it; may be repeated");
  connecting->add_option("NETWORK", connect->network, kNetwork)->required();
  connecting->add_option("CONTAINER", connect->container, kContainer)->required();
  auto [leaving, leave] =
      add<NetworkDisconnectCommand>(app, choice, "disconnect", "take a container out of a network",
                                    "engine network disconnect testbridge bird");
  leaving->add_flag("-f,--force", leave->force, "for docker's callers: it is always done at once");
  leaving->add_option("NETWORK", leave->network, kNetwork)->required();
  leaving->add_option("CONTAINER", leave->container, kContainer)->required();
}

}  // namespace

void add_networks(CLI::App& app, Choice& choice) {
  auto network = cli::add_command(app, "network", "make, list, remove and join networks",
                                  "engine network create testbridge");
  network->require_subcommand(1);
  add_create(*network, choice);
  add_showing(*network, choice);
  add_removing(*network, choice);
  add_members(*network, choice);
  auto [command, port] =
      add<PortCommand>(app, choice, "port", "list the host's ports that lead to a container",
                       "engine port web 80/tcp");
  command->add_option("CONTAINER", port->container, kContainer)->required();
  command->add_option("PORT", port->port, "only those that lead to this one, such as 80 or 53/udp");
}

}  // namespace engine
