// Command → container operation → output.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/cli.h"

namespace runtime {

// What main read of the environment.
struct Environment {
  std::vector<std::string> args{};
  std::vector<std::string> all{};  // the environment itself, NAME=VALUE
  std::string path{};              // PATH
  std::string notify_socket{};     // NOTIFY_SOCKET
  // DBUS_SYSTEM_BUS_ADDRESS, DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR
  container::BusEnvironment bus{};
  int listening_fds = 0;  // LISTEN_FDS, if meant for this process
};

// Prints to standard output; gives the exit code.
base::Result<int> execute(const Parsed& parsed, const Environment& environment,
                          std::vector<std::string>& warnings);

// "runtime version 1.2.3", with the versions of what it stands on.
std::string version_text();

}  // namespace runtime
