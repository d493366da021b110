// A store in a folder of its own, and small whole images to put into it.
#pragma once
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "image/layout.h"
#include "image/media.h"

namespace image {

namespace files = std::filesystem;

class TempFolder {
 public:
  TempFolder() {
    std::string name = files::temp_directory_path() / "coracle-layout-XXXXXX";
    path = ::mkdtemp(name.data());
  }
  ~TempFolder() { files::remove_all(path); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::size_t count(const std::string& folder) const {
    std::size_t n = 0;
    for (const auto& entry : files::directory_iterator(path / folder))
      if (entry.path().filename() != "lock") ++n;
    return n;
  }
  std::string read(const std::string& name) const {
    std::stringstream out;
    out << std::ifstream(path / name).rdbuf();
    return out.str();
  }
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(path / name) << text;
  }
  files::path path;
};

// A small whole image in the store.
inline Descriptor put_image(const Store& store, std::string_view word) {
  auto layer = store.blobs().put(word, kOciLayer).value();
  ImageConfig config{.platform = host_platform(), .diff_ids = {layer.digest}};
  Manifest manifest{
      .media_type = std::string(kOciManifest),
      .config = store.blobs().put(base::dump(write_image_config(config)), kOciConfig).value(),
      .layers = {layer}};
  return store.blobs().put(base::dump(write_manifest(manifest)), kOciManifest).value();
}

inline Reference reference(std::string_view text) { return parse_reference(text).value(); }

}  // namespace image
