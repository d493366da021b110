#include "image/compression.h"
#include "image/text.h"

#include <doctest/doctest.h>
#include <zstd.h>

using namespace image;

namespace {

std::string gzip(std::string_view plain) {
  Text out;
  GzipCompressor compressor(&out);
  for (std::size_t at = 0; at < plain.size(); at += 1000)
    REQUIRE(compressor.write(plain.substr(at, 1000)));
  REQUIRE(compressor.finish());
  return out.text;
}

std::string zstd(std::string_view plain) {
  std::string out(ZSTD_compressBound(plain.size()), '\0');
  auto context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  auto n = ZSTD_compress2(context, out.data(), out.size(), plain.data(), plain.size());
  ZSTD_freeCCtx(context);
  REQUIRE(!ZSTD_isError(n));
  out.resize(n);
  return out;
}

// What comes out, or "error: …".
std::string plain(std::string_view bytes, std::size_t piece = 1 << 20) {
  Text out;
  Decompressor decompressor(&out);
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    auto written = decompressor.write(bytes.substr(at, piece));
    if (!written) return "error: " + written.error().text();
  }
  auto finished = decompressor.finish();
  return finished ? out.text : "error: " + finished.error().text();
}

std::string sample(std::size_t size) {
  std::string out;
  std::uint32_t n = 1;
  while (out.size() < size) {
    n = n * 1664525 + 1013904223;
    out += n % 5 == 0 ? std::string(20, 'a') : std::to_string(n);
  }
  out.resize(size);
  return out;
}

bool is_error(const std::string& text) { return text.starts_with("error: "); }

}  // namespace

TEST_CASE("what a content's magic says counts") {
  CHECK(detect(gzip("x")) == Compression::Gzip);
  CHECK(detect(zstd("x")) == Compression::Zstd);
  CHECK(detect("\x50\x2a\x4d\x18 skippable") == Compression::Zstd);
  CHECK(detect("usr/bin") == Compression::None);
  CHECK(detect("") == Compression::None);
}

TEST_CASE("gzip, zstd and plain content come out as they went in, in pieces of any size") {
  auto text = sample(700'000);
  for (const auto& packed : {gzip(text), zstd(text), text})
    for (std::size_t piece : {1U, 2U, 3U, 7U, 1000U, 1U << 20}) CHECK(plain(packed, piece) == text);
  CHECK(plain("") == "");
  CHECK(plain("ab") == "ab");
  CHECK(plain(gzip("")) == "");
  CHECK(plain(zstd("")) == "");
}

TEST_CASE("several members or frames in a row are one content") {
  for (std::size_t piece : {1U, 5U, 1U << 20}) {
    CHECK(plain(gzip("one ") + gzip("") + gzip("two"), piece) == "one two");
    CHECK(plain(zstd("one ") + std::string("\x50\x2a\x4d\x18\x03\0\0\0abc", 11) + zstd("two"),
                piece) == "one two");
    CHECK(plain(gzip("padded") + std::string(600, '\0'), piece) == "padded");
  }
}

TEST_CASE("content cut short anywhere is an error") {
  auto text = sample(3000);
  for (const auto& packed : {gzip(text), zstd(text)}) {
    for (std::size_t n = 4; n < packed.size(); ++n)
      if (!is_error(plain(std::string_view(packed).substr(0, n)))) FAIL("cut at ", n);
    CHECK(plain(packed) == text);
  }
  CHECK(is_error(plain(gzip("one") + gzip("two").substr(0, 6))));
}

TEST_CASE("damaged content is an error") {
  auto packed = gzip(sample(3000));
  auto checksum = packed;
  checksum[packed.size() - 6] = static_cast<char>(checksum[packed.size() - 6] ^ 1);
  CHECK(plain(checksum) == "error: gzip: wrong checksum");
  CHECK(is_error(plain(gzip("x") + "garbage")));
  CHECK(is_error(plain(gzip("x") + std::string(3, '\0') + "garbage")));
  auto frame = zstd(sample(3000));
  frame[frame.size() / 2] = static_cast<char>(frame[frame.size() / 2] ^ 0x55);
  CHECK(is_error(plain(frame)));
}

TEST_CASE("a bomb comes out in pieces of bounded size") {
  Text out;
  Decompressor decompressor(&out);
  REQUIRE(decompressor.write(gzip(std::string(20'000'000, '\0'))));
  REQUIRE(decompressor.finish());
  CHECK(out.text.size() == 20'000'000);
  CHECK(out.largest <= 256 << 10);
}
