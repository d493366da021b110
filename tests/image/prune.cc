#include "image/prune.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>

#include <filesystem>

#include "image/media.h"
#include "image/small_image.h"

using namespace image;

namespace {

std::size_t count(const Store& store) { return store.blobs().list().value().size(); }

}  // namespace

TEST_CASE("what a name leads to stays, what none leads to goes") {
  TempFolder temp;
  auto store = Store::open(temp.path.string()).value();
  auto kept = put_image(store, "kept");
  auto lost = put_image(store, "lost");
  REQUIRE(store.name(reference("kept"), kept));
  REQUIRE(store.name(reference("lost"), lost));
  REQUIRE(count(store) == 6);
  CHECK(prune(store).value().blobs.empty());
  CHECK(store.unname(reference("lost")).value());
  CHECK(!store.unname(reference("lost")).value());
  auto pruned = prune(store).value();
  CHECK(pruned.blobs.size() == 3);
  CHECK(pruned.bytes > 0);
  CHECK(store.image(reference("kept")));
  CHECK(count(store) == 3);
}

TEST_CASE("a blob that two images share stays with either") {
  TempFolder temp;
  auto store = Store::open(temp.path.string()).value();
  auto one = put_image(store, "shared");
  REQUIRE(store.name(reference("a"), one));
  REQUIRE(store.name(reference("b"), one));
  REQUIRE(store.unname(reference("a")).value());
  CHECK(prune(store).value().blobs.empty());
  CHECK(store.image(reference("b")));
}

TEST_CASE("an index keeps what it leads to, also where a part of it was never fetched") {
  TempFolder temp;
  auto store = Store::open(temp.path.string()).value();
  auto here = put_image(store, "here");
  auto elsewhere = here;
  elsewhere.digest = digest_of("elsewhere", Algorithm::Sha256).value();
  Index index{.media_type = std::string(kOciIndex), .manifests = {here, elsewhere}};
  auto whole = store.blobs().put(base::dump(write_index(index)), kOciIndex).value();
  REQUIRE(store.name(reference("all"), whole));
  CHECK(prune(store).value().blobs.empty());
  CHECK(count(store) == 4);
}

TEST_CASE("a document that cannot be read stops it before anything is removed") {
  TempFolder temp;
  auto store = Store::open(temp.path.string()).value();
  auto broken = store.blobs().put("no json", kOciManifest).value();
  REQUIRE(store.name(reference("broken"), broken));
  REQUIRE(store.blobs().put("unreachable", kOciLayer));
  CHECK(!prune(store));
  CHECK(count(store) == 2);
}

TEST_CASE("nothing is removed while another bundler works in the store") {
  TempFolder temp;
  auto store = Store::open(temp.path.string()).value();
  REQUIRE(store.blobs().put("just fetched", kOciLayer));
  {
    auto other = Store::open(temp.path.string()).value();
    CHECK(!try_prune(store).value());
    CHECK(count(store) == 1);
  }
  CHECK(try_prune(store).value()->blobs.size() == 1);
}
