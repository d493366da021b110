#include "image/layout.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "fs/files.h"
#include "image/index_tree.h"
#include "image/media.h"
#include "sys/file.h"

namespace image {
namespace {

constexpr unsigned kFolderMode = 0700;  // images may hold secrets
constexpr unsigned kFileMode = 0644;
constexpr std::uint64_t kLargestIndex = 64 << 20;
constexpr const char* kHeaderFile = "oci-layout";
constexpr const char* kIndexFile = "index.json";
constexpr const char* kLockFile = "lock";

// spec: image-layout.md#oci-layout-file
base::Status check_header(std::string_view text) {
  auto json = TRY(base::parse_json(text));
  base::Place document(json);
  auto version = TRY(document.at("imageLayoutVersion"));
  auto word = TRY(version.string());
  if (!word.starts_with("1.")) return version.error("must be 1.0.0");
  return {};
}

// The file's text, or nothing where there is no such file.
base::Result<std::optional<std::string>> read_if_there(base::FdRef folder, const char* name) {
  auto text = fs::read_file(folder, name, kLargestIndex);
  if (text) return std::optional<std::string>(std::move(text).value());
  if (text.error().code() == ENOENT) return std::optional<std::string>();
  return std::move(text).error();
}

std::string empty_index() {
  return base::dump(write_index({.media_type = std::string(kOciIndex)})) + "\n";
}

// Two bundlers may find the folder empty at once: the files are made under the lock.
base::Status make_files(base::FdRef folder) {
  auto lock = TRY(fs::lock_file(folder, kLockFile));
  if (auto header = TRY(read_if_there(folder, kHeaderFile)))
    TRY(check_header(*header), kHeaderFile);
  else
    TRY(fs::replace_file(folder, kHeaderFile, "{\"imageLayoutVersion\":\"1.0.0\"}\n", kFileMode));
  auto index = TRY(read_if_there(folder, kIndexFile));
  if (!index) TRY(fs::replace_file(folder, kIndexFile, empty_index(), kFileMode));
  return {};
}

}  // namespace

base::Result<Store> Store::open(const std::string& folder) {
  Store out;
  out.folder_ = TRY(fs::make_dirs(folder, kFolderMode), "store ", folder);
  TRY(make_files(out.folder_), "store ", folder);
  out.blobs_ = TRY(Blobs::open(out.folder_), "store ", folder);
  return out;
}

base::Result<Index> Store::index() const {
  auto text = TRY(fs::read_file(folder_, kIndexFile, kLargestIndex), "store");
  return TRY(read_index(text), "store: ", kIndexFile);
}

base::Status Store::name(const Reference& reference, Descriptor descriptor) const {
  bool there = TRY(blobs_.has(descriptor));
  if (!there)
    return base::state_error("blob ", descriptor.digest.text(), " is missing in the store");
  auto text = reference.text();
  auto lock = TRY(fs::lock_file(folder_, kLockFile));
  auto all = TRY(index());
  std::erase_if(all.manifests,
                [&](const Descriptor& entry) { return entry.annotation(kRefName) == text; });
  descriptor.annotate(kRefName, text);
  all.manifests.push_back(std::move(descriptor));
  all.media_type = kOciIndex;
  return fs::replace_file(folder_, kIndexFile, base::dump(write_index(all), 2) + "\n", kFileMode);
}

base::Result<bool> Store::unname(const Reference& reference) const {
  auto text = reference.text();
  auto lock = TRY(fs::lock_file(folder_, kLockFile));
  auto all = TRY(index());
  auto had = std::erase_if(
      all.manifests, [&](const Descriptor& entry) { return entry.annotation(kRefName) == text; });
  if (had == 0) return false;
  TRY(fs::replace_file(folder_, kIndexFile, base::dump(write_index(all), 2) + "\n", kFileMode));
  return true;
}

base::Result<std::optional<Descriptor>> Store::find(const Reference& reference) const {
  auto text = reference.text();
  auto all = TRY(index());
  for (auto& entry : all.manifests)
    if (entry.annotation(kRefName) == text) return std::optional<Descriptor>(std::move(entry));
  if (!reference.digest) return std::optional<Descriptor>();
  for (auto& entry : all.manifests)
    if (entry.digest == *reference.digest &&
        entry.annotation(kRefName).starts_with(reference.name() + ":"))
      return std::optional<Descriptor>(std::move(entry));
  return std::optional<Descriptor>();
}

base::Result<Descriptor> Store::named(const Reference& reference) const {
  auto descriptor = TRY(find(reference));
  if (!descriptor)
    return base::state_error("no image ", reference.text(),
                             " in the store: pull or import it first");
  return *std::move(descriptor);
}

base::Result<Image> Store::image(const Reference& reference, const Platform& platform) const {
  auto descriptor = TRY(named(reference));
  return image(reference, descriptor, platform);
}

base::Result<Image> Store::image(const Reference& reference, const Descriptor& descriptor,
                                 const Platform& platform) const {
  Image out{.reference = reference};
  auto name = reference.text();
  out.descriptor = TRY(choose_image(descriptor, platform, read_from(*this)), "image ", name);
  auto manifest = TRY(blobs_.read(out.descriptor, kLargestDocument), "image ", name);
  out.manifest = TRY(read_manifest(manifest), "image ", name, ": manifest");
  auto config = TRY(blobs_.read(out.manifest.config, kLargestDocument), "image ", name);
  out.config = TRY(read_image_config(config), "image ", name, ": configuration");
  TRY(check_layers(out.manifest, out.config), "image ", name);
  return out;
}

}  // namespace image
