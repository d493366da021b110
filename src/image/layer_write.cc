#include "image/layer_write.h"

#include "image/compression.h"
#include "image/media.h"

namespace image {

base::Result<WrittenLayer> commit_layer(BlobWriter& blob, std::string_view media_type,
                                        Digest diff_id) {
  WrittenLayer out;
  out.descriptor.media_type = media_type;
  out.descriptor.size = blob.size();
  out.descriptor.digest = TRY(blob.commit());
  out.diff_id = std::move(diff_id);
  return out;
}

base::Result<WrittenLayer> write_layer(const Blobs& blobs, bool compress,
                                       const std::function<base::Status(TarWriter&)>& write) {
  auto blob = TRY(blobs.start());
  GzipCompressor gzip(blob.get());
  HashSink hash;
  Both both(&hash, compress ? static_cast<Sink*>(&gzip) : blob.get());
  TarWriter tar(&both);
  TRY(write(tar));
  if (compress) TRY(gzip.finish());
  auto diff_id = TRY(hash.finish());
  return commit_layer(*blob, compress ? kOciLayerGzip : kOciLayer, std::move(diff_id));
}

}  // namespace image
