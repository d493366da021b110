"""podman: containers that stay, what is done to them, and exec."""

import concurrent.futures
import os
import re
import signal
import tarfile
from pathlib import Path

from caller import IMAGE, groups_of
from checks import quick
from podman import OfPodman

WAITING = "while :; do sleep 0.05; done"


class Detached(OfPodman):
    @quick
    def test_logs(self):
        """a detached container runs, its output is in the logs, its exit code is kept"""
        name = self.detached("sh", "-c", "echo out; echo err >&2; exit 3")
        self.assertEqual(self.caller.must("wait", name).out, "3\n")
        done = self.caller.must("logs", name)
        self.assertEqual((done.out, done.err), ("out\n", "err\n"))
        self.assertEqual(self.caller.about(name, ".State.ExitCode"), "3")

    @quick
    def test_create_start(self):
        """create, init and start are steps of their own"""
        name = self.name()
        self.addCleanup(self.remove, name)
        self.caller.must("create", "--name", name, "--network", "none", IMAGE, "sh", "-c", "echo begun; sleep 600")
        self.assertEqual(self.caller.about(name, ".State.Status"), "created")
        self.caller.must("init", name)
        self.assertEqual(self.caller.about(name, ".State.Status"), "initialized")
        self.assertEqual(self.logs(name), "")
        self.assertNotEqual(self.exec_in(name, "true").code, 0)
        self.caller.must("start", name)
        self.logged(name, "begun")
        self.assertEqual(self.caller.about(name, ".State.Status"), "running")

    def test_init_removed(self):
        """a container that was initialised and never started can be removed"""
        name = self.name()
        self.addCleanup(self.remove, name)
        self.caller.must("create", "--name", name, "--network", "none", IMAGE, "sleep", "600")
        self.caller.must("init", name)
        pid = self.pid(name)
        self.caller.must("rm", "--force", name)
        self.assertFalse(Path(f"/proc/{pid}").exists())

    def test_attach(self):
        """attach reaches the program's input and output"""
        name = self.detached("sh", "-c", "read word; echo got $word; exit 4", options=["--interactive"])
        self.assertEqual(self.caller.podman("attach", name, input="typed\n").lines[0], "got typed")
        self.assertEqual(self.caller.must("wait", name).out, "4\n")

    def test_detach(self):
        """a terminal can be left and taken again"""
        name = self.detached("sh", options=["-it"])
        terminal = self.terminal(*self.caller.words("attach", "--detach-keys", "ctrl-x", name), rows=35, columns=105)
        terminal.write("stty size; echo $((6*7))\n")
        terminal.shows("42")
        terminal.write("\x18")
        terminal.ends()
        again = self.terminal(*self.caller.words("attach", name))
        again.write("echo $((7*7)); exit 5\n")
        again.shows("49")
        again.ends()
        self.assertEqual(self.caller.must("wait", name).out, "5\n")

    @quick
    def test_kill(self):
        """kill sends the signal that is named, and KILL ends"""
        name = self.detached("sh", "-c", f"trap 'echo caught' USR1; echo ready; {WAITING}")
        self.logged(name, "ready")
        self.caller.must("kill", "--signal", "USR1", name)
        self.logged(name, "caught")
        self.caller.must("kill", name)
        self.becomes(name, "exited")
        self.assertEqual(self.caller.about(name, ".State.ExitCode"), str(128 + signal.SIGKILL))
        self.assertNotEqual(self.caller.podman("kill", name).code, 0)

    @quick
    def test_stop(self):
        """stop lets the program end by itself"""
        name = self.detached("sh", "-c", f"trap 'exit 6' TERM; echo ready; {WAITING}")
        self.logged(name, "ready")
        self.caller.must("stop", name)
        self.assertEqual(self.caller.about(name, ".State.ExitCode"), "6")

    def test_stop_by_force(self):
        """stop kills when its time is over"""
        name = self.detached("sh", "-c", f"trap '' TERM; echo ready; {WAITING}")
        self.logged(name, "ready")
        self.caller.must("stop", "--time", "1", name)
        self.assertEqual(self.caller.about(name, ".State.ExitCode"), str(128 + signal.SIGKILL))

    def test_stop_signal(self):
        """--stop-signal is the one that stop sends"""
        name = self.detached("sh", "-c", f"trap 'exit 9' USR2; echo ready; {WAITING}", options=["--stop-signal", "USR2"])
        self.logged(name, "ready")
        self.caller.must("stop", name)
        self.assertEqual(self.caller.about(name, ".State.ExitCode"), "9")

    def test_stop_of_the_hosts_processes(self):
        """of a container without a process namespace every process ends"""
        name = self.detached("sh", "-c", "sleep 601 & sleep 602 & echo ready; wait", options=["--pid", "host"])
        self.logged(name, "ready")
        groups = groups_of(self.pid(name))
        processes = groups.get("memory", groups.get("")) / "cgroup.procs"
        self.assertEqual(len(processes.read_text().split()), 3)
        self.remove(name)
        self.assertFalse(processes.exists())

    def test_restart(self):
        """a container restarts, with the files it had"""
        name = self.detached("sh", "-c", "echo $(($(cat /count 2>/dev/null) + 1)) >/count; cat /count; sleep 600")
        self.logged(name, "1")
        before = self.pid(name)
        self.caller.must("restart", "--time", "0", name)
        self.logged(name, "2")
        self.assertNotEqual(self.pid(name), before)

    def test_restart_policy(self):
        """--restart on-failure restarts as often as it says"""
        name = self.detached("sh", "-c", "exit 1", options=["--restart", "on-failure:2"])
        self.eventually(lambda: self.caller.about(name, ".RestartCount") == "2", "never restarted twice")
        self.becomes(name, "exited")

    @quick
    def test_pause(self):
        """a paused container stands still, refuses exec, and goes on when unpaused"""
        name = self.detached("sh", "-c", "i=0; while :; do i=$((i+1)); echo $i >/count; sleep 0.05; done", options=["--volume", f"{self.folder}:/mnt"])
        self.caller.must("pause", name)
        self.assertEqual(self.caller.about(name, ".State.Status"), "paused")
        self.assertNotEqual(self.exec_in(name, "true").code, 0)
        self.caller.must("unpause", name)
        self.assertEqual(self.caller.about(name, ".State.Status"), "running")
        self.assertEqual(self.exec_in(name, "true").code, 0)

    def test_remove_paused(self):
        """a paused container can be removed by force"""
        name = self.detached()
        pid = self.pid(name)
        self.caller.must("pause", name)
        self.caller.must("rm", "--force", "--time", "0", name)
        self.assertFalse(Path(f"/proc/{pid}").exists())

    def test_stats(self):
        """stats tells of processor, memory and processes"""
        name = self.detached("sh", "-c", "yes >/dev/null", options=["--memory", "64m"])
        stats = self.caller.must("stats", "--no-stream", "--format", "json", name).json[0]
        self.assertEqual(stats["pids"], "1")
        self.assertRegex(stats["mem_usage"], r"[1-9].*B / 67\.11MB")

    def test_top(self):
        """top lists the processes"""
        name = self.detached("sh", "-c", "sleep 603 & sleep 604; true")
        self.eventually(lambda: len(self.caller.must("top", name, "pid", "args").lines) == 4, "never three processes")
        lines = self.caller.must("top", name, "hpid", "args").lines
        self.assertIn(f"{self.pid(name)} ", lines[1] + " ")

    def test_copy(self):
        """files are copied into and out of a running container, and one on a volume too"""
        name = self.detached(options=["--tmpfs", "/new"])
        (self.folder / "file").write_text("copied")
        for place in ("/tmp/file", "/new/file"):
            with self.subTest(place):
                self.caller.must("cp", self.folder / "file", f"{name}:{place}")
                self.assertEqual(self.exec_in(name, "cat", place).out, "copied")
                self.caller.must("cp", f"{name}:{place}", self.folder / "back")
                self.assertEqual((self.folder / "back").read_text(), "copied")

    def test_commit(self):
        """a running container is paused, kept as an image, and goes on"""
        name = self.detached()
        self.exec_in(name, "touch", "/kept")
        self.caller.must("commit", "--pause", "--quiet", name, "localhost/kept")
        self.addCleanup(self.caller.podman, "rmi", "--force", "localhost/kept")
        self.assertEqual(self.caller.about(name, ".State.Status"), "running")
        self.assertEqual(self.caller.must("run", "--rm", "--network", "none", "localhost/kept", "ls", "/kept").out, "/kept\n")

    def test_export(self):
        """the file system is exported, without what is mounted upon it"""
        name = self.detached("sh", "-c", "touch /kept /tmp/hidden; echo ready; sleep 600", options=["--tmpfs", "/tmp"])
        self.logged(name, "ready")
        self.caller.must("export", "--output", self.folder / "all.tar", name)
        with tarfile.open(self.folder / "all.tar") as tar:
            names = set(tar.getnames())
        self.assertIn("kept", names)
        self.assertFalse({"tmp/hidden", "proc/self"} & names)

    def test_health(self):
        """a health check runs in the container"""
        name = self.detached(options=["--health-cmd", "test -e /well", "--health-interval", "disable"])
        self.assertEqual(self.caller.podman("healthcheck", "run", name).code, 1)
        self.exec_in(name, "touch", "/well")
        self.assertEqual(self.caller.podman("healthcheck", "run", name).code, 0)

    def test_timeout(self):
        """--timeout ends a container that takes too long"""
        name = self.detached("sleep", "600", options=["--timeout", "1"])
        self.becomes(name, "exited")

    def test_many(self):
        """ten at once each get their own exit code"""
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            codes = list(pool.map(lambda code: self.shell(f"exit {code}").code, range(10)))
        self.assertEqual(codes, list(range(10)))

    @quick
    def test_nothing_is_left(self):
        """a removed container leaves no group, no state of the runtime, no mount, no process"""
        name = self.detached("sh", "-c", "sleep 605 & sleep 606; true", options=["--memory", "64m", "--tmpfs", "/new"])
        identifier = self.caller.about(name, ".Id")
        pid = self.pid(name)
        folders = [folder for folder in groups_of(pid).values() if identifier in str(folder)]
        self.assertGreater(len(folders), 0)
        self.assertTrue(list(Path("/run").glob(f"*/{identifier}")))
        self.remove(name)
        self.assertEqual([folder for folder in folders if folder.exists()], [])
        self.assertEqual(list(Path("/run").glob(f"*/{identifier}")), [])
        self.assertNotIn(identifier, Path("/proc/self/mountinfo").read_text())
        self.assertFalse(Path(f"/proc/{pid}").exists())


class Exec(OfPodman):
    def prints(self, name, script, expected, *options):
        done = self.exec_in(name, "sh", "-c", script, options=options)
        self.assertEqual((done.code, done.out.strip()), (0, expected), done)

    @quick
    def test_exit_code(self):
        """exec gives the exit code, keeps the two outputs apart and reads what its caller writes"""
        name = self.detached()
        done = self.exec_in(name, "sh", "-c", "cat; echo err >&2; exit 9", options=["--interactive"], input="typed\n")
        self.assertEqual((done.code, done.out, done.err), (9, "typed\n", "err\n"), done)

    def test_exit_by_signal(self):
        """a program that a signal ends gives 128 and the signal's number"""
        self.assertEqual(self.exec_in(self.detached(), "sh", "-c", "kill -9 $$").code, 128 + signal.SIGKILL)

    @quick
    def test_options(self):
        """exec takes a user, a folder and variables"""
        name = self.detached(options=["--env", "OLD=1", "--group-add", "77"])
        self.prints(name, "id -u; id -G; pwd; echo $OLD $NEW", "0\n0 77\n/\n1 2", "--env", "NEW=2")
        self.prints(name, "id -u; id -g; pwd", "1000\n1000\n/tmp", "--user", "user", "--workdir", "/tmp")
        self.prints(name, "id -u; id -g", "12\n34", "--user", "12:34")

    @quick
    def test_terminal(self):
        """exec with a terminal gets its size, and follows it"""
        name = self.detached()
        terminal = self.terminal(*self.caller.words("exec", "-it", name, "sh"), rows=31, columns=101)
        terminal.write("stty size\n")
        terminal.shows("31 101")
        terminal.resize(41, 102)
        self.eventually(lambda: (terminal.write("stty size\n"), terminal.read(), "41 102" in terminal.seen)[2], "the size stays")
        terminal.write("exit 4\n")
        self.assertEqual(terminal.ends().code, 4)

    def test_detached(self):
        """a detached exec goes on"""
        name = self.detached()
        self.assertEqual(self.exec_in(name, "sh", "-c", "sleep 0.2; touch /done", options=["--detach"]).code, 0)
        self.eventually(lambda: self.exec_in(name, "ls", "/done").code == 0, "it did not go on")

    def test_privileges(self):
        """exec has the container's capabilities and filter, --privileged has all and none"""
        name = self.detached(options=["--cap-drop", "CHOWN"])
        script = "grep -E 'CapEff|Seccomp:' /proc/self/status | cut -f2"
        own = re.search(r"CapEff:\s*(\w+)", Path("/proc/self/status").read_text()).group(1)
        theirs = re.search(r"CapEff:\s*(\w+)", Path(f"/proc/{self.pid(name)}/status").read_text()).group(1)
        self.prints(name, script, f"{theirs}\n2")
        self.assertEqual(self.exec_in(name, "sh", "-c", script, options=["--privileged"]).lines[0], own)

    def test_preserved_descriptors(self):
        """--preserve-fds hands descriptors on"""
        name = self.detached()
        (self.folder / "file").write_text("handed on")
        words = self.caller.words("exec", "--preserve-fds", "1", name, "sh", "-c", "cat <&3")
        self.assertEqual(self.caller.does("sh", "-c", 'exec 3<"$1"; shift; exec "$@"', "-", self.folder / "file", *words).out, "handed on")

    @quick
    def test_missing(self):
        """a program that is missing is 127, one that may not be executed 126, in one sentence; the container goes on"""
        name = self.detached()
        for program, code, why in (("/bin/missing", 127, "no such file|not found"), ("missing", 127, "no such file|not found"),
                                   ("/etc/passwd", 126, "permission denied|not permitted"), ("/etc", 126, "permission denied|not permitted|directory")):
            with self.subTest(program):
                done = self.exec_in(name, program)
                self.assertEqual(done.code, code, done)
                self.assertRegex(done.err, rf"(?i)\AError: [^\n]*{program}[^\n]*({why})[^\n]*\n\Z")
        self.assertEqual(self.exec_in(name, "true").code, 0)

    def test_stopped(self):
        """exec in a stopped container is an error"""
        name = self.detached("true")
        self.becomes(name, "exited")
        self.assertNotEqual(self.exec_in(name, "true").code, 0)

    def test_many(self):
        """twenty at once each get their own exit code"""
        name = self.detached()
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            codes = list(pool.map(lambda code: self.exec_in(name, "sh", "-c", f"exit {code}").code, range(20)))
        self.assertEqual(codes, list(range(20)))

    def test_in_the_namespaces(self):
        """exec is in the groups and namespaces of the container, a user namespace too"""
        name = self.detached(options=["--uidmap", "0:100000:1000", "--gidmap", "0:100000:1000", "--memory", "64m"])
        pid = self.pid(name)
        kinds = ("pid", "ipc", "uts", "mnt", "net", "user", "cgroup")
        theirs = "\n".join(os.readlink(f"/proc/{pid}/ns/{kind}") for kind in kinds)
        self.prints(name, f"for kind in {' '.join(kinds)}; do readlink /proc/self/ns/$kind; done", theirs)
        done = self.exec_in(name, "sleep", "607", options=["--detach"])
        self.assertEqual(done.code, 0, done)
        groups = groups_of(pid)
        processes = groups.get("memory", groups.get("")) / "cgroup.procs"
        self.eventually(lambda: len(processes.read_text().split()) == 2, "exec is not in the group")
