#include "image/policy.h"

#include <doctest/doctest.h>

#include "image/lookaside.h"
#include "image/signature.h"
#include "image/yaml.h"

using namespace image;
using Rule = SignedIdentity::Rule;

namespace {

Reference named(std::string_view text) { return parse_reference(text).value(); }

bool holds(Rule rule, std::string_view image, std::string_view signed_name) {
  return identity_holds({.rule = rule}, named(image), signed_name);
}

std::string error_of(std::string_view json) {
  auto policy = read_policy(json);
  return policy ? "" : policy.error().text();
}

const std::string kDigest = "@sha256:" + std::string(64, 'a');

}  // namespace

TEST_CASE("the scopes of an image go from itself to its registry's domains") {
  CHECK(docker_scopes(named("h.example.com:5000/a/b:v1")) ==
        std::vector<std::string>{"h.example.com:5000/a/b:v1", "h.example.com:5000/a/b",
                                 "h.example.com:5000/a", "h.example.com:5000", "*.example.com:5000",
                                 "*.com:5000"});
  CHECK(path_scopes("/a/b", "v1") == std::vector<std::string>{"/a/b:v1", "/a/b", "/a"});
}

TEST_CASE("the most specific scope is found, then the transport's, then the default") {
  auto policy = read_policy(R"({"default": [{"type": "reject"}], "transports": {
    "docker": {"": [{"type": "reject"}, {"type": "reject"}],
               "*.example.com": [{"type": "insecureAcceptAnything"}]}}})");
  REQUIRE(policy);
  auto of = [&](const char* transport, const char* name) -> const Requirements& {
    return requirements_for(policy.value(), transport, docker_scopes(named(name)));
  };
  CHECK(std::holds_alternative<AcceptAnything>(of("docker", "a.b.example.com/x")[0]));
  CHECK(of("docker", "example.com/x").size() == 2);
  CHECK(of("oci", "example.com/x").size() == 1);
}

TEST_CASE("a policy that says anything twice or wrongly is refused") {
  CHECK(error_of(R"({"default": [{"type": "reject"}], "default": []})").find("default") !=
        std::string::npos);
  CHECK(error_of(R"({"default": {"type": "reject"}})").find("default") != std::string::npos);
  CHECK(error_of(R"({"default": [{}]})").find("type") != std::string::npos);
  CHECK(error_of(R"({"default": [{"type": "signedBy", "keyType": "GPGKeys", "keyData": "?"}]})")
            .find("base64") != std::string::npos);
}

TEST_CASE("a signature's name must be the image's") {
  CHECK(holds(Rule::MatchExact, "h.io/a:1", "h.io/a:1"));
  CHECK(holds(Rule::MatchExact, "alpine", "docker.io/library/alpine:latest"));
  CHECK_FALSE(holds(Rule::MatchExact, "h.io/a:latest", "h.io/a"));
  CHECK_FALSE(holds(Rule::MatchExact, "h.io/a:1", "h.io/a:1" + kDigest));
  CHECK_FALSE(holds(Rule::MatchExact, "h.io/a:1", "h.io/a:2"));
  CHECK_FALSE(holds(Rule::MatchExact, "h.io/a" + kDigest, "h.io/a:1"));
  CHECK(holds(Rule::MatchRepoDigestOrExact, "h.io/a" + kDigest, "h.io/a:1"));
  CHECK_FALSE(holds(Rule::MatchRepoDigestOrExact, "h.io/a" + kDigest, "h.io/a"));
  CHECK_FALSE(holds(Rule::MatchRepoDigestOrExact, "h.io/a:1", "h.io/a:2"));
  CHECK(holds(Rule::MatchRepository, "h.io/a:1", "h.io/a"));
  CHECK_FALSE(holds(Rule::MatchRepository, "h.io/a:1", "h.io/ab"));
  CHECK_FALSE(holds(Rule::MatchRepository, "h.io/a:1", "no name"));
}

TEST_CASE("a prefix is replaced only where a part of the name ends") {
  SignedIdentity identity{.rule = Rule::RemapIdentity, .name = "m.io/v", .signed_prefix = "v.io"};
  CHECK(identity_holds(identity, named("m.io/v/a:1"), "v.io/a:1"));
  CHECK_FALSE(identity_holds(identity, named("m.io/va:1"), "v.ioa:1"));
  CHECK(identity_holds(identity, named("m.io/other:1"), "m.io/other:1"));
  identity.name = "m.io";
  CHECK_FALSE(identity_holds(identity, named("m.io:5000/a:1"), "v.io:5000/a:1"));
  CHECK(identity_holds(identity, named("m.io:5000/a:1"), "m.io:5000/a:1"));
}

TEST_CASE("an image without a name is only what the policy itself names") {
  CHECK_FALSE(identity_holds({.rule = Rule::MatchRepository}, std::nullopt, "h.io/a:1"));
  CHECK(
      identity_holds({.rule = Rule::ExactReference, .name = "h.io/a:1"}, std::nullopt, "h.io/a:1"));
  CHECK_FALSE(
      identity_holds({.rule = Rule::ExactReference, .name = "h.io/a:1"}, std::nullopt, "h.io/a"));
}

TEST_CASE("a signed document has these members and no other") {
  auto document = [](std::string_view identity, std::string_view more) {
    return base::cat(R"({"critical":{"type":"atomic container signature","image":)",
                     R"({"docker-manifest-digest":"sha256:)", std::string(64, 'a'),
                     R"("},"identity":)", identity, "}", more, "}");
  };
  auto good = R"({"docker-reference":"a"})";
  auto claim = read_claim(document(good, R"(,"optional":{"anything":1})"), kSimpleType);
  REQUIRE(claim);
  CHECK(claim.value().reference == "a");
  CHECK_FALSE(read_claim(document(good, ""), kSigstoreType));
  CHECK_FALSE(read_claim(document(good, R"(,"more":1)"), kSimpleType));
  CHECK_FALSE(read_claim(document(R"({"docker-reference":"a","b":1})", ""), kSimpleType));
  CHECK_FALSE(read_claim(document(R"({"docker-reference":1})", ""), kSimpleType));
  CHECK_FALSE(read_claim("[]", kSimpleType));
}

TEST_CASE("of each member of registries.d the most specific scope that has it counts") {
  SignaturePlaces places;
  REQUIRE(
      add_signature_places("default-docker:\n  lookaside: file:///far\n"
                           "docker:\n  h.io/a:\n    lookaside-staging: file:///s\n"
                           "    use-sigstore-attachments: true\n"
                           "  h.io: {sigstore: 'https://near/x/'}\n",
                           places));
  auto place = place_for(places, named("h.io/a/b:1"));
  CHECK(place.lookaside == "https://near/x");
  CHECK(place.use_attachments == true);
  CHECK(place_for(places, named("other/a/b:1")).lookaside == "file:///far");
  CHECK_FALSE(add_signature_places("docker: {h.io: {lookaside: 'file:///b'}}", places));
}

TEST_CASE("YAML becomes texts, lists and objects") {
  auto json = parse_yaml("a: 1\nb: [x, 'y']\nc: ~\nd:\n  e: \"~\"\n");
  REQUIRE(json);
  CHECK(base::dump(json.value()) == R"({"a":"1","b":["x","y"],"c":null,"d":{"e":"~"}})");
  CHECK(parse_yaml("").value().is_null());
}

TEST_CASE("YAML that is ambiguous, endless or two is refused") {
  for (const char* text : {"a: 1\na: 2", "a: &x 1\nb: *x", "--- 1\n--- 2", "{", "[1]: 2", "\tx"})
    CHECK_FALSE(parse_yaml(text));
  std::string deep(100, '[');
  CHECK_FALSE(parse_yaml(deep + std::string(100, ']')));
}
