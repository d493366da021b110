#include "bundler/commands.h"

#include "bundler/images.h"
#include "bundler/login.h"
#include "bundler/progress_display.h"
#include "bundler/registries.h"
#include "bundler/store_commands.h"
#include "bundler/trust.h"
#include "image/convert.h"
#include "image/import.h"
#include "image/layout.h"
#include "image/platform.h"
#include "image/pull.h"
#include "image/push.h"
#include "image/reference.h"
#include "image/unpack.h"

namespace bundler {
namespace {

struct Context {
  const Invocation& invocation;
  const Environment& environment;
  const image::Store& store;

  // The name in full of an image of the store.
  base::Result<image::Reference> find(const std::string& text) const {
    auto conf = TRY(read_registries(invocation, environment));
    return stored_name(store, conf, text);
  }
};

base::Result<image::Platform> platform_of(const std::string& text) {
  if (text.empty()) return image::host_platform();
  return image::parse_platform(text);
}

// "docker.io/library/alpine:latest@sha256:…"
base::Status report(const Context& context, const image::Reference& reference,
                    const image::Descriptor& descriptor) {
  if (context.invocation.quiet) return {};
  if (reference.digest) return print(reference.text() + "\n");
  return print(base::cat(reference.text(), "@", descriptor.digest.text(), "\n"));
}

// The first of these names that any registry has.
base::Status pull_first(const Context& context, const image::RegistriesConf& conf,
                        const std::vector<image::Reference>& names, image::PullOptions options) {
  std::string problems;
  for (const auto& name : names) {
    auto descriptor = [&]() -> base::Result<image::Descriptor> {
      options.sources = TRY(image::sources(conf, name));
      // The display ends before anything else is printed.
      ProgressDisplay display(context.environment, context.invocation.quiet);
      return image::pull(context.store, name, options, display);
    }();
    if (descriptor) return report(context, name, descriptor.value());
    if (names.size() == 1) return std::move(descriptor).error().in("pull " + name.text());
    problems +=
        base::cat(problems.empty() ? "pull " : "; ", name.text(), ": ", descriptor.error().text());
  }
  return base::system_error(problems);
}

base::Status pull(const Context& context, const PullCommand& command) {
  image::PullOptions options{.auth_files = auth_files(context.environment),
                             .helpers = helper_world(context.environment)};
  options.platform = TRY(platform_of(command.platform));
  options.registry =
      registry_options(context.invocation, context.environment, command.registry_flags);
  auto conf = TRY(read_registries(context.invocation, context.environment));
  options.trust = TRY(read_trust(context.invocation.policy, context.environment));
  // All names are read before the first is fetched.
  std::vector<std::vector<image::Reference>> all;
  for (const auto& text : command.images) all.push_back(TRY(image::meanings(conf, text)));
  for (const auto& names : all) TRY(pull_first(context, conf, names, options));
  return {};
}

// At the destination it may have a name that it has nowhere else.
base::Status push(const Context& context, const PushCommand& command) {
  auto conf = TRY(read_registries(context.invocation, context.environment));
  auto from = TRY(stored_name(context.store, conf, command.image));
  auto to = command.destination.empty() ? from : TRY(image::parse_reference(command.destination));
  image::PushOptions options{.auth_files = auth_files(context.environment),
                             .helpers = helper_world(context.environment)};
  options.registry =
      registry_options(context.invocation, context.environment, command.registry_flags);
  auto place = TRY(image::destination(conf, to), "push ", to.text());
  options.registry.insecure = place.insecure;
  auto pushed = [&] {
    ProgressDisplay display(context.environment, context.invocation.quiet);
    return image::push(context.store, from, to, options, display);
  }();
  auto descriptor = TRY(std::move(pushed), "push ", to.text());
  return report(context, to, descriptor);
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
  image::ImportOptions options{.command = command.command};
  options.platform = TRY(platform_of(command.platform));
  options.trust = TRY(read_trust(context.invocation.policy, context.environment));
  auto descriptor =
      TRY(image::import_source(context.store, command.source, command.layout_name, name, options),
          "import ", command.source);
  return report(context, name, descriptor);
}

base::Result<image::ConvertOptions> convert_options(const UnpackCommand& command,
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

base::Status unpack(const Context& context, const UnpackCommand& command) {
  auto reference = TRY(context.find(command.image));
  auto options = TRY(convert_options(command, context.environment));
  auto found = TRY(context.store.image(reference), "unpack ", reference.text());
  image::Descriptor whole{.digest = found.descriptor.digest};
  for (const auto& layer : found.manifest.layers) whole.size += layer.size;

  auto unpacked = [&] {
    ProgressDisplay display(context.environment, context.invocation.quiet);
    auto row = display.begin("unpack", whole);
    image::StoredLayers layers(context.store.blobs(), found.manifest,
                               [&](std::uint64_t more) { display.advance(row, more); });
    image::ExtractOptions extract{.rootless = command.rootless};
    auto notes =
        image::unpack_image(found.manifest, found.config, layers, command.bundle, options, extract);
    display.end(row, notes ? image::Progress::End::Done : image::Progress::End::Failed);
    return notes;
  }();
  auto notes = TRY(std::move(unpacked), "unpack ", reference.text());
  if (context.invocation.quiet) return {};
  for (const auto& text : notes) note(base::cat("note: ", text));
  return {};
}

// The commands that need the store.
struct InStore {
  explicit InStore(const Context& of) : context(of) {}

  base::Status operator()(const PullCommand& command) const { return pull(context, command); }
  base::Status operator()(const PushCommand& command) const { return push(context, command); }
  base::Status operator()(const ImagesCommand& command) const { return images(context, command); }
  base::Status operator()(const ImportCommand& command) const { return import(context, command); }
  base::Status operator()(const UnpackCommand& command) const { return unpack(context, command); }
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
          [&](const auto& command) { return run_in_store(invocation, environment, command); }},
      invocation.command);
}

}  // namespace bundler
