#include "engine/cli_add.h"

namespace engine {
namespace {

void add_copy(CLI::App& app, Choice& choice) {
  auto [command, copy] =
      add<CopyCommand>(app, choice, "cp", "copy files between a container and this machine",
                       "engine cp bird:/etc/hosts .");
  command->add_option("SOURCE", copy->from, "CONTAINER:PATH, PATH, or - for a tar archive")
      ->required();
  command->add_option("TARGET", copy->to, "the same")->required();
  command->add_flag("-a,--archive", copy->archive, "with the owners that the files have");
  command->add_flag("-L,--follow-link", copy->follow_link,
                    "what a link SOURCE leads to, not the link");
  command->add_flag("-q,--quiet", copy->quiet, "accepted: nothing is told anyway");
}

void add_diff(CLI::App& app, Choice& choice) {
  add_on_container<DiffCommand>(app, choice, "diff",
                                "list what a container added (A), changed (C) and deleted (D)",
                                "engine diff bird");
}

void add_export(CLI::App& app, Choice& choice) {
  auto [command, exported] = add_on_container<ExportCommand>(
      app, choice, "export", "write a container's files as a tar archive",
      "engine export -o bird.tar bird");
  command->add_option("-o,--output", exported->output, "the file (standard output)")
      ->option_text("FILE");
}

void add_commit(CLI::App& app, Choice& choice) {
  auto [command, commit] =
      add_on_container<CommitCommand>(app, choice, "commit", "make an image of a container",
                                      "engine commit -c 'CMD [\"sh\"]' bird birds:tame");
  command->add_option("NAME", commit->name, "of the image");
  command->add_option("-a,--author", commit->author, "who made it")->option_text("AUTHOR");
  command->add_option("-m,--message", commit->message, "what was changed")->option_text("TEXT");
  command
      ->add_option("-c,--change", commit->changes,
                   "change its configuration, as in a Dockerfile; may be repeated")
      ->option_text("INSTRUCTION")
      ->allow_extra_args(false);
  command->add_flag("-p,--pause{true}", commit->pause,
                    "pause the container meanwhile (--pause=false does not)");
}

}  // namespace

void add_files(CLI::App& app, Choice& choice) {
  add_copy(app, choice);
  add_diff(app, choice);
  add_export(app, choice);
  add_commit(app, choice);
}

}  // namespace engine
