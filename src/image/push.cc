#include "image/push.h"

#include <algorithm>
#include <map>

#include "image/crew.h"
#include "image/http.h"
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

base::Result<std::vector<Outgoing>> list_blobs(const Manifest& manifest,
                                               const std::map<std::string, std::string>& others) {
  std::vector<Outgoing> out;
  auto add = [&](std::string_view what, const Descriptor& blob) {
    bool known = std::any_of(out.begin(), out.end(), [&](const Outgoing& other) {
      return other.descriptor.digest == blob.digest;
    });
    auto found = others.find(blob.digest.text());
    if (!known)
      out.push_back({std::string(what), blob, found == others.end() ? "" : found->second});
  };
  add("config", manifest.config);
  for (const auto& layer : manifest.layers) {
    auto media = TRY(layer_media(layer.media_type), "layer ", layer.digest.text());
    // Its publisher alone may hand it out.
    if (media.distributable) add("layer", layer);
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

}  // namespace

base::Result<Descriptor> push(const Store& store, const Reference& from, const Reference& to,
                              const PushOptions& options, Progress& progress) {
  auto image = TRY(store.image(from));
  auto digest = image.descriptor.digest.text();
  if (to.digest && *to.digest != image.descriptor.digest)
    return base::usage_error("the image's manifest is ", digest, ", another digest than that");
  auto bytes = TRY(store.blobs().read(image.descriptor, kLargestDocument), "manifest ", digest);
  auto others = TRY(find_elsewhere(store, to));
  auto list = TRY(list_blobs(image.manifest, others));
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
  TRY(registry->put_manifest(transport, image.descriptor, bytes), "manifest ", digest);
  return image.descriptor;
}

}  // namespace image
