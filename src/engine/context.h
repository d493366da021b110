// What every command of the engine is given: where things are, and how to speak to the user.
#pragma once
#include <string>
#include <vector>

#include "bundler/environment.h"

namespace engine {

using bundler::Environment;

// DATA/containers/ID    a container: engine.json, bundle/, log, hosts, hostname, resolv.conf
// DATA/names/NAME       a link to its id
// DATA/volumes/NAME     a named volume: volume.json, _data/
// DATA/networks/NAME    a network: a CNI configuration list
// RUN/ID                the runtime's own records
// RUN/.engine/ID/RUN    a container's pid files, exit file, runtime's log; of its third start: 3
// RUN/.engine/journal   what happened (journal.h)
struct Places {
  std::string data{};   // /var/lib/coracle, or the user's
  std::string run{};    // /run/coracle, or the user's
  std::string store{};  // DATA/images
  std::string containers() const { return data + "/containers"; }
  std::string names() const { return data + "/names"; }
  std::string volumes() const { return data + "/volumes"; }
  std::string networks() const { return data + "/networks"; }
  std::string engine() const { return run + "/.engine"; }
};

struct Context {
  const Environment& environment;
  Places places{};
  std::string self{};                   // the path of this program
  std::string runtime{};                // the path of the runtime
  std::vector<std::string> cni_path{};  // folders of network plugins
  std::string registries_conf{};
  std::string policy{};
  std::vector<std::string> variables{};  // "NAME=value", of the programs that we start
  bool debug = false;
  bool rootless = false;   // root of a user namespace at most (user_namespace.h)
  bool single_id = false;  // which has one id only
  // New containers are scopes of systemd, the user's own where we are not root.
  bool systemd_cgroup = false;

  // A line for --debug: a program that is run, a step that is taken.
  void tell(const std::string& line) const;
};

}  // namespace engine
