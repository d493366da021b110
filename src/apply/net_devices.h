// Network devices of the host on their way into the container's network namespace, and back.
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "apply/route.h"
#include "base/fd.h"
#include "base/result.h"
#include "fs/proc.h"
#include "plan/net_devices.h"

namespace apply {

// Puts back what it has moved, unless kept. What is kept stays in the container: it is the kernel
// who gives physical devices back when the namespace ends, and ends others with it (spec:
// config-linux.md#namespace-lifecycle-and-container-termination).
class MovedDevices {
 public:
  MovedDevices() = default;
  MovedDevices(MovedDevices&&) = default;
  MovedDevices& operator=(MovedDevices&&) = delete;
  ~MovedDevices();
  void keep() { moved_.clear(); }

 private:
  friend base::Result<MovedDevices> move_devices(const std::vector<plan::NetDevice>& devices,
                                                 const fs::Proc& proc, pid_t init);
  struct Moved {
    std::string host_name{};
    bool was_up = false;
    std::vector<Address> addresses{};
    int index = 0;  // in the container
  };
  base::Status move(const plan::NetDevice& device, const std::string& on_the_way);
  base::Status put_back(const Moved& device);

  base::Fd host_namespace_{};
  base::Fd container_namespace_{};
  std::optional<Route> host_{};
  std::optional<Route> container_{};
  std::vector<Moved> moved_{};
};

// Into the network namespace of this process, which waits: renamed, up, with the addresses that
// they had. An error leaves the host with what it had.
// spec: config-linux.md#network-devices
base::Result<MovedDevices> move_devices(const std::vector<plan::NetDevice>& devices,
                                        const fs::Proc& proc, pid_t init);

}  // namespace apply
