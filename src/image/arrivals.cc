#include "image/arrivals.h"

#include <fcntl.h>

#include <algorithm>
#include <span>
#include <vector>

#include "base/text.h"
#include "sys/file.h"

namespace image {

using base::Result;
using base::Status;

Status Arrivals::begin(const Digest& digest, base::FdRef file, std::uint64_t have) {
  // A descriptor of our own: the writer closes its file when it is done.
  auto reading =
      TRY(sys::openat(base::FdRef::cwd(), base::cat("/proc/self/fd/", file.raw()), O_RDONLY));
  std::lock_guard hold(mutex_);
  auto& blob = coming_[digest.text()];
  blob.file = std::make_shared<base::Fd>(std::move(reading));
  blob.have = have;
  changed_.notify_all();
  return {};
}

void Arrivals::advance(const Digest& digest, std::uint64_t more) {
  std::lock_guard hold(mutex_);
  coming_[digest.text()].have += more;
  changed_.notify_all();
}

void Arrivals::arrived(const Digest& digest) {
  std::lock_guard hold(mutex_);
  coming_[digest.text()].arrived = true;
  changed_.notify_all();
}

void Arrivals::close() {
  std::lock_guard hold(mutex_);
  closed_ = true;
  changed_.notify_all();
}

bool Arrivals::wait_for(const Digest& digest) {
  std::unique_lock hold(mutex_);
  auto& blob = coming_[digest.text()];
  changed_.wait(hold, [&] { return blob.arrived || closed_; });
  return blob.arrived;
}

Result<Arrivals::Blob> Arrivals::wait_beyond(const Digest& digest, std::uint64_t known) {
  std::unique_lock hold(mutex_);
  auto& blob = coming_[digest.text()];
  changed_.wait(hold, [&] { return blob.arrived || closed_ || blob.have > known; });
  if (!blob.arrived && closed_) return base::state_error("stopped");
  return blob;
}

Status Arrivals::feed(std::size_t layer, Sink& to) {
  constexpr std::size_t kReadAtOnce = 256U << 10;
  const auto& digest = manifest_.layers[layer].digest;
  std::vector<char> buffer(kReadAtOnce);
  std::uint64_t at = 0;
  for (;;) {
    auto blob = TRY(wait_beyond(digest, at));
    if (!blob.file) return StoredLayers(blobs_, manifest_, progress_).feed(layer, to);
    while (at < blob.have) {
      auto most = std::min<std::uint64_t>(buffer.size(), blob.have - at);
      auto n = TRY(sys::pread(*blob.file, std::span(buffer).first(most), at));
      if (n == 0) return base::state_error("what arrived was taken away again");
      TRY(to.write({buffer.data(), n}));
      at += n;
      if (progress_) progress_(n);
    }
    if (blob.arrived) return {};
  }
}

}  // namespace image
