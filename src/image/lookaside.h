// Where signatures of a registry's images are kept: the configuration of registries.d, and the
// simple signatures in a lookaside storage.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "image/http.h"
#include "image/reference.h"

namespace image {

// compat: containers-registries.d(5)
struct SignaturePlace {
  std::string lookaside{};                // a URL; file, http or https
  std::optional<bool> use_attachments{};  // whether signatures are looked for in the registry
};

struct SignaturePlaces {
  SignaturePlace otherwise{};                      // default-docker
  std::map<std::string, SignaturePlace> scopes{};  // docker
};

// One file's text into the whole. Kind::Config for what is said twice, unknown, or no URL.
base::Status add_signature_places(std::string_view yaml, SignaturePlaces& places);

// All *.yaml of the first of these folders that exists. Where neither says where signatures are,
// they are in the folder `usual`.
base::Result<SignaturePlaces> find_signature_places(const std::vector<std::string>& folders,
                                                    const std::string& usual);

// What holds for this image: of each member, the most specific scope that has it.
SignaturePlace place_for(const SignaturePlaces& places, const Reference& reference);

// The simple signatures of this manifest: LOOKASIDE/REPOSITORY@sha256=HEX/signature-1 and so on
// until there is none. Bounded in number and size.
base::Result<std::vector<std::string>> fetch_simple_signatures(Transport& transport,
                                                               const std::string& lookaside,
                                                               const std::string& repository,
                                                               const Digest& manifest);

}  // namespace image
