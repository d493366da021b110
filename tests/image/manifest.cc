#include "image/manifest.h"

#include <doctest/doctest.h>

#include "image/media.h"

using namespace image;

namespace {

const std::string kHex(64, 'a');

std::string descriptor(std::string_view type, std::string_view extra = "") {
  return base::cat(R"({"mediaType":")", type, R"(","digest":"sha256:)", kHex, R"(","size":7)",
                   extra, "}");
}

std::string manifest(std::string_view extra = "", std::string_view version = "2") {
  return base::cat(R"({"schemaVersion":)", version, R"(,"config":)", descriptor(kOciConfig),
                   R"(,"layers":[)", descriptor(kOciLayerGzip), "]", extra, "}");
}

std::string platform(std::string_view os, std::string_view architecture,
                     std::string_view variant = "") {
  auto text = base::cat(R"(,"platform":{"os":")", os, R"(","architecture":")", architecture, "\"");
  if (!variant.empty()) text += base::cat(R"(,"variant":")", variant, "\"");
  return text + "}";
}

// An index of manifests; the n-th has a size of n.
Index index_of(const std::vector<Platform>& platforms) {
  Index out;
  for (const auto& one : platforms)
    out.manifests.push_back({.media_type = std::string(kOciManifest),
                             .size = out.manifests.size() + 1,
                             .platform = one});
  return out;
}

std::string error_of(std::string_view bytes, std::string_view type) {
  auto document = read_document(bytes, type);
  return document ? "" : document.error().text();
}

}  // namespace

TEST_CASE("a manifest is read as it is written") {
  auto document = read_document(manifest(R"(,"annotations":{"k":"v"})"), kOciManifest);
  REQUIRE(document);
  auto read = std::get_if<Manifest>(&document.value());
  REQUIRE(read);
  CHECK(read->config.media_type == kOciConfig);
  REQUIRE(read->layers.size() == 1);
  CHECK(read->layers[0].size == 7);
  CHECK(read->layers[0].digest.hex == kHex);
  CHECK(read->annotations == Annotations{{"k", "v"}});
  auto again = read_manifest(base::dump(write_manifest(*read)));
  REQUIRE(again);
  CHECK(again.value().layers == read->layers);
  CHECK(again.value().annotations == read->annotations);
}

TEST_CASE("Docker's media types are read as OCI's") {
  CHECK(document_kind(kDockerList).value() == DocumentKind::Index);
  CHECK(document_kind("application/vnd.docker.distribution.manifest.v2+json; charset=utf-8")
            .value() == DocumentKind::Manifest);
  CHECK(layer_media("application/vnd.docker.image.rootfs.diff.tar.gzip").value().compression ==
        Compression::Gzip);
  CHECK(layer_media(kOciLayerZstd).value().compression == Compression::Zstd);
  CHECK(layer_media(kOciLayer).value().compression == Compression::None);
  CHECK(!layer_media("application/vnd.oci.image.layer.nondistributable.v1.tar")
             .value()
             .distributable);
  CHECK(is_image_config(kDockerConfig));
}

TEST_CASE("schema 1 is refused by name, whatever it is served as") {
  CHECK(error_of("{}", "application/vnd.docker.distribution.manifest.v1+prettyjws")
            .find("schema 1") != std::string::npos);
  CHECK(error_of(manifest("", "1"), kOciManifest).find("schema 1") != std::string::npos);
  CHECK(error_of(R"({"schemaVersion":2,"fsLayers":[]})", "application/json").find("schema 1") !=
        std::string::npos);
}

TEST_CASE("unknown media types are refused by name") {
  CHECK(error_of(manifest(), "text/html").find("\"text/html\"") != std::string::npos);
  CHECK(error_of(manifest(R"(,"mediaType":"application/foo")"), kOciManifest)
            .find("\"application/foo\"") != std::string::npos);
  CHECK(layer_media("application/foo").error().kind() == base::Kind::Unsupported);
}

TEST_CASE("a document cannot be a manifest and an index at once") {
  auto both = manifest(R"(,"manifests":[])");
  for (auto type : {kOciManifest, kOciIndex, std::string_view()})
    CHECK(error_of(both, type).find("at once") != std::string::npos);
  CHECK(error_of(R"({"schemaVersion":2,"manifests":[],"config":{}})", kOciIndex).find("at once") !=
        std::string::npos);
}

TEST_CASE("a document that contradicts its media type is refused") {
  auto text = manifest(base::cat(R"(,"mediaType":")", kOciManifest, "\""));
  CHECK(error_of(text, kOciIndex).find("served as an image index") != std::string::npos);
  // A generic type says nothing: then the document's own word counts.
  CHECK(read_document(text, "application/json"));
  CHECK(read_document(manifest(), ""));
  auto index = read_document(R"({"schemaVersion":2,"manifests":[]})", "");
  REQUIRE(index);
  CHECK(std::holds_alternative<Index>(index.value()));
}

TEST_CASE("hostile manifests are refused with the path of what is wrong") {
  auto layers = [](std::string_view list) {
    return base::cat(R"({"schemaVersion":2,"config":)", descriptor(kOciConfig), R"(,"layers":)",
                     list, "}");
  };
  struct Row {
    std::string text;
    std::string says;
  };
  for (const auto& row : {
           Row{"", "not JSON"},
           Row{"[]", "object"},
           Row{manifest().substr(0, 60), "not JSON"},
           Row{layers("{}"), "layers: must be an array"},
           Row{layers("[{}]"), "layers[0].mediaType"},
           Row{layers(R"([{"mediaType":"a/b","digest":"sha256:../..","size":1}])"),
               "layers[0].digest"},
           Row{layers(
                   base::cat(R"([{"mediaType":"a/b","digest":"sha256:)", kHex, R"(","size":-1}])")),
               "layers[0].size"},
           Row{layers(base::cat(R"([{"mediaType":"a/b","digest":"sha256:)", kHex,
                                R"(","size":9223372036854775808}])")),
               "layers[0].size"},
           Row{layers(
                   base::cat(R"([{"mediaType":"a b","digest":"sha256:)", kHex, R"(","size":1}])")),
               "layers[0].mediaType"},
           Row{R"({"schemaVersion":2,"layers":[]})", "config: is required"},
           Row{manifest("", "3"), "schemaVersion"},
           Row{manifest("", "\"2\""), "schemaVersion"},
           Row{R"({"config":{},"layers":[]})", "schemaVersion: is required"},
           Row{manifest(R"(,"layers":[])"), "two members"},
       }) {
    CAPTURE(row.text);
    CHECK(error_of(row.text, kOciManifest).find(row.says) != std::string::npos);
  }
  std::string many = descriptor(kOciLayer);
  for (int i = 0; i < 1001; ++i) many += "," + descriptor(kOciLayer);
  CHECK(error_of(layers("[" + many + "]"), kOciManifest).find("at most 1000") != std::string::npos);
}

TEST_CASE("the choice is by operating system, architecture and the best variant") {
  auto index = index_of({{.os = "linux", .architecture = "arm64", .variant = "v8"},
                         {.os = "linux", .architecture = "arm", .variant = "v5"},
                         {.os = "linux", .architecture = "arm", .variant = "v7"},
                         {.os = "linux", .architecture = "arm", .variant = "v6"},
                         {.os = "linux", .architecture = "amd64"},
                         {.os = "linux", .architecture = "amd64", .variant = "v3"},
                         {.os = "windows", .architecture = "amd64"}});
  auto chosen = [&](std::string_view text) {
    auto entry = choose(index, parse_platform(text).value());
    return entry ? entry.value().size : 0;
  };
  CHECK(chosen("linux/arm64") == 1);
  CHECK(chosen("linux/arm64/v8") == 1);
  CHECK(chosen("linux/arm") == 3);
  CHECK(chosen("linux/arm/v7") == 3);
  CHECK(chosen("linux/arm/v6") == 4);
  CHECK(chosen("linux/arm/v5") == 2);
  CHECK(chosen("linux/arm/v8") == 3);
  // A plain amd64 processor does not run what wants v3; a v4 one prefers it.
  CHECK(chosen("linux/amd64") == 5);
  CHECK(chosen("linux/amd64/v2") == 5);
  CHECK(chosen("linux/amd64/v4") == 6);
  CHECK(chosen("windows/amd64") == 7);
  CHECK(chosen("linux/s390x") == 0);
  auto none = choose(index, parse_platform("linux/s390x").value());
  CHECK(none.error().text().find("linux/arm64/v8, linux/arm/v5") != std::string::npos);
}

TEST_CASE("of equal entries the first is taken, and what is no manifest is passed over") {
  auto index = index_of(
      {{.os = "linux", .architecture = "amd64"}, {.os = "linux", .architecture = "amd64"}});
  auto wanted = parse_platform("linux/amd64").value();
  CHECK(choose(index, wanted).value().size == 1);
  index.manifests[0].media_type = "application/xml";
  CHECK(choose(index, wanted).value().size == 2);
  index.manifests[1].platform.reset();
  CHECK(choose(index, wanted).value().size == 2);
  index.manifests.clear();
  CHECK(choose(index, wanted).error().text() == "the index lists no image manifest");
}

TEST_CASE("platforms are read from their words") {
  CHECK(parse_platform("linux/arm/v7").value().text() == "linux/arm/v7");
  for (auto text :
       {"", "linux", "linux/", "/arm", "linux/arm/", "linux/arm/v7/x", "linux/a b", "Linux/arm"}) {
    CAPTURE(text);
    CHECK(!parse_platform(text));
  }
  CHECK(distance(host_platform(), host_platform()) == 0);
  auto text = base::cat(R"({"schemaVersion":2,"manifests":[)",
                        descriptor(kOciManifest, platform("linux", "arm", "v7")), "]}");
  auto index = read_index(text);
  REQUIRE(index);
  CHECK(index.value().manifests[0].platform->text() == "linux/arm/v7");
  CHECK(read_index(base::dump(write_index(index.value()))).value().manifests ==
        index.value().manifests);
}
