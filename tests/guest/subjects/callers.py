"""Docker, podman and containerd on a machine of systemd, told by README's lines to use this runtime: their containers are scopes."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

from harness import CGROUPS, RUNTIME, TOP, ProgramTest, make_rootfs, wait_for

sys.path[:0] = [str(TOP / "conformance"), str(TOP / "conformance/callers")]
from caller import IMAGE, lines_of_readme, make_archive  # noqa: E402

GUESTS = ("callers",)

MB = 1 << 20
SMALL = ("--memory", "64m", "--pids-limit", "77", "--cpus", "0.5")


def told(beginning):
    """The lines of README for this engine, and for a host with systemd."""
    lines = lines_of_readme(beginning, RUNTIME)
    assert "cgroupfs" in lines
    return lines.replace("cgroupfs", "systemd")


class CallerTest(ProgramTest):
    """What is made once for all tests of a class is an engine and its image."""

    @classmethod
    def setUpClass(cls):
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="coracle-caller-"))
        cls.place.chmod(0o755)
        cls.addClassCleanup(shutil.rmtree, cls.place, True)
        make_rootfs(cls.place / "rootfs")
        make_archive(cls.place / "rootfs", cls.place / "box.tar")

    @classmethod
    def serve(cls, *words, ready):
        with open(cls.place / "log", "wb") as log:
            server = subprocess.Popen([str(word) for word in words], stdout=log, stderr=log)
        cls.addClassCleanup(server.wait)
        cls.addClassCleanup(server.terminate)
        wait_for(lambda: server.poll() is not None or subprocess.run(ready, capture_output=True).returncode == 0, f"{words[0]} to serve", 60)
        assert server.poll() is None, (cls.place / "log").read_text()

    def does(self, *words, **more):
        done = self.call(*words, **more)
        self.assertEqual(done.code, 0, f"{' '.join(map(str, words))}: {done}")
        return done.out

    def group_of(self, pid):
        return CGROUPS / pathlib.Path(f"/proc/{pid}/cgroup").read_text().strip().removeprefix("0::/")

    def values(self, group, *names):
        return [(group / name).read_text().strip() for name in names]

    def is_gone(self, group):
        wait_for(lambda: not group.exists(), f"{group} to go")
        self.assertEqual(self.shown(group.name, "LoadState"), ["not-found"])

    # Options of systemctl: whose systemd it is.
    manager = ()

    def shown(self, unit, *names):
        """These properties of the unit, in this order."""
        lines = self.does("systemctl", *self.manager, "show", *(f"--property={name}" for name in names), unit).splitlines()
        found = dict(line.split("=", 1) for line in lines)
        return [found[name] for name in names]


class Engine:
    """What Docker and podman have in common."""

    parent = ""  # where the scopes are
    prefix = ""  # of a scope's name

    def engine(self, *words, **more):
        return self.does(*self.command, *words, **more)

    def box(self, *options, words=("sleep", "1000")):
        """A container at work; gives its name."""
        name = f"{self.mark}-box"
        self.addCleanup(self.call, *self.command, "rm", "--force", "--volumes", name)
        self.engine("run", "--detach", "--network", "none", "--name", name, *options, IMAGE, *words)
        return name

    def about(self, name, what):
        return self.engine("inspect", "--format", "{{" + what + "}}", name).strip()

    def group(self, name):
        return self.group_of(self.about(name, ".State.Pid"))

    def test_a_container_is_a_scope_that_systemd_knows_with_its_limits(self):
        name = self.box(*SMALL)
        group = self.group(name)
        self.assertEqual(group, CGROUPS / self.parent / f"{self.prefix}-{self.about(name, '.Id')}.scope")
        self.assertEqual(self.values(group, "memory.max", "pids.max", "cpu.max"), [str(64 * MB), "77", "50000 100000"])
        self.assertEqual(self.shown(group.name, "MemoryMax", "TasksMax", "CPUQuotaPerSecUSec"), [str(64 * MB), "77", "500ms"])

    def test_without_limits_it_is_a_scope_all_the_same(self):
        group = self.group(self.box())
        self.assertEqual((group.parent, self.shown(group.name, "ActiveState", "Delegate")), (CGROUPS / self.parent, ["active", "yes"]))

    def test_an_update_reaches_systemd(self):
        name = self.box(*SMALL)
        self.engine("update", "--memory", "96m", "--memory-swap", "96m", "--cpus", "0.25", name)
        group = self.group(name)
        self.assertEqual(self.values(group, "memory.max", "memory.swap.max", "cpu.max"), [str(96 * MB), "0", "25000 100000"])
        self.assertEqual(self.shown(group.name, "MemoryMax"), [str(96 * MB)])

    def test_what_is_executed_runs_in_the_scope(self):
        name = self.box()
        self.engine("exec", "--detach", name, "sleep", "999")
        wait_for(lambda: len(self.values(self.group(name), "cgroup.procs")[0].split()) == 2, "the second process")
        self.assertEqual(self.engine("exec", name, "echo", "hello"), "hello\n")

    def test_pause_freezes_it(self):
        name = self.box()
        self.engine("pause", name)
        self.assertIn("frozen 1", self.values(self.group(name), "cgroup.events")[0])
        self.engine("unpause", name)
        self.assertIn("frozen 0", self.values(self.group(name), "cgroup.events")[0])

    def test_its_limits_outlive_a_daemon_reload(self):
        group = self.group(self.box(*SMALL))
        self.does("systemctl", *self.manager, "daemon-reload")
        self.assertEqual(self.values(group, "memory.max", "pids.max", "cpu.max"), [str(64 * MB), "77", "50000 100000"])

    def test_with_its_end_the_scope_is_gone(self):
        name = self.box()
        group = self.group(name)
        self.engine("stop", "--time", "0", name)
        self.is_gone(group)

    def test_a_lack_of_memory_is_told(self):
        """By the exit code. Their own mark comes and goes, with runc too: systemd removes the group before they have read it."""
        words = ("run", "--rm", "--network", "none", "--memory", "16m", "--memory-swap", "16m", IMAGE)
        done = self.call(*self.command, *words, "busybox", "dd", "if=/dev/zero", "of=/dev/null", "bs=64M", "count=1")
        self.assertEqual(done.code, 137, done)

    def test_the_exit_code_and_the_output_arrive(self):
        done = self.call(*self.command, "run", "--rm", "--network", "none", IMAGE, "sh", "-c", "echo out; exit 7")
        self.assertEqual((done.code, done.out), (7, "out\n"), done)


class OfRoot(Engine):
    """And what only root's do: device rules."""

    def test_device_rules_hold_and_outlive_a_daemon_reload(self):
        name = self.box("--cap-add", "MKNOD")
        for reloaded in (False, True):
            if reloaded:
                self.does("systemctl", "daemon-reload")
            with self.subTest(reloaded=reloaded):
                done = self.call(*self.command, "exec", name, "sh", "-c", "rm -f /tmp/mem; mknod /tmp/mem c 1 1 && cat /tmp/mem >/dev/null")
                self.assertIn("not permitted", done.err)
                self.engine("exec", name, "sh", "-c", "echo >/dev/null")


class Docker(OfRoot, CallerTest):
    parent = "system.slice"
    prefix = "docker"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        settings = {**json.loads(told("Docker:")), "bridge": "none", "iptables": False}
        (cls.place / "daemon.json").write_text(json.dumps(settings))
        address = f"unix://{cls.place}/docker.sock"
        cls.command = ("docker", "--host", address)
        cls.serve("dockerd", "--config-file", cls.place / "daemon.json", "--data-root", cls.place / "root", "--exec-root", cls.place / "exec",
                  "--pidfile", cls.place / "pid", "--host", address, ready=[*cls.command, "version"])
        subprocess.run([*cls.command, "load", "--input", cls.place / "box.tar"], check=True, stdout=subprocess.DEVNULL)

    def test_a_slice_can_be_its_parent(self):
        group = self.group(self.box("--cgroup-parent", "test-callers.slice"))
        self.assertEqual(group.parent, CGROUPS / "test.slice/test-callers.slice")


class OfPodman(Engine):
    prefix = "libpod"

    def mounts_here(self):
        """But for the one that podman keeps for its storage."""
        return [line for line in super().mounts_here() if "/containers/storage/overlay " not in line]

    @classmethod
    def configure(cls, *before):
        (cls.place / "containers.conf").write_text(told("podman:"))
        cls.command = (*before, f"CONTAINERS_CONF={cls.place}/containers.conf", "podman")
        subprocess.run([*cls.command, "load", "--input", cls.place / "box.tar"], check=True, stdout=subprocess.DEVNULL)

    def member(self, pod):
        return self.engine("run", "--detach", "--pod", pod, IMAGE, "sleep", "1000").strip()

    def test_a_pod_is_a_slice_of_scopes(self):
        pod = f"{self.mark}-pod"
        self.addCleanup(self.call, *self.command, "pod", "rm", "--force", "--time", "0", pod)
        self.engine("pod", "create", "--network", "none", "--name", pod)
        group = self.group_of(self.about(self.member(pod), ".State.Pid"))
        self.assertRegex(group.parent.name, r"libpod_pod_[0-9a-f]{64}\.slice$")


class Podman(OfPodman, OfRoot, CallerTest):
    parent = "machine.slice"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.configure("env")


class PodmanOfUser(OfPodman, CallerTest):
    parent = "user.slice/user-1000.slice/user@1000.service/user.slice"
    manager = ("--user", "--machine=user@")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.configure("as-user")


class Containerd(CallerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        lines = lines_of_readme("containerd: for its CRI", RUNTIME).removeprefix("version = 2\n")
        config = f'version = 2\nroot = "{cls.place}/root"\nstate = "{cls.place}/state"\n[grpc]\naddress = "{cls.place}/socket"\n'
        (cls.place / "config.toml").write_text(f"{config}{lines}\n    SystemdCgroup = true\n")
        cls.command = ("ctr", "--address", f"{cls.place}/socket")
        cls.serve("containerd", "-c", cls.place / "config.toml", ready=[*cls.command, "version"])
        subprocess.run([*cls.command, "images", "import", cls.place / "box.tar"], check=True, stdout=subprocess.DEVNULL)

    def test_a_container_is_a_scope_with_its_limits_and_gone_with_its_end(self):
        name = "box"
        self.addCleanup(self.call, *self.command, "containers", "rm", name)
        self.addCleanup(self.call, *self.command, "tasks", "rm", "--force", name)
        self.does(*self.command, "run", "--detach", "--runc-binary", RUNTIME, "--runc-systemd-cgroup", "--cgroup", f"test-ctr.slice:ctr:{name}",
                  "--memory-limit", str(64 * MB), "--cpus", "0.5", IMAGE, name, "sleep", "1000")
        group = CGROUPS / f"test.slice/test-ctr.slice/ctr-{name}.scope"
        self.assertEqual(self.values(group, "memory.max", "cpu.max"), [str(64 * MB), "50000 100000"])
        self.assertEqual(self.shown(group.name, "MemoryMax"), [str(64 * MB)])
        self.does(*self.command, "tasks", "exec", "--exec-id", "other", name, "true")
        self.does(*self.command, "tasks", "pause", name)
        self.assertIn("frozen 1", self.values(group, "cgroup.events")[0])
        self.does(*self.command, "tasks", "resume", name)
        self.does(*self.command, "tasks", "kill", "--signal", "KILL", name)
        self.is_gone(group)

    def test_the_lines_for_its_cri_are_read(self):
        told = self.does("containerd", "-c", self.place / "config.toml", "config", "dump")
        block = told.partition("runtimes.coracle.options]")[2].partition("\n\n")[0]
        self.assertIn(f'BinaryName = "{RUNTIME}"', block)
        self.assertIn("SystemdCgroup = true", block)
