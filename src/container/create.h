// Makes a container whose init waits for `start`.
#pragma once
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "container/group.h"
#include "container/handover.h"
#include "container/spawn.h"

namespace container {

struct CreateOptions {
  std::string root{};  // state directory
  std::string id{};
  std::string bundle{};  // as given; relative to the working directory
  std::string console_socket{};
  std::string pid_file{};
  bool no_pivot = false;
  bool no_new_keyring = false;
  bool systemd_cgroup = false;
  BusEnvironment bus{};
  bool no_cgroup = false;
  std::string pidfd_socket{};   // unix socket that gets a pidfd of init; empty: none
  std::string notify_socket{};  // the service manager's; empty: none. man: sd_notify(3)
  Inherited inherited{};
  bool debug = false;
  std::string search_path{};  // the caller's PATH, for newuidmap
  bool foreground = false;    // the caller relays a terminal itself (run without --detach)
};

struct Created {
  Child init{};  // kept: it outlives this
  base::Fd
      console{};  // in the foreground: our end of the socket that the terminal's master arrives on
};
// spec: runtime.md#create. When it fails nothing is left.
base::Result<Created> create(const CreateOptions& options, std::vector<std::string>& warnings);

}  // namespace container
