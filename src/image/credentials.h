// Names and passwords for registries, as docker login and podman login leave them in their files.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "image/reference.h"

namespace image {

struct Credentials {
  std::string user{};
  std::string password{};
  std::string identity_token{};  // an OAuth2 refresh token; then user and password do not count
};

// How the programs are run that keep secrets (credential_helper.h).
struct HelperWorld {
  std::string search_path{};               // PATH
  std::vector<std::string> environment{};  // "NAME=value"
  // Who is asked, in order, before anybody else: names of helpers; "containers-auth.json" are the
  // files. man: containers-registries.conf(5), credential-helpers
  std::vector<std::string> order{};
  int seconds = 60;  // one that asks its user a question may take this long
};

struct FoundCredentials {
  std::optional<Credentials> credentials{};
  std::string helper{};  // the helper of credentials_in() that may know more than the file
  // For the message when the registry refuses us: which file has something that we cannot use.
  std::string note{};
};

// What one file has for this image: the entry of "auths" with the longest matching key ("host",
// "host/namespace", "https://host/v1/"; docker.io goes by its old names too), and which helper is
// to be asked: that of "credHelpers" before the file's own entries, that of "credsStore" where
// there are none. compat: docker config.json, containers-auth.json(5)
base::Result<FoundCredentials> credentials_in(std::string_view json, const Reference& reference);

// The first of the files that has credentials, itself or by its helper; files that are missing are
// passed over. What is wrong with a helper becomes the note: an image may be public.
base::Result<FoundCredentials> find_credentials(const std::vector<std::string>& files,
                                                const Reference& reference,
                                                const HelperWorld& helpers);

// The helper that keeps this registry's secrets: of "credHelpers", else "credsStore"; or the empty
// text.
base::Result<std::string> helper_for(const base::Json& document, std::string_view registry);

// JSON that holds secrets: as base::parse_json, but the error shows nothing of the text.
base::Result<base::Json> parse_secret_json(std::string_view text);

// What a key of "auths" means: "https://index.docker.io/v1/" → "docker.io", "https://h:5000/v2/" →
// "h:5000".
std::string auth_place(std::string_view key);

std::string base64(std::string_view bytes);
// Nothing when it is not base64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace image
