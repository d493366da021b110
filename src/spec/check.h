// Rules of the specification that go across members, as tables of named functions.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "spec/config.h"

namespace spec {

// The first rule that the configuration breaks, naming the JSON path, the value and the rule's
// place in the specification:
// "hostname: needs a uts namespace in linux.namespaces, got "web" (config.md#hostname)".
base::Status check(const Config& config);
// The same for a process alone (`runtime exec --process`), and for limits alone (`runtime update
// --resources`); the paths are those of such a document.
base::Status check(const Process& process);
base::Status check(const Resources& resources);

// The file below /proc/sys that a name of linux.sysctl means. Of "net.core.somaxconn" and
// "net/core/somaxconn" the first separator says which of the two it is; the other one is then part
// of a word: "net.ipv4.conf.eth0/1.forwarding". man: sysctl(8)
std::string sysctl_file(std::string_view name);

}  // namespace spec
