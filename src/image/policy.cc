#include "image/policy.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "base/json.h"
#include "base/named.h"
#include "fs/files.h"
#include "image/credentials.h"

namespace image {
namespace {

using base::Place;
using base::Result;
using base::Status;
using Rule = SignedIdentity::Rule;

constexpr std::uint64_t kLargestPolicy = 4 << 20;

// compat: containers-transports(5), and tarball
constexpr std::array<std::string_view, 11> kTransports{
    "atomic", "containers-storage", "dir",    "docker", "docker-archive", "docker-daemon",
    "oci",    "oci-archive",        "ostree", "sif",    "tarball"};

// What sigstoreSigned has besides, for the services of sigstore.
constexpr std::array<std::string_view, 8> kServices{
    "fulcio",          "pki",   "rekorPublicKeyPath", "rekorPublicKeyPaths", "rekorPublicKeyData",
    "rekorPublicKeys", "rekor", "rekorPublicKeyDatas"};

struct RuleMembers {
  Rule rule;
  std::string_view name;   // the member that says the name
  std::string_view other;  // of remapIdentity
};
constexpr std::array<base::Named<RuleMembers>, 6> kRules{{
    {"matchExact", {Rule::MatchExact, "", ""}},
    {"matchRepoDigestOrExact", {Rule::MatchRepoDigestOrExact, "", ""}},
    {"matchRepository", {Rule::MatchRepository, "", ""}},
    {"exactReference", {Rule::ExactReference, "dockerReference", ""}},
    {"exactRepository", {Rule::ExactRepository, "dockerRepository", ""}},
    {"remapIdentity", {Rule::RemapIdentity, "prefix", "signedPrefix"}},
}};

template <class List>
Status check_members(const Place& place, const List& allowed) {
  for (const auto& [name, value] : TRY(place.members()))
    if (std::find(allowed.begin(), allowed.end(), name) == allowed.end())
      return base::config_error(value.path(), ": is not known");
  return {};
}

Result<std::string> text_at(const Place& place, std::string_view name) {
  auto member = TRY(place.at(name));
  auto text = TRY(member.string());
  if (text.empty()) return member.error("must not be empty");
  return text;
}

Result<SignedIdentity> read_identity(const Place& place) {
  auto at = TRY(place.at("type"));
  auto type = TRY(at.string());
  auto members = base::value_of(kRules, type);
  if (!members) return at.error("is no known kind of identity");
  std::vector<std::string_view> allowed{"type"};
  for (auto name : {members->name, members->other})
    if (!name.empty()) allowed.push_back(name);
  TRY(check_members(place, allowed));
  SignedIdentity out{.rule = members->rule};
  if (!members->name.empty()) out.name = TRY(text_at(place, members->name));
  if (!members->other.empty()) out.signed_prefix = TRY(text_at(place, members->other));
  if (out.rule == Rule::ExactReference || out.rule == Rule::ExactRepository)
    (void)TRY(parse_reference(out.name), place.path());
  return out;
}

Result<std::string> decoded(const Place& place) {
  auto text = TRY(place.string());
  auto bytes = from_base64(text);
  if (!bytes || bytes->empty()) return place.error("must be base64");
  return *std::move(bytes);
}

// Exactly one of keyPath, keyPaths, keyData, keyDatas.
Result<KeySource> read_keys(const Place& place) {
  KeySource out;
  int sources = 0;
  if (auto path = TRY(place.find("keyPath"))) {
    out.paths.push_back(TRY(path->string()));
    ++sources;
  }
  if (auto paths = TRY(place.find("keyPaths"))) {
    out.paths = TRY(paths->strings());
    ++sources;
  }
  if (auto data = TRY(place.find("keyData"))) {
    out.data.push_back(TRY(decoded(*data)));
    ++sources;
  }
  if (auto list = TRY(place.find("keyDatas"))) {
    for (const auto& item : TRY(list->items())) out.data.push_back(TRY(decoded(item)));
    ++sources;
  }
  bool named = std::all_of(out.paths.begin(), out.paths.end(),
                           [](const std::string& path) { return !path.empty(); });
  if (sources != 1 || !named || (out.paths.empty() && out.data.empty()))
    return base::config_error(place.path(),
                              ": must have exactly one of keyPath, keyPaths and keyData");
  return out;
}

Result<SignedIdentity> identity_in(const Place& place) {
  auto identity = TRY(place.find("signedIdentity"));
  if (!identity) return SignedIdentity();
  return read_identity(*identity);
}

Result<Requirement> read_signed_by(const Place& place) {
  constexpr std::array<std::string_view, 6> kMembers{"type",     "keyType", "keyPath",
                                                     "keyPaths", "keyData", "signedIdentity"};
  TRY(check_members(place, kMembers));
  auto type = TRY(place.at("keyType"));
  auto word = TRY(type.string());
  if (word != "GPGKeys") return type.error("must be GPGKeys");
  SignedBy out;
  out.keys = TRY(read_keys(place));
  out.identity = TRY(identity_in(place));
  return Requirement(std::move(out));
}

Result<Requirement> read_sigstore_signed(const Place& place) {
  for (const auto& [name, value] : TRY(place.members()))
    if (std::find(kServices.begin(), kServices.end(), name) != kServices.end())
      return Requirement(CannotCheck{base::cat(value.path(), " is not supported")});
  constexpr std::array<std::string_view, 6> kMembers{"type",    "keyPath",  "keyPaths",
                                                     "keyData", "keyDatas", "signedIdentity"};
  TRY(check_members(place, kMembers));
  SigstoreSigned out;
  out.keys = TRY(read_keys(place));
  out.identity = TRY(identity_in(place));
  return Requirement(std::move(out));
}

Result<Requirement> read_requirement(const Place& place) {
  constexpr std::array<std::string_view, 1> kOnlyType{"type"};
  auto at = TRY(place.at("type"));
  auto type = TRY(at.string());
  if (type == "signedBy") return read_signed_by(place);
  if (type == "sigstoreSigned") return read_sigstore_signed(place);
  if (type == "signedBaseLayer")
    return Requirement(CannotCheck{base::cat(place.path(), ": signedBaseLayer is not supported")});
  if (type != "insecureAcceptAnything" && type != "reject")
    return at.error("is no known requirement");
  TRY(check_members(place, kOnlyType));
  if (type == "reject") return Requirement(Reject{});
  return Requirement(AcceptAnything{});
}

Result<Requirements> read_requirements(const Place& place) {
  Requirements out;
  for (const auto& item : TRY(place.items())) out.push_back(TRY(read_requirement(item)));
  // No requirement would be held by anything: whoever means that has to say it.
  if (out.empty()) return base::config_error(place.path(), ": must not be empty");
  return out;
}

// "/a/b/" and "/a/./b" would never be found.
Status check_scope(const Place& place, const std::string& transport, const std::string& scope) {
  bool is_path = transport == "oci" || transport == "oci-archive" || transport == "dir";
  if (!is_path || scope.empty()) return {};
  if (!scope.starts_with('/') || scope.ends_with('/') || scope.find("//") != scope.npos ||
      scope.find("/./") != scope.npos || scope.find("/../") != scope.npos)
    return base::config_error(place.path(), ": the scope ", base::quote(scope),
                              " must be an absolute and clean path");
  return {};
}

}  // namespace

Result<Policy> read_policy(std::string_view text) {
  constexpr std::array<std::string_view, 2> kMembers{"default", "transports"};
  auto json = TRY(base::parse_json(text));
  Place document(json);
  TRY(check_members(document, kMembers));
  Policy out;
  auto otherwise = TRY(document.at("default"));
  out.otherwise = TRY(read_requirements(otherwise));
  auto transports = TRY(document.find("transports"));
  if (!transports) return out;
  TRY(check_members(*transports, kTransports));
  for (const auto& [transport, scopes] : TRY(transports->members()))
    for (const auto& [scope, list] : TRY(scopes.members())) {
      TRY(check_scope(list, transport, scope));
      out.transports[transport][scope] = TRY(read_requirements(list));
    }
  return out;
}

Result<Policy> named_policy(const std::string& file) {
  auto text = TRY(fs::read_file(base::FdRef::cwd(), file, kLargestPolicy), "policy");
  return TRY(read_policy(text), "policy ", file);
}

Result<Policy> find_policy(const std::vector<std::string>& files) {
  for (const auto& file : files) {
    auto policy = named_policy(file);
    if (!policy && policy.error().code() == ENOENT) continue;
    return policy;
  }
  return Policy();
}

const Requirements& requirements_for(const Policy& policy, const std::string& transport,
                                     const std::vector<std::string>& scopes) {
  auto found = policy.transports.find(transport);
  if (found == policy.transports.end()) return policy.otherwise;
  for (const auto& scope : scopes)
    if (auto one = found->second.find(scope); one != found->second.end()) return one->second;
  auto whole = found->second.find("");
  return whole == found->second.end() ? policy.otherwise : whole->second;
}

std::vector<std::string> docker_scopes(const Reference& reference) {
  std::vector<std::string> out{reference.text()};
  auto name = reference.name();
  for (;;) {
    out.push_back(name);
    auto slash = name.rfind('/');
    if (slash == name.npos) break;
    name.resize(slash);
  }
  for (auto dot = name.find('.'); dot != name.npos; dot = name.find('.', dot + 1))
    out.push_back("*" + name.substr(dot));
  return out;
}

std::vector<std::string> path_scopes(const std::string& path, const std::string& name) {
  std::vector<std::string> out;
  if (!name.empty()) out.push_back(base::cat(path, ":", name));
  for (auto rest = path; rest.size() > 1; rest.resize(rest.rfind('/'))) out.push_back(rest);
  return out;
}

}  // namespace image
