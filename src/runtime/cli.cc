#include "runtime/cli.h"

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "cli/completion.h"
#include "cli/go.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/refusal.h"
#include "runtime/cli_commands.h"

namespace runtime {
namespace {

constexpr const char* kExample =
    "Example:\n"
    "  runtime spec --bundle mybundle       # write a config.json to start from\n"
    "  runtime run mybundle                 # run the bundle in the folder mybundle\n"
    "  runtime create --bundle mybundle c1 && runtime start c1\n"
    "  runtime exec --tty c1 sh";

void add_global(CLI::App& app, Global& global, std::string& rootless) {
  app.add_option("--root", global.root, "state directory")
      ->option_text("DIR")
      ->capture_default_str();
  app.add_option("--log", global.log, "file that errors and warnings are appended to")
      ->option_text("FILE");
  cli::add_choice<Format>(&app, "--log-format", global.log_format,
                          {{"text", Format::Text}, {"json", Format::Json}}, "text or json")
      ->option_text("FORMAT");
  app.add_flag("--debug", global.debug, "say more in the log");
  app.add_flag("--systemd-cgroup", global.systemd_cgroup, "cgroups by systemd");
  // compat: crun; podman sends it with --cgroups=disabled.
  app.add_option_function<std::string>(
         "--cgroup-manager",
         [&global](const std::string& name) {
           global.systemd_cgroup = name == "systemd";
           global.no_cgroup = name == "disabled";
         },
         "who makes cgroups: cgroupfs, systemd, or disabled: the container has none of its own")
      ->option_text("NAME")
      ->check(cli::one_of({"cgroupfs", "systemd", "disabled"}));
  // compat: containerd sends it. What it decides for runc, this runtime finds out by itself.
  app.add_option("--rootless", rootless, "true, false or auto: accepted for runc's callers")
      ->option_text("WHEN")
      ->check(cli::one_of({"true", "false", "auto"}));
}

Answer refusal(std::string text) {
  Answer out;
  out.text = std::move(text);
  out.exit_code = 1;
  return out;
}

// Help or the version was asked for.
Answer told(const CLI::App& app, const std::string& version) {
  Answer out;
  auto chosen = app.get_subcommands();
  out.text = app.get_option("--version")->count()
                 ? version + "\n"
                 : cli::help(cli::outline(chosen.empty() ? app : *chosen.front()));
  return out;
}

}  // namespace

Answer parse(const std::vector<std::string>& args, const std::string& default_root,
             const std::string& version) {
  CLI::App app("Runs OCI containers.", "runtime");
  Parsed parsed;
  Choice choice;
  std::string rootless = "auto";
  parsed.global.root = default_root;
  app.footer(kExample);
  app.require_subcommand(1);
  app.set_help_flag("-h,--help", "print this help");
  app.set_version_flag("-v,--version", version, "print the version");
  add_global(app, parsed.global, rootless);
  add_lifecycle(app, choice);
  add_processes(app, choice);
  add_resources(app, choice);
  add_checkpoint(app, choice);
  cli::add_completion(app, choice.text);
  auto normal = cli::with_two_dashes(args, app);
  // CLI11 takes them from the last to the first, without the program's name.
  std::vector<std::string> reversed(normal.rbegin(), normal.rend() - 1);
  try {
    app.parse(reversed);
  } catch (const CLI::Success&) {
    return told(app, version);
  } catch (const CLI::ParseError& e) {
    return refusal(cli::refusal(app, e.what()));
  }
  if (!choice.text.empty()) return {.text = choice.text};
  if (!choice.command) return refusal(choice.refusal);
  parsed.command = *std::move(choice.command);
  Answer out;
  out.parsed = std::move(parsed);
  return out;
}

}  // namespace runtime
