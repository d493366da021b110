// Signatures as cosign leaves them beside an image in its registry, checked with a policy's keys.
#pragma once
#include <memory>
#include <vector>

#include "base/result.h"
#include "image/policy.h"
#include "image/registry.h"
#include "image/signature.h"

struct evp_pkey_st;

namespace image {

struct FreePublicKey {
  void operator()(evp_pkey_st* key) const;
};
using PublicKey = std::unique_ptr<evp_pkey_st, FreePublicKey>;

// Kind::Config when one cannot be read or is no ECDSA or RSA public key as PEM.
base::Result<std::vector<PublicKey>> read_public_keys(const KeySource& keys);

// The payload is signed by one of these keys (SHA-256; RSA with PKCS #1 v1.5).
base::Status verify_attachment(const std::vector<PublicKey>& keys, const Attachment& attachment);

// What stands under the tag "sha256-HEX.sig" in the manifest's repository; none where there is no
// such tag. Bounded in number and size. compat: cosign
base::Result<std::vector<Attachment>> fetch_attachments(Registry& registry, Transport& transport,
                                                        const Digest& manifest);

}  // namespace image
