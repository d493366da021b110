// Blobs that are read while they arrive: between the threads that download and those that unpack.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "image/digest.h"
#include "image/layer_bytes.h"
#include "image/manifest.h"

namespace image {

class Arrivals : public LayerBytes {
 public:
  // Both outlive it.
  Arrivals(const Blobs& blobs, const Manifest& manifest, LayerProgress progress = {})
      : blobs_(blobs), manifest_(manifest), progress_(std::move(progress)) {}

  // For who downloads. The file, as it grows, is that of this descriptor, and has so many bytes.
  base::Status begin(const Digest& digest, base::FdRef file, std::uint64_t have);
  void advance(const Digest& digest, std::uint64_t more);
  // The blob is in the store, verified.
  void arrived(const Digest& digest);
  // What has not arrived never will.
  void close();

  // For who reads. Waits for a blob that is to be read as a whole; false when it will not come.
  bool wait_for(const Digest& digest);
  // Waits for the layer's bytes. They are verified only when the last one has come: then a wrong
  // layer is an error. Kind::State when they will not come.
  base::Status feed(std::size_t layer, Sink& to) override;

 private:
  struct Blob {
    std::shared_ptr<base::Fd> file{};  // unset: not begun, or it was in the store before
    std::uint64_t have = 0;
    bool arrived = false;
  };
  // What can be read at present, beyond so many bytes. Kind::State when nothing will come.
  base::Result<Blob> wait_beyond(const Digest& digest, std::uint64_t known);

  const Blobs& blobs_;
  const Manifest& manifest_;
  LayerProgress progress_;
  std::mutex mutex_{};
  std::condition_variable changed_{};
  std::map<std::string, Blob> coming_{};
  bool closed_ = false;
};

}  // namespace image
