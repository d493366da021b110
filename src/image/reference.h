// Names of images as Docker writes them: [REGISTRY/]REPOSITORY[:TAG][@DIGEST].
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "image/digest.h"

namespace image {

// Always complete: either a tag or a digest, never both (the digest wins, the tag is dropped).
struct Reference {
  std::string registry{};    // "docker.io", "localhost:5000", "[::1]:5000"; lower case
  std::string repository{};  // "library/alpine"
  std::string tag{};         // "latest"; empty where there is a digest
  std::optional<Digest> digest{};

  // "docker.io/library/alpine", "localhost:5000/a/b"
  std::string name() const { return registry + "/" + repository; }
  // "docker.io/library/alpine:latest", "localhost:5000/a@sha256:…": the name in the store's index.
  std::string text() const;
  // What the registry calls the manifest: the digest, else the tag.
  std::string manifest() const { return digest ? digest->text() : tag; }
  friend bool operator==(const Reference&, const Reference&) = default;
};

// "alpine" is docker.io/library/alpine:latest; the first part is a registry when it holds a dot or
// a colon, or is "localhost". Anything outside the grammar is Kind::Usage. spec: distribution
// spec.md#pulling-manifests (repository and tag)
base::Result<Reference> parse_reference(std::string_view text);

// Whether the name says its registry: Docker's rule, as above.
bool has_registry(std::string_view text);

}  // namespace image
