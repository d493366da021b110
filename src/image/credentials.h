// Names and passwords for registries, as docker login and podman login leave them in their files.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "image/reference.h"

namespace image {

struct Credentials {
  std::string user{};
  std::string password{};
  std::string identity_token{};  // an OAuth2 refresh token; then user and password do not count
};

struct FoundCredentials {
  std::optional<Credentials> credentials{};
  // For the message when the registry refuses us: which file has something that we cannot use.
  std::string note{};
};

// What one file has for this image: the entry of "auths" with the longest matching key ("host",
// "host/namespace", "https://host/v1/"; docker.io goes by its old names too). Credential helpers
// ("credsStore", "credHelpers") are not run: the note says so.
// compat: docker config.json, containers-auth.json(5)
base::Result<FoundCredentials> credentials_in(std::string_view json, const Reference& reference);

// The first of the files that has credentials; files that are missing are passed over.
base::Result<FoundCredentials> find_credentials(const std::vector<std::string>& files,
                                                const Reference& reference);

std::string base64(std::string_view bytes);
// Nothing when it is not base64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace image
