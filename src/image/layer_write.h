// A tar archive that becomes a layer of the store while it is written.
#pragma once
#include <functional>
#include <string_view>

#include "base/result.h"
#include "image/blobs.h"
#include "image/descriptor.h"
#include "image/digest.h"
#include "image/stream.h"
#include "image/tar_write.h"

namespace image {

struct WrittenLayer {
  Descriptor descriptor{};
  Digest diff_id{};
};

// The blob's descriptor once it is whole.
base::Result<WrittenLayer> commit_layer(BlobWriter& blob, std::string_view media_type,
                                        Digest diff_id);

// What `write` gives to the archive, its end blocks included, as a layer: gzip, or plain.
base::Result<WrittenLayer> write_layer(const Blobs& blobs, bool compress,
                                       const std::function<base::Status(TarWriter&)>& write);

}  // namespace image
