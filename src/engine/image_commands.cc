// pull, push, tag, rmi, login, logout: bundler's, with docker's manners.
#include "engine/image_commands.h"

#include <algorithm>

#include "base/text.h"
#include "bundler/commands.h"
#include "engine/commands.h"
#include "engine/containers.h"
#include "engine/image_names.h"
#include "engine/journal.h"
#include "engine/phase.h"
#include "image/prune.h"

namespace engine {
namespace {

using base::Result;
using Status = base::Status;

bundler::Invocation invocation_of(const Context& context, bool quiet) {
  return {.store = context.places.store,
          .registries_conf = context.registries_conf,
          .policy = context.policy,
          .quiet = quiet,
          .debug = context.debug};
}

Result<int> run_bundler(const Context& context, bool quiet,
                        decltype(bundler::Invocation::command) command) {
  auto invocation = invocation_of(context, quiet);
  invocation.command = std::move(command);
  TRY(bundler::run(invocation, context.environment));
  return 0;
}

void note_image(const Context& context, const std::string& action, const std::string& name) {
  note_event(context,
             {.type = "image", .action = action, .id = name, .attributes = {{"name", name}}});
}

// The containers that are made of the image: a running one keeps it, whatever is said.
Status check_unused(const Context& context, const NamedImage& image, bool force) {
  for (const auto& container : TRY(Containers(context).list())) {
    const auto& record = container.record;
    if (record.image_digest != image.descriptor.digest.text()) continue;
    auto phase = TRY(phase_now(container));
    bool runs = phase == Phase::Running || phase == Phase::Paused || phase == Phase::Restarting;
    if (runs)
      return base::state_error("image ", short_text(image.name), " is used by container ",
                               record.name, ", which is ", word(phase), ": remove that first");
    if (!force)
      return base::state_error("image ", short_text(image.name), " is used by container ",
                               record.name, ": remove that first, or say --force");
  }
  return {};
}

Status remove_one(const Context& context, const image::Store& store, const std::string& text,
                  bool force) {
  auto found = TRY(find_image(context, store, text));
  auto names = TRY(names_of(store, found.descriptor.digest));
  if (found.by_id && names.size() > 1 && !force)
    return base::state_error("image ", text, " has several names: say one of them, or --force");
  if (!found.by_id) {
    bool is_last = names.size() <= 1;
    if (is_last) TRY(check_unused(context, found, force));
    names = {found.name};
  } else {
    TRY(check_unused(context, found, force));
  }
  for (const auto& name : names) {
    (void)TRY(store.unname(name));
    note_image(context, "untag", short_text(name));
    TRY(print(base::cat("Untagged: ", short_text(name), "\n")));
  }
  auto left = TRY(names_of(store, found.descriptor.digest));
  if (!left.empty()) return {};
  note_image(context, "delete", found.descriptor.digest.text());
  return print(base::cat("Deleted: ", found.descriptor.digest.text(), "\n"));
}

}  // namespace

Result<int> execute(const Context& context, const PullImagesCommand& command) {
  int code = TRY(run_bundler(context, command.quiet, command.pull));
  for (const auto& name : command.pull.images) note_image(context, "pull", name);
  return code;
}

Result<int> execute(const Context& context, const PushImageCommand& command) {
  auto store = TRY(image::Store::open(context.places.store));
  auto push = command.push;
  auto found = TRY(find_image(context, store, push.image), "push");
  push.image = found.name.text();
  int code = TRY(run_bundler(context, command.quiet, push));
  note_image(context, "push", short_text(found.name));
  return code;
}

Result<int> execute(const Context& context, const TagImageCommand& command) {
  auto store = TRY(image::Store::open(context.places.store));
  auto found = TRY(find_image(context, store, command.image), "tag");
  auto name = TRY(image::parse_reference(command.name), "tag");
  if (name.digest)
    return base::usage_error("tag ", base::quote(command.name), ": must be a tag, not a digest");
  TRY(store.name(name, found.descriptor), "tag ", command.name);
  note_image(context, "tag", short_text(name));
  return 0;
}

Result<int> execute(const Context& context, const RemoveImagesCommand& command) {
  auto store = TRY(image::Store::open(context.places.store));
  int code = 0;
  for (const auto& text : command.images) {
    auto removed = remove_one(context, store, text, command.force);
    if (removed) continue;
    complain(base::cat("rmi: ", removed.error().text()));
    code = 1;
  }
  auto pruned = TRY(image::try_prune(store), "rmi");
  if (!pruned) context.tell("another program works in the store: a later rmi frees the space");
  return code;
}

Result<int> execute(const Context& context, const LogInCommand& command) {
  return run_bundler(context, false, command.login);
}

Result<int> execute(const Context& context, const LogOutCommand& command) {
  return run_bundler(context, false, command.logout);
}

}  // namespace engine
