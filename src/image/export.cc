#include "image/export.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <vector>

#include "base/json.h"
#include "fs/files.h"
#include "image/compression.h"
#include "image/index_tree.h"
#include "image/media.h"
#include "image/stream.h"
#include "image/tar_write.h"
#include "sys/file.h"

namespace image {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

constexpr unsigned kFolderMode = 0755;
constexpr unsigned kFileMode = 0644;
constexpr std::string_view kLayoutFile = "{\"imageLayoutVersion\":\"1.0.0\"}\n";
// compat: containerd finds the whole name here.
constexpr std::string_view kContainerdName = "io.containerd.image.name";

// Content of a tar entry.
class EntryContent : public Sink {
 public:
  explicit EntryContent(TarWriter& to) : to_(to) {}
  Status write(std::string_view bytes) override { return to_.content(bytes); }

 private:
  TarWriter& to_;
};

Entry file_entry(std::string path, std::uint64_t size) {
  Entry out;
  out.path = std::move(path);
  out.mode = kFileMode;
  out.size = size;
  return out;
}

Entry folder_entry(std::string path) {
  Entry out;
  out.type = EntryType::Folder;
  out.path = std::move(path);
  out.mode = kFolderMode;
  return out;
}

Status add_text(TarWriter& tar, const std::string& path, std::string_view text) {
  TRY(tar.add(file_entry(path, text.size())));
  return tar.content(text);
}

std::string blob_path(const Digest& digest) {
  return base::cat("blobs/", algorithm_word(digest.algorithm), "/", digest.hex);
}

// All that the manifest or index leads to.
Result<std::vector<Descriptor>> blobs_of(const Store& store, const Descriptor& top) {
  auto tree = TRY(read_tree(top, read_from(store)));
  return tree.blobs();
}

Status copy_verified(const Store& store, const Descriptor& blob, Sink& to) {
  auto file = TRY(store.blobs().open_blob(blob));
  Verifier verifier(blob.digest, blob.size, &to);
  TRY(feed(file, verifier), "blob ", blob.digest.brief());
  TRY(verifier.finish(), "blob ", blob.digest.brief());
  return {};
}

// The image as an entry of a foreign layout's index.
Descriptor index_entry(const Reference& name, const Descriptor& top) {
  auto out = top;
  if (!name.tag.empty()) out.annotate(kRefName, name.tag);
  out.annotate(kContainerdName, name.text());
  return out;
}

// The same image again, or another of its whole name.
bool replaces(const Descriptor& entry, const Descriptor& other) {
  return other.annotation(kContainerdName) == entry.annotation(kContainerdName) ||
         (other.annotation(kContainerdName).empty() &&
          other.annotation(kRefName) == entry.annotation(kRefName));
}

Result<Index> index_of(FdRef layout) {
  auto text = fs::read_file(layout, "index.json", kLargestDocument);
  if (!text && text.error().code() == ENOENT) return Index();
  auto bytes = TRY(std::move(text));
  return TRY(read_index(bytes), "index.json");
}

Status put_blob(const Store& store, const Descriptor& blob, FdRef folder) {
  const auto& name = blob.digest.hex;
  auto there = sys::fstatat(folder, name, AT_SYMLINK_NOFOLLOW);
  if (there && static_cast<std::uint64_t>(there.value().st_size) == blob.size) return {};
  auto part = name + ".part";
  auto file = TRY(sys::openat(folder, part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, kFileMode));
  FileSink sink(file);
  auto copied = copy_verified(store, blob, sink);
  if (!copied) {
    (void)sys::unlinkat(folder, part);
    return copied;
  }
  TRY(sys::fsync(file));
  return sys::renameat2(folder, part, folder, name);
}

std::string docker_manifest(const Image& image) {
  auto entry = base::Json();
  entry.set("Config", image.manifest.config.digest.hex + ".json");
  auto tags = base::Json::array();
  if (!image.reference.tag.empty()) tags.push(image.reference.text());
  entry.set("RepoTags", std::move(tags));
  auto layers = base::Json::array();
  for (const auto& diff_id : image.config.diff_ids) layers.push(diff_id.hex + ".tar");
  entry.set("Layers", std::move(layers));
  auto all = base::Json::array();
  all.push(std::move(entry));
  return base::dump(all) + "\n";
}

// Its length stands in front of it, so it is decompressed twice; the first time is held against its
// diff id. spec: config.md#layer-diffid
Status add_plain_layer(const Store& store, const Descriptor& layer, const Digest& diff_id,
                       TarWriter& tar) {
  CountingSink counter;
  Decompressor counting(&counter);
  TRY(copy_verified(store, layer, counting));
  TRY(counting.finish());
  TRY(tar.add(file_entry(diff_id.hex + ".tar", counter.count())));
  EntryContent content(tar);
  Verifier verifier(diff_id, counter.count(), &content);
  Decompressor plain(&verifier);
  TRY(copy_verified(store, layer, plain));
  TRY(plain.finish());
  TRY(verifier.finish(), "layer ", layer.digest.brief());
  return {};
}

}  // namespace

Status export_to_layout(const Store& store, const Reference& name, const Descriptor& top,
                        const std::string& folder) {
  auto all = TRY(blobs_of(store, top));
  auto layout = TRY(fs::make_dirs(folder, kFolderMode));
  auto index = TRY(index_of(layout), folder);
  for (const auto& blob : all) {
    auto algorithm = std::string(algorithm_word(blob.digest.algorithm));
    auto blobs = TRY(fs::make_dirs(base::cat(folder, "/blobs/", algorithm), kFolderMode));
    TRY(put_blob(store, blob, blobs), folder);
  }
  auto entry = index_entry(name, top);
  std::erase_if(index.manifests, [&](const Descriptor& other) { return replaces(entry, other); });
  index.manifests.push_back(std::move(entry));
  index.media_type = kOciIndex;
  TRY(fs::replace_file(layout, "oci-layout", kLayoutFile, kFileMode), folder);
  TRY(fs::replace_file(layout, "index.json", base::dump(write_index(index)) + "\n", kFileMode),
      folder);
  return {};
}

Status export_oci_archive(const Store& store, const Reference& name, const Descriptor& top,
                          Sink& to) {
  auto all = TRY(blobs_of(store, top));
  TarWriter tar(&to);
  Index index{.media_type = std::string(kOciIndex), .manifests = {index_entry(name, top)}};
  TRY(add_text(tar, "oci-layout", kLayoutFile));
  TRY(add_text(tar, "index.json", base::dump(write_index(index)) + "\n"));
  TRY(tar.add(folder_entry("blobs/")));
  std::set<Algorithm> folders;
  for (const auto& blob : all)
    if (folders.insert(blob.digest.algorithm).second)
      TRY(tar.add(folder_entry(base::cat("blobs/", algorithm_word(blob.digest.algorithm), "/"))));
  for (const auto& blob : all) {
    TRY(tar.add(file_entry(blob_path(blob.digest), blob.size)));
    EntryContent content(tar);
    TRY(copy_verified(store, blob, content));
  }
  return tar.finish();
}

Status export_docker_archive(const Store& store, const Image& image, Sink& to) {
  TarWriter tar(&to);
  std::set<std::string> written;
  for (std::size_t i = 0; i < image.manifest.layers.size(); ++i) {
    const auto& diff_id = image.config.diff_ids[i];
    if (!written.insert(diff_id.hex).second) continue;
    TRY(add_plain_layer(store, image.manifest.layers[i], diff_id, tar));
  }
  const auto& config = image.manifest.config;
  TRY(tar.add(file_entry(config.digest.hex + ".json", config.size)));
  EntryContent content(tar);
  TRY(copy_verified(store, config, content));
  TRY(add_text(tar, "manifest.json", docker_manifest(image)));
  return tar.finish();
}

}  // namespace image
