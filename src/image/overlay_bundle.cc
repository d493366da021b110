#include "image/overlay_bundle.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/json.h"
#include "fs/files.h"
#include "fs/tree.h"
#include "image/bundle.h"
#include "image/layer_sink.h"
#include "image/overlay.h"
#include "sys/file.h"
#include "sys/identity.h"
#include "sys/mount.h"

namespace image {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

constexpr unsigned kFolderMode = 0755;
constexpr unsigned kPrivateMode = 0700;
constexpr const char* kRecord = "image.json";
constexpr std::uint64_t kLargestRecord = 1U << 20;
constexpr int kReadFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

std::string write_record(const BundleRecord& record) {
  auto json = base::Json::object();
  json.set("store", record.store);
  json.set("image", record.image);
  json.set("manifest", write_descriptor(record.manifest));
  json.set("layers", base::Json(record.layers));
  json.set("workdir", record.workdir);
  return base::dump(json, 2) + "\n";
}

Result<BundleRecord> read_record(FdRef bundle) {
  auto text = TRY(fs::read_file(bundle, kRecord, kLargestRecord));
  auto json = TRY(base::parse_json(text), kRecord);
  base::Place document(json);
  BundleRecord out;
  auto place = TRY(document.at("store"), kRecord);
  out.store = TRY(place.string(), kRecord);
  place = TRY(document.at("image"), kRecord);
  out.image = TRY(place.string(), kRecord);
  place = TRY(document.at("manifest"), kRecord);
  out.manifest = TRY(read_descriptor(place), kRecord);
  place = TRY(document.at("layers"), kRecord);
  out.layers = TRY(place.strings(), kRecord);
  place = TRY(document.at("workdir"), kRecord);
  out.workdir = TRY(place.string(), kRecord);
  for (const auto& name : out.layers)
    if (name.empty() || name.find('/') != std::string::npos || name.starts_with('.'))
      return base::config_error(kRecord, ": layers: ", base::quote(name), " is no layer's name");
  return out;
}

// bundles/ of the store has a link to each bundle, named by the digest of the bundle's path.
Result<Fd> links_of(const Store& store) {
  auto made = sys::mkdirat(store.folder(), "bundles", kPrivateMode);
  if (!made && made.error().code() != EEXIST) return std::move(made).error();
  return sys::openat(store.folder(), "bundles", kReadFolder);
}

Status enlist(const Store& store, const std::string& path) {
  auto links = TRY(links_of(store));
  auto name = TRY(digest_of(path));
  auto made = sys::symlinkat(path, links, name.hex);
  if (!made && made.error().code() != EEXIST) return made;
  return {};
}

Status strike(const Store& store, const std::string& path) {
  auto links = TRY(links_of(store));
  auto name = TRY(digest_of(path));
  auto gone = sys::unlinkat(links, name.hex);
  if (!gone && gone.error().code() != ENOENT) return gone;
  return {};
}

// Who may not mount learns it before anything is fetched or made.
Status may_mount() {
  auto context = sys::fsopen("overlay");
  if (context || context.error().code() != EPERM) return {};
  return base::unsupported(
      "an ordinary user cannot mount an overlay: `bundler unpack` makes a bundle without one, "
      "or run bundler in a user namespace of your own (unshare -rm)");
}

// All of the bundle but the mount.
Status fill(FdRef folder, const Image& image, const Layers& layers, BundleRecord& record,
            const CreateOptions& options) {
  TRY(sys::mkdirat(folder, "rootfs", kFolderMode));
  TRY(sys::mkdirat(folder, "upper", kFolderMode));
  TRY(sys::mkdirat(folder, "work", kPrivateMode));
  auto lowers = TRY(layers.folders(record.layers));
  auto view = TRY(overlay_view(lowers));
  auto upper = TRY(sys::openat(folder, "upper", kReadFolder));
  TRY(fs::copy_rights_and_times(view, upper));
  record.workdir =
      TRY(write_bundle_config(folder, view, image.config, options.convert, options.adjust));
  return fs::replace_file(folder, kRecord, write_record(record), 0644, fs::Lasting::Run);
}

}  // namespace

Result<std::vector<std::string>> create_bundle(const Store& store, const Image& image,
                                               LayerBytes& bytes, const std::string& bundle,
                                               const CreateOptions& options) {
  TRY(may_mount());
  NoUmask no_umask;
  auto unfinished = TRY(Unfinished::start(bundle));
  auto extract = options.extract;
  bool one_id = TRY(maps_one_id());
  extract.rootless |= one_id || sys::geteuid() != 0;
  extract.note_owners = one_id;
  ExtractTotals totals;
  auto layers = TRY(Layers::open(store.folder()));
  BundleRecord record{.image = image.reference.text(), .manifest = image.descriptor};
  record.store = TRY(fs::path_of(store.folder()));
  record.layers =
      TRY(layers.provide(image.manifest, image.config, bytes, extract, options.at_once, &totals));
  TRY(fill(unfinished->folder(), image, layers, record, options));
  auto path = unfinished->path();
  TRY(enlist(store, path));
  TRY(unfinished->keep(), "bundle ", base::quote(bundle));
  auto made = TRY(OverlayBundle::open(path));
  auto mounted = options.mount ? made.mount(store) : Status();
  if (!mounted) {
    (void)made.remove(store);
    return std::move(mounted).error();
  }
  return totals.notes();
}

Result<OverlayBundle> OverlayBundle::open(const std::string& bundle) {
  OverlayBundle out;
  out.folder_ = TRY(sys::openat(FdRef::cwd(), bundle, O_RDONLY | O_DIRECTORY), "bundle ",
                    base::quote(bundle));
  auto record = read_record(out.folder_);
  if (!record && record.error().code() == ENOENT)
    return base::state_error("bundle ", base::quote(bundle), " was not made by `bundler create`");
  out.record_ = TRY(std::move(record), "bundle ", base::quote(bundle));
  out.path_ = TRY(fs::path_of(out.folder_));
  return out;
}

Result<bool> OverlayBundle::mounted() const {
  auto root = TRY(sys::openat(folder_, "rootfs", O_PATH | O_DIRECTORY | O_NOFOLLOW));
  auto inside = TRY(sys::mount_id(root, "", AT_EMPTY_PATH));
  auto outside = TRY(sys::mount_id(folder_, "", AT_EMPTY_PATH));
  return inside != outside;
}

Status OverlayBundle::mount(const Store& store, Changes changes) const {
  TRY(sys::flock(folder_, LOCK_EX));
  bool there = TRY(mounted());
  if (there) return {};
  auto layers = TRY(Layers::open(store.folder()));
  auto lowers = TRY(layers.folders(record_.layers));
  auto upper = TRY(sys::openat(folder_, "upper", kReadFolder));
  auto work = TRY(sys::openat(folder_, "work", kReadFolder));
  // The mark of an earlier mount whose changes were to pass: the kernel would refuse it.
  TRY(fs::remove_tree(work, "work"));
  const OverlayUpper above{upper, work, changes == Changes::Last};
  auto mount = TRY(mount_overlay(lowers, &above), "mount the root file system");
  auto root = TRY(sys::openat(mount, ".", kReadFolder));
  TRY(make_working_folder(root, record_.workdir));
  auto place = TRY(sys::openat(folder_, "rootfs", O_PATH | O_DIRECTORY | O_NOFOLLOW));
  TRY(sys::move_mount(mount, place));
  // A bundle that was moved, or that prune took for lost, is known again.
  TRY(enlist(store, path_));
  return sys::flock(folder_, LOCK_UN);
}

Status OverlayBundle::unmount() const {
  bool there = TRY(mounted());
  if (!there) return {};
  auto done = sys::umount(path_ + "/rootfs", UMOUNT_NOFOLLOW);
  if (!done && done.error().code() == EBUSY)
    return base::Error(base::Kind::State, EBUSY, "its root file system is in use");
  return done;
}

Status OverlayBundle::remove(const Store& store) {
  TRY(unmount());
  auto slash = path_.rfind('/');
  auto above =
      TRY(sys::openat(FdRef::cwd(), slash == 0 ? "/" : path_.substr(0, slash), kReadFolder));
  folder_.close();
  TRY(fs::remove_tree(above, path_.substr(slash + 1)));
  return strike(store, path_);
}

Result<std::vector<Change>> OverlayBundle::changes(const Store& store) const {
  auto attributes = TRY(overlay_attributes());
  auto layers = TRY(Layers::open(store.folder()));
  auto lowers = TRY(layers.folders(record_.layers));
  auto below = TRY(overlay_view(lowers));
  auto changed = TRY(upper());
  return overlay_changes(changed, below, attributes);
}

Result<Fd> OverlayBundle::upper() const { return sys::openat(folder_, "upper", kReadFolder); }

Result<std::vector<BundleRecord>> bundles_of(const Store& store) {
  std::vector<BundleRecord> out;
  auto links = TRY(links_of(store));
  for (const auto& entry : TRY(fs::list_dir(links))) {
    auto path = TRY(sys::readlinkat(links, entry.name));
    auto folder = sys::openat(FdRef::cwd(), path, kReadFolder);
    auto record = folder ? read_record(folder.value()) : std::move(folder).error();
    if (record) {
      out.push_back(std::move(record).value());
      continue;
    }
    int code = record.error().code();
    if (code != ENOENT && code != ENOTDIR) return std::move(record).error().in(path);
    TRY(sys::unlinkat(links, entry.name));
  }
  return out;
}

}  // namespace image
