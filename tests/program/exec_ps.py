"""A second process in a container: exec and ps."""

import json
import pathlib
import subprocess

from harness import PATIENCE, PROBE, RUNTIME, RuntimeTest, text_of, wait_for


class Exec(RuntimeTest):
    def exec_probe(self, name, *flags):
        return self.runtime_ok("exec", *flags, name, "/probe").json

    def test_it_runs_in_the_same_namespaces_and_cgroup(self):
        config = self.config("/bin/sh", "-c", "/probe > /tmp/init; /probe wait")
        bundle = self.bundle(config)
        name = self.new_id()
        self.runtime_ok("run", "-d", "--bundle", bundle, name)
        first = bundle / "rootfs/tmp/init"
        wait_for(lambda: text_of(first).endswith("}\n"), "the first process to look around")
        init, seen = json.loads(first.read_text()), self.exec_probe(name)
        self.assertEqual(seen["namespaces"], init["namespaces"])
        self.assertEqual(seen["cgroup"], init["cgroup"])
        self.assertEqual(seen["mounts"], init["mounts"])
        self.assertNotEqual(seen["pid"], 1)

    def test_it_has_the_filter_of_the_container(self):
        config = self.config("/probe", "wait")
        number = self.call(PROBE, "nr", "personality").out.strip()
        config["linux"]["seccomp"] = {
            "defaultAction": "SCMP_ACT_ALLOW",
            "syscalls": [{"names": ["personality"], "action": "SCMP_ACT_ERRNO", "errnoRet": 42}],
        }
        name = self.running(config)
        self.assertEqual(self.runtime_ok("exec", name, "/probe", "syscall", number).out, "ENOMSG\n")

    def test_it_passes_on_the_exit_code_and_standard_streams(self):
        name = self.running()
        done = self.runtime("exec", name, "/bin/sh", "-c", "read word; echo got $word; echo bad >&2; exit 9", input="text\n")
        self.assertEqual((done.code, done.out, done.err), (9, "got text\n", "bad\n"))

    def test_options_change_the_process(self):
        name = self.running()
        seen = self.exec_probe(name, "--cwd", "/tmp", "--env", "MORE=1", "--user", "1000:1001")
        self.assertEqual((seen["cwd"], seen["uid"], seen["gid"]), ("/tmp", 1000, 1001))
        self.assertIn("MORE=1", seen["env"])
        self.assertIn("PATH=/bin", seen["env"])

    def test_additional_gids_and_capabilities(self):
        name = self.running(self.config("/probe", "wait", capabilities={}))
        seen = self.exec_probe(name, "--additional-gids", "42", "--cap", "CAP_KILL")
        self.assertIn(42, seen["groups"])
        self.assertEqual(int(seen["status"]["CapEff"], 16), 1 << 5)

    def test_no_new_privileges_is_for_it_alone(self):
        name = self.running()
        self.assertEqual(self.exec_probe(name, "--no-new-privs")["no_new_privs"], 1)
        self.assertEqual(self.exec_probe(name)["no_new_privs"], 0)

    def test_labels_of_a_security_module_that_is_absent_are_warned_of(self):
        name = self.running()
        modules = (
            ("--apparmor", "apparmorProfile", "/sys/module/apparmor/parameters/enabled"),
            ("--process-label", "selinuxLabel", "/sys/fs/selinux/enforce"),
        )
        for option, member, file in modules:
            if pathlib.Path(file).exists() and pathlib.Path(file).read_text().strip() != "N":
                continue
            with self.subTest(option):
                done = self.runtime_ok("exec", option, "some:label", name, "/bin/true")
                self.assertIn(member, done.err)

    def test_with_ignore_paused_it_waits_for_the_container_to_go_on(self):
        name = self.running()
        self.runtime_ok("pause", name)
        self.refused("exec", name, "/bin/true", says="cannot exec in a paused container")
        process = subprocess.Popen(
            [RUNTIME, "--root", self.root, "exec", "--ignore-paused", name, "/bin/echo", "thawed"],
            env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        )
        try:
            wait_for(lambda: len(self.runtime_ok("ps", "--format", "json", name).json) == 2, "its process to be in the cgroup")
        finally:
            self.runtime_ok("resume", name)
        self.assertEqual((process.communicate(timeout=20 * PATIENCE)[0], process.returncode), ("thawed\n", 0))

    def test_a_process_document_is_taken_as_it_stands(self):
        name = self.running()
        document = self.folder / "process.json"
        document.write_text(json.dumps({
            "user": {"uid": 7, "gid": 8}, "args": ["/probe", "see", "document"], "cwd": "/tmp",
            "env": [f"CORACLE_TEST_MARK={self.mark}", "FROM=document"],
        }))
        seen = self.runtime_ok("exec", "--process", document, name).json
        self.assertEqual((seen["uid"], seen["gid"], seen["cwd"]), (7, 8, "/tmp"))
        self.assertIn("FROM=document", seen["env"])

    def test_detached_it_writes_its_pid_and_goes_on(self):
        name = self.running()
        pid_file = self.folder / "pid"
        self.runtime_ok("exec", "--detach", "--pid-file", pid_file, name, "/probe", "wait")
        self.assertIn(int(pid_file.read_text()), self.runtime_ok("ps", "--format", "json", name).json)

    def test_a_missing_program_is_named_and_the_code_is_255(self):
        name = self.running()
        for flags in ((), ("--detach",)):
            with self.subTest(flags):
                done = self.runtime("exec", *flags, name, "/bin/nosuch")
                self.one_line(done, "/bin/nosuch", "no such file or directory")
                self.assertEqual(done.code, 255)

    def test_exec_in_a_stopped_container_is_refused(self):
        name = self.running(self.config("/bin/true"))
        self.wait_status(name, "stopped")
        self.refused("exec", name, "/bin/true", says="cannot exec in a stopped container")

    def test_exec_in_an_absent_container_is_refused(self):
        self.refused("exec", "absent", "/bin/true", says="does not exist")


class Ps(RuntimeTest):
    def test_ps_lists_both_processes(self):
        name = self.running()
        pid_file = self.folder / "pid"
        self.runtime_ok("exec", "--detach", "--pid-file", pid_file, name, "/probe", "wait")
        pids = self.runtime_ok("ps", "--format", "json", name).json
        self.assertEqual(sorted(pids), sorted([self.state(name)["pid"], int(pid_file.read_text())]))

    def test_the_table_shows_the_command(self):
        name = self.running()
        table = self.runtime_ok("ps", name).out.splitlines()
        self.assertIn("PID", table[0])
        self.assertEqual(len(table), 2)
        self.assertIn("/probe wait", table[1])
