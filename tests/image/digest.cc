#include "image/digest.h"
#include "image/text.h"

#include <doctest/doctest.h>

using namespace image;

namespace {
// The digests of "" and "abc" that FIPS 180-2 gives.
constexpr std::string_view kEmpty =
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr std::string_view kAbc =
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr std::string_view kAbc512 =
    "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";

}  // namespace

TEST_CASE("a digest that is read is written the same") {
  for (auto text : {kEmpty, kAbc, kAbc512}) {
    auto digest = parse_digest(text);
    REQUIRE(digest);
    CHECK(digest.value().text() == text);
  }
  CHECK(parse_digest(kAbc).value().brief() == "ba7816bf8f01");
}

TEST_CASE(
    "what is no sha256 or sha512 in lower-case hexadecimal digits of the exact length is refused") {
  std::string hex(64, 'a');
  const std::vector<std::string> wrong{
      "",
      "sha256",
      "sha256:",
      hex,
      ":" + hex,
      "sha256:" + hex.substr(1),
      "sha256:" + hex + "a",
      "sha256:" + std::string(64, 'A'),
      "sha512:" + hex,
      "md5:" + std::string(32, 'a'),
      "SHA256:" + hex,
      " sha256:" + hex,
      "sha256:" + hex + "\n",
      "sha256:" + hex.substr(1) + std::string(1, '\0'),
      "sha256+b64:" + hex,
      "sha256:../../../../../../../../../../../../../../../../../../../etc/passwd",
      "sha256:" + hex.substr(3) + "/.."};
  for (const auto& text : wrong) {
    CAPTURE(text);
    auto digest = parse_digest(text);
    REQUIRE(!digest);
    CHECK(digest.error().kind() == base::Kind::Config);
    CHECK(digest.error().text().find('\n') == std::string::npos);
  }
}

TEST_CASE("a digest is the same whatever pieces the bytes come in") {
  Hasher hasher(Algorithm::Sha256);
  hasher.add("a");
  hasher.add("");
  hasher.add("bc");
  CHECK(hasher.finish().value().text() == kAbc);
  CHECK(digest_of("abc").value().text() == kAbc);
  CHECK(digest_of("abc", Algorithm::Sha512).value().text() == kAbc512);
  CHECK(digest_of("").value().text() == kEmpty);
}

TEST_CASE("promised content passes a verifier unchanged") {
  Text collect;
  Verifier verifier(parse_digest(kAbc).value(), 3, &collect);
  REQUIRE(verifier.write("ab"));
  REQUIRE(verifier.write("c"));
  CHECK(verifier.finish());
  CHECK(collect.text == "abc");
}

TEST_CASE("a verifier cuts off what is longer than promised, before it goes on") {
  Text collect;
  Verifier verifier(parse_digest(kAbc).value(), 3, &collect);
  REQUIRE(verifier.write("ab"));
  auto status = verifier.write("cd");
  REQUIRE(!status);
  CHECK(status.error().text() == "is longer than the 3 bytes that its descriptor promises");
  CHECK(collect.text == "ab");
}

TEST_CASE("a verifier names both sizes, and both digests") {
  Verifier few(parse_digest(kAbc).value(), 3, nullptr);
  REQUIRE(few.write("ab"));
  CHECK(few.finish().error().text() == "has 2 bytes, its descriptor promises 3");
  Verifier other(parse_digest(kAbc).value(), 3, nullptr);
  REQUIRE(other.write("abd"));
  auto text = other.finish().error().text();
  CHECK(text.find(kAbc) != std::string::npos);
  CHECK(text.find(digest_of("abd").value().text()) != std::string::npos);
}
