// Media types of images: what a document or a layer is, by its name.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace image {

inline constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kOciManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kOciConfig = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view kOciLayer = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view kOciLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view kOciLayerZstd = "application/vnd.oci.image.layer.v1.tar+zstd";
inline constexpr std::string_view kDockerList =
    "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view kDockerManifest =
    "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerConfig = "application/vnd.docker.container.image.v1+json";
inline constexpr std::string_view kDockerLayer = "application/vnd.docker.image.rootfs.diff.tar";
inline constexpr std::string_view kDockerLayerGzip =
    "application/vnd.docker.image.rootfs.diff.tar.gzip";

// The Accept header of a manifest request: what document_kind knows, OCI first.
inline constexpr std::string_view kAcceptedManifests =
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json";

// Documents larger than this are refused unread.
inline constexpr std::uint64_t kLargestDocument = 4 << 20;

enum class DocumentKind { Index, Manifest };
// Index or manifest, OCI's or Docker's. Parameters ("; charset=…") are ignored. Schema 1 and every
// other type are Kind::Unsupported, named.
base::Result<DocumentKind> document_kind(std::string_view media_type);

bool is_image_config(std::string_view media_type);

enum class Compression { None, Gzip, Zstd };
struct LayerMedia {
  Compression compression = Compression::None;
  bool distributable = true;  // false: the content lives at the descriptor's urls
};
// What a layer is, or Kind::Unsupported naming the type. spec: media-types.md
base::Result<LayerMedia> layer_media(std::string_view media_type);

}  // namespace image
