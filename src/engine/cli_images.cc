#include "bundler/cli_commands.h"
#include "engine/cli_add.h"

namespace engine {
namespace {

constexpr const char* kImage = "an image of the store, by name or id";

void add_registries(CLI::App& app, Choice& choice) {
  auto [pulling, pull] = add<PullImagesCommand>(
      app, choice, "pull", "fetch images from their registries", "engine pull ubuntu:24.04");
  pulling->add_option("NAME", pull->pull.images, "such as ubuntu, localhost:5000/a/b:tag")
      ->required();
  bundler::add_platform(pulling, pull->pull.platform);
  bundler::add_registry_flags(pulling, pull->pull.registry_flags);
  pulling->add_flag("-q,--quiet", pull->quiet, "print nothing but errors");
  auto [pushing, push] = add<PushImageCommand>(app, choice, "push", "send an image to a registry",
                                               "engine push birds:tame localhost:5000/birds:tame");
  pushing->add_option("IMAGE", push->push.image, kImage)->required();
  pushing->add_option("DESTINATION", push->push.destination,
                      "the name it gets there (default: the same)");
  bundler::add_platform(pushing, push->push.platform);
  bundler::add_registry_flags(pushing, push->push.registry_flags);
  pushing->add_flag("-q,--quiet", push->quiet, "print nothing but errors");
  auto [logging_in, in] =
      add<LogInCommand>(app, choice, "login", "keep a user name and a password for a registry",
                        "engine login -u me --password-stdin localhost:5000 < password");
  logging_in->add_option("REGISTRY", in->login.registry, "such as localhost:5000 (docker.io)");
  logging_in->add_option("-u,--username", in->login.user, "the user name; asked for without it")
      ->option_text("USER");
  logging_in->add_flag("--password-stdin", in->login.password_stdin,
                       "read the password from standard input instead of asking for it");
  bundler::add_registry_flags(logging_in, in->login.registry_flags);
  auto [logging_out, out] =
      add<LogOutCommand>(app, choice, "logout", "forget the credentials for a registry",
                         "engine logout localhost:5000");
  logging_out->add_option("REGISTRY", out->logout.registry, "such as localhost:5000 (docker.io)");
  logging_out->add_flag("-a,--all", out->logout.all, "for all registries");
}

void add_list(CLI::App& app, Choice& choice) {
  auto [command, images] =
      add<ListImagesCommand>(app, choice, "images", "list images", "engine images ubuntu");
  command->add_option("NAME", images->name, "only those of this name, with or without a tag");
  command->add_flag("-q,--quiet", images->quiet, "only their ids");
  command->add_flag("--no-trunc", images->no_trunc, "whole ids");
  command->add_flag("--json", images->json, "as JSON");
  auto [listing, history] = add<HistoryCommand>(
      app, choice, "history", "list the layers of an image and how they were made",
      "engine history birds:tame");
  listing->add_option("IMAGE", history->image, kImage)->required();
  listing->add_flag("--no-trunc", history->no_trunc, "whole texts");
  listing->add_flag("-q,--quiet", history->quiet, "only the digests of layers");
}

void add_names(CLI::App& app, Choice& choice) {
  auto [removing, remove] = add<RemoveImagesCommand>(
      app, choice, "rmi", "remove names of images, and images that have none left",
      "engine rmi birds:tame");
  removing->add_option("IMAGE", remove->images, kImage)->required();
  removing->add_flag("-f,--force", remove->force, "also one that a stopped container is made of");
  auto [tagging, tag] = add<TagImageCommand>(app, choice, "tag", "give an image another name",
                                             "engine tag birds:tame localhost:5000/birds:tame");
  tagging->add_option("IMAGE", tag->image, kImage)->required();
  tagging->add_option("NAME", tag->name, "the further name")->required();
}

void add_archives(CLI::App& app, Choice& choice) {
  auto [saving, save] =
      add<SaveCommand>(app, choice, "save", "write an image as an archive, with its layers",
                       "engine save -o birds.tar birds:tame");
  saving->add_option("IMAGE", save->image, kImage)->required();
  saving->add_option("-o,--output", save->output, "the file (standard output)")
      ->option_text("FILE");
  auto [loading, load] = add<LoadCommand>(app, choice, "load", "read images from such an archive",
                                          "engine load -i birds.tar");
  loading->add_option("-i,--input", load->input, "the file (standard input)")->option_text("FILE");
  loading->add_flag("-q,--quiet", load->quiet, "print nothing but errors");
  auto [importing, import] = add<ImportImageCommand>(
      app, choice, "import", "make an image of a folder, or of a tar archive of one",
      "engine import -c 'CMD [\"sh\"]' rootfs.tar birds:wild");
  importing->add_option("SOURCE", import->source, "a folder, a file, or - for standard input")
      ->required();
  importing->add_option("NAME", import->name, "of the image");
  importing
      ->add_option("-c,--change", import->changes,
                   "change its configuration, as in a Dockerfile; may be repeated")
      ->option_text("INSTRUCTION")
      ->allow_extra_args(false);
  importing->add_option("-m,--message", import->message, "what it is")->option_text("TEXT");
}

}  // namespace

void add_images(CLI::App& app, Choice& choice) {
  add_list(app, choice);
  add_registries(app, choice);
  add_names(app, choice);
  add_archives(app, choice);
  auto [command, info] =
      add<InfoCommand>(app, choice, "info", "tell what there is, and where", "engine info --json");
  command->add_flag("--json", info->json, "as JSON");
  add<VersionCommand>(app, choice, "version", "tell the versions of what works here",
                      "engine version");
}

}  // namespace engine
