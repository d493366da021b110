#include "image/commit.h"

#include "base/json.h"
#include "image/instruction.h"
#include "image/layer_write.h"
#include "image/media.h"

namespace image {
namespace {

using base::Json;
using base::Result;
using base::Status;

void push_to(Json& object, std::string_view name, Json item) {
  auto present = object.find(name);
  auto list = present && present->array_items() ? *present : Json::array();
  list.push(std::move(item));
  object.set(name, std::move(list));
}

// The configuration is edited as a document: members that we do not know belong to somebody.
Result<Json> changed_config(std::string_view bytes, const Digest& diff_id,
                            const CommitOptions& options) {
  auto config = TRY(base::parse_json(bytes), "configuration");
  for (const auto& text : options.instructions) TRY(apply_instruction(text, config));
  config.set("created", options.created);
  config.set_some("author", options.author);
  auto present = config.find("rootfs");
  auto rootfs = present && present->members() ? *present : Json::object();
  push_to(rootfs, "diff_ids", diff_id.text());
  config.set("rootfs", std::move(rootfs));
  auto line = Json::object();
  line.set("created", options.created);
  line.set_some("author", options.author);
  line.set("created_by", options.created_by);
  line.set_some("comment", options.message);
  push_to(config, "history", std::move(line));
  return config;
}

// The layer of an image in Docker's words goes by Docker's name.
std::string layer_type(const Manifest& manifest, bool compress) {
  if (manifest.media_type != kDockerManifest)
    return std::string(compress ? kOciLayerGzip : kOciLayer);
  return std::string(compress ? kDockerLayerGzip : kDockerLayer);
}

}  // namespace

Result<Descriptor> commit_bundle(const Store& store, const OverlayBundle& bundle,
                                 const Reference& name, const CommitOptions& options) {
  const auto& blobs = store.blobs();
  auto reference = TRY(parse_reference(bundle.record().image));
  auto base = TRY(store.image(reference, bundle.record().manifest));
  auto bytes = TRY(blobs.read(base.manifest.config, kLargestDocument), "configuration");
  auto attributes = TRY(overlay_attributes());
  auto upper = TRY(bundle.upper());
  auto layer = TRY(write_layer(blobs, options.compress, [&](TarWriter& tar) {
    return write_changes(upper, attributes, tar);
  }));
  auto config = TRY(changed_config(bytes, layer.diff_id, options));
  auto manifest = base.manifest;
  layer.descriptor.media_type = layer_type(manifest, options.compress);
  manifest.layers.push_back(layer.descriptor);
  manifest.config = TRY(blobs.put(base::dump(config), manifest.config.media_type));
  auto type = manifest.media_type.empty() ? std::string(kOciManifest) : manifest.media_type;
  auto out = TRY(blobs.put(base::dump(write_manifest(manifest)), type));
  out.platform = base.descriptor.platform;
  TRY(store.name(name, out));
  return out;
}

}  // namespace image
