// Any text as a manifest, an index or a configuration: no crash, and what is taken is lawful.
#include <cstdint>
#include <cstdlib>

#include "base/json.h"
#include "image/image_config.h"
#include "image/manifest.h"
#include "image/media.h"

namespace {
// Digests are paths in the store.
void check(const image::Descriptor& descriptor) {
  auto again = image::parse_digest(descriptor.digest.text());
  if (!again || again.value() != descriptor.digest) std::abort();
}

void check(const image::Manifest& manifest) {
  check(manifest.config);
  for (const auto& layer : manifest.layers) check(layer);
  if (!image::read_manifest(base::dump(image::write_manifest(manifest)))) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (auto type : {image::kOciManifest, image::kOciIndex, std::string_view()})
    (void)image::read_document(bytes, type);
  if (auto manifest = image::read_manifest(bytes)) check(manifest.value());
  if (auto index = image::read_index(bytes)) {
    for (const auto& descriptor : index.value().manifests) check(descriptor);
    (void)image::choose(index.value(), image::host_platform());
  }
  if (auto config = image::read_image_config(bytes))
    if (!image::read_image_config(base::dump(image::write_image_config(config.value()))))
      std::abort();
  return 0;
}
