// diff, export, commit: a container's files as they are now.
#include <algorithm>

#include "base/text.h"
#include "base/time.h"
#include "bundler/bundle_commands.h"
#include "engine/bundle_config.h"
#include "engine/changes.h"
#include "engine/commands.h"
#include "engine/container_root.h"
#include "engine/image_names.h"
#include "engine/journal.h"
#include "engine/life.h"
#include "engine/look_commands.h"
#include "engine/phase.h"
#include "fs/root.h"
#include "image/commit.h"
#include "image/output_file.h"
#include "image/overlay_bundle.h"
#include "image/tar_write.h"
#include "sys/terminal.h"

namespace engine {
namespace {

using base::Result;
using Status = base::Status;

Result<image::OverlayBundle> overlay_of(const Container& container) {
  if (container.record.rootfs)
    return base::unsupported("container ", container.record.name,
                             " runs a folder (--rootfs), not an image: nobody knows its changes");
  return image::OverlayBundle::open(container.bundle());
}

bool is_active(Phase phase) { return phase == Phase::Running || phase == Phase::Paused; }

// Frozen while an image is made of it.
class Frozen {
 public:
  Frozen(const Context& context, Container& container) : context_(context), container_(container) {}
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;
  ~Frozen() {
    if (!frozen_) return;
    auto thawed = unpause(context_, container_);
    if (!thawed) complain(thawed.error().text());
  }
  // Without root there may be no cgroup to freeze; nobody has asked for it by name.
  Status begin() {
    auto done = pause(context_, container_);
    frozen_ = static_cast<bool>(done);
    if (done || !context_.rootless || done.error().kind() != base::Kind::Unsupported) return done;
    complain(base::cat("note: container ", container_.record.name,
                       " runs on meanwhile: ", done.error().text()));
    return {};
  }

 private:
  const Context& context_;
  Container& container_;
  bool frozen_ = false;
};

// The image without a name has that of its digest.
Result<image::Descriptor> commit_nameless(const image::Store& store,
                                          const image::OverlayBundle& bundle,
                                          const Container& container,
                                          const image::CommitOptions& options) {
  image::Reference name{.registry = "localhost", .repository = "commit", .tag = {}};
  name.tag = container.record.brief();
  auto out = TRY(image::commit_bundle(store, bundle, name, options));
  TRY(make_nameless(store, name, out));
  return out;
}

Result<image::Descriptor> make_image(const Context& context, const Container& container,
                                     const CommitCommand& command) {
  image::CommitOptions options{.author = command.author,
                               .message = command.message,
                               .created = base::rfc3339(context.environment.now, 0),
                               .created_by = base::join(container.record.command, " "),
                               .instructions = command.changes};
  auto bundle = TRY(overlay_of(container));
  auto store = TRY(image::Store::open(bundle.record().store));
  if (command.name.empty()) return commit_nameless(store, bundle, container, options);
  auto name = TRY(image::parse_reference(command.name));
  if (name.digest)
    return base::usage_error(base::quote(command.name), " must have a tag, not a digest");
  return image::commit_bundle(store, bundle, name, options);
}

}  // namespace

Result<int> execute(const Context& context, const DiffCommand& command) {
  auto container = TRY(Containers(context).find(command.container));
  auto bundle = TRY(overlay_of(container));
  auto store = TRY(image::Store::open(bundle.record().store));
  auto changes = TRY(bundle.changes(store), "diff ", container.record.name);
  auto config = TRY(read_bundle_config(container));
  Words destinations;
  for (const auto& mount : config.mounts)
    destinations.push_back("/" + fs::clean(mount.destination));
  TRY(print(bundler::changes_text(without_mount_points(std::move(changes), destinations))));
  return 0;
}

Result<int> execute(const Context& context, const ExportCommand& command) {
  auto container = TRY(Containers(context).find(command.container));
  bool to_output = command.output.empty() || command.output == "-";
  if (to_output && sys::isatty(base::FdRef::inherited(1)))
    return base::usage_error(
        "export: an archive is nothing for a terminal: say -o FILE, or > FILE");
  TRY(container.lock());
  auto root = TRY(root_file_system(context, container), "export ", container.record.name);
  auto phase = TRY(phase_now(container));
  // One that runs may go on, and be stopped, meanwhile.
  if (is_active(phase)) container.unlock();
  auto file = TRY(image::OutputFile::open(to_output ? "-" : command.output), "export");
  image::TarWriter tar(&file);
  TRY(image::write_tree(root, tar), "export ", container.record.name);
  TRY(file.commit(), "export");
  note_event(context, container.record, "export");
  return 0;
}

Result<int> execute(const Context& context, const CommitCommand& command) {
  auto container = TRY(Containers(context).find(command.container));
  // What is wrong with the line stops no container.
  if (!command.name.empty()) (void)TRY(image::parse_reference(command.name), "commit");
  (void)TRY(overlay_of(container), "commit");
  auto phase = TRY(phase_now(container));
  auto made = [&]() -> Result<image::Descriptor> {
    Frozen frozen(context, container);
    if (command.pause && phase == Phase::Running) TRY(frozen.begin());
    return make_image(context, container, command);
  }();
  auto image = TRY(std::move(made), "commit ", container.record.name);
  note_event(context, container.record, "commit", {{"imageID", image.digest.text()}});
  TRY(print(image.digest.text() + "\n"));
  return 0;
}

}  // namespace engine
