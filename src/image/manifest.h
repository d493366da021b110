// Image manifests and image indexes, OCI's and Docker's, as values.
#pragma once
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "image/descriptor.h"

namespace image {

// spec: manifest.md#image-manifest-property-descriptions
struct Manifest {
  std::string media_type{};  // empty where the document does not say
  std::string artifact_type{};
  Descriptor config{};
  std::vector<Descriptor> layers{};
  Annotations annotations{};
};

// spec: image-index.md#image-index-property-descriptions
struct Index {
  std::string media_type{};
  std::vector<Descriptor> manifests{};
  Annotations annotations{};
};

using Document = std::variant<Manifest, Index>;

// What came from a registry or stands in the store, read as the media type says: `media_type` is
// that of the descriptor or of the Content-Type header (empty or generic: the document's own word
// counts). Refused: a type that the document's mediaType contradicts, schema 1, and a document that
// can be read as a manifest and as an index. cve: 2021-41190
base::Result<Document> read_document(std::string_view bytes, std::string_view media_type);
base::Result<Manifest> read_manifest(std::string_view bytes);
base::Result<Index> read_index(std::string_view bytes);

base::Json write_manifest(const Manifest& manifest);
base::Json write_index(const Index& index);

// The entry that serves this platform best (the first of equals); an entry without a platform is
// taken where none with one serves. Entries that are neither manifest nor index are passed over.
// Kind::Config lists what is on offer.
base::Result<Descriptor> choose(const Index& index, const Platform& wanted);

}  // namespace image
