#include "image/unpack.h"

#include <fcntl.h>

#include "image/bundle.h"
#include "image/layer_sink.h"
#include "image/media.h"
#include "sys/file.h"
#include "sys/identity.h"

namespace image {
namespace {

using base::FdRef;
using base::Result;
using base::Status;

constexpr unsigned kFolderMode = 0755;

// One after the other, since each may change what the ones below it have made.
Status unpack_layers(const Manifest& manifest, const ImageConfig& config, LayerBytes& bytes,
                     FdRef root, const ExtractOptions& options, ExtractTotals* totals) {
  for (std::size_t i = 0; i < manifest.layers.size(); ++i) {
    const auto& layer = manifest.layers[i];
    (void)TRY(layer_media(layer.media_type), "layer ", i + 1);
    auto onto = i == 0 ? Onto::Nothing : Onto::Layers;
    LayerSink sink(layer, config.diff_ids[i], root, onto, options, totals);
    TRY(bytes.feed(i, sink), "layer ", i + 1, " (", layer.digest.brief(), ")");
    TRY(sink.finish(), "layer ", i + 1, " (", layer.digest.brief(), ")");
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> unpack_image(const Manifest& manifest, const ImageConfig& config,
                                              LayerBytes& bytes, const std::string& bundle,
                                              const ConvertOptions& convert_options,
                                              const ExtractOptions& options) {
  TRY(check_layers(manifest, config));
  NoUmask no_umask;
  auto unfinished = TRY(Unfinished::start(bundle));
  TRY(sys::mkdirat(unfinished->folder(), "rootfs", kFolderMode));
  auto root = TRY(sys::openat(unfinished->folder(), "rootfs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  auto here = options;
  here.rootless |= convert_options.rootless.has_value() || sys::geteuid() != 0;
  ExtractTotals totals;
  TRY(unpack_layers(manifest, config, bytes, root, here, &totals));
  auto workdir = TRY(write_bundle_config(unfinished->folder(), root, config, convert_options));
  TRY(make_working_folder(root, workdir));
  TRY(unfinished->keep(), "bundle ", base::quote(bundle));
  return totals.notes();
}

}  // namespace image
