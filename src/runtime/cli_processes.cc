#include <CLI/CLI.hpp>

#include "base/text.h"
#include "cli/options.h"
#include "cli/refusal.h"
#include "runtime/cli_commands.h"

namespace runtime {
namespace {

// The first of what is left over is the id, the rest another program's: nothing behind the id is an
// option of ours. What looks like an option in place of the id is a mistyped one.
bool take_rest(const CLI::App& command, std::string& id, std::vector<std::string>& rest,
               std::string& refusal) {
  rest = command.remaining();
  const auto& name = command.get_name();
  if (!rest.empty() && rest.front() == "--") {
    rest.erase(rest.begin());
  } else if (!rest.empty() && rest.front().starts_with('-')) {
    refusal = cli::unknown_option(command, rest.front());
    return false;
  }
  if (rest.empty()) {
    refusal = cli::with_help(command, base::cat(name, ": CONTAINER is required"));
    return false;
  }
  id = rest.front();
  rest.erase(rest.begin());
  return true;
}

// May be given again and again, one value each: what follows may be the id.
template <class T>
CLI::Option* add_repeated(CLI::App* command, const char* names, std::vector<T>& values,
                          const char* what) {
  return command->add_option(names, values, what)
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false)
      ->group("Process");
}

void add_process_options(CLI::App* command, container::ExecOptions& options) {
  auto add = [&](const char* names, std::string& value, const char* shown, const char* what) {
    command->add_option(names, value, what)->option_text(shown)->group("Process");
  };
  add("-p,--process", options.process_file, "FILE",
      "its whole description, in the form of config.json's process");
  command->add_flag("-t,--tty", options.terminal, "give it a terminal")->group("Process");
  add("--cwd", options.cwd, "DIRECTORY", "working directory in the container");
  add_repeated(command, "-e,--env", options.env, "add to its environment")
      ->option_text("NAME=VALUE");
  add("-u,--user", options.user, "UID[:GID]", "user and group, by number");
  add_repeated(command, "-g,--additional-gids", options.additional_gids, "add a group")
      ->option_text("GID");
  add_repeated(command, "-c,--cap", options.capabilities, "add a capability")
      ->option_text("CAPABILITY");
  add("--process-label", options.process_label, "LABEL", "SELinux label");
  add("--apparmor", options.apparmor, "PROFILE", "AppArmor profile");
}

void add_exec_options(CLI::App* command, container::ExecOptions& options) {
  add_process_options(command, options);
  command->add_flag("-d,--detach", options.detach, "do not wait for its end");
  add_start_options(command, {options.pid_file, options.console_socket, options.inherited.preserved,
                              &options.pidfd_socket});
  add_repeated(command, "--cgroup", options.cgroups, "in this group inside the container's")
      ->option_text("[CONTROLLER,...:]PATH");
  command->add_flag("--ignore-paused", options.ignore_paused,
                    "also in a paused container, waiting for it to go on");
}

void add_exec(CLI::App& app, Choice& choice) {
  auto command =
      add_command(app, "exec", "run another process in a container", "runtime exec --tty c1 sh");
  auto exec = std::make_shared<Exec>();
  add_exec_options(command, exec->options);
  command
      ->add_flag_callback(
          "--no-new-privs", [exec] { exec->options.no_new_privileges = true; },
          "let it gain no privileges by what it executes")
      ->group("Process");
  cli::add_rest(command, "CONTAINER", "CONTAINER", "the container's id");
  cli::add_rest(command, "COMMAND", "COMMAND [ARGUMENT...]",
                "program in the container (not with --process)");
  command->prefix_command();
  command->final_callback([=, &choice] {
    auto& options = exec->options;
    if (!take_rest(*command, options.id, options.args, choice.refusal)) return;
    if (options.args.empty() && options.process_file.empty())
      choice.refusal = cli::with_help(*command, "exec: a command or --process is required");
    else
      choice.command = *exec;
  });
}

void add_ps(CLI::App& app, Choice& choice) {
  auto command =
      add_command(app, "ps", "list the processes of a container", "runtime ps c1 -o pid,comm");
  auto ps = std::make_shared<Ps>();
  add_format(command, ps->format);
  cli::add_rest(command, "CONTAINER", "CONTAINER", "the container's id");
  cli::add_rest(command, "PS-OPTION", "[PS-OPTION...]", "options of ps(1), such as -o pid,comm");
  command->prefix_command();
  command->final_callback([=, &choice] {
    if (take_rest(*command, ps->id, ps->options, choice.refusal)) choice.command = *ps;
  });
}

}  // namespace

void add_processes(CLI::App& app, Choice& choice) {
  add_exec(app, choice);
  add_ps(app, choice);
}

}  // namespace runtime
