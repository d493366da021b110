// The list of images, as a table and as JSON. Pure.
#pragma once
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "image/layout.h"

namespace bundler {

struct ImageRow {
  std::string name{};      // "docker.io/library/alpine:latest", as it stands in the index
  std::string digest{};    // of the manifest
  std::string platform{};  // of one image
  std::vector<std::string> platforms{};  // of an index
  std::string created{};                 // RFC 3339, as the image says; empty where it does not
  std::uint64_t size = 0;                // bytes of manifest, configuration and layers
  std::string problem{};                 // why the image cannot be read, or empty
};

// Every named image of the store, sorted by name. One that is damaged has a row that says so.
base::Result<std::vector<ImageRow>> list_images(const image::Store& store);

std::string images_table(const std::vector<ImageRow>& rows);
base::Json images_json(const std::vector<ImageRow>& rows);

}  // namespace bundler
