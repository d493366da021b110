"""Limits on pure cgroup v2: what config.json and `update` say, read back from the cgroup's files."""

import json

GUESTS = ("v2", "oldest", "newest")
QUICK = ("v2",)

from harness import CGROUPS, RuntimeTest, wait_for  # noqa: E402

MB = 1 << 20
LOOP = "7:0"  # a block device that every guest has


class Limits(RuntimeTest):
    def limited(self, **resources):
        """A running container with these limits; gives its id and where its cgroup is."""
        config = self.config("/probe", "wait")
        config["linux"]["resources"] = resources
        name = self.running(config)
        return name, CGROUPS / config["linux"]["cgroupsPath"].lstrip("/")

    def says(self, group, file):
        return (group / file).read_text().strip()

    def written(self, files, **resources):
        """These limits are these files."""
        _, group = self.limited(**resources)
        self.assertEqual({file: self.says(group, file) for file in files}, files, resources)

    def refused_with(self, words, **resources):
        config = self.config("/probe")
        config["linux"]["resources"] = resources
        self.one_line(self.run_config(config), *words)
        self.assertFalse((CGROUPS / config["linux"]["cgroupsPath"].lstrip("/")).exists())

    def update(self, name, *options, **more):
        self.runtime_ok("update", *options, name, **more)

    def change(self, name, **resources):
        self.update(name, "--resources", "-", input=json.dumps(resources))

    # As written

    def test_every_controller_of_this_host_is_enabled_for_the_group(self):
        _, group = self.limited()
        self.assertEqual(set(self.says(group, "cgroup.controllers").split()), set((CGROUPS / "cgroup.controllers").read_text().split()))

    def test_unified_is_written_as_it_stands(self):
        self.written(
            {
                "memory.max": str(64 * MB), "memory.high": str(48 * MB), "memory.low": str(8 * MB), "memory.min": str(4 * MB),
                "memory.swap.max": "0", "memory.oom.group": "1", "pids.max": "77", "cpu.weight": "250", "cpu.max": "20000 50000",
                "cpuset.cpus": "1", "cgroup.max.depth": "5", "cgroup.max.descendants": "9", "hugetlb.2MB.max": str(4 * MB),
            },
            unified={
                "memory.max": str(64 * MB), "memory.high": str(48 * MB), "memory.low": str(8 * MB), "memory.min": str(4 * MB),
                "memory.swap.max": "0", "memory.oom.group": "1", "pids.max": "77", "cpu.weight": "250", "cpu.max": "20000 50000",
                "cpuset.cpus": "1", "cgroup.max.depth": "5", "cgroup.max.descendants": "9", "hugetlb.2MB.max": str(4 * MB),
            },
        )

    def test_each_line_of_unified_is_a_write(self):
        self.written({"io.max": f"{LOOP} rbps={MB} wbps=max riops=max wiops=20"}, unified={"io.max": f"{LOOP} rbps={MB}\n{LOOP} wiops=20\n"})

    def test_where_both_say_something_unified_holds(self):
        self.written({"pids.max": "7"}, pids={"limit": 5}, unified={"pids.max": "7"})

    def test_unified_of_a_controller_that_this_host_lacks_names_both(self):
        self.refused_with(["linux.resources.unified.nosuch.max", "controller nosuch"], unified={"nosuch.max": "1"})

    def test_unified_of_a_file_that_this_kernel_lacks_names_it(self):
        self.refused_with(["linux.resources.unified.memory.nosuch", "memory.nosuch"], unified={"memory.nosuch": "1"})

    def test_a_text_that_the_kernel_refuses_names_the_member(self):
        self.refused_with(["linux.resources.unified.memory.max", '"many"'], unified={"memory.max": "many"})

    # As converted

    def test_shares_become_a_weight(self):
        for shares, weight in ((2, "1"), (512, "59"), (1024, "100"), (262144, "10000")):
            with self.subTest(shares=shares):
                self.written({"cpu.weight": weight}, cpu={"shares": shares})

    def test_quota_and_period_are_one_file(self):
        self.written({"cpu.max": "20000 50000"}, cpu={"quota": 20000, "period": 50000})
        self.written({"cpu.max": "20000 100000"}, cpu={"quota": 20000})
        self.written({"cpu.max": "max 50000"}, cpu={"period": 50000})
        self.written({"cpu.max": "max 100000"}, cpu={"quota": -1})

    def test_burst_goes_with_its_quota(self):
        self.written({"cpu.max": "20000 50000", "cpu.max.burst": "10000"}, cpu={"quota": 20000, "period": 50000, "burst": 10000})

    def test_an_idle_group_has_no_weight(self):
        self.written({"cpu.idle": "1"}, cpu={"idle": 1, "shares": 512})

    def test_cpuset(self):
        self.written({"cpuset.cpus": "0", "cpuset.mems": "0"}, cpu={"cpus": "0", "mems": "0"})

    def test_memory(self):
        self.written({"memory.max": str(64 * MB), "memory.low": str(16 * MB)}, memory={"limit": 64 * MB, "reservation": 16 * MB})
        self.written({"memory.max": "max", "memory.swap.max": "max"}, memory={"limit": -1})

    def test_swap_counts_memory_and_swap_together(self):
        self.written({"memory.max": str(64 * MB), "memory.swap.max": str(32 * MB)}, memory={"limit": 64 * MB, "swap": 96 * MB})
        self.written({"memory.max": str(64 * MB), "memory.swap.max": "0"}, memory={"limit": 64 * MB, "swap": 64 * MB})
        self.written({"memory.max": str(64 * MB), "memory.swap.max": "max"}, memory={"limit": 64 * MB, "swap": -1})
        self.written({"memory.max": str(64 * MB), "memory.swap.max": "max"}, memory={"limit": 64 * MB})

    def test_swap_that_means_nothing_is_refused(self):
        self.refused_with(["linux.resources.memory.swap"], memory={"swap": 96 * MB})
        self.refused_with(["linux.resources.memory.swap"], memory={"limit": 64 * MB, "swap": 63 * MB})

    def test_what_v2_cannot_say_is_refused_by_name(self):
        for member, value in (("swappiness", 10), ("disableOOMKiller", True), ("kernel", MB), ("kernelTCP", MB)):
            with self.subTest(member=member):
                self.refused_with([f"linux.resources.memory.{member}"], memory={"limit": 64 * MB, member: value})
        self.refused_with(["linux.resources.cpu.realtimeRuntime"], cpu={"realtimeRuntime": 1000})
        self.refused_with(["linux.resources.blockIO.leafWeight"], blockIO={"leafWeight": 100})
        self.refused_with(["linux.resources.network.classID", "net_cls"], network={"classID": 1})
        self.refused_with(["linux.resources.network.priorities", "net_prio"], network={"priorities": [{"name": "lo", "priority": 1}]})

    def test_processes(self):
        self.written({"pids.max": "33"}, pids={"limit": 33})
        self.written({"pids.max": "max"}, pids={"limit": -1})

    def test_throttles_of_block_devices(self):
        rows = lambda rate: [{"major": 7, "minor": 0, "rate": rate}]
        self.written(
            {"io.max": f"{LOOP} rbps={MB} wbps={2 * MB} riops=30 wiops=40"},
            blockIO={
                "throttleReadBpsDevice": rows(MB), "throttleWriteBpsDevice": rows(2 * MB),
                "throttleReadIOPSDevice": rows(30), "throttleWriteIOPSDevice": rows(40),
            },
        )

    def test_the_weight_of_block_devices_goes_to_the_scheduler_that_is_there(self):
        _, group = self.limited()
        for file, text in (("io.bfq.weight", "default 500"), ("io.weight", "default 4950")):
            if (group / file).exists():
                return self.written({file: text}, blockIO={"weight": 500})
        self.refused_with(["linux.resources.blockIO.weight", "io.bfq.weight"], blockIO={"weight": 500})

    def test_huge_pages_faulted_and_reserved(self):
        self.written(
            {"hugetlb.2MB.max": str(4 * MB), "hugetlb.2MB.rsvd.max": str(4 * MB)},
            hugepageLimits=[{"pageSize": "2MB", "limit": 4 * MB}],
        )
        self.refused_with(["linux.resources.hugepageLimits[0]"], hugepageLimits=[{"pageSize": "3MB", "limit": 4 * MB}])

    def test_rdma_of_a_device_that_is_not_there_is_refused_by_name(self):
        self.refused_with(["linux.resources.rdma", "nosuch0"], rdma={"nosuch0": {"hcaHandles": 3}})

    # Changed

    def test_each_option_of_update_writes_its_limit(self):
        name, group = self.limited()
        for options, file, text in (
            (("--memory", "256M"), "memory.max", str(256 * MB)),
            (("--memory-swap", "512M"), "memory.swap.max", str(256 * MB)),
            (("--memory", "128M"), "memory.swap.max", str(256 * MB)),
            (("--memory-reservation", "64M"), "memory.low", str(64 * MB)),
            (("--cpu-period", "50000"), "cpu.max", "max 50000"),
            (("--cpu-quota", "20000"), "cpu.max", "20000 50000"),
            (("--cpu-burst", "5000"), "cpu.max.burst", "5000"),
            (("--cpu-share", "512"), "cpu.weight", "59"),
            (("--cpu-idle", "1"), "cpu.idle", "1"),
            (("--cpu-idle", "0"), "cpu.weight", "59"),
            (("--cpuset-cpus", "0"), "cpuset.cpus", "0"),
            (("--cpuset-mems", "0"), "cpuset.mems", "0"),
            (("--pids-limit", "33"), "pids.max", "33"),
            (("--pids-limit", "-1"), "pids.max", "max"),
            (("--memory", "-1"), "memory.swap.max", "max"),
        ):
            with self.subTest(options=options):
                self.update(name, *options)
                self.assertEqual(self.says(group, file), text)

    def test_update_takes_every_member(self):
        name, group = self.limited(pids={"limit": 5})
        self.change(
            name,
            unified={"memory.high": str(32 * MB)},
            hugepageLimits=[{"pageSize": "2MB", "limit": 2 * MB}],
            blockIO={"throttleReadBpsDevice": [{"major": 7, "minor": 0, "rate": MB}]},
        )
        found = {file: self.says(group, file) for file in ("memory.high", "hugetlb.2MB.max", "io.max", "pids.max")}
        self.assertEqual(
            found, {"memory.high": str(32 * MB), "hugetlb.2MB.max": str(2 * MB), "io.max": f"{LOOP} rbps={MB} wbps=max riops=max wiops=max", "pids.max": "5"}
        )

    def test_an_update_that_fails_leaves_all_limits_as_they_were(self):
        name, group = self.limited(memory={"limit": 64 * MB}, pids={"limit": 5})
        text = json.dumps({"memory": {"limit": 32 * MB}, "unified": {"pids.max": "many"}})
        self.refused("update", "--resources", "-", name, input=text, says=["linux.resources.unified.pids.max"])
        self.assertEqual((self.says(group, "memory.max"), self.says(group, "pids.max")), (str(64 * MB), "5"))

    def test_a_limit_below_the_usage_is_refused_when_that_is_to_be_checked(self):
        config = self.config("sh", "-c", "head -c 40m /dev/zero >/dev/file; exec sleep 1000")
        config["linux"]["resources"] = {"memory": {"limit": 256 * MB, "checkBeforeUpdate": True}}
        name = self.running(config)
        group = CGROUPS / config["linux"]["cgroupsPath"].lstrip("/")
        wait_for(lambda: int(self.says(group, "memory.current")) > 40 * MB, "the file to be written")
        usage = 40 * MB
        self.refused("update", "--memory", str(usage // 2), name, says=["linux.resources.memory.limit", "below the present usage"])
        self.assertEqual(self.says(group, "memory.max"), str(256 * MB))

    def test_update_enables_a_controller_that_the_group_lacks(self):
        top = CGROUPS / f"{self.mark}-top"
        top.mkdir()
        config = self.config("/probe", "wait")
        config["linux"]["cgroupsPath"] = f"/{self.mark}-top/inner"
        name = self.running(config)
        (top / "cgroup.subtree_control").write_text("-pids")
        self.assertFalse((top / "inner/pids.max").exists())
        self.update(name, "--pids-limit", "9")
        self.assertEqual(self.says(top / "inner", "pids.max"), "9")
        self.runtime_ok("delete", "--force", name)
        top.rmdir()
