#include "image/media.h"

#include <array>

#include "base/named.h"

namespace image {
namespace {

constexpr std::array<base::Named<DocumentKind>, 4> kDocuments{{
    {kOciIndex, DocumentKind::Index},
    {kDockerList, DocumentKind::Index},
    {kOciManifest, DocumentKind::Manifest},
    {kDockerManifest, DocumentKind::Manifest},
}};

constexpr std::array<base::Named<LayerMedia>, 12> kLayers{{
    {kOciLayer, {Compression::None, true}},
    {kOciLayerGzip, {Compression::Gzip, true}},
    {kOciLayerZstd, {Compression::Zstd, true}},
    {kDockerLayer, {Compression::None, true}},
    {kDockerLayerGzip, {Compression::Gzip, true}},
    {"application/vnd.docker.image.rootfs.diff.tar.zstd", {Compression::Zstd, true}},
    {"application/vnd.oci.image.layer.nondistributable.v1.tar", {Compression::None, false}},
    {"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", {Compression::Gzip, false}},
    {"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", {Compression::Zstd, false}},
    {"application/vnd.docker.image.rootfs.foreign.diff.tar", {Compression::None, false}},
    {"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", {Compression::Gzip, false}},
    {"application/vnd.docker.image.rootfs.foreign.diff.tar.zstd", {Compression::Zstd, false}},
}};

std::string_view without_parameters(std::string_view media_type) {
  return base::trim(media_type.substr(0, media_type.find(';')));
}

}  // namespace

base::Result<DocumentKind> document_kind(std::string_view media_type) {
  auto type = without_parameters(media_type);
  if (auto kind = base::value_of(kDocuments, type)) return *kind;
  if (type == "application/vnd.docker.distribution.manifest.v1+json" ||
      type == "application/vnd.docker.distribution.manifest.v1+prettyjws")
    return base::unsupported("Docker image manifests of schema 1 are not supported (", type,
                             "): push the image again with a newer tool");
  return base::unsupported("media type ", base::quote(type),
                           " is neither an image manifest nor an image index");
}

bool is_image_config(std::string_view media_type) {
  return media_type == kOciConfig || media_type == kDockerConfig;
}

base::Result<LayerMedia> layer_media(std::string_view media_type) {
  if (auto layer = base::value_of(kLayers, media_type)) return *layer;
  return base::unsupported("media type ", base::quote(media_type), " is not a file system layer");
}

}  // namespace image
