// System calls on network devices.
#pragma once
#include <string>

#include "base/result.h"

namespace sys {

// Brings an interface of our network namespace up. man: netdevice(7)
base::Status bring_up(const std::string& interface);

}  // namespace sys
