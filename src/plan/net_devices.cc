#include "plan/net_devices.h"

#include <linux/sched.h>

namespace plan {
namespace {

// The kernel takes one "%d" and no other "%".
bool is_template(std::string_view name) {
  auto percent = name.find('%');
  return percent != std::string_view::npos && name.substr(percent, 2) == "%d" &&
         name.find('%', percent + 1) == std::string_view::npos;
}

}  // namespace

base::Result<std::vector<NetDevice>> net_devices(const spec::Linux& config,
                                                 const Namespaces& namespaces, const Host& host) {
  std::vector<NetDevice> out;
  if (config.net_devices.empty()) return out;
  if (!namespaces.has(CLONE_NEWNET))
    return base::config_error("linux.netDevices: needs a network namespace in linux.namespaces");
  if (host.uid != 0)
    return base::unsupported(
        "linux.netDevices: only root may move network devices, and the runtime is user ", host.uid);
  for (const auto& device : config.net_devices) {
    NetDevice row;
    row.what = base::cat("linux.netDevices.", device.host_name);
    row.host_name = device.host_name;
    row.name = device.name.empty() ? device.host_name : device.name;
    row.numbered = is_template(row.name);
    if (!row.numbered && row.name.find('%') != std::string::npos)
      return base::config_error(row.what, ".name: may have one %d and no other %, got ",
                                base::quote(row.name));
    for (const auto& other : out)
      if (!row.numbered && other.name == row.name)
        return base::config_error(row.what, ".name: ", base::quote(row.name),
                                  " is already the name of ", other.what);
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace plan
