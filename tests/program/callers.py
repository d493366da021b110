"""What containerd, podman, CRI-O, Docker and buildah pass and read: options, files, texts, exit codes."""

import datetime
import json
import os
import pathlib
import subprocess

from harness import OURS, PATIENCE, RUNTIME, RuntimeTest, ours_only, text_of, wait_for


class Callers(RuntimeTest):
    def test_the_pid_file_holds_digits_and_no_newline(self):
        path = self.folder / "init.pid"
        name = self.create(None, "--pid-file", path)
        self.assertEqual(path.read_text(), str(self.state(name)["pid"]))

    def log_of(self, *args):
        """The objects in the log after a command that fails, and what it said."""
        log = self.folder / "log.json"
        done = self.runtime("--log", log, "--log-format", "json", *args)
        self.assertNotEqual(done.code, 0)
        return [json.loads(line) for line in log.read_text().splitlines()], done

    def test_a_failure_is_one_json_object_of_level_error_with_a_time(self):
        entries, done = self.log_of("state", "absent")
        errors = [entry for entry in entries if entry["level"] == "error"]
        self.assertEqual(len(errors), 1, entries)
        self.assertIn("does not exist", errors[0]["msg"])
        self.assertIn("does not exist", done.err)
        # RFC 3339, as Go's time package reads it.
        self.assertRegex(errors[0]["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
        age = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(errors[0]["time"].replace("Z", "+00:00"))
        self.assertLess(abs(age.total_seconds()), 60)

    def test_an_error_has_a_code_that_a_program_can_rely_on(self):
        taken = self.create()
        cases = [
            ("not-found", "ENOENT", ("state", "absent")),
            ("exists", "EEXIST", ("create", "--bundle", self.bundle(self.config("/probe", "wait")), taken)),
            ("state", None, ("resume", taken)),
            ("usage", None, ("kill", taken, "NOSUCH")),
            ("config", None, ("create", "--bundle", self.bundle({"ociVersion": "1.0.0", "root": 7}), self.new_id())),
            ("no-program", "ENOENT", ("run", "--bundle", self.bundle(self.config("/absent")), self.new_id())),
            ("no-program", "ENOENT", ("run", "--bundle", self.bundle(self.config("absent")), self.new_id())),
            ("not-executable", "EISDIR", ("run", "--bundle", self.bundle(self.config("/dev")), self.new_id())),
        ]
        for code, errno_name, arguments in cases:
            with self.subTest(code=code, arguments=arguments):
                entries, _ = self.log_of(*arguments)
                self.assertEqual(entries[-1]["code"], code, entries[-1])
                self.assertEqual(entries[-1].get("errno"), errno_name, entries[-1])

    def test_the_log_is_appended_to(self):
        self.log_of("state", "first")
        entries, _ = self.log_of("state", "second")
        self.assertEqual(len([entry for entry in entries if entry["level"] == "error"]), 2)

    def test_a_text_that_json_must_escape_stays_readable_in_the_log(self):
        config = self.config('/bin/"quoted"\n')
        entries, _ = self.log_of("run", "--bundle", self.bundle(config), self.new_id())
        self.assertIn('"quoted"', entries[-1]["msg"].replace("\\", ""))

    def test_containerd_creates_and_deletes_with_its_options(self):
        bundle = self.bundle(self.config("/probe", "wait"))
        name = self.new_id()
        common = ["--log", bundle / "log.json", "--log-format", "json", "--rootless=false"]
        self.runtime_ok(*common, "create", "--bundle", bundle, "--pid-file", bundle / "init.pid", "--no-new-keyring", name)
        self.runtime_ok(*common, "start", name)
        self.runtime_ok(*common, "kill", "--all", name, "9")
        self.wait_status(name, "stopped")
        self.runtime_ok(*common, "delete", name)

    def test_rootless_takes_true_false_and_auto(self):
        name = self.create()
        for value in ("true", "false", "auto"):
            with self.subTest(value):
                self.runtime_ok(f"--rootless={value}", "state", name)

    @ours_only
    def test_a_long_option_may_have_one_dash(self):
        name = self.new_id()
        done = self.runtime("run", "-no-subreaper", "-bundle", self.bundle(self.config("/bin/echo", "one dash")), name)
        self.assertEqual((done.code, done.out), (0, "one dash\n"), done)

    @ours_only
    def test_options_may_follow_the_id(self):
        name = self.running()
        self.runtime_ok("delete", name, "--force")

    def test_signals_are_named_in_every_way(self):
        for word in ("TERM", "SIGTERM", "term", "sigterm", "15"):
            with self.subTest(word):
                config = self.config("/probe", "catch")
                bundle = self.bundle(config)
                name = self.new_id()
                log = open(self.folder / f"{word}.out", "w+")
                command = [RUNTIME, "--root", self.root, "run", "--bundle", bundle, name]
                process = subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log)
                wait_for(lambda: text_of(self.folder / f"{word}.out").startswith("ready"), "the process to be ready")
                self.runtime_ok("kill", name, word)
                self.assertEqual(process.wait(20 * PATIENCE), 0)
                log.close()
                self.assertIn("signal 15", text_of(self.folder / f"{word}.out"))

    def test_kill_without_a_signal_sends_term(self):
        name = self.running(self.config("/bin/sh", "-c", "trap 'exit 0' TERM; touch /tmp/ready; while :; do sleep 0.01; done"))
        ready = self.rootfs_of(name) / "tmp/ready"
        wait_for(ready.exists, "the trap to be set")
        self.runtime_ok("kill", name)
        self.wait_status(name, "stopped")

    def rootfs_of(self, name):
        return pathlib.Path(self.state(name)["bundle"]) / "rootfs"

    def test_an_unknown_signal_is_refused_by_name(self):
        name = self.running()
        self.refused("kill", name, "NOSUCH", says="NOSUCH" if OURS else "")
        self.assertEqual(self.status(name), "running")

    def test_the_version_is_on_the_first_line(self):
        first = self.runtime_ok("--version").out.splitlines()[0]
        self.assertRegex(first, r"^\S+ version \S+")

    def test_features_is_json_with_the_members_that_callers_read(self):
        done = self.runtime("features")
        if not OURS and done.code != 0:
            self.skipTest("this runtime has no features command")
        features = done.json
        for member in ("ociVersionMin", "ociVersionMax", "hooks", "mountOptions", "linux"):
            self.assertIn(member, features)
        self.assertIn("network", features["linux"]["namespaces"])
        self.assertTrue(features["linux"]["seccomp"]["enabled"])

    def test_spec_writes_a_configuration_that_runs(self):
        bundle = self.bundle("{}")
        (bundle / "config.json").unlink()
        self.runtime_ok("spec", "--bundle", bundle)
        config = json.loads((bundle / "config.json").read_text())
        config["process"].update(args=["/bin/echo", "from spec"], terminal=False)
        config["process"]["env"].append(f"CORACLE_TEST_MARK={self.mark}")
        self.assertEqual(self.output(config), "from spec\n")

    def test_spec_does_not_overwrite_a_configuration(self):
        bundle = self.bundle()
        before = (bundle / "config.json").read_text()
        self.refused("spec", "--bundle", bundle, says="config.json")
        self.assertEqual((bundle / "config.json").read_text(), before)

    def test_wrong_usage_is_an_error_and_not_a_command(self):
        for args in (("nosuch",), ("state",), ("create", "--nosuch", "x"), ("kill",)):
            with self.subTest(args):
                self.assertNotEqual(self.runtime(*args).code, 0)

    def test_each_command_explains_itself(self):
        for command in ("create", "start", "state", "kill", "delete", "run", "exec", "list", "ps", "spec", "features"):
            with self.subTest(command):
                done = self.runtime(command, "--help")
                if not OURS and command == "features":
                    continue
                self.assertEqual(done.code, 0, done)
                self.assertIn(command, done.out)


class Flags(RuntimeTest):
    """What create and run do differently when they are told to."""

    def test_the_process_has_a_session_keyring_of_its_own_unless_told_otherwise(self):
        config = self.config("/bin/cat", "/proc/keys")
        # A keyring stays listed for a while after its container.
        bundle, own, none = self.bundle(config), self.new_id(), self.new_id()
        if not os.path.exists("/proc/keys"):
            self.skipTest("this kernel has no keyrings")
        self.assertIn(f"_ses.{own}:", self.runtime_ok("run", "--bundle", bundle, own).out)
        self.assertNotIn(f"_ses.{none}:", self.runtime_ok("run", "--bundle", bundle, "--no-new-keyring", none).out)

    def test_without_pivot_root_the_container_sees_its_own_root_alone(self):
        config = self.config("/bin/sh", "-c", "test -e /probe && ls / && cd / && cd .. && test -e probe")
        plain, moved = self.output(config), self.output(config, "--no-pivot")
        self.assertEqual(plain, moved)

    def test_orphans_come_to_the_runtime_unless_told_otherwise(self):
        for flags, ours in (((), True), (("--no-subreaper",), False)):
            with self.subTest(flags=flags):
                config = self.config("/bin/sh", "-c", "/bin/sh -c '/probe wait & echo $! > /tmp/orphan'; /probe wait")
                config["linux"]["namespaces"] = [space for space in config["linux"]["namespaces"] if space["type"] != "pid"]
                bundle, name = self.bundle(config), self.new_id()
                command = [RUNTIME, "--root", self.root, "run", "--bundle", bundle, *flags, name]
                process = subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL)
                orphan = bundle / "rootfs/tmp/orphan"
                wait_for(lambda: text_of(orphan).endswith("\n"), "the orphan's pid")
                stat = f"/proc/{orphan.read_text().strip()}/stat"
                parent = lambda: int(open(stat).read().rpartition(")")[2].split()[1])
                wait_for(lambda: (parent() == process.pid) == ours, f"the orphan to be {'' if ours else 'not '}ours")
                self.runtime_ok("kill", "--all", name, "KILL")
                self.assertEqual(process.wait(20 * PATIENCE), 128 + 9)
