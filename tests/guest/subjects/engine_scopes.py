"""The engine on a machine of systemd: root's containers are scopes of the system's, a user's of his own."""

import os
import subprocess
import sys

from harness import BUNDLER, CGROUPS, RUNTIME, TOP, make_rootfs

sys.path.insert(0, str(TOP / "tests/engine"))
from containers import ENGINE, EngineTest  # noqa: E402

GUESTS = ("systemd",)

USER = 1000
MB = 1 << 20


class OfRoot(EngineTest):
    """What root and the user have in common; root's."""

    manager = ()  # options of systemctl
    parent = "system.slice"

    def unit(self, name):
        return f"coracle-{self.inspect(name)['Id']}.scope"

    def group(self, name):
        return CGROUPS / self.parent / self.unit(name)

    def shown(self, name, prop):
        words = ["systemctl", *self.manager, "show", "--value", f"--property={prop}", self.unit(name)]
        return subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

    def box(self, *options):
        self.image()
        self.engine_ok("run", "--detach", "--net=none", "--name", "one", *self.marked(), *options, "box", "/bin/sleep", "1000")
        return "one"

    def test_limits_are_those_of_a_scope(self):
        name = self.box("--memory", "64m", "--pids-limit", "77", "--cpus", "0.5")
        self.assertEqual(self.shown(name, "MemoryMax"), str(64 * MB))
        found = {file: (self.group(name) / file).read_text().strip() for file in ("memory.max", "pids.max", "cpu.max")}
        self.assertEqual(found, {"memory.max": str(64 * MB), "pids.max": "77", "cpu.max": "50000 100000"})

    def test_update_pause_stats_and_exec(self):
        name = self.box("--memory", "64m")
        self.engine_ok("update", "--memory", "32m", name)
        self.assertEqual((self.group(name) / "memory.max").read_text().strip(), str(32 * MB))
        self.engine_ok("pause", name)
        self.assertIn("frozen 1", (self.group(name) / "cgroup.events").read_text())
        self.engine_ok("unpause", name)
        self.assertIn("one", self.engine_ok("stats", "--no-stream", name).out)
        self.engine_ok("exec", name, "/bin/sh", "-c", "sleep 1000 &")
        pids = (self.group(name) / "cgroup.procs").read_text().split()
        self.assertEqual(len(pids), 2, "what exec started is in the scope, too")

    def test_its_end_is_the_end_of_the_scope(self):
        name = self.box()
        unit = self.unit(name)
        self.engine_ok("rm", "--force", name)
        words = ["systemctl", *self.manager, "list-units", "--all", "--plain", "--no-legend", unit]
        self.assertEqual(subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout.strip(), "")

    def test_a_parent_is_a_slice(self):
        name = self.box("--cgroup-parent", "coracle-test.slice")
        self.assertEqual(self.shown(name, "Slice"), "coracle-test.slice")
        self.refused("run", "--rm", "--cgroup-parent", "/some/path", "box", "/bin/true", says=("--cgroup-parent", "my.slice"))


class OfAUser(OfRoot):
    manager = ("--user", "--machine=user@.host")
    parent = f"user.slice/user-{USER}.slice/user@{USER}.service/user.slice"

    def setUp(self):
        super().setUp()
        self.folder.chmod(0o755)
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        os.chown(home, USER, USER)
        self.data, self.run_folder = home / ".local/share/coracle", self.folder / "home/run"
        self.store = self.data / "images"

    def user(self, *words):
        return ["as-user", f"CORACLE_TEST_MARK={self.mark}", f"HOME={self.folder}/home", *map(str, words)]

    def command(self, *args):
        return self.user(ENGINE, "--data", self.data, "--run", self.run_folder, "--runtime", RUNTIME, *args)

    def image(self, name="box", *import_options, rootfs=None):
        folder = make_rootfs(self.folder / "box")
        done = self.call(*self.user(BUNDLER, "--store", self.store, "import", folder, name))
        self.assertEqual(done.code, 0, done)
        return name
