// cp: which side is the container's, and whose the files become.
#include <sys/stat.h>

#include "base/text.h"
#include "engine/container_root.h"
#include "engine/copy.h"
#include "engine/journal.h"
#include "engine/look_commands.h"
#include "engine/phase.h"
#include "image/compression.h"
#include "image/stream.h"
#include "sys/identity.h"
#include "sys/terminal.h"

namespace engine {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using Status = base::Status;

constexpr auto kIn = FdRef::inherited(0);
constexpr auto kOut = FdRef::inherited(1);

struct Sides {
  CopyPlace from{};
  CopyPlace to{};
};

Result<Sides> sides_of(const CopyCommand& command) {
  Sides out{parse_copy_place(command.from), parse_copy_place(command.to)};
  bool from = !out.from.container.empty(), to = !out.to.container.empty();
  if (from && to) return base::usage_error("cp: one of the two must be of this machine");
  if (!from && !to) return base::usage_error("cp: one of the two must be CONTAINER:PATH");
  for (const auto* place : {&out.from, &out.to})
    if (!place->stream && place->path.empty()) return base::usage_error("cp: a path is empty");
  return out;
}

// Everything of it, while the lock of one that does not run is held.
Result<Fd> root_of(const Context& context, Container& container) {
  auto phase = TRY(phase_now(container));
  if (phase == Phase::Running || phase == Phase::Paused) return root_of_running(container);
  TRY(container.lock());
  phase = TRY(phase_now(container));
  if (phase == Phase::Running || phase == Phase::Paused) return root_of_running(container);
  return root_of_stopped(context, container);
}

// As a tar archive that nobody keeps: what writes layers and what extracts them do the work.
Status carry(const CopySource& source, const CopyTarget& target, std::optional<Owner> owner) {
  CopySink sink(target, {}, owner);
  image::ArchiveReader archive(&sink);
  image::TarWriter tar(&archive);
  TRY(source.write(target.path(), tar));
  TRY(tar.finish());
  TRY(archive.finish());
  return sink.finish();
}

Status copy_out(FdRef root, const Sides& sides, const CopyCommand& command) {
  auto source = TRY(CopySource::open(root, sides.from, command.follow_link));
  if (sides.to.stream) {
    if (sys::isatty(kOut))
      return base::usage_error("an archive is nothing for a terminal: say > FILE");
    image::FileSink file(kOut);
    image::TarWriter tar(&file);
    TRY(source.write(source.name(), tar));
    return tar.finish();
  }
  auto target =
      TRY(CopyTarget::open(std::nullopt, sides.to, sides.from, source.is_folder(), source.name()));
  std::optional<Owner> owner;
  if (!command.archive) owner = Owner{sys::geteuid(), sys::getegid()};
  return carry(source, target, owner);
}

Status copy_stream_in(FdRef root, const Sides& sides) {
  CopyPlace folder{.path = sides.to.path + "/."};
  // An archive makes no folder to stand in. compat: docker cp
  (void)TRY(CopySource::open(root, folder, false));
  auto target = TRY(CopyTarget::open(root, folder, {.path = "."}, true, {}));
  CopySink sink(target, target.path(), std::nullopt);
  image::ArchiveReader archive(&sink);
  image::Decompressor plain(&archive, {});
  TRY(image::feed(kIn, plain));
  TRY(plain.finish());
  TRY(archive.finish());
  return sink.finish();
}

Status copy_in(FdRef root, const Sides& sides, const CopyCommand& command) {
  std::optional<Owner> owner;
  if (!command.archive) owner = Owner{};
  if (sides.from.stream) return copy_stream_in(root, sides);
  auto source = TRY(CopySource::open(std::nullopt, sides.from, command.follow_link));
  auto target =
      TRY(CopyTarget::open(root, sides.to, sides.from, source.is_folder(), source.name()));
  return carry(source, target, owner);
}

}  // namespace

Result<int> execute(const Context& context, const CopyCommand& command) {
  auto sides = TRY(sides_of(command));
  bool out = !sides.from.container.empty();
  auto container =
      TRY(Containers(context).find(out ? sides.from.container : sides.to.container), "cp");
  auto root = TRY(root_of(context, container), "cp");
  TRY(out ? copy_out(root, sides, command) : copy_in(root, sides, command), "cp ", command.from,
      " ", command.to);
  note_event(context, container.record, out ? "archive-path" : "extract-to-dir");
  return 0;
}

}  // namespace engine
