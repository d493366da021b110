#include "image/import_layout.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/json.h"
#include "fs/files.h"
#include "fs/root.h"
#include "image/media.h"
#include "image/stream.h"
#include "sys/file.h"

namespace image {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

constexpr int kMostNesting = 4;  // of indexes

Status check_version(FdRef layout) {
  auto text = TRY(fs::read_file(layout, "oci-layout", kLargestDocument));
  auto json = TRY(base::parse_json(text), "oci-layout");
  auto version = TRY(base::Place(json).at("imageLayoutVersion"), "oci-layout");
  auto word = TRY(version.string(), "oci-layout");
  if (!word.starts_with("1."))
    return base::unsupported("oci-layout: version ", base::quote(word), " is not known");
  return {};
}

Result<Fd> open_blob(FdRef layout, const Descriptor& descriptor) {
  auto path =
      base::cat("blobs/", algorithm_word(descriptor.digest.algorithm), "/", descriptor.digest.hex);
  auto file = TRY(fs::open_in(layout, path, O_RDONLY | O_NONBLOCK));
  auto st = TRY(sys::fstat(file));
  if (!S_ISREG(st.st_mode)) return base::config_error(base::quote(path), " is no regular file");
  return file;
}

Result<std::string> read_blob(FdRef layout, const Descriptor& descriptor) {
  if (descriptor.size > kLargestDocument)
    return base::config_error("document ", descriptor.digest.text(), " has ", descriptor.size,
                              " bytes, at most ", kLargestDocument, " are read");
  auto file = TRY(open_blob(layout, descriptor));
  auto bytes = TRY(fs::read_all(file, kLargestDocument));
  Verifier verifier(descriptor.digest, descriptor.size, nullptr);
  TRY(verifier.write(bytes), "blob ", descriptor.digest.text());
  TRY(verifier.finish(), "blob ", descriptor.digest.text());
  return bytes;
}

Status copy_blob(const Blobs& blobs, FdRef layout, const Descriptor& descriptor) {
  if (TRY(blobs.has(descriptor))) return {};
  auto file = TRY(open_blob(layout, descriptor));
  auto writer = TRY(blobs.start(descriptor));
  TRY(feed(file, *writer));
  (void)TRY(writer->commit());
  return {};
}

// "a/b:v1" for the name "v1" too: layouts hold either.
bool is_called(const Descriptor& descriptor, const std::string& name) {
  auto known = descriptor.annotation(kRefName);
  return known == name || known.ends_with(":" + name);
}

std::string names_in(const Index& index) {
  std::string out;
  for (const auto& descriptor : index.manifests) {
    auto name = descriptor.annotation(kRefName);
    if (!name.empty()) out += base::cat(out.empty() ? "" : ", ", base::quote(name));
  }
  return out.empty() ? "none" : out;
}

// Several entries of one name, or without a name, may be the platforms of one image.
Result<Descriptor> entry_for(const Index& index, const std::string& name,
                             const Platform& platform) {
  Index candidates;
  for (const auto& descriptor : index.manifests)
    if (name.empty() || is_called(descriptor, name)) candidates.manifests.push_back(descriptor);
  if (candidates.manifests.empty())
    return base::usage_error("the layout has no image ", base::quote(name),
                             "; it has: ", names_in(index));
  if (candidates.manifests.size() == 1) return candidates.manifests[0];
  auto first = candidates.manifests[0].annotation(kRefName);
  bool one_name = std::all_of(candidates.manifests.begin(), candidates.manifests.end(),
                              [&](const auto& d) { return d.annotation(kRefName) == first; });
  if (!one_name)
    return base::usage_error("the layout has several images, say which: ", names_in(index));
  return choose(candidates, platform);
}

}  // namespace

Result<Descriptor> find_in_index(const Index& index, const std::string& name,
                                 const Platform& platform, const ReadDocument& read) {
  auto descriptor = TRY(entry_for(index, name, platform));
  for (int depth = 0; depth <= kMostNesting; ++depth) {
    auto bytes = TRY(read(descriptor));
    auto document = TRY(read_document(bytes, descriptor.media_type));
    if (std::holds_alternative<Manifest>(document)) return descriptor;
    descriptor = TRY(choose(*std::get_if<Index>(&document), platform));
  }
  return base::config_error("indexes are nested more than ", kMostNesting, " deep");
}

Result<Descriptor> copy_from_layout(const Store& store, FdRef layout, const std::string& name,
                                    const Platform& platform) {
  TRY(check_version(layout));
  auto text = TRY(fs::read_file(layout, "index.json", kLargestDocument));
  auto index = TRY(read_index(text), "index.json");
  auto read = [&](const Descriptor& blob) { return read_blob(layout, blob); };
  auto descriptor = TRY(find_in_index(index, name, platform, read));
  auto bytes = TRY(read_blob(layout, descriptor));
  auto manifest = TRY(read_manifest(bytes));
  auto config = TRY(read_blob(layout, manifest.config));
  auto image_config = TRY(read_image_config(config));
  TRY(check_layers(manifest, image_config));
  for (const auto& layer : manifest.layers) {
    (void)TRY(layer_media(layer.media_type));
    TRY(copy_blob(store.blobs(), layout, layer), "layer ", layer.digest.brief());
  }
  TRY(copy_blob(store.blobs(), layout, manifest.config));
  TRY(copy_blob(store.blobs(), layout, descriptor));
  return Descriptor{.media_type = descriptor.media_type,
                    .digest = descriptor.digest,
                    .size = descriptor.size,
                    .platform = image_config.platform};
}

}  // namespace image
