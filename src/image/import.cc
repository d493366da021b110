#include "image/import.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <optional>

#include "base/json.h"
#include "image/archive.h"
#include "image/compression.h"
#include "image/image_config.h"
#include "image/import_archive.h"
#include "image/import_layout.h"
#include "image/instruction.h"
#include "image/layer.h"
#include "image/layer_write.h"
#include "image/media.h"
#include "image/stream.h"
#include "image/tar_write.h"
#include "sys/file.h"

namespace image {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

constexpr std::string_view kPath =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Sees to it that every entry could be unpacked.
class RootEntries : public EntrySink {
 public:
  Status begin(const Entry& entry) override {
    (void)TRY(layer_operation(entry));
    return {};
  }
  Status content(std::uint64_t, std::string_view) override { return {}; }
  Status end() override { return {}; }
};

Result<WrittenLayer> layer_from_folder(const Blobs& blobs, FdRef folder, bool compress) {
  return write_layer(blobs, compress, [&](TarWriter& tar) { return write_tree(folder, tar); });
}

Result<Compression> compression_of(FdRef file) {
  std::array<char, 4> first{};
  auto n = TRY(sys::pread(file, first, 0));
  return detect({first.data(), n});
}

// A compressed archive becomes the layer as it is; a plain one is compressed if that is wanted.
Result<WrittenLayer> layer_from_tar(const Blobs& blobs, FdRef file, const ImportOptions& options) {
  auto present = TRY(compression_of(file));
  bool gzip_it = options.compress && present == Compression::None;
  auto blob = TRY(blobs.start());
  GzipCompressor gzip(blob.get());
  RootEntries entries;
  ArchiveReader archive(&entries);
  HashSink hash;
  Both plain(&hash, &archive);
  Decompressor decompressor(&plain, options.growth);
  Both all(&decompressor, gzip_it ? static_cast<Sink*>(&gzip) : blob.get());
  TRY(feed(file, all));
  TRY(decompressor.finish());
  TRY(archive.finish());
  if (gzip_it) TRY(gzip.finish());
  auto diff_id = TRY(hash.finish());
  auto media_type = present == Compression::Zstd              ? kOciLayerZstd
                    : present == Compression::Gzip || gzip_it ? kOciLayerGzip
                                                              : kOciLayer;
  return commit_layer(*blob, media_type, std::move(diff_id));
}

// An image of this one layer.
Result<Descriptor> image_of(const Blobs& blobs, const WrittenLayer& layer,
                            const ImportOptions& options) {
  ImageConfig config{
      .created = options.created, .platform = options.platform, .diff_ids = {layer.diff_id}};
  config.config.env = {std::string(kPath)};
  config.config.cmd = options.command;
  if (config.config.cmd.empty()) config.config.cmd = {"/bin/sh"};
  config.history = {History{
      .created = options.created, .created_by = options.created_by, .comment = options.message}};
  auto document = write_image_config(config);
  for (const auto& text : options.instructions) TRY(apply_instruction(text, document));
  Manifest manifest{.media_type = std::string(kOciManifest)};
  manifest.config = TRY(blobs.put(base::dump(document), kOciConfig));
  manifest.layers = {layer.descriptor};
  auto out = TRY(blobs.put(base::dump(write_manifest(manifest)), kOciManifest));
  out.platform = options.platform;
  return out;
}

Result<Descriptor> import_any(const Store& store, const std::string& source,
                              const std::string& layout_name, const ImportOptions& options) {
  auto opened = TRY(sys::openat(FdRef::cwd(), source, O_RDONLY | O_NONBLOCK));
  auto st = TRY(sys::fstat(opened));
  std::optional<Platform> which;
  if (!options.all_platforms) which = options.platform;
  if (S_ISREG(st.st_mode)) {
    auto look = TRY(sys::openat(FdRef::cwd(), source, O_RDONLY | O_NONBLOCK));
    bool packed = TRY(holds_packed_image(look, options.growth));
    auto accept = [&](const std::string& transport) {
      return check_import_trust(options.trust, transport, opened, layout_name);
    };
    if (packed) return copy_from_archive(store, opened, layout_name, which, accept, options.growth);
    TRY(accept("tarball"));
    auto layer = TRY(layer_from_tar(store.blobs(), opened, options));
    return image_of(store.blobs(), layer, options);
  }
  if (!S_ISDIR(st.st_mode)) return base::usage_error("is neither a folder nor a file");
  auto marker = sys::fstatat(opened, "oci-layout", AT_SYMLINK_NOFOLLOW);
  if (!marker && marker.error().code() != ENOENT) return std::move(marker).error();
  TRY(check_import_trust(options.trust, marker ? "oci" : "tarball", opened, layout_name));
  if (marker) return copy_from_layout(store, opened, layout_name, which);
  auto layer = TRY(layer_from_folder(store.blobs(), opened, options.compress));
  return image_of(store.blobs(), layer, options);
}

}  // namespace

Result<Descriptor> import_source(const Store& store, const std::string& source,
                                 const std::string& layout_name, const Reference& name,
                                 const ImportOptions& options) {
  auto descriptor = TRY(import_any(store, source, layout_name, options));
  TRY(store.name(name, descriptor));
  return descriptor;
}

}  // namespace image
