"""update: new limits for a container that exists."""

import json
import unittest

from harness import CGROUPS, OURS, RuntimeTest, ours_only

MB = 1 << 20
V1 = (CGROUPS / "memory").is_dir()


class Update(RuntimeTest):
    def limited(self, **resources):
        """A running container with these limits; gives its id and its configuration."""
        config = self.config("/probe", "wait")
        config["linux"]["resources"] = resources
        return self.running(config), config

    def says(self, config, v1, v2=""):
        return self.cgroup_file(config, v1.split(".")[0], v1, v2 or v1).read_text().strip()

    def memory(self, config):
        """The limits of memory, and of memory with swap."""
        memory = self.says(config, "memory.limit_in_bytes", "memory.max")
        swap = self.says(config, "memory.memsw.limit_in_bytes", "memory.swap.max")
        return int(memory), int(swap) if V1 else int(memory) + int(swap)

    def kept(self, name):
        """The limits in the container's record."""
        return json.loads((self.root / name / "resources.json").read_text())

    def update(self, name, *options, **more):
        return self.runtime_ok("update", *options, name, **more)

    @unittest.skipUnless(V1, "looks into the files of cgroup v1; those of v2 are looked into by tests/guest/subjects/cgroup_limits.py")
    def test_each_option_writes_its_limit(self):
        name, config = self.limited()
        cases = [
            (("--memory", "256M"), "memory.limit_in_bytes", str(256 * MB)),
            (("--memory-swap", "512MiB"), "memory.memsw.limit_in_bytes", str(512 * MB)),
            (("--memory-reservation", "1.5m"), "memory.soft_limit_in_bytes", str(MB * 3 // 2)),
            (("--cpu-period", "50000"), "cpu.cfs_period_us", "50000"),
            (("--cpu-quota=20000",), "cpu.cfs_quota_us", "20000"),
            (("--cpu-quota", "-1"), "cpu.cfs_quota_us", "-1"),
            (("--cpu-share", "512"), "cpu.shares", "512"),
            (("--cpuset-cpus", "0"), "cpuset.cpus", "0"),
            (("--cpuset-mems", "0"), "cpuset.mems", "0"),
            (("--pids-limit", "33"), "pids.max", "33"),
            (("--pids-limit", "-1"), "pids.max", "max"),
        ]
        if OURS:  # runc has them since 1.2
            cases += [
                (("--cpu-quota", "20000", "--cpu-burst", "5000"), "cpu.cfs_burst_us", "5000"),
                (("--cpu-idle", "1"), "cpu.idle", "1"),
                (("--cpu-idle", "0"), "cpu.shares", "512"),
            ]
        for options, file, text in cases:
            with self.subTest(options=options):
                if not self.cgroup_file(config, file.split(".")[0], file, file).exists():
                    continue  # this kernel has no such limit
                self.update(name, *options)
                self.assertEqual(self.says(config, file), text)

    def test_options_with_one_dash_and_the_id_first_are_taken_too(self):
        name, config = self.limited()
        self.runtime_ok("update", name, "-pids-limit", "44")
        self.assertEqual(self.says(config, "pids.max"), "44")

    def test_memory_and_swap_grow_and_shrink_together(self):
        name, config = self.limited(memory={"limit": 100 * MB, "swap": 100 * MB})
        for size in (300, 60, 200):
            self.update(name, "--memory", f"{size}M", "--memory-swap", f"{size}M")
            self.assertEqual(self.memory(config), (size * MB, size * MB))

    def test_a_new_memory_limit_holds(self):
        name, _ = self.limited(memory={"limit": 400 * MB, "swap": 400 * MB})
        self.assertEqual(self.runtime("exec", name, "/bin/busybox", "dd", "if=/dev/zero", "of=/dev/null", "bs=100M", "count=1").code, 0)
        self.update(name, "--memory", "40M", "--memory-swap", "40M")
        done = self.runtime("exec", name, "/bin/busybox", "dd", "if=/dev/zero", "of=/dev/null", "bs=100M", "count=1")
        self.assertEqual(done.code, 128 + 9, done)

    def test_resources_come_from_a_file_or_from_standard_input_and_then_options_are_ignored(self):
        name, config = self.limited(pids={"limit": 20})
        # As podman, containerd and CRI-O call it.
        self.update(name, "--resources=-", "--pids-limit", "5", input=json.dumps({"memory": {"limit": 90 * MB}}))
        self.assertEqual(self.says(config, "memory.limit_in_bytes", "memory.max"), str(90 * MB))
        self.assertEqual(self.says(config, "pids.max"), "20")
        self.update(name, "-r", "-", input=json.dumps({"memory": {"limit": 0}, "cpu": {"shares": 0, "quota": 30000}, **({"pids": None} if OURS else {})}))
        self.assertEqual(self.says(config, "memory.limit_in_bytes", "memory.max"), str(90 * MB))
        self.assertEqual(self.says(config, "cpu.cfs_quota_us", "cpu.max").split()[0], "30000")
        document = self.folder / "resources.json"
        document.write_text(json.dumps({"pids": {"limit": 21}}))
        self.update(name, "--resources", document)
        self.assertEqual(self.says(config, "pids.max"), "21")

    @unittest.skipUnless(V1, "cgroup v2 has no list of devices")
    def test_devices_are_never_updated(self):
        name, config = self.limited()
        before = self.says(config, "devices.list")
        self.update(name, "-r", "-", input=json.dumps({"devices": [{"allow": True, "access": "rwm"}]}))
        self.assertEqual(self.says(config, "devices.list"), before)

    @ours_only
    def test_when_one_limit_cannot_be_had_the_others_are_as_they_were(self):
        name, config = self.limited(memory={"limit": 100 * MB, "swap": 100 * MB}, pids={"limit": 20})
        self.refused(
            "update", "--memory", "200M", "--memory-swap", "200M", "--cpuset-cpus", "4095", "--pids-limit", "9", name, says="linux.resources.cpu.cpus"
        )
        self.assertEqual(self.memory(config), (100 * MB, 100 * MB))
        self.assertEqual(self.says(config, "pids.max"), "20")
        self.assertFalse((self.root / name / "resources.json").exists(), "the record stayed, too")
        if V1:  # with swap at 100 MB memory cannot be above it; on v2 swap has a limit of its own
            self.refused("update", "--memory", "150M", name, says="linux.resources.memory.swap")

    @ours_only
    def test_what_an_update_has_set_is_what_the_next_one_finds(self):
        name, _ = self.limited(memory={"limit": 100 * MB, "swap": 100 * MB})
        self.update(name, "--memory", "200M", "--memory-swap", "200M")
        self.update(name, "--memory", "150M")
        self.assertEqual(self.kept(name)["memory"], {"limit": 150 * MB, "swap": (200 if V1 else 150) * MB})

    @ours_only
    @unittest.skipUnless(V1, "cgroup v2 takes a limit below the usage, unless memory.checkBeforeUpdate asks (tests/guest/subjects/cgroup_limits.py)")
    def test_a_limit_below_the_usage_says_the_usage(self):
        name, config = self.limited(memory={"limit": 100 * MB})
        self.refused("update", "--memory", "4k", name, says=("linux.resources.memory.limit", "present usage"))
        self.assertEqual(self.says(config, "memory.limit_in_bytes", "memory.max"), str(100 * MB))

    @ours_only
    def test_what_cannot_be_is_refused_by_name(self):
        name, _ = self.limited()
        for options, says in [
            (("--memory", "lots"), "--memory"),
            (("--memory", "-2"), "--memory"),
            (("--cpu-period", "-5"), "--cpu-period"),
            (("--pids-limit", "many"), "--pids-limit"),
            (("--cpu-idle", "2"), "linux.resources.cpu.idle"),
            (("--l3-cache-schema", "L3:0=f"), "--l3-cache-schema"),
            (("--mem-bw-schema", "MB:0=50"), "--mem-bw-schema"),
            (("--resources", "/nowhere"), "/nowhere"),
        ]:
            with self.subTest(options=options):
                done = self.runtime("update", *options, name)
                self.assertEqual(done.code, 1, done)
                self.assertIn(says, done.err)

    @ours_only
    def test_a_document_that_is_wrong_is_refused_by_its_member(self):
        name, _ = self.limited()
        for document, says in [
            ({"memory": {"limit": "1G"}}, "memory.limit"),
            ({"pids": {"limit": -7}}, "linux.resources.pids.limit"),
            ({"unified": {"memory.high": "1" if V1 else "much"}}, "linux.resources.unified.memory.high"),
        ]:
            with self.subTest(document=document):
                self.refused("update", "-r", "-", name, input=json.dumps(document), says=says)
        self.refused("update", "-r", "-", name, input="{", says="--resources -")

    def test_a_container_that_waits_or_is_paused_is_updated(self):
        config = self.config("/probe", "wait")
        name = self.create(config)
        self.update(name, "--pids-limit", "11")
        self.assertEqual(self.says(config, "pids.max"), "11")
        self.runtime_ok("start", name)
        self.runtime_ok("pause", name)
        self.update(name, "--pids-limit", "12")
        self.assertEqual(self.says(config, "pids.max"), "12")
        self.assertEqual(self.status(name), "paused")
        self.runtime_ok("resume", name)

    def test_a_container_that_has_stopped_is_not(self):
        name, _ = self.limited()
        self.stop(name)
        self.refused("update", "--pids-limit", "11", name, says="container not running")
        self.refused("update", "--pids-limit", "11", "nowhere", says="does not exist")

    def test_nothing_to_update_is_fine(self):
        name, _ = self.limited()
        self.update(name)
