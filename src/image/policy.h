// Which images may be used: the signature policy that podman and skopeo obey too, as values.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "image/reference.h"

namespace image {

// Where trusted keys are: files, or the bytes themselves. One of the two is empty.
struct KeySource {
  std::vector<std::string> paths{};
  std::vector<std::string> data{};
};

// Which name a signature must give the image. compat: containers-policy.json(5), signedIdentity
struct SignedIdentity {
  enum class Rule {
    MatchExact,
    MatchRepoDigestOrExact,
    MatchRepository,
    ExactReference,
    ExactRepository,
    RemapIdentity,
  };
  Rule rule = Rule::MatchRepoDigestOrExact;
  std::string name{};           // the reference, the repository, or the prefix that is replaced
  std::string signed_prefix{};  // of RemapIdentity: what it is replaced with
};

struct AcceptAnything {};
struct Reject {};
struct SignedBy {
  KeySource keys{};
  SignedIdentity identity{};
};
struct SigstoreSigned {
  KeySource keys{};
  SignedIdentity identity{};
};
// Other tools know it and we do not: whatever it stands for is refused.
struct CannotCheck {
  std::string what{};
};

using Requirement = std::variant<AcceptAnything, Reject, SignedBy, SigstoreSigned, CannotCheck>;
using Requirements = std::vector<Requirement>;  // all of them must hold; never empty

struct Policy {
  Requirements otherwise{AcceptAnything{}};
  // By transport ("docker", "oci" …), by scope.
  std::map<std::string, std::map<std::string, Requirements>> transports{};
};

// Kind::Config names the JSON path: of an unknown type, member or transport, of an empty list.
// compat: containers-policy.json(5)
base::Result<Policy> read_policy(std::string_view json);

// This file; it must be there.
base::Result<Policy> named_policy(const std::string& file);
// The first of these files that exists; without any, everything is accepted.
base::Result<Policy> find_policy(const std::vector<std::string>& files);

// The requirements of the first of these scopes that the policy has, else of the transport (""),
// else of the default.
const Requirements& requirements_for(const Policy& policy, const std::string& transport,
                                     const std::vector<std::string>& scopes);

// From the image itself to its registry and the domains above that: "h.a.b/x/y:tag", "h.a.b/x/y",
// "h.a.b/x", "h.a.b", "*.a.b", "*.b".
std::vector<std::string> docker_scopes(const Reference& reference);
// Of an absolute path without links: "/a/b:name", "/a/b", "/a". An empty name is left out.
std::vector<std::string> path_scopes(const std::string& path, const std::string& name);

}  // namespace image
