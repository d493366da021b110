#include "image/import_layout.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/json.h"
#include "fs/files.h"
#include "fs/root.h"
#include "image/media.h"
#include "image/stream.h"
#include "sys/file.h"

namespace image {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

Status check_version(FdRef layout) {
  auto text = TRY(fs::read_file(layout, "oci-layout", kLargestDocument));
  auto json = TRY(base::parse_json(text), "oci-layout");
  auto version = TRY(base::Place(json).at("imageLayoutVersion"), "oci-layout");
  auto word = TRY(version.string(), "oci-layout");
  if (!word.starts_with("1."))
    return base::unsupported("oci-layout: version ", base::quote(word), " is not known");
  return {};
}

Result<Fd> open_blob(FdRef layout, const Descriptor& descriptor) {
  auto path =
      base::cat("blobs/", algorithm_word(descriptor.digest.algorithm), "/", descriptor.digest.hex);
  auto file = TRY(fs::open_in(layout, path, O_RDONLY | O_NONBLOCK));
  auto st = TRY(sys::fstat(file));
  if (!S_ISREG(st.st_mode)) return base::config_error(base::quote(path), " is no regular file");
  return file;
}

Result<std::string> read_blob(FdRef layout, const Descriptor& descriptor) {
  if (descriptor.size > kLargestDocument)
    return base::config_error("document ", descriptor.digest.text(), " has ", descriptor.size,
                              " bytes, at most ", kLargestDocument, " are read");
  auto file = TRY(open_blob(layout, descriptor));
  auto bytes = TRY(fs::read_all(file, kLargestDocument));
  Verifier verifier(descriptor.digest, descriptor.size, nullptr);
  TRY(verifier.write(bytes), "blob ", descriptor.digest.text());
  TRY(verifier.finish(), "blob ", descriptor.digest.text());
  return bytes;
}

Status copy_blob(const Blobs& blobs, FdRef layout, const Descriptor& descriptor) {
  if (TRY(blobs.has(descriptor))) return {};
  auto file = TRY(open_blob(layout, descriptor));
  auto writer = TRY(blobs.start(descriptor));
  TRY(feed(file, *writer));
  (void)TRY(writer->commit());
  return {};
}

// "a/b:v1" for the name "v1" too: layouts hold either.
bool is_called(const Descriptor& descriptor, const std::string& name) {
  auto known = descriptor.annotation(kRefName);
  return known == name || known.ends_with(":" + name);
}

std::string names_in(const Index& index) {
  std::string out;
  for (const auto& descriptor : index.manifests) {
    auto name = descriptor.annotation(kRefName);
    if (!name.empty()) out += base::cat(out.empty() ? "" : ", ", base::quote(name));
  }
  return out.empty() ? "none" : out;
}

// Several entries of one name, or without a name, may be the platforms of one image.
Result<std::vector<Descriptor>> entries_for(const Index& index, const std::string& name) {
  std::vector<Descriptor> out;
  for (const auto& descriptor : index.manifests)
    if (name.empty() || is_called(descriptor, name)) out.push_back(descriptor);
  if (out.empty())
    return base::usage_error("the layout has no image ", base::quote(name),
                             "; it has: ", names_in(index));
  auto first = out[0].annotation(kRefName);
  bool one_name = std::all_of(out.begin(), out.end(),
                              [&](const auto& d) { return d.annotation(kRefName) == first; });
  if (!one_name)
    return base::usage_error("the layout has several images, say which: ", names_in(index));
  return out;
}

// Without what only the other layout's index says of it.
Descriptor bare(const Descriptor& descriptor) {
  return {.media_type = descriptor.media_type,
          .digest = descriptor.digest,
          .size = descriptor.size,
          .platform = descriptor.platform};
}

}  // namespace

PutDocument put_index_into(const Store& store) {
  return [&store](const std::string& bytes) { return store.blobs().put(bytes, kOciIndex); };
}

Result<Descriptor> find_in_index(const Index& index, const std::string& name,
                                 const std::optional<Platform>& platform, const ReadDocument& read,
                                 const PutDocument& put) {
  auto entries = TRY(entries_for(index, name));
  if (platform) {
    auto one = entries[0];
    if (entries.size() > 1) one = TRY(choose({.manifests = std::move(entries)}, *platform));
    return choose_image(bare(one), *platform, read);
  }
  if (entries.size() == 1) return bare(entries[0]);
  Index whole{.media_type = std::string(kOciIndex)};
  for (const auto& entry : entries) whole.manifests.push_back(bare(entry));
  return put(base::dump(write_index(whole)));
}

Result<Descriptor> copy_from_layout(const Store& store, FdRef layout, const std::string& name,
                                    const std::optional<Platform>& platform) {
  TRY(check_version(layout));
  auto text = TRY(fs::read_file(layout, "index.json", kLargestDocument));
  auto index = TRY(read_index(text), "index.json");
  std::string made;
  auto put = [&](const std::string& bytes) {
    made = bytes;
    return put_index_into(store)(bytes);
  };
  auto found = Result<Descriptor>(Descriptor());
  auto read = [&](const Descriptor& blob) -> Result<std::string> {
    // The index that was made of several entries is in the store alone.
    if (!made.empty() && blob.digest == found.value().digest) return made;
    return read_blob(layout, blob);
  };
  found = find_in_index(index, name, platform, read, put);
  auto top = TRY(found);
  auto tree = TRY(read_tree(top, read));
  top.platform = TRY(check_tree(tree, read));
  for (const auto& blob : tree.blobs()) {
    if (!made.empty() && blob.digest == top.digest) continue;
    TRY(copy_blob(store.blobs(), layout, blob), "blob ", blob.digest.brief());
  }
  return top;
}

}  // namespace image
