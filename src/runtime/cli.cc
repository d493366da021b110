#include "runtime/cli.h"

#include <CLI/CLI.hpp>
#include <map>

#include "base/text.h"

namespace runtime {
namespace {

constexpr const char* kExample =
    "Example:\n"
    "  runtime spec --bundle mybundle          write a config.json to start from\n"
    "  runtime run mybundle                    run the bundle in the folder mybundle\n"
    "  runtime create --bundle mybundle c1 && runtime start c1\n"
    "  runtime exec --tty c1 sh";

const std::map<std::string, Format> kFormats{
    {"text", Format::Text}, {"table", Format::Text}, {"json", Format::Json}};

// Every command's options live here until the parse is over.
struct Slots {
  Global global{};
  Create create{};
  Start start{};
  State state{};
  Kill kill{};
  Delete remove{};
  Run run{};
  Exec exec{};
  List list{};
  Ps ps{};
  Pause pause{};
  Resume resume{};
  Spec spec{};
  std::string no_new_privileges{};
  std::string rootless = "auto";
  std::string id{};
};

CLI::App* command(CLI::App& app, const char* name, const char* what, const char* example) {
  auto sub = app.add_subcommand(name, what);
  sub->footer(base::cat("Example:\n  ", example));
  return sub;
}

void add_id(CLI::App* sub, std::string& id) {
  sub->add_option("id", id, "the container's id")->required();
}

void add_create_options(CLI::App* sub, container::CreateOptions& options) {
  sub->add_option("-b,--bundle", options.bundle,
                  "folder with config.json (default: the current one)");
  sub->add_option("--console-socket", options.console_socket,
                  "unix socket that gets the terminal's master");
  sub->add_option("--pid-file", options.pid_file, "file to write init's pid to");
  sub->add_flag("--no-pivot", options.no_pivot,
                "move the root file system instead of pivot_root (initramfs)");
  sub->add_flag("--no-new-keyring", options.no_new_keyring, "keep the present session keyring");
  sub->add_option("--preserve-fds", options.preserve_fds, "pass descriptors 3 to 2+N on")
      ->check(CLI::Range(0, 1 << 16));
}

void add_exec_options(CLI::App* sub, Slots& slots) {
  auto& options = slots.exec.options;
  sub->add_option("-p,--process", options.process_file, "file with a process document");
  sub->add_flag("-t,--tty", options.terminal, "give it a terminal");
  sub->add_option("--console-socket", options.console_socket,
                  "unix socket that gets the terminal's master");
  sub->add_option("--cwd", options.cwd, "working directory in the container");
  sub->add_option("-e,--env", options.env, "add NAME=VALUE")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  sub->add_option("-u,--user", options.user, "uid[:gid]");
  sub->add_option("-g,--additional-gids", options.additional_gids, "add a group")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  sub->add_flag("-d,--detach", options.detach, "do not wait for its end");
  sub->add_option("--pid-file", options.pid_file, "file to write its pid to");
  sub->add_option("--process-label", options.process_label, "SELinux label");
  sub->add_option("--apparmor", options.apparmor, "AppArmor profile");
  sub->add_flag("--no-new-privs", slots.no_new_privileges, "no_new_privs for it");
  sub->add_option("-c,--cap", options.capabilities, "add a capability")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  sub->add_option("--preserve-fds", options.preserve_fds, "pass descriptors 3 to 2+N on")
      ->check(CLI::Range(0, 1 << 16));
  sub->add_flag("--ignore-paused", options.ignore_paused,
                "also in a paused container, waiting for it to go on");
  // The id and the command are what is left over: nothing behind the id is an option of ours.
  sub->prefix_command();
}

void add_commands(CLI::App& app, Slots& slots) {
  auto create = command(app, "create", "make a container that waits for start",
                        "runtime create --bundle mybundle c1");
  add_create_options(create, slots.create.options);
  add_id(create, slots.create.options.id);
  add_id(command(app, "start", "let a created container's program run", "runtime start c1"),
         slots.start.id);
  add_id(command(app, "state", "print the state of a container as JSON", "runtime state c1"),
         slots.state.id);
  auto kill = command(app, "kill", "send a signal to a container", "runtime kill c1 KILL");
  add_id(kill, slots.kill.id);
  kill->add_option("signal", slots.kill.signal, "name or number (default: TERM)");
  kill->add_flag("-a,--all", slots.kill.all, "to all its processes");
  auto remove = command(app, "delete", "remove a stopped container", "runtime delete --force c1");
  add_id(remove, slots.remove.id);
  remove->add_flag("-f,--force", slots.remove.force, "kill it first; fine when there is none");
  auto run = command(app, "run", "create, start, wait and delete in one", "runtime run mybundle");
  add_create_options(run, slots.run.options.create);
  add_id(run, slots.run.options.create.id);
  run->add_flag("-d,--detach", slots.run.options.detach, "do not wait for its end");
  run->add_flag("--keep", slots.run.options.keep, "leave the stopped container");
  run->add_flag("--no-subreaper", slots.run.options.no_subreaper, "do not reap its orphans");
  add_exec_options(
      command(app, "exec", "run another process in a container", "runtime exec --tty c1 sh"),
      slots);
  auto list = command(app, "list", "list the containers", "runtime list --format json");
  list->add_option("-f,--format", slots.list.format, "table or json")
      ->transform(CLI::CheckedTransformer(kFormats));
  list->add_flag("-q,--quiet", slots.list.quiet, "ids only");
  auto ps = command(app, "ps", "list the processes of a container", "runtime ps c1 -o pid,comm");
  ps->add_option("-f,--format", slots.ps.format, "table or json")
      ->transform(CLI::CheckedTransformer(kFormats));
  ps->prefix_command();
  add_id(command(app, "pause", "freeze all processes of a container", "runtime pause c1"),
         slots.pause.id);
  add_id(command(app, "resume", "thaw a paused container", "runtime resume c1"), slots.resume.id);
  auto spec = command(app, "spec", "write an example config.json", "runtime spec --rootless");
  spec->add_option("-b,--bundle", slots.spec.bundle,
                   "folder to write it to (default: the current one)");
  spec->add_flag("--rootless", slots.spec.rootless, "for a user without privileges");
  command(app, "features", "print what this runtime can do as JSON", "runtime features");
}

void add_global(CLI::App& app, Slots& slots, const std::string& default_root,
                const std::string& version) {
  slots.global.root = default_root;
  app.add_option("--root", slots.global.root, "state directory")->capture_default_str();
  app.add_option("--log", slots.global.log, "file that errors and warnings are appended to");
  app.add_option("--log-format", slots.global.log_format, "text or json")
      ->transform(CLI::CheckedTransformer(kFormats));
  app.add_flag("--debug", slots.global.debug, "say more in the log");
  app.add_flag("--systemd-cgroup", slots.global.systemd_cgroup, "cgroups by systemd");
  // compat: containerd sends it. What it decides for runc, this runtime finds out by itself.
  app.add_option("--rootless", slots.rootless, "true, false or auto: accepted for runc's callers")
      ->check(CLI::IsMember({"true", "false", "auto"}));
  app.set_version_flag("-v,--version", version);
}

// The names of an application's options, long and short, and whether each takes a value.
std::map<std::string, bool> option_names(const CLI::App& app) {
  std::map<std::string, bool> out;
  for (auto option : app.get_options()) {
    bool takes_value = option->get_expected_max() != 0;
    for (const auto& name : option->get_lnames()) out[name] = takes_value;
    for (const auto& name : option->get_snames()) out[name] = takes_value;
  }
  return out;
}

const CLI::App* find_command(const CLI::App& app, const std::string& name) {
  auto found = app.get_subcommands([&](const CLI::App* sub) { return sub->get_name() == name; });
  return found.empty() ? nullptr : found.front();
}

// compat: Go's callers write long options with one dash (`restore -no-subreaper`), and "--" where
// an id comes next. Behind the id of exec and ps nothing is ours.
std::vector<std::string> with_two_dashes(std::vector<std::string> args, const CLI::App& app) {
  auto names = option_names(app);
  const CLI::App* command = nullptr;
  for (std::size_t i = 1; i < args.size(); ++i) {
    auto& arg = args[i];
    if (arg == "--") {
      if (command && command->get_prefix_command())
        args.erase(args.begin() + static_cast<std::ptrdiff_t>(i));
      break;
    }
    auto dashes = arg.find_first_not_of('-');
    if (dashes == 0 || dashes == std::string::npos) {
      if (command && command->get_prefix_command()) break;
      if (command) continue;
      command = find_command(app, arg);
      if (!command) break;
      names = option_names(*command);
      continue;
    }
    auto option = arg.substr(dashes);
    auto name = option.substr(0, option.find('='));
    auto known = names.find(name);
    if (known == names.end()) continue;
    if (name.size() > 1) arg = "--" + option;
    if (known->second && option == name) ++i;
  }
  return args;
}

// The first of what is left over is the id, the rest the command.
bool take_rest(const CLI::App& sub, std::string& id, std::vector<std::string>& rest) {
  rest = sub.remaining();
  if (!rest.empty() && rest.front() == "--") rest.erase(rest.begin());
  if (rest.empty()) return false;
  id = rest.front();
  rest.erase(rest.begin());
  return true;
}

// What looks like an option in place of the id is a mistyped one.
bool mistyped(const CLI::App& sub) {
  auto rest = sub.remaining();
  return !rest.empty() && rest.front().starts_with('-') && rest.front() != "--";
}

Answer refusal(std::string text) {
  Answer out;
  out.text = std::move(text);
  out.exit_code = 1;
  return out;
}

Answer answer_of(const CLI::App& app, Slots& slots) {
  Parsed parsed;
  parsed.global = slots.global;
  auto chosen = app.get_subcommands().front();
  const auto& name = chosen->get_name();
  if (name == "create") parsed.command = slots.create;
  if (name == "start") parsed.command = slots.start;
  if (name == "state") parsed.command = slots.state;
  if (name == "kill") parsed.command = slots.kill;
  if (name == "delete") parsed.command = slots.remove;
  if (name == "run") parsed.command = slots.run;
  if (name == "list") parsed.command = slots.list;
  if (name == "pause") parsed.command = slots.pause;
  if (name == "resume") parsed.command = slots.resume;
  if (name == "spec") parsed.command = slots.spec;
  if (name == "features") parsed.command = Features();
  if ((name == "exec" || name == "ps") && mistyped(*chosen))
    return refusal(base::cat(name, ": unknown option ", chosen->remaining().front()));
  if (name == "exec") {
    auto& options = slots.exec.options;
    if (!take_rest(*chosen, options.id, options.args)) return refusal("exec: an id is required");
    if (options.args.empty() && options.process_file.empty())
      return refusal("exec: a command or --process is required");
    if (chosen->count("--no-new-privs")) options.no_new_privileges = true;
    parsed.command = slots.exec;
  }
  if (name == "ps") {
    if (!take_rest(*chosen, slots.ps.id, slots.ps.options)) return refusal("ps: an id is required");
    parsed.command = slots.ps;
  }
  Answer out;
  out.parsed = std::move(parsed);
  return out;
}

}  // namespace

Answer parse(const std::vector<std::string>& args, const std::string& default_root,
             const std::string& version) {
  CLI::App app("Runs OCI containers.", "runtime");
  Slots slots;
  app.footer(kExample);
  app.require_subcommand(1);
  add_global(app, slots, default_root, version);
  add_commands(app, slots);
  auto normal = with_two_dashes(args, app);
  // CLI11 takes them from the last to the first, without the program's name.
  std::vector<std::string> reversed(normal.rbegin(), normal.rend() - 1);
  try {
    app.parse(reversed);
  } catch (const CLI::Success&) {
    Answer out;
    auto chosen = app.get_subcommands();
    out.text = app.get_option("--version")->count() ? version + "\n"
               : chosen.empty()                     ? app.help()
                                                    : chosen.front()->help();
    return out;
  } catch (const CLI::ParseError& e) {
    return refusal(e.what());
  }
  return answer_of(app, slots);
}

}  // namespace runtime
