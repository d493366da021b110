#include "runtime/cli.h"

#include <CLI/CLI.hpp>
#include <map>

#include "base/text.h"
#include "cli/go.h"
#include "runtime/cli_commands.h"

namespace runtime {
namespace {

constexpr const char* kExample =
    "Example:\n"
    "  runtime spec --bundle mybundle          write a config.json to start from\n"
    "  runtime run mybundle                    run the bundle in the folder mybundle\n"
    "  runtime create --bundle mybundle c1 && runtime start c1\n"
    "  runtime exec --tty c1 sh";

void add_global(CLI::App& app, Global& global, std::string& rootless) {
  const std::map<std::string, Format> formats{{"text", Format::Text}, {"json", Format::Json}};
  app.add_option("--root", global.root, "state directory")->capture_default_str();
  app.add_option("--log", global.log, "file that errors and warnings are appended to");
  app.add_option("--log-format", global.log_format, "text or json")
      ->transform(CLI::CheckedTransformer(formats));
  app.add_flag("--debug", global.debug, "say more in the log");
  app.add_flag("--systemd-cgroup", global.systemd_cgroup, "cgroups by systemd");
  // compat: containerd sends it. What it decides for runc, this runtime finds out by itself.
  app.add_option("--rootless", rootless, "true, false or auto: accepted for runc's callers")
      ->check(CLI::IsMember({"true", "false", "auto"}));
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
  out.text = app.get_option("--version")->count() ? version + "\n"
             : chosen.empty()                     ? app.help()
                                                  : chosen.front()->help();
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
  app.set_version_flag("-v,--version", version);
  add_global(app, parsed.global, rootless);
  add_lifecycle(app, choice);
  add_processes(app, choice);
  add_resources(app, choice);
  auto normal = cli::with_two_dashes(args, app);
  // CLI11 takes them from the last to the first, without the program's name.
  std::vector<std::string> reversed(normal.rbegin(), normal.rend() - 1);
  try {
    app.parse(reversed);
  } catch (const CLI::Success&) {
    return told(app, version);
  } catch (const CLI::ParseError& e) {
    return refusal(e.what());
  }
  if (!choice.command) return refusal(choice.refusal);
  parsed.command = *std::move(choice.command);
  Answer out;
  out.parsed = std::move(parsed);
  return out;
}

}  // namespace runtime
