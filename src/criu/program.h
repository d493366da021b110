// The program criu: found, become, talked to.
#pragma once
#include <sys/types.h>

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "criu/message.h"

namespace criu {

// Its path, of the folders of a PATH. An error that says what to install when it is in none.
base::Result<std::string> find(std::string_view search_path);

// In a new process: becomes criu, which serves who holds the other end of the socket. The standard
// descriptors stay what they are, `kept` with their numbers survive. Returns only the error.
base::Error become(const std::string& path, base::FdRef socket, std::span<const int> kept,
                   const std::vector<std::string>& environment);

// Something that criu tells in the middle of its work, and waits.
struct Notice {
  std::string_view script{};  // "setup-namespaces", "post-restore", "orphan-pts-master" …
  pid_t pid = 0;              // of the restored root process, with some
  base::Fd descriptor{};      // of "orphan-pts-master": the terminal
};
// An error makes criu give up.
using Listener = std::function<base::Status(Notice notice)>;

// Asks before the work. `socket`: of SOCK_SEQPACKET.
base::Result<Version> version(base::FdRef socket);
base::Result<Features> features(base::FdRef socket);

// Has the work done. An Answer without success is no error here, since only the caller knows where
// the log is; a listener's error is, and comes first.
base::Result<Answer> work(base::FdRef socket, const Request& request, const Listener& listener);

}  // namespace criu
