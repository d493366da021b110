"""What containers may use: --cpus, --memory and the others, and engine update."""

import os
import pathlib
import unittest

from containers import ENGINE, EngineTest
from harness import RUNTIME


def group_file(pid, controller, *names):
    """The value of the first of these files that the process's cgroup has."""
    for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for mount in (f"/sys/fs/cgroup/{controller}", f"/sys/fs/cgroup/{controllers}", "/sys/fs/cgroup"):
            if controllers and controller not in controllers.split(","):
                continue
            for name in names:
                file = pathlib.Path(mount + path) / name
                if file.exists():
                    return file.read_text().split()[0]
    return None


@unittest.skipIf(os.geteuid() != 0, "limits take root's rights over cgroups")
class Limits(EngineTest):
    def start(self, *options):
        self.image()
        self.engine_ok("run", "-d", "--name", "bird", "--net=none", *self.marked(), *options, "box", "sleep", "1000")
        return self.record("bird")["state"]["init"]["pid"]

    def test_processors(self):
        pid = self.start("-cpus", "0.25", "-cpushare", "512", "-cpuset", "0")
        self.assertEqual(group_file(pid, "cpu", "cpu.cfs_quota_us", "cpu.max"), "25000")
        self.assertIn(group_file(pid, "cpu", "cpu.shares", "cpu.weight"), ("512", "59"))
        self.assertEqual(group_file(pid, "cpuset", "cpuset.cpus"), "0")

    def test_memory_and_processes(self):
        pid = self.start("-m", "100M", "--memory-reservation", "50M", "--pids-limit", "20")
        self.assertEqual(group_file(pid, "memory", "memory.limit_in_bytes", "memory.max"), str(100 << 20))
        self.assertEqual(group_file(pid, "pids", "pids.max"), "20")

    def test_the_greedy_is_killed_and_that_is_told(self):
        self.image()
        done = self.engine("run", "--name", "eagle", "--net=none", "--memory", "20M", "box", "sh", "-c", "a=x; while :; do a=$a$a; done")
        self.assertEqual(done.code, 137, done)
        self.assertTrue(self.record("eagle")["state"]["outOfMemory"])

    def test_too_many_processes_are_refused(self):
        self.image()
        done = self.engine("run", "--rm", "--net=none", "--pids-limit", "3", "box", "sh", "-c", "sleep 1 & sleep 1 & sleep 1 & sleep 1 & wait")
        self.assertIn("fork", done.err)

    def test_contradictions_are_refused(self):
        self.image()
        for options, says in ((("--cpus", "1", "--cpu-quota", "5000"), "--cpus"), (("--cpus", "many"), "--cpus"), (("--memory", "lots"), "--memory"),
                              (("--memory-swap", "10M"), "--memory"), (("-m", "20M", "--memory-swap", "10M"), "--memory-swap"),
                              (("-m", "20M", "--memory-reservation", "30M"), "--memory-reservation"), (("--cpu-shares", "1"), "cpu-shares"),
                              (("--device-read-bps", "/dev/null:1M"), "block device"), (("--device-read-bps", "/dev/none:1M"), "--device-read-bps"),
                              (("--blkio-weight", "5"), "blkio-weight")):
            with self.subTest(options):
                self.refused("run", "--rm", "--net=none", *options, "box", "true", says=says, code=125)
        self.assertEqual(self.containers(), [])

    def test_what_the_monitor_notes_of_a_lack_of_memory_is_not_left_where_the_user_is(self):
        self.image()
        here = self.folder / "here"
        here.mkdir()
        places = ("--data", "../data", "--run", "../run")
        done = self.call(ENGINE, *places, "--runtime", RUNTIME, "run", "--name", "bird", "--net=none", *self.marked(), "--memory", "16M", "box",
                         "/bin/busybox", "dd", "if=/dev/zero", "of=/dev/null", "bs=64M", "count=1", cwd=here)
        self.assertEqual(done.code, 137, done)
        self.assertEqual(list(here.iterdir()), [])
        self.assertTrue(self.inspect("bird")["State"]["OOMKilled"])

    def test_update_changes_what_runs_and_what_will(self):
        pid = self.start("-m", "100M")
        self.assertEqual(self.engine_ok("update", "--memory", "200M", "--cpus", "0.5", "--pids-limit", "30", "--restart", "on-failure:2", "bird").out, "bird\n")
        limit = ("memory", "memory.limit_in_bytes", "memory.max")
        self.assertEqual(group_file(pid, *limit), str(200 << 20))
        self.assertEqual(group_file(pid, "cpu", "cpu.cfs_quota_us", "cpu.max"), "50000")
        self.engine_ok("restart", "-t", "0", "bird")
        again = self.record("bird")
        self.assertEqual(group_file(again["state"]["init"]["pid"], *limit), str(200 << 20))
        self.assertEqual(again["restart"], {"policy": "on-failure", "most": 2})

    def test_update_that_cannot_be_changes_nothing(self):
        pid = self.start("-m", "100M")
        self.refused("update", "--memory", "nothing", "bird", says="--memory", code=1)
        self.refused("update", "--cpuset-cpus", "4000", "--memory", "50M", "bird", code=1)
        self.assertEqual(group_file(pid, "memory", "memory.limit_in_bytes", "memory.max"), str(100 << 20))
        self.refused("update", "--memory", "50M", "nobody", says="nobody", code=1)
