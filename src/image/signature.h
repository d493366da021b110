// Whether signatures satisfy a policy's requirements: what both kinds of signatures have in common.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "image/policy.h"
#include "image/reference.h"

namespace image {

// What a signature says, once its own bytes are known to be the signer's.
struct Claim {
  std::string reference{};  // the name that it gives to the image, as written
  Digest digest{};          // of the manifest
};

inline constexpr std::string_view kSimpleType = "atomic container signature";
inline constexpr std::string_view kSigstoreType = "cosign container image signature";

// The signed document; nothing in its critical part may be unknown.
// compat: containers-signature(5)
base::Result<Claim> read_claim(std::string_view json, std::string_view type);

// Whether a signature of this name is one of this image's. An image without a name (of a folder or
// file) is only what the policy itself names. compat: containers-policy.json(5), signedIdentity
bool identity_holds(const SignedIdentity& identity, const std::optional<Reference>& image,
                    std::string_view signed_name);

// A signature that stands beside the image in its registry.
struct Attachment {
  std::string payload{};
  std::string signature{};  // base64
};

// An image before anything of it is used.
struct Candidate {
  std::optional<Reference> reference{};
  std::string manifest{};  // its bytes
  // Asked only where a requirement needs them.
  std::function<base::Result<std::vector<std::string>>()> simple_signatures{};
  std::function<base::Result<std::vector<Attachment>>()> attachments{};
};

// Every requirement holds, or Kind::State says which does not, and why no signature will do.
base::Status check_requirements(const Requirements& requirements, const Candidate& candidate);

}  // namespace image
