"""An ordinary user on pure cgroup v2: without a delegated cgroup, with one, with subordinate ids."""

import json
import os
import pathlib

GUESTS = ("v2", "oldest", "newest")

from harness import CGROUPS, wait_for  # noqa: E402
from rootless import USER, UserTest  # noqa: E402

MB = 1 << 20
MANAGED = pathlib.Path("/sys/kernel/cgroup/delegate").read_text().split()


class InGroup(UserTest):
    """The user's commands run in the cgroup self.session."""

    def setUp(self):
        super().setUp()
        self.top = CGROUPS / f"{self.mark}-user"
        self.top.mkdir()
        self.addCleanup(self.remove_top)
        # Cleanups run from the last to the first.
        self.addCleanup(self.delete_all)
        self.session = self.top / "session"
        self.session.mkdir()

    def remove_top(self):
        wait_for(lambda: "populated 0" in self.says(self.top, "cgroup.events"), "the user's processes to end")
        for folder, _, _ in os.walk(self.top, topdown=False):
            os.rmdir(folder)

    def user(self, program, *args, **more):
        script = 'echo $$ >"$0/cgroup.procs" && exec setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=-all -- "$@"'
        environment = {"XDG_RUNTIME_DIR": str(self.run), "HOME": str(self.home)}
        where = getattr(self, "session", CGROUPS)
        return self.call("sh", "-c", script, where, program, *args, cwd=self.bundle, env=environment, **more)

    def delegate(self, group, *controllers):
        """As systemd does for a user, or an administrator by hand."""
        for level in reversed([one for one in (group, *group.parents) if one.is_relative_to(self.top)][1:]):
            self.enable(level, *controllers)
        for path in (group, *(group / file for file in MANAGED)):
            if path.exists():
                os.chown(path, USER, USER)

    def enable(self, group, *controllers):
        if controllers:
            (group / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in controllers))

    def says(self, group, file):
        return (group / file).read_text().strip()

    def group_of_init(self):
        pid = self.runtime_ok("state", self.mark).json["pid"]
        return pathlib.Path(f"/proc/{pid}/cgroup").read_text().strip().removeprefix("0::")

    def refused_run(self, *words):
        return self.one_line(self.runtime("run", self.mark), *words)


class Undelegated(InGroup):
    def test_a_container_without_limits_stays_in_the_groups_of_its_caller(self):
        self.written("sleep", "1000")
        self.runtime_ok("run", "--detach", self.mark)
        self.assertEqual(self.group_of_init(), f"/{self.mark}-user/session")

    def test_with_a_read_only_hierarchy_too(self):
        self.written("echo", "runs")
        script = 'mount -o remount,bind,ro /sys/fs/cgroup && exec setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=-all -- "$@"'
        done = self.call("unshare", "--mount", "sh", "-c", script, "-", self.program, "run", self.mark, cwd=self.bundle, env={"XDG_RUNTIME_DIR": str(self.run)})
        self.assertEqual((done.code, done.out), (0, "runs\n"), done)

    def test_a_limit_names_the_delegation_that_is_missing(self):
        for resources, member in (({"pids": {"limit": 5}}, "pids.limit"), ({"memory": {"limit": 64 * MB}}, "memory.limit"), ({"unified": {"cpu.weight": "5"}}, "unified.cpu.weight")):
            with self.subTest(member=member):
                self.written("true", resources=resources)
                self.refused_run(f"linux.resources.{member}", "not delegated to this user")

    def test_a_path_names_the_delegation_that_is_missing(self):
        self.written("true", cgroupsPath="/elsewhere/container")
        self.refused_run("/sys/fs/cgroup/elsewhere/container", "delegated")

    def test_device_rules_are_let_go(self):
        self.written("true", resources={"devices": [{"allow": False, "access": "rwm"}]})
        self.runtime_ok("run", self.mark)

    def test_what_needs_a_group_says_so(self):
        self.written("sleep", "1000")
        self.runtime_ok("run", "--detach", self.mark)
        self.one_line(self.runtime("pause", self.mark), "no cgroup")
        self.one_line(self.runtime("update", "--pids-limit", "5", self.mark), "pids")
        pid = self.runtime("state", self.mark).json["pid"]
        self.assertEqual(json.loads(self.runtime_ok("ps", "--format", "json", self.mark).out), [pid])
        self.runtime_ok("delete", "--force", self.mark)


class Delegated(InGroup):
    """The group above the user's own is the user's: as below a user manager of systemd."""

    def setUp(self):
        super().setUp()
        self.given = self.top / "given"
        self.session = self.given / "session"
        self.session.mkdir(parents=True)
        self.enable(self.top, "cpu", "memory", "pids", "io", "cpuset")
        self.delegate(self.given)
        self.delegate(self.session)

    def test_limits_are_written_and_hold(self):
        self.written("/probe", "fork", "50", resources={"pids": {"limit": 10}, "memory": {"limit": 64 * MB}, "cpu": {"shares": 512}})
        self.assertEqual(self.runtime_ok("run", self.mark).out, "9\n")

    def test_the_group_is_beside_the_users_own(self):
        self.written("sleep", "1000", resources={"pids": {"limit": 10}, "memory": {"limit": 64 * MB, "swap": 64 * MB}, "cpu": {"shares": 512, "quota": 20000}, "unified": {"memory.high": str(48 * MB)}})
        self.runtime_ok("run", "--detach", self.mark)
        group = self.given / self.mark
        found = {file: self.says(group, file) for file in ("pids.max", "memory.max", "memory.swap.max", "memory.high", "cpu.weight", "cpu.max")}
        self.assertEqual(
            found, {"pids.max": "10", "memory.max": str(64 * MB), "memory.swap.max": "0", "memory.high": str(48 * MB), "cpu.weight": "59", "cpu.max": "20000 100000"}
        )
        self.runtime_ok("delete", "--force", self.mark)
        self.assertFalse(group.exists())

    def test_a_relative_path_begins_beside_the_users_own_group(self):
        self.written("sleep", "1000", cgroupsPath="pod/container", resources={"pids": {"limit": 10}})
        self.runtime_ok("run", "--detach", self.mark)
        self.assertEqual(self.says(self.given / "pod/container", "pids.max"), "10")
        self.runtime_ok("delete", "--force", self.mark)
        self.assertFalse((self.given / "pod").exists())

    def test_an_absolute_path_below_what_is_delegated(self):
        self.written("sleep", "1000", cgroupsPath=f"/{self.mark}-user/given/c", resources={"pids": {"limit": 10}})
        self.runtime_ok("run", "--detach", self.mark)
        self.assertEqual(self.says(self.given / "c", "pids.max"), "10")

    def test_an_absolute_path_beyond_what_is_delegated(self):
        self.written("true", cgroupsPath=f"/{self.mark}-other")
        self.refused_run(f"/sys/fs/cgroup/{self.mark}-other", "delegated")

    def test_a_controller_that_is_not_delegated_is_named_with_the_member(self):
        self.written("true", resources={"hugepageLimits": [{"pageSize": "2MB", "limit": 0}]})
        self.refused_run("linux.resources.hugepageLimits[0]", "controller hugetlb")

    def test_the_life_of_a_container_in_a_group(self):
        self.written("sh", "-c", "while :; do :; done", resources={"pids": {"limit": 10}})
        self.runtime_ok("run", "--detach", self.mark)
        group = self.given / self.mark
        self.runtime_ok("pause", self.mark)
        self.assertEqual(self.status(self.mark), "paused")
        self.assertIn("frozen 1", self.says(group, "cgroup.events"))
        self.runtime_ok("resume", self.mark)
        self.assertEqual(self.status(self.mark), "running")
        self.runtime_ok("update", "--pids-limit", "20", "--memory", "96M", self.mark)
        self.assertEqual((self.says(group, "pids.max"), self.says(group, "memory.max")), ("20", str(96 * MB)))
        self.assertEqual(self.group_of_init(), f"/{self.mark}-user/given/{self.mark}")
        self.assertEqual(self.runtime_ok("exec", self.mark, "cat", "/proc/self/cgroup").out, "0::/\n")
        pid = self.runtime("state", self.mark).json["pid"]
        self.assertEqual(json.loads(self.runtime_ok("ps", "--format", "json", self.mark).out), [pid])
        stats = json.loads(self.runtime_ok("events", "--stats", self.mark).out)["data"]
        self.assertEqual(stats["pids"], {"current": 1, "limit": 20})
        self.runtime_ok("kill", "--all", self.mark, "KILL")
        wait_for(lambda: self.status(self.mark) == "stopped", "the container to stop")
        self.runtime_ok("delete", self.mark)
        self.assertFalse(group.exists())

    def test_the_container_manages_its_own_groups(self):
        script = "cd /sys/fs/cgroup && mkdir init && echo 1 >init/cgroup.procs && echo +pids >cgroup.subtree_control && mkdir a && echo 5 >a/pids.max && cat a/pids.max"
        config = self.written("sh", "-c", script)
        mounts = [mount for mount in config["mounts"] if mount["destination"] != "/sys/fs/cgroup"]
        spaces = [*config["linux"]["namespaces"], {"type": "network"}]
        spaces += [] if {"type": "cgroup"} in spaces else [{"type": "cgroup"}]
        config["mounts"] = [*mounts, {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup"}]
        config["linux"]["namespaces"] = spaces
        (self.bundle / "config.json").write_text(json.dumps(config))
        self.assertEqual(self.runtime_ok("run", self.mark).out, "5\n")


class OwnGroupAlone(InGroup):
    """Only the user's own group is delegated, with processes in it: a service with Delegate= and User=."""

    def setUp(self):
        super().setUp()
        self.enable(self.top, "memory", "pids", "cpu")
        self.delegate(self.session)

    def test_a_container_without_limits_gets_a_group_inside(self):
        self.written("sleep", "1000")
        self.runtime_ok("run", "--detach", self.mark)
        self.assertTrue((self.session / self.mark).is_dir())
        self.assertEqual(self.says(self.session, "cgroup.type"), "domain")
        self.runtime_ok("pause", self.mark)
        self.assertEqual(self.status(self.mark), "paused")
        self.runtime_ok("delete", "--force", self.mark)
        self.assertFalse((self.session / self.mark).exists())

    def test_a_limit_says_that_the_users_processes_stand_in_the_way(self):
        self.written("true", resources={"pids": {"limit": 5}})
        self.refused_run("linux.resources.pids.limit", f"{self.session}: it holds processes", "a group inside it")

    def test_from_a_leaf_limits_hold(self):
        leaf = self.session / "leaf"
        leaf.mkdir()
        self.delegate(leaf)
        self.session = leaf
        self.written("/probe", "fork", "50", resources={"pids": {"limit": 10}})
        self.assertEqual(self.runtime_ok("run", self.mark).out, "9\n")


class Subordinate(InGroup):
    """Ids of /etc/subuid and /etc/subgid, mapped by newuidmap and newgidmap."""

    FIRST, COUNT = 100000, 65536

    def mapped(self, *args, **linux):
        rows = [{"containerID": 0, "hostID": USER, "size": 1}, {"containerID": 1, "hostID": self.FIRST, "size": self.COUNT - 1}]
        return self.written(*args, uidMappings=rows, gidMappings=rows, **linux)

    def as_user(self, config, **user):
        config["process"]["user"] = user
        (self.bundle / "config.json").write_text(json.dumps(config))

    def test_the_whole_range_is_there(self):
        self.mapped("/probe")
        found = self.runtime_ok("run", self.mark).json
        self.assertEqual([line.split() for line in found["uid_map"]], [["0", str(USER), "1"], ["1", str(self.FIRST), str(self.COUNT - 1)]])

    def test_a_process_may_be_any_of_them_with_groups(self):
        self.as_user(self.mapped("id"), uid=5, gid=6, additionalGids=[7, 8])
        out = self.runtime_ok("run", self.mark).out
        self.assertIn("uid=5 gid=6 groups=6,7,8" if "groups=6,7,8" in out else "uid=5 gid=6 groups=7,8", out.replace("(root)", ""))

    def test_setgroups_is_denied_with_one_id_alone(self):
        self.written("cat", "/proc/self/setgroups")
        self.assertEqual(self.runtime_ok("run", self.mark).out, "deny\n")
        self.mapped("cat", "/proc/self/setgroups")
        self.assertEqual(self.runtime_ok("run", self.mark).out, "allow\n")

    def test_exec_has_the_same_ids(self):
        self.mapped("sleep", "1000")
        self.runtime_ok("run", "--detach", self.mark)
        self.assertEqual(self.runtime_ok("exec", "--user", "5:6", self.mark, "sh", "-c", "id -u; id -g").out, "5\n6\n")

    def test_ids_of_others_are_refused_with_the_member(self):
        rows = [{"containerID": 0, "hostID": USER, "size": 1}, {"containerID": 1, "hostID": 1, "size": 10}]
        self.written("true", uidMappings=rows, gidMappings=rows)
        self.refused_run("linux.uidMappings", "newuidmap")

    def test_without_newuidmap_the_error_says_what_is_missing(self):
        self.mapped("true")
        done = self.user("env", f"PATH={self.home}", self.program, "run", self.mark)
        self.one_line(done, "linux.uidMappings", "newuidmap", "uidmap")


class Privileges(InGroup):
    """What cannot be done without privileges is refused by the member that wants it."""

    def refused_with(self, *words, process=None, mounts=(), **linux):
        config = self.written("true", **linux)
        config["process"].update(process or {})
        config["mounts"] += mounts
        (self.bundle / "config.json").write_text(json.dumps(config))
        self.refused_run(*words)

    def test_devices(self):
        self.refused_with("linux.devices[0]", devices=[{"path": "/dev/none", "type": "c", "major": 240, "minor": 77}])

    def test_sysctls_that_are_the_hosts(self):
        self.refused_with("linux.sysctl", "vm.swappiness", sysctl={"vm.swappiness": "5"})

    def test_file_systems(self):
        self.refused_with("mounts[", "/disk", mounts=[{"destination": "/disk", "type": "ext4", "source": "/dev/vda"}])

    def test_intel_rdt(self):
        self.refused_with("linux.intelRdt", intelRdt={"closID": "x"})

    def test_network_devices(self):
        self.refused_with("linux.netDevices", netDevices={"lo": {"name": "lo1"}})

    def test_resource_limits_that_are_to_be_raised(self):
        self.refused_with("process.rlimits[0]", process={"rlimits": [{"type": "RLIMIT_NOFILE", "soft": 1 << 30, "hard": 1 << 30}]})

    def test_the_out_of_memory_score(self):
        self.refused_with("process.oomScoreAdj", process={"oomScoreAdj": -900})

    def test_real_time(self):
        self.refused_with("process.scheduler", process={"scheduler": {"policy": "SCHED_FIFO", "priority": 5}})
        self.refused_with("process.ioPriority", process={"ioPriority": {"class": "IOPRIO_CLASS_RT", "priority": 1}})

    def test_namespaces_of_others(self):
        self.refused_with("linux.namespaces[", namespaces=[{"type": "user"}, {"type": "mount"}, {"type": "uts"}, {"type": "pid", "path": "/proc/1/ns/pid"}])

    def test_no_user_namespace(self):
        namespaces = [{"type": "mount"}, {"type": "pid"}, {"type": "uts"}]
        self.refused_with("linux.namespaces", "user namespace", namespaces=namespaces, uidMappings=[], gidMappings=[])
