"""An ordinary user: containers in a cgroup that is delegated to it, with ids of its own and with subordinate ones."""

import pathlib
import shutil

GUESTS = ("v2", "systemd", "oldest", "newest")
QUICK = ("v2", "systemd")

from harness import CGROUPS, RUNTIME, wait_for  # noqa: E402
from rootless import USER, UserTest  # noqa: E402

MB = 1 << 20


class User(UserTest):
    def user(self, *words, **more):
        """In the session of the user, with its variables."""
        return self.call("as-user", f"CORACLE_TEST_MARK={self.mark}", "sh", "-c", f'cd "{self.bundle}" && exec "$@"', "sh", *words, **more)

    def group_of(self, name):
        """The folder of the container's cgroup."""
        pid = self.runtime_ok("state", name).json["pid"]
        line = pathlib.Path(f"/proc/{pid}/cgroup").read_text().strip()
        return CGROUPS / line.removeprefix("0::").lstrip("/")

    def test_the_whole_life_of_a_container(self):
        self.written("sleep", "1000")
        self.runtime_ok("create", self.mark)
        self.runtime_ok("start", self.mark)
        group = self.group_of(self.mark)
        self.runtime_ok("pause", self.mark)
        self.assertIn("frozen 1", (group / "cgroup.events").read_text())
        self.runtime_ok("resume", self.mark)
        self.assertEqual(self.runtime_ok("exec", self.mark, "id", "-u").out, "0\n")
        self.runtime_ok("kill", self.mark, "KILL")
        wait_for(lambda: self.status(self.mark) == "stopped", "the container to be stopped")
        self.runtime_ok("delete", self.mark)
        self.assertFalse(group.exists())

    def test_limits_are_written_into_the_delegated_group(self):
        if pathlib.Path("/run/systemd/system").exists():
            self.skipTest("systemd takes controllers from groups beside its own that it has not made: subject scopes shows its driver")
        limits = {"memory": {"limit": 64 * MB}, "pids": {"limit": 20}, "cpu": {"quota": 25000, "period": 100000, "cpus": "0"}}
        self.written("sleep", "1000", resources=limits)
        self.runtime_ok("create", self.mark)
        group = self.group_of(self.mark)
        found = {file: (group / file).read_text().strip() for file in ("memory.max", "pids.max", "cpu.max", "cpuset.cpus")}
        self.assertEqual(found, {"memory.max": str(64 * MB), "pids.max": "20", "cpu.max": "25000 100000", "cpuset.cpus": "0"})
        self.runtime_ok("update", "--pids-limit", "7", self.mark)
        self.assertEqual((group / "pids.max").read_text().strip(), "7")

    def test_subordinate_ids_are_mapped_by_newuidmap(self):
        maps = [{"containerID": 0, "hostID": USER, "size": 1}, {"containerID": 1, "hostID": 100000, "size": 65536}]
        self.written("/probe", uidMappings=maps, gidMappings=maps)
        done = self.runtime("run", self.mark)
        self.assertEqual((done.code, done.err), (0, ""), done)
        self.assertEqual([line.split() for line in done.json["uid_map"]], [["0", "1000", "1"], ["1", "100000", "65536"]])

    def test_ids_that_are_not_the_users_are_refused_with_the_reason(self):
        maps = [{"containerID": 0, "hostID": USER, "size": 1}, {"containerID": 1, "hostID": 300000, "size": 10}]
        self.written("/probe", uidMappings=maps, gidMappings=maps)
        self.one_line(self.runtime("run", self.mark), "newuidmap", "300000")

    def test_without_newuidmap_a_refusal_names_it(self):
        maps = [{"containerID": 0, "hostID": USER, "size": 1}, {"containerID": 1, "hostID": 100000, "size": 65536}]
        self.written("/probe", uidMappings=maps, gidMappings=maps)
        self.one_line(self.user("env", f"PATH={self.bundle}/rootfs/bin", RUNTIME, "run", self.mark), "newuidmap")

    def test_limits_in_a_group_that_is_not_delegated_are_refused(self):
        self.written("/probe", resources={"pids": {"limit": 20}})
        person = {"user": USER, "group": USER, "extra_groups": []}
        run = self.folder / "run"
        run.mkdir(mode=0o700)
        shutil.chown(run, USER, USER)
        variables = {"XDG_RUNTIME_DIR": str(run), "HOME": "/home/user"}
        done = self.call(RUNTIME, "run", self.mark, cwd=self.bundle, env=variables, **person)
        self.one_line(done, "pids")
