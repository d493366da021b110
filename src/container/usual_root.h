// Where containers are kept when no --root says so.
#pragma once
#include <sys/types.h>

#include <string>

namespace container {

// Who calls.
struct Caller {
  uid_t uid = 0;
  bool in_user_namespace = false;
  std::string runtime_dir{};  // $XDG_RUNTIME_DIR
  std::string user{};         // $USER
};

// The system's folder for root; one of his own for everyone else, also when a user namespace makes
// him root of his own processes, as rootless podman does. Root of a machine that is a container
// itself is told by his name. compat: runc
std::string usual_root(const Caller& caller);

// The same for this process, with these variables.
std::string usual_root(std::string runtime_dir, std::string user);

}  // namespace container
