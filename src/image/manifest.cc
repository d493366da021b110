#include "image/manifest.h"

#include <algorithm>

#include "image/media.h"

namespace image {
namespace {

constexpr std::size_t kMostLayers = 1000;
constexpr std::size_t kMostManifests = 10000;

base::Result<std::vector<Descriptor>> descriptors(const base::Place& place, std::size_t most) {
  auto items = TRY(place.items());
  if (items.size() > most)
    return base::config_error(place.path(), ": must have at most ", most, " entries, has ",
                              items.size());
  std::vector<Descriptor> out;
  out.reserve(items.size());
  for (const auto& item : items) out.push_back(TRY(read_descriptor(item)));
  return out;
}

// What manifests and indexes have in common.
base::Status check_document(const base::Place& document, DocumentKind kind) {
  auto place = TRY(document.find("schemaVersion"));
  std::int64_t version = 0;
  if (place) version = TRY(place->int64());
  if (version == 1 || document.json().find("fsLayers"))
    return base::unsupported(
        "Docker image manifests of schema 1 are not supported: push the image again with a newer "
        "tool");
  if (!place) return base::config_error("schemaVersion: is required, and is missing");
  if (version != 2) return place->error("must be 2");
  // cve: 2021-41190: two readers must not see two images in one document.
  auto manifests = TRY(document.find("manifests"));
  for (std::string_view name : {"layers", "config"}) {
    auto member = TRY(document.find(name));
    if (manifests && member)
      return base::config_error(R"(is a manifest and an index at once (it has "manifests" and )",
                                base::quote(name), ")");
  }
  auto type = TRY(document.opt_string("mediaType"));
  if (type && !type->empty()) {
    auto own = TRY(document_kind(*type));
    if (own != kind)
      return base::config_error(
          "mediaType: the document says ", base::quote(*type), " and is served as ",
          kind == DocumentKind::Index ? "an image index" : "an image manifest");
  }
  return {};
}

base::Result<Manifest> manifest_from(const base::Json& json) {
  base::Place document(json);
  TRY(check_document(document, DocumentKind::Manifest));
  Manifest out;
  out.media_type = TRY(document.string_or("mediaType", ""));
  out.artifact_type = TRY(document.string_or("artifactType", ""));
  auto config = TRY(document.at("config"));
  out.config = TRY(read_descriptor(config));
  auto layers = TRY(document.at("layers"));
  out.layers = TRY(descriptors(layers, kMostLayers));
  out.annotations = TRY(document.opt_string_map("annotations"));
  return out;
}

base::Result<Index> index_from(const base::Json& json) {
  base::Place document(json);
  TRY(check_document(document, DocumentKind::Index));
  Index out;
  out.media_type = TRY(document.string_or("mediaType", ""));
  auto manifests = TRY(document.at("manifests"));
  out.manifests = TRY(descriptors(manifests, kMostManifests));
  out.annotations = TRY(document.opt_string_map("annotations"));
  return out;
}

bool is_generic(std::string_view media_type) {
  return media_type.empty() || media_type.starts_with("application/json") ||
         media_type.starts_with("application/octet-stream") || media_type.starts_with("text/plain");
}

base::Json descriptor_list(const std::vector<Descriptor>& list) {
  auto out = base::Json::array();
  for (const auto& item : list) out.push(write_descriptor(item));
  return out;
}

}  // namespace

base::Result<Document> read_document(std::string_view bytes, std::string_view media_type) {
  auto json = TRY(base::parse_json(bytes));
  base::Place document(json);
  auto type = std::string(media_type);
  if (is_generic(type)) type = TRY(document.string_or("mediaType", ""));
  // A document that names no type at all shows what it is by its members.
  if (type.empty()) type = json.find("manifests") ? kOciIndex : kOciManifest;
  auto kind = TRY(document_kind(type));
  if (kind == DocumentKind::Index) {
    auto index = TRY(index_from(json));
    return Document(std::move(index));
  }
  auto manifest = TRY(manifest_from(json));
  return Document(std::move(manifest));
}

base::Result<Manifest> read_manifest(std::string_view bytes) {
  auto json = TRY(base::parse_json(bytes));
  return manifest_from(json);
}

base::Result<Index> read_index(std::string_view bytes) {
  auto json = TRY(base::parse_json(bytes));
  return index_from(json);
}

base::Json write_manifest(const Manifest& manifest) {
  auto out = base::Json::object();
  out.set("schemaVersion", 2);
  out.set_some("mediaType", manifest.media_type);
  out.set_some("artifactType", manifest.artifact_type);
  out.set("config", write_descriptor(manifest.config));
  out.set("layers", descriptor_list(manifest.layers));
  out.set_some("annotations", manifest.annotations);
  return out;
}

base::Json write_index(const Index& index) {
  auto out = base::Json::object();
  out.set("schemaVersion", 2);
  out.set_some("mediaType", index.media_type);
  out.set("manifests", descriptor_list(index.manifests));
  out.set_some("annotations", index.annotations);
  return out;
}

base::Result<Descriptor> choose(const Index& index, const Platform& wanted) {
  const Descriptor* best = nullptr;
  const Descriptor* unmarked = nullptr;
  int best_distance = -1;
  std::vector<std::string> offers;
  for (const auto& entry : index.manifests) {
    if (!document_kind(entry.media_type)) continue;
    if (!entry.platform || entry.platform->os.empty()) {
      if (!unmarked) unmarked = &entry;
      continue;
    }
    auto text = entry.platform->text();
    if (std::find(offers.begin(), offers.end(), text) == offers.end()) offers.push_back(text);
    int here = distance(wanted, *entry.platform);
    if (here >= 0 && (!best || here < best_distance)) {
      best = &entry;
      best_distance = here;
    }
  }
  if (!best) best = unmarked;
  if (best) return *best;
  if (offers.empty()) return base::config_error("the index lists no image manifest");
  return base::config_error("no image for platform ", wanted.text(),
                            "; on offer: ", base::join(offers, ", "));
}

}  // namespace image
