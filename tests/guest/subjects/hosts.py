"""Each guest is what it is said to be: what the other subjects rely on."""

import os
import pathlib
import subprocess
import unittest

GUESTS = ("v2", "systemd", "systemd-hybrid", "selinux", "oldest", "newest")
QUICK = ("v2", "systemd")

GUEST = os.environ["GUEST"]
CONTROLLERS = {"cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma", "misc"}
UNIFIED = pathlib.Path("/sys/fs/cgroup")


def only(*guests):
    """A test of these guests; in others it is none, and nothing is left out."""
    return lambda test: test if GUEST in guests else None


def but(*guests):
    return lambda test: None if GUEST in guests else test


def told(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout.strip()


class Host(unittest.TestCase):
    @but("systemd-hybrid")
    def test_every_controller_is_on_version_2_and_handed_to_children(self):
        self.assertEqual(told("stat", "-fc", "%T", UNIFIED), "cgroup2fs")
        self.assertLessEqual(CONTROLLERS, set((UNIFIED / "cgroup.controllers").read_text().split()))

    @but("systemd", "systemd-hybrid")
    def test_children_of_the_root_have_every_controller(self):
        self.assertLessEqual(CONTROLLERS, set((UNIFIED / "cgroup.subtree_control").read_text().split()))

    @but("selinux")
    def test_apparmor_enforces(self):
        self.assertEqual(pathlib.Path("/sys/module/apparmor/parameters/enabled").read_text(), "Y\n")
        self.assertEqual(pathlib.Path("/proc/self/attr/apparmor/current").read_text(), "unconfined\n")

    @only("selinux")
    def test_selinux_enforces_and_knows_containers(self):
        self.assertEqual(pathlib.Path("/sys/fs/selinux/enforce").read_text(), "1")
        for kind, known in (("system_u:system_r:container_t:s0", True), ("system_u:system_r:nothing_t:s0", False)):
            valid = True
            try:
                pathlib.Path("/sys/fs/selinux/context").write_text(kind)
            except OSError:
                valid = False
            self.assertEqual(valid, known, kind)

    @only("systemd", "systemd-hybrid")
    def test_systemd_runs_and_so_does_the_manager_of_the_user(self):
        self.assertEqual(told("systemctl", "is-system-running"), "running")
        self.assertEqual(told("systemctl", "is-active", "user@1000.service", "dbus.service", "systemd-logind.service"), "active\nactive\nactive")

    @only("systemd")
    def test_every_controller_is_delegated_to_the_manager_of_the_user(self):
        group = UNIFIED / "user.slice/user-1000.slice/user@1000.service"
        self.assertLessEqual({"cpuset", "cpu", "io", "memory", "pids"}, set((group / "cgroup.controllers").read_text().split()))
        self.assertEqual(group.stat().st_uid, 1000)

    @only("systemd-hybrid")
    def test_controllers_are_on_version_1_below_systemd(self):
        self.assertEqual(told("stat", "-fc", "%T", UNIFIED / "memory"), "cgroupfs")
        self.assertEqual(told("stat", "-fc", "%T", UNIFIED / "unified"), "cgroup2fs")

    @but("systemd-hybrid", "selinux")
    def test_the_user_may_manage_a_group_of_its_own(self):
        script = "group=/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup); mkdir $group/below; rmdir $group/below; id -u"
        self.assertEqual(told("as-user", "sh", "-ec", script), "1000")

    @only("oldest")
    def test_the_kernel_is_older_than_6_2(self):
        self.assertLess(release(), (6, 2))

    @only("newest")
    def test_the_kernel_is_7_or_newer(self):
        self.assertGreaterEqual(release(), (7, 0))


def release():
    major, minor, *_ = os.uname().release.split(".")
    return int(major), int(minor)
