#include "bundler/commands.h"

#include "bundler/bundle_commands.h"
#include "bundler/context.h"
#include "bundler/fetch.h"
#include "bundler/images.h"
#include "bundler/login.h"
#include "bundler/progress_display.h"
#include "bundler/registries.h"
#include "bundler/store_commands.h"
#include "bundler/trust.h"
#include "image/import.h"
#include "image/layout.h"
#include "image/platform.h"
#include "image/push.h"
#include "image/reference.h"

namespace bundler {
namespace {

base::Status pull(const Context& context, const PullCommand& command) {
  // All names are read before the first is fetched.
  auto fetcher = TRY(Fetcher::make(context, command));
  std::vector<std::vector<image::Reference>> all;
  for (const auto& text : command.images) all.push_back(TRY(fetcher.meanings(text)));
  for (const auto& names : all) {
    auto fetched = TRY(fetcher.first_of(names));
    TRY(report(context.invocation, fetched.name, fetched.descriptor));
  }
  return {};
}

// At the destination it may have a name that it has nowhere else.
base::Status push(const Context& context, const PushCommand& command) {
  auto conf = TRY(read_registries(context.invocation, context.environment));
  auto from = TRY(stored_name(context.store, conf, command.image));
  auto to = command.destination.empty() ? from : TRY(image::parse_reference(command.destination));
  image::PushOptions options{.auth_files = auth_files(context.environment),
                             .helpers = helper_world(context.environment)};
  options.helpers.order = conf.helpers.value_or(std::vector<std::string>());
  if (!command.platform.empty()) options.platform = TRY(image::parse_platform(command.platform));
  options.registry =
      registry_options(context.invocation, context.environment, command.registry_flags);
  auto place = TRY(image::destination(conf, to), "push ", to.text());
  options.registry.insecure = place.insecure;
  auto pushed = [&] {
    ProgressDisplay display(context.environment, context.invocation);
    return image::push(context.store, from, to, options, display);
  }();
  auto descriptor = TRY(std::move(pushed), "push ", to.text());
  return report(context.invocation, to, descriptor);
}

base::Status images(const Context& context, const ImagesCommand& command) {
  auto rows = TRY(list_images(context.store), "images");
  if (command.json) return print(base::dump(images_json(rows), 2) + "\n");
  if (!command.names_only) return print(images_table(rows));
  std::string names;
  for (const auto& row : rows) names += row.name + "\n";
  return print(names);
}

base::Status import(const Context& context, const ImportCommand& command) {
  auto name = TRY(image::parse_reference(command.name));
  if (name.digest)
    return base::usage_error("import ", command.source, ": ", base::quote(command.name),
                             " must have a tag, not a digest");
  image::ImportOptions options{.all_platforms = command.all_platforms, .command = command.command};
  options.platform = TRY(platform_of(command.platform));
  options.trust = TRY(read_trust(context.invocation.policy, context.environment));
  auto descriptor =
      TRY(image::import_source(context.store, command.source, command.layout_name, name, options),
          "import ", command.source);
  return report(context.invocation, name, descriptor);
}

// The commands that need the store.
struct InStore {
  explicit InStore(const Context& of) : context(of) {}

  base::Status operator()(const PullCommand& command) const { return pull(context, command); }
  base::Status operator()(const PushCommand& command) const { return push(context, command); }
  base::Status operator()(const ImagesCommand& command) const { return images(context, command); }
  base::Status operator()(const ImportCommand& command) const { return import(context, command); }
  base::Status operator()(const MakeBundleCommand& command) const {
    return make_bundle(context, command);
  }
  base::Status operator()(const InspectCommand& command) const {
    return inspect(context.store, namer(), command);
  }
  base::Status operator()(const TagCommand& command) const {
    return tag(context.store, namer(), command);
  }
  base::Status operator()(const RemoveCommand& command) const {
    return remove(context.store, namer(), command, context.invocation.quiet);
  }
  base::Status operator()(const PruneCommand& command) const {
    return prune(context.store, command, context.invocation.quiet);
  }
  base::Status operator()(const ExportCommand& command) const {
    return export_image(context.store, namer(), command);
  }

 private:
  Namer namer() const {
    return [this](const std::string& text) { return context.find(text); };
  }

  const Context& context;
};

template <class Command>
base::Status run_in_store(const Invocation& invocation, const Environment& environment,
                          const Command& command) {
  auto folder = invocation.store;
  if (folder.empty()) folder = TRY(default_store(environment));
  auto store = TRY(image::Store::open(folder));
  Context context{invocation, environment, store};
  return InStore(context)(command);
}

}  // namespace

base::Status report(const Invocation& invocation, const image::Reference& reference,
                    const image::Descriptor& descriptor) {
  if (invocation.quiet) return {};
  if (reference.digest) return print(reference.text() + "\n");
  return print(base::cat(reference.text(), "@", descriptor.digest.text(), "\n"));
}

base::Result<image::Platform> platform_of(const std::string& text) {
  if (text.empty()) return image::host_platform();
  return image::parse_platform(text);
}

base::Result<image::Reference> Context::find(const std::string& text) const {
  auto conf = TRY(read_registries(invocation, environment));
  return stored_name(store, conf, text);
}

base::Result<std::string> default_store(const Environment& environment) {
  if (environment.uid == 0) return std::string("/var/lib/coracle/images");
  // The specification of $XDG_DATA_HOME has relative paths ignored.
  if (environment.data_home.starts_with('/')) return environment.data_home + "/coracle/images";
  if (environment.home.starts_with('/')) return environment.home + "/.local/share/coracle/images";
  return base::usage_error("neither HOME nor XDG_DATA_HOME is set: say --store DIR");
}

image::HelperWorld helper_world(const Environment& environment) {
  return {.search_path = environment.search_path, .environment = environment.variables};
}

std::vector<std::string> auth_files(const Environment& environment) {
  if (!environment.registry_auth_file.empty()) return {environment.registry_auth_file};
  std::vector<std::string> out;
  if (!environment.runtime_dir.empty())
    out.push_back(environment.runtime_dir + "/containers/auth.json");
  if (!environment.config_home.empty())
    out.push_back(environment.config_home + "/containers/auth.json");
  else if (!environment.home.empty())
    out.push_back(environment.home + "/.config/containers/auth.json");
  if (!environment.docker_config.empty())
    out.push_back(environment.docker_config + "/config.json");
  else if (!environment.home.empty())
    out.push_back(environment.home + "/.docker/config.json");
  return out;
}

base::Status run(const Invocation& invocation, const Environment& environment) {
  return std::visit(
      base::each{
          [&](const LoginCommand& command) { return login(invocation, command, environment); },
          [&](const LogoutCommand& command) { return logout(invocation, command, environment); },
          [&](const MountCommand& command) { return mount(command); },
          [&](const UmountCommand& command) { return umount(command); },
          [&](const DeleteCommand& command) { return delete_bundles(command); },
          [&](const DiffCommand& command) { return diff(command); },
          [&](const CommitCommand& command) { return commit(invocation, command, environment); },
          [&](const auto& command) { return run_in_store(invocation, environment, command); }},
      invocation.command);
}

}  // namespace bundler
