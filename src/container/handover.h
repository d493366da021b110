// What goes between the caller and the container besides bytes: descriptors, and a pidfd.
#pragma once
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace container {

// The caller's descriptors that the container's program is to have, from 3 on.
struct Inherited {
  int listening = 0;  // the first: sockets of systemd's protocol. man: sd_listen_fds(3)
  int preserved = 0;  // the next: --preserve-fds
  int count() const { return listening + preserved; }
};

// To be called before anything is opened: an error for one that is not open, since some file of the
// runtime would get its number, and the container it.
base::Status check_inherited(const Inherited& inherited);

// --pidfd-socket: connected before anything is made, answered when the process is there. The
// message beside the descriptor is `kind`. compat: runc
inline constexpr std::string_view kPidfdOfInit = "standard";
inline constexpr std::string_view kPidfdOfExec = "setns";
base::Result<base::Fd> connect_pidfd_socket(const std::string& path);  // none for an empty path
base::Status send_pidfd(base::FdRef socket, std::string_view kind, base::FdRef pidfd);

}  // namespace container
