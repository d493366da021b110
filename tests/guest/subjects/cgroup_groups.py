"""Groups of pure cgroup v2: enabling controllers, joining, freezing, killing, devices, counting, removing."""

import json
import os
import subprocess
import time

GUESTS = ("v2", "oldest", "newest")

from harness import CGROUPS, RUNTIME, RuntimeTest, text_of, wait_for  # noqa: E402

MB = 1 << 20


class Groups(RuntimeTest):
    """Tests with a group of their own, /MARK-top, which is removed with all that is in it."""

    def setUp(self):
        super().setUp()
        self.top = CGROUPS / f"{self.mark}-top"
        self.top.mkdir()
        self.others = []
        self.addCleanup(self.remove_top)

    def remove_top(self):
        self.delete_all()
        for process in self.others:
            process.kill()
            process.wait()
        for folder, _, _ in os.walk(self.top, topdown=False):
            os.rmdir(folder)

    def enable(self, group, *controllers):
        (group / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in controllers))

    def stand_in(self, group):
        """A process of somebody else in this group."""
        process = subprocess.Popen(["sleep", "1000"])
        self.others.append(process)
        (group / "cgroup.procs").write_text(str(process.pid))
        return process

    def below(self, path, *args, **resources):
        """A configuration for the group /MARK-top/PATH."""
        config = self.config(*(args or ("/probe", "wait")))
        config["linux"]["cgroupsPath"] = f"/{self.mark}-top/{path}"
        if resources:
            config["linux"]["resources"] = resources
        return config

    def with_cgroups(self, config, *options):
        """The container sees its own group as /sys/fs/cgroup, and may write there."""
        config["linux"]["namespaces"].append({"type": "cgroup"})
        config["mounts"].append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", *options]})
        return config

    def says(self, group, file):
        return (group / file).read_text().strip()

    def pid(self, name):
        return self.state(name)["pid"]


class Enabling(Groups):
    def test_controllers_come_down_through_every_level(self):
        self.running(self.below("a/b/c", pids={"limit": 5}))
        for path in ("", "a", "a/b"):
            self.assertIn("pids", self.says(self.top / path, "cgroup.subtree_control").split(), path)
        self.assertEqual(self.says(self.top / "a/b/c", "pids.max"), "5")

    def test_a_level_with_processes_of_its_own_is_named(self):
        level = self.top / "level"
        level.mkdir()
        self.stand_in(level)
        done = self.run_config(self.below("level/inner", memory={"limit": 64 * MB}))
        self.one_line(done, "linux.resources.memory.limit", "controller memory", f"{level}: it holds processes")
        self.assertEqual(list(level.glob("*/")), [])

    def test_below_a_level_with_processes_a_container_without_limits_runs(self):
        level = self.top / "level"
        level.mkdir()
        self.stand_in(level)
        name = self.running(self.below("level/inner"))
        self.assertEqual(self.says(level, "cgroup.type"), "domain")
        self.assertIn(str(self.pid(name)), self.says(level / "inner", "cgroup.procs").split())

    def test_a_threaded_level_is_named(self):
        level = self.top / "level"
        (level / "threads").mkdir(parents=True)
        (level / "threads/cgroup.type").write_text("threaded")
        self.assertEqual(self.says(level, "cgroup.type"), "domain threaded")
        done = self.run_config(self.below("level/inner", pids={"limit": 5}))
        self.one_line(done, "linux.resources.pids.limit", "controller pids", '"domain threaded"')
        self.one_line(self.run_config(self.below("level/inner")), str(level / "inner"), '"domain invalid"')
        self.assertFalse((level / "inner").exists())

    def test_a_controller_that_the_level_above_does_not_have_is_an_error_by_name(self):
        # Seen from a cgroup namespace, this group is the top of the hierarchy.
        done = self.nested_top("cpu", self.config_at("/inner", memory={"limit": 64 * MB}))
        self.one_line(done, "linux.resources.memory.limit", "controller memory", "not there")

    def test_without_the_controller_the_other_limits_are_set(self):
        done = self.nested_top("pids", self.config_at("/inner", pids={"limit": 7}), ("cat", "/sys/fs/cgroup/pids.max"))
        self.assertEqual((done.code, done.out), (0, "7\n"), done)

    def config_at(self, path, **resources):
        config = self.config("/probe")
        config["linux"]["cgroupsPath"] = path
        config["linux"]["resources"] = resources
        return config

    def nested_top(self, controllers, config, args=None):
        """`runtime run` where /sys/fs/cgroup is a group with these controllers alone, and we are in a leaf of it."""
        host = self.top / "host"
        (host / "leaf").mkdir(parents=True)
        self.enable(self.top, *controllers.split())
        if args:
            config["process"]["args"] = list(args)
            config["linux"]["namespaces"].append({"type": "cgroup"})
            config["mounts"].append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup"})
        script = f"""
            echo $$ >{host}/cgroup.procs
            exec unshare --cgroup --mount sh -c '
                umount /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && echo $$ >/sys/fs/cgroup/leaf/cgroup.procs &&
                exec "$@"' - "$@"
        """
        command = (RUNTIME, "--root", self.root, "run", "--bundle", self.bundle(config), self.new_id())
        return self.call("sh", "-c", script, "-", *command)

    def test_a_read_only_hierarchy_is_one_error(self):
        began = time.monotonic()
        command = (RUNTIME, "--root", self.root, "run", "--bundle", self.bundle(self.config()), self.new_id())
        done = self.call("unshare", "--mount", "sh", "-c", 'mount -o remount,bind,ro /sys/fs/cgroup && exec "$@"', "-", *command)
        self.one_line(done, "/sys/fs/cgroup", "Read-only file system")
        self.assertLess(time.monotonic() - began, 20)

    def test_without_a_hierarchy_limits_are_refused_by_name(self):
        config = self.config()
        config["linux"]["resources"] = {"pids": {"limit": 5}}
        command = (RUNTIME, "--root", self.root, "run", "--bundle", self.bundle(config), self.new_id())
        done = self.call("unshare", "--mount", "sh", "-c", 'umount /sys/fs/cgroup && exec "$@"', "-", *command)
        self.one_line(done, "linux.resources.pids.limit", "controller pids")


class Joining(Groups):
    def test_init_is_in_its_group_from_its_first_moment(self):
        # A process limit of one is met by init alone only if nothing was moved in.
        done = self.run_config(self.below("c", "cat", "/proc/self/cgroup", pids={"limit": 1}))
        self.assertEqual((done.code, done.out), (0, f"0::/{self.mark}-top/c\n"), done)

    def test_a_group_that_passes_controllers_on_takes_no_init(self):
        (self.top / "c/inner").mkdir(parents=True)
        self.enable(self.top, "memory")
        self.enable(self.top / "c", "memory")
        self.one_line(self.run_config(self.below("c")), f"{self.top}/c", "memory", "can hold no process itself")

    def test_a_group_in_which_something_was_killed_is_used_all_the_same(self):
        # The kernel kills what is cloned into such a group.
        (self.top / "c").mkdir()
        (self.top / "c/cgroup.kill").write_text("1")
        self.assertEqual(self.output(self.below("c", "echo", "runs")), "runs\n")
        name = self.running(self.below("c"))
        self.assertEqual(self.runtime_ok("exec", name, "cat", "/proc/self/cgroup").out, f"0::/{self.mark}-top/c\n")

    def test_a_group_with_processes_is_refused(self):
        (self.top / "c").mkdir()
        self.stand_in(self.top / "c")
        self.one_line(self.run_config(self.below("c")), "linux.cgroupsPath", "holds processes")

    def test_exec_is_in_the_group_of_the_container(self):
        name = self.running(self.below("c"))
        self.assertEqual(self.runtime_ok("exec", name, "cat", "/proc/self/cgroup").out, f"0::/{self.mark}-top/c\n")

    def test_exec_enters_a_cgroup_namespace(self):
        name = self.running(self.with_cgroups(self.below("c")))
        self.assertEqual(self.runtime_ok("exec", name, "cat", "/proc/self/cgroup").out, "0::/\n")

    def test_exec_follows_an_init_that_moved_to_a_group_inside(self):
        script = "mkdir /sys/fs/cgroup/init; echo 1 >/sys/fs/cgroup/init/cgroup.procs; echo '+memory +pids' >/sys/fs/cgroup/cgroup.subtree_control; exec sleep 1000"
        name = self.running(self.with_cgroups(self.below("c", "sh", "-c", script)))
        wait_for(lambda: "memory" in self.says(self.top / "c", "cgroup.subtree_control"), "the container to have moved")
        self.assertEqual(self.runtime_ok("exec", name, "cat", "/proc/self/cgroup").out, "0::/init\n")
        self.assertEqual(len(json.loads(self.runtime_ok("ps", "--format", "json", name).out)), 1)

    def test_exec_follows_an_init_in_a_threaded_group_to_the_one_that_takes_processes(self):
        script = "cd /sys/fs/cgroup; mkdir domain domain/threads; echo threaded >domain/threads/cgroup.type; echo 1 >domain/cgroup.procs; echo 1 >domain/threads/cgroup.threads; exec sleep 1000"
        name = self.running(self.with_cgroups(self.below("c", "sh", "-c", script)))
        threads = self.top / "c/domain/threads/cgroup.threads"
        wait_for(lambda: text_of(threads), "the container to have moved")
        self.assertEqual(self.runtime_ok("exec", name, "cat", "/proc/self/cgroup").out, "0::/domain\n")
        self.assertEqual(json.loads(self.runtime_ok("ps", "--format", "json", name).out), [self.pid(name)])
        self.runtime_ok("delete", "--force", name)
        self.assertFalse((self.top / "c").exists())

    def test_exec_finds_an_init_whose_group_somebody_else_has_removed(self):
        name = self.running(self.below("c"))
        (self.top / "elsewhere").mkdir()
        (self.top / "elsewhere/cgroup.procs").write_text(str(self.pid(name)))
        (self.top / "c").rmdir()
        self.assertEqual(self.runtime_ok("exec", name, "cat", "/proc/self/cgroup").out, f"0::/{self.mark}-top/elsewhere\n")
        self.runtime_ok("delete", "--force", name)

    def test_exec_beyond_the_process_limit_says_which(self):
        name = self.running(self.below("c", pids={"limit": 1}))
        self.refused("exec", name, "true", says=["pids.max", "limit of 1"])


class Ending(Groups):
    def group_inside(self, name, *parts):
        group = self.top.joinpath("c", *parts)
        group.mkdir(parents=True)
        process = self.runtime_ok("exec", "--detach", "--pid-file", self.folder / "pid", name, "sleep", "1000")
        pid = int((self.folder / "pid").read_text())
        (group / "cgroup.procs").write_text(str(pid))
        return pid

    def test_ps_lists_what_is_in_groups_inside(self):
        name = self.running(self.below("c"))
        pids = {self.pid(name), self.group_inside(name, "a"), self.group_inside(name, "b", "c")}
        self.assertEqual(set(json.loads(self.runtime_ok("ps", "--format", "json", name).out)), pids)

    def test_kill_all_reaches_groups_inside(self):
        name = self.running(self.below("c"))
        self.group_inside(name, "a")
        self.group_inside(name, "b", "c")
        self.runtime_ok("kill", "--all", name, "KILL")
        wait_for(lambda: "populated 0" in self.says(self.top / "c", "cgroup.events"), "all to have ended")

    def test_delete_takes_groups_inside_along(self):
        name = self.running(self.below("c"))
        self.group_inside(name, "a")
        self.group_inside(name, "b", "c")
        self.runtime_ok("delete", "--force", name)
        self.assertFalse((self.top / "c").exists())

    def test_delete_takes_a_tree_along_that_is_deeper_than_there_are_descriptors(self):
        name = self.running(self.below("c"))
        here = os.open(self.top / "c", os.O_RDONLY)
        for _ in range(1500):
            os.mkdir("d", dir_fd=here)
            inner = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = inner
        os.close(here)
        self.assertEqual(json.loads(self.runtime_ok("ps", "--format", "json", name).out), [self.pid(name)])
        self.runtime_ok("delete", "--force", name)
        self.assertFalse((self.top / "c").exists())

    def test_processes_without_a_pid_namespace_go_with_the_group(self):
        config = self.below("c", "sh", "-c", "sleep 1000 & sleep 1000 & exec sleep 1000")
        config["linux"]["namespaces"] = [one for one in config["linux"]["namespaces"] if one["type"] != "pid"]
        name = self.running(config)
        wait_for(lambda: len(self.says(self.top / "c", "cgroup.procs").split()) == 3, "three processes")
        self.runtime_ok("delete", "--force", name)
        self.assertFalse((self.top / "c").exists())

    def test_what_is_killed_is_killed_by_the_kernel_at_once(self):
        # Forks faster than a list of processes could be read.
        config = self.below("c", "sh", "-c", "while :; do sleep 1000 & done", pids={"limit": 200})
        config["linux"]["namespaces"] = [one for one in config["linux"]["namespaces"] if one["type"] != "pid"]
        name = self.running(config)
        wait_for(lambda: int(self.says(self.top / "c", "pids.current")) > 50, "the forks")
        self.runtime_ok("kill", "--all", name, "KILL")
        wait_for(lambda: "populated 0" in self.says(self.top / "c", "cgroup.events"), "all to have ended")


class Freezing(Groups):
    def test_pause_returns_when_the_kernel_says_frozen(self):
        name = self.running(self.below("c", "sh", "-c", "while :; do :; done"))
        self.runtime_ok("pause", name)
        self.assertIn("frozen 1", self.says(self.top / "c", "cgroup.events"))
        self.assertEqual(self.status(name), "paused")
        self.runtime_ok("resume", name)
        self.assertEqual((self.says(self.top / "c", "cgroup.freeze"), self.status(name)), ("0", "running"))

    def test_groups_inside_are_frozen_along(self):
        name = self.running(self.below("c"))
        group = self.top / "c/inside"
        group.mkdir()
        self.runtime_ok("exec", "--detach", "--pid-file", self.folder / "pid", name, "sh", "-c", "while :; do :; done")
        (group / "cgroup.procs").write_text((self.folder / "pid").read_text())
        self.runtime_ok("pause", name)
        self.assertIn("frozen 1", self.says(group, "cgroup.events"))

    def test_a_paused_container_can_be_killed_and_deleted(self):
        name = self.running(self.below("c"))
        self.runtime_ok("pause", name)
        self.runtime_ok("kill", name, "KILL")
        self.wait_status(name, "stopped")
        self.runtime_ok("delete", name)
        self.assertFalse((self.top / "c").exists())

    def test_a_frozen_group_is_not_used(self):
        (self.top / "c").mkdir()
        (self.top / "c/cgroup.freeze").write_text("1")
        self.one_line(self.run_config(self.below("c")), "linux.cgroupsPath", "is frozen")


class Devices(Groups):
    DEVICES = {"null": ("c", 1, 3), "fuse": ("c", 10, 229), "loop-control": ("c", 10, 237), "loop0": ("b", 7, 0)}

    def opened(self, *rules):
        """How the container can open some devices with these rules."""
        tries = "; ".join(f"printf ' {name}='; (: </dev/t-{name}) 2>&- && printf r; (: >/dev/t-{name}) 2>&- && printf w" for name in self.DEVICES)
        config = self.below("c", "sh", "-c", tries + "; true", devices=list(rules))
        config["linux"]["devices"] = [
            {"path": f"/dev/t-{name}", "type": kind, "major": major, "minor": minor} for name, (kind, major, minor) in self.DEVICES.items()
        ]
        return dict(word.split("=") for word in self.output(config).split())

    def holds(self, rules, **opened):
        self.assertEqual(self.opened(*rules), {"null": "rw", "fuse": "", "loop-control": "", "loop0": ""} | {name.replace("_", "-"): how for name, how in opened.items()}, rules)

    def test_without_rules_the_usual_devices_are_there_and_no_others(self):
        self.holds([])
        self.holds([{"allow": False, "access": "rwm"}])

    def test_a_rule_allows_one_device_in_one_way(self):
        self.holds([{"allow": True, "type": "c", "major": 10, "minor": 229, "access": "r"}], fuse="r")
        self.holds([{"allow": True, "type": "c", "major": 10, "minor": 229, "access": "w"}], fuse="w")

    def test_what_a_rule_leaves_out_is_any(self):
        self.holds([{"allow": True, "type": "c", "major": 10, "access": "rw"}], fuse="rw", loop_control="rw")
        self.holds([{"allow": True, "type": "c", "minor": 237, "access": "rw"}], loop_control="rw")
        self.holds([{"allow": True, "type": "b", "access": "rw"}], loop0="rw")
        self.holds([{"allow": True, "access": "rwm"}], fuse="rw", loop_control="rw", loop0="rw")

    def test_the_last_rule_that_fits_counts(self):
        everything = {"allow": True, "access": "rwm"}
        fuse = {"type": "c", "major": 10, "minor": 229}
        self.holds([everything, {"allow": False, "access": "w", **fuse}], fuse="r", loop_control="rw", loop0="rw")
        self.holds([{"allow": True, "access": "rw", **fuse}, {"allow": False, "access": "rwm"}])
        self.holds([{"allow": False, "access": "rwm"}, {"allow": True, "access": "rw", **fuse}], fuse="rw")

    def test_the_rules_hold_for_exec_too(self):
        config = self.below("c", devices=[{"allow": False, "access": "rwm"}])
        config["linux"]["devices"] = [{"path": "/dev/t", "type": "c", "major": 10, "minor": 229}]
        name = self.running(config)
        self.assertNotEqual(self.runtime("exec", name, "sh", "-c", ": </dev/t").code, 0)
        self.assertEqual(self.runtime("exec", name, "sh", "-c", ": </dev/null").code, 0)

    def test_rules_hold_in_a_group_that_was_there_and_had_others(self):
        (self.top / "c").mkdir()
        self.assertEqual(self.opened({"allow": True, "access": "rwm"})["fuse"], "rw")
        self.assertEqual(self.opened()["fuse"], "")


class Counting(Groups):
    def test_stats_have_what_v2_counts(self):
        name = self.running(self.below("c", "sh", "-c", "while :; do :; done", memory={"limit": 64 * MB, "swap": 96 * MB}, pids={"limit": 9}))
        wait_for(lambda: int(dict(line.split() for line in self.says(self.top / "c", "cpu.stat").splitlines())["usage_usec"]) > 10000, "the loop to have run")
        data = json.loads(self.runtime_ok("events", "--stats", name).out)["data"]
        self.assertEqual(data["memory"]["usage"]["limit"], 64 * MB)
        self.assertEqual(data["memory"]["swap"]["limit"], 96 * MB)
        self.assertGreater(data["memory"]["usage"]["usage"], 0)
        self.assertEqual(data["pids"], {"current": 1, "limit": 9})
        self.assertGreater(data["cpu"]["usage"]["total"], 10_000_000)
        for pressure in (data["cpu"]["psi"], data["memory"]["psi"], data["blkio"]["psi"]):
            self.assertEqual(set(pressure), {"some", "full"})

    def test_a_kill_for_want_of_memory_is_an_event(self):
        script = "until [ -e /dev/go ]; do :; done; /probe alloc 100; exec sleep 1000"
        config = self.below("c", "sh", "-c", script, memory={"limit": 32 * MB, "swap": 32 * MB})
        name = self.running(config)
        watch = subprocess.Popen([RUNTIME, "--root", self.root, "events", name], stdout=subprocess.PIPE, text=True)
        self.others.append(watch)
        self.addCleanup(watch.stdout.close)
        self.runtime_ok("exec", name, "touch", "/dev/go")
        for line in watch.stdout:
            if json.loads(line)["type"] == "oom":
                break
        else:
            self.fail("no event of the type oom")

    def test_a_limit_that_is_too_low_to_start_is_told(self):
        done = self.run_config(self.below("c", "true", memory={"limit": 4096, "swap": 4096}))
        self.one_line(done, "memory limit is too low")
