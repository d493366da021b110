#include "image/digest.h"

#include <openssl/evp.h>

#include <array>

#include "base/named.h"

namespace image {
namespace {

constexpr std::array<base::Named<Algorithm>, 2> kAlgorithms{{
    {"sha256", Algorithm::Sha256},
    {"sha512", Algorithm::Sha512},
}};

constexpr std::size_t hex_length(Algorithm algorithm) {
  return algorithm == Algorithm::Sha256 ? 64 : 128;
}

}  // namespace

std::string_view algorithm_word(Algorithm algorithm) {
  return base::word_of(kAlgorithms, algorithm);
}

std::string Digest::text() const { return base::cat(algorithm_word(algorithm), ":", hex); }

base::Result<Digest> parse_digest(std::string_view text) {
  auto colon = text.find(':');
  if (colon == std::string_view::npos)
    return base::config_error("digest ", base::quote(text), ": must be ALGORITHM:HEX");
  auto algorithm = base::value_of(kAlgorithms, text.substr(0, colon));
  if (!algorithm)
    return base::config_error("digest ", base::quote(text),
                              ": the algorithm must be sha256 or sha512");
  auto hex = text.substr(colon + 1);
  if (hex.size() != hex_length(*algorithm) ||
      hex.find_first_not_of("0123456789abcdef") != std::string_view::npos)
    return base::config_error("digest ", base::quote(text), ": must be ", hex_length(*algorithm),
                              " lower-case hexadecimal digits after the colon");
  return Digest{*algorithm, std::string(hex)};
}

struct Hasher::State {
  struct Free {
    void operator()(EVP_MD_CTX* one) const { EVP_MD_CTX_free(one); }
  };
  Algorithm algorithm = Algorithm::Sha256;
  std::unique_ptr<EVP_MD_CTX, Free> context;
  bool good = false;
};

Hasher::Hasher(Algorithm algorithm) : state_(std::make_unique<State>()) {
  state_->algorithm = algorithm;
  state_->context.reset(EVP_MD_CTX_new());
  const EVP_MD* kind = algorithm == Algorithm::Sha256 ? EVP_sha256() : EVP_sha512();
  state_->good = state_->context && EVP_DigestInit_ex(state_->context.get(), kind, nullptr) == 1;
}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

void Hasher::add(std::string_view bytes) {
  state_->good =
      state_->good && EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1;
}

base::Result<Digest> Hasher::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
  unsigned length = 0;
  if (!state_->good || EVP_DigestFinal_ex(state_->context.get(), raw.data(), &length) != 1)
    return base::unsupported("the cryptographic library cannot compute ",
                             algorithm_word(state_->algorithm));
  constexpr std::string_view kHex = "0123456789abcdef";
  Digest digest{state_->algorithm, {}};
  for (std::size_t i = 0; i < length; ++i) {
    digest.hex += kHex[raw[i] >> 4];
    digest.hex += kHex[raw[i] & 15];
  }
  return digest;
}

base::Result<Digest> digest_of(std::string_view bytes, Algorithm algorithm) {
  Hasher hasher(algorithm);
  hasher.add(bytes);
  return hasher.finish();
}

base::Status check_fits(std::uint64_t seen, std::size_t more, std::uint64_t size) {
  if (more > size - seen)
    return base::config_error("is longer than the ", size, " bytes that its descriptor promises");
  return {};
}

base::Status check_promise(const Digest& promised, std::uint64_t size, const Digest& found,
                           std::uint64_t seen) {
  if (seen != size)
    return base::config_error("has ", seen, " bytes, its descriptor promises ", size);
  if (found != promised)
    return base::config_error("content has the digest ", found.text(), ", wanted ",
                              promised.text());
  return {};
}

Verifier::Verifier(Digest promised, std::uint64_t size, Sink* next)
    : promised_(std::move(promised)), size_(size), hasher_(promised_.algorithm), next_(next) {}

base::Status Verifier::write(std::string_view bytes) {
  TRY(check_fits(seen_, bytes.size(), size_));
  seen_ += bytes.size();
  hasher_.add(bytes);
  return next_ ? next_->write(bytes) : base::Status();
}

base::Status Verifier::finish() {
  auto found = TRY(hasher_.finish());
  return check_promise(promised_, size_, found, seen_);
}

}  // namespace image
