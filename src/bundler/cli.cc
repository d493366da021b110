#include "bundler/cli.h"

#include <CLI/CLI.hpp>

namespace bundler {
namespace {

// Our own reading of "--": all after it is the command's.
struct Arguments {
  std::vector<std::string> ours{};
  std::optional<std::vector<std::string>> after_dashes{};
};

Arguments split_arguments(int argc, const char* const* argv) {
  Arguments out;
  bool has_command = false;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (out.after_dashes) {
      out.after_dashes->push_back(std::move(word));
    } else if (has_command && word == "--") {
      out.after_dashes.emplace();
    } else {
      has_command = has_command || word == "import" || word == "unpack";
      out.ours.push_back(std::move(word));
    }
  }
  return out;
}

// Where a command starts with "-", an option is mistyped, unless "--" stands before it.
std::optional<Answer> mistyped(const CLI::App& app) {
  auto words = app.remaining();
  if (words.empty() || words.front().size() < 2 || words.front().front() != '-')
    return std::nullopt;
  return Answer{"there is no option " + words.front(), true};
}

// The words after the positional arguments.
std::vector<std::string> command_of(const CLI::App& app, const Arguments& arguments) {
  auto words = app.remaining();
  if (!arguments.after_dashes) return words;
  // "sh -c … -- x": these dashes are the command's own.
  if (!words.empty()) words.push_back("--");
  words.insert(words.end(), arguments.after_dashes->begin(), arguments.after_dashes->end());
  return words;
}

void add_pull(CLI::App& app, Invocation& invocation, PullCommand& pull) {
  auto command = app.add_subcommand("pull", "Fetch images from their registries into the store");
  command->add_option("IMAGE", pull.images, "such as alpine, localhost:5000/a/b:tag, a@sha256:…")
      ->required();
  command->add_option("--platform", pull.platform,
                      "OS/ARCHITECTURE[/VARIANT] instead of this machine's");
  command->add_flag("--plain-http", pull.plain_http,
                    "speak http without TLS also to a registry that is not on this machine");
  command->add_flag("-q,--quiet", invocation.quiet, "print nothing but errors");
  command->footer(
      "Example:\n  bundler pull alpine:3.20\n  bundler pull --platform linux/arm64 debian");
}

void add_images(CLI::App& app, ImagesCommand& images, std::string& format) {
  auto command = app.add_subcommand("images", "List the images of the store");
  command->add_flag("--json", images.json, "as JSON; the same as --format json");
  command->add_option("--format", format, "table or json")->check(CLI::IsMember({"table", "json"}));
  command->add_flag("-q,--quiet", images.names_only, "only the names");
  command->footer("Example:\n  bundler images --json");
}

CLI::App* add_import(CLI::App& app, Invocation& invocation, ImportCommand& import) {
  auto command = app.add_subcommand(
      "import", "Make an image from a root file system (folder or tar) or from an OCI layout");
  command->add_option("SOURCE", import.source, "a folder, a tar file, or an OCI image layout")
      ->required();
  command->add_option("NAME", import.name, "the new image's name, such as debian:mine")->required();
  command->add_option("--image", import.layout_name, "which image of a layout that holds several");
  command->add_option("--platform", import.platform,
                      "OS/ARCHITECTURE[/VARIANT] instead of this machine's");
  command->add_flag("-q,--quiet", invocation.quiet, "print nothing but errors");
  command->prefix_command();
  command->footer(
      "Words after NAME are what the image runs by default (a root file system's; else /bin/sh).\n"
      "Example:\n  debootstrap bookworm debian && bundler import debian debian:mine");
  return command;
}

CLI::App* add_unpack(CLI::App& app, Invocation& invocation, UnpackCommand& unpack) {
  auto command = app.add_subcommand("unpack", "Make a bundle (rootfs and config.json) of an image");
  command->add_option("IMAGE", unpack.image, "an image of the store")->required();
  command->add_option("BUNDLE", unpack.bundle, "the folder to make")->required();
  command->add_option("--cpus", unpack.cpus, "how many processors at most, such as 0.5");
  command->add_option("-m,--memory", unpack.memory, "how much memory at most, such as 100M");
  command
      ->add_option("--cpu-shares", unpack.cpu_shares, "weight against others (1024 is usual)")
      // man: cgroups(7), cpu.shares
      ->check(CLI::Range(std::uint64_t{2}, std::uint64_t{262144}));
  command->add_option("--cpuset-cpus", unpack.cpuset_cpus, "which processors, such as 0-2,4");
  command->add_option("--pids-limit", unpack.pids_limit, "how many processes at most");
  // One value each: what follows may be the command.
  command->add_option("-e,--env", unpack.env, "NAME=VALUE; may be repeated")
      ->allow_extra_args(false);
  command
      ->add_option("-v,--volume", unpack.volumes,
                   "HOST:CONTAINER[:ro], absolute paths; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--hostname", unpack.hostname, "the container's host name");
  command->add_option("-u,--user", unpack.user, "USER[:GROUP], by name or number");
  command->add_option("-w,--workdir", unpack.workdir, "the folder to start in");
  command->add_option("--entrypoint", unpack.entrypoint, "instead of the image's; \"\" for none");
  command->add_flag("-t,--tty", unpack.tty, "give the process a terminal");
  command->add_flag("--read-only", unpack.read_only, "make the root file system read-only");
  command->add_flag("--rootless", unpack.rootless, "a bundle that an ordinary user can run");
  command->add_flag("--no-seccomp", unpack.no_seccomp, "leave the system call filter out");
  command->add_flag("-q,--quiet", invocation.quiet, "print nothing but errors");
  command->prefix_command();
  command->footer(
      "Words after BUNDLE and the options are the command, in place of the image's Cmd.\n"
      "Example:\n  bundler unpack alpine mybundle --memory 100M --cpus 0.5 sh -c 'echo hello'");
  return command;
}

}  // namespace

std::variant<Invocation, Answer> parse_arguments(int argc, const char* const* argv) {
  auto arguments = split_arguments(argc, argv);
  Invocation invocation;
  PullCommand pull;
  ImagesCommand images;
  ImportCommand import;
  UnpackCommand unpack;
  std::string format;
  CLI::App app("Images: fetched from registries, kept in a store, made into OCI bundles",
               "bundler");
  app.set_version_flag("--version", "bundler " CORACLE_VERSION);
  app.add_option("--store", invocation.store, "the folder of images (an OCI image layout)");
  app.add_flag("-q,--quiet", invocation.quiet, "print nothing but errors");
  app.add_flag("--debug", invocation.debug, "tell each request to a registry");
  app.require_subcommand(1);
  app.footer(
      "Example:\n  bundler pull alpine && bundler unpack alpine mybundle && runtime run mybundle");
  add_pull(app, invocation, pull);
  add_images(app, images, format);
  auto import_app = add_import(app, invocation, import);
  auto unpack_app = add_unpack(app, invocation, unpack);
  try {
    // CLI11 takes them from the back.
    app.parse(std::vector<std::string>(arguments.ours.rbegin(), arguments.ours.rend()));
    for (auto one : {import_app, unpack_app})
      if (auto answer = mistyped(*one)) return *answer;
    if (app.got_subcommand("pull")) invocation.command = std::move(pull);
    if (app.got_subcommand("images")) {
      images.json = images.json || format == "json";
      invocation.command = images;
    }
    if (app.got_subcommand("import")) {
      import.command = command_of(*import_app, arguments);
      invocation.command = std::move(import);
    }
    if (app.got_subcommand("unpack")) {
      unpack.command = command_of(*unpack_app, arguments);
      invocation.command = std::move(unpack);
    }
    return invocation;
  } catch (const CLI::CallForVersion& version) {
    return Answer{std::string(version.what()) + "\n"};
  } catch (const CLI::Success&) {
    return Answer{app.help()};
  } catch (const CLI::Error& error) {
    return Answer{error.what(), true};
  }
}

}  // namespace bundler
