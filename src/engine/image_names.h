// Images as a person names them.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/context.h"
#include "image/layout.h"
#include "image/reference.h"

namespace engine {

// "ubuntu" of docker.io/library/ubuntu, "me/box" of docker.io/me/box, else the whole name; without
// tag and digest. Pure. compat: docker images
std::string short_name(const image::Reference& reference);
// With ":TAG" or "@DIGEST".
std::string short_text(const image::Reference& reference);

struct NamedImage {
  image::Reference name{};
  image::Descriptor descriptor{};
  bool by_id = false;
};
// By name, by id, or by the beginning of an id. Kind::NotFound: "no such image".
base::Result<NamedImage> find_image(const Context& context, const image::Store& store,
                                    const std::string& text);
// All names that the store has for this digest.
base::Result<std::vector<image::Reference>> names_of(const image::Store& store,
                                                     const image::Digest& digest);

// An image that was made under a passing name gets that of its digest.
base::Status make_nameless(const image::Store& store, const image::Reference& passing,
                           const image::Descriptor& image);

}  // namespace engine
