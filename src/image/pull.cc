#include "image/pull.h"

#include <algorithm>
#include <thread>

#include "image/arrivals.h"
#include "image/crew.h"
#include "image/http.h"
#include "image/manifest.h"
#include "image/media.h"
#include "image/pull_parts.h"

namespace image {
namespace {

constexpr int kDeepestIndex = 3;

// Passes bytes on and tells of them.
class Counting : public Sink {
 public:
  Counting(Sink& to, Progress& progress, std::size_t blob, Arrivals* arrivals, const Digest& digest)
      : to_(to), progress_(progress), blob_(blob), arrivals_(arrivals), digest_(digest) {}
  base::Status write(std::string_view bytes) override {
    TRY(to_.write(bytes));
    progress_.advance(blob_, bytes.size());
    if (arrivals_) arrivals_->advance(digest_, bytes.size());
    return {};
  }

 private:
  Sink& to_;
  Progress& progress_;
  std::size_t blob_;
  Arrivals* arrivals_;  // none: nobody reads meanwhile
  const Digest& digest_;
};

// The document that a reference names. A tag is trusted to be what the registry says; a digest is
// not.
base::Result<Known> fetch_named(Registry& registry, Transport& transport,
                                const Reference& reference) {
  auto document = TRY(registry.document(transport, reference.manifest()));
  auto algorithm = reference.digest ? reference.digest->algorithm : Algorithm::Sha256;
  auto digest = TRY(digest_of(document.bytes, algorithm));
  if (reference.digest)
    TRY(check_promise(*reference.digest, document.bytes.size(), digest, document.bytes.size()));
  Known out{.descriptor = {.media_type = std::move(document.media_type), .digest = digest}};
  out.descriptor.size = document.bytes.size();
  out.bytes = std::move(document.bytes);
  return out;
}

}  // namespace

base::Result<Known> fetch_described(Registry& registry, Transport& transport, const Store& store,
                                    const Descriptor& descriptor) {
  if (descriptor.size > kLargestDocument)
    return base::config_error("has ", descriptor.size, " bytes, at most ", kLargestDocument,
                              " are read");
  bool there = TRY(store.blobs().has(descriptor));
  Known out{.descriptor = descriptor};
  if (there) {
    out.bytes = TRY(store.blobs().read(descriptor, kLargestDocument));
    return out;
  }
  auto document = TRY(registry.document(transport, descriptor.digest.text()));
  auto digest = TRY(digest_of(document.bytes, descriptor.digest.algorithm));
  TRY(check_promise(descriptor.digest, descriptor.size, digest, document.bytes.size()));
  out.bytes = std::move(document.bytes);
  return out;
}

namespace {

struct Found {
  Known known{};
  Manifest manifest{};
  bool is_whole = false;  // whatever it is, all of it is wanted
};

// Down through the indexes to the manifest for the platform.
base::Result<Found> find_manifest(Registry& registry, Transport& transport, const Store& store,
                                  const Reference& reference, const PullOptions& options) {
  auto known = TRY(fetch_named(registry, transport, reference), "manifest ", reference.manifest());
  auto name = reference.manifest();
  for (int depth = 0; depth <= kDeepestIndex; ++depth) {
    auto document = TRY(read_document(known.bytes, known.descriptor.media_type), "manifest ", name);
    bool is_index = std::holds_alternative<Index>(document);
    if (options.all_platforms) {
      if (!document_kind(known.descriptor.media_type))
        known.descriptor.media_type = is_index ? kOciIndex : kOciManifest;
      return Found{.known = std::move(known), .is_whole = true};
    }
    if (auto manifest = std::get_if<Manifest>(&document)) {
      // The header may have been generic: in the store the type is always exact.
      if (!document_kind(known.descriptor.media_type))
        known.descriptor.media_type =
            manifest->media_type.empty() ? std::string(kOciManifest) : manifest->media_type;
      return Found{std::move(known), std::move(*manifest)};
    }
    auto entry = TRY(choose(*std::get_if<Index>(&document), options.platform), "manifest ", name);
    name = entry.digest.text();
    known = TRY(fetch_described(registry, transport, store, entry), "manifest ", name);
  }
  return base::config_error("manifest ", reference.manifest(), ": more than ", kDeepestIndex,
                            " indexes inside each other");
}

// A source, and what it has under the name.
struct Opened {
  Reference source{};
  std::unique_ptr<Registry> registry{};
  Found found{};
};

base::Result<Opened> open_source(const Endpoint& source, Transport& transport, const Store& store,
                                 const PullOptions& options, const Stop& stop) {
  auto credentials = TRY(find_credentials(options.auth_files, source.reference, options.helpers));
  auto registry_options = options.registry;
  registry_options.insecure = source.insecure;
  Opened out{.source = source.reference};
  out.registry =
      TRY(Registry::make(source.reference, registry_options, std::move(credentials), stop));
  out.found = TRY(find_manifest(*out.registry, transport, store, source.reference, options));
  return out;
}

base::Result<Opened> open_first(const Reference& reference, Transport& transport,
                                const Store& store, const PullOptions& options, const Stop& stop) {
  auto sources = options.sources;
  if (sources.empty()) sources.push_back({.reference = reference});
  std::string problems;
  for (const auto& source : sources) {
    auto opened = open_source(source, transport, store, options, stop);
    bool only = sources.size() == 1 && source.reference == reference;
    if (opened || only) return opened;
    problems += base::cat(problems.empty() ? "" : "; ", source.reference.text(), ": ",
                          opened.error().text());
  }
  return base::system_error(problems);
}

base::Result<std::vector<Wanted>> list_blobs(const Manifest& manifest) {
  if (!is_image_config(manifest.config.media_type))
    return base::unsupported("config ", manifest.config.digest.text(), ": media type ",
                             base::quote(manifest.config.media_type),
                             " is not an image configuration: this is no container image");
  if (manifest.config.size > kLargestDocument)
    return base::config_error("config ", manifest.config.digest.text(), ": has ",
                              manifest.config.size, " bytes, at most ", kLargestDocument,
                              " are read");
  std::vector<Wanted> out{{"config", manifest.config}};
  for (const auto& layer : manifest.layers) {
    TRY(layer_media(layer.media_type), "layer ", layer.digest.text());
    // Two layers may be the same blob.
    bool known = std::any_of(out.begin(), out.end(), [&](const Wanted& other) {
      return other.descriptor.digest == layer.digest;
    });
    if (!known) out.push_back({"layer", layer});
  }
  return out;
}

// Says what became of a blob, also when the function that fetches it is left early.
class Row {
 public:
  Row(Progress& progress, const Wanted& wanted)
      : progress_(progress), blob_(progress.begin(wanted.what, wanted.descriptor)) {}
  Row(const Row&) = delete;
  Row& operator=(const Row&) = delete;
  ~Row() { progress_.end(blob_, how_); }
  void end_as(Progress::End how) { how_ = how; }
  std::size_t blob() const { return blob_; }

 private:
  Progress& progress_;
  std::size_t blob_;
  Progress::End how_ = Progress::End::Failed;
};

}  // namespace

base::Status fetch_blob(Registry& registry, Transport& transport, const Store& store,
                        const Wanted& wanted, Progress& progress, Arrivals* arrivals) {
  Row row(progress, wanted);
  const auto& digest = wanted.descriptor.digest;
  bool there = TRY(store.blobs().has(wanted.descriptor));
  if (there) {
    if (arrivals) arrivals->arrived(digest);
    row.end_as(Progress::End::Present);
    return {};
  }
  auto writer = TRY(store.blobs().resume(wanted.descriptor));
  auto before = writer->size();
  // What is here from an earlier try may be wrong: it is read only when all of it is verified.
  bool read_meanwhile = arrivals && before == 0;
  if (read_meanwhile) TRY(arrivals->begin(digest, writer->file(), 0));
  Counting counting(*writer, progress, row.blob(), read_meanwhile ? arrivals : nullptr, digest);
  auto fetch = [&]() -> base::Status {
    TRY(registry.blob(transport, wanted.descriptor, counting, writer->size()));
    (void)TRY(writer->commit());
    return {};
  };
  if (before > 0) progress.advance(row.blob(), before);
  auto fetched = fetch();
  if (!fetched && before > 0 && fetched.error().kind() == base::Kind::Config) {
    TRY(writer->restart());
    fetched = fetch();
  }
  TRY(std::move(fetched));
  if (arrivals) arrivals->arrived(digest);
  row.end_as(Progress::End::Done);
  return {};
}

namespace {

// The image belongs together, and to the platform. Variants are not compared: configurations often
// leave them out.
base::Status check_config(const Store& store, const Manifest& manifest, const Platform& platform) {
  auto bytes = TRY(store.blobs().read(manifest.config, kLargestDocument));
  auto config = TRY(read_image_config(bytes));
  TRY(check_layers(manifest, config));
  if (config.platform.os != platform.os || config.platform.architecture != platform.architecture)
    return base::config_error("the image is for ", config.platform.text(), ", wanted ",
                              platform.text(), " (--platform asks for another)");
  return {};
}

// The work on the image that goes on beside the download.
base::Status work_meanwhile(const Store& store, const Reference& reference, const Found& found,
                            Arrivals& arrivals, const Meanwhile& meanwhile) {
  // Otherwise the download has failed, and says why.
  if (!arrivals.wait_for(found.manifest.config.digest)) return {};
  Image image{
      .reference = reference, .descriptor = found.known.descriptor, .manifest = found.manifest};
  auto bytes = TRY(store.blobs().read(found.manifest.config, kLargestDocument));
  image.config = TRY(read_image_config(bytes));
  return meanwhile(image, arrivals);
}

}  // namespace

base::Result<Descriptor> pull(const Store& store, const Reference& reference,
                              const PullOptions& options, Progress& progress,
                              const Meanwhile& meanwhile) {
  HttpLibrary library;
  Stop stop;
  Transport transport(options.registry.patience, stop);
  auto opened = TRY(open_first(reference, transport, store, options, stop));
  auto& registry = opened.registry;
  auto& found = opened.found;
  ImageSource source{reference, opened.source, *registry, transport};
  if (found.is_whole) return pull_whole(store, source, found.known, options, stop, progress);
  TRY(check_trust(options.trust, source, found.known.bytes), "manifest ",
      found.known.descriptor.digest.text());
  auto list = TRY(list_blobs(found.manifest));
  Arrivals arrivals(store.blobs(), found.manifest);
  auto fetch = [&](Transport& own, std::size_t i) -> base::Status {
    auto what = base::cat(list[i].what, " ", list[i].descriptor.digest.text());
    TRY(fetch_blob(*registry, own, store, list[i], progress, &arrivals), what);
    if (list[i].what == "config") TRY(check_config(store, found.manifest, options.platform), what);
    return {};
  };
  base::Status fetched;
  std::thread crew([&] {
    fetched =
        side_by_side(list.size(), options.side_by_side, options.registry.patience, stop, fetch);
    arrivals.close();
  });
  auto worked =
      meanwhile ? work_meanwhile(store, reference, found, arrivals, meanwhile) : base::Status();
  // Whoever failed first has the say: the other was only stopped.
  bool ours = !worked && !stop.is_set();
  if (!worked) stop.set();
  crew.join();
  if (ours) return std::move(worked).error();
  TRY(std::move(fetched));
  TRY(std::move(worked));

  auto writer = TRY(store.blobs().start(found.known.descriptor));
  TRY(writer->write(found.known.bytes));
  (void)TRY(writer->commit());
  auto descriptor = std::move(found.known.descriptor);
  descriptor.platform = options.platform;
  TRY(store.name(reference, descriptor));
  return descriptor;
}

}  // namespace image
