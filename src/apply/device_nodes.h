// The nodes and links of /dev.
#pragma once
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "plan/rootfs.h"

namespace apply {

// The host's node for this one, as a detached mount; it is verified to be that device.
base::Result<base::Fd> open_device(const plan::DeviceNode& node);

// bound[i]: for nodes[i] with `bind`; where it is empty, the host's node is opened here. The umask
// must be 0. spec: config-linux.md#devices: another file in the place of a node is an error.
base::Status make_devices(base::FdRef root, const std::vector<plan::DeviceNode>& nodes,
                          std::vector<base::Fd>& bound);

base::Status make_links(base::FdRef root, const std::vector<plan::DevLink>& links);

}  // namespace apply
