#include "image/sigstore_signing.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "fs/files.h"
#include "image/credentials.h"
#include "image/manifest.h"
#include "image/stream.h"

namespace image {
namespace {

using base::Result;
using base::Status;

constexpr std::uint64_t kLargestKey = 1 << 20;
constexpr std::uint64_t kLargestPayload = 1 << 20;
constexpr std::size_t kMostAttachments = 128;
constexpr std::string_view kPayloadType = "application/vnd.dev.cosign.simplesigning.v1+json";
constexpr std::string_view kSignature = "dev.cosignproject.cosign/signature";

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

const unsigned char* raw(const std::string& bytes) {
  return static_cast<const unsigned char*>(static_cast<const void*>(bytes.data()));
}

Result<PublicKey> read_public_key(const std::string& pem) {
  std::unique_ptr<BIO, FreeBio> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  PublicKey key(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!key) return base::config_error("holds no public key as PEM");
  auto kind = EVP_PKEY_get_base_id(key.get());
  if (kind != EVP_PKEY_EC && kind != EVP_PKEY_RSA)
    return base::unsupported("holds a key that is neither ECDSA nor RSA");
  return key;
}

bool is_signed_by(evp_pkey_st* key, const std::string& payload, const std::string& signature) {
  std::unique_ptr<EVP_MD_CTX, FreeDigest> context(EVP_MD_CTX_new());
  return context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), raw(signature), signature.size(), raw(payload),
                          payload.size()) == 1;
}

Result<Attachment> fetch_attachment(Registry& registry, Transport& transport,
                                    const Descriptor& layer) {
  if (layer.size > kLargestPayload)
    return base::config_error("has ", layer.size, " bytes, at most ", kLargestPayload, " are read");
  TextSink text(kLargestPayload);
  Verifier verifier(layer.digest, layer.size, &text);
  TRY(registry.blob(transport, layer, verifier));
  TRY(verifier.finish());
  return Attachment{.payload = text.take(), .signature = layer.annotation(kSignature)};
}

}  // namespace

void FreePublicKey::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

Result<std::vector<PublicKey>> read_public_keys(const KeySource& keys) {
  std::vector<PublicKey> out;
  for (const auto& path : keys.paths) {
    auto pem = TRY(fs::read_file(base::FdRef::cwd(), path, kLargestKey), "policy: key file ", path);
    out.push_back(TRY(read_public_key(pem), "policy: key file ", path));
  }
  for (const auto& pem : keys.data) out.push_back(TRY(read_public_key(pem), "policy: keyData"));
  return out;
}

Status verify_attachment(const std::vector<PublicKey>& keys, const Attachment& attachment) {
  auto signature = from_base64(attachment.signature);
  if (!signature || signature->empty()) return base::state_error("is no base64");
  for (const auto& key : keys)
    if (is_signed_by(key.get(), attachment.payload, *signature)) return {};
  return base::state_error("is not good: it is by a key that the policy does not trust, or what ",
                           "was signed has been changed");
}

Result<std::vector<Attachment>> fetch_attachments(Registry& registry, Transport& transport,
                                                  const Digest& digest) {
  std::vector<Attachment> out;
  auto tag = base::cat(algorithm_word(digest.algorithm), "-", digest.hex, ".sig");
  auto document = registry.document(transport, tag);
  if (!document && document.error().kind() == base::Kind::NotFound) return out;
  auto found = TRY(std::move(document), "signatures ", tag);
  auto manifest = TRY(read_manifest(found.bytes), "signatures ", tag);
  for (const auto& layer : manifest.layers) {
    // Attestations may stand there too.
    if (layer.media_type != kPayloadType || layer.annotation(kSignature).empty()) continue;
    if (out.size() == kMostAttachments)
      return base::config_error("signatures ", tag, ": more than ", kMostAttachments);
    out.push_back(TRY(fetch_attachment(registry, transport, layer), "signatures ", tag, ": ",
                      layer.digest.text()));
  }
  return out;
}

}  // namespace image
