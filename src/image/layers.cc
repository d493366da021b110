#include "image/layers.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/kernel.h"
#include "fs/tree.h"
#include "image/layer_sink.h"
#include "image/media.h"
#include "sys/file.h"
#include "sys/process.h"

namespace image {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

constexpr unsigned kFolderMode = 0755;
constexpr unsigned kPrivateMode = 0700;
constexpr std::string_view kNew = "new-";
constexpr int kReadFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

Result<Fd> make_folder(FdRef above, const std::string& name, unsigned mode) {
  TRY(sys::mkdirat(above, name, mode));
  return sys::openat(above, name, kReadFolder);
}

// One layer while it is made: new-…/diff, locked, and removed unless it gets its name.
class NewLayer {
 public:
  NewLayer(FdRef layers, std::string name) : layers_(layers), name_(std::move(name)) {}
  NewLayer(const NewLayer&) = delete;
  NewLayer& operator=(const NewLayer&) = delete;
  ~NewLayer() {
    diff_.close();
    if (folder_) (void)fs::remove_tree(layers_, name_);
  }

  Status make() {
    folder_ = TRY(make_folder(layers_, name_, kPrivateMode));
    TRY(sys::flock(folder_, LOCK_EX | LOCK_NB));
    diff_ = TRY(make_folder(folder_, "diff", kFolderMode));
    return {};
  }
  // Empty again.
  Status clear() {
    diff_.close();
    TRY(fs::remove_tree(folder_, "diff"));
    diff_ = TRY(make_folder(folder_, "diff", kFolderMode));
    return {};
  }
  FdRef diff() const { return diff_; }
  Result<Fd> work() const { return make_folder(folder_, "work", kPrivateMode); }
  // Another bundler may have been faster: then this one goes.
  Status keep(const std::string& name) {
    auto renamed = sys::renameat2(folder_, "diff", layers_, name, RENAME_NOREPLACE);
    if (!renamed && renamed.error().code() != EEXIST) return renamed;
    return {};
  }

 private:
  FdRef layers_;
  std::string name_;
  Fd folder_{};
  Fd diff_{};
};

struct Item {
  LayerKeys keys{};
  std::string name{};  // once it has its folder
  std::unique_ptr<NewLayer> made{};
  // How it came out when it was extracted on its own.
  bool stands_alone = false;
  bool has_root = false;
  bool needs_lower = false;
  std::vector<std::string> implied{};
};

// What all layers of one call need.
struct Task {
  FdRef layers;
  const Manifest& manifest;
  const ImageConfig& config;
  LayerBytes& bytes;
  const ExtractOptions& options;
  ExtractTotals* totals;
};

std::string label(const Task& task, std::size_t i) {
  return base::cat("layer ", i + 1, " (", task.manifest.layers[i].digest.brief(), ")");
}

// Stops the reading of a layer that has to be read again anyway.
class WhileAlone : public Sink {
 public:
  explicit WhileAlone(LayerSink& to) : to_(to) {}
  Status write(std::string_view bytes) override {
    TRY(to_.write(bytes));
    if (to_.extractor().needs_lower()) return base::state_error("needs the layers below");
    return {};
  }

 private:
  LayerSink& to_;
};

Status extract_alone(const Task& task, std::size_t i, Item& item) {
  (void)TRY(layer_media(task.manifest.layers[i].media_type));
  TRY(item.made->make());
  auto onto = i == 0 ? Onto::Nothing : Onto::Overlay;
  LayerSink sink(task.manifest.layers[i], task.config.diff_ids[i], item.made->diff(), onto,
                 task.options, task.totals);
  WhileAlone alone(sink);
  auto fed = task.bytes.feed(i, alone);
  if (fed) fed = sink.finish();
  item.stands_alone = sink.extractor().stands_alone();
  item.has_root = sink.extractor().has_root();
  item.needs_lower = sink.extractor().needs_lower();
  item.implied = sink.extractor().implied();
  return item.needs_lower ? Status() : std::move(fed);
}

// Over a mount of what is below, overlayfs itself keeps what this layer changes.
Status extract_over(const Task& task, std::size_t i, Item& item, const std::vector<Fd>& lowers) {
  TRY(item.made->clear());
  TRY(fs::copy_rights_and_times(lowers.back(), item.made->diff()));
  auto work = TRY(item.made->work());
  const OverlayUpper upper{item.made->diff(), work, false};
  auto mount = TRY(mount_overlay(lowers, &upper));
  auto root = TRY(sys::openat(mount, ".", kReadFolder));
  LayerSink sink(task.manifest.layers[i], task.config.diff_ids[i], root, Onto::Layers, task.options,
                 task.totals);
  TRY(task.bytes.feed(i, sink));
  return sink.finish();
}

// What a layer says nothing of stays as it is below: parents without an entry, and the root of its
// own folder. False when one of the parents is no folder there, but a link, say.
Result<bool> inherit(const std::vector<Fd>& lowers, const Item& item) {
  if (item.has_root && item.implied.empty()) return true;
  auto view = TRY(overlay_view(lowers));
  for (const auto& path : item.implied) {
    auto below = sys::openat2(view, path, kReadFolder, 0,
                              base::kernel::kResolveBeneath | base::kernel::kResolveNoSymlinks);
    // Then it is new, as it was made.
    if (!below && below.error().code() == ENOENT) continue;
    if (!below && (below.error().code() == ELOOP || below.error().code() == ENOTDIR)) return false;
    auto from = TRY(std::move(below));
    auto to = TRY(sys::openat(item.made->diff(), path, kReadFolder));
    // Overlayfs itself copies what there is besides: lists of rights, say.
    for (const auto& name : TRY(sys::flistxattr(from)))
      if (!name.starts_with("trusted.overlay.") && !name.starts_with("user.overlay.")) return false;
    TRY(fs::copy_rights_and_times(from, to));
  }
  if (!item.has_root) TRY(fs::copy_rights_and_times(view, item.made->diff()));
  return true;
}

// A layer that was extracted on its own gets what it takes from below, and its name.
Status complete(const Task& task, std::size_t i, Item& item, const std::vector<Fd>& lowers) {
  if (i > 0 && !item.needs_lower) item.needs_lower = !TRY(inherit(lowers, item));
  if (item.needs_lower) TRY(extract_over(task, i, item, lowers));
  item.name = item.stands_alone ? item.keys.alone : item.keys.chain;
  TRY(item.made->keep(item.name));
  item.made.reset();
  return {};
}

// Runs the errand for each item that has no folder yet; the first error ends it.
Status extract_side_by_side(const Task& task, std::vector<Item>& items, unsigned at_once) {
  // The largest first: else it may be the last, and alone.
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < items.size(); ++i)
    if (items[i].made) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return task.manifest.layers[a].size > task.manifest.layers[b].size;
  });
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  Status result;
  auto work = [&] {
    for (auto n = next++; n < order.size() && !failed; n = next++) {
      auto i = order[n];
      auto done = extract_alone(task, i, items[i]);
      if (done) continue;
      std::lock_guard hold(mutex);
      if (!failed.exchange(true)) result = std::move(done).error().in(label(task, i));
    }
  };
  std::vector<std::thread> others;
  auto count = std::min<std::size_t>(std::max(at_once, 1U), order.size());
  for (std::size_t i = 1; i < count; ++i) others.emplace_back(work);
  work();
  for (auto& other : others) other.join();
  return result;
}

LayerKind kind_of(const ExtractOptions& options) {
  if (options.overlay_attributes == OverlayAttributes::Trusted) return LayerKind::Root;
  return options.rootless ? LayerKind::SingleId : LayerKind::User;
}

}  // namespace

std::vector<LayerKeys> layer_keys(const std::vector<Digest>& diff_ids, LayerKind kind) {
  std::string_view end = kind == LayerKind::Root   ? ""
                         : kind == LayerKind::User ? "-user"
                                                   : "-single";
  std::vector<LayerKeys> out;
  std::string chain;
  for (const auto& diff_id : diff_ids) {
    if (chain.empty()) {
      chain = diff_id.text();
    } else {
      Hasher hasher(Algorithm::Sha256);
      hasher.add(base::cat(chain, " ", diff_id.text()));
      auto digest = hasher.finish();
      if (digest) chain = digest.value().text();
    }
    auto name = [&](std::string_view text) { return text.substr(text.find(':') + 1); };
    // The chain id of the lowest is its diff id: but below everything, it may be another than
    // above.
    std::string_view lowest = out.empty() ? "-lowest" : "";
    out.push_back({.alone = base::cat(name(diff_id.text()), end),
                   .chain = base::cat(name(chain), lowest, end)});
  }
  return out;
}

Result<Layers> Layers::open(FdRef store) {
  Layers out;
  auto made = sys::mkdirat(store, "layers", kPrivateMode);
  if (!made && made.error().code() != EEXIST) return std::move(made).error();
  out.folder_ = TRY(sys::openat(store, "layers", kReadFolder));
  return out;
}

Result<LayerNames> Layers::provide(const Manifest& manifest, const ImageConfig& config,
                                   LayerBytes& bytes, const ExtractOptions& wanted,
                                   unsigned at_once, ExtractTotals* totals) const {
  TRY(check_layers(manifest, config));
  if (manifest.layers.empty()) return base::config_error("the image has no layers");
  auto options = wanted;
  options.overlay_attributes = TRY(overlay_attributes());
  Task task{folder_, manifest, config, bytes, options, totals};
  std::vector<Item> items;
  for (auto& keys : layer_keys(config.diff_ids, kind_of(options))) {
    Item item{.keys = std::move(keys)};
    item.name = TRY(find(item.keys));
    if (item.name.empty())
      item.made = std::make_unique<NewLayer>(folder_,
                                             base::cat(kNew, sys::getpid(), "-", items.size() + 1));
    items.push_back(std::move(item));
  }
  TRY(extract_side_by_side(task, items, at_once));
  // The lowest first: what leans on the layers below finds them.
  LayerNames names;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].made) {
      auto lowers = TRY(folders(names));
      TRY(complete(task, i, items[i], lowers), label(task, i));
    }
    names.push_back(items[i].name);
  }
  return names;
}

Result<std::string> Layers::find(const LayerKeys& keys) const {
  for (const auto& name : {keys.chain, keys.alone}) {
    auto st = sys::fstatat(folder_, name, AT_SYMLINK_NOFOLLOW);
    if (st && S_ISDIR(st.value().st_mode)) return name;
    if (!st && st.error().code() != ENOENT) return std::move(st).error();
  }
  return std::string();
}

Result<std::vector<Fd>> Layers::folders(const LayerNames& names) const {
  std::vector<Fd> out;
  for (auto name = names.begin(); name != names.end(); ++name) {
    // Overlayfs takes no folder twice; all that the lower one shows, the upper one shows too.
    if (std::find(name + 1, names.end(), *name) != names.end()) continue;
    auto opened = sys::openat(folder_, *name, kReadFolder);
    if (!opened && opened.error().code() == ENOENT)
      return base::Error(base::Kind::NotFound, ENOENT,
                         base::cat("the store has the layer ", *name, " no more"));
    out.push_back(TRY(std::move(opened)));
  }
  return out;
}

Result<LayerNames> Layers::list() const {
  LayerNames out;
  for (auto& entry : TRY(fs::list_dir(folder_)))
    if (!entry.name.starts_with(kNew)) out.push_back(std::move(entry.name));
  std::sort(out.begin(), out.end());
  return out;
}

Status Layers::remove(const std::string& name) const {
  // It vanishes at once, and its content after it.
  auto dying = base::cat(kNew, sys::getpid(), "-", name);
  TRY(sys::renameat2(folder_, name, folder_, dying));
  return fs::remove_tree(folder_, dying);
}

Status Layers::sweep() const {
  for (const auto& entry : TRY(fs::list_dir(folder_))) {
    if (!entry.name.starts_with(kNew)) continue;
    auto old = sys::openat(folder_, entry.name, kReadFolder);
    if (!old || !sys::flock(old.value(), LOCK_EX | LOCK_NB)) continue;
    TRY(fs::remove_tree(folder_, entry.name));
  }
  return {};
}

}  // namespace image
