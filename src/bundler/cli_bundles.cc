#include <CLI/CLI.hpp>

#include "bundler/cli_commands.h"
#include "cli/options.h"

namespace bundler {
namespace {

void add_limits(CLI::App* command, MakeBundleCommand& unpack) {
  auto add = [&](const char* names, auto& value, const char* shown, const char* what) {
    return command->add_option(names, value, what)->option_text(shown)->group("Limits");
  };
  add("--cpus", unpack.cpus, "NUMBER", "how many processors at most, such as 0.5");
  add("-m,--memory", unpack.memory, "SIZE", "how much memory at most, such as 100M");
  add("--cpu-shares", unpack.cpu_shares, "WEIGHT", "weight against others (1024 is usual)")
      // man: cgroups(7), cpu.shares
      ->check(CLI::Range(std::uint64_t{2}, std::uint64_t{262144}));
  add("--cpuset-cpus", unpack.cpuset_cpus, "LIST", "which processors, such as 0-2,4");
  add("--pids-limit", unpack.pids_limit, "NUMBER", "how many processes at most");
}

void add_image_limits(CLI::App* command, MakeBundleCommand& make) {
  auto add = [&](const char* names, auto& value, const char* shown, const char* what) {
    command->add_option(names, value, what)->option_text(shown)->group("Limits of the image");
  };
  add("--max-size", make.max_size, "SIZE", "bytes of all its files (256G; 0: any)");
  add("--max-entries", make.max_entries, "NUMBER", "files, folders and links (5000000; 0: any)");
  add("--max-ratio", make.max_ratio, "NUMBER", "growth of a layer beyond 1 GiB (500; 0: any)");
}

void add_process(CLI::App* command, MakeBundleCommand& unpack) {
  auto add = [&](const char* names, auto& value, const char* shown, const char* what) {
    return command->add_option(names, value, what)->option_text(shown)->group("Process");
  };
  // One value each: what follows may be the command.
  add("-e,--env", unpack.env, "NAME=VALUE", "add to its environment; may be repeated")
      ->allow_extra_args(false);
  add("-u,--user", unpack.user, "USER[:GROUP]", "who it runs as, by name or number");
  add("-w,--workdir", unpack.workdir, "DIRECTORY", "where in the container it starts");
  add("--entrypoint", unpack.entrypoint, "PROGRAM", "instead of the image's; \"\" for none");
  command->add_flag("-t,--tty", unpack.tty, "give it a terminal")->group("Process");
}

void add_container(CLI::App* command, MakeBundleCommand& unpack) {
  command
      ->add_option("-v,--volume", unpack.volumes,
                   "bind a file or folder, by absolute paths; may be repeated")
      ->option_text("HOST:CONTAINER[:ro]")
      ->allow_extra_args(false);
  command->add_option("--hostname", unpack.hostname, "the container's host name")
      ->option_text("NAME");
  command->add_flag("--read-only", unpack.read_only, "make the root file system read-only");
  // Layers that are shared have one form.
  if (!unpack.overlay)
    command->add_flag("--rootless", unpack.rootless, "a bundle that an ordinary user can run");
  command->add_flag("--no-seccomp", unpack.no_seccomp, "leave the system call filter out");
}

void add_pull_options(CLI::App* command, MakeBundleCommand& make) {
  cli::add_choice<PullPolicy>(
      command, "--pull", make.pull,
      {{"missing", PullPolicy::Missing},
       {"always", PullPolicy::Always},
       {"never", PullPolicy::Never}},
      "fetch the image: missing (from the store; the default), always, never")
      ->option_text("WHEN");
  add_platform(command, make.from.platform);
  add_registry_flags(command, make.from.registry_flags);
}

void add_make(CLI::App* command, bool overlay, Choice& choice) {
  auto make = std::make_shared<MakeBundleCommand>();
  make->overlay = overlay;
  command->add_option("IMAGE", make->image, "an image of the store, or of its registry")
      ->required();
  command->add_option("DIR", make->bundle, "the bundle's folder, which is made")->required();
  cli::add_rest(command, "COMMAND", "[COMMAND [ARGUMENT...]]",
                "in place of the image's Cmd, behind its Entrypoint");
  add_pull_options(command, *make);
  add_process(command, *make);
  add_limits(command, *make);
  add_image_limits(command, *make);
  add_container(command, *make);
  add_quiet(command, choice);
  command->prefix_command();
  command->final_callback([=, &choice] {
    auto words = words_left(*command, choice);
    if (!words) return;
    make->command = *std::move(words);
    choice.command = *make;
  });
}

void add_unpack(CLI::App& app, Choice& choice) {
  auto command = cli::add_command(
      app, "unpack", "make a bundle (rootfs and config.json) of an image",
      "bundler unpack alpine mybundle --memory 100M --cpus 0.5 sh -c 'echo hello'");
  add_make(command, false, choice);
}

void add_create(CLI::App& app, Choice& choice) {
  auto command = cli::add_command(
      app, "create", "make a bundle on layers that bundles share, in milliseconds",
      "bundler create alpine mybundle sh -c 'echo hello > /kept' && runtime run mybundle\n"
      "  bundler diff mybundle && bundler commit mybundle alpine:mine && bundler delete mybundle");
  add_make(command, true, choice);
}

template <class Command>
void add_on_bundles(CLI::App& app, Choice& choice, const char* name, const char* what,
                    const char* example) {
  auto command = cli::add_command(app, name, what, example);
  auto chosen = std::make_shared<Command>();
  command->add_option("BUNDLE", chosen->bundles, "bundles that create made")->required();
  command->final_callback([chosen, &choice] { choice.command = *chosen; });
}

void add_diff(CLI::App& app, Choice& choice) {
  auto command =
      cli::add_command(app, "diff", "list what a container added (A), changed (C) and deleted (D)",
                       "bundler diff mybundle");
  auto diff = std::make_shared<DiffCommand>();
  command->add_option("BUNDLE", diff->bundle, "a bundle that create made")->required();
  command->add_flag("--json", diff->json, "as JSON");
  command->final_callback([diff, &choice] { choice.command = *diff; });
}

void add_commit(CLI::App& app, Choice& choice) {
  auto command = cli::add_command(
      app, "commit", "make an image of what a container changed",
      "bundler commit mybundle alpine:mine -c 'CMD [\"/bin/app\"]' -m 'with my app'");
  auto commit = std::make_shared<CommitCommand>();
  command->add_option("BUNDLE", commit->bundle, "a bundle that create made")->required();
  command->add_option("NAME", commit->name, "the new image's name")->required();
  command->add_option("-a,--author", commit->author, "who made it")->option_text("NAME");
  command->add_option("-m,--message", commit->message, "what it is for")->option_text("WORDS");
  command
      ->add_option("-c,--change", commit->changes,
                   "change its configuration by CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, "
                   "USER, VOLUME or WORKDIR; may be repeated")
      ->option_text("INSTRUCTION")
      ->allow_extra_args(false);
  add_quiet(command, choice);
  command->final_callback([commit, &choice] { choice.command = *commit; });
}

}  // namespace

void add_bundles(CLI::App& app, Choice& choice) {
  add_unpack(app, choice);
  add_create(app, choice);
  add_on_bundles<MountCommand>(app, choice, "mount",
                               "mount the root file systems of bundles again, after a restart, say",
                               "bundler mount mybundle");
  add_on_bundles<UmountCommand>(app, choice, "umount", "unmount the root file systems of bundles",
                                "bundler umount mybundle");
  add_on_bundles<DeleteCommand>(app, choice, "delete",
                                "remove bundles, with what their containers changed",
                                "bundler delete mybundle");
  add_diff(app, choice);
  add_commit(app, choice);
}

}  // namespace bundler
