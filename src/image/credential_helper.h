// Credential helpers: the programs docker-credential-NAME, which keep secrets for registries.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "image/credentials.h"

namespace image {

// The functions run docker-credential-NAME of the folders of `helpers.search_path` to its end, at
// most for `helpers.seconds`, and make a process: call them before there are threads. Errors name
// the helper and carry what it said, never a secret.
// compat: docker-credential-helpers, "Development" in its README

// The secret for this server, or nothing where the helper has none.
base::Result<std::optional<Credentials>> helper_get(const HelperWorld& helpers,
                                                    const std::string& name,
                                                    const std::string& server);
base::Status helper_store(const HelperWorld& helpers, const std::string& name,
                          const std::string& server, const Credentials& credentials);
// Not an error where the helper has none.
base::Status helper_erase(const HelperWorld& helpers, const std::string& name,
                          const std::string& server);

// What helpers call the registry: Docker Hub goes by its old address.
std::string helper_server(std::string_view registry);

}  // namespace image
