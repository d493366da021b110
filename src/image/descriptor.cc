#include "image/descriptor.h"

#include <algorithm>
#include <limits>

namespace image {
namespace {

base::Result<Platform> read_platform(const base::Place& place) {
  Platform out;
  out.os = TRY(place.string_or("os", ""));
  out.architecture = TRY(place.string_or("architecture", ""));
  out.variant = TRY(place.string_or("variant", ""));
  out.os_version = TRY(place.string_or("os.version", ""));
  out.os_features = TRY(place.opt_strings("os.features"));
  return out;
}

// RFC 6838, section 4.2: type "/" subtype; here every printable character but blanks will do.
bool is_media_type(std::string_view type) {
  auto slash = type.find('/');
  return slash != std::string_view::npos && slash > 0 && slash + 1 < type.size() &&
         type.size() <= 255 &&
         std::all_of(type.begin(), type.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

std::string Descriptor::annotation(std::string_view name) const {
  for (const auto& [key, value] : annotations)
    if (key == name) return value;
  return {};
}

void Descriptor::annotate(std::string_view name, std::string_view value) {
  for (auto& [key, old] : annotations)
    if (key == name) {
      old = value;
      return;
    }
  annotations.emplace_back(name, value);
}

base::Result<Descriptor> read_descriptor(const base::Place& place) {
  Descriptor out;
  auto media_type = TRY(place.at("mediaType"));
  out.media_type = TRY(media_type.string());
  if (!is_media_type(out.media_type)) return media_type.error("must be a media type");
  auto digest = TRY(place.at("digest"));
  auto digest_text = TRY(digest.string());
  out.digest = TRY(parse_digest(digest_text), digest.path());
  auto size = TRY(place.at("size"));
  out.size = static_cast<std::uint64_t>(TRY(size.int64(0)));
  out.urls = TRY(place.opt_strings("urls"));
  out.annotations = TRY(place.opt_string_map("annotations"));
  out.artifact_type = TRY(place.string_or("artifactType", ""));
  out.data = TRY(place.string_or("data", ""));
  if (auto platform = TRY(place.find("platform"))) out.platform = TRY(read_platform(*platform));
  return out;
}

base::Json write_descriptor(const Descriptor& descriptor) {
  auto out = base::Json::object();
  out.set("mediaType", descriptor.media_type);
  out.set("digest", descriptor.digest.text());
  out.set("size", descriptor.size);
  out.set_some("urls", descriptor.urls);
  out.set_some("annotations", descriptor.annotations);
  out.set_some("artifactType", descriptor.artifact_type);
  out.set_some("data", descriptor.data);
  if (const auto& platform = descriptor.platform) {
    auto json = base::Json::object();
    json.set("architecture", platform->architecture);
    json.set("os", platform->os);
    json.set_some("os.version", platform->os_version);
    json.set_some("os.features", platform->os_features);
    json.set_some("variant", platform->variant);
    out.set("platform", std::move(json));
  }
  return out;
}

}  // namespace image
