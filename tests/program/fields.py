"""Members of the configuration that few callers use: each does what the specification says of it, or is refused by name."""

import array
import ctypes
import errno
import fcntl
import os
import pathlib
import shutil
import socket
import struct
import termios
import unittest

from harness import CGROUPS, RUNTIME, RuntimeTest, ours_only
from resctrl import Resctrl

MB = 1 << 20
ROUTES = shutil.which("ip")
PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, SECBIT_NO_CAP_AMBIENT_RAISE = 28, 1 << 2, 1 << 6


class FieldsTest(RuntimeTest):
    def refused_run(self, config, *words):
        return self.refused("run", "--bundle", self.bundle(config), self.new_id(), says=words)

    def with_resources(self, *args, **resources):
        config = self.config(*args)
        config["linux"]["resources"] = resources
        return config

    def control(self, config, controller, file, file_v2=None):
        """What stands in a control file of a container that runs with this configuration."""
        self.running(config)
        return self.cgroup_file(config, controller, file, file_v2 or file).read_text().strip()

    def needs(self, controller, file=""):
        """Skips where there is no such hierarchy of version 1, or no such file in its groups."""
        if not (CGROUPS / controller).is_dir():
            self.skipTest(f"{controller} is no cgroup v1 hierarchy here")
        if file and not any((CGROUPS / controller).glob(f"*/{file}")) and not (CGROUPS / controller / file).exists():
            self.skipTest(f"this kernel has no {file}")


@unittest.skipUnless(ROUTES, "needs ip of iproute2")
class NetworkDevices(FieldsTest):
    """In a network namespace that stands for the host's; its devices are one end each of pairs."""

    def host(self, script, *args):
        """Runs a shell script in a network namespace of its own, with "$@" as the runtime's command line."""
        prelude = """set -e
            ip link set lo up
            add() { ip link add "$1" type veth peer name "peer-$1"; ip link set "peer-$1" up; }
            runtime() { "$RUNTIME" --root "$ROOT" "$@"; }
            add n0
            add n1
            """
        environment = {"RUNTIME": RUNTIME, "ROOT": str(self.root)}
        return self.call("unshare", "--net", "--mount", "sh", "-c", prelude + script, "sh", *args, env=environment)

    def devices(self, *args, **devices):
        config = self.config(*args)
        config["linux"]["netDevices"] = {name: {"name": new} if new else {} for name, new in devices.items()}
        return config

    def on_host(self, config, setup=""):
        return self.host(f'{setup}\nruntime run --bundle "$1" "$2"', self.bundle(config), self.new_id())

    def test_a_device_is_moved_and_comes_up(self):
        done = self.on_host(self.devices("/bin/ip", "-o", "link", n0=""))
        self.assertEqual(done.code, 0, done)
        self.assertRegex(done.out, r"(?m)^\d+: n0@\S+: <.*\bUP\b")

    def test_a_device_gets_a_new_name(self):
        done = self.on_host(self.devices("/bin/ip", "-o", "link", n0="inside0"))
        self.assertEqual(done.code, 0, done)
        self.assertIn(" inside0@", done.out)
        self.assertNotIn(" n0@", done.out)

    def test_a_device_keeps_its_global_addresses_its_size_and_its_hardware_address(self):
        setup = """
            ip link set n0 mtu 1412 address 02:00:00:00:0a:01
            ip addr add 10.9.8.7/24 broadcast 10.9.8.255 dev n0
            ip addr add 10.9.8.8/24 dev n0
            ip addr add 10.9.9.1 peer 10.9.9.2 dev n0
            ip addr add fd00:1::7/64 dev n0 nodad
            ip addr add 169.254.1.1/16 scope link dev n0
            """
        done = self.on_host(self.devices("/bin/ip", "addr", "show", "inside", n0="inside"), setup)
        self.assertEqual(done.code, 0, done)
        for words in ("mtu 1412", "02:00:00:00:0a:01", "10.9.8.7/24 brd 10.9.8.255", "10.9.8.8/24", "10.9.9.1 peer 10.9.9.2/32", "fd00:1::7/64"):
            self.assertIn(words, done.out)
        self.assertNotIn("169.254.1.1", done.out)

    def test_an_address_that_does_not_last_stays_behind(self):
        setup = "ip addr add 10.9.8.7/24 valid_lft 600 preferred_lft 600 dev n0"
        done = self.on_host(self.devices("/bin/ip", "addr", n0=""), setup)
        self.assertEqual(done.code, 0, done)
        self.assertNotIn("10.9.8.7", done.out)

    def test_the_kernel_numbers_a_name_with_a_template(self):
        done = self.on_host(self.devices("/bin/ip", "-o", "link", n0="net%d", n1="net%d"))
        self.assertEqual(done.code, 0, done)
        self.assertIn(" net0@", done.out)
        self.assertIn(" net1@", done.out)

    def test_two_devices_change_names_with_each_other(self):
        setup = "ip link set n0 mtu 1410; ip link set n1 mtu 1411"
        done = self.on_host(self.devices("/bin/ip", "-o", "link", n0="n1", n1="n0"), setup)
        self.assertEqual(done.code, 0, done)
        self.assertRegex(done.out, r"n1@\S+ .*mtu 1410")
        self.assertRegex(done.out, r"n0@\S+ .*mtu 1411")

    def test_hooks_find_the_devices_in_place(self):
        config = self.devices("/bin/true", n0="inside")
        seen = self.folder / "seen"
        script = f'nsenter --net=/proc/$(grep -o \'"pid":[0-9]*\' | grep -o "[0-9]*")/ns/net ip -o link show inside >{seen}'
        config["hooks"] = {"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", script], "env": [f"PATH={os.environ['PATH']}"]}]}
        done = self.on_host(config)
        self.assertEqual(done.code, 0, done)
        self.assertIn("inside@", seen.read_text())

    def test_a_device_that_is_not_there_is_named(self):
        done = self.on_host(self.devices(nosuch=""))
        self.one_line(done, "linux.netDevices.nosuch", "No such device")

    def test_the_loopback_device_cannot_be_moved(self):
        done = self.on_host(self.devices(lo="other"))
        self.one_line(done, "linux.netDevices.lo")

    def test_a_name_that_is_taken_is_refused_and_nothing_moves(self):
        setup = """
            ip addr add 10.9.8.7/24 dev n0
            ip link set n0 up
            """
        done = self.on_host(self.devices(n0="fine", n1="lo"), setup + "trap 'ip -o addr' EXIT")
        self.assertNotEqual(done.code, 0)
        self.assertIn('linux.netDevices.n1: the container\'s network namespace already has a network device "lo"', done.err)
        self.assertIn("10.9.8.7/24", done.out)

    def test_devices_are_put_back_when_a_later_one_fails(self):
        setup = "ip addr add 10.9.8.7/24 dev n0; ip addr add fd00:1::7/64 dev n0 nodad; ip link set n0 up; trap 'ip addr show n0' EXIT"
        self.is_put_back(self.on_host(self.devices(n0="inside", zz=""), setup))

    def test_devices_are_put_back_when_the_create_fails(self):
        setup = "ip addr add 10.9.8.7/24 dev n0; ip addr add fd00:1::7/64 dev n0 nodad; ip link set n0 up; trap 'ip addr show n0' EXIT"
        config = self.devices("/bin/nosuch", n0="inside")
        self.is_put_back(self.on_host(config, setup))
        config = self.devices(n0="inside")
        config["hooks"] = {"createRuntime": [{"path": "/bin/false"}]}
        self.is_put_back(self.on_host(config, setup))

    def is_put_back(self, done):
        self.assertNotEqual(done.code, 0)
        self.assertRegex(done.out, r"n0@\S+ <.*\bUP\b")
        self.assertIn("10.9.8.7/24", done.out)
        self.assertIn("fd00:1::7/64", done.out)

    def test_a_namespace_that_is_joined_gets_the_device(self):
        config = self.devices("/bin/true", n0="inside")
        for entry in config["linux"]["namespaces"]:
            if entry["type"] == "network":
                entry["path"] = str(self.folder / "joined")
        bundle = self.bundle(config)
        script = """
            touch "$3"
            unshare --net="$3" ip link set lo up
            runtime run --bundle "$1" "$2"
            nsenter --net="$3" ip -o link show inside
            """
        done = self.host(script, bundle, self.new_id(), self.folder / "joined")
        self.assertEqual(done.code, 0, done)
        self.assertIn("inside@", done.out)

    def test_a_user_namespace_is_no_hindrance(self):
        config = self.devices("/bin/ip", "-o", "addr", n0="inside")
        config["linux"]["namespaces"].append({"type": "user"})
        config["linux"]["uidMappings"] = config["linux"]["gidMappings"] = [{"containerID": 0, "hostID": 100000, "size": 65536}]
        done = self.on_host(config, "ip addr add 10.9.8.7/24 dev n0")
        self.assertEqual(done.code, 0, done)
        self.assertRegex(done.out, r"inside\s+inet 10.9.8.7/24")

    @ours_only
    def test_without_a_network_namespace_they_are_refused(self):
        config = self.devices(n0="")
        config["linux"]["namespaces"] = [entry for entry in config["linux"]["namespaces"] if entry["type"] != "network"]
        self.refused_run(config, "linux.netDevices: needs a network namespace")


class MemoryPolicy(FieldsTest):
    def policy(self, mode, nodes=None, *flags, args=()):
        config = self.config(*args)
        config["linux"]["memoryPolicy"] = {"mode": mode, **({"nodes": nodes} if nodes is not None else {}), **({"flags": list(flags)} if flags else {})}
        return config

    def test_the_process_has_the_policy(self):
        for mode, number, nodes in (("MPOL_BIND", 2, "0"), ("MPOL_INTERLEAVE", 3, "0"), ("MPOL_PREFERRED", 1, "0"), ("MPOL_PREFERRED_MANY", 5, "0")):
            with self.subTest(mode):
                seen = self.see(self.policy(mode, nodes))
                self.assertEqual((seen["mempolicy"], seen["memory_nodes"]), (number, 1))

    def test_a_mode_without_nodes(self):
        self.assertEqual(self.see(self.policy("MPOL_LOCAL"))["mempolicy"], 4)
        self.assertEqual(self.see(self.policy("MPOL_DEFAULT"))["mempolicy"], 0)

    def test_flags_go_with_the_mode(self):
        self.assertEqual(self.see(self.policy("MPOL_BIND", "0", "MPOL_F_STATIC_NODES"))["mempolicy"], 2 | 1 << 15)
        self.assertEqual(self.see(self.policy("MPOL_INTERLEAVE", "0", "MPOL_F_RELATIVE_NODES"))["mempolicy"], 3 | 1 << 14)

    def test_without_one_the_callers_policy_stays(self):
        self.assertEqual(self.see()["mempolicy"], 0)

    def test_exec_has_the_policy_as_well(self):
        name = self.running(self.policy("MPOL_BIND", "0", args=("/probe", "wait")))
        self.assertEqual(self.runtime_ok("exec", name, "/probe").json["mempolicy"], 2)

    @ours_only
    def test_nodes_that_are_not_there_are_an_error(self):
        if pathlib.Path("/sys/devices/system/node/node63").exists():
            self.skipTest("this machine has a memory node 63")
        self.refused_run(self.policy("MPOL_BIND", "63"), "linux.memoryPolicy", "set_mempolicy", "Invalid argument")

    def test_an_unknown_mode_is_named(self):
        self.refused_run(self.policy("MPOL_NOSUCH"), "linux.memoryPolicy.mode", "MPOL_NOSUCH")


@unittest.skipUnless(os.path.exists("/dev/fuse"), "needs /dev/fuse, to play resctrl")
class Rdt(FieldsTest):
    """With a file system that plays resctrl, which the runtime finds in its mount table."""

    def setUp(self):
        super().setUp()
        mount = self.folder / "resctrl"
        mount.mkdir()
        self.resctrl = Resctrl(mount, self.folder / "mountinfo")
        self.addCleanup(self.resctrl.close)
        self.gold = self.resctrl.make(self.resctrl.root, "gold")

    def there(self, *args):
        return self.call(*self.resctrl.command(RUNTIME, "--root", self.root, *args))

    def there_ok(self, *args):
        done = self.there(*args)
        self.assertEqual(done.code, 0, done)
        return done

    def rdt(self, **members):
        config = self.config("/probe", "wait")
        config["linux"]["intelRdt"] = members
        return config

    def started(self, **members):
        """A container that runs; gives its id and the pid of its process."""
        name = self.new_id()
        self.there_ok("create", "--bundle", self.bundle(self.rdt(**members)), name)
        self.there_ok("start", name)
        return name, str(self.state(name)["pid"])

    def delete(self, name):
        self.stop(name)
        self.there_ok("delete", name)

    def refused_rdt(self, *words, **members):
        before = self.tree(self.resctrl.root)
        self.one_line(self.there("run", "--bundle", self.bundle(self.rdt(**members)), self.new_id()), *words)
        self.assertEqual(self.tree(self.resctrl.root), before)

    def tree(self, node):
        return {name: self.tree(inner) for name, inner in node.entries.items()}

    @ours_only
    def test_a_group_of_its_own_is_made_written_joined_and_removed(self):
        name, pid = self.started(schemata=["L3:0=1", "L2:0=3"], l3CacheSchema="L3:0=f", memBwSchema="MB:0=20;1=70")
        self.assertEqual(self.resctrl.writes(f"{name}/schemata"), ["L3:0=f\n", "MB:0=20;1=70\n", "L3:0=1\nL2:0=3\n"])
        self.assertEqual(self.resctrl.writes(f"{name}/tasks"), [pid])
        self.delete(name)
        self.assertEqual(sorted(self.resctrl.root.entries), ["gold", "info", "mon_groups", "schemata", "tasks"])

    @ours_only
    def test_without_schemata_none_are_written(self):
        name, pid = self.started()
        self.assertEqual(self.resctrl.writes(f"{name}/schemata"), [])
        self.assertEqual(self.resctrl.writes(f"{name}/tasks"), [pid])
        self.delete(name)
        self.assertIsNone(self.resctrl.at(name))

    @ours_only
    def test_a_closid_is_made_if_need_be_and_stays(self):
        name, pid = self.started(closID="silver", memBwSchema="MB:0=20")
        self.assertEqual(self.resctrl.writes("silver/schemata"), ["MB:0=20\n"])
        self.assertEqual(self.resctrl.writes("silver/tasks"), [pid])
        self.delete(name)
        self.assertIsNotNone(self.resctrl.at("silver"))

    @ours_only
    def test_an_update_that_fails_puts_the_group_back(self):
        name, _ = self.started()
        before = self.resctrl.at(f"{name}/schemata").text
        self.one_line(self.there("update", "--l3-cache-schema", "L3:0=3", "--cpuset-cpus", "4095", name), "linux.resources.cpu.cpus")
        self.assertEqual(self.resctrl.writes(f"{name}/schemata"), ["L3:0=3\n", before])
        self.delete(name)

    @ours_only
    def test_the_process_joins_the_group_that_is_there(self):
        for clos, tasks in (("gold", "gold/tasks"), ("/", "tasks")):
            with self.subTest(clos):
                name, pid = self.started(closID=clos)
                self.assertEqual(self.resctrl.writes(tasks), [pid])
                self.delete(name)
                self.assertIsNotNone(self.resctrl.at(tasks))

    @ours_only
    def test_a_group_that_is_there_is_compared_and_not_written(self):
        self.started(closID="gold", l3CacheSchema="L3:0=07FF", memBwSchema="MB:1=100", schemata=["L3:1=7ff"])
        self.refused_rdt("linux.intelRdt", "gold", "MB:0=20", closID="gold", memBwSchema="MB:0=20")
        self.refused_rdt("linux.intelRdt", "gold", "L2:0=f", closID="gold", schemata=["L3:0=7ff", "L2:0=f"])
        self.assertEqual(self.resctrl.writes("gold/schemata"), [])

    @ours_only
    def test_a_group_without_a_schema_has_to_be_there(self):
        self.refused_rdt("linux.intelRdt.closID", "silver", closID="silver")

    @ours_only
    def test_monitoring_has_a_group_of_its_own_below(self):
        for clos, group in (({"closID": "gold"}, "gold/"), ({}, None), ({"closID": "/"}, "")):
            with self.subTest(group=group):
                name, pid = self.started(enableMonitoring=True, **clos)
                group = f"{name}/" if group is None else group
                self.assertEqual(self.resctrl.writes(f"{group}mon_groups/{name}/tasks"), [pid])
                self.delete(name)
                self.assertIsNone(self.resctrl.at(f"{group}mon_groups/{name}"))
                self.assertIsNone(self.resctrl.at(name))

    @ours_only
    def test_what_is_executed_joins_it_too(self):
        name, pid = self.started(closID="gold", enableMonitoring=True)
        file = self.folder / "pid"
        self.there_ok("exec", "--detach", "--pid-file", file, name, "/probe", "wait")
        for tasks in ("gold/tasks", f"gold/mon_groups/{name}/tasks"):
            self.assertEqual(self.resctrl.writes(tasks), [pid, file.read_text()])

    @ours_only
    def test_an_update_writes_new_schemata(self):
        name, _ = self.started(memBwSchema="MB:0=20")
        self.there_ok("update", "--l3-cache-schema", "L3:0=3", "--mem-bw-schema", "MB:0=30", name)
        self.assertEqual(self.resctrl.writes(f"{name}/schemata"), ["MB:0=20\n", "L3:0=3\n", "MB:0=30\n"])

    @ours_only
    def test_a_schema_that_the_kernel_refuses_is_an_error_with_its_reason_and_leaves_nothing(self):
        self.resctrl.refuse = ("MB:7", errno.EINVAL, "Unknown or duplicate domain")
        self.refused_rdt("linux.intelRdt", "MB:7=20", "Unknown or duplicate domain", "Invalid argument", memBwSchema="MB:7=20")
        self.refused_rdt("linux.intelRdt", "MB:7=20", "Unknown or duplicate domain", closID="silver", schemata=["L3:0=f", "MB:7=20"])

    @ours_only
    def test_a_create_that_fails_leaves_no_group(self):
        config = self.rdt(enableMonitoring=True, memBwSchema="MB:0=20")
        config["process"]["args"] = ["/bin/nosuch"]
        before = self.tree(self.resctrl.root)
        self.one_line(self.there("run", "--bundle", self.bundle(config), self.new_id()), "/bin/nosuch")
        self.assertEqual(self.tree(self.resctrl.root), before)

    @ours_only
    def test_without_the_file_system_it_is_an_error(self):
        if "resctrl" in pathlib.Path("/proc/self/mountinfo").read_text():
            self.skipTest("resctrl is mounted here")
        self.refused_run(self.rdt(), "linux.intelRdt: no resctrl file system is mounted")


class Caller(FieldsTest):
    """What the caller of the runtime is does not show in the container."""

    def set_securebits(self, bits):
        libc = ctypes.CDLL(None, use_errno=True)
        return lambda: libc.prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) and os._exit(99)

    @ours_only  # runc hands them down
    def test_securebits_of_the_caller_are_reset(self):
        start = self.set_securebits(SECBIT_NO_SETUID_FIXUP | SECBIT_NO_CAP_AMBIENT_RAISE)
        self.assertEqual(self.see(preexec_fn=start)["securebits"], 0)
        name = self.running()
        self.assertEqual(self.runtime_ok("exec", name, "/probe", preexec_fn=start).json["securebits"], 0)

    @ours_only
    def test_ambient_capabilities_are_raised_although_the_caller_may_not(self):
        everywhere = {kind: ["CAP_KILL"] for kind in ("bounding", "permitted", "effective", "inheritable", "ambient")}
        config = self.config(user={"uid": 1000, "gid": 1000}, capabilities=everywhere)
        seen = self.see(config, preexec_fn=self.set_securebits(SECBIT_NO_CAP_AMBIENT_RAISE))
        self.assertEqual(int(seen["status"]["CapEff"], 16), 1 << 5)

    @ours_only
    def test_locked_securebits_are_an_error(self):
        start = self.set_securebits(SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP << 1)
        self.refused("run", "--bundle", self.bundle(), self.new_id(), says=["process.capabilities", "securebits", "locked"], preexec_fn=start)


class Process(FieldsTest):
    @ours_only
    def test_an_executed_process_ends_up_on_the_processors_of_the_affinity(self):
        allowed = sorted(os.sched_getaffinity(0))
        if len(allowed) < 2:
            self.skipTest("needs two processors")
        first, last = allowed[0], allowed[-1]
        config = self.config("/probe", "wait", execCPUAffinity={"initial": str(first), "final": str(last)})
        name = self.running(config)
        seen = self.runtime_ok("exec", name, "/probe").json["status"]["Cpus_allowed_list"].strip()
        self.assertEqual(seen, str(last))
        # Not the container's own process.
        init = pathlib.Path(f"/proc/{self.state(name)['pid']}/status").read_text()
        self.assertNotRegex(init, rf"Cpus_allowed_list:\t{last}\n")

    @ours_only
    def test_an_initial_affinity_alone_stays(self):
        first = str(min(os.sched_getaffinity(0)))
        name = self.running(self.config("/probe", "wait", execCPUAffinity={"initial": first}))
        self.assertEqual(self.runtime_ok("exec", name, "/probe").json["status"]["Cpus_allowed_list"].strip(), first)

    @ours_only
    def test_scheduler_flags(self):
        config = self.config(scheduler={"policy": "SCHED_BATCH", "nice": 3, "flags": ["SCHED_FLAG_RESET_ON_FORK"]})
        seen = self.see(config)
        self.assertEqual((seen["sched_policy"], seen["sched_nice"], seen["sched_flags"] & 1), (3, 3, 1))

    @ours_only
    def test_a_deadline_is_set_with_its_times(self):
        config = self.config(scheduler={"policy": "SCHED_DEADLINE", "runtime": 1_000_000, "deadline": 10_000_000, "period": 20_000_000})
        done = self.run_config(config)
        if done.code != 0:
            # Without bandwidth for it, or right, the kernel refuses: by name then.
            self.one_line(done, "process.scheduler", "sched_setattr")
            return
        self.assertEqual(done.json["sched_policy"], 6)
        self.assertEqual((done.json["sched_runtime"], done.json["sched_deadline"], done.json["sched_period"]), (1_000_000, 10_000_000, 20_000_000))

    @ours_only
    def test_a_real_time_priority(self):
        done = self.run_config(self.config(scheduler={"policy": "SCHED_FIFO", "priority": 7}))
        if done.code != 0:
            self.one_line(done, "process.scheduler", "sched_setattr")
            return
        self.assertEqual((done.json["sched_policy"], done.json["sched_priority"]), (1, 7))

    def test_the_console_has_the_size_that_is_given(self):
        path = self.folder / "console.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(path))
            listener.listen(1)
            self.create(self.config("/probe", "wait", terminal=True, consoleSize={"height": 33, "width": 111}), "--console-socket", path)
            connection, _ = listener.accept()
            with connection:
                _, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4))
        descriptor = array.array("i", ancillary[0][2][:4])[0]
        self.addCleanup(os.close, descriptor)
        size = struct.unpack("HHHH", fcntl.ioctl(descriptor, termios.TIOCGWINSZ, bytes(8)))
        self.assertEqual(size[:2], (33, 111))

    @ours_only
    def test_labels_of_absent_security_modules_are_warned_of(self):
        label = "system_u:system_r:container_t:s0"
        for member, file, value in (("apparmorProfile", "/sys/module/apparmor/parameters/enabled", "a-profile"), ("selinuxLabel", "/sys/fs/selinux/enforce", label)):
            if pathlib.Path(file).exists():
                continue
            with self.subTest(member):
                done = self.run_config(self.config(**{member: value}))
                self.assertEqual(done.code, 0, done)
                self.assertIn(f"process.{member}", done.err)

    @ours_only
    def test_a_mount_label_without_selinux_is_warned_of(self):
        if pathlib.Path("/sys/fs/selinux/enforce").exists():
            self.skipTest("SELinux is enabled here")
        config = self.config()
        config["linux"]["mountLabel"] = "system_u:object_r:container_file_t:s0"
        done = self.run_config(config)
        self.assertEqual(done.code, 0, done)
        self.assertIn("linux.mountLabel", done.err)

    @ours_only
    def test_flags_of_a_personality_are_refused(self):
        config = self.config()
        config["linux"]["personality"] = {"domain": "LINUX", "flags": ["ADDR_NO_RANDOMIZE"]}
        self.refused_run(config, "linux.personality.flags", "ADDR_NO_RANDOMIZE")


class Mounts(FieldsTest):
    MAPPING = [{"containerID": 0, "hostID": 1000, "size": 1}]

    def mapped(self, *options, recursive=False):
        source = self.folder / "source"
        (source / "below").mkdir(parents=True)
        (source / "file").write_text("")
        source.chmod(0o755)
        config = self.config("/bin/stat", "-c", "%u", "/mapped/file", "/mapped/below/file")
        config["mounts"].append({"destination": "/mapped", "source": str(source), "options": list(options),
                                 "uidMappings": self.MAPPING, "gidMappings": self.MAPPING})
        script = 'mount -t tmpfs tmpfs "$0/below" && touch "$0/below/file" && exec "$@"'
        return self.call("unshare", "--mount", "sh", "-c", script, source, RUNTIME, "--root", self.root, "run", "--bundle", self.bundle(config), self.new_id())

    @ours_only
    def test_an_idmapped_mount_maps_itself_alone(self):
        done = self.mapped("rbind", "idmap")
        self.assertEqual((done.code, done.out), (0, "1000\n0\n"), done)

    @ours_only
    def test_a_recursively_idmapped_mount_maps_what_is_below(self):
        done = self.mapped("rbind", "ridmap")
        self.assertEqual((done.code, done.out), (0, "1000\n1000\n"), done)

    @ours_only
    def test_a_mapping_alone_is_enough(self):
        done = self.mapped("rbind")
        self.assertEqual(done.out.split()[:1], ["1000"], done)

    def test_the_root_has_the_propagation_that_is_asked_for(self):
        for word, marks in (("shared", {"shared"}), ("slave", set()), ("private", set()), ("unbindable", {"unbindable"})):
            with self.subTest(word):
                config = self.config()
                config["linux"]["rootfsPropagation"] = word
                root = next(line for line in self.see(config)["mounts"] if line.split()[4] == "/")
                seen = {field.split(":")[0] for field in root.split(" - ")[0].split()[6:]}
                self.assertEqual(seen - {"master"}, marks)


class Resources(FieldsTest):
    @ours_only
    def test_cpu_burst_and_idle(self):
        self.needs("cpu")
        if not (CGROUPS / "cpu").is_dir():
            return
        self.assertEqual(self.control(self.with_resources("/probe", "wait", cpu={"quota": 50000, "period": 100000, "burst": 20000}), "cpu", "cpu.cfs_burst_us", "cpu.max.burst"), "20000")
        self.assertEqual(self.control(self.with_resources("/probe", "wait", cpu={"idle": 1, "shares": 512}), "cpu", "cpu.idle"), "1")

    @ours_only
    def test_real_time_budgets_are_set_or_refused_by_name(self):
        config = self.with_resources("/probe", "wait", cpu={"realtimePeriod": 1_000_000, "realtimeRuntime": 0})
        done = self.run_config(self.with_resources(cpu={"realtimePeriod": 900_000}))
        if done.code != 0:
            self.one_line(done, "linux.resources.cpu.realtimePeriod", "cpu.rt_period_us" if (CGROUPS / "cpu").is_dir() else "cgroup v2")
            return
        self.assertEqual(self.control(config, "cpu", "cpu.rt_period_us"), "1000000")

    @ours_only
    def test_swappiness_and_the_oom_killer(self):
        self.needs("memory", "memory.swappiness")
        config = self.with_resources("/probe", "wait", memory={"limit": 64 * MB, "swappiness": 17, "disableOOMKiller": True, "kernelTCP": 8 * MB, "checkBeforeUpdate": True, "useHierarchy": True})
        self.assertEqual(self.control(config, "memory", "memory.swappiness"), "17")
        self.assertIn("oom_kill_disable 1", self.cgroup_file(config, "memory", "memory.oom_control", "").read_text())
        self.assertEqual(self.cgroup_file(config, "memory", "memory.kmem.tcp.limit_in_bytes", "").read_text().strip(), str(8 * MB))

    @ours_only
    def test_a_limit_of_kernel_memory_is_warned_of_and_refused_for_an_update(self):
        config = self.with_resources(memory={"kernel": 8 * MB})
        if (CGROUPS / "memory").is_dir():
            done = self.run_config(config)
            self.assertEqual(done.code, 0, done)
            self.assertIn("linux.resources.memory.kernel", done.err)
        else:  # version 2 never had it
            self.refused_run(config, "linux.resources.memory.kernel", "cgroup v2")
        self.refused("update", "--kernel-memory", "8m", self.running(), says="linux.resources.memory.kernel")

    @ours_only
    def test_memory_that_is_not_counted_with_that_of_groups_inside_is_refused(self):
        self.refused_run(self.with_resources(memory={"useHierarchy": False}), "linux.resources.memory.useHierarchy")

    @ours_only
    def test_controllers_that_are_not_there_are_named(self):
        wanted = {
            "rdma": {"rdma": {"mlx5_0": {"hcaHandles": 3}}},
            "hugetlb": {"hugepageLimits": [{"pageSize": "2MB", "limit": 4 * MB}]},
            "net_cls": {"network": {"classID": 1048577}},
            "net_prio": {"network": {"priorities": [{"name": "lo", "priority": 1}]}},
        }
        there = (CGROUPS / "cgroup.controllers", CGROUPS / "unified/cgroup.controllers")
        v2 = {word for path in there if path.exists() for word in path.read_text().split()}
        for controller, resources in wanted.items():
            if controller in v2 or (CGROUPS / controller).is_dir():
                continue
            with self.subTest(controller):
                member = next(iter(resources))
                self.refused_run(self.with_resources(**resources), f"linux.resources.{member}", controller)

    @ours_only
    def test_weights_are_set_or_refused_by_name(self):
        for member, value in (("weight", 500), ("leafWeight", 500), ("weightDevice", [{"major": 7, "minor": 0, "weight": 500}])):
            with self.subTest(member):
                done = self.run_config(self.with_resources(blockIO={member: value}))
                if done.code != 0:
                    self.one_line(done, f"linux.resources.blockIO.{member}")

    @ours_only
    def test_a_file_of_cgroup_v2_is_written_by_its_name(self):
        mount = CGROUPS if (CGROUPS / "cgroup.controllers").exists() else CGROUPS / "unified"
        if not (mount / "cgroup.controllers").exists():
            self.skipTest("cgroup v2 is not mounted here")
        config = self.with_resources("/probe", "wait", unified={"cgroup.max.descendants": "7"})
        self.running(config)
        path = mount / config["linux"]["cgroupsPath"].lstrip("/") / "cgroup.max.descendants"
        self.assertEqual(path.read_text(), "7\n")
        self.refused_run(self.with_resources(unified={"nosuch.max": "1"}), "linux.resources.unified.nosuch.max", "controller")
