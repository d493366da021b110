#include "engine/cli.h"

#include <CLI/CLI.hpp>

#include "cli/completion.h"
#include "cli/go.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/refusal.h"
#include "engine/cli_commands.h"

namespace engine {
namespace {

constexpr const char* kExample =
    "Example:\n"
    "  engine run -ti alpine sh\n"
    "  engine run -d --name web -p 8080:80 nginx\n"
    "  engine ps && engine logs web && engine rm -f web";

void add_global(CLI::App& app, Invocation& invocation) {
  app.set_help_flag("-h,--help", "print this help");
  app.set_version_flag("-v,--version", "engine " CORACLE_VERSION, "print the version");
  auto add = [&](const char* name, std::string& value, const char* shown, const char* what) {
    app.add_option(name, value, what)->option_text(shown);
  };
  add("--data", invocation.data, "DIR", "where containers, volumes and networks are kept");
  add("--run", invocation.run, "DIR", "where what ends with the machine's boot is kept");
  add("--store", invocation.store, "DIR", "the folder of images (an OCI image layout)");
  add("--runtime", invocation.runtime, "PROGRAM", "the OCI runtime, by name or path");
  add("--cni-path", invocation.cni_path, "DIR[:DIR...]", "where network plugins are");
  add("--registries-conf", invocation.registries_conf, "FILE",
      "the file that says where images are asked for");
  add("--policy", invocation.policy, "FILE", "which images are accepted (containers-policy.json)");
  app.add_flag("-D,--debug", invocation.debug, "tell each program that is run, and each step");
}

}  // namespace

std::optional<Words> words_left(const CLI::App& command, Choice& choice) {
  auto words = command.remaining();
  if (!words.empty() && words.front().size() > 1 && words.front().front() == '-') {
    choice.refusal = cli::unknown_option(command, words.front());
    return std::nullopt;
  }
  return words;
}

std::variant<Invocation, Answer> parse_arguments(const Words& args) {
  Invocation invocation;
  Choice choice;
  CLI::App app("Runs containers for a person at a shell, without a daemon.", "engine");
  app.footer(kExample);
  app.require_subcommand(1);
  add_global(app, invocation);
  add_making(app, choice);
  add_containers(app, choice);
  add_look(app, choice);
  add_files(app, choice);
  add_networks(app, choice);
  add_update(app, choice);
  add_volumes(app, choice);
  add_images(app, choice);
  cli::add_completion(app, choice.text);
  auto words = cli::with_two_dashes(args, app);
  try {
    // CLI11 takes them from the back, without the program's name.
    app.parse(Words(words.rbegin(), words.rend() - 1));
  } catch (const CLI::CallForVersion& version) {
    return Answer{std::string(version.what()) + "\n"};
  } catch (const CLI::Success&) {
    return Answer{cli::help(cli::outline(cli::chosen(app)))};
  } catch (const CLI::Error& error) {
    return Answer{cli::refusal(app, error.what()), true};
  }
  if (!choice.text.empty()) return Answer{choice.text};
  if (!choice.command) return Answer{choice.refusal, true};
  invocation.command = *std::move(choice.command);
  return invocation;
}

}  // namespace engine
