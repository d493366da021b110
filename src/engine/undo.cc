#include "engine/undo.h"

#include <fcntl.h>

#include "engine/journal.h"
#include "engine/monitor.h"
#include "engine/networks.h"
#include "engine/runtime_calls.h"
#include "engine/volumes.h"
#include "fs/tree.h"
#include "image/overlay_bundle.h"
#include "sys/file.h"

namespace engine {

using base::FdRef;
using base::Kind;
using base::Status;

namespace {

Status unmount_root(const Container& container) {
  if (container.record.rootfs) return {};
  auto bundle = TRY(image::OverlayBundle::open(container.bundle()));
  return bundle.unmount();
}

}  // namespace

Status mount_root(const Container& container) {
  if (container.record.rootfs) return {};
  auto bundle = TRY(image::OverlayBundle::open(container.bundle()));
  auto store = TRY(image::Store::open(bundle.record().store));
  using Changes = image::OverlayBundle::Changes;
  return bundle.mount(store, container.record.remove ? Changes::Pass : Changes::Last);
}

void undo(const Context& context, Container& container) {
  // What start makes first is the run folder, which goes last.
  auto there = sys::fstatat(FdRef::cwd(), container.run_folder(), AT_SYMLINK_NOFOLLOW);
  if (!there) return;
  auto deleted = call_runtime(context, container, {"delete", "--force", container.record.id});
  if (!deleted && deleted.error().kind() != Kind::NotFound)
    context.tell("runtime delete: " + deleted.error().text());
  disconnect(context, container);
  if (auto gone = unmount_root(container); !gone) context.tell("unmount: " + gone.error().text());
}

void drop_run_folder(const Context& context, const Container& container) {
  auto run = sys::openat(FdRef::cwd(), context.places.engine(), O_RDONLY | O_DIRECTORY);
  if (!run) return;
  if (auto gone = fs::remove_tree(run.value(), container.record.id); !gone)
    context.tell(gone.error().text());
}

void undo_unfinished(const Context& context, Container& container) {
  kill_monitor(context, container);
  undo(context, container);
  drop_run_folder(context, container);
}

Status forget(const Context& context, Container& container, bool volumes) {
  if (!container.record.rootfs) {
    auto bundle = image::OverlayBundle::open(container.bundle());
    if (bundle) {
      auto store = TRY(image::Store::open(bundle.value().record().store));
      TRY(bundle.value().remove(store));
    }
  }
  if (volumes) remove_anonymous_volumes(context, container.record);
  TRY(Containers(context).forget(container));
  note_event(context, container.record, "destroy");
  return {};
}

}  // namespace engine
