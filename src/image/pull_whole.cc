#include <set>

#include "image/crew.h"
#include "image/index_tree.h"
#include "image/pull_parts.h"

namespace image {
namespace {

// Each blob once, whichever images share it.
std::vector<Wanted> list_blobs(const Tree& tree) {
  std::vector<Wanted> out;
  std::set<std::string> known;
  auto add = [&](const char* what, const Descriptor& blob) {
    if (known.insert(blob.digest.text()).second) out.push_back({what, blob});
  };
  for (const auto& image : tree.images) {
    add("config", image.manifest.config);
    for (const auto& layer : image.manifest.layers) add("layer", layer);
  }
  return out;
}

base::Status keep(const Store& store, const Descriptor& descriptor, const std::string& bytes) {
  auto writer = TRY(store.blobs().start(descriptor));
  TRY(writer->write(bytes));
  (void)TRY(writer->commit());
  return {};
}

}  // namespace

base::Result<Descriptor> pull_whole(const Store& store, const ImageSource& source, const Known& top,
                                    const PullOptions& options, Stop& stop, Progress& progress) {
  auto read = [&](const Descriptor& descriptor) -> base::Result<std::string> {
    if (descriptor.digest == top.descriptor.digest) return top.bytes;
    auto known = TRY(fetch_described(source.registry, source.transport, store, descriptor));
    return std::move(known.bytes);
  };
  auto tree = TRY(read_tree(top.descriptor, read));
  for (const auto& image : tree.images)
    TRY(check_trust(options.trust, source, image.bytes), "manifest ",
        image.descriptor.digest.text());
  auto list = list_blobs(tree);
  auto fetch = [&](Transport& own, std::size_t i) -> base::Status {
    TRY(fetch_blob(source.registry, own, store, list[i], progress, nullptr), list[i].what, " ",
        list[i].descriptor.digest.text());
    return {};
  };
  TRY(side_by_side(list.size(), options.side_by_side, options.registry.patience, stop, fetch));
  auto out = top.descriptor;
  out.platform = TRY(check_tree(tree, read_from(store)));
  for (const auto& image : tree.images) TRY(keep(store, image.descriptor, image.bytes));
  for (const auto& one : tree.indexes) TRY(keep(store, one.descriptor, one.bytes));
  TRY(store.name(source.name, out));
  return out;
}

}  // namespace image
