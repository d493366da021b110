// Where the signature policy of this user and machine is.
#pragma once
#include <string>

#include "base/result.h"
#include "bundler/environment.h"
#include "image/trust.h"

namespace bundler {

// `policy` is the file that was asked for; else that of the user, else that of the machine, else
// everything is accepted. compat: containers-policy.json(5), containers-registries.d(5)
base::Result<image::Trust> read_trust(const std::string& policy, const Environment& environment);

}  // namespace bundler
