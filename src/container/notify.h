// systemd's readiness protocol, between a container and the caller's service manager.
//
// `create` gives the container a socket of its own; who runs `start` (or `run`) stands between it
// and NOTIFY_SOCKET, for the service manager listens to processes of the service alone, and wants
// to be told which one is the main one.
#pragma once
#include <sys/types.h>

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "container/record.h"
#include "spec/config.h"

namespace container {

// The folder of the record that is mounted at /run/notify in the container.
inline constexpr std::string_view kNotifyDir = "notify";

// The mount and the variable that the container gets. compat: runc
void add_notify_socket(spec::Config& config, const std::string& record_path);

class Notifier {
 public:
  // Binds the container's socket, and connects to the caller's. man: sd_notify(3)
  static base::Result<Notifier> open(const Record& record, const std::string& notify_socket);

  base::FdRef fd() const { return socket_; }
  // What the container has sent goes on to the caller, and with READY=1 the main process, which is
  // `pid`. True once it was ready. Nothing can be done where the caller has gone.
  base::Result<bool> pass_on(pid_t pid);
  // Waits until the container is ready, or has ended.
  base::Status await_ready(pid_t pid, base::FdRef pidfd);

 private:
  Notifier(base::Fd socket, base::Fd caller)
      : socket_(std::move(socket)), caller_(std::move(caller)) {}
  // Waits, within bounds, until the service manager has read all that was sent.
  void synchronise();
  base::Fd socket_;
  base::Fd caller_;
};

}  // namespace container
