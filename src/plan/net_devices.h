// Which of the host's network devices the container gets, and what they are called there.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "plan/host.h"
#include "plan/namespaces.h"
#include "spec/linux.h"

namespace plan {

struct NetDevice {
  std::string host_name{};
  std::string name{};     // in the container
  bool numbered = false;  // name has a "%d", for which the kernel puts a number
  std::string what{};     // "linux.netDevices.eth0"
  friend bool operator==(const NetDevice&, const NetDevice&) = default;
};

// Errors: without a network namespace of the container, or the rights over the host's; a name that
// two devices are to have. spec: config-linux.md#network-devices
base::Result<std::vector<NetDevice>> net_devices(const spec::Linux& config,
                                                 const Namespaces& namespaces, const Host& host);

}  // namespace plan
