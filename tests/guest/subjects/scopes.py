"""The systemd driver: containers as scopes and slices of a real systemd."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import time

from harness import RUNTIME, RuntimeTest, wait_for

GUESTS = ("systemd", "systemd-hybrid")
QUICK = ("systemd",)

UNIFIED = pathlib.Path("/sys/fs/cgroup/cgroup.controllers").exists()
CGROUPS = pathlib.Path("/sys/fs/cgroup")
NO_LIMIT = "infinity"
MEGABYTE = 1 << 20


def systemctl(*words, check=True):
    return subprocess.run(["systemctl", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=check).stdout


def shown(unit, *names):
    """These properties of the unit, in this order."""
    lines = systemctl("show", unit, "--property=" + ",".join(names)).splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    return [values.get(name) for name in names]


class ScopeTest(RuntimeTest):
    def setUp(self):
        self.addCleanup(self.check_no_unit_is_left)  # the last of all
        super().setUp()
        self.slice = "coracle-test.slice"

    def check_no_unit_is_left(self):
        units = systemctl("list-units", "--all", "--plain", "--no-legend", f"*{self.mark}*")
        self.assertEqual(units.strip(), "", "units are left")

    def runtime(self, *args, **more):
        return super().runtime("--systemd-cgroup", *args, **more)

    def config(self, *args, **process):
        config = super().config(*args, **process)
        config["linux"]["cgroupsPath"] = f"{self.slice}:test:{self.new_id()}"
        return config

    def limited(self, **resources):
        config = self.config("/probe", "wait")
        config["linux"]["resources"] = resources
        return config

    def unit(self, config):
        _, prefix, name = config["linux"]["cgroupsPath"].split(":")
        return f"{prefix}-{name}.scope"

    def file(self, config, v2, controller="", v1=""):
        """What the control file of the container's group says."""
        below = f"coracle.slice/{self.slice}/{self.unit(config)}"
        return (CGROUPS / below / v2 if UNIFIED else CGROUPS / controller / below / v1).read_text().strip()

    def own_group(self, pid):
        """The group of a process, in the hierarchy that is systemd's."""
        for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            if line.startswith("0::") if UNIFIED else ":name=systemd:" in line:
                return line.split(":", 2)[2]


class Scope(ScopeTest):
    def test_the_container_is_a_scope_of_its_slice_and_systemd_leaves_its_group_alone(self):
        config = self.config("/probe", "wait")
        name = self.running(config)
        group = f"/coracle.slice/{self.slice}/{self.unit(config)}"
        self.assertEqual(shown(self.unit(config), "ControlGroup", "Slice", "Delegate", "ActiveState"), [group, self.slice, "yes", "active"])
        self.assertEqual(self.own_group(self.state(name)["pid"]), group)

    def test_without_a_path_it_is_a_scope_of_the_systems_slice_named_by_its_id(self):
        config = self.config("/probe", "wait")
        del config["linux"]["cgroupsPath"]
        name = self.create(config)
        self.assertEqual(self.own_group(self.state(name)["pid"]), f"/system.slice/coracle-{name}.scope")

    def test_a_name_that_ends_in_slice_is_a_slice_which_init_joins(self):
        config = self.config("/probe", "wait")
        name = f"coracle-test-{self.mark.replace('-', 'x')}.slice"
        config["linux"]["cgroupsPath"] = f"{self.slice}::{name}"
        container = self.running(config)
        self.assertEqual(self.own_group(self.state(container)["pid"]), f"/coracle.slice/{self.slice}/{name}")
        self.runtime_ok("delete", "--force", container)
        self.assertEqual(shown(name, "ActiveState"), ["inactive"])

    def test_run_in_the_foreground_leaves_nothing(self):
        config = self.config("/bin/true")
        self.assertEqual(self.run_config(config).code, 0)
        self.assertEqual(shown(self.unit(config), "LoadState"), ["not-found"])

    def test_delete_of_a_stopped_container_leaves_neither_unit_nor_group(self):
        config = self.config("/probe", "wait")
        name = self.running(config)
        self.stop(name)
        self.runtime_ok("delete", name)
        self.assertEqual(shown(self.unit(config), "LoadState"), ["not-found"])
        self.assertEqual(self.cgroups(), [])

    def test_the_same_name_can_be_used_again_after_processes_of_it_were_killed_for_memory(self):
        config = self.config("/bin/sh", "-c", "exec tail /dev/zero")
        config["linux"]["resources"] = {"memory": {"limit": 8 * MEGABYTE, "swap": 8 * MEGABYTE}}
        for _ in range(2):
            self.assertEqual(self.run_config(config).code, 137)

    def test_a_second_container_in_the_same_unit_is_refused_and_the_first_lives_on(self):
        config = self.config("/probe", "wait")
        name = self.running(config)
        self.refused("create", "--bundle", self.bundle(config), self.new_id(), says=(self.unit(config), "there already"))
        self.assertEqual(self.status(name), "running")

    def test_a_path_that_is_none_of_systemds_is_refused(self):
        config = self.config("/probe", "wait")
        config["linux"]["cgroupsPath"] = "/some/path"
        self.refused("create", "--bundle", self.bundle(config), self.new_id(), says=("linux.cgroupsPath", "slice:prefix:name"))

    def test_a_create_that_fails_late_leaves_no_unit(self):
        config = self.config("/nosuch")
        self.refused("create", "--bundle", self.bundle(config), self.new_id(), says="/nosuch")

    def test_pause_ps_and_stats_are_those_of_the_scope(self):
        name = self.running(self.config("/probe", "wait"))
        self.runtime_ok("pause", name)
        self.assertEqual(self.status(name), "paused")
        self.runtime_ok("resume", name)
        self.assertEqual(self.runtime_ok("ps", "--format", "json", name).json, [self.state(name)["pid"]])
        self.assertEqual(self.runtime_ok("events", "--stats", name).json["data"]["pids"]["current"], 1)

    def test_exec_runs_in_the_scope(self):
        config = self.config("/probe", "wait")
        name = self.running(config)
        done = self.runtime_ok("exec", name, "cat", "/proc/self/cgroup")
        self.assertIn(f"/{self.unit(config)}\n", done.out)

    def test_a_scope_whose_init_has_died_is_cleared_away_by_delete(self):
        config = self.config("/probe", "wait")
        name = self.running(config)
        os.kill(self.state(name)["pid"], signal.SIGKILL)
        self.wait_status(name, "stopped")
        self.runtime_ok("delete", name)

    def test_a_create_that_is_killed_can_be_deleted(self):
        config = self.config("/probe", "wait")
        config["hooks"] = {"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", "kill -9 $PPID"]}]}
        name = self.new_id()
        self.assertNotEqual(self.runtime("create", "--bundle", self.bundle(config), name).code, 0)
        self.runtime_ok("delete", "--force", name)


class Limits(ScopeTest):
    # The member, and what it is for systemd and in the file of version 2: properties, file, text.
    TABLE = (
        ({"memory": {"limit": 64 * MEGABYTE}}, {"MemoryMax": str(64 * MEGABYTE)}, "memory.max", str(64 * MEGABYTE)),
        ({"memory": {"limit": 64 * MEGABYTE, "swap": 96 * MEGABYTE}}, {"MemorySwapMax": str(32 * MEGABYTE)}, "memory.swap.max", str(32 * MEGABYTE)),
        ({"memory": {"limit": 64 * MEGABYTE, "swap": 64 * MEGABYTE}}, {"MemorySwapMax": "0"}, "memory.swap.max", "0"),
        ({"memory": {"limit": -1}}, {"MemoryMax": NO_LIMIT}, "memory.max", "max"),
        ({"memory": {"reservation": 16 * MEGABYTE}}, {"MemoryLow": str(16 * MEGABYTE)}, "memory.low", str(16 * MEGABYTE)),
        ({"cpu": {"shares": 512}}, {"CPUWeight": "59"}, "cpu.weight", "59"),
        ({"cpu": {"quota": 50000, "period": 100000}}, {"CPUQuotaPerSecUSec": "500ms"}, "cpu.max", "50000 100000"),
        ({"cpu": {"quota": 12345}}, {"CPUQuotaPerSecUSec": "130ms"}, "cpu.max", "12345 100000"),
        ({"cpu": {"quota": 20000, "period": 50000}}, {"CPUQuotaPerSecUSec": "400ms", "CPUQuotaPeriodUSec": "50ms"}, "cpu.max", "20000 50000"),
        ({"cpu": {"idle": 1}}, {"CPUWeight": "idle"}, "cpu.idle", "1"),
        ({"cpu": {"cpus": "0-1", "mems": "0"}}, {"AllowedCPUs": "0-1", "AllowedMemoryNodes": "0"}, "cpuset.cpus", "0-1"),
        ({"pids": {"limit": 77}}, {"TasksMax": "77"}, "pids.max", "77"),
        ({"pids": {"limit": -1}}, {"TasksMax": NO_LIMIT}, "pids.max", "max"),
        ({"unified": {"memory.high": str(32 * MEGABYTE)}}, {"MemoryHigh": str(32 * MEGABYTE)}, "memory.high", str(32 * MEGABYTE)),
        ({"unified": {"memory.min": "4096"}}, {"MemoryMin": "4096"}, "memory.min", "4096"),
        ({"unified": {"cpu.weight": "42"}}, {"CPUWeight": "42"}, "cpu.weight", "42"),
        ({"unified": {"cpu.max": "30000 60000"}}, {"CPUQuotaPerSecUSec": "500ms"}, "cpu.max", "30000 60000"),
        ({"unified": {"io.weight": "200"}}, {"IOWeight": "200"}, "io.weight", "default 200"),
    )
    # What systemd has no word for is written by the runtime alone.
    WRITTEN = (
        ({"cpu": {"quota": 50000, "burst": 10000}}, "cpu.max.burst", "10000"),
        ({"hugepageLimits": [{"pageSize": "2MB", "limit": 2 * MEGABYTE}]}, "hugetlb.2MB.max", str(2 * MEGABYTE)),
    )

    def setUp(self):
        super().setUp()
        if not UNIFIED:
            self.skipTest("this table is of cgroup v2")

    def test_each_limit_is_known_to_systemd_and_stands_in_the_group(self):
        for resources, properties, file, text in self.TABLE:
            with self.subTest(resources):
                config = self.limited(**resources)
                self.create(config)
                self.assertEqual(shown(self.unit(config), *properties), list(properties.values()))
                self.assertEqual(self.file(config, file), text)

    def test_what_systemd_has_no_word_for_is_written(self):
        for resources, file, text in self.WRITTEN:
            with self.subTest(resources):
                config = self.limited(**resources)
                self.create(config)
                self.assertEqual(self.file(config, file), text)

    def test_limits_survive_a_reload_of_systemd(self):
        config = self.limited(memory={"limit": 64 * MEGABYTE}, pids={"limit": 77}, cpu={"shares": 512, "quota": 50000}, unified={"memory.high": "8388608"})
        self.create(config)
        before = {file: self.file(config, file) for file in ("memory.max", "memory.high", "pids.max", "cpu.weight", "cpu.max")}
        systemctl("daemon-reload")
        systemctl("set-property", "--runtime", self.unit(config), "IOWeight=100")  # has it write the group anew
        self.assertEqual({file: self.file(config, file) for file in before}, before)

    def test_update_changes_the_unit_and_the_group(self):
        config = self.limited(memory={"limit": 64 * MEGABYTE}, pids={"limit": 77})
        name = self.running(config)
        self.runtime_ok("update", "--memory", "32M", "--cpu-quota", "12345", "--pids-limit", "50", "--cpu-share", "512", name)
        self.assertEqual(shown(self.unit(config), "MemoryMax", "CPUQuotaPerSecUSec", "TasksMax", "CPUWeight"), [str(32 * MEGABYTE), "130ms", "50", "59"])
        found = [self.file(config, file) for file in ("memory.max", "cpu.max", "pids.max", "cpu.weight")]
        self.assertEqual(found, [str(32 * MEGABYTE), "12345 100000", "50", "59"])

    def test_an_update_that_fails_leaves_both_as_they_were(self):
        config = self.limited(memory={"limit": 64 * MEGABYTE})
        name = self.running(config)
        self.refused("update", "--memory", "32M", "--cpuset-cpus", "4000", name, says="cpus")
        self.assertEqual(shown(self.unit(config), "MemoryMax"), [str(64 * MEGABYTE)])
        self.assertEqual(self.file(config, "memory.max"), str(64 * MEGABYTE))


class LegacyLimits(ScopeTest):
    def setUp(self):
        super().setUp()
        if UNIFIED:
            self.skipTest("this is about cgroup v1 hierarchies")

    def test_limits_are_those_of_each_hierarchy_and_known_to_systemd(self):
        config = self.limited(memory={"limit": 64 * MEGABYTE}, pids={"limit": 77}, cpu={"shares": 512, "quota": 50000, "period": 100000, "cpus": "0"})
        name = self.running(config)
        self.assertEqual(self.file(config, "", "memory", "memory.limit_in_bytes"), str(64 * MEGABYTE))
        self.assertEqual(self.file(config, "", "pids", "pids.max"), "77")
        self.assertEqual(self.file(config, "", "cpu", "cpu.shares"), "512")
        self.assertEqual(self.file(config, "", "cpuset", "cpuset.cpus"), "0")
        self.assertEqual(shown(self.unit(config), "MemoryLimit", "TasksMax", "CPUShares"), [str(64 * MEGABYTE), "77", "512"])
        # In each hierarchy, systemd's or not, init is in the group.
        for line in pathlib.Path(f"/proc/{self.state(name)['pid']}/cgroup").read_text().splitlines():
            if "misc" not in line:
                self.assertTrue(line.endswith("/" + self.unit(config)), line)


class Devices(ScopeTest):
    def answers(self, name):
        """What a process in the container finds of a device that was allowed (10:229, fuse), and one that was not (1:11)."""
        script = "for n in '10 229' '1 11'; do rm -f /tmp/n; mknod /tmp/n c $n && (: </tmp/n) 2>/dev/null && echo yes || echo no; done"
        return self.runtime_ok("exec", "--cap", "CAP_MKNOD", name, "/bin/sh", "-c", script).out.split()

    def test_rules_hold_and_survive_a_reload_and_a_change_of_the_unit(self):
        config = self.config("/probe", "wait")
        config["linux"]["resources"] = {"devices": [
            {"allow": False, "access": "rwm"},
            {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rwm"},
        ]}
        name = self.running(config)
        self.assertEqual(self.answers(name), ["yes", "no"])
        systemctl("daemon-reload")
        self.assertEqual(self.answers(name), ["yes", "no"], "after daemon-reload")
        self.runtime_ok("update", "--pids-limit", "50", name)
        self.assertEqual(self.answers(name), ["yes", "no"], "after update")
        systemctl("daemon-reexec")
        self.assertEqual(self.answers(name), ["yes", "no"], "after daemon-reexec")


class Annotations(ScopeTest):
    def test_annotations_set_properties_of_the_unit(self):
        config = self.config("/probe", "wait")
        config["annotations"] = {
            "org.systemd.property.TimeoutStopSec": "uint64 7",
            "org.systemd.property.Description": "'a container of mine'",
            "org.systemd.property.CollectMode": "'inactive'",
        }
        self.create(config)
        names = ("TimeoutStopUSec", "Description", "CollectMode")
        self.assertEqual(shown(self.unit(config), *names), ["7s", "a container of mine", "inactive"])

    def test_a_value_that_is_none_is_refused_by_the_annotations_name(self):
        config = self.config("/probe", "wait")
        config["annotations"] = {"org.systemd.property.TimeoutStopSec": "soon"}
        self.refused("create", "--bundle", self.bundle(config), self.new_id(), says="org.systemd.property.TimeoutStopSec")

    def test_a_property_that_systemd_does_not_know_is_its_own_refusal(self):
        config = self.config("/probe", "wait")
        config["annotations"] = {"org.systemd.property.NoSuchThing": "true"}
        self.refused("create", "--bundle", self.bundle(config), self.new_id(), says=("systemd: start", "NoSuchThing"))


class Unreachable(ScopeTest):
    """systemd's own socket and the bus: absent, or with somebody who never answers. Seen from a mount namespace of the test's."""

    BOUND = 100  # seconds, in which every command must be through: two addresses, thirty seconds each

    def hidden(self, private, bus):
        """The words in front of a command that sees these files in the place of both sockets."""
        script = "mount --make-rprivate / && mount --bind $1 /run/systemd/private && mount --bind $2 /run/dbus/system_bus_socket && shift 2 && exec \"$@\""
        return ["unshare", "--mount", "/bin/sh", "-c", script, "sh", private, bus]

    def absent(self):
        path = self.folder / "nobody"
        path.touch()
        return path

    @contextlib.contextmanager
    def mute(self):
        """A socket on which somebody listens, and never says a word."""
        path = self.folder / "mute"
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(path))
            listening.listen(16)
            yield path

    def told(self, words, *command):
        began = time.monotonic()
        done = self.call(*words, RUNTIME, "--root", self.root, "--systemd-cgroup", *command, timeout=self.BOUND)
        return done, time.monotonic() - began

    def test_without_a_bus_systemd_is_asked_directly(self):
        config = self.config("/probe", "wait")
        name = self.new_id()
        done, _ = self.told(self.hidden("/run/systemd/private", self.absent()), "create", "--bundle", self.bundle(config), name)
        self.assertEqual(done.code, 0, done)
        self.assertEqual(shown(self.unit(config), "ActiveState"), ["active"])

    def test_without_its_own_socket_systemd_is_asked_by_the_bus(self):
        config = self.config("/probe", "wait")
        done, _ = self.told(self.hidden(self.absent(), "/run/dbus/system_bus_socket"), "create", "--bundle", self.bundle(config), self.new_id())
        self.assertEqual(done.code, 0, done)

    def test_with_neither_the_error_names_both(self):
        done, _ = self.told(self.hidden(self.absent(), self.absent()), "create", "--bundle", self.bundle(self.config()), self.new_id())
        self.one_line(done, "systemd", "/run/systemd/private", "/run/dbus/system_bus_socket", "Connection refused")

    def test_who_never_answers_is_an_error_and_no_hang(self):
        with self.mute() as mute:
            done, seconds = self.told(self.hidden(mute, mute), "create", "--bundle", self.bundle(self.config()), self.new_id())
        self.one_line(done, "systemd", "no answer within 30 s")
        self.assertLess(seconds, self.BOUND)

    def test_a_container_can_be_deleted_without_systemd(self):
        config = self.config("/probe", "wait")
        name = self.running(config)
        done, _ = self.told(self.hidden(self.absent(), self.absent()), "delete", "--force", name)
        self.assertEqual(done.code, 0, done)
        self.assertIn("systemd", done.err)
        wait_for(lambda: shown(self.unit(config), "LoadState") == ["not-found"], "systemd to notice")
        self.assertEqual(self.cgroups(), [])

    def test_an_update_without_systemd_fails_and_changes_nothing(self):
        config = self.limited(pids={"limit": 77})
        name = self.running(config)
        done, _ = self.told(self.hidden(self.absent(), self.absent()), "update", "--pids-limit", "5", name)
        self.one_line(done, "systemd")
        self.assertEqual(self.file(config, "pids.max", "pids", "pids.max"), "77")


class OfAUser(ScopeTest):
    """An ordinary user's own systemd."""

    def setUp(self):
        super().setUp()
        if not UNIFIED:
            self.skipTest("systemd delegates nothing of cgroup v1 to users")
        os.chmod(self.folder, 0o755)
        self.home = self.folder / "home"
        self.home.mkdir()
        os.chown(self.home, 1000, 1000)
        self.root = self.home / "state"

    def runtime(self, *args, **more):
        environment = {"HOME": "/home/user", "XDG_RUNTIME_DIR": "/run/user/1000", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/1000/bus"}
        person = {"user": 1000, "group": 1000, "extra_groups": []}
        return self.call(RUNTIME, "--root", self.root, "--systemd-cgroup", *args, env=environment, **person, **more)

    def config(self, *args, **process):
        config = super().config(*args, **process)
        config["linux"]["cgroupsPath"] = f"user.slice:test:{self.new_id()}"
        config["linux"]["namespaces"].append({"type": "user"})
        config["linux"]["uidMappings"] = config["linux"]["gidMappings"] = [{"containerID": 0, "hostID": 1000, "size": 1}]
        config["mounts"] = [mount for mount in config["mounts"] if mount["type"] != "devpts"]
        return config

    def bundle(self, config=None):
        folder = super().bundle(config)
        subprocess.run(["chown", "-R", "1000:1000", folder], check=True)
        return folder

    def check_no_unit_is_left(self):
        units = self.users("list-units", "--all", "--plain", "--no-legend", f"*{self.mark}*")
        self.assertEqual(units.strip(), "", "units are left")

    def users(self, *words):
        return systemctl("--user", "--machine=user@.host", *words)

    def group(self, config):
        return CGROUPS / "user.slice/user-1000.slice/user@1000.service/user.slice" / self.unit(config)

    def test_limits_are_at_work_below_the_users_own_systemd(self):
        config = self.limited(memory={"limit": 64 * MEGABYTE}, pids={"limit": 77}, cpu={"quota": 50000, "cpus": "0"})
        name = self.running(config)
        found = {file: (self.group(config) / file).read_text().strip() for file in ("memory.max", "pids.max", "cpu.max", "cpuset.cpus")}
        self.assertEqual(found, {"memory.max": str(64 * MEGABYTE), "pids.max": "77", "cpu.max": "50000 100000", "cpuset.cpus": "0"})
        self.assertIn(str(self.state(name)["pid"]), (self.group(config) / "cgroup.procs").read_text().split())

    def test_update_exec_pause_and_delete(self):
        config = self.limited(pids={"limit": 77})
        name = self.running(config)
        self.runtime_ok("update", "--pids-limit", "50", name)
        self.assertEqual((self.group(config) / "pids.max").read_text().strip(), "50")
        done = self.runtime_ok("exec", name, "cat", "/proc/self/cgroup")
        self.assertIn(f"/{self.unit(config)}\n", done.out)
        self.runtime_ok("pause", name)
        self.assertEqual(self.status(name), "paused")
        self.runtime_ok("resume", name)
        self.runtime_ok("delete", "--force", name)
        self.assertFalse(self.group(config).exists())

    def test_without_a_session_the_error_says_what_is_missing(self):
        done = self.call(RUNTIME, "--root", self.root, "--systemd-cgroup", "create", "--bundle", self.bundle(self.config()), self.new_id(), user=1000, group=1000, extra_groups=[],
                         env={"XDG_RUNTIME_DIR": "", "DBUS_SESSION_BUS_ADDRESS": ""})
        self.one_line(done, "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")
