#include "bundler/cli.h"

#include <CLI/CLI.hpp>

#include "bundler/cli_commands.h"
#include "cli/completion.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/refusal.h"

namespace bundler {
namespace {

constexpr const char* kExample =
    "Example:\n"
    "  bundler pull alpine:3.20\n"
    "  bundler unpack alpine:3.20 mybundle --memory 100M sh -c 'echo hello'\n"
    "  runtime run mybundle";

// The line without the program's name, and our own reading of "--": all after it is a container's.
std::vector<std::string> ours(int argc, const char* const* argv, Choice& choice) {
  std::vector<std::string> out;
  bool has_command = false;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (choice.after_dashes) {
      choice.after_dashes->push_back(std::move(word));
    } else if (has_command && word == "--") {
      choice.after_dashes.emplace();
    } else {
      has_command = has_command || word == "import" || word == "unpack" || word == "create";
      out.push_back(std::move(word));
    }
  }
  return out;
}

void add_global(CLI::App& app, Invocation& invocation, Choice& choice) {
  app.set_help_flag("-h,--help", "print this help");
  app.set_version_flag("--version", "bundler " CORACLE_VERSION, "print the version");
  app.add_option("--store", invocation.store, "the folder of images (an OCI image layout)")
      ->option_text("DIR");
  app.add_option("--registries-conf", invocation.registries_conf,
                 "the file that says where images are asked for")
      ->option_text("FILE");
  app.add_option("--policy", invocation.policy,
                 "which images pull and import accept (containers-policy.json)")
      ->option_text("FILE");
  cli::add_choice<ProgressStyle>(&app, "--progress", invocation.progress,
                                 {{"auto", ProgressStyle::Auto},
                                  {"bars", ProgressStyle::Bars},
                                  {"lines", ProgressStyle::Lines},
                                  {"json", ProgressStyle::Json}},
                                 "how progress is told: bars, lines, json, or auto (the default)")
      ->option_text("FORM");
  add_quiet(&app, choice);
  app.add_flag("--debug", invocation.debug, "tell each request to a registry");
}

}  // namespace

std::optional<std::vector<std::string>> words_left(const CLI::App& command, Choice& choice) {
  auto words = command.remaining();
  if (!words.empty() && words.front().size() > 1 && words.front().front() == '-') {
    choice.refusal = cli::unknown_option(command, words.front());
    return std::nullopt;
  }
  if (!choice.after_dashes) return words;
  // "sh -c … -- x": these dashes are the container's own.
  if (!words.empty()) words.push_back("--");
  words.insert(words.end(), choice.after_dashes->begin(), choice.after_dashes->end());
  return words;
}

void add_quiet(CLI::App* command, Choice& choice) {
  command->add_flag("-q,--quiet", choice.quiet, "print nothing but errors");
}

CLI::Option* add_platform(CLI::App* command, std::string& platform) {
  return command->add_option("--platform", platform, "another platform than this machine's")
      ->option_text("OS/ARCHITECTURE[/VARIANT]");
}

void add_all_platforms(CLI::App* command, bool& all, CLI::Option* platform) {
  command->add_flag("--all-platforms", all, "the index with the images of all its platforms")
      ->excludes(platform);
}

std::variant<Invocation, Answer> parse_arguments(int argc, const char* const* argv) {
  Invocation invocation;
  Choice choice;
  CLI::App app("Fetches images from registries, keeps them in a store, makes OCI bundles of them.",
               "bundler");
  app.footer(kExample);
  app.require_subcommand(1);
  add_global(app, invocation, choice);
  add_images(app, choice);
  add_store(app, choice);
  add_registry(app, choice);
  add_bundles(app, choice);
  cli::add_completion(app, choice.text);
  auto words = ours(argc, argv, choice);
  try {
    // CLI11 takes them from the back.
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::CallForVersion& version) {
    return Answer{std::string(version.what()) + "\n"};
  } catch (const CLI::Success&) {
    auto chosen = app.get_subcommands();
    return Answer{cli::help(cli::outline(chosen.empty() ? app : *chosen.front()))};
  } catch (const CLI::Error& error) {
    return Answer{cli::refusal(app, error.what()), true};
  }
  if (!choice.text.empty()) return Answer{choice.text};
  if (!choice.command) return Answer{choice.refusal, true};
  invocation.quiet = choice.quiet;
  invocation.command = *std::move(choice.command);
  return invocation;
}

}  // namespace bundler
