#include <CLI/CLI.hpp>

#include "bundler/cli_commands.h"
#include "cli/options.h"

namespace bundler {
namespace {

void add_inspect(CLI::App& app, Choice& choice) {
  auto command = cli::add_command(
      app, "inspect", "print all that the store knows of images as JSON", "bundler inspect alpine");
  auto inspect = std::make_shared<InspectCommand>();
  command->add_option("IMAGE", inspect->images, "images of the store")->required();
  command->add_option("--platform", inspect->platform, "of an index the image of this platform")
      ->option_text("OS/ARCHITECTURE[/VARIANT]");
  command->final_callback([inspect, &choice] { choice.command = *inspect; });
}

void add_tag(CLI::App& app, Choice& choice) {
  auto command = cli::add_command(app, "tag", "give an image another name besides its own",
                                  "bundler tag alpine localhost:5000/alpine:mine");
  auto tag = std::make_shared<TagCommand>();
  command->add_option("IMAGE", tag->image, "an image of the store")->required();
  command->add_option("NAME", tag->name, "the further name")->required();
  command->final_callback([tag, &choice] { choice.command = *tag; });
}

void add_remove(CLI::App& app, Choice& choice) {
  auto command = cli::add_command(
      app, "remove", "take names away, and free what no other name needs", "bundler remove alpine");
  auto remove = std::make_shared<RemoveCommand>();
  command->add_option("IMAGE", remove->images, "images of the store")->required();
  add_quiet(command, choice);
  command->final_callback([remove, &choice] { choice.command = *remove; });
}

void add_prune(CLI::App& app, Choice& choice) {
  auto command =
      cli::add_command(app, "prune", "free what no name of the store leads to", "bundler prune");
  auto prune = std::make_shared<PruneCommand>();
  command->add_flag("--json", prune->json, "tell what was removed as JSON");
  add_quiet(command, choice);
  command->final_callback([prune, &choice] { choice.command = *prune; });
}

void add_export(CLI::App& app, Choice& choice) {
  auto command = cli::add_command(
      app, "export", "write an image as an OCI layout, an OCI archive or a docker archive",
      "bundler export alpine alpine.tar\n"
      "  bundler export --format docker-archive alpine - | docker load");
  auto exported = std::make_shared<ExportCommand>();
  auto format = std::make_shared<ExportFormat>();
  command->add_option("IMAGE", exported->image, "an image of the store")->required();
  command->add_option("PATH", exported->to, "the folder or file to write; - for standard output")
      ->required();
  auto chosen =
      cli::add_choice<ExportFormat>(command, "--format", *format,
                                    {{"oci-layout", ExportFormat::OciLayout},
                                     {"oci-archive", ExportFormat::OciArchive},
                                     {"docker-archive", ExportFormat::DockerArchive}},
                                    "oci-layout, oci-archive or docker-archive (default: by PATH)");
  chosen->option_text("FORMAT");
  command
      ->add_option("--platform", exported->platform, "of an index only the image of this platform")
      ->option_text("OS/ARCHITECTURE[/VARIANT]");
  command->final_callback([=, &choice] {
    if (chosen->count() > 0) exported->format = *format;
    choice.command = *exported;
  });
}

}  // namespace

void add_store(CLI::App& app, Choice& choice) {
  add_inspect(app, choice);
  add_tag(app, choice);
  add_remove(app, choice);
  add_prune(app, choice);
  add_export(app, choice);
}

}  // namespace bundler
