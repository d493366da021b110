#include "image/prune.h"

#include <set>
#include <string>

#include "image/manifest.h"
#include "image/media.h"
#include "image/overlay_bundle.h"

namespace image {
namespace {

constexpr int kDeepestIndex = 16;

// Walks from the names down to the blobs.
class Reached {
 public:
  explicit Reached(const Blobs& blobs) : blobs_(blobs) {}

  base::Status walk(const Descriptor& descriptor, int depth = 0) {
    if (!seen_.insert(descriptor.digest.text()).second) return {};
    // An artifact, or something of another kind: it leads nowhere.
    if (!document_kind(descriptor.media_type)) return {};
    // Of an index only one platform may have been fetched.
    bool there = TRY(blobs_.has(descriptor));
    if (!there) return {};
    if (depth > kDeepestIndex)
      return base::config_error("more than ", kDeepestIndex, " indexes inside each other");
    auto bytes = TRY(blobs_.read(descriptor, kLargestDocument));
    auto document = TRY(read_document(bytes, descriptor.media_type));
    if (auto manifest = std::get_if<Manifest>(&document)) {
      seen_.insert(manifest->config.digest.text());
      configs_.push_back(manifest->config);
      for (const auto& layer : manifest->layers) seen_.insert(layer.digest.text());
      return {};
    }
    for (const auto& entry : std::get_if<Index>(&document)->manifests) TRY(walk(entry, depth + 1));
    return {};
  }

  // The configurations of the images that were reached.
  const std::vector<Descriptor>& configs() const { return configs_; }
  bool has(const Digest& digest) const { return seen_.contains(digest.text()); }

 private:
  const Blobs& blobs_;
  std::set<std::string> seen_{};
  std::vector<Descriptor> configs_{};
};

// The folders of unpacked layers that images and bundles still need.
base::Result<std::set<std::string>> needed_layers(const Store& store, const Reached& reached,
                                                  const std::vector<BundleRecord>& bundles) {
  std::set<std::string> out;
  for (const auto& bundle : bundles) out.insert(bundle.layers.begin(), bundle.layers.end());
  for (const auto& descriptor : reached.configs()) {
    bool there = TRY(store.blobs().has(descriptor));
    if (!there || !is_image_config(descriptor.media_type)) continue;
    auto bytes = TRY(store.blobs().read(descriptor, kLargestDocument));
    auto config = TRY(read_image_config(bytes), "config ", descriptor.digest.text());
    for (auto kind : {LayerKind::Root, LayerKind::User, LayerKind::SingleId})
      for (auto& keys : layer_keys(config.diff_ids, kind)) {
        out.insert(std::move(keys.alone));
        out.insert(std::move(keys.chain));
      }
  }
  return out;
}

base::Result<std::vector<std::string>> prune_layers(const Store& store, const Reached& reached,
                                                    const std::vector<BundleRecord>& bundles) {
  auto layers = TRY(Layers::open(store.folder()));
  auto needed = TRY(needed_layers(store, reached, bundles));
  std::vector<std::string> out;
  for (auto& name : TRY(layers.list())) {
    if (needed.contains(name)) continue;
    TRY(layers.remove(name), "layer ", name);
    out.push_back(std::move(name));
  }
  TRY(layers.sweep());
  return out;
}

// While no other bundler is at work.
base::Result<Pruned> prune_alone(const Store& store) {
  Reached reached(store.blobs());
  auto index = TRY(store.index());
  for (const auto& entry : index.manifests)
    TRY(reached.walk(entry), "manifest ", entry.digest.text());
  // What a bundle was made of stays, for it may be committed.
  auto bundles = TRY(bundles_of(store));
  for (const auto& bundle : bundles) TRY(reached.walk(bundle.manifest), bundle.image);
  Pruned out;
  out.layers = TRY(prune_layers(store, reached, bundles));
  for (auto& digest : TRY(store.blobs().list())) {
    if (reached.has(digest)) continue;
    out.bytes += TRY(store.blobs().remove(digest));
    out.blobs.push_back(std::move(digest));
  }
  return out;
}

}  // namespace

base::Result<Pruned> prune(const Store& store) {
  TRY(store.blobs().hold_alone());
  auto out = prune_alone(store);
  auto parts = out ? store.blobs().remove_parts() : base::Result<std::uint64_t>(0);
  store.blobs().release();
  if (out) out.value().bytes += TRY(std::move(parts), "clean ingest/");
  return out;
}

base::Result<std::optional<Pruned>> try_prune(const Store& store) {
  bool alone = TRY(store.blobs().try_hold_alone());
  if (!alone) return std::optional<Pruned>();
  auto out = prune_alone(store);
  store.blobs().release();
  return std::optional<Pruned>(TRY(std::move(out)));
}

}  // namespace image
