// Lets a created container's program run.
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "container/notify.h"

namespace container {

struct StartOptions {
  std::string root{};
  std::string id{};
  std::string notify_socket{};  // the service manager's; empty: none. man: sd_notify(3)
};

struct Started {
  pid_t pid = 0;
  base::Fd init{};                     // a pidfd
  std::optional<Notifier> notifier{};  // where the container was created for one
  // Waits for the container to say that it is ready, if a service manager wants to know.
  base::Status await_ready();
};

// spec: runtime.md#start. Returns when the program runs, or with the reason why it does not; never
// waits for an init that is gone. A failing poststart hook stops and deletes the container.
base::Result<Started> start(const StartOptions& options, std::vector<std::string>& warnings);

}  // namespace container
