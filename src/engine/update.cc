#include "engine/update.h"

#include <fcntl.h>

#include "base/json.h"
#include "base/text.h"
#include "engine/bundle_config.h"
#include "engine/commands.h"
#include "engine/config_parts.h"
#include "engine/journal.h"
#include "engine/phase.h"
#include "engine/runtime_calls.h"
#include "engine/volume_commands.h"
#include "fs/files.h"
#include "spec/check.h"
#include "spec/write.h"
#include "sys/file.h"

namespace engine {
namespace {

using base::FdRef;
using base::Result;
using base::Status;

// The runtime takes them as a document, so that none is lost on the way.
Status tell_runtime(const Context& context, const Container& container,
                    const spec::Resources& resources) {
  auto folder = TRY(sys::openat(FdRef::cwd(), container.run_path(), O_RDONLY | O_DIRECTORY));
  auto text = base::dump(spec::write_resources(resources));
  TRY(fs::replace_file(folder, "resources.json", text, 0600, fs::Lasting::Run));
  auto done = call_runtime(
      context, container,
      {"update", "--resources", container.run_path() + "/resources.json", container.record.id});
  (void)sys::unlinkat(folder, "resources.json");
  if (!done) return std::move(done).error();
  return {};
}

bool is_empty(const spec::Resources& resources) { return resources == spec::Resources(); }

}  // namespace

Status update(const Context& context, Container& container, const UpdateCommand& command) {
  TRY(container.lock());
  auto& record = container.record;
  if (!command.restart.empty()) {
    record.restart = TRY(parse_restart(command.restart));
    if (record.remove && record.restart.policy != RestartPolicy::No)
      return base::usage_error("--restart: container ", record.name, " is removed at its end");
  }
  auto config = TRY(read_bundle_config(container));
  auto before = config.linux_.resources.value_or(spec::Resources());
  auto after = before;
  TRY(apply_limits(command.limits, after));
  if (after != before) {
    config.linux_.resources = after;
    TRY(spec::check(config));
    auto phase = TRY(phase_now(container));
    // Device rules stay as they are.
    after.devices.clear();
    bool runs = phase == Phase::Running || phase == Phase::Paused;
    if (runs && !is_empty(after)) TRY(tell_runtime(context, container, after));
    TRY(write_bundle_config(container, config));
  }
  TRY(container.save());
  container.unlock();
  note_event(context, record, "update");
  return {};
}

Result<int> execute(const Context& context, const UpdateCommand& command) {
  return each_container(context, command.containers,
                        [&](Container& container) -> Result<std::string> {
                          TRY(update(context, container, command));
                          return container.record.name + "\n";
                        });
}

}  // namespace engine
