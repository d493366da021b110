#include "image/export.h"

#include <doctest/doctest.h>

#include <map>

#include "image/archive.h"
#include "image/import.h"
#include "image/media.h"
#include "image/small_image.h"
#include "image/tar_write.h"
#include "image/text.h"

using namespace image;

namespace {

// Files of an archive by their names.
class Files : public EntrySink {
 public:
  base::Status begin(const Entry& entry) override {
    path_ = entry.path;
    if (entry.type == EntryType::File) files[path_];
    return {};
  }
  base::Status content(std::uint64_t, std::string_view bytes) override {
    files[path_] += bytes;
    return {};
  }
  base::Status end() override { return {}; }
  std::map<std::string, std::string> files{};

 private:
  std::string path_{};
};

std::map<std::string, std::string> files_of(const std::string& archive) {
  Files out;
  ArchiveReader reader(&out);
  REQUIRE(reader.write(archive));
  REQUIRE(reader.finish());
  return out.files;
}

base::Status export_to_layout(const Store& store, const Image& image, const std::string& folder) {
  return image::export_to_layout(store, image.reference, image.descriptor, folder);
}
base::Status export_oci_archive(const Store& store, const Image& image, Sink& to) {
  return image::export_oci_archive(store, image.reference, image.descriptor, to);
}

Image named_image(const Store& store, std::string_view name, std::string_view word) {
  auto descriptor = put_image(store, word);
  REQUIRE(store.name(reference(name), descriptor));
  return store.image(reference(name)).value();
}

}  // namespace

TEST_CASE("what is exported to a layout is imported from it, under any name") {
  TempFolder temp;
  auto store = Store::open((temp.path / "store").string()).value();
  auto layout = (temp.path / "layout").string();
  REQUIRE(export_to_layout(store, named_image(store, "one:v1", "first"), layout));
  REQUIRE(export_to_layout(store, named_image(store, "two:v2", "second"), layout));
  auto other = Store::open((temp.path / "other").string()).value();
  auto imported = import_source(other, layout, "v2", reference("again"), {});
  REQUIRE_MESSAGE(imported, imported.error().text());
  CHECK(imported.value().digest == store.image(reference("two:v2")).value().descriptor.digest);
}

TEST_CASE("an image that is exported again replaces itself") {
  TempFolder temp;
  auto store = Store::open((temp.path / "store").string()).value();
  auto layout = (temp.path / "layout").string();
  for (auto word : {"old", "new"})
    REQUIRE(export_to_layout(store, named_image(store, "one:v1", word), layout));
  auto exported = read_index(temp.read("layout/index.json")).value();
  REQUIRE(exported.manifests.size() == 1);
  CHECK(exported.manifests[0].annotation(kRefName) == "v1");
}

TEST_CASE("an OCI archive is a layout in a tar") {
  TempFolder temp;
  auto store = Store::open(temp.path.string()).value();
  auto image = named_image(store, "one:v1", "layer");
  Text out;
  REQUIRE(export_oci_archive(store, image, out));
  auto files = files_of(out.text);
  CHECK(files["oci-layout"] == "{\"imageLayoutVersion\":\"1.0.0\"}\n");
  auto index = read_index(files["index.json"]).value();
  REQUIRE(index.manifests.size() == 1);
  CHECK(index.manifests[0].digest == image.descriptor.digest);
  CHECK(files["blobs/sha256/" + image.manifest.layers[0].digest.hex] == "layer");
  CHECK(files.size() == 2 + 3);
}

TEST_CASE("a docker archive has plain layers and names them") {
  TempFolder temp;
  auto store = Store::open(temp.path.string()).value();
  auto image = named_image(store, "one:v1", "layer");
  Text out;
  REQUIRE(export_docker_archive(store, image, out));
  auto files = files_of(out.text);
  auto layer = image.config.diff_ids[0].hex + ".tar";
  CHECK(files[layer] == "layer");
  CHECK(files["manifest.json"] ==
        "[{\"Config\":\"" + image.manifest.config.digest.hex +
            ".json\",\"RepoTags\":[\"docker.io/library/one:v1\"],\"Layers\":[\"" + layer +
            "\"]}]\n");
}

TEST_CASE("a damaged blob is not exported") {
  TempFolder temp;
  auto store = Store::open((temp.path / "store").string()).value();
  auto image = named_image(store, "one:v1", "layer");
  temp.write("store/blobs/sha256/" + image.manifest.layers[0].digest.hex, "LAYER");
  auto status = export_to_layout(store, image, (temp.path / "layout").string());
  REQUIRE(!status);
  CHECK(status.error().text().find("sha256:") != std::string::npos);
  Text out;
  CHECK(!export_docker_archive(store, image, out));
}

namespace {

// Imports an archive with these bytes into a store of its own; gives the image, or the error.
struct Imported {
  std::optional<Image> image{};
  std::string error{};
  std::size_t blobs = 0;
};

Imported import_bytes(const TempFolder& temp, std::string_view bytes,
                      const std::string& name = "") {
  temp.write("archive", bytes);
  auto store = Store::open((temp.path / "other").string()).value();
  auto done = import_source(store, (temp.path / "archive").string(), name, reference("again"), {});
  Imported out;
  if (done)
    out.image = store.image(reference("again")).value();
  else
    out.error = done.error().text();
  out.blobs = store.blobs().list().value().size();
  return out;
}

// An archive of these files.
std::string archive(const std::vector<std::pair<std::string, std::string>>& files) {
  Text out;
  TarWriter tar(&out);
  for (const auto& [path, text] : files) {
    Entry entry;
    entry.path = path;
    entry.mode = 0644;
    entry.size = text.size();
    REQUIRE(tar.add(entry));
    REQUIRE(tar.content(text));
  }
  REQUIRE(tar.finish());
  return out.text;
}

}  // namespace

TEST_CASE("an OCI archive is imported as the very image that it was") {
  TempFolder temp;
  auto store = Store::open((temp.path / "store").string()).value();
  auto image = named_image(store, "one:v1", "layer");
  Text out;
  REQUIRE(export_oci_archive(store, image, out));
  auto got = import_bytes(temp, out.text);
  REQUIRE_MESSAGE(got.image, got.error);
  CHECK(got.image->descriptor.digest == image.descriptor.digest);
}

TEST_CASE("a docker archive is imported with its configuration and plain layers") {
  TempFolder temp;
  auto store = Store::open((temp.path / "store").string()).value();
  auto image = named_image(store, "one:v1", "layer");
  Text out;
  REQUIRE(export_docker_archive(store, image, out));
  for (auto name : {"", "one:v1", "docker.io/library/one:v1"}) {
    auto got = import_bytes(temp, out.text, name);
    REQUIRE_MESSAGE(got.image, got.error);
    CHECK(got.image->manifest.config.digest == image.manifest.config.digest);
    CHECK(got.image->manifest.layers[0].media_type == kOciLayer);
  }
  CHECK(import_bytes(temp, out.text, "two").error.find("docker.io/library/one:v1") !=
        std::string::npos);
}

TEST_CASE("a layer of a docker archive that is not what the configuration names is refused") {
  TempFolder temp;
  auto store = Store::open((temp.path / "store").string()).value();
  auto image = named_image(store, "one:v1", "layer");
  auto config = base::dump(write_image_config(image.config));
  auto bad = archive({{"c.json", config},
                      {"l.tar", "LAYER"},
                      {"manifest.json", R"([{"Config":"c.json","Layers":["l.tar"]}])"}});
  CHECK(import_bytes(temp, bad).error.find("is not the") != std::string::npos);
  auto missing = archive(
      {{"c.json", config}, {"manifest.json", R"([{"Config":"c.json","Layers":["l.tar"]}])"}});
  CHECK(import_bytes(temp, missing).error.find("no file \"l.tar\"") != std::string::npos);
  auto fewer =
      archive({{"c.json", config}, {"manifest.json", R"([{"Config":"c.json","Layers":[]}])"}});
  CHECK(import_bytes(temp, fewer).error.find("0 layers") != std::string::npos);
}

TEST_CASE("a blob of an archive that is not what its name says is refused") {
  TempFolder temp;
  auto name = "blobs/sha256/" + std::string(64, '0');
  auto bad = archive({{"oci-layout", R"({"imageLayoutVersion":"1.0.0"})"}, {name, "anything"}});
  auto got = import_bytes(temp, bad);
  CHECK(!got.image);
  CHECK(got.error.find("sha256:0000") != std::string::npos);
  CHECK(got.blobs == 0);
}

TEST_CASE("names that leave the archive name nothing of the host") {
  TempFolder temp;
  auto bad = archive({{"manifest.json", R"([{"Config":"../../../../etc/passwd","Layers":[]}])"}});
  CHECK(import_bytes(temp, bad).error.find("the archive has no file") != std::string::npos);
}
