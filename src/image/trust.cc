#include "image/trust.h"

#include "fs/files.h"
#include "image/signature.h"
#include "image/sigstore_signing.h"

namespace image {

using base::Result;
using base::Status;

Status check_trust(const Trust& trust, const ImageSource& source, const std::string& manifest) {
  const auto& requirements = requirements_for(trust.policy, "docker", docker_scopes(source.name));
  auto digest = TRY(digest_of(manifest));
  auto place = place_for(trust.places, source.there);
  Candidate candidate{.reference = source.name, .manifest = manifest};
  candidate.simple_signatures = [&] {
    return fetch_simple_signatures(source.transport, place.lookaside, source.there.repository,
                                   digest);
  };
  candidate.attachments = [&]() -> Result<std::vector<Attachment>> {
    if (!place.use_attachments.value_or(false))
      return base::state_error("the policy wants a sigstore signature of ", source.there.name(),
                               ", and registries.d does not set use-sigstore-attachments for it");
    return fetch_attachments(source.registry, source.transport, digest);
  };
  return check_requirements(requirements, candidate);
}

Status check_import_trust(const Trust& trust, const std::string& transport, base::FdRef source,
                          const std::string& name) {
  std::vector<std::string> scopes;
  // Of the others the policy knows the whole transport alone. compat: containers-transports(5)
  if (transport == "oci" || transport == "oci-archive") {
    auto real = TRY(fs::path_of(source));
    scopes = path_scopes(real, name);
  }
  return check_requirements(requirements_for(trust.policy, transport, scopes), {});
}

}  // namespace image
