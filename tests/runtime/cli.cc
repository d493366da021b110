#include "runtime/cli.h"

#include <doctest/doctest.h>

using namespace runtime;

namespace {

using Words = std::vector<std::string>;

Answer answer(Words words) {
  words.insert(words.begin(), "runtime");
  return parse(words, "/run/default", "runtime version 0");
}

Parsed parsed(const Words& words) {
  auto out = answer(words);
  REQUIRE_MESSAGE(out.parsed, (base::join(words, " ") + ": " + out.text));
  return *out.parsed;
}

template <class Command>
Command of(const Words& words) {
  auto out = parsed(words);
  REQUIRE(std::holds_alternative<Command>(out.command));
  return std::get<Command>(out.command);
}

bool refused(const Words& words) {
  auto out = answer(words);
  return !out.parsed && out.exit_code == 1 && !out.text.empty();
}

bool says(const Answer& answer, std::string_view text) {
  return answer.text.find(text) != std::string::npos;
}

TEST_CASE("each command is the one that was named") {
  CHECK(of<Create>({"create", "c1"}).options.id == "c1");
  CHECK(of<Start>({"start", "c1"}).id == "c1");
  CHECK(of<State>({"state", "c1"}).id == "c1");
  CHECK(of<Kill>({"kill", "c1"}).id == "c1");
  CHECK(of<Delete>({"delete", "c1"}).id == "c1");
  CHECK(of<Run>({"run", "c1"}).options.create.id == "c1");
  CHECK(of<Exec>({"exec", "c1", "sh"}).options.id == "c1");
  CHECK(of<Ps>({"ps", "c1"}).id == "c1");
  CHECK(of<Pause>({"pause", "c1"}).id == "c1");
  CHECK(of<Resume>({"resume", "c1"}).id == "c1");
  CHECK(of<Spec>({"spec"}).bundle == ".");
  CHECK(std::holds_alternative<List>(parsed({"list"}).command));
  CHECK(std::holds_alternative<Features>(parsed({"features"}).command));
}

TEST_CASE("update takes each limit by its option") {
  auto wanted = of<Update>({"update", "--memory", "64MiB", "--memory-swap", "-1", "--cpu-quota=-1",
                            "-cpu-period", "50000", "--cpuset-cpus", "0-1", "--pids-limit", "0",
                            "--blkio-weight", "500", "--kernel-memory-tcp", "1g", "c1"})
                    .options.wanted;
  CHECK(wanted.memory ==
        spec::Memory{.limit = 64 << 20, .swap = -1, .kernel_tcp = std::int64_t{1} << 30});
  CHECK(wanted.cpu == spec::Cpu{.quota = -1, .period = 50000, .cpus = "0-1"});
  CHECK(wanted.pids == spec::Pids{.limit = 0});
  CHECK(wanted.block_io->weight == 500);
  CHECK(of<Update>({"update", "c1"}).options.wanted == spec::Resources());
}

TEST_CASE("with --resources no other option of update is looked at") {
  auto options =
      of<Update>({"update", "--resources=-", "--memory", "x", "--l3-cache-schema", "y", "c1"})
          .options;
  CHECK(options.resources_file == "-");
  CHECK(options.l3_cache_schema.empty());
  CHECK(options.id == "c1");
  CHECK(of<Update>({"update", "-r", "-", "c1"}).options.resources_file == "-");
}

TEST_CASE("a limit that is none is refused by its option") {
  CHECK(says(answer({"update", "--memory", "1x", "c1"}), "--memory: must be a size"));
  CHECK(says(answer({"update", "--cpu-share", "-1", "c1"}), "--cpu-share: must be a whole number"));
  CHECK(refused({"update", "--pids-limit", "5"}));
}

TEST_CASE("events has an interval as Go writes it, and ids or --all") {
  using namespace std::chrono;
  CHECK(of<Events>({"events", "c1"}).options.interval == seconds(5));
  CHECK(of<Events>({"events", "--interval=1m30s", "c1"}).options.interval == seconds(90));
  CHECK(of<Events>({"events", "--stats", "c1", "c2"}).options.ids == Words{"c1", "c2"});
  CHECK(of<Events>({"events", "--all"}).options.all);
  CHECK(refused({"events", "--interval", "5", "c1"}));
  CHECK(refused({"events", "--interval", "0s", "c1"}));
  CHECK(refused({"events"}));
  CHECK(refused({"events", "--all", "c1"}));
}

TEST_CASE("global options go before the command") {
  auto global = parsed({"--root", "/r", "--log=/l", "--log-format", "json", "--debug",
                        "--systemd-cgroup", "--rootless", "auto", "list"})
                    .global;
  CHECK(global.root == "/r");
  CHECK(global.log == "/l");
  CHECK(global.log_format == Format::Json);
  CHECK(global.debug);
  CHECK(global.systemd_cgroup);
  CHECK_FALSE(global.no_cgroup);
  auto plain = parsed({"list"}).global;
  CHECK(plain.root == "/run/default");
  CHECK(plain.log_format == Format::Text);
  CHECK(!plain.debug);
  CHECK(refused({"--log-format", "xml", "list"}));
  CHECK(refused({"--rootless", "perhaps", "list"}));
}

TEST_CASE("the driver of cgroups has a name, as with crun") {
  CHECK(parsed({"--cgroup-manager", "disabled", "list"}).global.no_cgroup);
  CHECK(parsed({"--cgroup-manager=systemd", "list"}).global.systemd_cgroup);
  auto usual = parsed({"--cgroup-manager=cgroupfs", "list"}).global;
  CHECK_FALSE(usual.no_cgroup);
  CHECK_FALSE(usual.systemd_cgroup);
  CHECK(refused({"--cgroup-manager", "other", "list"}));
}

TEST_CASE("the options of create and run, with their values apart or behind an equals sign") {
  for (const auto& words :
       std::vector<Words>{{"create", "--bundle", "/b", "--console-socket", "/s", "--pid-file", "/p",
                           "--no-pivot", "--no-new-keyring", "--preserve-fds", "3", "c1"},
                          {"create", "--bundle=/b", "--console-socket=/s", "--pid-file=/p",
                           "--no-pivot", "--no-new-keyring", "--preserve-fds=3", "c1"},
                          {"create", "-b", "/b", "c1", "--console-socket=/s", "--pid-file", "/p",
                           "--no-pivot", "--no-new-keyring", "--preserve-fds", "3"}}) {
    auto options = of<Create>(words).options;
    CHECK(options.id == "c1");
    CHECK(options.bundle == "/b");
    CHECK(options.console_socket == "/s");
    CHECK(options.pid_file == "/p");
    CHECK(options.no_pivot);
    CHECK(options.no_new_keyring);
    CHECK(options.inherited.preserved == 3);
  }
  auto run = of<Run>({"run", "-d", "--keep", "--no-subreaper", "-b", "/b", "c1"}).options;
  CHECK(run.detach);
  CHECK(run.keep);
  CHECK(run.no_subreaper);
  CHECK(run.create.bundle == "/b");
  CHECK(refused({"create", "--preserve-fds", "-1", "c1"}));
  CHECK(refused({"create", "--preserve-fds", "x", "c1"}));
}

TEST_CASE("long options may have one dash, as Go's callers write them") {
  auto create = of<Create>({"create", "-no-pivot", "-bundle", "/b", "-pid-file=/p", "c1"}).options;
  CHECK(create.no_pivot);
  CHECK(create.bundle == "/b");
  CHECK(create.pid_file == "/p");
  CHECK(create.id == "c1");
  CHECK(of<Run>({"run", "-no-subreaper", "-keep", "c1"}).options.no_subreaper);
  CHECK(of<Delete>({"delete", "-force", "c1"}).force);
  auto global = parsed({"-root", "/r", "-log-format", "json", "list"}).global;
  CHECK(global.root == "/r");
  CHECK(global.log_format == Format::Json);
  auto exec = of<Exec>({"exec", "-tty", "-env", "A=1", "-cwd", "/w", "c1", "ls"}).options;
  CHECK(exec.terminal);
  CHECK(exec.env == Words{"A=1"});
  CHECK(exec.cwd == "/w");
  CHECK(exec.args == Words{"ls"});
}

TEST_CASE("the value of an option is not taken for another option") {
  CHECK(of<Create>({"create", "-b", "-no-pivot", "c1"}).options.bundle == "-no-pivot");
  CHECK(of<Exec>({"exec", "-e", "exec", "c1", "ls"}).options.env == Words{"exec"});
  CHECK(parsed({"--root", "exec", "list"}).global.root == "exec");
  CHECK(of<Create>({"--root", "ps", "create", "-bundle", "/b", "c1"}).options.bundle == "/b");
}

TEST_CASE("the options of exec go before the id") {
  auto options = of<Exec>({"exec",
                           "-t",
                           "-d",
                           "-e",
                           "A=1",
                           "--env",
                           "B=2",
                           "-u",
                           "1:2",
                           "-g",
                           "3",
                           "--additional-gids=4",
                           "--cwd",
                           "/w",
                           "--pid-file",
                           "/p",
                           "-c",
                           "CAP_KILL",
                           "--cap",
                           "CAP_CHOWN",
                           "--apparmor",
                           "a",
                           "--process-label",
                           "l",
                           "--ignore-paused",
                           "--preserve-fds",
                           "2",
                           "--no-new-privs",
                           "c1",
                           "ls"})
                     .options;
  CHECK(options.id == "c1");
  CHECK(options.args == Words{"ls"});
  CHECK(options.terminal);
  CHECK(options.detach);
  CHECK(options.env == Words{"A=1", "B=2"});
  CHECK(options.user == "1:2");
  CHECK(options.additional_gids == std::vector<std::uint32_t>{3, 4});
  CHECK(options.cwd == "/w");
  CHECK(options.pid_file == "/p");
  CHECK(options.capabilities == Words{"CAP_KILL", "CAP_CHOWN"});
  CHECK(options.apparmor == "a");
  CHECK(options.process_label == "l");
  CHECK(options.ignore_paused);
  CHECK(options.inherited.preserved == 2);
  CHECK(options.no_new_privileges == true);
  CHECK(!of<Exec>({"exec", "c1", "ls"}).options.no_new_privileges);
}

TEST_CASE("two dashes before the id of exec change nothing") {
  auto options = of<Exec>({"exec", "-t", "--", "c1", "ls", "-l"}).options;
  CHECK(options.id == "c1");
  CHECK(options.terminal);
  CHECK(options.args == Words{"ls", "-l"});
}

TEST_CASE("behind the id of exec everything is the command's, however it looks") {
  for (const auto& rest : std::vector<Words>{{"ls", "-all", "--bundle", "x"},
                                             {"ls", "-t", "-e", "A=1", "--tty"},
                                             {"sh", "-c", "x", "--", "y"},
                                             {"sh", "-cwd", "--env=1", "-root"},
                                             {"ls", "--help"},
                                             {"ls", "--version", "-v", "-h"},
                                             {"exec", "create", "ps", "list"},
                                             {"echo", ""}}) {
    Words words{"exec", "-t", "c1"};
    words.insert(words.end(), rest.begin(), rest.end());
    auto options = of<Exec>(words).options;
    CHECK(options.id == "c1");
    CHECK(options.args == rest);
    CHECK(options.terminal);
    CHECK(options.env.empty());
  }
}

TEST_CASE("exec needs an id, and a command or a process document") {
  CHECK(refused({"exec"}));
  CHECK(refused({"exec", "-t"}));
  CHECK(says(answer({"exec", "c1"}), "a command or --process is required"));
  auto options = of<Exec>({"exec", "--process", "/p.json", "c1"}).options;
  CHECK(options.process_file == "/p.json");
  CHECK(options.id == "c1");
  CHECK(options.args.empty());
  CHECK(of<Exec>({"exec", "-p", "/p.json", "-d", "c1"}).options.detach);
}

TEST_CASE("behind the id of ps are the options of ps") {
  auto ps = of<Ps>({"ps", "--format", "json", "c1"});
  CHECK(ps.format == Format::Json);
  CHECK(ps.options.empty());
  ps = of<Ps>({"ps", "c1", "-o", "pid,comm", "--format", "x"});
  CHECK(ps.id == "c1");
  CHECK(ps.format == Format::Text);
  CHECK(ps.options == Words{"-o", "pid,comm", "--format", "x"});
  CHECK(of<Ps>({"ps", "-f", "table", "c1"}).format == Format::Text);
  CHECK(of<Ps>({"ps", "c1", "-aux"}).options == Words{"-aux"});
  CHECK(refused({"ps"}));
}

TEST_CASE("a signal is the second word of kill, and TERM when there is none") {
  CHECK(of<Kill>({"kill", "c1"}).signal == "TERM");
  CHECK(of<Kill>({"kill", "c1", "9"}).signal == "9");
  auto all = of<Kill>({"kill", "--all", "c1", "KILL"});
  CHECK(all.all);
  CHECK(all.signal == "KILL");
  CHECK(of<Kill>({"kill", "c1", "KILL", "-a"}).all);
}

TEST_CASE("list and spec have their options") {
  auto list = of<List>({"list", "-q", "-f", "json"});
  CHECK(list.quiet);
  CHECK(list.format == Format::Json);
  CHECK(refused({"list", "--format", "xml"}));
  auto spec = of<Spec>({"spec", "--rootless", "-b", "/b"});
  CHECK(spec.rootless);
  CHECK(spec.bundle == "/b");
}

TEST_CASE("a wrong line is refused with exit code 1") {
  for (const auto& words : std::vector<Words>{{},
                                              {"nosuch"},
                                              {"--nosuch", "list"},
                                              {"create"},
                                              {"create", "--nosuch", "c1"},
                                              {"create", "c1", "c2"},
                                              {"create", "c1", "--bundle"},
                                              {"create", "--no-pivot=perhaps", "c1"},
                                              {"exec", "--nosuch", "c1", "ls"},
                                              {"ps", "-x", "c1"},
                                              {"state"},
                                              {"start", "c1", "--force"},
                                              {"features", "c1"}})
    CHECK_MESSAGE(refused(words), base::join(words, " "));
}

TEST_CASE("help and version are answers without a mistake, and help shows an example") {
  for (const auto& words : std::vector<Words>{{"--help"},
                                              {"-h"},
                                              {"create", "--help"},
                                              {"exec", "--help"},
                                              {"ps", "--help"},
                                              {"features", "--help"}}) {
    auto out = answer(words);
    CHECK(!out.parsed);
    CHECK(out.exit_code == 0);
    CHECK_MESSAGE(says(out, "Example"), base::join(words, " "));
  }
  CHECK(says(answer({"create", "--help"}), "--console-socket"));
  for (auto word : {"--version", "-v", "-version"}) {
    auto out = answer({word});
    CHECK(out.text == "runtime version 0\n");
    CHECK(out.exit_code == 0);
  }
}

}  // namespace
