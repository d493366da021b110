"""Who owns a container's cgroup on pure cgroup v2, and runtimes inside containers."""

import json
import os
import pathlib
import shutil

GUESTS = ("v2", "oldest", "newest")
QUICK = ("v2",)

from cgroup_groups import Groups  # noqa: E402
from harness import RUNTIME, make_rootfs  # noqa: E402

DELEGATED = set(pathlib.Path("/sys/kernel/cgroup/delegate").read_text().split())
SHIFTED = 100000


def mapped(config):
    """In a user namespace of its own, whose root is SHIFTED outside."""
    config["linux"]["namespaces"].append({"type": "user"})
    for ids in ("uidMappings", "gidMappings"):
        config["linux"][ids] = [{"containerID": 0, "hostID": SHIFTED, "size": 65536}]
    return config


class InUserNamespace(Groups):
    def give(self, rootfs, config):
        """The root file system belongs to the container's root."""
        if "uidMappings" not in config["linux"]:
            return
        for folder, _, files in os.walk(rootfs):
            for name in (folder, *(os.path.join(folder, one) for one in files)):
                os.chown(name, SHIFTED, SHIFTED, follow_symlinks=False)

    def bundle(self, config=None):
        out = super().bundle(config)
        self.give(out / "rootfs", config)
        return out


class Owners(InUserNamespace):
    def owners(self, config):
        """What in the container's group belongs to whom but root; "." is the group itself."""
        name = self.running(config)
        group = self.top / "c"
        found = {path: os.stat(group / path).st_uid for path in (".", *os.listdir(group))}
        self.runtime_ok("delete", "--force", name)
        return {path: uid for path, uid in found.items() if uid != 0}

    def expected(self, uid):
        group = self.top / "looked-at"
        group.mkdir()
        out = {name: uid for name in (".", *(DELEGATED & set(os.listdir(group))))}
        group.rmdir()
        return out

    def test_the_containers_root_owns_its_group_and_the_files_that_the_kernel_lists_alone(self):
        self.enable(self.top, "memory")
        self.assertEqual(self.owners(mapped(self.with_cgroups(self.below("c")))), self.expected(SHIFTED))
        self.assertIn("cgroup.procs", self.expected(SHIFTED))
        self.assertIn("memory.oom.group", self.expected(SHIFTED))

    def test_listed_files_that_a_group_does_not_have_are_no_error(self):
        level = self.top / "level"
        level.mkdir()
        self.stand_in(level)
        config = mapped(self.with_cgroups(self.below("level/c")))
        name = self.running(config)
        self.assertFalse((level / "c/memory.oom.group").exists())
        self.assertEqual((level / "c/cgroup.procs").stat().st_uid, SHIFTED)
        self.runtime_ok("delete", "--force", name)

    def test_it_is_the_user_of_the_process(self):
        config = mapped(self.with_cgroups(self.below("c")))
        config["process"]["user"] = {"uid": 7, "gid": 7}
        self.enable(self.top, "memory")
        self.assertEqual(self.owners(config), self.expected(SHIFTED + 7))

    def test_without_a_user_namespace_too(self):
        config = self.with_cgroups(self.below("c"))
        config["process"]["user"] = {"uid": 1000, "gid": 1000}
        self.enable(self.top, "memory")
        self.assertEqual(self.owners(config), self.expected(1000))

    def test_nothing_is_given_without_a_cgroup_namespace(self):
        config = mapped(self.with_cgroups(self.below("c")))
        config["linux"]["namespaces"].remove({"type": "cgroup"})
        self.assertEqual(self.owners(config), {})

    def test_nothing_is_given_with_a_read_only_mount(self):
        self.assertEqual(self.owners(mapped(self.with_cgroups(self.below("c"), "ro"))), {})

    def test_nothing_is_given_without_a_mount(self):
        config = mapped(self.below("c"))
        config["linux"]["namespaces"].append({"type": "cgroup"})
        self.assertEqual(self.owners(config), {})

    def test_nothing_is_given_for_a_mount_elsewhere(self):
        config = mapped(self.with_cgroups(self.below("c")))
        config["mounts"][-1]["destination"] = "/cgroups"
        self.assertEqual(self.owners(config), {})

    def test_the_container_manages_its_groups_and_not_its_limits(self):
        script = """
            cd /sys/fs/cgroup
            mkdir init && echo 1 >init/cgroup.procs && echo +pids >cgroup.subtree_control && mkdir other && echo 5 >other/pids.max && cat other/pids.max
            for file in memory.max pids.max cgroup.max.depth cgroup.freeze; do (echo 1 >$file) 2>&- && echo $file; done
            true
        """
        config = mapped(self.with_cgroups(self.below("c", "sh", "-c", script, pids={"limit": 50})))
        self.assertEqual(self.output(config), "5\n")

    def test_exec_enters_a_group_that_was_given_away(self):
        config = mapped(self.with_cgroups(self.below("c")))
        name = self.running(config)
        self.assertEqual(self.runtime_ok("exec", name, "cat", "/proc/self/cgroup").out, "0::/\n")


class Nested(InUserNamespace):
    """The runtime as a program of its own container. Each level's bundle stands in the root file system of the one above."""

    # What Docker's and kind's entry points do: the kernel gives no controllers to groups inside one with processes.
    LEAF = "mkdir /sys/fs/cgroup/leaf && for pid in $(cat /sys/fs/cgroup/cgroup.procs); do echo $pid >/sys/fs/cgroup/leaf/cgroup.procs; done 2>&-; "
    RUN = "/runtime --root /tmp/state run --bundle /bundle inner"

    def outer(self, script, path="outer"):
        """A container with every capability that sees its own group, and runs this script beside the runtime."""
        config = self.with_cgroups(self.below(path, "sh", "-c", script))
        everything = json.loads(self.runtime_ok("features").out)["linux"]["capabilities"]
        config["process"]["capabilities"] = {kind: everything for kind in ("bounding", "effective", "permitted")}
        config["mounts"].insert(0, {"destination": "/sys", "type": "sysfs", "source": "sysfs"})
        config["mounts"] += [
            {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"},
            {"destination": "/usr", "type": "bind", "source": "/usr", "options": ["rbind", "ro"]},
        ]
        return config

    def inner(self, *args, **resources):
        config = self.config(*args)
        config["linux"]["cgroupsPath"] = "/inner"
        config["linux"]["resources"] = resources
        return config

    def nest(self, outer, *inner):
        """Runs the outermost container."""
        folder = self.bundle(outer)
        rootfs = folder / "rootfs"
        for config in inner:
            shutil.copy(RUNTIME, rootfs / "runtime")
            (rootfs / "usr").mkdir()
            for name in ("lib", "lib64"):
                (rootfs / name).symlink_to(f"usr/{name}")
            make_rootfs(rootfs / "bundle/rootfs")
            (rootfs / "bundle/config.json").write_text(json.dumps(config))
            rootfs = rootfs / "bundle/rootfs"
        self.give(folder / "rootfs", outer)
        return self.runtime("run", "--bundle", folder, self.new_id())

    def test_a_container_inside_a_container(self):
        done = self.nest(self.outer(self.RUN), self.inner("echo", "inside"))
        self.assertEqual((done.code, done.out), (0, "inside\n"), done)

    def test_limits_inside_need_the_processes_to_stand_in_a_leaf(self):
        limited = self.inner("cat", "/proc/self/cgroup", pids={"limit": 5})
        self.one_line(self.nest(self.outer(self.RUN), limited), "linux.resources.pids.limit", "holds processes", "a group inside it")
        done = self.nest(self.outer(self.LEAF + self.RUN), limited)
        self.assertEqual((done.code, done.out), (0, "0::/inner\n"), done)

    def test_limits_hold_inside(self):
        limited = self.inner("/probe", "fork", "50", pids={"limit": 10})
        self.assertEqual(self.nest(self.outer(self.LEAF + self.RUN), limited).out, "9\n")

    def test_in_a_user_namespace_too(self):
        limited = self.inner("/probe", "fork", "50", pids={"limit": 10})
        done = self.nest(mapped(self.outer(self.LEAF + self.RUN)), limited)
        self.assertEqual((done.code, done.out), (0, "9\n"), done)

    def test_in_a_user_namespace_device_rules_are_those_of_the_outer_container(self):
        ruled = self.inner("sh", "-c", ": >/dev/null && echo fine", devices=[{"allow": False, "access": "rwm"}])
        self.assertEqual(self.nest(mapped(self.outer(self.LEAF + self.RUN)), ruled).out, "fine\n")

    def test_without_the_right_to_make_namespaces_it_says_so(self):
        outer = self.outer(self.RUN)
        outer["process"]["capabilities"] = {kind: ["CAP_KILL"] for kind in ("bounding", "effective", "permitted")}
        self.one_line(self.nest(outer, self.inner("true")), "Operation not permitted")

    def test_three_levels_deep(self):
        middle = self.outer(self.LEAF + self.RUN)
        middle["linux"]["cgroupsPath"] = "/inner"
        innermost = self.inner("/probe", "fork", "50", pids={"limit": 10})
        done = self.nest(self.outer(self.LEAF + self.RUN), middle, middle, innermost)
        self.assertEqual((done.code, done.out), (0, "9\n"), done)

    def test_nothing_of_the_inner_container_is_left(self):
        done = self.nest(self.outer(f"{self.LEAF} {self.RUN}; ls -d /sys/fs/cgroup/*/"), self.inner("true"))
        self.assertEqual((done.code, done.out), (0, "/sys/fs/cgroup/leaf/\n"), done)
