// The commands that keep credentials: login and logout.
#pragma once
#include "base/result.h"
#include "bundler/cli.h"
#include "bundler/environment.h"

namespace bundler {

// Asks the registry before anything is saved.
base::Status login(const Invocation& invocation, const LoginCommand& command,
                   const Environment& environment);
base::Status logout(const Invocation& invocation, const LogoutCommand& command,
                    const Environment& environment);

}  // namespace bundler
