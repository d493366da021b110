#include "image/import.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "image/blobs.h"
#include "image/compression.h"
#include "image/tar_bytes.h"
#include "image/tar_write.h"
#include "image/text.h"
#include "image/unpack.h"

using namespace image;
using test::Sandbox;
using test::Tar;

namespace {

std::string gzip(std::string_view plain) {
  Text out;
  GzipCompressor compressor(&out);
  REQUIRE(compressor.write(plain));
  REQUIRE(compressor.finish());
  return out.text;
}

std::string tree_as_tar(const test::files::path& folder) {
  Text out;
  TarWriter writer(&out);
  base::Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  auto written = write_tree(fd, writer);
  if (!written) FAIL(written.error().text());
  return out.text;
}

struct Imported {
  std::string error{};
  std::optional<Image> image{};
};

Imported import(const Store& store, const std::string& source, const std::string& layout_name = {},
                ImportOptions options = {}) {
  auto name = parse_reference("localhost/test:v1").value();
  auto result = import_source(store, source, layout_name, name, options);
  if (!result) return {result.error().text(), {}};
  auto image = store.image(name);
  if (!image) FAIL(image.error().text());
  return {"", std::move(image).value()};
}

std::string unpack(const Store& store, const Image& image, const std::string& bundle,
                   const ExtractOptions& options = {}, const ConvertOptions& convert = {},
                   const LayerProgress& progress = {}) {
  StoredLayers layers(store.blobs(), image.manifest, progress);
  auto done = unpack_image(image.manifest, image.config, layers, bundle, convert, options);
  return done ? "" : done.error().text();
}

std::size_t count(const test::files::path& folder) {
  std::size_t n = 0;
  for (const auto& entry : test::files::directory_iterator(folder)) n += !entry.path().empty();
  return n;
}

// A folder with a little of everything that an ordinary user can make.
void fill(const Sandbox& box) {
  box.write("tree/bin/sh", "#!");
  ::chmod((box.path / "tree/bin/sh").c_str(), 0755);
  box.write("tree/etc/passwd", "app:x:0:0::/app:/bin/sh\n");
  box.write(std::string("tree/") + std::string(120, 'l') + "/" + std::string(120, 'n'), "long");
  box.write("tree/empty", "");
  test::files::create_symlink("bin/sh", box.path / "tree/link");
  test::files::create_symlink(std::string(200, 't'), box.path / "tree/long-link");
  test::files::create_hard_link(box.path / "tree/bin/sh", box.path / "tree/bin/sh2");
  ::mkfifo((box.path / "tree/fifo").c_str(), 0600);
  ::chmod((box.path / "tree/etc").c_str(), 0711);
}

}  // namespace

TEST_CASE("a folder gives the same archive each time, and comes back as it was") {
  Sandbox box;
  fill(box);
  CHECK(tree_as_tar(box.path / "tree") == tree_as_tar(box.path / "tree"));
  auto store = Store::open(box.path / "store").value();
  for (bool compress : {true, false}) {
    auto imported = import(store, box.path / "tree", {},
                           {.compress = compress, .command = {"/bin/sh", "-c", "x"}});
    REQUIRE(imported.error == "");
    CHECK(imported.image->manifest.layers[0].media_type == (compress ? kOciLayerGzip : kOciLayer));
    CHECK(imported.image->config.config.cmd.size() == 3);
    auto bundle = compress ? "one" : "two";
    REQUIRE(unpack(store, *imported.image, box.path / bundle) == "");
    auto at = std::string(bundle) + "/rootfs/";
    CHECK(box.read(at + "bin/sh") == "#!");
    CHECK(box.stat_of(at + "bin/sh2").st_ino == box.stat_of(at + "bin/sh").st_ino);
    CHECK(box.stat_of(at + "bin/sh").st_mtime == box.stat_of("tree/bin/sh").st_mtime);
    CHECK(box.stat_of(at + "bin").st_mtime == box.stat_of("tree/bin").st_mtime);
    CHECK((box.stat_of(at + "etc").st_mode & 07777) == (::geteuid() == 0 ? 0711U : 0711U));
    CHECK(box.read(at + std::string(120, 'l') + "/" + std::string(120, 'n')) == "long");
    CHECK(test::files::read_symlink(box.path / bundle / "rootfs/long-link") ==
          std::string(200, 't'));
    CHECK(S_ISFIFO(box.stat_of(at + "fifo").st_mode));
    CHECK(tree_as_tar(box.path / bundle / "rootfs") == tree_as_tar(box.path / "tree"));
    CHECK(box.read(std::string(bundle) + "/config.json").find("\"/bin/sh\"") != std::string::npos);
  }
}

TEST_CASE("a folder that holds whiteouts cannot be a layer") {
  Sandbox box;
  box.write("tree/.wh.x", "");
  auto store = Store::open(box.path / "store").value();
  CHECK(import(store, box.path / "tree").error.find(".wh.") != std::string::npos);
}

TEST_CASE("a tar becomes the layer, compressed as it came or by us") {
  Sandbox box;
  auto tar = Tar().folder("./").folder("./etc/").file("./etc/x", "y").bytes();
  box.write("plain.tar", tar);
  box.write("packed.tar.gz", gzip(tar));
  auto store = Store::open(box.path / "store").value();
  auto plain = import(store, box.path / "plain.tar");
  REQUIRE(plain.error == "");
  auto packed = import(store, box.path / "packed.tar.gz");
  REQUIRE(packed.error == "");
  CHECK(plain.image->config.diff_ids == packed.image->config.diff_ids);
  CHECK(packed.image->manifest.layers[0].digest == digest_of(gzip(tar)).value());
  auto as_is = import(store, box.path / "plain.tar", {}, {.compress = false});
  CHECK(as_is.image->manifest.layers[0].digest == digest_of(tar).value());
  CHECK(unpack(store, *packed.image, box.path / "bundle") == "");
  CHECK(box.read("bundle/rootfs/etc/x") == "y");
}

TEST_CASE("what is no root file system is refused, and nothing is named or left") {
  Sandbox box;
  auto store = Store::open(box.path / "store").value();
  auto good = Tar().file("etc/x", "y").bytes();
  box.write("cut.tar", good.substr(0, 700));
  box.write("cut.tgz", gzip(good).substr(0, 40));
  box.write("text", std::string(3000, 'x'));
  box.write("evil.tar", Tar().file("../x").bytes());
  box.write("saved.tar", Tar().file("manifest.json", "[]").file("abc/layer.tar").bytes());
  for (const auto* name : {"cut.tar", "cut.tgz", "text", "evil.tar", "saved.tar", "absent"})
    CHECK(!import(store, box.path / name).error.empty());
  CHECK(import(store, "/dev/null").error.find("neither") != std::string::npos);
  CHECK(store.index().value().manifests.empty());
  CHECK(count(box.path / "store/blobs/sha256") == 0);
}

TEST_CASE("an image of another layout is copied, each blob verified") {
  Sandbox box;
  box.write("a.tar", Tar().file("etc/x", "y").bytes());
  auto other = Store::open(box.path / "other").value();
  REQUIRE(import(other, box.path / "a.tar").error == "");
  auto store = Store::open(box.path / "store").value();
  auto imported = import(store, box.path / "other");
  REQUIRE(imported.error == "");
  CHECK(unpack(store, *imported.image, box.path / "bundle") == "");
  CHECK(import(store, box.path / "other", "v1").error == "");
  CHECK(import(store, box.path / "other", "v2").error.find("no image") != std::string::npos);

  auto digest = imported.image->manifest.layers[0].digest;
  auto blob = box.path / "other/blobs/sha256" / digest.hex;
  auto fresh = Store::open(box.path / "fresh").value();
  { std::fstream(blob, std::ios::in | std::ios::out) << "damage"; }
  CHECK(import(fresh, box.path / "other").error != "");
  test::files::remove(blob);
  CHECK(import(fresh, box.path / "other").error != "");
  CHECK(fresh.index().value().manifests.empty());
}

TEST_CASE("a bundle appears whole or not at all") {
  Sandbox box;
  auto store = Store::open(box.path / "store").value();
  box.write("a.tar", Tar().file("etc/x", "y").bytes());
  auto image = *import(store, box.path / "a.tar").image;
  auto there = count(box.path);
  box.write("taken/file", "mine");
  CHECK(unpack(store, image, box.path / "taken").find("not empty") != std::string::npos);
  box.write("file", "mine");
  CHECK(unpack(store, image, box.path / "file").find("no folder") != std::string::npos);
  CHECK(unpack(store, image, box.path / "no/parent") != "");
  CHECK(unpack(store, image, box.path / "..") != "");
  CHECK(unpack(store, image, box.path / "b", {}, {.user = "nobody-here"}).find("nobody-here") !=
        std::string::npos);
  CHECK(unpack(store, image, box.path / "b", {.limits = {.entries = 1}}) == "");
  test::files::remove_all(box.path / "b");
  CHECK(unpack(store, image, box.path / "b", {.limits = {.bytes = 0}}) == "");
  test::files::remove_all(box.path / "b");

  auto wrong = image;
  wrong.config.diff_ids[0] = digest_of("other").value();
  CHECK(unpack(store, wrong, box.path / "b").find("promises") != std::string::npos);
  wrong.config.diff_ids.clear();
  CHECK(unpack(store, wrong, box.path / "b") != "");
  CHECK(count(box.path) == there + 2);  // taken, file

  test::files::create_directory(box.path / "empty");
  CHECK(unpack(store, image, std::string(box.path / "empty") + "/") == "");
  CHECK(box.read("empty/rootfs/etc/x") == "y");
  CHECK((box.stat_of("empty").st_mode & 0777) == 0700);
  CHECK(box.exists("empty/config.json"));
}

TEST_CASE("what a killed bundler left is cleared away, what one at work makes is not") {
  Sandbox box;
  auto store = Store::open(box.path / "store").value();
  box.write("a.tar", Tar().file("etc/x", "y").bytes());
  auto image = *import(store, box.path / "a.tar").image;
  box.write(".b.unpacking/rootfs/half", "x");
  CHECK(unpack(store, image, box.path / "b") == "");
  CHECK(!box.exists("b/rootfs/half"));
  CHECK(!box.exists(".b.unpacking"));
}

TEST_CASE("a layer's damage is told as such, though its content fails first") {
  Sandbox box;
  auto store = Store::open(box.path / "store").value();
  box.write("a.tar", Tar().file("etc/x", std::string(100'000, 'y')).bytes());
  auto image = *import(store, box.path / "a.tar").image;
  auto blob = box.path / "store/blobs/sha256" / image.manifest.layers[0].digest.hex;
  { std::fstream(blob, std::ios::in | std::ios::out).seekp(20) << "damage"; }
  auto error = unpack(store, image, box.path / "b");
  CHECK(error.find("sha256:") != std::string::npos);
  CHECK(!box.exists("b"));
}

TEST_CASE("attack: a layer that grows out of proportion") {
  Sandbox box;
  auto store = Store::open(box.path / "store").value();
  box.write("a.tar", Tar().file("etc/x", std::string(3 << 20, '\0')).bytes());
  auto image = *import(store, box.path / "a.tar").image;
  ExtractOptions options{.limits = {.ratio = 100, .ratio_from = 1 << 20}};
  CHECK(unpack(store, image, box.path / "b", options).find("100 times") != std::string::npos);
  CHECK(!box.exists("b"));
  CHECK(unpack(store, image, box.path / "b") == "");
}

TEST_CASE("attack: a tar or a packed image that grows out of proportion is not imported") {
  Sandbox box;
  auto store = Store::open(box.path / "store").value();
  std::string zeros(3 << 20, '\0');
  box.write("root.tar.gz", gzip(Tar().file("etc/x", zeros).bytes()));
  box.write("packed.tar.gz", gzip(Tar().file("index.json", "{}").file("x.tar", zeros).bytes()));
  for (auto name : {"root.tar.gz", "packed.tar.gz"}) {
    auto refused = import(store, box.path / name, "", {.growth = {.ratio = 100, .from = 1 << 20}});
    CHECK(refused.error.find("grows more than 100 times") != std::string::npos);
    CHECK(count(box.path / "store/blobs/sha256") == 0);
    CHECK(count(box.path / "store/ingest") == 1);  // the lock
  }
  CHECK(import(store, box.path / "root.tar.gz").error == "");
}

TEST_CASE("the working folder is made, and progress ends at the layers' size") {
  Sandbox box;
  auto store = Store::open(box.path / "store").value();
  box.write("a.tar", Tar().file("etc/x", "y").bytes());
  auto image = *import(store, box.path / "a.tar").image;
  std::uint64_t done = 0;
  auto count = [&](std::uint64_t more) { done += more; };
  CHECK(unpack(store, image, box.path / "b", {}, {.workdir = "/made/here"}, count) == "");
  CHECK(box.stat_of("b/rootfs/made/here").st_mode == (S_IFDIR | 0755));
  CHECK(done == image.manifest.layers[0].size);
}
