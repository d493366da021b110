"""Cgroups: the limits are written, and they hold."""

import os
import pathlib
import time

from harness import CGROUPS, PROBE, RuntimeTest, ours_only, wait_for

MB = 1 << 20


class Limits(RuntimeTest):
    def limited(self, *args, **resources):
        config = self.config(*args)
        config["linux"]["resources"] = resources
        return config

    def written(self, config, controller, v1, v2):
        """What stands in a file of the container's cgroup while it runs."""
        self.running(config)
        return self.cgroup_file(config, controller, v1, v2).read_text().strip()

    def test_a_process_that_takes_more_memory_than_allowed_is_killed(self):
        done = self.run_config(self.limited("/probe", "alloc", "100", memory={"limit": 50 * MB, "swap": 50 * MB}))
        self.assertEqual(done.code, 128 + 9, done)
        self.assertNotIn("got", done.out)

    def test_a_process_within_its_memory_limit_is_not_touched(self):
        done = self.run_config(self.limited("/probe", "alloc", "20", memory={"limit": 50 * MB}))
        self.assertEqual((done.code, done.out), (0, "got 20\n"))

    def test_a_process_outside_the_container_is_not_limited(self):
        self.running(self.limited("/probe", "wait", memory={"limit": 20 * MB}))
        self.assertEqual(self.call(PROBE, "alloc", "100").out, "got 100\n")

    def test_a_quarter_of_a_cpu_keeps_a_busy_loop_near_a_quarter(self):
        config = self.limited("/probe", "busy", "2", cpu={"quota": 25000, "period": 100000})
        began = time.monotonic()
        milliseconds = int(self.output(config))
        wall = (time.monotonic() - began) * 1000
        # The loop's own CPU clock: at most a quarter of the time that passed, and a period more at the start.
        self.assertLess(milliseconds, 0.25 * wall + 50)
        # Being throttled is the only thing that keeps it low unless the machine is very busy.
        self.assertGreater(milliseconds, 20)

    def test_a_busy_loop_is_throttled_by_the_kernel(self):
        config = self.limited("/probe", "busy", "60", cpu={"quota": 10000, "period": 100000})
        name = self.running(config)
        stat = self.cgroup_file(config, "cpu", "cpu.stat", "cpu.stat")
        wait_for(lambda: dict(line.split() for line in stat.read_text().splitlines())["nr_throttled"] != "0", "throttling")
        self.stop(name)

    def test_a_process_limit_stops_the_forking(self):
        made = int(self.output(self.limited("/probe", "fork", "50", pids={"limit": 10})))
        self.assertEqual(made, 9)

    def test_memory_limit_is_written(self):
        self.assertEqual(self.written(self.limited("/probe", "wait", memory={"limit": 64 * MB}), "memory", "memory.limit_in_bytes", "memory.max"), str(64 * MB))

    def test_cpu_shares_are_written(self):
        self.assertEqual(self.written(self.limited("/probe", "wait", cpu={"shares": 512}), "cpu", "cpu.shares", "cpu.weight"), "512" if (CGROUPS / "cpu").is_dir() else "59")

    def test_cpuset_is_written(self):
        self.assertEqual(self.written(self.limited("/probe", "wait", cpu={"cpus": "0"}), "cpuset", "cpuset.cpus", "cpuset.cpus"), "0")

    def test_the_cgroup_is_gone_after_delete(self):
        config = self.limited("/probe", "wait", pids={"limit": 10})
        name = self.running(config)
        self.assertNotEqual(self.cgroups(), [])
        self.runtime_ok("delete", "--force", name)
        self.assertEqual(self.cgroups(), [])

    @ours_only
    def test_a_container_may_be_left_in_the_groups_of_its_caller(self):
        name = self.new_id()
        bundle = self.bundle(self.config("/probe", "wait"))
        self.runtime_ok("--cgroup-manager", "disabled", "create", "--bundle", bundle, name)
        self.runtime_ok("--cgroup-manager", "disabled", "start", name)
        groups = pathlib.Path(f"/proc/{self.state(name)['pid']}/cgroup").read_text()
        self.assertEqual(groups, pathlib.Path("/proc/self/cgroup").read_text())
        self.assertEqual(self.cgroups(), [])
        self.runtime_ok("--cgroup-manager", "disabled", "exec", name, "/probe", "exit", "0")
        self.refused("pause", name)
        self.runtime_ok("kill", "--all", name, "KILL")
        self.wait_status(name, "stopped")
        self.runtime_ok("delete", name)

    @ours_only
    def test_a_container_without_a_group_cannot_be_limited(self):
        bundle = self.bundle(self.limited("/probe", pids={"limit": 10}))
        self.refused("--cgroup-manager", "disabled", "run", "--bundle", bundle, self.new_id(), says="linux.resources")

    def test_a_controller_that_is_not_mounted_leaves_no_folder_behind(self):
        if not (CGROUPS / "cpu").is_dir():
            self.skipTest("cgroup v1 only")
        before = sorted(os.listdir(CGROUPS))
        name = self.running()
        self.assertEqual(sorted(os.listdir(CGROUPS)), before)
        self.stop(name)

    @ours_only
    def test_swap_below_memory_is_refused_by_name(self):
        config = self.limited("/probe", memory={"limit": 64 * MB, "swap": 32 * MB})
        self.refused("run", "--bundle", self.bundle(config), self.new_id(), says="linux.resources.memory.swap")
        self.assertEqual(self.cgroups(), [])


class Devices(RuntimeTest):
    def ruled(self, *args, rules, nodes=()):
        config = self.config(*args)
        config["linux"]["resources"] = {"devices": [{"allow": False, "access": "rwm"}, *rules]}
        config["linux"]["devices"] = list(nodes)
        return config

    FUSE = {"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 0o666}

    def test_a_device_that_is_not_allowed_cannot_be_opened(self):
        done = self.run_config(self.ruled("/probe", "open-device", "/dev/fuse", rules=[], nodes=[self.FUSE]))
        self.assertEqual((done.code, done.err.strip()), (1, "probe: /dev/fuse: EPERM"))

    def test_an_allowed_device_can_be_opened(self):
        if not os.path.exists("/dev/fuse"):
            self.skipTest("this machine has no /dev/fuse")
        rule = {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rwm"}
        done = self.run_config(self.ruled("/probe", "open-device", "/dev/fuse", rules=[rule], nodes=[self.FUSE]))
        self.assertEqual(done.code, 0, done)

    def test_the_default_devices_work_whatever_the_rules_say(self):
        for path in ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"):
            with self.subTest(path):
                if path == "/dev/tty":  # without a terminal the open fails, but not for want of permission
                    self.assertNotIn("EPERM", self.run_config(self.ruled("/probe", "open-device", path, rules=[])).err)
                else:
                    self.assertEqual(self.run_config(self.ruled("/probe", "open-device", path, rules=[])).code, 0)
