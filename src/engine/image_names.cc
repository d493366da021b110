#include "engine/image_names.h"

#include "base/text.h"
#include "bundler/context.h"

namespace engine {

using base::Result;

namespace {

constexpr std::string_view kDocker = "docker.io";
constexpr std::string_view kOfficial = "library/";
constexpr std::string_view kSha256 = "sha256:";
constexpr std::size_t kShortestId = 4;

// The digits of "sha256:abcd…" or "abcd…"; nothing for what can only be a name.
std::optional<std::string_view> digits_of(std::string_view text) {
  if (text.starts_with(kSha256)) text.remove_prefix(kSha256.size());
  bool good = text.size() >= kShortestId && text.size() <= 64 &&
              text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  if (!good) return std::nullopt;
  return text;
}

}  // namespace

std::string short_name(const image::Reference& reference) {
  if (reference.registry != kDocker) return reference.name();
  std::string_view repository = reference.repository;
  if (repository.starts_with(kOfficial)) repository.remove_prefix(kOfficial.size());
  return std::string(repository);
}

std::string short_text(const image::Reference& reference) {
  if (reference.digest) return base::cat(short_name(reference), "@", reference.digest->text());
  return base::cat(short_name(reference), ":", reference.tag);
}

Result<NamedImage> find_image(const Context& context, const image::Store& store,
                              const std::string& text) {
  bundler::Invocation invocation{.store = context.places.store,
                                 .registries_conf = context.registries_conf,
                                 .policy = context.policy};
  bundler::Context place{invocation, context.environment, store};
  if (!text.starts_with(kSha256)) {
    auto name = TRY(place.find(text));
    auto found = TRY(store.find(name));
    if (found) return NamedImage{name, *std::move(found), false};
  }
  auto digits = digits_of(text);
  std::optional<NamedImage> out;
  auto index = TRY(store.index());
  for (const auto& entry : index.manifests) {
    if (!digits || !entry.digest.hex.starts_with(*digits)) continue;
    auto name = image::parse_reference(entry.annotation(image::kRefName));
    if (!name) continue;
    if (out && out->descriptor.digest != entry.digest)
      return base::usage_error("several images have an id that begins with ", text);
    if (!out) out = NamedImage{std::move(name).value(), entry, true};
  }
  if (!out) return base::Error(base::Kind::NotFound, base::cat("no such image: ", text));
  return *std::move(out);
}

Result<std::vector<image::Reference>> names_of(const image::Store& store,
                                               const image::Digest& digest) {
  std::vector<image::Reference> out;
  auto index = TRY(store.index());
  for (const auto& entry : index.manifests) {
    if (entry.digest != digest) continue;
    auto name = image::parse_reference(entry.annotation(image::kRefName));
    if (name) out.push_back(std::move(name).value());
  }
  return out;
}

base::Status make_nameless(const image::Store& store, const image::Reference& passing,
                           const image::Descriptor& image) {
  auto name = passing;
  name.tag.clear();
  name.digest = image.digest;
  TRY(store.name(name, image));
  (void)TRY(store.unname(passing));
  return {};
}

}  // namespace engine
