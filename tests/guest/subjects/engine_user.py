"""The engine of an ordinary user to whom a cgroup is delegated: limits, pause and stats, which need no root then."""

import os
import pathlib
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "engine"))

from containers import ENGINE, EngineTest  # noqa: E402
from harness import BUNDLER, CGROUPS, RUNTIME, make_rootfs  # noqa: E402

GUESTS = ("v2", "systemd")

USER = 1000
MB = 1 << 20


class UserTest(EngineTest):
    AS_USER = ("as-user",)

    def setUp(self):
        super().setUp()
        os.chown(self.folder, USER, USER)

    def user_command(self, *words):
        return [*self.AS_USER, "env", f"CORACLE_TEST_MARK={self.mark}", *map(str, words)]

    def command(self, *args):
        return self.user_command(ENGINE, "--data", self.data, "--run", self.run_folder, "--runtime", RUNTIME, *args)

    def image(self, name="box"):
        folder = self.folder / "box"
        make_rootfs(folder)
        subprocess.run(["chown", "-R", f"{USER}:{USER}", folder], check=True)
        done = self.call(*self.user_command(BUNDLER, "--store", self.store, "import", folder, name))
        self.assertEqual(done.code, 0, done)

    def start_box(self, *options):
        self.image()
        self.engine_ok("run", "--detach", "--net=none", "--name", "bird", *self.marked(), *options, "box", "/probe", "wait")
        line = pathlib.Path(f"/proc/{self.inspect('bird')['State']['Pid']}/cgroup").read_text().strip()
        return CGROUPS / line.removeprefix("0::").lstrip("/")


class Delegated(UserTest):
    def values(self, group, *names):
        return [(group / name).read_text().strip() for name in names]

    def test_limits_are_those_of_the_containers_group(self):
        group = self.start_box("--memory", "64M", "--pids-limit", "40", "--cpus", "0.5", "--cpuset-cpus", "0")
        self.assertEqual(self.values(group, "memory.max", "memory.swap.max", "pids.max", "cpu.max", "cpuset.cpus"),
                         [str(64 * MB), "0", "40", "50000 100000", "0"])
        self.assertEqual(group.stat().st_uid, USER)

    def test_they_bite(self):
        self.image()
        for memory, code in (("16M", 137), ("256M", 0)):
            with self.subTest(memory):
                done = self.engine("run", "--rm", "--net=none", *self.marked(), "--memory", memory, "box",
                                   "/bin/busybox", "dd", "if=/dev/zero", "of=/dev/null", "bs=64M", "count=1")
                self.assertEqual(done.code, code, done)

    def test_update_changes_them(self):
        group = self.start_box("--memory", "64M")
        self.engine_ok("update", "--memory", "96M", "--pids-limit", "30", "bird")
        self.assertEqual(self.values(group, "memory.max", "pids.max"), [str(96 * MB), "30"])

    def test_pause_freezes_and_unpause_lets_go(self):
        group = self.start_box()
        self.engine_ok("pause", "bird")
        self.assertIn("frozen 1", (group / "cgroup.events").read_text())
        self.assertEqual(self.status("bird"), "paused")
        self.engine_ok("unpause", "bird")
        self.assertIn("frozen 0", (group / "cgroup.events").read_text())

    def test_stats_are_those_of_the_group(self):
        self.start_box("--memory", "64M")
        seen = self.engine_ok("stats", "--no-stream", "--json", "bird").json
        self.assertGreater(seen["memory"], 0, seen)
        self.assertEqual((seen["memoryLimit"], seen["pids"]), (64 * MB, 1), seen)

    def test_nothing_is_left_of_its_group(self):
        group = self.start_box("--memory", "64M")
        self.engine_ok("rm", "--force", "bird")
        self.assertFalse(group.exists())


class NotDelegated(UserTest):
    """The same user in a group that is root's."""

    AS_USER = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", "--inh-caps=-all", "env", "-u", "XDG_RUNTIME_DIR", "HOME=/home/user", "USER=user")

    def test_containers_without_limits_run(self):
        self.image()
        self.assertEqual(self.run_box("echo", "hello"), "hello\n")

    def test_limits_are_refused_with_what_is_missing(self):
        self.image()
        for options in (("--memory", "64M"), ("--pids-limit", "40"), ("--cpus", "0.5")):
            with self.subTest(options):
                self.refused("run", "--rm", "--net=none", *options, "box", "true", says="delegated to this user")
        self.assertEqual(self.containers(), [])
