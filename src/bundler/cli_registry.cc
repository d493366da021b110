#include <CLI/CLI.hpp>

#include "bundler/cli_commands.h"
#include "cli/options.h"

namespace bundler {
namespace {

void add_push(CLI::App& app, Choice& choice) {
  auto command = cli::add_command(app, "push", "send an image of the store to a registry",
                                  "bundler push debian:mine localhost:5000/debian:mine");
  auto push = std::make_shared<PushCommand>();
  command->add_option("IMAGE", push->image, "an image of the store")->required();
  command->add_option("DESTINATION", push->destination,
                      "the name it gets there (default: the same)");
  command->add_option("--platform", push->platform, "of an index only the image of this platform")
      ->option_text("OS/ARCHITECTURE[/VARIANT]");
  add_registry_flags(command, push->registry_flags);
  add_quiet(command, choice);
  command->final_callback([push, &choice] { choice.command = *push; });
}

void add_login(CLI::App& app, Choice& choice) {
  auto command = cli::add_command(app, "login", "keep a user name and a password for a registry",
                                  "bundler login -u me --password-stdin localhost:5000 < password");
  auto login = std::make_shared<LoginCommand>();
  command->add_option("REGISTRY", login->registry, "such as localhost:5000 (default: docker.io)");
  command->add_option("-u,--username", login->user, "the user name; asked for without it")
      ->option_text("USER");
  command->add_flag("--password-stdin", login->password_stdin,
                    "read the password from standard input instead of asking for it");
  add_registry_flags(command, login->registry_flags);
  add_quiet(command, choice);
  command->final_callback([login, &choice] { choice.command = *login; });
}

void add_logout(CLI::App& app, Choice& choice) {
  auto command = cli::add_command(app, "logout", "forget the credentials for a registry",
                                  "bundler logout localhost:5000");
  auto logout = std::make_shared<LogoutCommand>();
  command->add_option("REGISTRY", logout->registry, "such as localhost:5000 (default: docker.io)");
  command->add_flag("-a,--all", logout->all, "for all registries");
  add_quiet(command, choice);
  command->final_callback([logout, &choice] { choice.command = *logout; });
}

}  // namespace

void add_registry(CLI::App& app, Choice& choice) {
  add_push(app, choice);
  add_login(app, choice);
  add_logout(app, choice);
}

void add_registry_flags(CLI::App* command, RegistryFlags& flags) {
  command->add_flag("--plain-http", flags.plain_http,
                    "speak http without TLS also to a registry that is not on this machine");
  command
      ->add_flag_function(
          "--tls-verify", [&flags](std::int64_t given) { flags.tls_verify = given > 0; },
          "hold certificates against their authorities; =false: take any, and http")
      ->option_text("[=BOOL]");
  command
      ->add_option("--cert-dir", flags.cert_dir,
                   "a folder with authorities (*.crt) and a certificate of our own (*.cert, *.key)")
      ->option_text("DIR");
}

}  // namespace bundler
