#include <CLI/CLI.hpp>

#include "bundler/cli_commands.h"
#include "cli/options.h"

namespace bundler {
namespace {

void add_limits(CLI::App* command, UnpackCommand& unpack) {
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

void add_process(CLI::App* command, UnpackCommand& unpack) {
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

void add_container(CLI::App* command, UnpackCommand& unpack) {
  command
      ->add_option("-v,--volume", unpack.volumes,
                   "bind a file or folder, by absolute paths; may be repeated")
      ->option_text("HOST:CONTAINER[:ro]")
      ->allow_extra_args(false);
  command->add_option("--hostname", unpack.hostname, "the container's host name")
      ->option_text("NAME");
  command->add_flag("--read-only", unpack.read_only, "make the root file system read-only");
  command->add_flag("--rootless", unpack.rootless, "a bundle that an ordinary user can run");
  command->add_flag("--no-seccomp", unpack.no_seccomp, "leave the system call filter out");
}

void add_unpack(CLI::App& app, Choice& choice) {
  auto command = cli::add_command(
      app, "unpack", "make a bundle (rootfs and config.json) of an image",
      "bundler unpack alpine mybundle --memory 100M --cpus 0.5 sh -c 'echo hello'");
  auto unpack = std::make_shared<UnpackCommand>();
  command->add_option("IMAGE", unpack->image, "an image of the store")->required();
  command->add_option("DIR", unpack->bundle, "the bundle's folder, which is made")->required();
  cli::add_rest(command, "COMMAND", "[COMMAND [ARGUMENT...]]",
                "in place of the image's Cmd, behind its Entrypoint");
  add_process(command, *unpack);
  add_limits(command, *unpack);
  add_container(command, *unpack);
  add_quiet(command, choice);
  command->prefix_command();
  command->final_callback([=, &choice] {
    auto words = words_left(*command, choice);
    if (!words) return;
    unpack->command = *std::move(words);
    choice.command = *unpack;
  });
}

}  // namespace

void add_bundles(CLI::App& app, Choice& choice) { add_unpack(app, choice); }

}  // namespace bundler
