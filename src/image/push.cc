#include "image/push.h"

#include <algorithm>
#include <map>
#include <set>

#include "image/crew.h"
#include "image/http.h"
#include "image/index_tree.h"
#include "image/manifest.h"
#include "image/media.h"
#include "sys/file.h"

namespace image {
namespace {

struct Outgoing {
  std::string what{};  // "config", "layer"
  Descriptor descriptor{};
  std::string elsewhere{};  // a repository of the same registry that may have it
};

// A blob of the store on its way up, which may be started again anywhere; progress is told once.
class BlobContent : public Content {
 public:
  BlobContent(base::Fd file, std::uint64_t size, Progress& progress, std::size_t row)
      : file_(std::move(file)), size_(size), progress_(progress), row_(row) {}

  void start_at(std::uint64_t offset) override { offset_ = offset; }
  base::Result<std::size_t> read(std::span<char> into) override {
    into = into.first(std::min<std::uint64_t>(into.size(), size_ - std::min(offset_, size_)));
    if (into.empty()) return std::size_t{0};
    auto got = TRY(sys::pread(file_, into, offset_), "store");
    if (got == 0) return base::system_error("store: the blob has become shorter");
    offset_ += got;
    if (offset_ > told_) progress_.advance(row_, offset_ - std::exchange(told_, offset_));
    return got;
  }

 private:
  base::Fd file_;
  std::uint64_t size_;
  Progress& progress_;
  std::size_t row_;
  std::uint64_t offset_ = 0;
  std::uint64_t told_ = 0;
};

// By digest: the repositories of this registry, other than `to`'s, whose images in the store have
// the blob.
base::Result<std::map<std::string, std::string>> find_elsewhere(const Store& store,
                                                                const Reference& to) {
  std::map<std::string, std::string> out;
  auto index = TRY(store.index());
  for (const auto& entry : index.manifests) {
    auto name = parse_reference(entry.annotation(kRefName));
    if (!name || name.value().registry != to.registry || name.value().repository == to.repository)
      continue;
    // What cannot be read is not what is pushed.
    auto image = store.image(name.value(), entry);
    if (!image) continue;
    auto note = [&](const Descriptor& blob) {
      out.emplace(blob.digest.text(), name.value().repository);
    };
    note(image.value().manifest.config);
    for (const auto& layer : image.value().manifest.layers) note(layer);
  }
  return out;
}

base::Result<std::vector<Outgoing>> list_blobs(const Tree& tree,
                                               const std::map<std::string, std::string>& others) {
  std::vector<Outgoing> out;
  std::set<std::string> known;
  auto add = [&](std::string_view what, const Descriptor& blob) {
    if (!known.insert(blob.digest.text()).second) return;
    auto found = others.find(blob.digest.text());
    out.push_back({std::string(what), blob, found == others.end() ? "" : found->second});
  };
  for (const auto& image : tree.images) {
    add("config", image.manifest.config);
    for (const auto& layer : image.manifest.layers) {
      auto media = layer_media(layer.media_type);
      // An index may list more than images.
      if (!media && tree.indexes.empty())
        return std::move(media).error().in("layer " + layer.digest.text());
      // Its publisher alone may hand it out.
      if (!media || media.value().distributable) add("layer", layer);
    }
  }
  return out;
}

// Tokens for all that is to come. spec: registry-auth scope.md#resource-scope-grammar
std::vector<std::string> scopes_for(const Reference& to, const std::vector<Outgoing>& list) {
  std::vector<std::string> out{base::cat("repository:", to.repository, ":pull,push")};
  for (const auto& blob : list) {
    auto scope = base::cat("repository:", blob.elsewhere, ":pull");
    if (!blob.elsewhere.empty() && std::find(out.begin(), out.end(), scope) == out.end())
      out.push_back(std::move(scope));
  }
  return out;
}

base::Result<Progress::End> send(Registry& registry, Transport& transport, const Store& store,
                                 const Outgoing& blob, Progress& progress, std::size_t row) {
  auto file = TRY(store.blobs().open_blob(blob.descriptor));
  bool there = TRY(registry.has_blob(transport, blob.descriptor));
  if (there) return Progress::End::Present;
  BlobContent content(std::move(file), blob.descriptor.size, progress, row);
  auto sent = TRY(registry.upload(transport, blob.descriptor, blob.elsewhere, content));
  return sent == Registry::Sent::Mounted ? Progress::End::Present : Progress::End::Done;
}

// What is listed goes before what lists it, under its digest; the top under its name.
base::Status put_documents(Registry& registry, Transport& transport, const Tree& tree,
                           const Descriptor& top, const Reference& to) {
  auto put = [&](const Descriptor& document, const std::string& bytes) -> base::Status {
    auto digest = document.digest.text();
    auto name = document.digest == top.digest ? to.manifest() : digest;
    TRY(registry.put_manifest(transport, document, bytes, name), "manifest ", digest);
    return {};
  };
  for (const auto& image : tree.images) TRY(put(image.descriptor, image.bytes));
  for (const auto& index : tree.indexes) TRY(put(index.descriptor, index.bytes));
  return {};
}

}  // namespace

base::Result<Descriptor> push(const Store& store, const Reference& from, const Reference& to,
                              const PushOptions& options, Progress& progress) {
  auto read = read_from(store);
  auto top = TRY(store.named(from));
  if (options.platform) top = TRY(choose_image(top, *options.platform, read));
  if (to.digest && *to.digest != top.digest)
    return base::usage_error("the image's manifest is ", top.digest.text(),
                             ", another digest than that");
  auto tree = TRY(read_tree(top, read));
  auto platform = TRY(check_tree(tree, read));
  if (options.platform && platform && distance(*options.platform, *platform) < 0)
    return base::state_error("the image is for ", platform->text(), ", wanted ",
                             options.platform->text());
  auto others = TRY(find_elsewhere(store, to));
  auto list = TRY(list_blobs(tree, others));
  HttpLibrary library;
  Stop stop;
  auto credentials = TRY(find_credentials(options.auth_files, to, options.helpers));
  auto registry_options = options.registry;
  registry_options.scopes = scopes_for(to, list);
  auto registry = TRY(Registry::make(to, registry_options, std::move(credentials), stop));
  auto send_one = [&](Transport& own, std::size_t i) -> base::Status {
    const auto& blob = list[i];
    auto row = progress.begin(blob.what, blob.descriptor);
    auto how = send(*registry, own, store, blob, progress, row);
    progress.end(row, how ? how.value() : Progress::End::Failed);
    TRY(std::move(how), blob.what, " ", blob.descriptor.digest.text());
    return {};
  };
  TRY(side_by_side(list.size(), options.side_by_side, options.registry.patience, stop, send_one));
  Transport transport(options.registry.patience, stop);
  TRY(put_documents(*registry, transport, tree, top, to));
  return top;
}

}  // namespace image
