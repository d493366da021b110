"""Namespaces: made, joined, left alone; user namespaces and time offsets."""

import os

from harness import OURS, RuntimeTest, ours_only


def outside(kind):
    return os.readlink(f"/proc/self/ns/{kind}")


class Namespaces(RuntimeTest):
    def with_namespaces(self, *namespaces, args=()):
        config = self.config(*args)
        config["linux"]["namespaces"] = [entry if isinstance(entry, dict) else {"type": entry} for entry in namespaces]
        return config

    def test_what_is_listed_is_new_and_what_is_not_is_the_callers(self):
        seen = self.see(self.with_namespaces("pid", "mount", "uts"))["namespaces"]
        for kind in ("pid", "mnt", "uts"):
            self.assertNotEqual(seen[kind], outside(kind), kind)
        for kind in ("net", "ipc", "user", "cgroup"):
            self.assertEqual(seen[kind], outside(kind), kind)

    def test_a_new_network_has_only_the_loopback_interface_and_it_is_up(self):
        text = self.output(self.config("/bin/ip", "-o", "link"))
        self.assertEqual(len(text.splitlines()), 1, text)
        self.assertIn("lo: <LOOPBACK,UP", text)

    def test_a_cgroup_namespace_shows_its_own_group_as_the_root(self):
        seen = self.see(self.with_namespaces("pid", "mount", "cgroup", "uts"))
        self.assertNotEqual(seen["namespaces"]["cgroup"], outside("cgroup"))
        for line in seen["cgroup"]:
            self.assertTrue(line.endswith(":/"), line)

    def test_namespaces_of_another_container_are_joined(self):
        pid = self.state(self.running())["pid"]
        joined = [{"type": kind, "path": f"/proc/{pid}/ns/{file}"} for kind, file in (("network", "net"), ("ipc", "ipc"), ("uts", "uts"))]
        config = self.with_namespaces("pid", "mount", *joined)
        del config["hostname"]
        seen = self.see(config)
        for kind in ("net", "ipc", "uts"):
            self.assertEqual(seen["namespaces"][kind], os.readlink(f"/proc/{pid}/ns/{kind}"), kind)
        self.assertEqual(seen["hostname"], "tested")

    def test_the_pid_namespace_of_another_container_is_joined(self):
        pid = self.state(self.running())["pid"]
        seen = self.see(self.with_namespaces("mount", "uts", "ipc", {"type": "pid", "path": f"/proc/{pid}/ns/pid"}))
        self.assertEqual(seen["namespaces"]["pid"], os.readlink(f"/proc/{pid}/ns/pid"))
        self.assertNotEqual(seen["pid"], 1)

    def test_a_user_namespace_with_mappings(self):
        config = self.with_namespaces("pid", "mount", "uts", "ipc", "network", "user")
        mapping = [{"containerID": 0, "hostID": 100000, "size": 65536}]
        config["linux"]["uidMappings"] = config["linux"]["gidMappings"] = mapping
        seen = self.see(config)
        self.assertNotEqual(seen["namespaces"]["user"], outside("user"))
        self.assertEqual(seen["uid"], 0)
        self.assertEqual([line.split() for line in seen["uid_map"]], [["0", "100000", "65536"]])
        self.assertEqual([line.split() for line in seen["gid_map"]], [["0", "100000", "65536"]])

    @ours_only
    def test_time_offsets(self):
        config = self.with_namespaces("pid", "mount", "uts", "time")
        config["linux"]["timeOffsets"] = {"monotonic": {"secs": 1000, "nanosecs": 5}, "boottime": {"secs": 2000}}
        seen = self.see(config)
        self.assertNotEqual(seen["namespaces"]["time"], outside("time"))
        offsets = {line.split()[0]: line.split()[1:] for line in seen["timens_offsets"]}
        self.assertEqual(offsets["monotonic"], ["1000", "5"])
        self.assertEqual(offsets["boottime"][0], "2000")

    def test_hostname(self):
        self.assertEqual(self.see()["hostname"], "tested")

    @ours_only
    def test_domainname(self):
        config = self.config()
        config["domainname"] = "example.org"
        self.assertEqual(self.see(config)["domainname"], "example.org")

    def test_a_hostname_without_a_uts_namespace_is_refused_and_the_hosts_name_stays(self):
        before = os.uname().nodename
        config = self.with_namespaces("pid", "mount")
        self.refused("run", "--bundle", self.bundle(config), self.new_id(), says="hostname" if OURS else "UTS")
        self.assertEqual(os.uname().nodename, before)

    def test_sysctl_is_set_inside_only(self):
        config = self.config("/bin/cat", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/kernel/msgmax")
        config["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "4321"}
        self.assertEqual(self.output(config).split(), ["1", "4321"])
        self.assertNotEqual(open("/proc/sys/kernel/msgmax").read().strip(), "4321")

    @ours_only
    def test_a_path_that_is_no_namespace_is_named(self):
        config = self.with_namespaces("pid", "mount", "uts", {"type": "network", "path": "/etc/passwd"})
        self.refused("run", "--bundle", self.bundle(config), self.new_id(), says="/etc/passwd")
