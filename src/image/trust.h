// Whether an image may be used, by the policy and the signatures it has.
#pragma once
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "image/lookaside.h"
#include "image/policy.h"
#include "image/registry.h"

namespace image {

struct Trust {
  Policy policy{};
  SignaturePlaces places{};
};

// Where an image comes from.
struct ImageSource {
  const Reference& name;  // as it is called: the policy goes by that
  const Reference&
      there;  // as it is called where it is asked for, a mirror perhaps: signatures too
  Registry& registry;
  Transport& transport;
};

// A manifest of a registry, by the bytes that it is, before anything of it is used. An index is not
// asked about: whoever chooses from it asks about what was chosen, under the index's name.
// compat: skopeo copy, podman pull
base::Status check_trust(const Trust& trust, const ImageSource& source,
                         const std::string& manifest);

// What is imported from this machine: "oci", "oci-archive", "docker-archive", "tarball". The open
// file or folder is known by its path without links; `name` is that in the layout. Such an image
// has no signatures.
base::Status check_import_trust(const Trust& trust, const std::string& transport,
                                base::FdRef source, const std::string& name);

}  // namespace image
