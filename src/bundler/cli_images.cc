#include <CLI/CLI.hpp>

#include "bundler/cli_commands.h"
#include "cli/options.h"

namespace bundler {
namespace {

void add_pull(CLI::App& app, Choice& choice) {
  auto command = cli::add_command(app, "pull", "fetch images from their registries into the store",
                                  "bundler pull alpine:3.20\n"
                                  "  bundler pull --platform linux/arm64 debian");
  auto pull = std::make_shared<PullCommand>();
  command->add_option("IMAGE", pull->images, "such as alpine, localhost:5000/a/b:tag, a@sha256:...")
      ->required();
  auto platform = add_platform(command, pull->platform);
  add_all_platforms(command, pull->all_platforms, platform);
  add_registry_flags(command, pull->registry_flags);
  add_quiet(command, choice);
  command->final_callback([pull, &choice] { choice.command = *pull; });
}

void add_list(CLI::App& app, Choice& choice) {
  auto command =
      cli::add_command(app, "images", "list the images of the store", "bundler images --json");
  auto images = std::make_shared<ImagesCommand>();
  command->add_flag("--json", images->json, "as JSON; the same as --format json");
  cli::add_choice<bool>(command, "--format", images->json_format,
                        {{"table", false}, {"json", true}}, "table or json")
      ->option_text("FORMAT");
  command->add_flag("-q,--quiet", images->names_only, "only the names");
  command->final_callback([images, &choice] {
    images->json = images->json || images->json_format;
    choice.command = *images;
  });
}

void add_import(CLI::App& app, Choice& choice) {
  auto command = cli::add_command(
      app, "import", "make an image of a root file system (folder or tar) or of an OCI layout",
      "debootstrap bookworm debian && bundler import debian debian:mine");
  auto import = std::make_shared<ImportCommand>();
  command->add_option("PATH", import->source, "a folder, a tar file, or an OCI image layout")
      ->required();
  command->add_option("NAME", import->name, "the new image's name, such as debian:mine")
      ->required();
  command->add_option("--image", import->layout_name, "which image of a layout that holds several")
      ->option_text("NAME");
  auto platform = add_platform(command, import->platform);
  add_all_platforms(command, import->all_platforms, platform);
  add_quiet(command, choice);
  cli::add_rest(command, "COMMAND", "[COMMAND [ARGUMENT...]]",
                "what the image runs by default (a root file system's; else /bin/sh)");
  command->prefix_command();
  command->final_callback([=, &choice] {
    auto words = words_left(*command, choice);
    if (!words) return;
    import->command = *std::move(words);
    choice.command = *import;
  });
}

}  // namespace

void add_images(CLI::App& app, Choice& choice) {
  add_pull(app, choice);
  add_import(app, choice);
  add_list(app, choice);
}

}  // namespace bundler
