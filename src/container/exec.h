// Runs another process in a container.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "container/handover.h"

namespace container {

struct ExecOptions {
  std::string root{};
  std::string id{};
  std::string
      process_file{};  // a process document, "-" for none; without it the container's own process …
  std::vector<std::string> args{};  // … with these arguments, and what else is given here
  std::string cwd{};
  std::vector<std::string> env{};  // added
  std::string user{};              // "uid[:gid]"
  std::vector<std::uint32_t> additional_gids{};
  std::vector<std::string> capabilities{};  // added
  std::string apparmor{};
  std::string process_label{};
  std::optional<bool> no_new_privileges{};
  bool terminal = false;
  std::string console_socket{};
  std::string pid_file{};
  bool detach = false;
  bool ignore_paused = false;
  bool no_subreaper = true;
  std::string pidfd_socket{};          // unix socket that gets its pidfd; empty: none
  std::vector<std::string> cgroups{};  // groups inside the container's, see container/subgroups.h
  Inherited inherited{};
  bool debug = false;
};

// The exit status of the process; 0 when detached and it runs. An error means that it never ran.
base::Result<int> exec(const ExecOptions& options, std::vector<std::string>& warnings);

}  // namespace container
