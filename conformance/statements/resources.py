"""config-linux.md: limits, as the container's group says in the files of whichever cgroup version is there."""

from pathlib import Path

from container import Statement

MIB = 1 << 20


def disk():
    """The numbers of a disk of this machine."""
    for name in Path("/sys/block").iterdir():
        if name.name[:2] in ("vd", "sd", "nv"):
            return tuple(map(int, (name / "dev").read_text().split(":")))
    return None


class Limited(Statement):
    path = None

    def limited(self, resources, script="while true; do sleep 1; done"):
        return self.unmade(resources, script).create()

    def unmade(self, resources, script="true"):
        container = self.container(script)
        container.config["linux"]["resources"] = resources
        if self.path:
            container.config["linux"]["cgroupsPath"] = self.path
        return container

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

class Limits(Limited):
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
        """config-linux.md#block-io: a device's rates are limited, in bytes and in operations"""
        numbers = disk()
        if not numbers:
            self.skipTest("this machine has no disk")
        device = dict(zip(("major", "minor"), numbers))
        container = self.limited({"blockIO": {
            "throttleReadBpsDevice": [device | {"rate": MIB}], "throttleWriteBpsDevice": [device | {"rate": 2 * MIB}],
            "throttleReadIOPSDevice": [device | {"rate": 300}], "throttleWriteIOPSDevice": [device | {"rate": 400}]}})
        for file, key, rate in (("read_bps", "rbps", MIB), ("write_bps", "wbps", 2 * MIB),
                                ("read_iops", "riops", 300), ("write_iops", "wiops", 400)):
            said = self.says(container, ("blkio", f"blkio.throttle.{file}_device"), "io.max").split()
            self.assertEqual(said[0], f"{numbers[0]}:{numbers[1]}")
            self.assertTrue(str(rate) in said or f"{key}={rate}" in said, said)

    def test_shares(self):
        """config-linux.md#cpu: the share of processor time is set"""
        container = self.limited({"cpu": {"shares": 512}})
        said = int(self.says(container, ("cpu", "cpu.shares"), "cpu.weight"))
        # Version 2 counts from 1 to 10000, with more than one customary conversion.
        self.assertTrue(said == 512 or 10 <= said <= 80, said)

    def test_burst(self):
        """config-linux.md#cpu: the burst is set, and one above the quota is an error"""
        if not any(list(Path("/sys/fs/cgroup").glob(file)) for file in ("cpu*/cpu.cfs_burst_us", "*/cpu.max")):
            self.skipTest("this kernel has no burst")
        container = self.limited({"cpu": {"quota": 20000, "period": 50000, "burst": 10000}})
        self.assertEqual(self.says(container, ("cpu", "cpu.cfs_burst_us"), "cpu.max.burst"), "10000")
        self.unmade({"cpu": {"quota": 20000, "period": 50000, "burst": 30000}}).refuses_create()

    def test_swap(self):
        """config-linux.md#memory: the limit of memory and swap is set"""
        container = self.limited({"memory": {"limit": 64 * MIB, "swap": 96 * MIB}})
        said = int(self.says(container, ("memory", "memory.memsw.limit_in_bytes"), "memory.swap.max"))
        self.assertIn(said, (96 * MIB, 32 * MIB))

    def test_swappiness(self):
        """config-linux.md#memory: swappiness and the choice not to kill are set, with version 1"""
        if not Path("/sys/fs/cgroup/memory").exists():
            self.skipTest("version 2 has neither")
        container = self.limited({"memory": {"limit": 64 * MIB, "swappiness": 7, "disableOOMKiller": True}})
        self.assertEqual(self.says(container, ("memory", "memory.swappiness"), ""), "7")
        self.assertIn("oom_kill_disable 1", self.says(container, ("memory", "memory.oom_control"), "").splitlines())

    def test_kernel_tcp(self):
        """config-linux.md#memory: the limit of TCP buffers is set, with version 1"""
        if not Path("/sys/fs/cgroup/memory").exists():
            self.skipTest("version 2 has no such limit")
        container = self.limited({"memory": {"limit": 64 * MIB, "kernelTCP": 32 * MIB}})
        self.assertEqual(self.says(container, ("memory", "memory.kmem.tcp.limit_in_bytes"), ""), str(32 * MIB))

    def test_huge_pages(self):
        """config-linux.md#huge-page-limits: huge pages are limited, or refused where version 2 alone has them"""
        container = self.unmade({"hugepageLimits": [{"pageSize": "2MB", "limit": 4 * MIB}]})
        done = container.attempt_create()
        if done.returncode and not Path("/sys/fs/cgroup/hugetlb").exists():
            return
        self.assertEqual(done.returncode, 0, f"create failed: {done.stderr}")
        said = self.says(container, ("hugetlb", "hugetlb.2MB.limit_in_bytes"), "hugetlb.2MB.max")
        self.assertEqual(said, str(4 * MIB))

    def test_huge_page_size(self):
        """config-linux.md#huge-page-limits: a size of huge pages that the machine lacks is an error"""
        self.unmade({"hugepageLimits": [{"pageSize": "3MB", "limit": 6 * MIB}]}).refuses_create()

    def test_refused(self):
        """runtime.md#create: a limit that the kernel refuses is an error, and makes no container"""
        for resources in ({"cpu": {"cpus": "4000"}}, {"memory": {"limit": 64 * MIB, "swap": 32 * MIB}}):
            with self.subTest(resources=resources):
                container = self.unmade(resources)
                container.refuses_create()
                self.assertFalse(container.exists())


class Relative(Limits):
    """The same limits, of a group whose path is relative."""

    path = "statement-relative"


class Groups(Limited):
    def groups(self, path):
        """The groups of a container with this path, by their controllers, while it runs."""
        self.path = path
        container = self.limited({"pids": {"limit": 10}})
        lines = [line.strip().split(":") for line in open(f"/proc/{container.state()['pid']}/cgroup")]
        self.runtime("delete", "--force", container.id)
        return {controllers: group for _, controllers, group in lines}

    def test_consistent(self):
        """config-linux.md#cgroups-path: a path leads to the same place each time, whether absolute or relative"""
        for path in ("/statement/consistent", "statement-consistent"):
            with self.subTest(path=path):
                first, second = self.groups(path), self.groups(path)
                self.assertEqual(first, second)
                group = first.get("pids", first[""])
                self.assertTrue(group.endswith(path), group)

    def test_escape(self):
        """config-linux.md#cgroups-path: a path that would leave the hierarchy is an error, or stays within"""
        self.path = "/../../../statement-escape"
        container = self.unmade({"pids": {"limit": 10}})
        if container.attempt_create().returncode == 0:
            group = open(f"/proc/{container.state()['pid']}/cgroup").read()
            self.assertIn(":/statement-escape", group)

    def test_shared_group(self):
        """config-linux.md#control-groups: a second container in a group is an error, or leaves the first alone"""
        self.path = "/statement/shared"
        first = self.limited({"pids": {"limit": 10}}, "echo started; while true; do sleep 1; done").start()
        first.prints("started")
        second = self.unmade({"pids": {"limit": 20}})
        if second.attempt_create().returncode == 0:
            second.start().becomes("stopped")
            second.delete()
        self.assertEqual(first.status(), "running")

    def test_delegated(self):
        """config-linux.md#cgroup-ownership: a container that may own its group is created, whatever files there are"""
        container = self.unmade({"pids": {"limit": 10}}, "echo ran")
        (container.rootfs / "sys/fs/cgroup").mkdir(parents=True)
        mapping = [{"containerID": 0, "hostID": 100000, "size": 1000}]
        container.config["linux"]["namespaces"] += [{"type": "user"}, {"type": "cgroup"}]
        container.config["linux"] |= {"uidMappings": mapping, "gidMappings": mapping}
        container.config["mounts"].append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
                                           "options": ["nosuid", "noexec", "nodev", "rw"]})
        self.assertEqual(container.runs(), "ran\n")

    def test_no_controller(self):
        """config-linux.md#unified: a limit without a controller that could hold it is an error"""
        if any(line.split()[1] != "0" for line in open("/proc/cgroups") if line.startswith("net_cls")):
            self.skipTest("this machine has mounted net_cls")
        self.unmade({"network": {"classID": 0x100001}}).refuses_create()


class Unified(Limited):
    """cgroup version 2 by the names of its files; a hybrid machine has it beside version 1."""

    def setUp(self):
        super().setUp()
        self.top = next((point for point in map(Path, ("/sys/fs/cgroup", "/sys/fs/cgroup/unified"))
                         if (point / "cgroup.controllers").exists()), None)
        if not self.top:
            self.skipTest("no cgroup2 is mounted")

    def written(self, file, value):
        container = self.limited({"unified": {file: value}})
        group = next(line.strip()[3:] for line in open(f"/proc/{container.state()['pid']}/cgroup") if line[:3] == "0::")
        return (self.top / group[1:] / file).read_text().strip()

    def test_any_file(self):
        """config-linux.md#unified: any file of the group is written, known to the runtime or not"""
        self.assertEqual(self.written("cgroup.max.descendants", "7"), "7")

    def test_controller(self):
        """config-linux.md#unified: the controller that a file needs is enabled for the group"""
        available = (self.top / "cgroup.controllers").read_text().split()
        file, value = next(((file, value) for name, file, value in (
            ("pids", "pids.max", "42"), ("hugetlb", "hugetlb.2MB.max", "4194304")) if name in available), (None, None))
        if not file:
            self.skipTest("cgroup2 has no controller here")
        self.assertEqual(self.written(file, value), value)

    def test_no_controller(self):
        """config-linux.md#unified: a controller that is not there is an error"""
        self.unmade({"unified": {"nonesuch.max": "1"}}).refuses_create()
