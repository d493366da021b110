#include "bundler/login.h"

#include "bundler/commands.h"
#include "bundler/prompt.h"
#include "bundler/registries.h"
#include "bundler/store_commands.h"
#include "image/login.h"
#include "image/registry.h"

namespace bundler {
namespace {

using base::Result;
using base::Status;

// "docker.io" of "docker.io", "https://index.docker.io/v1/" or nothing: the name that images have.
Result<std::string> registry_of(const std::string& text) {
  auto place = text.empty() ? std::string("docker.io") : image::auth_place(text);
  auto reference = image::parse_reference(place + "/x");
  if (!reference || reference.value().registry != place)
    return base::usage_error(base::quote(text), " is not a registry, such as localhost:5000");
  return place;
}

Result<std::string> file_to_write(const Environment& environment) {
  auto files = auth_files(environment);
  if (files.empty())
    return base::usage_error("neither HOME nor REGISTRY_AUTH_FILE is set: nowhere to keep it");
  return files.front();
}

Result<image::Credentials> read_credentials(const LoginCommand& command) {
  image::Credentials out{.user = command.user};
  if (out.user.empty()) {
    if (command.password_stdin) return base::usage_error("--password-stdin needs --username");
    out.user = TRY(prompt("Username: ", Echo::On));
  }
  if (out.user.empty() || out.user.find(':') != std::string::npos)
    return base::usage_error(base::quote(out.user), " is not a user name");
  out.password =
      command.password_stdin ? TRY(read_secret_line()) : TRY(prompt("Password: ", Echo::Off));
  if (out.password.empty()) return base::usage_error("the password is empty");
  return out;
}

Status check(const Invocation& invocation, const LoginCommand& command,
             const Environment& environment, const std::string& registry,
             const image::Credentials& credentials) {
  image::HttpLibrary library;
  image::Stop stop;
  auto conf = TRY(read_registries(invocation, environment));
  auto place = TRY(image::destination(conf, {.registry = registry}));
  auto options = registry_options(invocation, environment, command.registry_flags);
  options.insecure = place.insecure;
  auto client = TRY(
      image::Registry::make({.registry = registry}, options, {.credentials = credentials}, stop));
  image::Transport transport(options.patience, stop);
  return client->check_login(transport);
}

}  // namespace

Status login(const Invocation& invocation, const LoginCommand& command,
             const Environment& environment) {
  auto registry = TRY(registry_of(command.registry), "login");
  auto file = TRY(file_to_write(environment), "login ", registry);
  auto credentials = TRY(read_credentials(command), "login ", registry);
  TRY(check(invocation, command, environment, registry, credentials), "login ", registry);
  TRY(image::save_credentials(file, registry, credentials, helper_world(environment)), "login ",
      registry);
  if (invocation.quiet) return {};
  return print(base::cat("logged in at ", registry, "\n"));
}

Status logout(const Invocation& invocation, const LogoutCommand& command,
              const Environment& environment) {
  if (command.all && !command.registry.empty())
    return base::usage_error("logout: --all needs no registry");
  auto registry = command.all ? std::string() : TRY(registry_of(command.registry), "logout");
  auto file = TRY(file_to_write(environment), "logout");
  auto helpers = helper_world(environment);
  auto gone = TRY(image::forget_credentials(file, registry, helpers), "logout");
  if (gone.empty() && !command.all)
    return base::state_error("logout: ", file, " has no credentials for ", registry);
  // Another program's file is left as it is, but not silently.
  if (!command.all) {
    auto files = auth_files(environment);
    files.erase(files.begin());
    auto left = TRY(image::find_credentials(files, {.registry = registry}, helpers), "logout");
    if (left.credentials) note(base::cat("note: another file still has some for ", registry));
  }
  if (invocation.quiet) return {};
  std::string text;
  for (const auto& key : gone) text += base::cat("logged out of ", key, "\n");
  return print(text);
}

}  // namespace bundler
