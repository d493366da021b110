// Commands → image operations → output.
#pragma once
#include "base/result.h"
#include "bundler/cli.h"
#include "bundler/environment.h"
#include "image/credentials.h"

namespace bundler {

// Results go to standard output, progress and notes to standard error.
base::Status run(const Invocation& invocation, const Environment& environment);

// Where images are kept without --store: /var/lib/coracle/images for root,
// $XDG_DATA_HOME/coracle/images or ~/.local/share/coracle/images for others.
base::Result<std::string> default_store(const Environment& environment);

// The files that are asked for a registry's credentials, in this order.
// compat: containers-auth.json(5), docker login
std::vector<std::string> auth_files(const Environment& environment);

// How credential helpers are run.
image::HelperWorld helper_world(const Environment& environment);

}  // namespace bundler
