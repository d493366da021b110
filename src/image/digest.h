// Digests of content: parsed, computed while bytes stream by, and verified together with the size.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace image {

enum class Algorithm { Sha256, Sha512 };

// "sha256:…", always well formed: only parse_digest and Hasher make one that is not empty.
struct Digest {
  Algorithm algorithm = Algorithm::Sha256;
  std::string hex{};  // lower case, 64 or 128 characters

  std::string text() const;
  // The first twelve hexadecimal characters, for tables and progress.
  std::string brief() const { return hex.substr(0, 12); }
  friend bool operator==(const Digest&, const Digest&) = default;
};

// "sha256" or "sha512": also the name of the folder below blobs/.
std::string_view algorithm_word(Algorithm algorithm);

// Refuses (Kind::Config) every other algorithm, every other length, and upper-case digits.
// spec: descriptor.md#registered-algorithms
// cve: 2024-3727 (a digest as a path that leaves the store)
base::Result<Digest> parse_digest(std::string_view text);

// Computes a digest over a stream.
class Hasher {
 public:
  explicit Hasher(Algorithm algorithm);
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  ~Hasher();
  void add(std::string_view bytes);
  // The digest of all that was added. Call once. Fails only where the library lacks the algorithm.
  base::Result<Digest> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

base::Result<Digest> digest_of(std::string_view bytes, Algorithm algorithm = Algorithm::Sha256);

// Where bytes go that arrive piece by piece: a file of the store, a decompressor, a hash.
class Sink {
 public:
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  virtual ~Sink() = default;
  // Takes all bytes or fails; after a failure nothing more is written.
  virtual base::Status write(std::string_view bytes) = 0;
};

// The two checks of promised content: that more bytes still fit, and that size and digest are
// right. Kind::Config names both. spec: descriptor.md#properties
base::Status check_fits(std::uint64_t seen, std::size_t more, std::uint64_t size);
base::Status check_promise(const Digest& promised, std::uint64_t size, const Digest& found,
                           std::uint64_t seen);

// Lets only the promised content pass: hands bytes on while they fit the promised size, and says at
// the end whether size and digest are those promised.
class Verifier : public Sink {
 public:
  // `next` outlives the verifier; it may be nullptr to verify only.
  Verifier(Digest promised, std::uint64_t size, Sink* next);
  base::Status write(std::string_view bytes) override;
  // Kind::Config names the promised and the found digest, or both sizes.
  base::Status finish();
  std::uint64_t seen() const { return seen_; }

 private:
  Digest promised_;
  std::uint64_t size_;
  std::uint64_t seen_ = 0;
  Hasher hasher_;
  Sink* next_;
};

}  // namespace image
