"""Docker Engine: a container's life, exec, networks, images, checkpoints. docker.py has the rest."""

import concurrent.futures
import os
import re
import signal
import urllib.request
from pathlib import Path

from caller import IMAGE, groups_of
from checks import quick
from docker import OfDocker

COUNTING = "i=0; while :; do i=$((i+1)); echo $i >/count; sleep 0.05; done"


class Life(OfDocker):
    @quick
    def test_logs(self):
        """logs has both outputs of a detached container, and follows them"""
        name = self.detached("sh", "-c", "echo out; echo err >&2; read x; sleep 0.5; echo late", options=["-i"])
        self.eventually(lambda: self.caller.docker("logs", name).err == "err\n", "the error output never came")
        done = self.caller.must("logs", name)
        self.assertEqual((done.out, done.err), ("out\n", "err\n"))
        follow = self.background("docker", "logs", "--follow", name)
        follow.shows("out")
        self.caller.must("attach", name, input="go\n")
        follow.shows("late")

    def test_wait(self):
        """wait gives the exit code"""
        self.assertEqual(self.caller.must("wait", self.detached("sh", "-c", "sleep 0.2; exit 6")).out, "6\n")

    def test_stop(self):
        """stop sends TERM, which the program takes"""
        name = self.detached("sh", "-c", "trap 'exit 3' TERM; touch /ready; while :; do sleep 0.05; done")
        self.eventually(lambda: self.exec_in(name, "ls", "/ready").code == 0, "it never was ready")
        self.caller.must("stop", name)
        self.assertEqual(self.inspect(name, "State.ExitCode"), 3)

    def test_stop_by_force(self):
        """stop kills a program that does not take TERM"""
        name = self.detached("sh", "-c", "trap '' TERM; while :; do sleep 0.05; done")
        self.caller.must("stop", "--time", "1", name)
        self.assertEqual(self.inspect(name, "State.ExitCode"), 137)

    def test_stop_signal(self):
        """--stop-signal is the one that stop sends"""
        name = self.detached("sh", "-c", "trap 'exit 4' USR1; touch /ready; while :; do sleep 0.05; done", options=["--stop-signal", "USR1"])
        self.eventually(lambda: self.exec_in(name, "ls", "/ready").code == 0, "it never was ready")
        self.caller.must("stop", name)
        self.assertEqual(self.inspect(name, "State.ExitCode"), 4)

    def test_kill(self):
        """kill sends any signal"""
        name = self.detached("sh", "-c", "trap 'echo hup' HUP; touch /ready; while :; do sleep 0.05; done")
        self.eventually(lambda: self.exec_in(name, "ls", "/ready").code == 0, "it never was ready")
        self.caller.must("kill", "--signal", "HUP", name)
        self.eventually(lambda: self.caller.must("logs", name).out == "hup\n", "the signal never came")

    def test_restart(self):
        """restart stops and starts, and the files stay"""
        name = self.detached("sh", "-c", "echo . >>/count; exec sleep 600")
        before = self.pid(name)
        self.caller.must("restart", "--time", "0", name)
        self.assertNotEqual(self.pid(name), before)
        self.eventually(lambda: self.exec_in(name, "wc", "-l", "/count").out.startswith("2 "), "it was not started twice")

    def test_create_and_start(self):
        """a created container starts when it is told to, and again"""
        words = self.words("sh", "-c", "echo . >>/count; wc -l </count; exit 8")
        words[0] = "create"
        self.caller.must(*words)
        for count in ("1", "2"):
            done = self.caller.docker("start", "--attach", words[2])
            self.assertEqual((done.code, done.out.strip()), (8, count), done)

    @quick
    def test_pause(self):
        """a paused container stands still, refuses exec, and goes on when unpaused"""
        name = self.detached("sh", "-c", COUNTING)
        self.caller.must("pause", name)
        self.assertEqual(self.inspect(name, "State.Status"), "paused")
        self.assertIn("paused", self.exec_in(name, "true").err)
        self.caller.must("unpause", name)
        before = self.exec_in(name, "cat", "/count").out
        self.eventually(lambda: self.exec_in(name, "cat", "/count").out != before, "it stands still")

    def test_remove_paused(self):
        """a paused container is stopped and removed by force"""
        name = self.detached()
        self.caller.must("pause", name)
        self.caller.must("rm", "--force", name)
        self.assertNotEqual(self.caller.docker("inspect", name).code, 0)

    def test_remove_running(self):
        """a running container is removed by force, and not without"""
        name = self.detached()
        self.assertNotEqual(self.caller.docker("rm", name).code, 0)
        self.caller.must("rm", "--force", name)

    def test_frozen_by_hand(self):
        """a container that somebody froze is removed by force"""
        name = self.detached()
        groups = groups_of(self.pid(name))
        file, words = (groups["freezer"] / "freezer.state", ("FROZEN", "THAWED")) if "freezer" in groups else (groups[""] / "cgroup.freeze", "10")
        file.write_text(words[0])
        self.addCleanup(lambda: file.exists() and file.write_text(words[1]))
        self.caller.must("rm", "--force", name)

    def test_attach(self):
        """attach reads and writes"""
        name = self.detached("sh", "-c", "read x; echo got $x; exit 5", options=["-i"])
        terminal = self.terminal("docker", "attach", name)  # one that stays open: the end of the input would detach
        terminal.write("typed\n")
        terminal.shows("got typed")
        self.assertEqual(terminal.ends().code, 5)

    def test_attach_at_a_terminal(self):
        """attach at a terminal, and detach by its keys"""
        name = self.detached("sh", options=["-it"])
        terminal = self.terminal("docker", "attach", name)
        terminal.answers("echo $((6*7))", "42")
        terminal.write("\x10\x11")
        terminal.ends()
        self.assertEqual(self.inspect(name, "State.Status"), "running")

    def test_top(self):
        """top lists the container's processes"""
        name = self.detached("sh", "-c", "sleep 601 & wait")
        self.eventually(lambda: "sleep 601" in self.caller.must("top", name).out, "the process is not listed")
        self.assertEqual(len(self.caller.must("top", name, "-o", "pid,args").lines), 3)

    def test_on_failure(self):
        """--restart on-failure starts again as often as it says"""
        name = self.detached("sh", "-c", "echo run; exit 1", options=["--restart", "on-failure:2"])
        self.eventually(lambda: self.inspect(name, "RestartCount") == 2, "it was not started again")
        self.becomes(name, "exited")
        self.assertEqual(self.caller.must("logs", name).out, "run\n" * 3)

    def test_health(self):
        """a health check runs by exec, and tells healthy from unhealthy"""
        name = self.detached(options=["--health-cmd", "test ! -e /sick", "--health-interval", "0.5s", "--health-retries", "1"])
        self.eventually(lambda: self.inspect(name, "State.Health.Status") == "healthy", "it never was healthy")
        self.exec_in(name, "touch", "/sick")
        self.eventually(lambda: self.inspect(name, "State.Health.Status") == "unhealthy", "it never was unhealthy")

    def test_rename_and_inspect(self):
        """inspect tells the runtime, and a renamed container lives on"""
        name = self.detached()
        self.assertEqual(self.inspect(name, "HostConfig.Runtime"), "coracle")
        self.caller.must("rename", name, f"{name}-new")
        self.addCleanup(self.caller.docker, "rm", "--force", f"{name}-new")
        self.assertEqual(self.exec_in(f"{name}-new", "true").code, 0)

    def test_daemon_is_content(self):
        """the daemon finds out the runtime's version, and has nothing to complain about it"""
        info = self.caller.must("info", "--format", "{{json .}}").json
        self.assertEqual(info["DefaultRuntime"], "coracle")
        logs = "".join(path.read_text() for path in self.caller.folder.glob("*.log"))
        self.assertNotRegex(logs, r"(?i)failed to (retrieve|parse).*(version|features)")

    @quick
    def test_restarted_daemon(self):
        """a container outlives its daemon, with live-restore, and takes commands afterwards"""
        name = self.detached()
        pid = self.pid(name)
        self.caller.daemon.terminate()
        self.caller.daemon.wait()
        self.assertTrue(Path(f"/proc/{pid}").exists())
        self.caller.daemon = self.caller.start()
        self.assertEqual((self.inspect(name, "State.Status"), self.pid(name)), ("running", pid))
        self.assertEqual(self.exec_in(name, "true").code, 0)
        self.caller.must("stop", "--time", "0", name)

    def test_killed_shim(self):
        """when a container's shim is killed, the container is found dead and can be started again"""
        name = self.detached()
        pid = self.pid(name)
        os.kill(int(re.search(r"PPid:\s*(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1)), signal.SIGKILL)
        self.becomes(name, "exited")
        self.assertFalse(Path(f"/proc/{pid}").exists())
        self.caller.must("start", name)


class Exec(OfDocker):
    @quick
    def test_exit_code(self):
        """exec gives outputs and exit code, and takes environment, user, folder and input"""
        name = self.detached()
        options = ["--interactive", "--env", "WORD=one two", "--user", "1000:1000", "--workdir", "/tmp"]
        done = self.exec_in(name, "sh", "-c", "echo $WORD; id -u; id -g; pwd; cat; echo err >&2; exit 9", options=options, input="typed\n")
        self.assertEqual((done.code, done.out, done.err), (9, "one two\n1000\n1000\n/tmp\ntyped\n", "err\n"), done)

    @quick
    def test_terminal(self):
        """exec with a terminal gets its size, and follows it"""
        name = self.detached()
        terminal = self.terminal("docker", "exec", "-it", name, "sh", rows=31, columns=101)
        terminal.answers("stty size", "31 101")
        terminal.resize(41, 102)
        terminal.answers("stty size", "41 102")
        terminal.write("exit 4\n")
        self.assertEqual(terminal.ends().code, 4)

    def test_detached(self):
        """a detached exec goes on"""
        name = self.detached()
        self.assertEqual(self.exec_in(name, "sh", "-c", "sleep 0.2; touch /done", options=["--detach"]).code, 0)
        self.eventually(lambda: self.exec_in(name, "ls", "/done").code == 0, "it did not go on")

    @quick
    def test_privileged(self):
        """a privileged exec has every capability, in a container that has few"""
        name = self.detached()
        for options, has in (([], 0), (["--privileged"], 1)):
            done = self.exec_in(name, "grep", "CapEff", "/proc/self/status", options=options)
            self.assertEqual(done.code, 0, done)
            self.assertEqual(int(done.out.split()[1], 16) >> 21 & 1, has, "CAP_SYS_ADMIN")

    def test_errors(self):
        """exec of a program that is missing, or may not be executed, fails, says why, and the container goes on"""
        name = self.detached()
        for word, reason in (("/bin/missing", "no such file|not found"), ("missing", "no such file|not found"), ("/etc/passwd", "permission denied")):
            done = self.exec_in(name, word)
            self.assertIn(done.code, (126, 127), done)  # Docker 20.10 gives 126 for each
            self.assertRegex(done.out + done.err, f"(?i){reason}")
        self.assertEqual(self.inspect(name, "State.Status"), "running")

    def test_confined(self):
        """exec has the container's capabilities, filter and groups"""
        name = self.detached(options=["--cap-drop", "ALL", "--pids-limit", "50"])
        status = self.exec_in(name, "cat", "/proc/self/status").out
        self.assertRegex(status, r"CapEff:\s*0000000000000000")
        self.assertRegex(status, r"Seccomp:\s*2")
        own = self.exec_in(name, "cat", "/proc/self/cgroup").out
        self.assertEqual(own, self.exec_in(name, "cat", "/proc/1/cgroup").out)

    def test_many(self):
        """twenty at once each get their own exit code"""
        name = self.detached()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            codes = list(pool.map(lambda code: self.exec_in(name, "sh", "-c", f"exit {code}").code, range(20)))
        self.assertEqual(codes, list(range(20)))

    def test_end_with_container(self):
        """an exec ends with its container"""
        name = self.detached()
        run = self.background("docker", "exec", name, "sleep", "601")
        self.eventually(lambda: "sleep 601" in self.caller.must("top", name).out, "it never ran")
        self.caller.must("kill", name)
        self.assertEqual(run.ends().code, 137)


class Networks(OfDocker):
    def test_bridge(self):
        """a container on the bridge has an address, and reaches the host's end"""
        self.prints("ping -c 1 -W 5 $(ip route | sed -n 's/default via \\([^ ]*\\).*/\\1/p') >/dev/null && echo fine", "fine")

    def test_none(self):
        """--network none has the loopback interface only"""
        self.prints("ls /sys/class/net; ip link | grep -c ^[0-9]", "lo\n1", "--network", "none")

    @quick
    def test_published(self):
        """a published port is reached from the host"""
        name = self.detached("sh", "-c", "mkdir /www; echo served >/www/index.html; exec httpd -f -p 80 -h /www", options=["--publish", "127.0.0.1::80"])
        address = self.caller.must("port", name, "80").out.split()[0]

        def page():
            try:
                return urllib.request.urlopen(f"http://{address}/", timeout=5).read()
            except OSError:
                return None

        self.assertEqual(self.eventually(page, "nothing is served"), b"served\n")

    def test_names(self):
        """containers of one network find each other by name"""
        network = self.name()
        self.caller.must("network", "create", network)
        self.addCleanup(self.caller.docker, "network", "rm", network)
        other = self.name()
        self.caller.must(*self.words("sleep", "600", options=["--detach", "--network", network], name=other))
        self.prints(f"ping -c 1 -W 5 {other} >/dev/null && echo fine", "fine", "--network", network)
        self.caller.must("rm", "--force", other)

    def test_connect(self):
        """a running container is connected to a second network"""
        network, name = self.name(), self.detached()
        self.caller.must("network", "create", network)
        self.addCleanup(self.caller.docker, "network", "rm", network)
        self.caller.must("network", "connect", network, name)
        self.assertIn("eth1", self.exec_in(name, "ip", "link").out)
        self.caller.must("network", "disconnect", network, name)

    def test_loopback_address(self):
        """the loopback interface is up"""
        self.prints("ping -c 1 -W 5 127.0.0.1 >/dev/null && echo fine", "fine", "--network", "none")


class Images(OfDocker):
    def build(self, name, kit):
        folder = self.folder / "context"
        folder.mkdir(exist_ok=True)
        (folder / "file").write_text("copied\n")
        (folder / "Dockerfile").write_text(f"FROM {IMAGE}\nCOPY file /file\nRUN cat /file /file >/twice && id -u >/user\n"
                                           "USER 1000\nRUN id -u >/tmp/user\nCMD [\"cat\", \"/twice\", \"/user\", \"/tmp/user\"]\n")
        self.addCleanup(self.caller.docker, "rmi", "--force", name)
        self.caller.must("build", "--tag", name, folder, env={"DOCKER_BUILDKIT": kit}, limit=120)
        self.assertEqual(self.caller.must("run", "--rm", name).out, "copied\ncopied\n0\n1000\n")

    def test_build(self):
        """build runs its steps in containers of the runtime"""
        self.build("built:classic", "0")

    def test_buildkit(self):
        """buildkit runs its steps by the program runc in PATH, here the runtime"""
        if self.caller.docker("build", "--help", env={"DOCKER_BUILDKIT": "1"}).code != 0 or "buildx" in self.caller.docker(
                "build", "-", input="", env={"DOCKER_BUILDKIT": "1"}).err:
            self.skipTest("needs Docker's buildx, which Debian 12 has not")
        self.build("built:kit", "1")

    def test_failed_build(self):
        """a build step that fails ends the build with its exit code"""
        (self.folder / "Dockerfile").write_text(f"FROM {IMAGE}\nRUN exit 33\n")
        done = self.caller.docker("build", self.folder, env={"DOCKER_BUILDKIT": "0"}, limit=120)
        self.assertNotEqual(done.code, 0)
        self.assertIn("33", done.err)

    def test_commit(self):
        """commit makes an image of a running container, and diff tells what it changed"""
        name = self.detached("sh", "-c", "echo changed >/new; sleep 600")
        self.eventually(lambda: "A /new" in self.caller.must("diff", name).out, "no change is told")
        self.addCleanup(self.caller.docker, "rmi", "--force", "committed:new")
        self.caller.must("commit", name, "committed:new")
        self.assertEqual(self.caller.must("run", "--rm", "committed:new", "cat", "/new").out, "changed\n")

    def test_export(self):
        """export writes a container's files"""
        self.caller.must("export", "--output", self.folder / "tar", self.detached())
        self.assertIn("bin/busybox", self.caller.does("tar", "-tf", self.folder / "tar").lines)


class Checkpoint(OfDocker):
    def setUp(self):
        super().setUp()
        self.needs_criu()

    def count(self, name):
        done = self.exec_in(name, "cat", "/count")
        return int(done.out) if done.out.strip().isdigit() else 0

    def test_restore(self):
        """a container that is started from its checkpoint goes on where it was"""
        name = self.detached("sh", "-c", COUNTING, options=["--network", "none", "--security-opt", "seccomp=unconfined"])
        self.eventually(lambda: self.count(name) > 20, "it never counted")
        self.caller.must("checkpoint", "create", name, "first")
        self.becomes(name, "exited")
        self.assertIn("first", self.caller.must("checkpoint", "ls", name).out)
        self.caller.must("start", "--checkpoint", "first", name)
        self.assertGreater(self.count(name), 20)

    def test_leave_running(self):
        """a checkpoint can leave the container running"""
        name = self.detached("sh", "-c", COUNTING, options=["--network", "none", "--security-opt", "seccomp=unconfined"])
        self.eventually(lambda: self.count(name) > 2, "it never counted")
        self.caller.must("checkpoint", "create", "--leave-running", name, "first")
        before = self.count(name)
        self.eventually(lambda: self.count(name) > before, "it stands still")
