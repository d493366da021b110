"""containerd: a task's life, exec, checkpoints. containerd.py has the rest."""

import concurrent.futures
import os
import re
import signal
from pathlib import Path

from caller import groups_of
from checks import quick
from containerd import OfContainerd


class Tasks(OfContainerd):
    @quick
    def test_detached(self):
        """a detached task runs, and ends by the signal that is sent"""
        name = self.detached("sh", "-c", "trap 'touch /mnt/signalled; exit' TERM; touch /ready; while :; do sleep 0.05; done",
                             options=["--mount", f"type=bind,src={self.folder},dst=/mnt,options=rbind:rw"])
        self.assertEqual(self.caller.task(name)[1], "RUNNING")
        self.eventually(lambda: self.exec_in(name, "ls", "/ready").code == 0, "the program never was ready")
        self.caller.must("tasks", "kill", "--signal", "TERM", name)
        self.becomes(name, "STOPPED")
        self.assertTrue((self.folder / "signalled").exists())

    def test_kill_all(self):
        """kill --all reaches every process of a container that shares the host's process namespace"""
        name = self.detached("sh", "-c", "sleep 601 & sleep 602 & wait", options=["--with-ns", "pid:/proc/1/ns/pid"])
        processes = groups_of(self.pid(name)).get("memory", groups_of(self.pid(name))[""]) / "cgroup.procs"
        self.eventually(lambda: len(processes.read_text().split()) == 3, "the processes never started")
        self.caller.must("tasks", "kill", "-a", "-s", "KILL", name)
        self.becomes(name, "STOPPED")
        self.assertEqual(processes.read_text() if processes.exists() else "", "")

    @quick
    def test_pause(self):
        """a paused task stands still, and goes on when resumed"""
        name = self.detached()
        self.caller.must("tasks", "pause", name)
        self.assertEqual(self.caller.task(name)[1], "PAUSED")
        done = self.exec_in(name, "true")
        self.assertNotEqual(done.code, 0)
        self.caller.must("tasks", "resume", name)
        self.assertEqual(self.caller.task(name)[1], "RUNNING")
        self.assertEqual(self.exec_in(name, "true").code, 0)

    def test_kill_paused(self):
        """a paused task can be killed and removed"""
        name = self.detached()
        self.caller.must("tasks", "pause", name)
        self.caller.must("tasks", "kill", "-s", "KILL", name)
        self.caller.ctr("tasks", "resume", name)
        self.becomes(name, "STOPPED")

    def test_processes(self):
        """ps lists the first process and those of exec"""
        name = self.detached()
        self.assertEqual(self.exec_in(name, "sleep", "603", options=["--detach"]).code, 0)
        listed = [int(line.split()[0]) for line in self.caller.must("tasks", "ps", name).lines[1:]]
        self.assertEqual(len(listed), 2)
        self.assertIn(self.pid(name), listed)

    def test_restarted_daemon(self):
        """tasks outlive their daemon, which finds them again"""
        name = self.detached()
        pid = self.pid(name)
        self.caller.daemon.terminate()
        self.caller.daemon.wait()
        self.caller.daemon = self.caller.start()
        self.assertEqual(self.caller.task(name), (pid, "RUNNING"))
        self.assertEqual(self.exec_in(name, "true").code, 0)

    def test_killed_shim(self):
        """when a container's shim is killed, the runtime removes the container"""
        name = self.detached()
        pid = self.pid(name)
        parent = int(re.search(r"PPid:\s*(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1))
        os.kill(parent, signal.SIGKILL)
        self.eventually(lambda: self.caller.task(name) is None, "the task is still there")
        self.eventually(lambda: not Path(f"/proc/{pid}").exists(), "the process is still there")

    def test_nothing_is_left(self):
        """a removed container leaves no group, no state of the runtime and no mount"""
        name = self.detached()
        folders = [folder for folder in groups_of(self.pid(name)).values() if name in str(folder)]
        self.assertGreater(len(folders), 0)
        self.remove(name)
        self.assertEqual([folder for folder in folders if folder.exists()], [])
        state = Path("/run/containerd/runc/default")
        self.assertEqual([path.name for path in state.iterdir() if path.name == name] if state.exists() else [], [])
        self.assertNotIn(name, Path("/proc/self/mountinfo").read_text())


class Exec(OfContainerd):
    @quick
    def test_exit_code(self):
        """exec gives the exit code, and takes a user and a folder"""
        name = self.detached()
        done = self.exec_in(name, "sh", "-c", "id -u; pwd; cat; exit 9", options=["--user", "1000", "--cwd", "/tmp"], input="typed\n")
        self.assertEqual((done.code, done.out), (9, "1000\n/tmp\ntyped\n"), done)

    @quick
    def test_terminal(self):
        """exec with a terminal gets its size, and follows it"""
        name = self.detached()
        terminal = self.terminal(*self.caller.words("tasks", "exec", "--exec-id", "e", "--tty", name, "sh"), rows=31, columns=101)
        terminal.answers("stty size", "31 101")
        terminal.resize(41, 102)
        terminal.answers("stty size", "41 102")
        terminal.write("exit 4\n")
        self.assertEqual(terminal.ends().code, 4)

    def test_detached(self):
        """a detached exec goes on"""
        name = self.detached()
        self.assertEqual(self.exec_in(name, "sh", "-c", "sleep 0.1; touch /done", options=["--detach"]).code, 0)
        self.eventually(lambda: self.exec_in(name, "ls", "/done").code == 0, "it did not go on")

    def test_fifos(self):
        """exec with a folder for its fifos writes there"""
        name = self.detached()
        (self.folder / "fifos").mkdir()
        done = self.exec_in(name, "echo", "through fifos", options=["--fifo-dir", self.folder / "fifos"])
        self.assertEqual((done.code, done.out), (0, "through fifos\n"), done)

    def test_missing(self):
        """exec of a program that is missing says so, and the container goes on"""
        name = self.detached()
        done = self.exec_in(name, "/bin/missing")
        self.assertNotEqual(done.code, 0)
        self.assertRegex(done.err, r"(?i)no such file or directory|not found")
        self.assertEqual(self.caller.task(name)[1], "RUNNING")

    def test_many(self):
        """twenty at once each get their own exit code"""
        name = self.detached()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            codes = list(pool.map(lambda code: self.exec_in(name, "sh", "-c", f"exit {code}").code, range(20)))
        self.assertEqual(codes, list(range(20)))


class Checkpoint(OfContainerd):
    def setUp(self):
        super().setUp()
        self.needs_criu()

    def counting(self):
        """A container that counts; gives its name when it has begun."""
        name = self.detached("sh", "-c", "i=0; while :; do i=$((i+1)); echo $i >/count; sleep 0.05; done", options=["--null-io"])
        self.eventually(lambda: self.count(name) > 2, "it never counted")
        return name

    def count(self, name):
        done = self.exec_in(name, "cat", "/count")
        return int(done.out) if done.out.strip().isdigit() else 0

    def test_stop(self):
        """a checkpoint with --exit writes the image, ends the task, and leaves a container that can be removed"""
        name = self.counting()
        self.caller.must("tasks", "checkpoint", "--exit", "--image-path", self.folder / "image", name)
        self.assertTrue((self.folder / "image/pstree.img").exists())
        self.becomes(name, "STOPPED")
        self.caller.must("tasks", "rm", name)

    def test_leave(self):
        """a checkpoint without --exit leaves the task running"""
        name = self.counting()
        self.caller.must("tasks", "checkpoint", "--image-path", self.folder / "image", name)
        before = self.count(name)
        self.eventually(lambda: self.count(name) > before, "it stands still")

    def test_restore(self):
        """a container restored from its checkpoint goes on where it was"""
        name = self.counting()
        image = f"checkpoint/{name}"
        self.caller.must("containers", "checkpoint", "--rw", "--task", "--image", name, image)
        before = self.count(name)
        self.remove(name)
        restored = self.name()
        self.addCleanup(self.remove, restored)
        self.caller.must("containers", "restore", "--rw", "--live", restored, image)
        self.becomes(restored, "RUNNING")
        self.assertGreater(self.count(restored), 2)
        self.assertLess(self.count(restored), before + 1000)
