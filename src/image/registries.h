// What registries.conf decides: which image a name means, and where it is asked for. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "image/reference.h"
#include "image/registries_conf.h"

namespace image {

// Where an image is asked for.
struct Endpoint {
  Reference reference{};  // there; credentials are looked up for it
  bool insecure = false;  // certificates are not held against anything, and http will do
};

// What the user's name may mean, in the order in which it is tried; never empty. A name with a
// registry is itself. A short one is what its alias says, else it is looked for in the
// unqualified-search registries; where no file names any, it is Docker Hub's.
// compat: docker takes "alpine" for docker.io/library/alpine, podman asks its files
base::Result<std::vector<Reference>> meanings(const RegistriesConf& conf, std::string_view name);

// The rule with the longest prefix, or none.
const RegistryRule* find_rule(const RegistriesConf& conf, const Reference& reference);

// For reading: the mirrors that may be used, in order, then the registry itself or what is said to
// stand in its place. A blocked registry is Kind::State.
base::Result<std::vector<Endpoint>> sources(const RegistriesConf& conf, const Reference& reference);

// For writing and login: the registry itself.
base::Result<Endpoint> destination(const RegistriesConf& conf, const Reference& reference);

}  // namespace image
