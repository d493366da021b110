#include "bundler/bundle_commands.h"

#include <algorithm>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "base/time.h"
#include "base/units.h"
#include "bundler/fetch.h"
#include "bundler/progress_display.h"
#include "bundler/store_commands.h"
#include "image/commit.h"
#include "image/convert.h"
#include "image/layer_bytes.h"
#include "image/overlay.h"
#include "image/overlay_bundle.h"
#include "image/unpack.h"

namespace bundler {
namespace {

using base::Json;
using base::Result;
using base::Status;
using Notes = std::vector<std::string>;

Result<image::ConvertOptions> convert_options(const MakeBundleCommand& command,
                                              const Environment& environment) {
  image::ConvertOptions out{.command = command.command,
                            .env = command.env,
                            .workdir = command.workdir,
                            .user = command.user,
                            .hostname = command.hostname,
                            .tty = command.tty,
                            .read_only = command.read_only,
                            .cpu_shares = command.cpu_shares,
                            .cpuset_cpus = command.cpuset_cpus,
                            .pids = command.pids_limit,
                            .default_seccomp = !command.no_seccomp};
  if (command.entrypoint) {
    out.entrypoint.emplace();
    if (!command.entrypoint->empty()) out.entrypoint->push_back(*command.entrypoint);
  }
  for (const auto& text : command.volumes)
    out.volumes.push_back(TRY(image::parse_volume(text), "--volume"));
  if (!command.cpus.empty()) out.cpu_quota = TRY(image::parse_cpus(command.cpus), "--cpus");
  if (!command.memory.empty()) out.memory = TRY(image::parse_bytes(command.memory), "--memory");
  if (command.rootless) out.rootless = image::HostIds{environment.uid, environment.gid};
  return out;
}

Result<image::ExtractOptions> extract_options(const MakeBundleCommand& command) {
  image::ExtractOptions out{.rootless = command.rootless};
  // Zero is no limit.
  if (!command.max_size.empty()) {
    auto bytes = TRY(base::parse_size(command.max_size), "--max-size");
    if (bytes < 0) return base::usage_error("--max-size: ", base::quote(command.max_size));
    out.limits.bytes = static_cast<std::uint64_t>(bytes);
  }
  out.limits.entries = command.max_entries.value_or(out.limits.entries);
  out.limits.ratio = command.max_ratio.value_or(out.limits.ratio);
  return out;
}

// How the bundle is made of an image whose layers come from the store, or still arrive.
class Maker {
 public:
  Maker(const Context& context, const MakeBundleCommand& command, image::ConvertOptions convert,
        image::ExtractOptions extract)
      : context_(context), command_(command), convert_(std::move(convert)), extract_(extract) {}

  Status make(const image::Image& image, image::LayerBytes& layers) {
    if (!command_.overlay) {
      notes_ = TRY(image::unpack_image(image.manifest, image.config, layers, command_.bundle,
                                       convert_, extract_));
      return {};
    }
    image::CreateOptions options{.convert = convert_,
                                 .extract = extract_,
                                 .at_once = std::max(2U, std::thread::hardware_concurrency())};
    notes_ = TRY(image::create_bundle(context_.store, image, layers, command_.bundle, options));
    return {};
  }

  Status from_store(const image::Image& image) {
    image::Descriptor whole{.digest = image.descriptor.digest};
    for (const auto& layer : image.manifest.layers) whole.size += layer.size;
    ProgressDisplay display(context_.environment, context_.invocation);
    // Layers that are unpacked already need no time.
    std::optional<std::size_t> row;
    image::StoredLayers layers(context_.store.blobs(), image.manifest, [&](std::uint64_t more) {
      std::lock_guard hold(mutex_);
      if (!row) row = display.begin(command_.overlay ? "layers" : "unpack", whole);
      display.advance(*row, more);
    });
    auto made = make(image, layers);
    if (row) display.end(*row, made ? image::Progress::End::Done : image::Progress::End::Failed);
    return made;
  }

  Status from_registry() {
    auto fetcher = TRY(Fetcher::make(context_, command_.from));
    auto names = TRY(fetcher.meanings(command_.image));
    auto fetched = fetcher.first_of(
        names, [&](const auto& image, auto& layers) { return make(image, layers); });
    (void)TRY(std::move(fetched));
    return {};
  }

  const Notes& notes() const { return notes_; }

 private:
  const Context& context_;
  const MakeBundleCommand& command_;
  image::ConvertOptions convert_;
  image::ExtractOptions extract_;
  std::mutex mutex_{};
  Notes notes_{};
};

using Errand = std::function<Status(image::OverlayBundle& bundle, const image::Store& store)>;

Status each_bundle(const std::vector<std::string>& bundles, std::string_view what,
                   const Errand& errand) {
  for (const auto& name : bundles) {
    auto bundle = TRY(image::OverlayBundle::open(name), what);
    auto store = TRY(image::Store::open(bundle.record().store), what, " ", name);
    TRY(errand(bundle, store), what, " ", name);
  }
  return {};
}

std::string_view word(image::ChangeKind kind) {
  switch (kind) {
    case image::ChangeKind::Added:
      return "added";
    case image::ChangeKind::Changed:
      return "changed";
    case image::ChangeKind::Deleted:
      return "deleted";
  }
  return {};
}

}  // namespace

Status make_bundle(const Context& context, const MakeBundleCommand& command) {
  std::string_view name = command.overlay ? "create " : "unpack ";
  auto reference = TRY(context.find(command.image));
  auto convert = TRY(convert_options(command, context.environment));
  auto extract = TRY(extract_options(command));
  Maker maker(context, command, std::move(convert), extract);
  auto image = TRY(image_at_hand(context.store, reference, command.pull, command.from.platform),
                   name, reference.text());
  if (image)
    TRY(maker.from_store(*image), name, reference.text());
  else
    TRY(maker.from_registry(), name, command.image);
  if (context.invocation.quiet) return {};
  for (const auto& text : maker.notes()) note(base::cat("note: ", text));
  return {};
}

Status mount(const MountCommand& command) {
  return each_bundle(command.bundles, "mount",
                     [](auto& bundle, const auto& store) { return bundle.mount(store); });
}

Status umount(const UmountCommand& command) {
  return each_bundle(command.bundles, "umount",
                     [](auto& bundle, const auto&) { return bundle.unmount(); });
}

Status delete_bundles(const DeleteCommand& command) {
  return each_bundle(command.bundles, "delete",
                     [](auto& bundle, const auto& store) { return bundle.remove(store); });
}

Status diff(const DiffCommand& command) {
  return each_bundle({command.bundle}, "diff", [&](auto& bundle, const auto& store) -> Status {
    auto changes = TRY(bundle.changes(store));
    if (command.json) return print(base::dump(changes_json(changes), 2) + "\n");
    return print(changes_text(changes));
  });
}

Status commit(const Invocation& invocation, const CommitCommand& command,
              const Environment& environment) {
  auto name = TRY(image::parse_reference(command.name), "commit");
  if (name.digest)
    return base::usage_error("commit: ", base::quote(command.name),
                             " must have a tag, not a digest");
  image::CommitOptions options{.author = command.author,
                               .message = command.message,
                               .created = base::rfc3339(environment.now, 0),
                               .instructions = command.changes};
  return each_bundle({command.bundle}, "commit", [&](auto& bundle, const auto& store) -> Status {
    auto descriptor = TRY(image::commit_bundle(store, bundle, name, options));
    return report(invocation, name, descriptor);
  });
}

std::string changes_text(const std::vector<image::Change>& changes) {
  std::string out;
  for (const auto& change : changes) {
    out += change.kind == image::ChangeKind::Added     ? 'A'
           : change.kind == image::ChangeKind::Changed ? 'C'
                                                       : 'D';
    out += " " + change.path + "\n";
  }
  return out;
}

Json changes_json(const std::vector<image::Change>& changes) {
  auto out = Json::array();
  for (const auto& change : changes) {
    auto json = Json::object();
    json.set("kind", word(change.kind));
    json.set("path", change.path);
    out.push(std::move(json));
  }
  return out;
}

}  // namespace bundler
