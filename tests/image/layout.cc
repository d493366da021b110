#include "image/layout.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <thread>

#include "image/media.h"
#include "image/prune.h"
#include "image/small_image.h"
#include "sys/file.h"

using namespace image;

TEST_CASE("a new store is an OCI image layout") {
  TempFolder temp;
  auto store = Store::open((temp.path / "a" / "store").string());
  REQUIRE(store);
  CHECK(temp.read("a/store/oci-layout") == "{\"imageLayoutVersion\":\"1.0.0\"}\n");
  CHECK(store.value().index().value().manifests.empty());
  CHECK(files::is_directory(temp.path / "a/store/blobs/sha256"));
}

TEST_CASE("a layout of another version is refused, and stays as it is") {
  TempFolder temp;
  temp.write("oci-layout", R"({"imageLayoutVersion":"2.0.0"})");
  auto store = Store::open(temp.path.string());
  REQUIRE(!store);
  CHECK(store.error().text().find("imageLayoutVersion") != std::string::npos);
  CHECK(!files::exists(temp.path / "index.json"));
}

TEST_CASE("a blob is there once it is committed, and only then") {
  TempFolder temp;
  auto store = Store::open(temp.path.string()).value();
  auto digest = digest_of("hello").value();
  Descriptor descriptor{.media_type = "a/b", .digest = digest, .size = 5};
  {
    auto writer = store.blobs().start(descriptor).value();
    REQUIRE(writer->write("hel"));
    REQUIRE(writer->write("lo"));
    CHECK(!store.blobs().has(descriptor).value());
    CHECK(temp.count("ingest") == 1);
    REQUIRE(writer->commit());
  }
  CHECK(store.blobs().has(descriptor).value());
  CHECK(temp.count("ingest") == 0);
  CHECK(store.blobs().read(descriptor, 5).value() == "hello");
  CHECK(temp.read("blobs/sha256/" + digest.hex) == "hello");
}

TEST_CASE("a blob that is given up, too long, too short or other than promised leaves nothing") {
  TempFolder temp;
  auto store = Store::open(temp.path.string()).value();
  Descriptor promised{.media_type = "a/b", .digest = digest_of("hello").value(), .size = 5};
  {
    auto writer = store.blobs().start(promised).value();
    REQUIRE(writer->write("hel"));
  }
  CHECK(temp.count("ingest") == 0);
  CHECK(!store.blobs().start(promised).value()->write("hello!"));
  for (std::string_view text : {"hell", "hallo"}) {
    auto writer = store.blobs().start(promised).value();
    REQUIRE(writer->write(text));
    CHECK(!writer->commit());
  }
  CHECK(temp.count("ingest") == 0);
  CHECK(temp.count("blobs/sha256") == 0);
}

TEST_CASE("a blob that is resumed goes on with what is there, in another process too") {
  TempFolder temp;
  auto store = Store::open(temp.path.string()).value();
  Descriptor promised{.media_type = "a/b", .digest = digest_of("hello").value(), .size = 5};
  REQUIRE(store.blobs().resume(promised).value()->write("hel"));
  CHECK(temp.count("ingest") == 1);
  // Opening the store tidies up, but not this.
  store = Store::open(temp.path.string()).value();
  auto writer = store.blobs().resume(promised).value();
  CHECK(writer->size() == 3);
  REQUIRE(writer->write("lo"));
  std::string seen(5, ' ');
  CHECK(sys::pread(writer->file(), seen, 0).value() == 5);
  CHECK(seen == "hello");
  REQUIRE(writer->commit());
  CHECK(temp.count("ingest") == 0);
  CHECK(store.blobs().read(promised, 5).value() == "hello");
}

TEST_CASE("of two who resume one blob the second begins a copy of its own") {
  TempFolder temp;
  auto store = Store::open(temp.path.string()).value();
  Descriptor promised{.media_type = "a/b", .digest = digest_of("hello").value(), .size = 5};
  auto first = store.blobs().resume(promised).value();
  REQUIRE(first->write("hel"));
  auto second = store.blobs().resume(promised).value();
  CHECK(second->size() == 0);
  REQUIRE(second->write("hello"));
  REQUIRE(second->commit());
  REQUIRE(first->write("lo"));
  REQUIRE(first->commit());
  CHECK(temp.count("ingest") == 0);
  CHECK(store.blobs().read(promised, 5).value() == "hello");
}

TEST_CASE("what is resumed and turns out wrong is dropped, and may be written anew") {
  TempFolder temp;
  auto store = Store::open(temp.path.string()).value();
  Descriptor promised{.media_type = "a/b", .digest = digest_of("hello").value(), .size = 5};
  REQUIRE(store.blobs().resume(promised).value()->write("hal"));
  {
    auto writer = store.blobs().resume(promised).value();
    REQUIRE(writer->write("lo"));
    CHECK(!writer->commit());
    REQUIRE(writer->restart());
    CHECK(writer->size() == 0);
    REQUIRE(writer->write("hello"));
    REQUIRE(writer->commit());
  }
  // Nothing that came is nothing to keep, nor is what is too long.
  CHECK(store.blobs().resume(promised).value()->size() == 0);
  CHECK(temp.count("ingest") == 0);
  temp.write("ingest/sha256-" + promised.digest.hex + ".part", "hello!");
  CHECK(store.blobs().resume(promised).value()->size() == 0);
  CHECK(temp.count("ingest") == 0);
}

TEST_CASE("parts that are left are removed by prune, and their bytes counted") {
  TempFolder temp;
  auto store = Store::open(temp.path.string()).value();
  Descriptor promised{.media_type = "a/b", .digest = digest_of("hello").value(), .size = 5};
  REQUIRE(store.blobs().resume(promised).value()->write("hel"));
  CHECK(try_prune(store).value()->bytes == 0);
  CHECK(temp.count("ingest") == 1);
  CHECK(prune(store).value().bytes == 3);
  CHECK(temp.count("ingest") == 0);
}

TEST_CASE("blobs of both algorithms are stored under their own names") {
  TempFolder temp;
  auto store = Store::open(temp.path.string()).value();
  Descriptor promised{
      .media_type = "a/b", .digest = digest_of("hello", Algorithm::Sha512).value(), .size = 5};
  auto writer = store.blobs().start(promised).value();
  REQUIRE(writer->write("hello"));
  REQUIRE(writer->commit());
  CHECK(temp.count("blobs/sha512") == 1);
  CHECK(store.blobs().read(promised, 5).value() == "hello");
}

TEST_CASE("a damaged blob is found out when it is read, and is not there by its size") {
  TempFolder temp;
  auto store = Store::open(temp.path.string()).value();
  auto descriptor = store.blobs().put("hello", "a/b").value();
  auto file = "blobs/sha256/" + descriptor.digest.hex;
  temp.write(file, "hallo");
  CHECK(store.blobs().read(descriptor, 100).error().text().find("wanted sha256:") !=
        std::string::npos);
  CHECK(store.blobs().read(descriptor, 4).error().text().find("at most 4") != std::string::npos);
  temp.write(file, "hell");
  CHECK(!store.blobs().has(descriptor).value());
  CHECK(!store.blobs().open_blob(descriptor));
  files::remove(temp.path / file);
  CHECK(store.blobs().open_blob(descriptor).error().text().find("missing") != std::string::npos);
  // Neither a link nor a fifo is a blob.
  files::create_symlink("/etc/passwd", temp.path / file);
  CHECK(!store.blobs().open_blob(descriptor));
  files::remove(temp.path / file);
  REQUIRE(::mkfifo((temp.path / file).c_str(), 0600) == 0);
  CHECK(!store.blobs().open_blob(descriptor));
}

TEST_CASE("what a killed bundler left is removed, unless another one is at work") {
  TempFolder temp;
  auto first = Store::open(temp.path.string());
  REQUIRE(first);
  temp.write("ingest/0.part", "half a blo");
  { REQUIRE(Store::open(temp.path.string())); }
  CHECK(temp.count("ingest") == 1);
  // New blobs get another name meanwhile.
  CHECK(first.value().blobs().put("hello", "a/b"));
  first = Store::open((temp.path / "other").string());
  REQUIRE(Store::open(temp.path.string()));
  CHECK(temp.count("ingest") == 0);
}

TEST_CASE("a name stands for the image that got it last") {
  TempFolder temp;
  auto store = Store::open(temp.path.string()).value();
  auto one = put_image(store, "one");
  auto two = put_image(store, "two");
  REQUIRE(store.name(reference("a"), one));
  REQUIRE(store.name(reference("b"), one));
  REQUIRE(store.name(reference("a"), two));
  CHECK(store.index().value().manifests.size() == 2);
  CHECK(store.find(reference("docker.io/library/a:latest")).value()->digest == two.digest);
  CHECK(store.find(reference("b")).value()->digest == one.digest);
  CHECK(!store.find(reference("c")).value());
  auto image = store.image(reference("a"));
  REQUIRE(image);
  CHECK(image.value().manifest.layers.size() == 1);
  CHECK(image.value().config.diff_ids.size() == 1);
  CHECK(store.image(reference("c")).error().kind() == base::Kind::State);
}

TEST_CASE("a digest finds what a tag of the same repository names") {
  TempFolder temp;
  auto store = Store::open(temp.path.string()).value();
  auto one = put_image(store, "one");
  REQUIRE(store.name(reference("a:1"), one));
  CHECK(store.find(reference("a@" + one.digest.text())).value());
  CHECK(!store.find(reference("b@" + one.digest.text())).value());
}

TEST_CASE("a name for a blob that is not there is refused") {
  TempFolder temp;
  auto store = Store::open(temp.path.string()).value();
  Descriptor absent{
      .media_type = std::string(kOciManifest), .digest = digest_of("x").value(), .size = 1};
  CHECK(!store.name(reference("a"), absent));
  CHECK(store.index().value().manifests.empty());
}

TEST_CASE("two bundlers that name images at once lose nothing") {
  TempFolder temp;
  constexpr int kEach = 8;
  auto work = [&](std::string_view who) {
    auto store = Store::open(temp.path.string()).value();
    for (int i = 0; i < kEach; ++i) {
      auto image = put_image(store, "same");
      CHECK(store.name(reference(base::cat(who, ":", i)), image));
    }
  };
  std::thread other([&] { work("x"); });
  work("y");
  other.join();
  CHECK(Store::open(temp.path.string()).value().index().value().manifests.size() == 2 * kEach);
  CHECK(temp.count("ingest") == 0);
}
