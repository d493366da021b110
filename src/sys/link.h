// System calls on network devices.
#pragma once
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace sys {

// Brings an interface of our network namespace up. man: netdevice(7)
base::Status bring_up(const std::string& interface);

// A socket to ask the kernel about network devices with, and tell it what to change; its errors
// come with reasons. man: rtnetlink(7), netlink(7)
base::Result<base::Fd> route_socket();

}  // namespace sys
