#include "image/signature.h"

#include <array>

#include "base/json.h"
#include "image/sigstore_signing.h"
#include "image/simple_signing.h"

namespace image {
namespace {

using base::Place;
using base::Result;
using base::Status;
using Rule = SignedIdentity::Rule;

// The object's members are these, neither more nor fewer.
template <std::size_t N>
Status check_exactly(const Place& place, const std::array<std::string_view, N>& names) {
  auto members = TRY(place.members());
  for (auto name : names) TRY(place.at(name));
  if (members.size() != N) return place.error("has members that are not known");
  return {};
}

// A name taken apart without anything being added: a signature must say its tag itself.
struct Named {
  std::string name{};
  std::string rest{};  // ":tag", "@sha256:…", both, or nothing
  std::string whole() const { return name + rest; }
};

std::optional<Named> read_name(std::string_view text) {
  auto reference = parse_reference(text);
  if (!reference) return std::nullopt;
  auto slash = text.rfind('/', text.find('@'));
  auto rest = text.find_first_of(":@", slash == text.npos ? 0 : slash);
  return Named{reference.value().name(), rest == text.npos ? "" : std::string(text.substr(rest))};
}

// The image by the name that its signer knows it by.
std::string remapped(const SignedIdentity& identity, const std::string& text) {
  if (!text.starts_with(identity.name)) return text;
  auto rest = text.substr(identity.name.size());
  if (!rest.empty() && rest[0] != '/' && rest[0] != ':' && rest[0] != '@') return text;
  // "host" is not the beginning of "host:5000/a".
  if (identity.name.find('/') == std::string::npos && !rest.starts_with('/')) return text;
  return identity.signed_prefix + rest;
}

bool same_repository_or_exact(const Named& image, const Named& signed_name) {
  if (signed_name.rest.empty() || image.rest.empty()) return false;
  if (image.rest.starts_with('@')) return image.name == signed_name.name;
  return image.whole() == signed_name.whole();
}

bool identity_holds_for(const SignedIdentity& identity, const Named& image, const Named& given) {
  if (identity.rule == Rule::MatchRepository) return image.name == given.name;
  if (identity.rule == Rule::MatchExact)
    return !given.rest.empty() && image.whole() == given.whole();
  if (identity.rule == Rule::MatchRepoDigestOrExact) return same_repository_or_exact(image, given);
  if (identity.rule != Rule::RemapIdentity) return false;
  auto other = read_name(remapped(identity, image.whole()));
  return other && same_repository_or_exact(*other, given);
}

Status check_claim(const Claim& claim, const SignedIdentity& identity, const Candidate& candidate) {
  auto digest = TRY(digest_of(candidate.manifest, claim.digest.algorithm));
  if (digest != claim.digest)
    return base::state_error("is for the digest ", claim.digest.text(), ", not ", digest.text());
  if (!identity_holds(identity, candidate.reference, claim.reference))
    return base::state_error("is for the name ", base::quote(claim.reference),
                             ", which the policy does not accept here");
  return {};
}

// One good signature is enough. `check` is asked about each.
template <class Signature, class Check>
Status any_of(const std::vector<Signature>& signatures, std::string_view kind, Check check) {
  if (signatures.empty())
    return base::state_error("the policy wants a ", kind, " signature, and there is none");
  std::string reasons;
  for (std::size_t i = 0; i < signatures.size(); ++i) {
    Status checked = check(signatures[i]);
    if (checked) return {};
    reasons += base::cat(i == 0 ? "" : "; ", "signature ", i + 1, " ", checked.error().text());
  }
  return base::state_error("no ", kind, " signature is accepted: ", reasons);
}

Status check_signed_by(const SignedBy& wanted, const Candidate& candidate) {
  std::vector<std::string> signatures;
  if (candidate.simple_signatures) signatures = TRY(candidate.simple_signatures());
  if (signatures.empty()) return any_of(signatures, "simple", [](const auto&) { return Status(); });
  auto ring = TRY(KeyRing::make(wanted.keys));
  return any_of(signatures, "simple", [&](const std::string& signature) -> Status {
    auto payload = TRY(ring.verify(signature));
    auto claim = TRY(read_claim(payload, kSimpleType));
    return check_claim(claim, wanted.identity, candidate);
  });
}

Status check_sigstore_signed(const SigstoreSigned& wanted, const Candidate& candidate) {
  std::vector<Attachment> signatures;
  if (candidate.attachments) signatures = TRY(candidate.attachments());
  auto keys = TRY(read_public_keys(wanted.keys));
  return any_of(signatures, "sigstore", [&](const Attachment& attachment) -> Status {
    TRY(verify_attachment(keys, attachment));
    auto claim = TRY(read_claim(attachment.payload, kSigstoreType));
    return check_claim(claim, wanted.identity, candidate);
  });
}

}  // namespace

Result<Claim> read_claim(std::string_view text, std::string_view type) {
  constexpr std::array<std::string_view, 2> kTop{"critical", "optional"};
  constexpr std::array<std::string_view, 3> kCritical{"type", "image", "identity"};
  constexpr std::array<std::string_view, 1> kImage{"docker-manifest-digest"};
  constexpr std::array<std::string_view, 1> kIdentity{"docker-reference"};
  auto json = TRY(base::parse_json(text), "its document");
  Place document(json);
  // cosign writes null where there is nothing optional.
  for (const auto& [name, value] : TRY(document.members()))
    if (name != kTop[0] && name != kTop[1])
      return base::config_error("its document: ", base::quote(name), " is not known");
  auto critical = TRY(document.at("critical"), "its document");
  TRY(check_exactly(critical, kCritical), "its document");
  auto at = TRY(critical.at("type"));
  auto word = TRY(at.string(), "its document");
  if (word != type) return at.error("must be another type").in("its document");
  auto image = TRY(critical.at("image"));
  TRY(check_exactly(image, kImage), "its document");
  auto identity = TRY(critical.at("identity"));
  TRY(check_exactly(identity, kIdentity), "its document");
  Claim out;
  auto name = TRY(identity.at(kIdentity[0]));
  out.reference = TRY(name.string(), "its document");
  auto digest = TRY(image.at(kImage[0]));
  auto digest_text = TRY(digest.string(), "its document");
  out.digest = TRY(parse_digest(digest_text), "its document");
  return out;
}

bool identity_holds(const SignedIdentity& identity, const std::optional<Reference>& image,
                    std::string_view signed_name) {
  auto given = read_name(signed_name);
  if (!given) return false;
  if (identity.rule == Rule::ExactReference || identity.rule == Rule::ExactRepository) {
    auto wanted = read_name(identity.name);
    if (!wanted || wanted->name != given->name) return false;
    if (identity.rule == Rule::ExactRepository) return true;
    return !given->rest.empty() && wanted->rest == given->rest;
  }
  if (!image) return false;
  auto own = read_name(image->text());
  return own && identity_holds_for(identity, *own, *given);
}

Status check_requirements(const Requirements& requirements, const Candidate& candidate) {
  for (const auto& requirement : requirements) {
    auto held = std::visit(
        base::each{
            [](const AcceptAnything&) { return Status(); },
            [](const Reject&) { return Status(base::state_error("the policy rejects it")); },
            [&](const SignedBy& wanted) { return check_signed_by(wanted, candidate); },
            [&](const SigstoreSigned& wanted) { return check_sigstore_signed(wanted, candidate); },
            [](const CannotCheck& it) { return Status(base::unsupported("policy: ", it.what)); }},
        requirement);
    TRY(std::move(held));
  }
  return {};
}

}  // namespace image
