"""config-linux.md: network devices, device files, memory policies and what needs hardware."""

import json
import os
import subprocess

from container import Statement

WAITING = "echo started; while true; do sleep 1; done"


def ip(*words, inside=None):
    """Runs ip, in the network namespace of a process when one is given."""
    enter = ["nsenter", f"--net=/proc/{inside}/ns/net"] if inside else []
    return subprocess.run([*enter, "ip", *map(str, words)], check=True, stdout=subprocess.PIPE, text=True).stdout


def links(inside=None):
    """The network devices by their names."""
    return {link["ifname"]: link for link in json.loads(ip("-json", "address", inside=inside))}


class Network(Statement):
    """Devices are made in the cell's own network namespace."""

    def setUp(self):
        super().setUp()
        ip("link", "add", "given0", "type", "veth", "peer", "name", "kept0")

    def tearDown(self):
        super().tearDown()
        for name in ("kept0", "kept1"):  # the other ends go, at some time, with the containers' namespaces
            subprocess.run(["ip", "link", "delete", name], stderr=subprocess.DEVNULL)

    def with_devices(self, devices, script=WAITING):
        container = self.container(script)
        container.config["linux"]["netDevices"] = devices
        return container

    def seen(self, devices):
        """The devices in the container; the one given is named by `given0`."""
        container = self.with_devices(devices).create()
        seen = links(container.state()["pid"])
        self.assertGreater(len(seen), 1, "no device came")
        return seen

    def test_moved(self):
        """config-linux.md#network-devices: a network device is moved into the container, under its own name"""
        self.assertIn("given0", sorted(self.seen({"given0": {}})))
        self.assertIn("kept0", sorted(links()))
        self.assertNotIn("given0", sorted(links()))

    def test_renamed(self):
        """config-linux.md#network-devices: a network device has the name that is asked for"""
        seen = self.seen({"given0": {"name": "eth7"}})
        self.assertIn("eth7", sorted(seen))
        self.assertNotIn("given0", sorted(seen))

    def test_up(self):
        """config-linux.md#network-devices: a moved device is up"""
        self.assertIn("UP", self.seen({"given0": {}})["given0"]["flags"])

    def test_attributes(self):
        """config-linux.md#network-devices: a moved device keeps its global addresses, MTU and hardware address"""
        ip("link", "set", "given0", "mtu", 1400, "address", "02:00:00:00:00:07")
        ip("address", "add", "192.0.2.7/24", "dev", "given0")
        ip("address", "add", "2001:db8::7/64", "dev", "given0", "nodad")
        device = self.seen({"given0": {"name": "eth0"}})["eth0"]
        addresses = {(each["local"], each["prefixlen"]) for each in device["addr_info"] if each["scope"] == "global"}
        self.assertEqual(addresses, {("192.0.2.7", 24), ("2001:db8::7", 64)})
        self.assertEqual((device["mtu"], device["address"]), (1400, "02:00:00:00:00:07"))

    def test_missing(self):
        """config-linux.md#network-devices: a device that is not there is an error"""
        self.with_devices({"given0": {}, "nosuch0": {}}).refuses_create()

    def test_name_in_use(self):
        """config-linux.md#network-devices: a name that the container has is an error, and the device stays"""
        container = self.with_devices({"given0": {"name": "lo"}})
        container.refuses_create()
        self.assertFalse(container.exists())
        self.assertIn("given0", sorted(links()))

    def test_template(self):
        """config-linux.md#network-devices: with %d in its name, the kernel picks a number"""
        ip("link", "add", "given1", "type", "veth", "peer", "name", "kept1")
        seen = self.seen({"given0": {"name": "many%d"}, "given1": {"name": "many%d"}})
        self.assertLessEqual({"many0", "many1"}, set(seen))

    def test_without_namespace(self):
        """config-linux.md#network-devices: devices cannot be moved into the runtime's own namespace"""
        container = self.with_devices({"given0": {}})
        container.config["linux"]["namespaces"] = [{"type": "mount"}, {"type": "pid"}]
        container.refuses_create()
        self.assertIn("given0", sorted(links()))

    def test_left_alone(self):
        """config-linux.md#namespace-lifecycle-and-container-termination: what happens to a device inside, stays"""
        container = self.with_devices({"given0": {}}).create()
        process = container.state()["pid"]
        self.assertIn("given0", sorted(links(process)))
        ip("link", "set", "given0", "down", inside=process)
        ip("link", "set", "given0", "name", "other0", inside=process)
        container.start().prints("started")
        device = links(process)["other0"]
        self.assertNotIn("UP", device["flags"])

    def test_not_taken_back(self):
        """config-linux.md#namespace-lifecycle-and-container-termination: delete does not move a device out"""
        holder = subprocess.Popen(["unshare", "--net", "sleep", "1000"])
        try:
            own = os.readlink("/proc/self/ns/net")
            self.eventually(lambda: os.readlink(f"/proc/{holder.pid}/ns/net") != own, "no namespace was made")
            container = self.with_devices({"given0": {}}, "true")
            for namespace in container.config["linux"]["namespaces"]:
                if namespace["type"] == "network":
                    namespace["path"] = f"/proc/{holder.pid}/ns/net"
            container.runs()
            container.delete()
            self.assertIn("given0", sorted(links(holder.pid)))
            self.assertNotIn("given0", sorted(links()))
        finally:
            holder.kill()
            holder.wait()


class Files(Statement):
    def test_types(self):
        """config-linux.md#devices: character and block devices and fifos are made where they are asked for"""
        container = self.container("stat -c '%F %t:%T' /made/c /made/u /made/b /made/p")
        container.config["linux"]["devices"] = [
            {"path": "/made/c", "type": "c", "major": 1, "minor": 3},
            {"path": "/made/u", "type": "u", "major": 1, "minor": 5},
            {"path": "/made/b", "type": "b", "major": 7, "minor": 200},
            {"path": "/made/p", "type": "p"}]
        self.assertEqual(container.runs().splitlines(), [
            "character special file 1:3", "character special file 1:5", "block special file 7:c8", "fifo 0:0"])

    def test_there_already(self):
        """config-linux.md#devices: a device that is there already, as it is described, is no error"""
        container = self.container("stat -c '%F %t:%T' /made")
        os.mknod(container.rootfs / "made", 0o20666, os.makedev(1, 3))
        container.config["linux"]["devices"] = [{"path": "/made", "type": "c", "major": 1, "minor": 3}]
        self.assertEqual(container.runs(), "character special file 1:3\n")


class Memory(Statement):
    def policy(self, **policy):
        container = self.container("cat /proc/self/numa_maps")
        container.config["linux"]["memoryPolicy"] = policy
        return {line.split()[1] for line in container.runs().splitlines()}

    def test_policy(self):
        """config-linux.md#memory-policy: the process has the memory policy"""
        for mode, nodes, shown in (("BIND", "0", "bind:0"), ("INTERLEAVE", "0", "interleave:0"),
                                   ("PREFERRED", "0", "prefer:0"), ("LOCAL", None, "local")):
            with self.subTest(mode=mode):
                seen = self.policy(mode=f"MPOL_{mode}", **({"nodes": nodes} if nodes else {}))
                self.assertIn(shown, seen)

    def test_flags(self):
        """config-linux.md#memory-policy: the flags are set with the policy"""
        self.assertIn("bind=static:0", self.policy(mode="MPOL_BIND", nodes="0", flags=["MPOL_F_STATIC_NODES"]))

    def test_nodes(self):
        """config-linux.md#memory-policy: nodes that a mode needs, or does not take, are checked"""
        for policy in ({"mode": "MPOL_BIND"}, {"mode": "MPOL_LOCAL", "nodes": "0"},
                       {"mode": "MPOL_BIND", "nodes": "x"}):
            with self.subTest(policy=policy):
                container = self.container()
                container.config["linux"]["memoryPolicy"] = policy
                # The kernel may be the one that checks, when the program is about to run.
                if container.attempt_create().returncode == 0:
                    container.refuses("start", container.id)


class Hardware(Statement):
    def test_without_resctrl(self):
        """config-linux.md#intelrdt: without a resctrl file system, intelRdt is an error"""
        if "resctrl" in open("/proc/mounts").read():
            self.skipTest("this machine has a resctrl file system")
        for value in ({"closID": "group", "l3CacheSchema": "L3:0=f"}, {"enableMonitoring": True}):
            with self.subTest(value=value):
                container = self.container()
                container.config["linux"]["intelRdt"] = value
                container.refuses_create()
                self.assertFalse(container.exists())

    def test_without_rdma(self):
        """config-linux.md#rdma: a limit of RDMA where no controller is, is an error"""
        if any(line.startswith("rdma") for line in open("/proc/cgroups")):
            self.skipTest("this machine has an rdma controller")
        container = self.container()
        container.config["linux"]["resources"] = {"rdma": {"mlx5_1": {"hcaHandles": 3}}}
        container.refuses_create()
