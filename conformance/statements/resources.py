"""config-linux.md: limits, as the container's group says in the files of whichever cgroup version is there."""

from pathlib import Path

from container import Statement

MIB = 1 << 20


class Limits(Statement):
    def limited(self, resources, script="while true; do sleep 1; done"):
        container = self.container(script)
        container.config["linux"]["resources"] = resources
        return container.create()

    def says(self, container, version1, version2):
        """The text of the group's file; (controller, file) for version 1, the file for version 2."""
        for line in open(f"/proc/{container.state()['pid']}/cgroup"):
            _, controllers, path = line.rstrip("\n").split(":", 2)
            if version1[0] in controllers.split(","):
                return (Path("/sys/fs/cgroup") / controllers / path[1:] / version1[1]).read_text().strip()
        for point in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified"):
            if (file := Path(point) / path[1:] / version2).exists():
                return file.read_text().strip()
        self.skipTest(f"this machine has no {version1[0]} controller")

    def test_memory(self):
        """config-linux.md#memory: the memory limit is set"""
        container = self.limited({"memory": {"limit": 64 * MIB}})
        said = self.says(container, ("memory", "memory.limit_in_bytes"), "memory.max")
        self.assertEqual(int(said), 64 * MIB)

    def test_reservation(self):
        """config-linux.md#memory: the memory reservation is set"""
        container = self.limited({"memory": {"limit": 64 * MIB, "reservation": 32 * MIB}})
        said = self.says(container, ("memory", "memory.soft_limit_in_bytes"), "memory.low")
        self.assertEqual(int(said), 32 * MIB)

    def test_memory_holds(self):
        """config-linux.md#memory: a process that takes more than the limit is killed"""
        container = self.limited({"memory": {"limit": 16 * MIB, "swap": 16 * MIB}},
                                 "x=xxxxxxxxxxxxxxxx; while true; do x=$x$x; echo ${#x}; done")
        container.start().becomes("stopped")
        self.assertLess(int(container.printed()[-1]), 16 * MIB)

    def test_cpu_quota(self):
        """config-linux.md#cpu: quota and period are set"""
        container = self.limited({"cpu": {"quota": 20000, "period": 50000}})
        quota = self.says(container, ("cpu", "cpu.cfs_quota_us"), "cpu.max").split()[0]
        period = self.says(container, ("cpu", "cpu.cfs_period_us"), "cpu.max").split()[-1]
        self.assertEqual((quota, period), ("20000", "50000"))

    def test_cpus(self):
        """config-linux.md#cpu: the processors and memory nodes are set"""
        container = self.limited({"cpu": {"cpus": "0", "mems": "0"}})
        self.assertEqual(self.says(container, ("cpuset", "cpuset.cpus"), "cpuset.cpus"), "0")
        self.assertEqual(self.says(container, ("cpuset", "cpuset.mems"), "cpuset.mems"), "0")

    def test_pids(self):
        """config-linux.md#pids: the number of processes is set"""
        container = self.limited({"pids": {"limit": 42}})
        self.assertEqual(self.says(container, ("pids", "pids.max"), "pids.max"), "42")

    def test_devices(self):
        """config-linux.md#allowed-device-list: later rules override earlier ones"""
        script = "mknod /tmp/z c 1 5 && head -c 1 /tmp/z | wc -c; mknod /tmp/k c 1 11 && cat /tmp/k 2>&1 || true"
        container = self.container(script)
        capabilities = container.config["process"]["capabilities"]
        for kind in capabilities:
            capabilities[kind] = [*capabilities[kind], "CAP_MKNOD"]
        container.config["linux"]["resources"] = {"devices": [
            {"allow": False, "access": "rwm"},
            {"allow": True, "type": "c", "major": 1, "minor": 11, "access": "rwm"},
            {"allow": False, "type": "c", "major": 1, "minor": 11, "access": "r"},
            {"allow": True, "type": "c", "major": 1, "minor": 5, "access": "rwm"}]}
        printed = container.runs().splitlines()
        self.assertEqual(printed[0], "1")
        self.assertIn("not permitted", printed[1])

    def test_throttle(self):
        """config-linux.md#block-io: a device's rate is limited"""
        device = next((name for name in Path("/sys/block").iterdir() if name.name[:2] in ("vd", "sd", "nv")), None)
        if not device:
            self.skipTest("this machine has no disk")
        major, minor = map(int, (device / "dev").read_text().split(":"))
        container = self.limited({"blockIO": {"throttleReadBpsDevice": [
            {"major": major, "minor": minor, "rate": MIB}]}})
        said = self.says(container, ("blkio", "blkio.throttle.read_bps_device"), "io.max")
        self.assertTrue(said.startswith(f"{major}:{minor} "))
        self.assertIn(str(MIB), said)
