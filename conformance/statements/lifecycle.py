"""runtime.md: the state of a container, and the five operations upon it."""

import os
import re
import subprocess

from container import Statement, bind, cgroup_folders

FOREVER = "echo started; while true; do sleep 1; done"


class State(Statement):
    def test_properties(self):
        """runtime.md#state: has a version, the id, the status, the process and the absolute path of the bundle"""
        container = self.container().create()
        state = container.state()
        self.assertRegex(state["ociVersion"], re.compile(r"^\d+\.\d+\.\d+"))
        self.assertEqual(state["id"], container.id)
        self.assertEqual(state["status"], "created")
        self.assertEqual(state["bundle"], str(container.bundle))
        self.assertTrue(os.path.isdir(f"/proc/{state['pid']}"))

    def test_schema(self):
        """runtime.md#state: each member has its type, in every status"""
        container = self.container()
        container.config["annotations"] = {"org.example.key": "value"}
        container.create()
        self.check_types(container.state())
        container.start().becomes("stopped")
        self.check_types(container.state())

    def check_types(self, state):
        for name in ("ociVersion", "id", "status", "bundle"):
            self.assertIsInstance(state[name], str, name)
        self.assertIn(state["status"], ("creating", "created", "running", "stopped"))
        if "pid" in state:
            self.assertIsInstance(state["pid"], int)
            self.assertGreaterEqual(state["pid"], 0)
        for pair in state.get("annotations", {}).items():
            self.assertEqual([type(text) for text in pair], [str, str])

    def test_statuses(self):
        """runtime.md#state: goes from created over running to stopped"""
        container = self.container("read line </fifo")
        os.mkfifo(container.rootfs / "fifo")
        container.create()
        self.assertEqual(container.status(), "created")
        container.start()
        self.assertEqual(container.status(), "running")
        (container.rootfs / "fifo").write_text("end\n")
        container.becomes("stopped")

    def test_process(self):
        """runtime.md#state: names the container process, before and after start"""
        container = self.container(FOREVER).create()
        before = container.state()["pid"]
        container.start()
        self.assertEqual(container.state()["pid"], before)
        container.prints("started")
        self.assertIn("sh", open(f"/proc/{before}/cmdline").read())

    def test_annotations(self):
        """runtime.md#state: has the annotations of the configuration"""
        container = self.container()
        container.config["annotations"] = {"org.example.key": "value", "org.example.empty": ""}
        annotations = container.create().state()["annotations"]
        self.assertEqual(annotations["org.example.key"], "value")
        self.assertEqual(annotations["org.example.empty"], "")

    def test_without_id(self):
        """runtime.md#query-state: without an id is an error"""
        self.container().refuses("state")

    def test_unknown(self):
        """runtime.md#query-state: of a container that does not exist is an error"""
        self.container().refuses("state", "no-such-container")


class Create(Statement):
    def test_without_id(self):
        """runtime.md#create: without an id is an error"""
        container = self.container()
        container.save()
        container.refuses("create", "--bundle", container.bundle)

    def test_without_bundle(self):
        """runtime.md#create: of a folder that is no bundle is an error, and makes no container"""
        container = self.container()
        container.refuses("create", "--bundle", container.bundle, container.id)
        self.assertFalse(container.exists())

    def test_used_id(self):
        """runtime.md#create: with an id in use is an error, and leaves the first container alone"""
        first = self.container(FOREVER).create().start()
        pid = first.state()["pid"]
        self.container(identifier=first.id).refuses_create()
        self.assertEqual(first.status(), "running")
        self.assertEqual(first.state()["pid"], pid)

    def test_invalid_id(self):
        """runtime.md#create: with an id that would leave the state folder is an error"""
        for identifier in ("../escape", "a/b", "..", ""):
            with self.subTest(identifier=identifier):
                self.container(identifier=identifier).refuses_create()
        self.assertFalse((self.scratch / "escape").exists())

    def test_program_waits(self):
        """runtime.md#create: does not run the program"""
        container = self.container("echo ran").create()
        self.assertEqual(container.printed(), [])
        container.start().finishes()
        self.assertEqual(container.printed(), ["ran"])

    def test_properties(self):
        """runtime.md#create: what the configuration says, but for the program, is applied before start"""
        outside = self.scratch / "outside"
        outside.mkdir()
        (outside / "file").touch()
        container = self.container("echo ran")
        container.config["hostname"] = "statement"
        container.config["mounts"].append(bind(outside))
        container.config["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1"}
        process = container.create().state()["pid"]
        self.assertTrue(os.path.exists(f"/proc/{process}/root/mnt/file"))
        seen = subprocess.run(["nsenter", f"--uts=/proc/{process}/ns/uts", f"--net=/proc/{process}/ns/net",
                               "sh", "-c", "hostname; cat /proc/sys/net/ipv4/ip_forward"],
                              check=True, stdout=subprocess.PIPE, text=True).stdout
        self.assertEqual(seen.split(), ["statement", "1"])
        self.assertEqual(container.printed(), [])

    def test_pid_file(self):
        """runtime.md#state: a file that create is asked to write the process to says what the state says"""
        container = self.container()
        container.options = ["--pid-file", self.scratch / "pid"]
        container.create()
        self.assertEqual(int((self.scratch / "pid").read_text()), container.state()["pid"])

    def test_later_changes(self):
        """runtime.md#lifecycle: later changes of config.json have no effect"""
        container = self.container("echo before; env").create()
        container.config["process"].update(args=["/bin/echo", "after"], env=["LATE=yes"])
        container.save()
        printed = container.start().finishes()
        self.assertIn("before", printed)
        self.assertNotIn("LATE", printed)

    def test_impossible_property(self):
        """runtime.md#create: a property that cannot be applied is an error, and makes no container"""
        container = self.container()
        container.config["mounts"].append(bind("/no/such/source"))
        container.refuses_create()
        self.assertFalse(container.exists())

    def test_error_leaves_nothing(self):
        """runtime.md#errors: a failed create leaves no group behind, and its id free"""
        before = cgroup_folders()
        container = self.container()
        container.config["mounts"].append(bind("/no/such/source"))
        container.refuses_create()
        self.assertEqual(cgroup_folders() - before, set())
        container.config["mounts"].pop()
        container.create()


class Start(Statement):
    def test_without_id(self):
        """runtime.md#start: without an id is an error"""
        self.container().refuses("start")

    def test_unknown(self):
        """runtime.md#start: of a container that does not exist is an error"""
        self.container().refuses("start", "no-such-container")

    def test_program(self):
        """runtime.md#start: runs the program as `process` specifies it"""
        container = self.container('echo "$0 $1"; pwd; echo $GREETING; id -u; id -g', cwd="/tmp",
                                   env=["PATH=/bin", "GREETING=hello"], user={"uid": 1000, "gid": 2000})
        container.config["process"]["args"] += ["zero", "one"]
        self.assertEqual(container.runs().splitlines(), ["zero one", "/tmp", "hello", "1000", "2000"])

    def test_running(self):
        """runtime.md#start: of a running container is an error, without effect"""
        container = self.container(FOREVER).create().start()
        container.prints("started")
        container.refuses("start", container.id)
        self.assertEqual(container.status(), "running")
        self.assertEqual(container.printed(), ["started"])

    def test_stopped(self):
        """runtime.md#start: of a stopped container is an error, without effect"""
        container = self.container("echo ran")
        container.runs()
        container.refuses("start", container.id)
        self.assertEqual(container.status(), "stopped")
        self.assertEqual(container.printed(), ["ran"])

    def test_without_process(self):
        """runtime.md#start: without `process` is an error of start, not of create"""
        container = self.container()
        del container.config["process"]
        container.create()
        container.refuses("start", container.id)

    def test_killed_before(self):
        """runtime.md#start: of a container killed before its start is an error, at once"""
        container = self.container().create()
        container.kill()
        container.becomes("stopped")
        container.refuses("start", container.id)


class Kill(Statement):
    def test_without_id(self):
        """runtime.md#kill: without an id is an error"""
        self.container().refuses("kill")

    def test_unknown(self):
        """runtime.md#kill: of a container that does not exist is an error"""
        self.container().refuses("kill", "no-such-container", "TERM")

    def test_signal(self):
        """runtime.md#kill: sends the signal that it is given"""
        for signal, name in (("USR1", "USR1"), ("SIGUSR2", "USR2"), ("1", "HUP")):
            with self.subTest(signal=signal):
                container = self.container(f"trap 'echo got {name}; exit' {name}; " + FOREVER).create().start()
                container.prints("started")
                container.kill(signal)
                container.prints(f"got {name}")

    def test_created(self):
        """runtime.md#kill: reaches the process of a created container"""
        container = self.container("echo ran").create()
        container.kill()
        container.becomes("stopped")
        self.assertEqual(container.printed(), [])

    def test_stopped(self):
        """runtime.md#kill: of a stopped container is an error"""
        container = self.container()
        container.runs()
        container.refuses("kill", container.id, "KILL")
        self.assertEqual(container.status(), "stopped")

    def test_unknown_signal(self):
        """runtime.md#errors: an unknown signal is an error, without effect"""
        container = self.container(FOREVER).create().start()
        container.refuses("kill", container.id, "NOSUCHSIGNAL")
        self.assertEqual(container.status(), "running")


class Delete(Statement):
    def test_without_id(self):
        """runtime.md#delete: without an id is an error"""
        self.container().refuses("delete")

    def test_unknown(self):
        """runtime.md#delete: of a container that does not exist is an error"""
        self.container().refuses("delete", "no-such-container")

    def test_created(self):
        """runtime.md#delete: of a created container is an error, without effect"""
        container = self.container().create()
        container.refuses("delete", container.id)
        self.assertEqual(container.status(), "created")

    def test_running(self):
        """runtime.md#delete: of a running container is an error, without effect"""
        container = self.container(FOREVER).create().start()
        container.refuses("delete", container.id)
        self.assertEqual(container.status(), "running")

    def test_stopped(self):
        """runtime.md#delete: of a stopped container removes it, and frees its id"""
        container = self.container("echo ran")
        container.runs()
        container.delete()
        self.assertFalse(container.exists())
        container.runs()

    def test_resources(self):
        """runtime.md#delete: removes what create made"""
        before = cgroup_folders()
        container = self.container()
        container.config["linux"]["cgroupsPath"] = "/made/for/statement"
        container.config["linux"]["resources"] = {"pids": {"limit": 10}}
        container.runs()
        container.delete()
        left = {folder for folder in cgroup_folders() - before if folder.endswith("/statement")}
        self.assertEqual(left, set())

    def test_foreign_resources(self):
        """runtime.md#delete: leaves what create did not make"""
        outside = self.scratch / "outside"
        outside.mkdir()
        (outside / "file").write_text("kept")
        container = self.container()
        container.config["mounts"].append(bind(outside, "rbind"))
        container.runs()
        container.delete()
        self.assertEqual((outside / "file").read_text(), "kept")
        self.assertTrue((container.rootfs / "bin/busybox").exists())

    def test_other_processes(self):
        """runtime.md#delete: leaves no process of the container behind"""
        container = self.container("sleep 1000 & exit 0")
        container.config["linux"]["namespaces"] = [{"type": "mount"}]
        container.runs()
        self.assertTrue(any_process("sleep\x001000"))
        container.delete()
        self.eventually(lambda: not any_process("sleep\x001000"), "a process outlived the container")


def any_process(command):
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            if command in open(f"/proc/{entry}/cmdline").read():
                return True
        except OSError:
            pass  # it ended meanwhile
    return False
