// The content-addressed half of the store: blobs/ALGORITHM/HEX, written so that a kill leaves
// nothing half.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "image/descriptor.h"
#include "image/digest.h"

namespace image {

// A blob on its way into the store: a file in ingest/ that becomes a blob by commit(). Otherwise it
// vanishes; but one of resume() stays for the next who resumes it. It borrows the store's
// descriptors: it must not outlive its Blobs.
class BlobWriter : public Sink {
 public:
  BlobWriter(base::FdRef ingest, base::FdRef blobs, std::string name, base::Fd file,
             std::optional<Descriptor> promised, bool stays);
  ~BlobWriter() override;
  // Refuses, where size and digest are promised, whatever goes beyond the size. What the disk does
  // not take does not stay.
  base::Status write(std::string_view bytes) override;
  // Checks what was promised, then fsync, then the name that the content's digest gives. What
  // breaks the promise does not stay.
  base::Result<Digest> commit();
  // Drops all that was written, to begin anew.
  base::Status restart();
  // So much is in the file; may be asked, and read there, while another thread writes.
  std::uint64_t size() const { return size_.load(); }
  base::FdRef file() const { return file_; }
  // After commit: whether the store did not have this content before.
  bool is_new() const { return new_; }

 private:
  friend class Blobs;
  // Hashes what the file holds already.
  base::Status take_over();

  base::FdRef ingest_;
  base::FdRef blobs_;
  std::string name_;
  base::Fd file_;
  std::optional<Descriptor> promised_;
  Hasher hasher_;
  std::atomic<std::uint64_t> size_{0};
  bool stays_;
  bool new_ = false;
};

// Every function may be called from several threads at once.
class Blobs {
 public:
  // Opens (and makes, where missing) blobs/ and ingest/ below the layout's folder. Removes what
  // killed bundlers left in ingest/ and nobody can resume, unless another bundler is at work there.
  static base::Result<Blobs> open(base::FdRef layout);

  // Whether the content is there, with this size.
  base::Result<bool> has(const Descriptor& descriptor) const;
  // The blob, for reading from its start. The size is checked, the digest not: whoever streams it
  // through a Verifier, or checks the diff_id, checks that too. Kind::Config when it is missing.
  base::Result<base::Fd> open_blob(const Descriptor& descriptor) const;
  // The whole blob, verified; more than `most` bytes is an error.
  base::Result<std::string> read(const Descriptor& descriptor, std::uint64_t most) const;

  // A new blob, of promised content or of whatever comes.
  base::Result<std::unique_ptr<BlobWriter>> start(
      std::optional<Descriptor> promised = std::nullopt) const;
  // A blob that may have arrived in part before, in this process or another: size() says how much
  // of it is here. Where somebody else is at it, this is another one from its start: nobody waits.
  base::Result<std::unique_ptr<BlobWriter>> resume(const Descriptor& promised) const;
  // Removes what was begun and nobody is at; gives its bytes. Call while hold_alone().
  base::Result<std::uint64_t> remove_parts() const;
  // All that there are, in no order.
  base::Result<std::vector<Digest>> list() const;
  // The bytes that it had.
  base::Result<std::uint64_t> remove(const Digest& digest) const;
  // Waits until no other bundler works in the store, and keeps them waiting until release().
  base::Status hold_alone() const;
  // The same without waiting: false when another one works there.
  base::Result<bool> try_hold_alone() const;
  void release() const;

  // A document as a blob: gives its descriptor.
  base::Result<Descriptor> put(std::string_view bytes, std::string_view media_type) const;

 private:
  base::Fd blobs_{};
  base::Fd ingest_{};
  base::Fd lock_{};  // shared, as long as we may write to ingest/
};

}  // namespace image
