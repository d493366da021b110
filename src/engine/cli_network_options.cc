#include <CLI/CLI.hpp>

#include "engine/cli_make_options.h"

namespace engine {

void add_network_options(CLI::App* command, NetworkWishes& network) {
  OptionGroup add(command, "Network");
  add.many("--net,--network", network.networks, "NETWORK",
           "bridge (the default), none, host, container:NAME, or one that was made");
  add.many("--net-alias,--network-alias", network.aliases, "NAME", "how others there find it");
  add.one("--ip", network.ip, "ADDRESS", "its address there");
  add.one("--mac-address", network.mac, "ADDRESS", "of its interface");
  add.many("-p,--publish", network.publish, "[[IP:]PORT:]PORT[/PROTOCOL]",
           "lead a port of the host to one of the container");
  add.flag("-P,--publish-all", network.publish_all, "do so for all that the image exposes");
  add.many("--dns", network.dns, "ADDRESS", "a name server");
  add.many("--dns-search", network.dns_search, "DOMAIN", "where short names are looked for");
  add.many("--dns-option,--dns-opt", network.dns_options, "OPTION", "for resolv.conf");
  add.many("--add-host", network.hosts, "NAME:ADDRESS", "a line of /etc/hosts");
}

void add_life_options(CLI::App* command, LifeWishes& life) {
  OptionGroup add(command, "Life");
  add.one("--name", life.name, "NAME", "what it is called");
  add.one("--cidfile", life.cidfile, "FILE", "write its id there");
  add.flag("--rm", life.remove, "remove it when it has ended");
  add.one("--restart", life.restart, "POLICY",
          "when it has ended: no, on-failure[:N], always, unless-stopped");
  add.one("--stop-signal", life.stop_signal, "SIGNAL", "what ends it (SIGTERM)");
  add.one("--stop-timeout", life.stop_timeout, "SECONDS", "until SIGKILL (10)");
  add.many("-l,--label", life.labels, "NAME[=VALUE]", "a word about it");
  add.many("--label-file", life.label_files, "FILE", "the same, from the lines of a file");
  add.many("--annotation", life.annotations, "NAME=VALUE", "a word for the runtime");
  add.one("--log-driver", life.log_driver, "DRIVER", "k8s-file (the default), json-file or none");
  add.many("--log-opt", life.log_options, "NAME=VALUE", "max-size=SIZE: begin anew at that size");
}

}  // namespace engine
