#include "image/import_archive.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>

#include "base/json.h"
#include "image/archive.h"
#include "image/compression.h"
#include "image/import_layout.h"
#include "image/media.h"
#include "image/stream.h"
#include "sys/file.h"

namespace image {
namespace {

using base::FdRef;
using base::Result;
using base::Status;

constexpr std::size_t kMostEntries = 10000;

// "./a/b" → "a/b"
std::string plain_path(std::string_view path) {
  while (path.starts_with("./") || path.starts_with("/"))
    path.remove_prefix(path[0] == '/' ? 1 : 2);
  return std::string(path);
}

bool is_document(std::string_view path) {
  return path == "index.json" || path == "oci-layout" || path == "manifest.json";
}

bool is_digest_name(std::string_view path) {
  auto first = path.substr(0, path.find_first_of("/."));
  return first.size() == 64 && first.find_first_not_of("0123456789abcdef") == first.npos;
}

// Looks until an entry tells what the archive is.
class Telling : public EntrySink {
 public:
  Status begin(const Entry& entry) override {
    auto path = plain_path(entry.path);
    auto first = path.substr(0, path.find('/'));
    bool root = first == "bin" || first == "etc" || first == "usr" || first == "sbin";
    bool packed = is_document(path) || is_digest_name(path) || path.starts_with("blobs/sha");
    if (!root && !packed) return {};
    packed_ = packed;
    return base::state_error("decided");
  }
  Status content(std::uint64_t, std::string_view) override { return {}; }
  Status end() override { return {}; }
  std::optional<bool> packed() const { return packed_; }

 private:
  std::optional<bool> packed_{};
};

// "blobs/sha256/HEX" → the digest.
std::optional<Digest> digest_in(const std::string& path) {
  constexpr std::string_view kBlobs = "blobs/";
  if (!path.starts_with(kBlobs)) return std::nullopt;
  auto slash = path.find('/', kBlobs.size());
  if (slash == path.npos) return std::nullopt;
  auto digest = parse_digest(path.substr(kBlobs.size(), slash - kBlobs.size()) + ":" +
                             path.substr(slash + 1));
  if (!digest) return std::nullopt;
  return std::move(digest).value();
}

// Takes the archive apart: documents are kept as text, every other file becomes a blob.
class Unpacked : public EntrySink {
 public:
  explicit Unpacked(const Blobs& blobs) : blobs_(blobs) {}

  Status begin(const Entry& entry) override {
    path_ = plain_path(entry.path);
    if (++entries_ > kMostEntries)
      return base::config_error("more than ", kMostEntries, " entries: this is no packed image");
    if (entry.type == EntryType::Symlink || entry.type == EntryType::HardLink) {
      links_[path_] = target(entry);
      return {};
    }
    if (entry.type != EntryType::File) return {};
    if (is_document(path_)) {
      if (entry.size > kLargestDocument)
        return base::config_error(path_, " has ", entry.size, " bytes, at most ", kLargestDocument,
                                  " are read");
      text_ = &documents_[path_];
      text_->clear();
      return {};
    }
    return begin_blob(entry);
  }

  Status content(std::uint64_t offset, std::string_view bytes) override {
    if (text_) {
      *text_ += bytes;
    } else if (writer_) {
      if (offset != writer_->size())
        return base::unsupported(base::quote(path_), ": is stored as a sparse file");
      TRY(writer_->write(bytes), base::quote(path_));
    }
    return {};
  }

  Status end() override {
    text_ = nullptr;
    if (!writer_) return {};
    Descriptor blob{.size = writer_->size()};
    blob.digest = TRY(writer_->commit(), base::quote(path_));
    if (writer_->is_new()) new_.push_back(blob.digest);
    files_[path_] = std::move(blob);
    writer_.reset();
    return {};
  }

  // The blob that this file became; links are followed.
  Result<Descriptor> file(std::string path) const {
    constexpr int kMostLinks = 8;
    path = plain_path(path);
    for (int i = 0; i < kMostLinks; ++i) {
      if (auto found = files_.find(path); found != files_.end()) return found->second;
      auto link = links_.find(path);
      if (link == links_.end()) break;
      path = link->second;
    }
    return base::config_error("the archive has no file ", base::quote(path));
  }

  // What came with this archive and belongs to none of these goes again, unless another bundler is
  // at work, which may have found it here and build upon it: then it waits for prune.
  void drop_all_but(const std::vector<Descriptor>& kept) const {
    auto alone = blobs_.try_hold_alone();
    if (!alone || !alone.value()) return;
    for (const auto& digest : new_) {
      bool wanted = std::any_of(kept.begin(), kept.end(),
                                [&](const Descriptor& blob) { return blob.digest == digest; });
      if (!wanted) (void)blobs_.remove(digest);
    }
    blobs_.release();
  }

  // A document, or nothing.
  const std::string* document(const std::string& name) const {
    auto found = documents_.find(name);
    return found == documents_.end() ? nullptr : &found->second;
  }

 private:
  Status begin_blob(const Entry& entry) {
    auto digest = digest_in(path_);
    // What else there is (VERSION, repositories, json) only old programs read.
    if (!digest && !path_.ends_with(".tar") && !path_.ends_with(".json")) return {};
    if (!digest) {
      writer_ = TRY(blobs_.start());
      return {};
    }
    Descriptor promised{.digest = *digest, .size = entry.size};
    if (TRY(blobs_.has(promised))) {
      files_[path_] = std::move(promised);
      return {};
    }
    writer_ = TRY(blobs_.start(std::move(promised)));
    return {};
  }

  // Of a symbolic link as seen from its folder; of a hard link as it stands.
  std::string target(const Entry& entry) const {
    if (entry.type == EntryType::HardLink) return plain_path(entry.link);
    std::vector<std::string_view> parts = base::split(path_, '/');
    if (!parts.empty()) parts.pop_back();
    for (auto part : base::split(entry.link, '/')) {
      if (part == ".." && !parts.empty()) parts.pop_back();
      if (part != ".." && part != "." && !part.empty()) parts.push_back(part);
    }
    std::string out;
    for (auto part : parts) out += base::cat(out.empty() ? "" : "/", part);
    return out;
  }

  const Blobs& blobs_;
  std::string path_{};
  std::size_t entries_ = 0;
  std::string* text_ = nullptr;
  std::unique_ptr<BlobWriter> writer_{};
  std::map<std::string, std::string> documents_{};
  std::map<std::string, std::string> links_{};
  std::map<std::string, Descriptor> files_{};
  std::vector<Digest> new_{};
};

Result<Descriptor> oci_image(const Store& store, const std::string& text, const std::string& name,
                             const std::optional<Platform>& platform) {
  auto index = TRY(read_index(text), "index.json");
  auto read = read_from(store);
  auto top = TRY(find_in_index(index, name, platform, read, put_index_into(store)));
  auto tree = TRY(read_tree(top, read));
  top.platform = TRY(check_tree(tree, read));
  for (const auto& blob : tree.blobs()) {
    bool there = TRY(store.blobs().has(blob));
    if (!there)
      return base::config_error("blob ", blob.digest.brief(), " is missing in the archive");
  }
  return top;
}

// A layer as the archive has it, plain or compressed: its media type by its first bytes.
Result<Descriptor> layer_descriptor(const Store& store, Descriptor blob, const Digest& diff_id) {
  auto file = TRY(store.blobs().open_blob(blob));
  std::array<char, 4> first{};
  auto n = TRY(sys::pread(file, first, 0));
  auto compression = detect({first.data(), n});
  if (compression == Compression::None && blob.digest != diff_id)
    return base::config_error("layer ", blob.digest.brief(), " is not the ", diff_id.brief(),
                              " that the configuration names");
  blob.media_type = compression == Compression::Zstd   ? kOciLayerZstd
                    : compression == Compression::Gzip ? kOciLayerGzip
                                                       : kOciLayer;
  return blob;
}

// compat: docker save: [{"Config": PATH, "RepoTags": [NAME…], "Layers": [PATH…]}, …]
Result<base::Place> entry_called(const base::Place& document, const std::string& name) {
  auto entries = TRY(document.items());
  std::string names;
  for (const auto& entry : entries) {
    for (const auto& tag : TRY(entry.opt_strings("RepoTags"))) {
      if (tag == name || tag.ends_with("/" + name)) return entry;
      names += base::cat(names.empty() ? "" : ", ", base::quote(tag));
    }
  }
  if (name.empty() && entries.size() == 1) return entries.front();
  if (name.empty())
    return base::usage_error("the archive has ", entries.size(), " images, say which: ", names);
  return base::usage_error("the archive has no image ", base::quote(name),
                           "; it has: ", names.empty() ? "none" : names);
}

Result<Descriptor> docker_image(const Store& store, const Unpacked& files, const std::string& text,
                                const std::string& name) {
  auto json = TRY(base::parse_json(text), "manifest.json");
  auto entry = TRY(entry_called(base::Place(json), name), "manifest.json");
  auto config_path = TRY(entry.string_or("Config", ""), "manifest.json");
  Manifest manifest{.media_type = std::string(kOciManifest)};
  manifest.config = TRY(files.file(config_path));
  manifest.config.media_type = kOciConfig;
  auto bytes = TRY(store.blobs().read(manifest.config, kLargestDocument));
  auto config = TRY(read_image_config(bytes), config_path);
  auto layers = TRY(entry.opt_strings("Layers"), "manifest.json");
  if (layers.size() != config.diff_ids.size())
    return base::config_error("manifest.json: ", layers.size(), " layers, the configuration has ",
                              config.diff_ids.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    auto blob = TRY(files.file(layers[i]));
    auto layer = TRY(layer_descriptor(store, std::move(blob), config.diff_ids[i]));
    manifest.layers.push_back(std::move(layer));
  }
  auto out = TRY(store.blobs().put(base::dump(write_manifest(manifest)), kOciManifest));
  out.platform = config.platform;
  return out;
}

// The image of an archive that has been taken apart.
Result<Descriptor> image_of(const Store& store, const Unpacked& files, const std::string& name,
                            const std::optional<Platform>& platform, const AcceptArchive& accept) {
  auto index = files.document("index.json");
  if (index && files.document("oci-layout")) {
    TRY(accept("oci-archive"));
    return oci_image(store, *index, name, platform);
  }
  if (auto manifest = files.document("manifest.json")) {
    TRY(accept("docker-archive"));
    return docker_image(store, files, *manifest, name);
  }
  return base::config_error("this archive holds parts of an image, but neither index.json nor ",
                            "manifest.json");
}

Status take_apart(FdRef archive, GrowthLimit growth, Unpacked& files) {
  ArchiveReader reader(&files);
  Decompressor plain(&reader, growth);
  TRY(feed(archive, plain));
  TRY(plain.finish());
  return reader.finish();
}

Result<std::vector<Descriptor>> parts_of(const Store& store, const Descriptor& image) {
  auto tree = TRY(read_tree(image, read_from(store)));
  return tree.blobs();
}

}  // namespace

Result<bool> holds_packed_image(FdRef archive, GrowthLimit growth) {
  Telling telling;
  ArchiveReader reader(&telling);
  Decompressor plain(&reader, growth);
  auto fed = feed(archive, plain);
  if (telling.packed()) return *telling.packed();
  TRY(std::move(fed));
  return false;
}

Result<Descriptor> copy_from_archive(const Store& store, FdRef archive, const std::string& name,
                                     const std::optional<Platform>& platform,
                                     const AcceptArchive& accept, GrowthLimit growth) {
  Unpacked files(store.blobs());
  auto whole = [&]() -> Result<Descriptor> {
    TRY(take_apart(archive, growth, files));
    return image_of(store, files, name, platform, accept);
  }();
  std::vector<Descriptor> kept;
  if (whole) kept = TRY(parts_of(store, whole.value()));
  files.drop_all_but(kept);
  return whole;
}

}  // namespace image
