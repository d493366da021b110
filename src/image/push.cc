#include "image/push.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

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

// The threads of one push, and the first error of any of them.
class Crew {
 public:
  Crew(Registry& registry, const Store& store, const PushOptions& options, Progress& progress,
       Stop& stop)
      : registry_(registry), store_(store), options_(options), progress_(progress), stop_(stop) {}

  base::Status run(const std::vector<Outgoing>& list) {
    auto count = std::min<std::size_t>(std::max(options_.side_by_side, 1U), list.size());
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < count; ++i) threads.emplace_back([&] { work(list); });
    for (auto& thread : threads) thread.join();
    if (first_) return *std::move(first_);
    return {};
  }

 private:
  void work(const std::vector<Outgoing>& list) {
    Transport transport(options_.registry.patience, stop_);
    for (auto i = next_++; i < list.size() && !stop_.is_set(); i = next_++) {
      auto row = progress_.begin(list[i].what, list[i].descriptor);
      auto how = send(transport, list[i], row);
      progress_.end(row, how ? how.value() : Progress::End::Failed);
      if (how) continue;
      std::lock_guard hold(mutex_);
      if (!first_)
        first_ = std::move(how).error().in(
            base::cat(list[i].what, " ", list[i].descriptor.digest.text()));
      stop_.set();
    }
  }

  base::Result<Progress::End> send(Transport& transport, const Outgoing& blob, std::size_t row) {
    auto file = TRY(store_.blobs().open_blob(blob.descriptor));
    bool there = TRY(registry_.has_blob(transport, blob.descriptor));
    if (there) return Progress::End::Present;
    BlobContent content(std::move(file), blob.descriptor.size, progress_, row);
    auto sent = TRY(registry_.upload(transport, blob.descriptor, blob.elsewhere, content));
    return sent == Registry::Sent::Mounted ? Progress::End::Present : Progress::End::Done;
  }

  Registry& registry_;
  const Store& store_;
  const PushOptions& options_;
  Progress& progress_;
  Stop& stop_;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_{};
  std::optional<base::Error> first_{};
};

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
  TRY(Crew(*registry, store, options, progress, stop).run(list));
  Transport transport(options.registry.patience, stop);
  TRY(registry->put_manifest(transport, image.descriptor, bytes), "manifest ", digest);
  return image.descriptor;
}

}  // namespace image
