#include "image/index_tree.h"

#include <algorithm>
#include <set>

#include "image/media.h"

namespace image {
namespace {

using base::Result;
using base::Status;

constexpr std::size_t kDeepest = 4;  // indexes inside each other
constexpr std::size_t kMostDocuments = 1000;
constexpr std::uint64_t kMostBytes = 64 << 20;

base::Error too_deep() {
  return base::config_error("indexes are nested more than ", kDeepest, " deep");
}

class Reader {
 public:
  explicit Reader(const ReadDocument& read) : read_(read) {}

  Status walk(const Descriptor& descriptor) {
    auto name = descriptor.digest.text();
    if (std::find(above_.begin(), above_.end(), name) != above_.end())
      return base::config_error("index ", name, " holds itself");
    if (!seen_.insert(name).second) return {};
    if (seen_.size() > kMostDocuments)
      return base::config_error("the index leads to more than ", kMostDocuments, " documents");
    (void)TRY(document_kind(descriptor.media_type), "manifest ", name);
    auto bytes = TRY(read_(descriptor), "manifest ", name);
    size_ += bytes.size();
    if (size_ > kMostBytes)
      return base::config_error("the index leads to more than ", kMostBytes, " bytes of documents");
    auto document = TRY(read_document(bytes, descriptor.media_type), "manifest ", name);
    if (auto manifest = std::get_if<Manifest>(&document)) {
      tree.images.push_back({descriptor, std::move(bytes), std::move(*manifest)});
      return {};
    }
    if (above_.size() > kDeepest) return too_deep();
    above_.push_back(name);
    for (const auto& entry : std::get_if<Index>(&document)->manifests) TRY(walk(entry));
    above_.pop_back();
    tree.indexes.push_back({descriptor, std::move(bytes)});
    return {};
  }

  Tree tree{};

 private:
  const ReadDocument& read_;
  std::vector<std::string> above_{};
  std::set<std::string> seen_{};
  std::uint64_t size_ = 0;
};

}  // namespace

ReadDocument read_from(const Store& store) {
  return [&store](const Descriptor& document) {
    return store.blobs().read(document, kLargestDocument);
  };
}

bool TreeImage::can_run() const {
  return is_image_config(manifest.config.media_type) &&
         std::all_of(manifest.layers.begin(), manifest.layers.end(),
                     [](const Descriptor& layer) { return bool(layer_media(layer.media_type)); });
}

std::vector<Descriptor> Tree::blobs() const {
  std::vector<Descriptor> out;
  std::set<std::string> known;
  auto add = [&](const Descriptor& blob) {
    if (known.insert(blob.digest.text()).second) out.push_back(blob);
  };
  for (const auto& image : images) {
    for (const auto& layer : image.manifest.layers) add(layer);
    add(image.manifest.config);
  }
  for (const auto& image : images) add(image.descriptor);
  for (const auto& index : indexes) add(index.descriptor);
  return out;
}

Result<Tree> read_tree(const Descriptor& top, const ReadDocument& read) {
  Reader reader(read);
  TRY(reader.walk(top));
  return std::move(reader.tree);
}

Result<std::optional<Platform>> check_tree(const Tree& tree, const ReadDocument& read) {
  std::optional<Platform> out;
  bool any = false;
  for (const auto& image : tree.images) {
    bool alone = tree.indexes.empty();
    auto name = base::cat("manifest ", image.descriptor.digest.text());
    if (!alone && !image.can_run()) continue;
    any = true;
    if (!is_image_config(image.manifest.config.media_type))
      return base::unsupported(name, ": media type ", base::quote(image.manifest.config.media_type),
                               " is not an image configuration: this is no container image");
    for (const auto& layer : image.manifest.layers)
      (void)TRY(layer_media(layer.media_type), "layer ", layer.digest.text());
    auto bytes = TRY(read(image.manifest.config), name);
    auto config = TRY(read_image_config(bytes), name);
    TRY(check_layers(image.manifest, config), name);
    if (alone) out = config.platform;
  }
  if (!any) return base::config_error("the index lists no image");
  return out;
}

Result<Descriptor> choose_image(const Descriptor& top, const Platform& platform,
                                const ReadDocument& read) {
  auto here = top;
  for (std::size_t depth = 0; depth <= kDeepest + 1; ++depth) {
    auto kind = TRY(document_kind(here.media_type));
    if (kind == DocumentKind::Manifest) return here;
    auto bytes = TRY(read(here));
    auto document = TRY(read_document(bytes, here.media_type));
    auto index = std::get_if<Index>(&document);
    here = TRY(choose(*index, platform));
  }
  return too_deep();
}

}  // namespace image
