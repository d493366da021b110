// Values into a message of sd-bus, and out of one.
#pragma once
#include <systemd/sd-bus.h>

#include <vector>

#include "plan/bus_value.h"

namespace systemd {

// 0, or a negative errno, as sd-bus has it.
int append(sd_bus_message* message, const plan::BusValue& value);

// All that is left to be read, up to the first value of a type that no answer of ours has: basic
// ones and variants of them are known.
std::vector<plan::BusValue> values_of(sd_bus_message* message);

}  // namespace systemd
